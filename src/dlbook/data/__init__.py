"""Data by name: offline by default, verified, and with its origin and licence.

`load("iris")` gives a `DataSet`, `load("china")` a `Picture`, `load("torch_docs")` a `Text`; `names()` lists
everything. Libraries that carry data are imported when their data are loaded, not before.
"""

from dlbook.data.catalogue import fetch, load, names, verify
from dlbook.data.kinds import DataError, DataSet, Picture, Text
from dlbook.data.places import home
from dlbook.data.splits import Batches, batches, split

__all__ = [
    "Batches", "DataError", "DataSet", "Picture", "Text",
    "batches", "fetch", "home", "load", "names", "split", "verify",
]  # fmt: skip
