"""Derivatives without rules: by moving a little, for comparison with those that have rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def numerical_gradient(
    f: Callable[..., float], *arrays: Array, step: float = 1e-6
) -> list[Array]:
    """Derivatives of a number by every element of arrays, by nudging (eq-central)."""
    gradients = []
    for array in arrays:
        gradient = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            old = array[index]
            array[index] = old + step
            above = float(f(*arrays))
            array[index] = old - step
            below = float(f(*arrays))
            array[index] = old
            gradient[index] = (above - below) / (2 * step)
        gradients.append(gradient)
    return gradients
