"""The full sets that torchvision knows: Fashion-MNIST, MNIST and CIFAR-10.

torchvision's own lists are the only source of addresses and checksums; its folder layout is kept. Gzipped IDX files
and the CIFAR-10 archive are read as they are, so that a folder may be read-only and hold nothing else.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
import tarfile
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from dlbook.data.download import check_md5, download
from dlbook.data.kinds import DataError, DataSet
from dlbook.data.places import home


@dataclass(frozen=True)
class Remote:
    """One file of a set: its name, the MD5 of its bytes, and the addresses that serve it."""

    file: str
    md5: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Official:
    """A set of torchvision: `kind` is the name of its class there, `folder` where it lies under `home()`."""

    kind: str
    folder: str
    about: str
    source: str


OFFICIAL = {
    "fashion_mnist": Official(
        "FashionMNIST",
        "FashionMNIST/raw",
        "60,000 + 10,000 pieces of clothing, 1 x 28 x 28, 10 classes (30 MB)",
        "Zalando Research; Xiao, Rasul and Vollgraf, Fashion-MNIST (2017), arXiv 1708.07747; MIT licence",
    ),
    "mnist": Official(
        "MNIST",
        "MNIST/raw",
        "60,000 + 10,000 handwritten digits, 1 x 28 x 28 (11 MB)",
        "LeCun, Cortes and Burges, The MNIST database of handwritten digits (1998); CC BY-SA 3.0",
    ),
    "cifar10": Official(
        "CIFAR10",
        "",
        "50,000 + 10,000 colour photographs, 3 x 32 x 32, 10 classes (170 MB)",
        "Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009); no licence stated by its author",
    ),
}


def remotes(name: str) -> tuple[Remote, ...]:
    """The files of a set, from torchvision: for MNIST's kind, images and labels of train, then of test."""
    import torchvision.datasets

    kind = getattr(torchvision.datasets, OFFICIAL[name].kind)
    if name == "cifar10":
        return (Remote(kind.filename, kind.tgz_md5, (kind.url,)),)
    return tuple(Remote(file, md5, tuple(m + file for m in kind.mirrors)) for file, md5 in kind.resources)


def fetch_official(name: str) -> list[Path]:
    """Download what is missing, verify what is there; the paths of the files."""
    return [path for path, _ in _verified(name)]


def require(name: str) -> None:
    """Raises DataError, naming the first file that is missing."""
    for remote in remotes(name):
        path = home() / OFFICIAL[name].folder / remote.file
        if not os.path.exists(path):
            raise DataError(f"{name} is not complete: {path} is missing; fetch {name!r} first.")


def load_official(name: str) -> DataSet:
    """One of `OFFICIAL`, with its test split: x uint8 `(n, C, H, W)`, y int64 `(n,)`; downloaded where missing."""
    import torchvision.datasets

    files = _verified(name)
    read = _cifar if name == "cifar10" else _idx_pairs
    (train_x, train_y), (test_x, test_y), classes = read(files)
    classes = classes or tuple(getattr(torchvision.datasets, OFFICIAL[name].kind).classes)
    if name == "mnist":
        classes = tuple("0123456789")
    source = OFFICIAL[name].source
    test = DataSet(f"{name} (test)", test_x, test_y, source, classes)
    return DataSet(name, train_x, train_y, source, classes, test=test)


def _verified(name: str) -> list[tuple[Path, bytes]]:
    """Path and content of each file, downloaded where missing and always checked."""
    folder = home() / OFFICIAL[name].folder
    files = []
    for remote in remotes(name):
        path = folder / remote.file
        if not os.path.exists(path):
            download(remote.urls, path, remote.md5)
        files.append((path, check_md5(path, remote.md5)))
    return files


def _idx_pairs(files: list[tuple[Path, bytes]]):
    arrays = [idx(content, path) for path, content in files]
    pairs = [(x.unsqueeze(1), y.long()) for x, y in zip(arrays[::2], arrays[1::2], strict=True)]
    return *pairs, ()


def idx(content: bytes, path: Path) -> Tensor:
    """A gzipped IDX file of bytes as a uint8 tensor of the shape that its header states.

    The header: two zero bytes, the type (8: unsigned bytes), the number of dimensions, and each of them as a
    big-endian 32-bit integer. Raises DataError where header and length do not agree.
    """
    import torch

    try:
        raw = gzip.decompress(content)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path} is not a whole gzip file ({error}): delete it and fetch it again.") from error
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
        raise DataError(f"{path} is not an IDX file of unsigned bytes: delete it and fetch it again.")
    start = 4 + 4 * raw[3]
    shape = [int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4)]
    values = torch.frombuffer(bytearray(raw), dtype=torch.uint8)[start:]
    if values.numel() != torch.Size(shape).numel():
        raise DataError(
            f"{path} holds {values.numel():,} values where its header states {shape}: delete it and fetch it again."
        )
    return values.view(shape).clone()


def _cifar(files: list[tuple[Path, bytes]]):
    ((_, content),) = files
    batches = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            if member.isfile() and ("_batch" in member.name or member.name.endswith(".meta")):
                # unpickled only because the archive's checksum was found right
                batches[Path(member.name).name] = pickle.loads(archive.extractfile(member).read(), encoding="latin1")
    train = [batches[file] for file in sorted(batches) if file.startswith("data_batch")]
    return _stack(train), _stack([batches["test_batch"]]), tuple(batches["batches.meta"]["label_names"])


def _stack(batches: list[dict]) -> tuple[Tensor, Tensor]:
    import torch

    x = torch.cat([torch.from_numpy(b["data"]) for b in batches])
    return x.view(-1, 3, 32, 32), torch.tensor([label for b in batches for label in b["labels"]])
