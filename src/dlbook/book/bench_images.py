"""Seconds in which the network of section 3.1 learns all of Fashion-MNIST to a stated accuracy, for `bench`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from ..data import DataSet, batches, load
from ..data.official import require
from ..metrics import accuracy
from ..models.cnn import CNN, Config
from ..optim import AdamW, Schedule, one_cycle
from ..train import evaluate, fit

THREADS = 2
SEEDS = 3


@dataclass(frozen=True)
class Recipe:
    """What is trained, how, and what it must reach in which time."""

    epochs: int
    accuracy: float  # mean over the seeds, on the official test split
    seconds: float  # of training, without loading, scaling and testing
    config: Config = field(default_factory=Config)
    batch_size: int = 128
    learning_rate: float = 0.005


#: The accuracies that the book promises, each with the seconds allowed for it on two threads.
RECIPES = (Recipe(epochs=1, accuracy=0.8815, seconds=7.0), Recipe(epochs=4, accuracy=0.91, seconds=35.0))


def train_fast(x: Tensor, y: Tensor, recipe: Recipe, seed: int) -> tuple[CNN, float]:
    """The trained network, and the seconds that its training took."""
    torch.manual_seed(seed)
    model = CNN(recipe.config).to(memory_format=torch.channels_last)
    optimizer = AdamW(model.parameters(), recipe.learning_rate)
    data = batches(x, y, recipe.batch_size, Generator().manual_seed(seed))
    schedule = Schedule(optimizer, one_cycle(recipe.epochs * len(data)))
    start = time.perf_counter()
    for _ in fit(model, data, F.cross_entropy, optimizer, epochs=recipe.epochs):
        schedule.step()
    return model, time.perf_counter() - start


def measure(data: DataSet, recipe: Recipe, seeds: int = SEEDS) -> tuple[list[float], list[float]]:
    """Seconds and test accuracies, one of each for a seed; images scaled by the training mean and deviation."""
    if data.test is None:
        raise ValueError(f"data: {data.name} has no official test split; accepted are sets that have one.")
    x, x_test = data.x.float(), data.test.x.float()
    mean, std = x.mean(), x.std()
    x, x_test = (x - mean) / std, (x_test - mean) / std
    seconds, accuracies = [], []
    for seed in range(seeds):
        model, taken = train_fast(x, data.y, recipe, seed)
        rows = batches(x_test, data.test.y, 1_000)
        seconds.append(taken)
        accuracies.append(evaluate(model, rows, accuracy=accuracy)["accuracy"])
    return seconds, accuracies


def fashion_mnist() -> DataSet | None:
    """The full set where it lies; nothing is downloaded for a measurement."""
    from ..data import DataError

    try:
        require("fashion_mnist")
    except DataError:
        return None
    return load("fashion_mnist")


def images() -> list[dict[str, object]]:
    """A line a recipe: mean seconds, mean accuracy, and both by seed; or why it was skipped."""
    torch.set_num_threads(THREADS)
    data = fashion_mnist()
    lines: list[dict[str, object]] = []
    for recipe in RECIPES:
        line: dict[str, object] = {
            "name": f"Fashion-MNIST to {recipe.accuracy:.2%}",
            "unit": "s",
            "budget": recipe.seconds,
            "threads": THREADS,
        }
        if data is None:
            line["skipped"] = "the full Fashion-MNIST lies neither under DLBOOK_DATA nor in the cache"
        else:
            seconds, accuracies = measure(data, recipe)
            value, reached = sum(seconds) / len(seconds), sum(accuracies) / len(accuracies)
            line |= {
                "value": round(value, 3),
                "ok": value <= recipe.seconds and reached >= recipe.accuracy,
                "accuracy": round(reached, 4),
                "epochs": recipe.epochs,
                "by_seed": [[round(s, 3), round(a, 4)] for s, a in zip(seconds, accuracies, strict=True)],
            }
        lines.append(line)
    return lines
