"""Wrong answers to the exercises of the page 03_cnn/training: mistakes that readers make."""

import copy
import math

import torch
from torch import nn

from dlbook.book.exercises.training import GRADERS

COUNTS = GRADERS["training-1"].expected


def cutout(x, rows, columns, side, axes=True, clone=True, channel=False):
    result = x.clone() if clone else x
    for i, (a, b) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        a, b = (a, b) if axes else (b, a)
        if channel:
            result[i, 0, a : a + side, b : b + side] = 0
        else:
            result[i, :, a : a + side, b : b + side] = 0
    return result


def stopped(losses, patience, least, strict=True, epochs=True, previous=False):
    best, where = math.inf, 0
    for t, loss in enumerate(losses):
        if loss < best - (least if strict else 0):
            best, where = loss, t
        elif previous:
            best = loss
        if t - where >= patience:
            return where, t + epochs
    return where, len(losses) - 1 + epochs


def below_the_lowest(losses, patience, least):
    lowest, where = losses[0], 0
    for t, loss in enumerate(losses):
        if t and loss < lowest - least:
            where = t
        lowest = min(lowest, loss)
        if t - where >= patience:
            return where, t + 1
    return where, len(losses)


def relative(losses, patience, least):
    best, where = math.inf, 0
    for t, loss in enumerate(losses):
        if loss < best * (1 - least):
            best, where = loss, t
        if t - where >= patience:
            return where, t + 1
    return where, len(losses)


def kept(confidences, number):
    return confidences.sort(descending=True).values[max(1, number) - 1].item()


def folded(weight, bias, mean, var, gamma, beta, eps, root=True, with_bias=True, axis=0, small=True):
    scale = gamma / ((var + eps if small else var).sqrt() if root else var + eps)
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    new_bias = (bias - mean) * scale + beta if with_bias else beta - mean * scale
    return weight * (scale.reshape(shape) if axis == 0 else scale.mean()), new_bias


def most_confused(confusion, by_row=True, diagonal=True, columns=False):
    counts = confusion.double()
    if by_row:
        counts = counts / counts.sum(dim=0 if columns else 1, keepdim=True).clamp(min=1)
    if diagonal:
        counts = counts - counts.diag().diag()
    return divmod(int(counts.argmax()), len(counts))


def cam(A, W1, b1, W2, b2, chosen, mask=True, positive=True, mean=True):
    units = A.mean(dim=(2, 3)) @ W1.T + b1
    rows = W2[chosen] * (units > 0) if mask else W2[chosen]
    weights = rows @ W1 / (A[0, 0].numel() if mean else 1)
    result = (weights[:, :, None, None] * A).sum(dim=1)
    return result.relu() if positive else result


def new_head(model, k, freeze=True, after=False, width=None, trunk=True, buffers=True, features=None):
    model = copy.deepcopy(model)
    if not buffers:
        model.norm.reset_running_stats()
    if freeze and not after:
        model.requires_grad_(False)
    if not trunk:
        nn.init.normal_(model.conv.weight)
    model.fc = nn.Linear(features or model.fc.in_features, width or k)
    if after:
        model.requires_grad_(False)
    return model


def extended(model, k):
    model = copy.deepcopy(model).requires_grad_(False)
    model.fc = nn.Sequential(model.fc, nn.Linear(10, k))
    return model


WRONG = {
    "training-1": [
        COUNTS | {"steps": 5 * 312},
        COUNTS | {"steps": 313},
        COUNTS | {"features": 64},
        COUNTS | {"features": 64 * 64 * 64},
        COUNTS | {"parameters": 64 * 8 * 8 * 12},
    ],
    "training-2": [
        lambda *a: cutout(*a, axes=False),
        lambda *a: cutout(*a, clone=False),
        lambda *a: cutout(*a, channel=True),
        lambda x, rows, columns, side: cutout(x, rows, columns, side + 1),
        lambda x, rows, columns, side: x[:, :, :side, :side],
    ],
    "training-3": [
        lambda *a: stopped(*a, strict=False),
        lambda *a: stopped(*a, epochs=False),
        lambda *a: stopped(*a, previous=True),
        below_the_lowest,
        relative,
        lambda losses, patience, least: (losses.index(min(losses)), len(losses)),
        lambda losses, patience, least: stopped(losses, patience + 1, least),
    ],
    "training-4": [
        lambda *a: folded(*a, root=False),
        lambda *a: folded(*a, with_bias=False),
        lambda *a: folded(*a, axis=1),
        lambda *a: folded(*a, small=False),
        lambda *a: folded(*a)[0],
    ],
    "training-5": [
        lambda c: most_confused(c, by_row=False),
        lambda c: most_confused(c, diagonal=False),
        lambda c: most_confused(c, columns=True),
        lambda c: most_confused(c)[::-1],
    ],
    "training-6": [
        lambda *a: cam(*a, mask=False),
        lambda *a: cam(*a, positive=False),
        lambda *a: cam(*a, mean=False),
        lambda *a: cam(*a).sum(dim=0),
    ],
    "training-7": [
        lambda confidences, share: confidences.quantile(share).item(),
        lambda confidences, share: confidences.quantile(1 - share).item(),
        lambda confidences, share: confidences.quantile(1 - share, interpolation="lower").item(),
        lambda confidences, share: share,
        lambda confidences, share: confidences.min().item(),
        lambda confidences, share: confidences.quantile(1 - share, interpolation="higher").item(),
        lambda confidences, share: kept(confidences, int(share * len(confidences))),
        lambda confidences, share: kept(confidences, round(share * len(confidences))),
        lambda confidences, share: kept(confidences, math.ceil(share * len(confidences))),
    ],
    "training-8": [
        lambda model, k: new_head(model, k, freeze=False),
        lambda model, k: new_head(model, k, after=True),
        lambda model, k: new_head(model, k, width=10),
        lambda model, k: new_head(model, k, trunk=False),
        lambda model, k: new_head(model, k, buffers=False),
        lambda model, k: new_head(model, k, features=6),
        extended,
        lambda model, k: torch.zeros(2, k),
    ],
}
