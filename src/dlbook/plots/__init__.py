"""Figures from data: functions take shapes, arrays and tensors and return a `Picture` with its alt text.

A picture shows itself as the last line of a cell. `picture.alt` says in words what it shows; `alt(picture, text)`
replaces them.
"""

from .align import alignment
from .attention import attention, matrix, transformer
from .broadcasting import broadcast
from .charts import axes, lines, times
from .clouds import clouds
from .confusions import confusion
from .convolutions import convolution, trace
from .distributions import bars, contours, densities, histograms
from .fields import landscape, scatter
from .gates import cell_scheme, gate_strips
from .graphs import graph
from .look import ACCENT, COLOURS, contrast, palette, style
from .maps import feature_maps, overlay, receptive
from .mosaic import mosaic
from .panels import functions, histogram_grid, images
from .picture import Picture, alt, describe
from .precision import floats
from .recurrent import padded_batch, unrolled
from .regions import decision
from .schemes import chain, cycle, network
from .select import heat, indexing
from .shapes import matmul, rank
from .strides import positions, storage, views
from .sweeps import sweep

__all__ = [
    "ACCENT",
    "COLOURS",
    "Picture",
    "alignment",
    "alt",
    "attention",
    "axes",
    "bars",
    "broadcast",
    "cell_scheme",
    "chain",
    "clouds",
    "confusion",
    "contours",
    "contrast",
    "convolution",
    "cycle",
    "decision",
    "densities",
    "describe",
    "feature_maps",
    "floats",
    "functions",
    "gate_strips",
    "graph",
    "heat",
    "histogram_grid",
    "histograms",
    "images",
    "indexing",
    "landscape",
    "lines",
    "matmul",
    "matrix",
    "mosaic",
    "network",
    "overlay",
    "padded_batch",
    "palette",
    "positions",
    "rank",
    "receptive",
    "scatter",
    "storage",
    "style",
    "sweep",
    "times",
    "trace",
    "transformer",
    "unrolled",
    "views",
]
