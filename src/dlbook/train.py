"""Training and evaluation of any model on any batches. The notebook owns printing, plotting and stopping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

Score = Callable[[Tensor, Tensor], Tensor]  # (prediction, target) -> mean over the batch
Pairs = Iterable[tuple[Tensor, Tensor]]


@runtime_checkable
class Optimizer(Protocol):
    """What `fit` needs of an optimiser: the book's (`dlbook.optim`) and torch's have it."""

    param_groups: list[dict[str, Any]]

    def zero_grad(self) -> None: ...
    def step(self) -> Any: ...


class TrainingError(RuntimeError):
    """Training cannot go on; one sentence says at which step, what was found and what to try."""


@dataclass(frozen=True)
class Step:
    """One step of an optimiser, after it was made."""

    epoch: int  # walks through the data, from 1
    number: int  # steps since the start, from 1
    loss: Tensor  # of this batch, before the step; on the model's device
    examples: int  # in the batch
    gradient_norm: Tensor | None  # of all parameters, before clipping; if asked for
    ends_epoch: bool  # whether this was the last batch of its epoch


def fit(
    model: nn.Module,
    data: Pairs,
    loss: Score,
    optimizer: Optimizer,
    *,
    epochs: int,
    clip: float | None = None,
) -> Iterator[Step]:
    """Train a model: `for step in fit(...)` makes one step a turn; leaving stops it.

    Args:
        model: set to training mode before each step, since the loop may evaluate; parts
            that are in evaluation mode at the start, in a model that is not, stay so.
        data: pairs (x, y), walked through anew each epoch: `batches`, a `DataLoader`.
        loss: of a prediction and its target; the mean over a batch.
        optimizer: holds the model's parameters.
        epochs: walks through the data.
        clip: largest norm of all gradients that the optimiser holds, together; larger
            ones are scaled down to it. `math.inf` only measures them.

    Raises:
        ValueError: at the call: `data` can be walked through only once, the optimiser
            holds none of the parameters, or epochs or clip are out of range.
        TrainingError: a loss was nan or infinite; found at the end of the epoch, so
            that a GPU need not wait for each step.
    """
    if isinstance(data, Iterator):
        raise ValueError(
            "data: an iterator is used up after one epoch; "
            "give batches(...), a list or a DataLoader."
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in model.parameters()):
        raise ValueError(
            "optimizer: it holds none of the model's parameters; "
            "make it after the model, from model.parameters()."
        )
    if epochs < 0:
        raise ValueError(f"epochs = {epochs}: accepted is 0 or more.")
    if clip is not None and not clip > 0:
        raise ValueError(f"clip = {clip}: accepted is a number above 0, or None.")
    return steps(model, data, loss, optimizer, epochs, clip)


def steps(
    model: nn.Module,
    data: Pairs,
    loss: Score,
    optimizer: Optimizer,
    epochs: int,
    clip: float | None,
) -> Iterator[Step]:
    """The loop of `fit`: the six steps for every batch of every epoch."""
    device, number = device_of(model), 0
    held = [p for group in optimizer.param_groups for p in group["params"]]
    still = [m for m in model.modules() if model.training and not m.training]
    for epoch in range(1, epochs + 1):
        losses = []
        for (x, y), last in with_last(data):  # 1. a batch
            model.train()
            for part in still:
                part.eval()  # frozen by whoever called
            optimizer.zero_grad()  # 2. forget the gradients of the step before
            prediction = model(x.to(device))  # 3. forward
            value = loss(prediction, y.to(device))  # 4. one number: how wrong
            value.backward()  # 5. backward: a gradient for every parameter
            norm = None
            if clip is not None:
                norm = nn.utils.clip_grad_norm_(held, clip)
            optimizer.step()  # 6. every parameter moves
            number += 1
            losses.append(value.detach())
            if last:
                require_finite(torch.stack(losses), epoch, number - len(losses))
            yield Step(epoch, number, losses[-1], len(x), norm, last)


def with_last(data: Pairs) -> Iterator[tuple[tuple[Tensor, Tensor], bool]]:
    """Each pair, and whether it is the last; for data that do not know their length, too.

    Raises:
        ValueError: there is no pair.
    """
    pairs = iter(data)
    pair = next(pairs, None)
    if pair is None:
        raise ValueError("data: there is no batch in it.")
    for following in pairs:
        yield pair, False
        pair = following
    yield pair, True


def require_finite(losses: Tensor, epoch: int, before: int) -> None:
    """Refuse losses of which one is nan or infinite; `before` steps were made before them.

    Raises:
        TrainingError: names the first such step.
    """
    wrong = (~losses.isfinite()).nonzero()
    if len(wrong):
        step = int(wrong[0])
        raise TrainingError(
            f"The loss is {losses[step].item()} at step {before + step + 1} (epoch {epoch}): "
            "lower the learning rate, clip the gradients, or look for nan in the data."
        )


@torch.no_grad()
def evaluate(model: nn.Module, data: Pairs, **scores: Score) -> dict[str, float]:
    """Each score over all of `data`, weighted by examples (eq-weighted).

    The model is put into evaluation mode, nothing is recorded, and every module is
    left in the mode it was in.

    Args:
        model: gives a prediction for each x.
        data: pairs (x, y): tensors as one pair, `[(x, y)]`, or batches.
        scores: by name, functions of prediction and target; *means over examples*.

    Raises:
        ValueError: no score, or no example.
    """
    if not scores:
        raise ValueError(
            "scores: none was given; accepted are functions by name, "
            "such as accuracy=accuracy."
        )
    device, sums, examples = device_of(model), dict.fromkeys(scores, 0.0), 0
    with evaluating(model):
        for x, y in data:
            if not len(x):
                continue
            prediction, target = model(x.to(device)), y.to(device)
            for name, score in scores.items():
                value = torch.as_tensor(score(prediction, target)).double()
                sums[name] = sums[name] + value * len(x)
            examples += len(x)
    if not examples:
        raise ValueError("data: there is no example in it.")
    return {name: float(value) / examples for name, value in sums.items()}


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Evaluation mode inside the block; afterwards each module's own mode again."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield model
    finally:
        for module, mode in modes.items():
            module.training = mode


def device_of(model: nn.Module) -> torch.device:
    """Where the parameters are; the CPU for a model without any."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))
