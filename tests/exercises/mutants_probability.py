"""Wrong answers to the exercises of the page 01_tensors/probability: mistakes that readers make."""

import math

import torch

from dlbook.book.exercises.probability import GRADERS

BITS = GRADERS["probability-6"].expected


def noise_by_the_global_seed(x, seed):
    torch.manual_seed(seed)
    return x + torch.randn(x.shape, dtype=x.dtype)


def noise_of_the_global_generator(x, seed):
    return x + torch.randn(x.shape, dtype=x.dtype)


def noise_of_one_dtype(x, seed):
    return x + torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))


def noise_in_place(x, seed):
    x += torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=x.dtype)
    return x


def log_densities(x, mean, scale):
    return torch.distributions.Normal(mean, scale).log_prob(x[:, None])


def odds(prevalence, caught, false_alarm, positives, negatives):
    return (
        prevalence
        / (1 - prevalence)
        * (caught / false_alarm) ** positives
        * ((1 - caught) / (1 - false_alarm)) ** negatives
    )


WRONG = {
    "probability-1": [
        noise_by_the_global_seed,
        noise_of_the_global_generator,
        noise_of_one_dtype,
        noise_in_place,
        lambda x, seed: torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=x.dtype),
    ],
    "probability-2": [
        lambda x: (x.mean(0), x.std(0)),
        lambda x: (x.mean(0), x.var(0) / len(x)),
        lambda x: (x.mean(0), x.std(0, correction=0) / math.sqrt(len(x))),
        lambda x: (x.mean(0), x.std(0) / math.sqrt(x.numel())),
        lambda x: (x.mean(1), x.std(1) / math.sqrt(x.shape[1])),
        lambda x: (x.mean(), x.std() / math.sqrt(len(x))),
    ],
    "probability-3": [
        lambda a, h: math.ceil(1.96 / h * math.sqrt(a * (1 - a))),
        lambda a, h: math.ceil((1.96 / h) ** 2 * a),
        lambda a, h: math.ceil((1.96 / h) ** 2 * (a * (1 - a)) ** 2),
        lambda a, h: int((1.96 / h) ** 2 * a * (1 - a)),
        lambda a, h: math.ceil(a * (1 - a) / h**2),
    ],
    "probability-4": [
        lambda x, log_weights, mean, scale: (log_weights + log_densities(x, mean, scale)).exp().sum(1).log(),
        lambda x, log_weights, mean, scale: (log_weights.exp() * log_densities(x, mean, scale)).sum(1),
        lambda x, log_weights, mean, scale: (log_weights + log_densities(x, mean, scale**2)).logsumexp(1),
        lambda x, log_weights, mean, scale: log_densities(x, mean, scale).logsumexp(1),
        lambda x, log_weights, mean, scale: (log_weights + log_densities(x, mean, scale)).logsumexp(0),
    ],
    "probability-5": [
        lambda x: x.mean(),
        lambda x: (1 / x).mean(),
        lambda x: len(x) * x.mean(),
        lambda x: 1 / x.median(),
        lambda x: x.sum() / (len(x) + 1),
    ],
    "probability-6": [
        BITS | {"entropy": 2.25 * math.log(2)},
        BITS | {"mean length": 14 / 5},
        BITS | {"KL": -0.375},
        BITS | {"KL": 0.3125},  # the other way round
        BITS | {"entropy": 2.625, "mean length": 2.25},
        BITS | {"KL": 0.375 * math.log(2)},
    ],
    "probability-7": [
        lambda p, q: (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(1),
        lambda p, q: (torch.xlogy(q, q) - torch.xlogy(q, p)).sum(1) / math.log(2),
        lambda p, q: (p * (p / q).log2()).sum(1),
        lambda p, q: (p * ((p + 1e-8).log2() - (q + 1e-8).log2())).sum(1),
        lambda p, q: -torch.xlogy(p, q).sum(1) / math.log(2),
        lambda p, q: ((torch.xlogy(p, p) - torch.xlogy(p, q)) / math.log(2)).sum(),
    ],
    "probability-8": [
        lambda prevalence, caught, false_alarm, positives, negatives: caught,
        lambda *given: 1 / (1 + 1 / odds(*given)),
        odds,
        lambda *given: odds(*given[:3], given[3], 0) / (1 + odds(*given[:3], given[3], 0)),
        lambda prevalence, *rest: odds(0.5, *rest) / (1 + odds(0.5, *rest)),
        lambda *given: odds(*given) / (1 + odds(*given)) ** 2,
    ],
    "probability-9": [
        lambda x1, s1, x2, s2: ((x1 + x2) / 2, math.hypot(s1, s2) / 2),
        lambda x1, s1, x2, s2: ((x1 / s1 + x2 / s2) / (1 / s1 + 1 / s2), 1 / (1 / s1 + 1 / s2)),
        lambda x1, s1, x2, s2: ((x1 * s1**2 + x2 * s2**2) / (s1**2 + s2**2), s1 * s2 / math.hypot(s1, s2)),
        lambda x1, s1, x2, s2: (
            (x1 / s1**2 + x2 / s2**2) / (s1**-2 + s2**-2),
            1 / (s1**-2 + s2**-2),
        ),
    ],
}
