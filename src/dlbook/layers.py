"""Layers: modules that own the parameters and the state of the book's functions."""

from __future__ import annotations

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from dlbook.functional.linear import linear


class Linear(nn.Module):
    """y = x W^T + b on the last axis (eq-affine), with the same start as `nn.Linear`.

    Parameters: weight (fan_out, fan_in) and bias (fan_out,), drawn evenly from
    -1/sqrt(fan_in) to 1/sqrt(fan_in) (eq-torch-default).

    Raises:
        ValueError: a size below 1.
    """

    def __init__(self, fan_in: int, fan_out: int) -> None:
        super().__init__()
        if min(fan_in, fan_out) < 1:
            raise ValueError(
                f"fan_in = {fan_in}, fan_out = {fan_out}: accepted are 1 or more."
            )
        self.weight = nn.Parameter(torch.empty(fan_out, fan_in))
        self.bias = nn.Parameter(torch.empty(fan_out))
        for parameter in (self.weight, self.bias):
            nn.init.uniform_(parameter, -(fan_in**-0.5), fan_in**-0.5)

    def forward(self, x: Float[Tensor, "*b fan_in"]) -> Float[Tensor, "*b fan_out"]:
        return linear(x, self.weight, self.bias)


class Standardize(nn.Module):
    """(x - mean) / std. Both are buffers: moved and saved with the model, not trained.

    Args:
        mean, std: of the training data; any shapes that broadcast with x.

    Raises:
        ValueError: a std that is not above 0, or statistics that are whole numbers.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, mean: Float[Tensor, "*statistics"], std: Float[Tensor, "*statistics"]
    ) -> None:
        super().__init__()
        if not (std > 0).all():
            raise ValueError("std: accepted is above 0; put 1 where nothing varies.")
        if not (mean.is_floating_point() and std.is_floating_point()):
            raise ValueError("mean and std: accepted are floating-point numbers.")
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("std", std.detach().clone())

    def forward(self, x: Shaped[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        return (x - self.mean) / self.std


class Dropout(nn.Module):
    """In training, zero with probability p and divide the rest by 1 - p (eq-dropout).

    In evaluation mode it does nothing (Srivastava et al., 2014).

    Raises:
        ValueError: p is no probability below 1.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p = {p}: accepted is 0 <= p < 1.")
        self.p = p

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        if not self.training:
            return x
        kept = torch.rand_like(x) >= self.p
        return torch.where(kept, x / (1 - self.p), 0)
