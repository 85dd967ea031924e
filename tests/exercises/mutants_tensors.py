"""Wrong answers to the exercises of the page 01_tensors: mistakes that readers make."""

import math

import torch

from dlbook.book.exercises.tensors import GRADERS

RIGHT, DTYPES, OWNERS = (GRADERS[f"tensors-{number}"].expected for number in (1, 2, 4))
EQUATIONS = {"dots": "bd,bd->b", "bilinear": "bd,de,be->b", "outer": "bi,bj->bij", "attention": "bhtd,bhsd->bhts"}


def windows_of_a_copy(x, size, step):
    return torch.stack([x[i : i + size] for i in range(0, len(x) - size + 1, step)])


def windows_without_stride(x, size, step):
    return x.as_strided(((len(x) - size) // step + 1, size), (step, 1), x.storage_offset())


def windows_without_offset(x, size, step):
    return x.as_strided(((len(x) - size) // step + 1, size), (step * x.stride(0), x.stride(0)), 0)


def windows_one_too_few(x, size, step):
    return x.unfold(0, size, step)[:-1]


def one_hot_in_place_of_labels(labels, classes):
    labels.fill_(0)
    return torch.eye(classes)[labels]


WRONG = {
    "tensors-1": [
        RIGHT | {"shape": (32, 28, 30, 3)},
        RIGHT | {"shape": (32, 3, 30, 28)},
        RIGHT | {"ndim": 3},
        RIGHT | {"bytes": 80640},
        RIGHT | {"bytes": torch.tensor(322560)},
        (32, 3, 28, 30),
    ],
    "tensors-2": [
        DTYPES | {"i / i": torch.int32},
        DTYPES | {"i / i": torch.float64},
        DTYPES | {"h + 1.5": torch.float32},
        DTYPES | {"h + d[0]": torch.float64},
        DTYPES | {"i.sum()": torch.int32},
        DTYPES | {"i + 1": torch.int64},
        DTYPES | {"i > 0": "bool"},
    ],
    "tensors-3": [
        lambda shape: tuple(math.prod(shape[k + 1 :]) for k in range(len(shape))),
        lambda shape: tuple(math.prod(shape[: k + 1]) for k in range(len(shape))),
        lambda shape: tuple(reversed([math.prod(shape[:k]) for k in range(len(shape))])),
        lambda shape: (1, *shape[:-1]),
        lambda shape: (1, shape[0]),
    ],
    "tensors-4": [
        OWNERS | {"x[[1, 2]]": "view"},
        OWNERS | {"x.T.reshape(12)": "view"},
        OWNERS | {"x.T.contiguous().view(12)": "view"},
        OWNERS | {"x[:, :2].view(6)": "view"},
        OWNERS | {"x[:, :2].view(3, 2, 1)": "error"},
        OWNERS | {"x.expand(2, 3, 4)": "copy"},
    ],
    "tensors-5": [windows_of_a_copy, windows_without_stride, windows_without_offset, windows_one_too_few],
    "tensors-6": [
        lambda scores, labels: scores[:, labels].mean(),
        lambda scores, labels: scores.gather(0, labels[None]).mean(),
        lambda scores, labels: scores.gather(1, labels[:, None]),
        lambda scores, labels: scores.gather(1, labels[:, None]).sum(),
        lambda scores, labels: scores.max(1).values.mean(),
    ],
    "tensors-7": [
        EQUATIONS | {"dots": "bd,bd->"},
        EQUATIONS | {"bilinear": "bd,de,be->bde"},
        EQUATIONS | {"outer": "bi,bj->bji"},
        EQUATIONS | {"attention": "bhtd,bhsd->bhst"},
        EQUATIONS | {"attention": "bhtd,bhtd->bht"},
        EQUATIONS | {"dots": "bdbd->b"},
        "bd,bd->b",
    ],
    "tensors-8": [
        lambda labels, classes: torch.zeros(len(labels), classes, dtype=torch.int64).scatter(1, labels[:, None], 1),
        lambda labels, classes: torch.zeros(classes, len(labels)).scatter(0, labels[None], 1.0),
        lambda labels, classes: torch.eye(classes)[labels.flip(0)],
        lambda labels, classes: torch.eye(int(labels.max()) + 1)[labels],
        one_hot_in_place_of_labels,
    ],
    "tensors-9": [
        lambda shape, strides, offset: offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)),
        lambda shape, strides, offset: offset + math.prod(shape),
        lambda shape, strides, offset: offset + sum(n * s for n, s in zip(shape, strides, strict=True)) + 1,
        lambda shape, strides, offset: offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) + 1,
    ],
    "tensors-10": [
        lambda x: (x**2).mean() - x.mean() ** 2,
        lambda x: (x - x.mean()).square().mean(),
        lambda x: (x - x[0]).square().sum() / (len(x) - 1) - (x - x[0]).mean() ** 2,
        lambda x: (x - x[0]).square().mean(),
        lambda x: (x - x.mean()).abs().mean(),
    ],
}
