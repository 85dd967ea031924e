"""Scores: what a prediction is worth, as one number a batch, weighted by examples when they are put together."""

from __future__ import annotations

import math

from jaxtyping import Float, Int, Num
from torch import Tensor

from dlbook.functional.shapes import require_same_shape


def accuracy(
    logits: Float[Tensor, "n classes"], labels: Int[Tensor, "*m"]
) -> Float[Tensor, ""]:
    """Share of the examples whose largest logit is that of their class (eq-accuracy).

    Raises:
        ValueError: the labels are not one for each row; a column would be broadcast.
            Or a logit is nan, which would count as the largest.
    """
    if logits.isnan().any():
        raise ValueError("logits: some are nan; nothing was predicted.")
    predicted = logits.argmax(dim=1)
    require_same_shape(predicted, labels)
    return (predicted == labels).double().mean()


def r_squared(
    prediction: Float[Tensor, "*p"], target: Float[Tensor, "*t"]
) -> Float[Tensor, ""]:
    """Share of the targets' variance that the prediction explains (eq-r-squared).

    1 is perfect, 0 is as good as the mean of these targets, and below 0 is worse than
    that. It is no mean over examples: give it the whole split, not batches.

    Raises:
        ValueError: the shapes differ, or the targets are all the same.
    """
    require_same_shape(prediction, target)
    spread = (target - target.mean()).square().sum()
    if target.max() == target.min():
        raise ValueError("target: all values are the same, so there is no variance.")
    return 1 - (target - prediction).square().sum() / spread


def wilson_interval(
    right: Num[Tensor, ""] | int, n: int, z: float = 1.959964
) -> tuple[float, float]:
    """Interval for a rate, from `right` out of `n` independent examples (eq-wilson).

    With the default z it holds the true rate in about 95 of 100 samples, and never
    leaves 0 to 1. Source: Wilson (1927).

    Raises:
        ValueError: no examples, or more right ones than examples.
    """
    if n < 1 or not 0 <= right <= n:
        raise ValueError(
            f"right = {right} of n = {n}: accepted is 0 <= right <= n, n at least 1."
        )
    rate, share = float(right) / n, z * z / n
    centre = (rate + share / 2) / (1 + share)
    half = z * math.sqrt(rate * (1 - rate) / n + share / (4 * n)) / (1 + share)
    return max(0.0, centre - half), min(1.0, centre + half)
