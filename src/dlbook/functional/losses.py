"""Losses: one number that says how wrong a prediction is, for training to make small."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from dlbook.functional.shapes import require_same_shape


def mean_squared_error(
    prediction: Float[Tensor, "*p"], target: Float[Tensor, "*t"]
) -> Float[Tensor, ""]:
    """Mean over all elements of the squared difference (eq-mse).

    Raises:
        ValueError: the shapes differ, so that the two would only meet by broadcasting.
    """
    require_same_shape(prediction, target)
    return (prediction - target).square().mean()
