"""How large fresh weights should be, so that numbers keep their size from layer to layer."""

from __future__ import annotations

import math


def he_std(fan_in: int, gain: float = 2**0.5) -> float:
    """Standard deviation that keeps E[x^2] through a ReLU layer (eq-he).

    Source: He et al. (2015).

    Raises:
        ValueError: no input.
    """
    if fan_in < 1:
        raise ValueError(f"fan_in = {fan_in}: accepted is 1 or more inputs.")
    return gain / math.sqrt(fan_in)


def xavier_std(fan_in: int, fan_out: int, gain: float = 1.0) -> float:
    """Standard deviation between the one that suits the forward pass and the one for
    the backward pass (eq-xavier; Glorot & Bengio, 2010).

    Raises:
        ValueError: no input or no output.
    """
    if min(fan_in, fan_out) < 1:
        raise ValueError(
            f"fan_in = {fan_in}, fan_out = {fan_out}: accepted are 1 or more."
        )
    return gain * math.sqrt(2 / (fan_in + fan_out))


def uniform_bound(std: float) -> float:
    """The b for which uniform numbers from -b to b have this standard deviation."""
    return math.sqrt(3) * std
