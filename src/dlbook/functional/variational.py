"""Bounds on a log-likelihood that has no closed form, and what they are made of.

One example is one row: terms are summed over the last axis, its pixels or its latents,
and nothing is averaged over the batch. Every number is in nats an example.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from dlbook.functional.probability import (
    bernoulli_log_prob,
    log_sum_exp,
    normal_log_prob,
)
from dlbook.functional.targets import require_shares


def reparameterize(
    mu: Float[Tensor, "*m"], logvar: Float[Tensor, "*v"], noise: Float[Tensor, "*e"]
) -> Float[Tensor, "*m"]:
    """A draw of N(mu, exp(logvar)) as a function of both (eq-reparameterize).

    `noise` is standard normal, a number for each latent of each row: of the shape of
    mu and logvar, (..., d). Source: Kingma and Welling (2014), section 2.4.

    Raises:
        ValueError: three shapes that are not the same.
    """
    require_like("logvar", logvar, "mu", mu)
    require_like("noise", noise, "mu", mu)
    return mu + torch.exp(logvar / 2) * noise


def kl_to_standard_normal(
    mu: Float[Tensor, "*m"], logvar: Float[Tensor, "*v"]
) -> Float[Tensor, "*b"]:
    """KL divergence from N(mu, exp(logvar)) to N(0, 1), a row (eq-kl-standard).

    exp(logvar) - 1 is taken as `expm1`: near logvar = 0, where nothing is learnt, the
    difference of two nearly equal numbers would be left with few digits.
    Source: Kingma and Welling (2014), appendix B.

    Raises:
        ValueError: two shapes that are not the same.
    """
    require_like("logvar", logvar, "mu", mu)
    return 0.5 * (mu.square() + torch.expm1(logvar) - logvar).sum(dim=-1)


def bernoulli_log_likelihood(
    logits: Float[Tensor, "*l"], x: Shaped[Tensor, "*x"]
) -> Float[Tensor, "*b"]:
    """Log-probability of a row of zeros and ones (eq-vae-bernoulli).

    For grey values between 0 and 1 it is no log-probability of anything: their
    probabilities would not add up to 1. It is what the widely used example minimises.

    Raises:
        TypeError: x that are no floats.
        ValueError: shapes that are not the same, or an x outside 0 to 1.
    """
    require_like("x", x, "logits", logits)
    require_shares("x", x)
    return bernoulli_log_prob(x, logits).sum(dim=-1)


def gaussian_log_likelihood(
    mean: Float[Tensor, "*m"],
    x: Float[Tensor, "*x"],
    logvar: Float[Tensor, "*v"] | float,
) -> Float[Tensor, "*b"]:
    """Log-density of a row of numbers, each with its Gaussian (eq-vae-gaussian).

    `logvar` is one number, or a tensor that broadcasts to x. The variance is in the
    square of the units of x; a density can be above 1, and its logarithm above 0.

    Raises:
        ValueError: mean and x of different shapes, or a logvar that does not broadcast.
    """
    require_like("x", x, "mean", mean)
    logvar = torch.as_tensor(logvar, dtype=mean.dtype, device=mean.device)
    require_broadcast_to("logvar", logvar, mean)
    return normal_log_prob(x, mean, torch.exp(logvar / 2)).sum(dim=-1)


def elbo(
    log_likelihood: Float[Tensor, "*l"], kl: Float[Tensor, "*k"], beta: float = 1.0
) -> Float[Tensor, "*l"]:
    """The evidence lower bound: what is explained less what it costs (eq-vae-elbo).

    With another beta than 1 it is another objective; above 1 still a lower bound.
    Source: Kingma and Welling (2014); beta: Higgins et al. (2017).

    Raises:
        ValueError: shapes that are not the same, or a beta below 0.
    """
    require_like("kl", kl, "log_likelihood", log_likelihood)
    if not beta >= 0:
        raise ValueError(f"beta = {beta}: accepted is 0 or more.")
    return log_likelihood - beta * kl


def importance_bound(log_weights: Float[Tensor, "*w"]) -> Float[Tensor, "*b"]:
    """Logarithm of the mean of k importance weights, their first axis (eq-iwae).

    With k = 1 its expectation is the ELBO, with more it rises to the log-likelihood.
    Source: Burda et al. (2016).

    Raises:
        ValueError: no weight.
    """
    if log_weights.ndim == 0 or len(log_weights) == 0:
        raise ValueError(
            f"log_weights {tuple(log_weights.shape)}: accepted is (k, b), k from 1."
        )
    k = len(log_weights)
    return log_sum_exp(log_weights.movedim(0, -1)) - math.log(k)


def bits_per_dimension(
    nats: Float[Tensor, "*b"] | float, dimensions: int, levels: int = 1
) -> Float[Tensor, "*b"] | float:
    """Bits that a pixel costs, from the negative log-likelihood of a row (eq-bits).

    Zeros and ones have probabilities: leave `levels` at 1. A grey value v out of 0 to
    levels - 1, dequantised to (v + u) / levels with u uniform on [0, 1), has a density
    instead. The mass of v is the integral over its cell, 1 / levels wide: log(levels)
    nats a pixel are added. By Jensen's inequality the mean over u is at least what v
    itself costs, and exactly that for a density that is constant in each cell.
    Source: Theis et al. (2016), section 3.1.

    Raises:
        ValueError: dimensions or levels below 1.
    """
    for name, value in (("dimensions", dimensions), ("levels", levels)):
        if value < 1:
            raise ValueError(f"{name} = {value}: accepted is 1 or more.")
    return nats / (dimensions * math.log(2)) + math.log2(levels)


def active_units(mu: Float[Tensor, "*m"], least: float = 0.01) -> int:
    """How many latents the encoder uses: their means vary over the data.

    mu holds the posterior means of n examples, (n, d); a latent counts where their
    variance is above `least`. Source: Burda et al. (2016), section 5.2.

    Raises:
        ValueError: mu is not (n, d), with two examples or more.
    """
    if mu.ndim != 2 or len(mu) < 2:
        raise ValueError(f"mu {tuple(mu.shape)}: accepted is (n, d), n from 2.")
    return int((mu.var(dim=0) > least).sum())


def require_like(name: str, x: Tensor, wanted: str, like: Tensor) -> None:
    """Refuse two tensors that would only meet by broadcasting.

    Raises:
        ValueError: the shapes differ.
    """
    if x.shape != like.shape:
        raise ValueError(
            f"{name} {tuple(x.shape)}: accepted is the shape of {wanted}, "
            f"{tuple(like.shape)}."
        )


def require_broadcast_to(name: str, x: Tensor, like: Tensor) -> None:
    """Refuse a tensor that does not broadcast to the shape of another.

    Raises:
        ValueError: as said; also where both would grow.
    """
    sizes = zip(reversed(x.shape), reversed(like.shape), strict=False)
    if x.ndim > like.ndim or any(n not in (1, m) for n, m in sizes):
        raise ValueError(
            f"{name} {tuple(x.shape)}: accepted is a shape that broadcasts to "
            f"{tuple(like.shape)}."
        )
