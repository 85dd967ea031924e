"""Data by name: offline by default, verified, and with its origin and licence.

`load("iris")` gives a `DataSet`, `load("china")` a `Picture`, `load("torch_docs")` a `Text`; `names()` lists
everything. Libraries that carry data are imported when their data are loaded, not before.
"""

from dlbook.data.catalogue import fetch, load, names, verify
from dlbook.data.dates import LANGUAGES, DatePair, date_pairs, split_by_day, write_date
from dlbook.data.kinds import DataError, DataSet, Picture, Text
from dlbook.data.lazy import ImageFolder, TextLines
from dlbook.data.places import home
from dlbook.data.series import sliding
from dlbook.data.sound import require_sound
from dlbook.data.splits import Batches, batches, split, split_by_group, split_by_time
from dlbook.data.vocabulary import END, PAD, START, Vocabulary

__all__ = [
    "END", "LANGUAGES", "PAD", "START",
    "Batches", "DataError", "DataSet", "DatePair", "ImageFolder", "Picture", "Text", "TextLines", "Vocabulary",
    "batches", "date_pairs", "fetch", "home", "load", "names", "require_sound", "sliding", "split", "split_by_day",
    "split_by_group", "split_by_time", "verify", "write_date",
]  # fmt: skip
