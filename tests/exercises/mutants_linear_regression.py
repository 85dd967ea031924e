"""Wrong answers to the exercises of the page 02_autograd/linear_regression: mistakes that readers make."""

import math

import torch

from dlbook.book.exercises.linear_regression import GRADERS

SHAPES = GRADERS["linear_regression-1"].expected
LOOPS = GRADERS["linear_regression-4"].expected


def residuals(x, y, weight, bias):
    return x @ weight.T + bias - y


def step_by_rows(x, y, weight, bias, rate):
    error = 2 / len(y) * residuals(x, y, weight, bias)
    return weight - rate * error.T @ x, bias - rate * error.sum(dim=0)


def step_upwards(x, y, weight, bias, rate):
    error = 2 / y.numel() * residuals(x, y, weight, bias)
    return weight + rate * error.T @ x, bias + rate * error.sum(dim=0)


def step_without_two(x, y, weight, bias, rate):
    error = residuals(x, y, weight, bias) / y.numel()
    return weight - rate * error.T @ x, bias - rate * error.sum(dim=0)


def step_one_after_the_other(x, y, weight, bias, rate):
    error = 2 / y.numel() * residuals(x, y, weight, bias)
    weight = weight - rate * error.T @ x
    error = 2 / y.numel() * residuals(x, y, weight, bias)
    return weight, bias - rate * error.sum(dim=0)


def step_in_place(x, y, weight, bias, rate):
    error = 2 / y.numel() * residuals(x, y, weight, bias)
    weight -= rate * error.T @ x
    bias -= rate * error.sum(dim=0)
    return weight, bias


def line_uncentred(x, y):
    slope = ((x * y).mean() - x.mean() * y.mean()) / ((x * x).mean() - x.mean() ** 2)
    return slope, y.mean() - slope * x.mean()


def line_through_zero(x, y):
    return (x * y).mean() / (x * x).mean(), torch.zeros(())


def line_of_correlation(x, y):
    dx, dy = x - x.mean(), y - y.mean()
    slope = (dx * dy).mean() / (dx.square().mean() * dy.square().mean()).sqrt()
    return slope, y.mean() - slope * x.mean()


def line_turned_round(x, y):
    dx, dy = x - x.mean(), y - y.mean()
    slope = (dx * dy).mean() / dy.square().mean()
    return slope, y.mean() - slope * x.mean()


def scaled(x, by):
    spread = by.std(dim=0, correction=0)
    return (x - by.mean(dim=0)) / torch.where(by.amax(0) == by.amin(0), torch.ones_like(spread), spread)


def prepared_with_nan(train, other):
    mean, spread = train.mean(dim=0), train.std(dim=0, correction=0)
    return (train - mean) / spread, (other - mean) / spread


def prepared_by_sample(train, other):
    mean, spread = train.mean(dim=0), train.std(dim=0)
    spread = torch.where(train.amax(0) == train.amin(0), torch.ones_like(spread), spread)
    return (train - mean) / spread, (other - mean) / spread


def prepared_together(train, other):
    both = scaled(torch.cat([train, other]), torch.cat([train, other]))
    return both[: len(train)], both[len(train) :]


def steps(x, rate, fraction, curvature=2.0, rounded=math.ceil, divergent=math.inf):
    factor = abs(1 - rate * curvature * x.square().mean().item())
    if fraction >= 1:
        return 0
    if factor >= 1:
        return divergent
    return 1 if factor == 0 else rounded(math.log(fraction) / math.log(factor))


def eigenvalues(H):
    values = torch.linalg.eigvalsh(H)
    return values[0].item(), values[-1].item()


def rate_at_the_top(H):
    low, high = eigenvalues(H)
    return 1 / high, 1 - low / high


def rate_in_the_middle(H):
    low, high = eigenvalues(H)
    return 1 / (low + high), high / (low + high)


def rate_with_condition(H):
    low, high = eigenvalues(H)
    return 2 / (low + high), high / low


WRONG = {
    "linear_regression-1": [
        SHAPES | {"weight": (5, 2)},
        SHAPES | {"bias": (2, 1)},
        SHAPES | {"divides by": 7},
        SHAPES | {"parameters": 10},
        SHAPES | {"output": (7, 5)},
    ],
    "linear_regression-2": [step_by_rows, step_upwards, step_without_two, step_one_after_the_other, step_in_place],
    "linear_regression-3": [line_uncentred, line_through_zero, line_of_correlation, line_turned_round],
    "linear_regression-4": [
        LOOPS | {"forward zero backward step": "wrong"},
        LOOPS | {"forward backward zero step": "right"},
        LOOPS | {"forward backward step": "right"},
        LOOPS | {"forward backward step zero": "wrong"},
        LOOPS | {"zero forward step backward": "right"},
    ],
    "linear_regression-5": [
        lambda train, other: (scaled(train, train), scaled(other, other)),
        prepared_together,
        prepared_with_nan,
        prepared_by_sample,
        lambda train, other: (train - train.mean(dim=0), other - train.mean(dim=0)),
    ],
    "linear_regression-6": [
        lambda batches: sum((p - t).square().mean().sqrt().item() for p, t in batches) / len(batches),
        lambda batches: math.sqrt(sum((p - t).square().mean().item() for p, t in batches) / len(batches)),
        lambda batches: math.sqrt(
            sum((p - t).square().sum().item() for p, t in batches) / sum(len(t) for _, t in batches)
        ),
        lambda batches: sum((p - t).square().sum().item() for p, t in batches) / sum(t.numel() for _, t in batches),
    ],
    "linear_regression-7": [
        lambda x, rate, fraction: steps(x, rate, fraction, curvature=1.0),
        lambda x, rate, fraction: steps(x, rate, fraction, rounded=math.floor),
        lambda x, rate, fraction: steps(x, rate, fraction, divergent=0),
        lambda x, rate, fraction: steps(x, rate, fraction, rounded=float),
        lambda x, rate, fraction: 1 if rate < 1 / x.square().mean().item() else math.inf,
    ],
    "linear_regression-8": [
        rate_at_the_top,
        rate_in_the_middle,
        rate_with_condition,
        lambda H: (2 / eigenvalues(H)[1], 1.0),
        lambda H: (rate_with_condition(H)[0], 1 - eigenvalues(H)[0] * rate_with_condition(H)[0] * 2),
    ],
    "linear_regression-9": [
        lambda weight, bias, centre, spread: (weight * spread, bias - weight @ (centre / spread)),
        lambda weight, bias, centre, spread: (weight / spread, bias),
        lambda weight, bias, centre, spread: (weight / spread, bias + weight @ (centre / spread)),
        lambda weight, bias, centre, spread: (weight / spread, bias - weight @ centre),
    ],
}
