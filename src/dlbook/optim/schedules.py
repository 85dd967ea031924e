"""Schedules: the learning rate as a function of the step, as a factor on the rate that the optimiser was given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

Factor = Callable[[int], float]  # steps made -> factor on the learning rate


@runtime_checkable
class HasGroups(Protocol):
    """What a schedule needs of an optimiser, ours or torch's."""

    param_groups: list[dict[str, Any]]


def constant(t: int) -> float:
    """1, whatever the step."""
    return 1.0


def step_decay(every: int, gamma: float = 0.1) -> Factor:
    """`gamma` to the number of whole stretches of `every` steps (eq-step-decay)."""
    require_steps("every", every)
    return lambda t: gamma ** (t // every)


def cosine(total: int, floor: float = 0.0) -> Factor:
    """Half a wave from 1 down to `floor`, where it stays (eq-cosine).

    Loshchilov and Hutter (2017).
    """
    require_steps("total", total)
    return lambda t: (
        floor + (1 - floor) * (1 + math.cos(math.pi * min(t / total, 1))) / 2
    )


def warm_up(steps: int) -> Factor:
    """In a straight line from 1 / steps to 1, reached in `steps` steps (eq-warm-up)."""
    require_steps("steps", steps)
    return lambda t: min(1.0, (t + 1) / steps)


def inverse_square_root(steps: int) -> Factor:
    """Warm up for `steps`, then fall with the root of the steps (Vaswani et al., 2017)."""
    require_steps("steps", steps)
    return lambda t: min((t + 1) / steps, (steps / (t + 1)) ** 0.5)


def one_cycle(
    total: int, rise: float = 0.3, start: float = 1 / 25, end: float = 1e-4 / 25
) -> Factor:
    """Half a wave from `start` up to 1, and another down to `end` (eq-one-cycle).

    The rise takes the share `rise` of the `total` steps. Smith and Topin (2019).
    """
    require_steps("total", total, least=2)
    top, last = rise * total - 1, total - 1
    if not 0 < top < last:
        raise ValueError(
            f"rise = {rise}: accepted is more than {1 / total:g} and below 1."
        )

    def factor(t: int) -> float:
        if t <= top:
            return wave(start, 1.0, t / top)
        return wave(1.0, end, min((t - top) / (last - top), 1.0))

    return factor


def wave(first: float, last: float, share: float) -> float:
    """Half a cosine wave from `first` to `last`."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2


def then(first: Factor, steps: int, following: Factor) -> Factor:
    """`first` for so many steps, then `following`, which counts from 0 again."""
    require_steps("steps", steps)
    return lambda t: first(t) if t < steps else following(t - steps)


def require_steps(name: str, steps: int, least: int = 1) -> None:
    """Refuse a number of steps below the least.

    Raises:
        ValueError: names the argument.
    """
    if steps < least:
        raise ValueError(f"{name} = {steps}: accepted is {least} or more.")


class Schedule:
    """Sets the rate of every group: the one it was made with, times the factor.

    Call `step()` after the `step()` of the optimiser, as often as the factor counts.
    """

    def __init__(self, optimizer: HasGroups, factor: Factor) -> None:
        self.optimizer, self.factor, self.steps = optimizer, factor, -1
        self.peaks = [group["lr"] for group in optimizer.param_groups]
        self.step()

    def step(self) -> None:
        self.steps += 1
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * self.factor(self.steps)


class Plateau:
    """Multiplies every rate by `factor` at the step after `patience` without a fall.

    A fall counts from the share `threshold` of the lowest loss so far. Call
    `step(loss)` with a loss on validation data, once an epoch.
    """

    def __init__(
        self,
        optimizer: HasGroups,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
    ) -> None:
        if not 0 < factor < 1:
            raise ValueError(f"factor = {factor}: accepted is 0 < factor < 1.")
        self.optimizer, self.factor, self.patience = optimizer, factor, patience
        self.threshold, self.lowest, self.waited = threshold, math.inf, 0

    def step(self, loss: float) -> None:
        if loss < self.lowest * (1 - self.threshold):
            self.lowest, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.waited = 0
            for group in self.optimizer.param_groups:
                group["lr"] *= self.factor
