"""Figures from data: functions take shapes, arrays and tensors and return a `Picture` with its alt text.

A picture shows itself as the last line of a cell. `picture.alt` says in words what it shows; `alt(picture, text)`
replaces them.
"""

from .align import alignment
from .broadcasting import broadcast
from .charts import axes, lines, times
from .look import ACCENT, COLOURS, contrast, palette, style
from .picture import Picture, alt, describe
from .precision import floats
from .select import heat, indexing
from .shapes import matmul, rank
from .strides import positions, storage, views

__all__ = [
    "ACCENT",
    "COLOURS",
    "Picture",
    "alignment",
    "alt",
    "axes",
    "broadcast",
    "contrast",
    "describe",
    "floats",
    "heat",
    "indexing",
    "lines",
    "matmul",
    "palette",
    "positions",
    "rank",
    "storage",
    "style",
    "times",
    "views",
]
