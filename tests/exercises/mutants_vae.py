"""Wrong answers to the exercises of the page 06_vae: mistakes that readers make."""

import math

import torch
import torch.nn.functional as F

from dlbook.book.exercises.vae import GRADERS

SHAPES = GRADERS["vae-1"].expected


def bound_and_gap(joint, q, normalise=False, skip=False, entropy=1.0):
    p = joint / joint.sum() if normalise else joint
    if skip:
        return (q * p.log()).sum() - (q * q.log()).sum(), torch.zeros(())
    bound = (q * p.log()).sum() - entropy * torch.xlogy(q, q).sum()
    return bound, joint.sum().log() - bound


def kl_to_wide(mu, logvar, s, power=2, shift=True, dim=1):
    v, m = logvar.exp() / s**power, mu / s if shift else mu
    return 0.5 * (m**2 + v - 1 - v.log()).sum(dim)


def head_gradients(mu, logvar, noise, g, half=0.5, kl=1.0, sigma=True):
    spread = (logvar / 2).exp() if sigma else logvar.exp()
    return g + kl * mu, g * noise * spread * half + kl * (logvar.exp() - 1) / 2


def by_autograd(mu, logvar, noise, g):
    mu.requires_grad_(), logvar.requires_grad_()
    z = mu + (logvar / 2).exp() * noise
    loss = (g * z).sum() + 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()
    return torch.autograd.grad(loss, (mu, logvar))


def laplace_draw(loc, scale, u):
    v = u - 0.5
    return loc - scale * v.sign() * torch.log1p(-2 * v.abs())


def vae_loss(logits, x, mu, logvar, bce="sum", kl="sum", sign=1.0, batch=True):
    kld = 0.5 * (mu**2 + logvar.exp() - 1 - logvar)
    total = F.binary_cross_entropy_with_logits(logits, x, reduction=bce)
    total = total + sign * (kld.sum() if kl == "sum" else kld.mean())
    return total / len(x) if batch else total


def best_log_likelihood(means, x, per="column", constant=True, half=0.5):
    e = (x - means).square()
    e = {"column": e.mean(0), "all": e.mean(), "example": e.mean(1, keepdim=True)}[per].expand_as(x)
    return -half * ((1 if constant else 0) + torch.log(2 * math.pi * e)).sum(1).mean()


def tight_bound(log_p, log_q, mean=True, dim=0):
    log_w = log_p - log_q
    return torch.logsumexp(log_w, dim) - (math.log(log_w.shape[dim]) if mean else 0)


def fair_distance(x, y, own="both", twice=2, within=1.0):
    def inside(a, fair):
        n = len(a)
        return torch.cdist(a, a).sum() / (n * (n - 1) if fair else n * n)

    first, second = inside(x, own in ("both", "x")), inside(y, own in ("both", "y"))
    return twice * torch.cdist(x, y).mean() - within * (first + second)


WRONG = {
    "vae-1": [
        SHAPES | {"likelihood": (32, 20)},
        SHAPES | {"mu": (20,)},
        SHAPES | {"parameters": SHAPES["parameters"] - 8020},
        SHAPES | {"divergences": 640},
        SHAPES | {"divergences": 1},
    ],
    "vae-2": [
        lambda joint, q: bound_and_gap(joint, q, normalise=True),
        lambda joint, q: bound_and_gap(joint, q, skip=True),
        lambda joint, q: bound_and_gap(joint, q, entropy=0.0),
        lambda joint, q: bound_and_gap(joint, q, entropy=-1.0),
        lambda joint, q: ((q * (joint / q).log()).sum(), joint.sum().log() - (q * (joint / q).log()).sum()),
        lambda joint, q: bound_and_gap(joint, q)[0],
    ],
    "vae-3": [
        lambda mu, logvar, s: kl_to_wide(mu, logvar, 1.0),
        lambda mu, logvar, s: kl_to_wide(mu, logvar, s, power=1),
        lambda mu, logvar, s: kl_to_wide(mu, logvar, s, shift=False),
        lambda mu, logvar, s: kl_to_wide(mu, logvar, s, dim=0),
        lambda mu, logvar, s: kl_to_wide(mu, 2 * logvar, s),
        lambda mu, logvar, s: -kl_to_wide(mu, logvar, s),
    ],
    "vae-4": [
        lambda *a: head_gradients(*a, half=1.0),
        lambda *a: head_gradients(*a, kl=0.0),
        lambda *a: head_gradients(*a, kl=-1.0),
        lambda *a: head_gradients(*a, sigma=False),
        lambda *a: head_gradients(*a)[0],
        by_autograd,
    ],
    "vae-5": [
        lambda loc, scale, u: loc + scale * u,
        lambda loc, scale, u: laplace_draw(loc, scale, 1 - u),
        lambda loc, scale, u: loc - scale * torch.log(1 - u),
        lambda loc, scale, u: laplace_draw(loc, 2 * scale, u),
        lambda loc, scale, u: laplace_draw(loc, scale, u).detach(),
        lambda loc, scale, u: laplace_draw(loc, scale.detach(), u),
        lambda loc, scale, u: torch.distributions.Normal(loc, scale).icdf(u),
    ],
    "vae-6": [
        lambda *a: vae_loss(*a, bce="mean"),
        lambda *a: vae_loss(*a, kl="mean"),
        lambda *a: vae_loss(*a, sign=-1.0),
        lambda *a: vae_loss(*a, batch=False),
        lambda *a: vae_loss(*a, bce="mean", batch=False),
        lambda logits, *a: vae_loss(logits.sigmoid(), *a),
        lambda logits, x, mu, logvar: vae_loss(logits, x, mu.sigmoid(), logvar),
        lambda logits, x, mu, logvar: vae_loss(logits, x, mu, 2 * logvar),
    ],
    "vae-7": [
        lambda *a: best_log_likelihood(*a, per="example"),
        lambda *a: best_log_likelihood(*a, per="all"),
        lambda *a: best_log_likelihood(*a, constant=False),
        lambda *a: best_log_likelihood(*a, half=1.0),
        lambda means, x: best_log_likelihood(means, x) / x.shape[1],
        lambda means, x: best_log_likelihood(means, x) * len(x),
        lambda means, x: -best_log_likelihood(means, x),
    ],
    "vae-8": [
        lambda *a: tight_bound(*a, mean=False),
        lambda *a: tight_bound(*a, dim=1),
        lambda log_p, log_q: (log_p - log_q).mean(0),
        lambda log_p, log_q: (log_p - log_q).exp().mean(0).log(),
        lambda log_p, log_q: tight_bound(log_q, log_p),
        lambda log_p, log_q: tight_bound(log_p, log_q).mean(),
    ],
    "vae-9": [
        lambda M: 0.5 * (torch.linalg.inv(M).diagonal().log().sum() - torch.logdet(torch.linalg.inv(M))),
        lambda M: M.diagonal().log().sum() - torch.logdet(M),
        lambda M: 0.5 * (torch.logdet(M) - M.diagonal().log().sum()),
        lambda M: 0.5 * M.diagonal().log().sum(),
    ],
    "vae-10": [
        lambda x, y: fair_distance(x, y, own="none"),
        lambda x, y: fair_distance(x, y, own="x"),
        lambda x, y: fair_distance(x, y, own="y"),
        lambda x, y: fair_distance(x, y, twice=1),
        lambda x, y: fair_distance(x, y, within=0.5),
        lambda x, y: fair_distance(x, y, within=0.0),
        lambda x, y: fair_distance(x, y).clamp(min=0).sqrt(),
        lambda x, y: -fair_distance(x, y),
    ],
}
