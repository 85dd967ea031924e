"""Activations: the bends between the linear layers, and the softmax behind them. None overflows for a finite float."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from dlbook.functional.probability import log_one_plus_exp


def sigmoid(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """1 / (1 + exp(-x)), from 0 to 1 (eq-sigmoid)."""
    return torch.exp(-softplus(-x))  # exp(-x) itself overflows below -88


def tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The hyperbolic tangent, from -1 to 1 (eq-tanh)."""
    u = torch.expm1(2 * x.clamp(-20, 20))  # beyond 20 it is 1 to the last bit
    return u / (u + 2)


def relu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """x above 0, else 0 (eq-relu). At 0 the slope is 0; nan stays nan."""
    return torch.where(x <= 0, 0, x)


def leaky_relu(
    x: Float[Tensor, "*shape"], slope: float = 0.01
) -> Float[Tensor, "*shape"]:
    """x above 0, else slope * x (eq-leaky-relu)."""
    return torch.where(x > 0, x, slope * x)


def softplus(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """log(1 + exp(x)), a smooth ReLU; its slope is the sigmoid (eq-softplus)."""
    return log_one_plus_exp(x)


def silu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """x * sigmoid(x), also called swish (eq-silu)."""
    return x * sigmoid(x)


def gelu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """x times the share of a standard normal below x (eq-gelu)."""
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def gelu_tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """An approximation of `gelu` without erf; torch's `approximate="tanh"`."""
    return x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def softmax(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*shape"]:
    """exp(x) as shares of their sum along `dim` (eq-softmax-stable).

    The largest entry is taken off first: it changes nothing, and nothing overflows.
    """
    e = torch.exp(x - x.amax(dim, keepdim=True).detach())
    return e / e.sum(dim, keepdim=True)


def log_softmax(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*shape"]:
    """The logarithm of the softmax, never through a log of 0 (eq-log-softmax)."""
    shifted = x - x.amax(dim, keepdim=True).detach()
    return shifted - shifted.exp().sum(dim, keepdim=True).log()
