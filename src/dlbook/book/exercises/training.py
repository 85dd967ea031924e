"""Graders of the page 03_cnn/training."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from .graders import Function, Value

Cases = Iterator[tuple[Any, ...]]


def _pictures(generator: Generator) -> Cases:
    for n, c, h, w, side in [(5, 3, 6, 7, 2), (4, 1, 5, 8, 3), (3, 2, 4, 4, 9)]:
        x = 1 + torch.rand(n, c, w, h, generator=generator).transpose(2, 3)
        rows, columns = (torch.randint(edge, (n,), generator=generator) for edge in (h, w))
        yield x, rows, columns, side
        yield (255 * x / 2).to(torch.uint8), rows, columns, side


def _cutout(x: Tensor, rows: Tensor, columns: Tensor, side: int) -> Tensor:
    result = x.clone()
    for i, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        result[i, :, row : row + side, column : column + side] = 0
    return result


def _losses(generator: Generator) -> Cases:
    yield [1.0, 0.9, 0.89, 0.88, 0.87, 0.5], 3, 0.05
    yield [1.0, 0.9, 0.86, 0.83, 0.83, 0.83, 0.83], 3, 0.05  # small steps that add up
    yield [1.0, 0.97, 0.94, 0.91, 0.88], 5, 0.05
    yield [10.0, 9.9, 9.7], 4, 0.05  # absolute, not relative
    yield [1.0, 0.5, 0.6, 0.7, 0.4], 2, 0.0
    yield [1.0, 0.5, 0.6, 0.4, 0.5, 0.6, 0.7], 3, 0.01
    yield [0.7, 0.7, 0.7], 2, 0.0
    yield [0.3], 1, 0.1
    for patience in (1, 2, 5):
        yield torch.rand(30, generator=generator).tolist(), patience, 0.02


def _stopped(losses: list[float], patience: int, least: float) -> tuple[int, int]:
    best, where = math.inf, 0
    for t, loss in enumerate(losses):
        if loss < best - least:
            best, where = loss, t
        if t - where >= patience:
            return where, t + 1
    return where, len(losses)


def _convolutions(generator: Generator) -> Cases:
    for c_in, c_out, k in [(3, 4, 3), (1, 6, 5), (5, 2, 1)]:
        weight = torch.randn(c_out, c_in, k, k, generator=generator)
        bias, mean, gamma, beta = torch.randn(4, c_out, generator=generator)
        yield weight, bias, mean, 0.1 + torch.rand(c_out, generator=generator), gamma, beta, 1e-2


def _folded(
    weight: Tensor, bias: Tensor, mean: Tensor, var: Tensor, gamma: Tensor, beta: Tensor, eps: float
) -> tuple[Tensor, Tensor]:
    scale = gamma / (var + eps).sqrt()
    return weight * scale[:, None, None, None], (bias - mean) * scale + beta


def _folded_fault(got: Any, *arguments: Any) -> str:
    if not isinstance(got, (tuple, list)) or len(got) != 2 or not all(isinstance(part, Tensor) for part in got):
        return "two tensors are expected: the weights and the biases of the folded convolution"
    weight, bias, mean, var, gamma, beta, eps = arguments
    if got[0].shape != weight.shape or got[1].shape != bias.shape:
        return f"the shapes are {tuple(got[0].shape)} and {tuple(got[1].shape)}"
    x = torch.randn(2, weight.shape[1], 7, 8, generator=Generator().manual_seed(3))
    expected = F.batch_norm(F.conv2d(x, weight, bias), mean, var, gamma, beta, training=False, eps=eps)
    off = (F.conv2d(x, *got) - expected).abs().max().item()
    return "" if off < 1e-4 else f"the folded convolution is off by up to {off:.3g}"


def _confusions(generator: Generator) -> Cases:
    yield (torch.tensor([[90, 10, 0], [0, 4, 6], [20, 0, 180]]),)
    yield (torch.tensor([[5, 0, 1], [0, 0, 0], [3, 3, 100]]),)
    yield (torch.tensor([[7, 3], [1, 1]]),)
    yield (torch.randint(50, (6, 6), generator=generator),)


def _most_confused(confusion: Tensor) -> tuple[int, int]:
    best, found = -1.0, (0, 0)
    for i, row in enumerate(confusion.tolist()):
        for j, count in enumerate(row):
            if i != j and sum(row) and count / sum(row) > best:
                best, found = count / sum(row), (i, j)
    return found


def _heads(generator: Generator) -> Cases:
    for n, k, h, w, units, classes in [(3, 4, 5, 2, 6, 7), (1, 2, 3, 4, 5, 3)]:
        sizes = [(n, k, h, w), (units, k), (units,), (classes, units), (classes,)]
        yield (
            *(torch.randn(size, generator=generator) for size in sizes),
            torch.randint(classes, (n,), generator=generator),
        )


def _two_layer_cam(A: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor, chosen: Tensor) -> Tensor:
    leaf = A.clone().requires_grad_()
    logits = (leaf.mean(dim=(2, 3)) @ W1.T + b1).relu() @ W2.T + b2
    (slopes,) = torch.autograd.grad(logits.gather(1, chosen[:, None]).sum(), leaf)
    return (slopes.mean(dim=(2, 3), keepdim=True) * A).sum(dim=1).relu()


def _confidences(generator: Generator) -> Cases:
    yield torch.linspace(0.1, 1.0, 10), 0.9
    yield torch.tensor([0.5, 0.9, 0.9, 0.3]), 0.5
    yield torch.tensor([0.7]), 0.95
    for n, share in [(40, 0.95), (40, 0.5), (40, 1.0), (33, 0.95), (12, 0.2), (3, 0.9), (100, 0.55)]:
        yield torch.rand(n, generator=generator), share


def _threshold(confidences: Tensor, share: float) -> float:
    kept = math.ceil(share * len(confidences) - 1e-9)
    return confidences.sort(descending=True).values[kept - 1].item()


class _Trunk(nn.Module):
    """A trunk with batch normalisation and a head called fc."""

    def __init__(self, width: int, generator: Generator) -> None:
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.Linear(width, 10)
        self.norm.running_mean.copy_(torch.rand(width, generator=generator))
        self.before = {name: value.clone() for name, value in self.state_dict().items()}

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.norm(self.conv(x)).relu().mean(dim=(2, 3)))


def _trunks(generator: Generator) -> Cases:
    yield _Trunk(6, generator), 4
    yield _Trunk(9, generator), 17


def _new_head(model: nn.Module, k: int) -> nn.Module:
    model = copy.deepcopy(model).requires_grad_(False)
    model.fc = nn.Linear(model.fc.in_features, k)
    return model


def _head_fault(got: Any, model: nn.Module, k: int) -> str:
    if not isinstance(got, nn.Module) or not hasattr(got, "fc"):
        return "the model is expected, an nn.Module with the attribute fc"
    width, state = model.conv.out_channels, got.state_dict()
    trunk = {name: value for name, value in model.before.items() if not name.startswith("fc.")}
    other = [name for name, value in trunk.items() if not (name in state and torch.equal(state[name], value))]
    if not isinstance(got.fc, nn.Linear) or (got.fc.in_features, got.fc.out_features) != (width, k):
        return f"the head is {got.fc}"
    if (shape := tuple(got(torch.zeros(2, 3, 8, 8)).shape)) != (2, k):
        return f"the result of the model has the shape {shape}"
    free = sorted(name for name, p in got.named_parameters() if p.requires_grad)
    if free != ["fc.bias", "fc.weight"]:
        return f"trained would be {', '.join(free) or 'nothing'}"
    return f"{other[0]} of the trunk is not what it was" if other else ""


GRADERS = {
    "training-1": Value(
        {"steps": 5 * 313, "features": 64 * 8 * 8, "parameters": (64 * 8 * 8 + 1) * 12},
        "the last batch is short, and is a step too; each block halves height and width",
    ),
    "training-2": Function(
        _cutout,
        _pictures,
        "compare row numbers with each picture's corner, and broadcast: (n, 1, h, 1) and (n, 1, 1, w)",
    ),
    "training-3": Function(
        _stopped, _losses, "compare with the best loss that counted, not with the lowest so far nor the last"
    ),
    "training-4": Function(
        _folded,
        _convolutions,
        "in evaluation a batch normalisation multiplies by a number and adds a number, for each channel",
        property_of=_folded_fault,
    ),
    "training-5": Function(
        _most_confused, _confusions, "divide each row by its sum, and leave the diagonal and empty rows out"
    ),
    "training-6": Function(
        _two_layer_cam,
        _heads,
        "the chain rule: through the second layer, the mask of the ReLU, the first layer, and the mean",
        rtol=1e-4,
    ),
    "training-7": Function(
        _threshold,
        _confidences,
        "sort them; the threshold is the smallest one that is still kept; a quantile lies between two of them",
    ),
    "training-8": Function(
        _new_head,
        _trunks,
        "freeze all parameters first, then assign a new layer to model.fc: fresh parameters are free",
        property_of=_head_fault,
        keeps_inputs=False,
    ),
}
