"""Data by name: offline by default, verified, and with its origin and licence.

`load("iris")` gives a `DataSet`, `load("china")` a `Picture`, `load("torch_docs")` a `Text`; `names()` lists
everything. Libraries that carry data are imported when their data are loaded, not before.
"""

from dlbook.data.catalogue import fetch, load, names, verify
from dlbook.data.kinds import DataError, DataSet, Picture, Text
from dlbook.data.lazy import ImageFolder, TextLines
from dlbook.data.places import home
from dlbook.data.series import sliding
from dlbook.data.sound import require_sound
from dlbook.data.splits import Batches, batches, split, split_by_group, split_by_time

__all__ = [
    "Batches", "DataError", "DataSet", "ImageFolder", "Picture", "Text", "TextLines",
    "batches", "fetch", "home", "load", "names", "require_sound", "sliding", "split", "split_by_group", "split_by_time",
    "verify",
]  # fmt: skip
