"""Graders of the page 02_autograd/optimizers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor, nn

from .graders import Function, Value, difference

Cases = Iterator[tuple[Any, ...]]


def _constant_gradients(generator: Generator) -> Cases:
    yield from [
        (0.1, 0.9, 2.0, 1),
        (0.1, 0.9, 2.0, 10),
        (0.5, 0.5, -3.0, 4),
        (0.01, 0.99, 1.0, 500),
        (0.2, 0.0, 1.0, 7),
    ]


def _displacement(eta: float, mu: float, g: float, t: int) -> float:
    p = v = 0.0
    for _ in range(t):
        v = mu * v + g
        p -= eta * v
    return p


def _curvatures(generator: Generator) -> Cases:
    yield from [(1.0, 0.0), (4.0, 0.5), (25.0, 0.9), (0.3, 0.99)]


def _pasts(generator: Generator) -> Cases:
    yield from [(0.9, 1), (0.9, 5), (0.5, 3), (0.99, 40)]


def _weights_of_the_past(beta: float, t: int) -> Tensor:
    weights = []
    for k in range(t):  # what a single gradient of 1 in step k leaves
        m = 0.0
        for step in range(t):
            m = beta * m + (1 - beta) * (step == k)
        weights.append(m / (1 - beta**t))
    return torch.tensor(weights, dtype=torch.float64)


def _lion_cases(generator: Generator) -> Cases:
    for shape, settings in [
        ((4, 3), (0.1, 0.9, 0.99, 0.0)),
        ((5,), (0.01, 0.5, 0.8, 1.0)),
        ((2, 3, 4), (0.3, 0.9, 0.5, 0.1)),
    ]:
        yield *(torch.randn(shape, generator=generator) for _ in range(3)), *settings


def _lion(
    theta: Tensor, g: Tensor, m: Tensor, eta: float, beta1: float, beta2: float, decay: float
) -> tuple[Tensor, Tensor]:
    moved = theta - eta * decay * theta - eta * torch.lerp(g, m, beta1).sign()
    return moved, torch.lerp(g, m, beta2)


def _lion_fault(got: Any, theta: Tensor, g: Tensor, m: Tensor, *settings: float) -> str:
    return difference(got, _lion(theta, g, m, *settings), 1e-5)


class _Headed(nn.Module):
    """A body of three kinds of parameters, a head, and two decoys: `header` and `body.overhead`."""

    def __init__(self, norm: bool, bias: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(3, 4, bias=bias), nn.LayerNorm(4) if norm else nn.ReLU(), nn.Conv1d(4, 2, 1)
        )
        self.body.add_module("overhead", nn.Linear(4, 4))
        self.header = nn.Linear(2, 4)
        self.head = nn.Linear(4, 2, bias=bias)


def _headed(generator: Generator) -> Cases:
    yield _Headed(True, True), 0.01, 0.1
    yield _Headed(False, False), 0.2, 0.5


def _groups(model: nn.Module, lr: float, decay: float) -> list[dict[str, Any]]:
    groups: dict[tuple[bool, bool], dict[str, Any]] = {}
    for name, p in model.named_parameters():
        head, matrix = name.split(".")[0] == "head", p.dim() > 1
        start = {"params": [], "lr": lr if head else lr / 10, "weight_decay": decay if matrix else 0.0}
        groups.setdefault((head, matrix), start)["params"].append(p)
    return list(groups.values())


def _groups_fault(got: Any, model: nn.Module, lr: float, decay: float) -> str:
    if not isinstance(got, (list, tuple)) or not all(isinstance(g, dict) and "params" in g for g in got):
        return "a list of dicts with the key 'params' is expected"
    members = [list(g["params"]) if not isinstance(g["params"], Tensor) else [g["params"]] for g in got]
    if not all(members):
        return "one group has no parameters"
    where: dict[int, list[int]] = {}
    for i, params in enumerate(members):
        for p in params:
            where.setdefault(id(p), []).append(i)
    wanted = {id(p): (name, group) for group in _groups(model, lr, decay) for name, p in _named(model, group["params"])}
    if set(where) - set(wanted):
        return "a group holds something that is no parameter of the model"
    for key, (name, group) in wanted.items():
        if len(where.get(key, [])) != 1:
            return f"{name} is in {len(where.get(key, []))} groups"
        mine = got[where[key][0]]
        for setting in ("lr", "weight_decay"):
            value = mine.get(setting)
            if value is None or not math.isclose(value, group[setting], rel_tol=1e-9, abs_tol=1e-15):
                return f"{name} has {setting} = {value}"
    return ""


def _named(model: nn.Module, params: list[Tensor]) -> Iterator[tuple[str, Tensor]]:
    chosen = {id(p) for p in params}
    return ((name, p) for name, p in model.named_parameters() if id(p) in chosen)


def _steps_of_trapezoids(generator: Generator) -> Cases:
    for warm, cool, total in [(5, 10, 40), (1, 1, 6), (8, 20, 30)]:
        for t in (0, warm - 1, warm, total - cool, total - cool + 1, total - 1, total):
            yield t, warm, cool, total


def _trapezoid(t: int, warm: int, cool: int, total: int) -> float:
    if t < warm and t < total - cool:
        return (t + 1) / warm
    return 1.0 if t <= total - cool else 1 - (t - (total - cool)) / cool


def _pieces(generator: Generator) -> Cases:
    for sizes, shape, scale, c in [
        ([4, 4, 4], (3,), 1.0, 100.0),
        ([10, 3, 1], (2, 3), 1.0, 100.0),
        ([8, 1], (5,), 50.0, 1.0),
        ([2, 30, 7, 7], (4, 2), 9.0, 0.5),
        ([3, 5], (4,), 0.0, 1.0),  # a gradient of zero has no direction
    ]:
        yield [scale * torch.randn(shape, generator=generator) for _ in sizes], sizes, c


def _accumulate_and_clip(gradients: list[Tensor], sizes: list[int], c: float) -> Tensor:
    each = torch.cat([g[None].expand(n, *g.shape) for g, n in zip(gradients, sizes, strict=True)])  # one row an example
    whole = each.mean(dim=0)
    return whole if whole.norm() <= c else c * whole / whole.norm()


def _sweeps(generator: Generator) -> Cases:
    nan, inf = math.nan, math.inf
    yield (torch.tensor([[2.0, 2.1], [0.5, 0.7], [0.6, 0.65], [1.4, 0.1], [9.0, 7.0]]),)
    yield (torch.tensor([[1.0, 1.2], [0.9, 0.8], [0.3, 0.4]]),)
    yield (torch.tensor([[0.2, 0.3, 0.3], [0.9, 0.8, 0.7], [3.0, 4.0, nan]]),)
    yield (torch.tensor([[1.0, 1.2], [0.5, 0.6], [0.1, nan], [nan, nan]]),)
    yield (torch.tensor([[1.0, 1.2], [0.5, 0.6], [0.7, 0.8], [inf, 2.0]]),)


def _choose_rate(losses: Tensor) -> tuple[int, bool]:
    means = [(sum(row) / len(row), i) for i, row in enumerate(losses.tolist()) if not any(map(math.isnan, row))]
    best = min(means)[1]
    return best, best not in (0, len(losses) - 1)


GRADERS = {
    "optimizers-1": Value(
        {"momentum": [2.0, 0.0, -1.0], "nesterov": [1.0, -0.25, -0.4375]},
        "the gradient is 2w, at the place where you are; the velocity is halved, then the gradient is added; Nesterov "
        "moves by a quarter of g + v / 2 with the new v; three numbers in each list, without the start",
    ),
    "optimizers-2": Function(
        _displacement, _constant_gradients, "the velocity in step k is g (1 - mu**k) / (1 - mu); sum over k", rtol=1e-6
    ),
    "optimizers-3": Function(
        lambda curvature, mu: (2 + 2 * mu) / curvature,
        _curvatures,
        "at the limit a real root leaves the interval from -1 to 1: at which end?",
    ),
    "optimizers-4": Function(
        _weights_of_the_past, _pasts, "(1 - beta) times powers of beta, and what divides them so that they add up to 1"
    ),
    "optimizers-5": Function(
        _lion,
        _lion_cases,
        "the sign is taken of a mix with the old mean; the decay multiplies theta, not the gradient",
        property_of=_lion_fault,
    ),
    "optimizers-6": Function(
        _groups,
        _headed,
        "the parameters of model.head have the rate lr, and no others; the number of dimensions tells the decay: "
        "up to four groups",
        property_of=_groups_fault,
    ),
    "optimizers-7": Function(
        _trapezoid,
        _steps_of_trapezoids,
        "the smallest of three lines: one that rises, 1, and one that falls to 0 at total",
    ),
    "optimizers-8": Function(
        _accumulate_and_clip,
        _pieces,
        "each mean counts as often as it has examples; clip the whole, if it is longer than c; its norm may be 0",
        rtol=1e-4,
    ),
    "optimizers-9": Function(
        _choose_rate, _sweeps, "the mean over seeds, nan as infinity; index 0 and the last one are edges"
    ),
    "optimizers-10": Value(
        {"as they are": 4, "Bonferroni": 1, "Holm": 2},
        "sort them; times 5, times 4, times 3, ...; and once one is too large, so are all that follow",
    ),
}
