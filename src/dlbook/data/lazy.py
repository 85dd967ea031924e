"""Data that are read when they are asked for.

The classes stand at the top of a module, so that the workers of a loader can import them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from dlbook.data.kinds import DataError
from dlbook.data.own import height_width, image_files, read_image


class ImageFolder(Dataset):
    """Images under `path`, one subfolder a class, each read when it is asked for.

    Item i is a pair: uint8 `(3, H, W)`, or what `transform` makes of it, and the number
    of its class. `size` is that of `load("folder:PATH", size=...)`.

    Raises:
        DataError: at once for no folder, no classes, a class without images; for an
            image that is missing or broken when it is read, with the name of its file.
    """

    def __init__(
        self,
        path: str,
        size: int | tuple[int, int] | None = None,
        transform: Callable[[Tensor], Any] | None = None,
    ) -> None:
        found = image_files(path)  # names alone
        self.classes = tuple(dict.fromkeys(label for _, label in found))
        self.items = [(file, self.classes.index(label)) for file, label in found]
        self.shape = height_width(size)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, i: int) -> tuple[Any, int]:
        file, label = self.items[i]
        image = read_image(file, self.shape)
        return self.transform(image) if self.transform else image, label


class TextLines(IterableDataset):
    """The lines of a UTF-8 file, without their ends; one in memory at a time.

    A line ends as in `load("text:PATH")`: with LF, CR LF or CR. In a loader with K
    workers, worker k gives lines k, k + K, k + 2K, ... (eq-shard): each worker reads
    the whole file, and keeps its share.

    Raises:
        DataError: no such file, at once; a line that is not UTF-8, when it is read.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.expanduser(path)
        if not os.path.isfile(self.path):
            raise DataError(f"TextLines: there is no file {path}; give a UTF-8 file.")

    def __iter__(self) -> Iterator[str]:
        worker = get_worker_info()  # None in the main process
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        with open(self.path, encoding="utf-8-sig", errors="surrogateescape") as lines:
            for number, line in enumerate(lines):
                if number % step == first:
                    yield self.checked(line, number)

    def checked(self, line: str, number: int) -> str:
        """One line without its end; what was no UTF-8 stands in it as surrogates."""
        try:
            line.encode()  # refuses surrogates
        except UnicodeEncodeError as error:
            raise DataError(
                f"{self.path}: line {number + 1} is not UTF-8; save the file as UTF-8."
            ) from error
        return line.removesuffix("\n")
