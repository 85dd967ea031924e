"""`fashion_mini`: the bundled subset of Fashion-MNIST, drawn by `data/make_fashion_mini.py`."""

from __future__ import annotations

import io

from dlbook.data.kinds import DataSet
from dlbook.data.official import OFFICIAL
from dlbook.data.places import verified

FILE = "fashion_mini.npz"
SHA256 = "7b50daf6bcdd5bfe78b8243d2ca0a509435aac5f2ca012ba547151138eb7a556"
ABOUT = "10,000 + 2,000 pieces of clothing, 1 x 28 x 28, 10 classes"
CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def fashion_mini() -> DataSet:
    """1,000 training and 200 test images a class: x uint8 `(n, 1, 28, 28)`, 0 background to 255; y int64 `(n,)`.

    The rows are in the order of the official splits, classes mixed.
    """
    import numpy as np
    import torch

    with np.load(io.BytesIO(verified(FILE, SHA256)[1])) as file:
        arrays = {key: torch.from_numpy(file[key]) for key in ("train_x", "train_y", "test_x", "test_y")}
    train, test = (
        DataSet(
            name,
            x=arrays[f"{part}_x"].unsqueeze(1),
            y=arrays[f"{part}_y"].long(),
            source=f"{OFFICIAL['fashion_mnist'].source}; bundled subset",
            classes=CLASSES,
        )
        for part, name in (("train", "fashion_mini"), ("test", "fashion_mini (test)"))
    )
    return train.with_test(test)
