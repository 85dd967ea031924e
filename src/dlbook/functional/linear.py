"""Linear regression: the model, the slope of its loss, its exact answer, and how large a step may be."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from dlbook.functional.shapes import require_same_shape


def linear(
    x: Float[Tensor, "*b d"],
    weight: Float[Tensor, "out d"],
    bias: Float[Tensor, " out"] | None = None,
) -> Float[Tensor, "*b out"]:
    """Weighted sums of the features, one for each row of `weight` (eq-linear)."""
    product = x @ weight.T
    return product if bias is None else product + bias


def mse_gradient(
    x: Float[Tensor, "n d"],
    y: Float[Tensor, "*y"],
    weight: Float[Tensor, "out d"],
    bias: Float[Tensor, " out"],
) -> tuple[Float[Tensor, "out d"], Float[Tensor, " out"]]:
    """Gradient of the mean squared error by weight and by bias (eq-mse-gradient).

    Raises:
        ValueError: y has another shape than the predictions.
    """
    prediction = linear(x, weight, bias)
    require_same_shape(prediction, y)
    error = 2 / y.numel() * (prediction - y)  # (n, out)
    return error.T @ x, error.sum(dim=0)


def with_ones(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d_plus_1"]:
    """The features and a last column of ones, whose weight is the bias."""
    return torch.cat([x, x.new_ones(len(x), 1)], dim=1)


def least_squares(
    x: Float[Tensor, "n d"], y: Float[Tensor, "n out"]
) -> tuple[Float[Tensor, "out d"], Float[Tensor, " out"]]:
    """Weight and bias of the least mean squared error (eq-normal-equations, eq-qr).

    Raises:
        ValueError: fewer examples than unknowns, or columns that depend on each other.
    """
    one = with_ones(x)
    if len(one) < one.shape[1]:
        raise ValueError(
            f"x: {len(one)} examples cannot settle {one.shape[1]} unknowns; "
            "give at least as many examples."
        )
    q, r = torch.linalg.qr(one)
    steps = r.diagonal().abs()
    if steps.min() <= steps.max() * len(one) * torch.finfo(x.dtype).eps:
        raise ValueError(
            "x: a column is a weighted sum of the others (a constant one counts): "
            "many answers are equally good; drop it."
        )
    solution = torch.linalg.solve_triangular(r, q.T @ y, upper=True)  # (d + 1, out)
    return solution[:-1].T, solution[-1]


def mse_hessian(x: Float[Tensor, "n d"]) -> Float[Tensor, "e e"]:
    """Second derivatives of the mean squared error of one output (eq-curvature).

    The last row and column are those of the bias.
    """
    one = with_ones(x)
    return 2 / len(x) * one.T @ one


def largest_learning_rate(x: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """Below this rate gradient descent on the mean squared error converges (eq-limit).

    For one output. At the rate itself it does not, and above it the loss grows.
    """
    return 2 / torch.linalg.eigvalsh(mse_hessian(x))[-1]
