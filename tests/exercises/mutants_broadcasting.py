"""Wrong answers to the exercises of the page 01_tensors/broadcasting: mistakes that readers make."""

import torch

from dlbook.book.exercises.broadcasting import GRADERS

SHAPES = GRADERS["broadcasting-1"].expected


def real(x, lengths):
    return torch.arange(x.shape[1]) < lengths[:, None]


def shares_in_place(x):
    x /= x.sum(dim=1, keepdim=True)
    return x


WRONG = {
    "broadcasting-1": [
        SHAPES | {"(4, 3) and (4,)": (4, 3)},
        SHAPES | {"(4, 1) and (4,)": (4, 1)},
        SHAPES | {"(2, 1, 5) and (3, 1)": "refused"},
        SHAPES | {"(6, 1, 4) and (1, 6, 4)": (6, 1, 4)},
        SHAPES | {"() and (7,)": ()},
    ],
    "broadcasting-2": [
        {"strides": (15, 3, 3, 1), "bytes": 60},
        {"strides": (0, 3, 0, 1), "bytes": 480},
        {"strides": (0, 3, 0, 1), "bytes": 15},
        {"strides": (0, 3, 3, 1), "bytes": 60},
    ],
    "broadcasting-3": [
        lambda x: x / x.sum(dim=0),
        lambda x: x / x.sum(),
        lambda x: (x.T / x.sum(dim=1)),
        lambda x: x / x.sum(dim=1),
        shares_in_place,
    ],
    "broadcasting-4": [
        lambda x: (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), keepdim=True),
        lambda x: (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True, correction=0),
        lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True, correction=0),
        lambda x: (x - x.mean()) / x.std(correction=0),
        lambda x: (x - x.mean((0, 2, 3), keepdim=True)) / x.var((0, 2, 3), keepdim=True, correction=0),
    ],
    "broadcasting-5": [
        lambda x, lengths: x.mean(dim=1),
        lambda x, lengths: (x * real(x, lengths)[..., None]).sum(dim=1) / lengths[:, None],
        lambda x, lengths: (x * real(x, lengths)[..., None]).mean(dim=1),
        lambda x, lengths: x.nan_to_num().sum(dim=1) / lengths[:, None],
    ],
    "broadcasting-6": [
        lambda labels, classes: labels[:, None] == torch.arange(classes),
        lambda labels, classes: (labels == torch.arange(classes)[:, None]).float(),
        lambda labels, classes: (labels[:, None] <= torch.arange(classes)).float(),
        lambda labels, classes: (labels[:, None] == torch.arange(1, classes + 1)).float(),
    ],
    "broadcasting-7": [
        lambda points, centres: (points[:, None] - centres).square().sum(dim=-1).argmin(dim=0),
        lambda points, centres: (points[:, None] - centres).square().sum(dim=-1).argmax(dim=1),
        lambda points, centres: (points[:, None] - centres).sum(dim=-1).abs().argmin(dim=1),
        lambda points, centres: (points[:, None] - centres).square().sum(dim=-1).min(dim=1).values,
        lambda points, centres: (points @ centres.T).argmax(dim=1),
    ],
    "broadcasting-8": [
        {"distances": 4 * 2000 * 2000, "distances_by_product": 4 * 2000 * 2000},
        {"distances": 2000 * 2000 * 500, "distances_by_product": 2000 * 2000},
        {"distances": 4 * 2000 * 500, "distances_by_product": 4 * 2000 * 2000},
    ],
    "broadcasting-9": [
        lambda truth: (truth[:, None], 0.0),
        lambda truth: (truth.mean().expand(len(truth)), truth.var(correction=0).item()),
        lambda truth: (truth.mean().expand(len(truth), 1), truth.var().item()),
        lambda truth: (torch.zeros(len(truth), 1), truth.square().mean().item()),
        lambda truth: (truth.median().expand(len(truth), 1), truth.var(correction=0).item()),
    ],
    "broadcasting-10": [
        lambda x: len(x) * (x - x.mean(dim=0)).square().sum(),
        lambda x: 2 * len(x) ** 2 * (x - x.mean(dim=0)).square().sum(),
        lambda x: 2 * (len(x) * x.square().sum() - x.sum(dim=0).square().sum()),
        lambda x: 2 * len(x) * (x - x.mean()).square().sum(),
    ],
}
