"""Wrong answers to the exercises of the page 02_autograd/losses: mistakes that readers make."""

import math

import torch
import torch.nn.functional as F

from dlbook.book.exercises.losses import GRADERS

PROMISES, TARGETS = (GRADERS[f"losses-{number}"].expected for number in (1, 4))


def halves(z, t, rest, slope=1):
    """The right answer to losses-5, for the right `rest`; a part of its slope."""
    up, down = (z.abs() + z) / 2, (z.abs() - z) / 2
    value = t * (down + rest) + (1 - t) * (up + rest)
    return slope * value + (1 - slope) * value.detach()


def softened(z):
    return torch.log1p(torch.exp(-z.abs()))


def entropy(shares):
    return -sum(s * math.log(s) for s in shares if s > 0)


WRONG = {
    "losses-1": [
        PROMISES | {"squared": 3.0},
        PROMISES | {"absolute": 12.0},
        PROMISES | {"quantile": 1.0},
        PROMISES | {"quantile": 4.0},
        PROMISES | {"Huber": 3.0},
    ],
    "losses-2": [
        lambda p, t, d: (p - t).clamp(-d, d),
        lambda p, t, d: (t - p).clamp(-d, d) / p.numel(),
        lambda p, t, d: (p - t).clamp(-d, d) / len(p),
        lambda p, t, d: torch.where((p - t).abs() <= d, p - t, (p - t).sign()) / p.numel(),
        lambda p, t, d: (p - t).clamp(max=d) / p.numel(),
    ],
    "losses-3": [
        lambda z, y: (z * y - z.log()).mean(),
        lambda z, y: (z - z.exp() * y).mean(),
        lambda z, y: (z.exp() - z * y).mean(),
        lambda z, y: (z.exp() * y - z).sum(),
        lambda z, y: (z.exp() * y).mean(),
    ],
    "losses-4": [
        TARGETS | {"a": ((32, 7), torch.int64)},
        TARGETS | {"a": ((32, 1), torch.int64)},
        TARGETS | {"b": ((32, 7), torch.int64)},
        TARGETS | {"b": ((32,), torch.float32)},
        TARGETS | {"c": ((32, 5, 20, 30), torch.int64)},
        TARGETS | {"d": ((32,), torch.float32)},
    ],
    "losses-5": [
        lambda z, t: -t * z.sigmoid().log() - (1 - t) * (1 - z.sigmoid()).log(),
        lambda z, t: F.binary_cross_entropy(z.sigmoid(), t, reduction="none"),
        lambda z, t: torch.log1p(torch.exp(z)) - t * z,
        lambda z, t: z.clamp(min=0) + torch.log1p(torch.exp(-z.abs())) - t * z,
        lambda z, t: t * torch.log1p(torch.exp(-z)) + (1 - t) * torch.log1p(torch.exp(z)),
        lambda z, t: F.binary_cross_entropy_with_logits(z, t),
        lambda z, t: F.binary_cross_entropy_with_logits(z.detach().double(), t.double(), reduction="none").float(),
        lambda z, t: t * ((-z).clamp(min=0) + softened(z)) + (1 - t) * (z.clamp(min=0) + softened(z)),
        lambda z, t: t * ((-z).relu() + softened(z)) + (1 - t) * (z.relu() + softened(z)),
        lambda z, t: halves(z, t, softened(z).detach()),
        lambda z, t: halves(z, t, softened(z), slope=0),
        lambda z, t: halves(z, t, softened(z), slope=0.5),
        lambda z, t: halves(z, t, softened(z), slope=-1),
    ],
    "losses-6": [
        lambda z, y, w: (z.softmax(1) - F.one_hot(y, z.shape[1])) / len(z),
        lambda z, y, w: w[y][:, None] * (z.softmax(1) - F.one_hot(y, z.shape[1])) / len(z),
        lambda z, y, w: w * (z.softmax(1) - F.one_hot(y, z.shape[1])) / w[y].sum(),
        lambda z, y, w: w[y][:, None] * (z.softmax(1) - F.one_hot(y, z.shape[1])) / w.sum(),
        lambda z, y, w: w[y][:, None] * (F.one_hot(y, z.shape[1]) - z.softmax(1)) / w[y].sum(),
    ],
    "losses-7": [
        lambda c, e: 0.0,
        lambda c, e: -math.log(1 - e + e / c),
        lambda c, e: entropy([1 - e, e / c]),
        lambda c, e: entropy([1 - e] + [e / (c - 1)] * (c - 1)),
        lambda c, e: entropy([1 - e + e / c, e / c]),
    ],
    "losses-8": [
        lambda z, y: F.cross_entropy(z.mT, y),
        lambda z, y: F.cross_entropy(z.mT, y, reduction="none").mean(),
        lambda z, y: F.cross_entropy(z.mT, y, reduction="none").sum(1).mean(),
        lambda z, y: (F.cross_entropy(z.mT, y, reduction="none").sum(1) / (y != -100).sum(1)).sum(),
        lambda z, y: (F.cross_entropy(z.mT, y.clamp(min=0), reduction="none").sum(1) / (y != -100).sum(1)).mean(),
    ],
    "losses-9": [
        lambda z, p: F.kl_div(z.softmax(1), p, reduction="batchmean"),
        lambda z, p: F.kl_div(z.log_softmax(1), p, reduction="sum"),
        lambda z, p: F.kl_div(z.log_softmax(1), p, reduction="none").mean(),
        lambda z, p: F.kl_div(p.log(), z.softmax(1), reduction="batchmean"),
        lambda z, p: F.kl_div(z.softmax(1).log(), p, reduction="batchmean"),
        lambda z, p: F.kl_div(z.log_softmax(0), p, reduction="batchmean"),
        lambda z, p: F.cross_entropy(z, p),
    ],
    "losses-10": [
        lambda c: (0.0, math.inf),
        lambda c: (math.log(math.e + c - 1) - 1, math.log(math.e + c - 1)),
        lambda c: (math.log(math.e + c) - 1, math.log(1 + (c - 1) * math.e)),
        lambda c: (math.log(1 + (c - 1) * math.e), math.log(math.e + c - 1) - 1),
        lambda c: (math.log(math.e + c - 1) - 1, math.log(c)),
    ],
}
