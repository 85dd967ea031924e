"""Losses: one number that says how wrong a prediction is, for training to make small.

Most take a `reduction`: "mean", "sum", or "none" for one loss each.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from dlbook.functional.activations import log_softmax, sigmoid
from dlbook.functional.probability import (
    log_one_plus_exp,
    normal_log_prob,
    require_distribution,
)
from dlbook.functional.shapes import require_same_shape
from dlbook.functional.targets import (
    class_axis,
    require_answers,
    require_broadcast,
    require_classes,
    require_shares,
    require_smoothing,
    require_weight,
)


def mean_squared_error(
    prediction: Float[Tensor, "*p"], target: Float[Tensor, "*t"]
) -> Float[Tensor, ""]:
    """Mean over all elements of the squared difference (eq-mse).

    Raises:
        ValueError: the shapes differ, so that the two would only meet by broadcasting.
    """
    require_same_shape(prediction, target)
    return (prediction - target).square().mean()


def reduce(
    losses: Float[Tensor, "*l"],
    reduction: str = "mean",
    total: Float[Tensor, ""] | None = None,
) -> Float[Tensor, "*r"]:
    """All losses, their sum, or their sum over `total` (eq-reduce).

    `total` is the sum of the weights of the losses; without it, how many there are.

    Raises:
        ValueError: an unknown reduction.
    """
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.mean() if total is None else losses.sum() / total
    raise ValueError(f"reduction = {reduction!r}: accepted are none, mean and sum.")


def squared_error(
    prediction: Float[Tensor, "*p"],
    target: Float[Tensor, "*t"],
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Squared difference; its mean is `mean_squared_error` (eq-mse).

    Raises:
        ValueError: the shapes differ, or an unknown reduction.
    """
    require_same_shape(prediction, target)
    return reduce((prediction - target).square(), reduction)


def absolute_error(
    prediction: Float[Tensor, "*p"],
    target: Float[Tensor, "*t"],
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Absolute difference (eq-laplace).

    Raises:
        ValueError: the shapes differ, or an unknown reduction.
    """
    require_same_shape(prediction, target)
    return reduce((prediction - target).abs(), reduction)


def huber(
    prediction: Float[Tensor, "*p"],
    target: Float[Tensor, "*t"],
    delta: float = 1.0,
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Half the square up to `delta`, a straight line beyond (eq-huber).

    `delta` is in the units of the target. Source: Huber (1964).

    Raises:
        ValueError: the shapes differ, delta is not above 0, or an unknown reduction.
    """
    require_same_shape(prediction, target)
    if not delta > 0:
        raise ValueError(f"delta = {delta}: accepted is a number above 0.")
    error = (prediction - target).abs()
    inside = error.clamp(max=delta)
    return reduce(inside * (error - inside / 2), reduction)


def quantile_loss(
    prediction: Float[Tensor, "*p"],
    target: Float[Tensor, "*t"],
    quantile: float,
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Errors below the target cost `quantile`, errors above 1 - quantile (eq-quantile).

    Source: Koenker and Bassett (1978).

    Raises:
        ValueError: the shapes differ, the quantile is not between 0 and 1, or an
            unknown reduction.
    """
    require_same_shape(prediction, target)
    if not 0 < quantile < 1:
        raise ValueError(f"quantile = {quantile}: accepted is between 0 and 1.")
    short = target - prediction
    return reduce(torch.maximum(quantile * short, (quantile - 1) * short), reduction)


def gaussian_nll(
    mean: Float[Tensor, "*m"],
    target: Float[Tensor, "*t"],
    variance: Float[Tensor, "*v"],
    full: bool = False,
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Negative log-likelihood of Gaussian noise with this variance (eq-gaussian-nll).

    `full` keeps the constant, half of log(2 pi). torch lifts variances below eps = 1e-6
    up to it; here they stay as they are.

    Raises:
        ValueError: shapes differ, a variance is not above 0, or an unknown reduction.
    """
    require_same_shape(mean, target)
    require_same_shape(mean, variance)
    if not bool((variance > 0).all()):
        raise ValueError(
            f"variance: the smallest is {variance.min().item():.4g}; "
            "accepted are numbers above 0."
        )
    constant = 0.0 if full else 0.5 * math.log(2 * math.pi)
    log_density = normal_log_prob(target, mean, variance.sqrt())
    return reduce(-log_density - constant, reduction)


def poisson_nll(
    log_rate: Float[Tensor, "*p"],
    target: Float[Tensor, "*t"],
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Negative log-likelihood of a count, up to log(target!) (eq-poisson).

    Raises:
        ValueError: the shapes differ, or an unknown reduction.
    """
    require_same_shape(log_rate, target)
    return reduce(log_rate.exp() - target * log_rate, reduction)


def binary_cross_entropy(
    probability: Float[Tensor, "*p"],
    target: Shaped[Tensor, "*t"],
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Surprise at the answer of a yes-or-no question, from the probability (eq-bce).

    Logarithms end at -100 and derivatives at 1e12, as in torch, and so does what can be
    learnt: take `binary_cross_entropy_with_logits`. Only where p is right to 1e-12 does
    torch let the derivative fade to 0; here it stays -1 (yes) or 1 (no).

    Raises:
        ValueError: shapes differ, a number outside 0 to 1, or an unknown reduction.
        TypeError: targets that are no floats.
    """
    require_same_shape(probability, target)
    require_shares("probability", probability)
    require_shares("target", target)
    yes, no = log_from(probability), log_from(1 - probability)
    return reduce(-(target * yes + (1 - target) * no), reduction)


def log_from(p: Float[Tensor, "*p"], least: float = -100.0) -> Float[Tensor, "*p"]:
    """log p, never below `least`; its derivative, 1 / p, never above 1e12."""
    floor = max(1e-12, torch.finfo(p.dtype).tiny)  # float16 has no 1e-12
    fixed = p.detach()
    straight = fixed.log().clamp(min=least) + (p - fixed) / floor  # value + 0, slope
    return torch.where(p > floor, p.clamp(min=floor).log(), straight)


def binary_cross_entropy_with_logits(
    logits: Float[Tensor, "*p"],
    target: Shaped[Tensor, "*t"],
    weight: Float[Tensor, "*w"] | None = None,
    pos_weight: Float[Tensor, "*v"] | None = None,
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """The same from the logit, exact for every finite logit (eq-bce-logits).

    `weight` multiplies the losses, `pos_weight` the part of the answer yes; both
    broadcast to the shape of the logits. "mean" divides by the number of losses,
    whatever the weights.

    Raises:
        ValueError: shapes differ, a weight that does not broadcast to the logits, a
            target outside 0 to 1, or an unknown reduction.
        TypeError: targets that are no floats.
    """
    require_same_shape(logits, target)
    require_shares("target", target)
    require_broadcast("weight", weight, logits)
    require_broadcast("pos_weight", pos_weight, logits)
    yes = log_one_plus_exp(-logits) * (1 if pos_weight is None else pos_weight)
    losses = target * yes + (1 - target) * log_one_plus_exp(logits)
    return reduce(losses if weight is None else weight * losses, reduction)


def focal_loss(
    logits: Float[Tensor, "*p"],
    target: Shaped[Tensor, "*t"],
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Binary cross-entropy, times the share by which it is missed, to gamma (eq-focal).

    `alpha` weighs the answer yes, 1 - alpha the answer no; None weighs neither. For
    gamma between 0 and 1, torchvision's gradient is nan where none is missed, here 0.
    Source: Lin et al. (2017).

    Raises:
        ValueError: shapes differ, a target outside 0 to 1, or an unknown reduction.
        TypeError: targets that are no floats.
    """
    plain = binary_cross_entropy_with_logits(logits, target, reduction="none")
    missed = target * sigmoid(-logits) + (1 - target) * sigmoid(logits)
    missed = missed.clamp(min=torch.finfo(missed.dtype).tiny)  # 0**0.5 has no slope
    side = 1 if alpha is None else target * alpha + (1 - target) * (1 - alpha)
    return reduce(side * missed**gamma * plain, reduction)


def negative_log_likelihood(
    log_probs: Float[Tensor, "*z"],
    target: Shaped[Tensor, "*t"],
    weight: Float[Tensor, " c"] | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Surprise at the right class, from log-probabilities (eq-nll).

    `log_probs` is (c,), (n, c) or (n, c, ...), the target holds class numbers in the
    same shape without c. `weight` has one number a class; "mean" divides by the weights
    of the targets that count, so where all are ignored it is nan, as in torch.

    Raises:
        TypeError: targets that are no int64.
        ValueError: shapes that do not fit, a class number out of range, or an unknown
            reduction.
    """
    axis, kept = require_classes(log_probs, target, weight, ignore_index)
    chosen = torch.where(kept, target, 0)
    weights = kept.to(log_probs.dtype) if weight is None else weight[chosen] * kept
    picked = log_probs.gather(axis, chosen.unsqueeze(axis)).squeeze(axis)
    losses = torch.where(kept, -weights * picked, 0)
    return reduce(losses, reduction, weights.sum())


def cross_entropy_loss(
    logits: Float[Tensor, "*z"],
    target: Shaped[Tensor, "*t"],
    weight: Float[Tensor, " c"] | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Float[Tensor, "*r"]:
    """Surprise at the right class, from logits (eq-ce); smooth targets: eq-smooth.

    The target holds class numbers, as for `negative_log_likelihood`, or probabilities,
    as floats in the shape of the logits; then "mean" divides by the number of losses.

    Raises:
        TypeError: a dtype that does not go with the target's shape.
        ValueError: as `negative_log_likelihood`; probabilities that do not add up to 1,
            or come with a class to ignore; or label_smoothing is not 0 to 1.
    """
    require_smoothing(label_smoothing)
    require_answers(logits, target, ignore_index)
    axis = class_axis(logits)
    log_p = log_softmax(logits, axis)
    classes = logits.shape[axis]
    if target.is_floating_point():
        shares = (1 - label_smoothing) * target + label_smoothing / classes
        return reduce(-(by_class(log_p, weight) * shares).sum(axis), reduction)
    options = {"weight": weight, "ignore_index": ignore_index, "reduction": reduction}
    right = negative_log_likelihood(log_p, target, **options)
    if label_smoothing == 0:
        return right
    spread = evenly(log_p, target, **options)
    return (1 - label_smoothing) * right + label_smoothing * spread


def evenly(
    log_probs: Float[Tensor, "*z"],
    target: Shaped[Tensor, "*t"],
    weight: Float[Tensor, " c"] | None,
    ignore_index: int,
    reduction: str,
) -> Float[Tensor, "*r"]:
    """What the even share of label smoothing costs, as torch weighs it (eq-smooth).

    Each class with its own weight; the mean divides by the weights of the *targets*.
    """
    axis, kept = require_classes(log_probs, target, weight, ignore_index)
    losses = torch.where(kept, -by_class(log_probs, weight).mean(axis), 0)
    weights = kept if weight is None else weight[torch.where(kept, target, 0)] * kept
    return reduce(losses, reduction, weights.sum().to(log_probs.dtype))


def kl_loss(
    log_q: Float[Tensor, "*q"],
    p: Float[Tensor, "*p"],
    reduction: str = "batchmean",
    log_target: bool = False,
) -> Float[Tensor, "*r"]:
    """KL(p || q) from the belief as log q, and the truth p or log p (eq-kl-loss).

    Distributions lie along the last axis. "batchmean" divides the sum by the length of
    the first axis: the divergence an example. "mean" divides by all elements.

    Raises:
        ValueError: shapes differ, exp(log_q) or p (of log p: its exp) is no
            distribution, or an unknown reduction.
    """
    require_same_shape(log_q, p)
    require_distribution("exp(log_q)", log_q.exp())
    require_distribution("exp(p)" if log_target else "p", p.exp() if log_target else p)
    surprise = p.exp() * (p - log_q) if log_target else torch.xlogy(p, p) - p * log_q
    if reduction == "batchmean":
        return surprise.sum() / len(surprise)
    return reduce(surprise, reduction)


def by_class(
    x: Float[Tensor, "*z"], weight: Float[Tensor, " c"] | None
) -> Float[Tensor, "*r"]:
    """x, each class times its weight.

    Raises:
        ValueError: there is not one weight for each class.
    """
    if weight is None:
        return x
    axis = class_axis(x)
    require_weight(weight, x.shape[axis])
    return x * weight.view(-1, *(1,) * (x.ndim - axis - 1))
