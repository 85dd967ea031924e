"""Log-probabilities, draws and costs in bits: probability with tensors.

Everything is kept as a logarithm, base e, until the last moment: products of
probabilities underflow, sums of their logarithms do not. Distributions over finitely many
values lie along the last axis.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

#: How far the sum of given probabilities may be from 1.
SLACK = 1e-4


def log_sum_exp(z: Float[Tensor, "*b k"]) -> Float[Tensor, "*b"]:
    """Logarithm of the sum of exponentials along the last axis (eq-log-sum-exp).

    The largest term is taken out first, so that no exponential overflows.
    """
    largest = z.amax(dim=-1, keepdim=True).detach()
    largest = torch.where(largest.isfinite(), largest, 0)  # inf - inf would be nan
    return (z - largest).exp().sum(dim=-1).log() + largest.squeeze(-1)


def log_one_plus_exp(z: Float[Tensor, "*b"]) -> Float[Tensor, "*b"]:
    """log(1 + exp(z)) to full precision for every z (eq-log-one-plus-exp)."""
    return torch.maximum(z, torch.zeros_like(z)) + torch.log1p(torch.exp(-z.abs()))


def bernoulli_log_prob(
    x: Float[Tensor, "*#b"], logit: Float[Tensor, "*#b"]
) -> Float[Tensor, "*b"]:
    """Log-probability of outcomes 0 or 1 (eq-bernoulli).

    The logit is log(p / (1 - p)), where p is the probability of a 1.
    """
    return x * logit - log_one_plus_exp(logit)


def categorical_log_prob(
    x: Int[Tensor, "*b"], logits: Float[Tensor, "*b k"]
) -> Float[Tensor, "*b"]:
    """Log-probability of class numbers x, 0 to k - 1 (eq-categorical).

    Logits are log-probabilities up to a constant, which cancels.
    """
    chosen = logits.gather(-1, x.unsqueeze(-1)).squeeze(-1)
    return chosen - log_sum_exp(logits)


def normal_log_prob(
    x: Float[Tensor, "*#b"], mean: Float[Tensor, "*#b"], scale: Float[Tensor, "*#b"]
) -> Float[Tensor, "*b"]:
    """Log-density of a Gaussian with this mean and standard deviation (eq-gaussian).

    `scale` is in the units of x: the root of the variance. A negative one gives nan.
    """
    z = (x - mean) / scale
    return -0.5 * z.square() - scale.log() - 0.5 * math.log(2 * math.pi)


def multivariate_normal_log_prob(
    x: Float[Tensor, "*b d"],
    mean: Float[Tensor, " d"],
    covariance: Float[Tensor, "d d"],
) -> Float[Tensor, "*b"]:
    """Log-density of a Gaussian vector, by Cholesky (eq-multivariate-normal).

    Raises:
        torch.linalg.LinAlgError: the covariance is not positive definite.
    """
    L = torch.linalg.cholesky(covariance)
    flat = (x - mean).reshape(-1, x.shape[-1])
    z = torch.linalg.solve_triangular(L, flat.T, upper=False)  # (d, n): L z = x - mean
    squared = z.square().sum(dim=0).reshape(x.shape[:-1])
    log_det = 2 * L.diagonal().log().sum()
    return -0.5 * (squared + log_det + x.shape[-1] * math.log(2 * math.pi))


def sample_multivariate_normal(
    mean: Float[Tensor, " d"],
    covariance: Float[Tensor, "d d"],
    n: int,
    generator: Generator,
) -> Float[Tensor, "n d"]:
    """Draws of a Gaussian vector, one a row: mean + L z (eq-cholesky-draw).

    Raises:
        torch.linalg.LinAlgError: the covariance is not positive definite.
    """
    z = torch.randn(
        n, len(mean), generator=generator, dtype=mean.dtype, device=mean.device
    )
    return mean + z @ torch.linalg.cholesky(covariance).T


def gumbel_max(
    logits: Float[Tensor, "*b k"], generator: Generator
) -> Int[Tensor, "*b"]:
    """A class number for each row of logits, the winner of a race (eq-gumbel-max)."""
    u = torch.rand(
        logits.shape, generator=generator, dtype=logits.dtype, device=logits.device
    )
    u = u.clamp(min=torch.finfo(u.dtype).tiny)  # rand can give 0, and log 0 is -inf
    return (logits - (-u.log()).log()).argmax(dim=-1)


def cross_entropy(
    p: Float[Tensor, "*#b k"], q: Float[Tensor, "*#b k"]
) -> Float[Tensor, "*b"]:
    """Mean surprise, in nats, of who believes q where p is true (eq-cross-entropy).

    Where p is 0, q does not matter; where q is 0 and p is not, it is infinite.

    Raises:
        ValueError: p or q is no distribution along its last axis.
    """
    require_distribution("p", p)
    require_distribution("q", q)
    return -torch.xlogy(p, q).sum(dim=-1)


def entropy(p: Float[Tensor, "*b k"]) -> Float[Tensor, "*b"]:
    """Mean surprise, in nats, of who believes the truth (eq-entropy).

    Raises:
        ValueError: p is no distribution along its last axis.
    """
    return cross_entropy(p, p)


def kl_divergence(
    p: Float[Tensor, "*#b k"], q: Float[Tensor, "*#b k"]
) -> Float[Tensor, "*b"]:
    """What believing q costs beyond believing the truth p, in nats (eq-kl).

    A sum of terms q - p - p log(q / p), none of which is negative. Where q is close to
    p, a term is p (r - log(1 + r)) with r = (q - p) / p, so that nothing cancels.

    Raises:
        ValueError: p or q is no distribution along its last axis.
    """
    require_distribution("p", p)
    require_distribution("q", q)
    near = (q - p).abs() < p / 2
    r = torch.where(near, (q - p) / torch.where(near, p, 1), 0)
    far = q - p + torch.xlogy(p, p) - torch.xlogy(p, q)
    return torch.where(near, p * (r - torch.log1p(r)), far).sum(dim=-1)


def normal_kl(
    mean_p: Float[Tensor, "*#b"],
    scale_p: Float[Tensor, "*#b"],
    mean_q: Float[Tensor, "*#b"],
    scale_q: Float[Tensor, "*#b"],
) -> Float[Tensor, "*b"]:
    """KL divergence of one Gaussian, p, from another, q, in nats (eq-normal-kl)."""
    ratio = scale_p / scale_q
    shift = (mean_p - mean_q) / scale_q
    return 0.5 * (ratio.square() + shift.square() - 1) - ratio.log()


def log_posterior(
    log_prior: Float[Tensor, "*#b k"], log_likelihood: Float[Tensor, "*#b k"]
) -> Float[Tensor, "*b k"]:
    """Bayes' rule for the k hypotheses of the last axis, in logarithms (eq-bayes)."""
    joint = log_prior + log_likelihood
    return joint - log_sum_exp(joint).unsqueeze(-1)


def require_distribution(name: str, p: Float[Tensor, "*p"], axis: int = -1) -> None:
    """Refuse what is no distribution along the axis, up to the rounding of its dtype.

    The sum is taken in float32 at least. The slack is 1e-4, for 16 bits 8 eps: the
    logarithm of a small probability is large, and so is its rounding error.

    Raises:
        ValueError: one is negative, or they do not add up to 1.
    """
    slack = max(SLACK, 8 * torch.finfo(p.dtype).eps)
    p = p.detach().to(torch.promote_types(p.dtype, torch.float32))
    off = (p.sum(axis) - 1).flatten()
    if bool((p < 0).any()) or not bool((off.abs() <= slack).all()):
        along = "the last axis" if axis == -1 else f"axis {axis}"
        worst = 1 + off[off.abs().argmax()].item()
        raise ValueError(
            f"{name} must hold probabilities, at least 0, that add up to 1 along {along}; "
            f"got a smallest of {p.min().item():.4g} and a sum of {worst:.4g}."
        )
