"""Wrong answers to the exercises of the page 02_autograd/optimizers: mistakes that readers make."""

import math

import torch

from dlbook.book.exercises.optimizers import GRADERS

STEPS, COUNTS = (GRADERS[f"optimizers-{number}"].expected for number in (1, 10))


def past(beta, t, reverse=False, corrected=True):
    k = torch.arange(1, t + 1, dtype=torch.float64)
    weights = (1 - beta) * beta ** (k - 1 if reverse else t - k)
    return weights / (1 - beta**t) if corrected else weights


def lion(theta, g, m, eta, b1, b2, decay, new_mean=False, coupled=False, signed=True, swapped=False):
    after = b2 * m + (1 - b2) * g
    if coupled:
        g = g + decay * theta
    mix = (after if new_mean else b1 * m + (1 - b1) * g) if not swapped else (1 - b1) * m + b1 * g
    moved = (1 - (0 if coupled else eta * decay)) * theta - eta * (mix.sign() if signed else mix)
    return moved, after


def groups(model, lr, decay, start="head.", ratio=0.1, dims=2, whole=False, keep_empty=False, head=None):
    found = {}
    if keep_empty:
        found = {
            (head, matrix): {"params": [], "lr": lr if head else lr / 10, "weight_decay": decay if matrix else 0.0}
            for head in (True, False)
            for matrix in (True, False)
        }
    for name, p in model.named_parameters():
        of_head = head(name) if head else name.startswith(start)
        matrix = whole or p.ndim >= dims
        group = {"params": [], "lr": lr if of_head else lr * ratio, "weight_decay": decay if matrix else 0.0}
        found.setdefault((of_head, matrix), group)["params"].append(p)
    return list(found.values())


def by_name(model, lr, decay):
    """Decay for what is called weight: the scales of a norm, too."""
    return [
        {
            "params": [p],
            "lr": lr if n.startswith("head.") else lr / 10,
            "weight_decay": decay if n.endswith("weight") else 0.0,
        }
        for n, p in model.named_parameters()
    ]


def anywhere(model, lr, decay):
    """Whatever has "head" somewhere in its name."""
    return groups(model, lr, decay, start="", head=lambda name: "head" in name)


def piled(gradients, sizes, c, weights=None, each=False, value=False, always=False, least=1e-30):
    weights = weights or [n / sum(sizes) for n in sizes]
    if each:
        gradients = [g * min(1.0, c / max(g.norm().item(), least)) for g in gradients]
    whole = sum(w * g for w, g in zip(weights, gradients, strict=True))
    if value:
        return whole.clamp(-c, c)
    factor = c / max(whole.norm().item(), least)
    return whole if each else whole * (factor if always else min(1.0, factor))


def chosen(losses, how="mean", edge=True):
    means = {
        "mean": lambda: torch.where(losses.mean(1).isnan(), math.inf, losses.mean(1)),
        "nan": lambda: losses.mean(1),
        "nanmean": lambda: losses.nanmean(1),
        "min": lambda: torch.where(losses.mean(1).isnan(), math.inf, losses.amin(1)),
    }[how]()
    best = int(means.nan_to_num(math.inf).argmin()) if how == "nanmean" else int(means.argmin())
    return best, 0 < best < len(losses) - (1 if edge else 0)


WRONG = {
    "optimizers-1": [
        STEPS | {"momentum": [3.0, 1.75, 0.5625]},  # (1 - mu) in front of the gradient
        STEPS | {"momentum": [2.0, 1.0, 0.5]},  # no momentum at all
        STEPS | {"nesterov": [2.0, 0.0, -1.0]},
        {"momentum": STEPS["nesterov"], "nesterov": STEPS["momentum"]},
        STEPS | {"momentum": [4.0, 2.0, 0.0]},  # the start, not where it goes
    ],
    "optimizers-2": [
        lambda eta, mu, g, t: -eta * g * t / (1 - mu),
        lambda eta, mu, g, t: -eta * g * (1 - mu**t) / (1 - mu),
        lambda eta, mu, g, t: eta * g / (1 - mu) * (t - mu * (1 - mu**t) / (1 - mu)),
        lambda eta, mu, g, t: -eta * g / (1 - mu) * (t - (1 - mu**t) / (1 - mu)),
        lambda eta, mu, g, t: -eta * g * (t - mu * (1 - mu**t) / (1 - mu)),
    ],
    "optimizers-3": [
        lambda curvature, mu: 2 / curvature,
        lambda curvature, mu: (1 + mu) / curvature,
        lambda curvature, mu: 2 / ((1 - mu) * curvature),
        lambda curvature, mu: (1 + math.sqrt(mu)) ** 2 / curvature,
    ],
    "optimizers-4": [
        lambda beta, t: past(beta, t, reverse=True),
        lambda beta, t: past(beta, t, corrected=False),
        lambda beta, t: past(beta, t).float(),
        lambda beta, t: torch.full((t,), 1 / t, dtype=torch.float64),
        lambda beta, t: past(beta, t).tolist(),
    ],
    "optimizers-5": [
        lambda *a: lion(*a, new_mean=True),
        lambda *a: lion(*a, coupled=True),
        lambda *a: lion(*a, signed=False),
        lambda *a: lion(*a, swapped=True),
        lambda *a: lion(*a)[0],
        lambda theta, g, m, *a: lion(theta, g, m.mul_(0.9), *a),
    ],
    "optimizers-6": [
        lambda m, lr, wd: groups(m, lr, wd, whole=True),
        lambda m, lr, wd: groups(m, lr, wd, ratio=1.0),
        lambda m, lr, wd: groups(m, lr, wd, dims=3),
        lambda m, lr, wd: groups(m, lr, wd, start="body"),
        lambda m, lr, wd: groups(m, lr, wd, start="head"),
        anywhere,
        lambda m, lr, wd: groups(m, lr, wd, keep_empty=True),
        by_name,
        lambda m, lr, wd: [*groups(m, lr, wd), {"params": list(m.parameters()), "lr": lr, "weight_decay": 0.0}],
        lambda m, lr, wd: groups(m, lr, wd)[:1],
    ],
    "optimizers-7": [
        lambda t, warm, cool, total: min(1.0, t / warm, (total - t) / cool),
        lambda t, warm, cool, total: min(1.0, (t + 1) / warm),
        lambda t, warm, cool, total: min(1.0, (t + 1) / warm, (total - t - 1) / cool),
        lambda t, warm, cool, total: min(1.0, (t + 1) / warm, max(0.0, 1 - t / total)),
    ],
    "optimizers-8": [
        lambda g, n, c: piled(g, n, c, weights=[1 / len(n)] * len(n)),
        lambda g, n, c: piled(g, n, c, weights=[1.0] * len(n)),
        lambda g, n, c: piled(g, n, c, each=True),
        lambda g, n, c: piled(g, n, c, value=True),
        lambda g, n, c: piled(g, n, c, always=True),
        lambda g, n, c: piled(g, n, c, least=0.0),  # divides by a norm of zero
    ],
    "optimizers-9": [
        lambda losses: chosen(losses, "nan"),
        lambda losses: chosen(losses, "nanmean"),
        lambda losses: chosen(losses, "min"),
        lambda losses: chosen(losses, edge=False),
        lambda losses: chosen(losses)[0],
    ],
    "optimizers-10": [
        COUNTS | {"as they are": 5},
        COUNTS | {"Holm": 4},  # only the smallest is multiplied
        COUNTS | {"Holm": 1},
        COUNTS | {"Bonferroni": 2},
    ],
}
