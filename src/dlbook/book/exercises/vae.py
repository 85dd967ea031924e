"""Graders of the page 06_vae."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributions as D
from torch import Generator, Tensor
from torch.nn import functional as F

from .graders import Function, Value, Verdict

Cases = Iterator[tuple[Any, ...]]


def _normal(generator: Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _joints(generator: Generator) -> Cases:
    for k in (2, 5, 13):
        q = _normal(generator, k).softmax(0)
        yield _normal(generator, k).sigmoid() / k, q
    yield torch.tensor([0.1, 0.2, 0.05]).double(), torch.tensor([0.25, 0.75, 0.0]).double()


def _bound_and_gap(joint: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    used = q > 0
    bound = (q[used] * (joint[used] / q[used]).log()).sum()
    return bound, joint.sum().log() - bound


def _heads(generator: Generator) -> Cases:
    for (b, d), s in [((3, 2), 2.0), ((1, 5), 0.5), ((4, 1), 1.0)]:
        yield _normal(generator, b, d), _normal(generator, b, d), s


def _kl_to_wide(mu: Tensor, logvar: Tensor, s: float) -> Tensor:
    prior = D.Normal(torch.zeros_like(mu), torch.full_like(mu, s))
    return D.kl_divergence(D.Normal(mu, (logvar / 2).exp()), prior).sum(dim=1)


class _ByHand(Function):
    """The answer is tried with autograd switched off."""

    def judge(self, answer: Any) -> Verdict:
        def without_autograd(*arguments: Any) -> Any:
            with torch.inference_mode():
                return answer(*arguments)

        return super().judge(without_autograd if callable(answer) else answer)


def _batches(generator: Generator) -> Cases:
    for b, d in [(3, 2), (1, 7), (5, 4)]:
        yield tuple(_normal(generator, b, d) for _ in range(4))


def _head_gradients(mu: Tensor, logvar: Tensor, noise: Tensor, g: Tensor) -> tuple[Tensor, ...]:
    with torch.inference_mode(False), torch.enable_grad():
        mu, logvar, noise, g = (part.clone() for part in (mu, logvar, noise, g))
        mu.requires_grad_(), logvar.requires_grad_()
        z = mu + (logvar / 2).exp() * noise
        loss = (g * z).sum() + 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()
        return torch.autograd.grad(loss, (mu, logvar))


def _uniform(generator: Generator) -> Cases:
    for n in (5, 1, 20):
        loc, scale = _normal(generator, n), _normal(generator, n).exp()
        yield loc, scale, torch.rand(n, generator=generator, dtype=torch.float64).clamp(0.01, 0.99)


def _laplace_draw(loc: Tensor, scale: Tensor, u: Tensor) -> Tensor:
    return D.Laplace(loc, scale).icdf(u)


def _laplace_fault(got: Any, loc: Tensor, scale: Tensor, u: Tensor) -> str:
    if not isinstance(got, Tensor) or got.shape != u.shape:
        return "a tensor of the shape of u is expected"
    wanted = _laplace_draw(loc, scale, u)
    off = (got.detach() - wanted).abs() > 1e-8 * (1 + wanted.abs())
    if off.any():
        i = int(off.nonzero()[0])
        given = f"loc {loc[i]:.4g}, scale {scale[i]:.4g} and u {u[i]:.4g}"
        return f"with {given} the draw is {got[i].item():.6g}, which has not u as its cumulative probability"
    return ""


class _Differentiable(Function):
    """The answer must also carry gradients to the first two arguments."""

    def judge(self, answer: Any) -> Verdict:
        verdict = super().judge(answer)
        if verdict.status != "right":
            return verdict
        for loc, scale, u in _uniform(torch.Generator().manual_seed(2)):
            loc.requires_grad_(), scale.requires_grad_()
            drawn, expected = answer(loc, scale, u), _laplace_draw(loc, scale, u)
            if not drawn.requires_grad:
                return Verdict("wrong", f"no gradient reaches loc and scale. Hint: {self.hint}")
            theirs = torch.autograd.grad(drawn.sum(), (loc, scale), allow_unused=True)
            ours = torch.autograd.grad(expected.sum(), (loc, scale))
            if any(a is None or not torch.allclose(a, b) for a, b in zip(theirs, ours, strict=True)):
                return Verdict("wrong", f"the gradients by loc and scale are off. Hint: {self.hint}")
        return verdict


def _pictures(generator: Generator) -> Cases:
    for b, c, h, w, d in [(3, 1, 4, 5, 2), (1, 2, 3, 3, 4), (5, 1, 2, 7, 1)]:
        x = (_normal(generator, b, c, h, w) > 0).double()
        yield 3 * _normal(generator, b, c, h, w), x, _normal(generator, b, d), _normal(generator, b, d)


def _vae_loss(logits: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (bce + 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()) / len(x)


def _means(generator: Generator) -> Cases:
    for b, d, size in [(4, 3, 1.0), (2, 6, 0.1), (7, 2, 5.0), (5, 1, 1.0)]:
        yield _normal(generator, b, d), size * _normal(generator, b, d)


def _best_log_likelihood(means: Tensor, x: Tensor) -> Tensor:
    scale = (x - means).square().mean(dim=0).sqrt()
    return D.Normal(means, scale).log_prob(x).sum(dim=1).mean()


def _log_weights(generator: Generator) -> Cases:
    for k, b, level in [(5, 3, 0.0), (1, 4, -10.0), (20, 2, -1000.0)]:
        yield level + 3 * _normal(generator, k, b), _normal(generator, k, b)


def _tight_bound(log_p: Tensor, log_q: Tensor) -> Tensor:
    return torch.logsumexp(log_p - log_q, dim=0) - math.log(len(log_p))


def _precisions(generator: Generator) -> Cases:
    for d in (2, 4, 1, 5):
        factor = _normal(generator, d, d)
        yield (factor @ factor.T + 0.5 * torch.eye(d, dtype=torch.float64),)


def _price_of_independence(M: Tensor) -> Tensor:
    zero = torch.zeros(len(M), dtype=M.dtype)
    guess = D.MultivariateNormal(zero, torch.diag(1 / M.diagonal()))
    return D.kl_divergence(guess, D.MultivariateNormal(zero, precision_matrix=M))


def _samples(generator: Generator) -> Cases:
    for n, m, d in [(3, 5, 2), (2, 2, 1), (7, 4, 3), (2, 9, 5)]:
        yield _normal(generator, n, d), 0.5 + 2 * _normal(generator, m, d)


def _fair_distance(x: Tensor, y: Tensor) -> Tensor:
    def apart(a: Tensor, b: Tensor) -> Tensor:
        return (a[:, None] - b[None]).square().sum(dim=-1).sqrt()

    return 2 * apart(x, y).mean() - F.pdist(x).mean() - F.pdist(y).mean()


GRADERS = {
    "vae-1": Value(
        {
            "likelihood": (32, 784),
            "mu": (32, 20),
            "parameters": 784 * 400 + 400 + 2 * (400 * 20 + 20) + 20 * 400 + 400 + 400 * 784 + 784,
            "divergences": 32,
        },
        "weights and biases of five linear layers, two of which are heads; a divergence is summed over the latents",
    ),
    "vae-2": Function(
        _bound_and_gap, _joints, "the mean over q of log joint - log q; the gap is taken off the log of their sum"
    ),
    "vae-3": Function(
        _kl_to_wide,
        _heads,
        "a divergence does not change with the unit: measure z in units of s; sum over the latents",
        rtol=1e-8,
    ),
    "vae-4": _ByHand(
        _head_gradients,
        _batches,
        "dz/dmu is 1, dz/dlogvar is half of sigma * noise; and the KL has its own slopes",
        rtol=1e-8,
    ),
    "vae-5": _Differentiable(
        _laplace_draw,
        _uniform,
        "invert the cumulative distribution, below the centre and above it",
        property_of=_laplace_fault,
    ),
    "vae-6": Function(
        _vae_loss, _pictures, "sum over all axes but the batch, and over the latents; then the mean", rtol=1e-8
    ),
    "vae-7": Function(
        _best_log_likelihood,
        _means,
        "each column has its own variance: set the derivative of its mean cost by that variance to 0",
        rtol=1e-8,
    ),
    "vae-8": Function(
        _tight_bound, _log_weights, "a log-mean-exp of the log-weights over the first axis", rtol=1e-8
    ),
    "vae-9": Function(
        _price_of_independence,
        _precisions,
        "set the derivative by each variance to 0; the diagonal of the inverse of M is not the answer",
        rtol=1e-7,
    ),
    "vae-10": Function(
        _fair_distance, _samples, "how many pairs of two different points has a sample of n?", rtol=1e-7
    ),
}
