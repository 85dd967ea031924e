"""What a loss may be given: class numbers, probabilities, weights. Each check refuses with one sentence."""

from __future__ import annotations

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from dlbook.functional.probability import require_distribution


def class_axis(logits: Float[Tensor, "*z"]) -> int:
    """Where the classes lie: 0 for one example, else 1, also of pictures (n, c, h, w).

    Raises:
        ValueError: a scalar has no classes.
    """
    if logits.ndim == 0:
        raise ValueError("logits: a scalar has no class; accepted is (c,), (n, c, ...).")
    return min(1, logits.ndim - 1)


def require_classes(
    logits: Float[Tensor, "*z"],
    target: Shaped[Tensor, "*t"],
    weight: Float[Tensor, " c"] | None,
    ignore_index: int,
) -> tuple[int, Tensor]:
    """The axis of the classes, and which targets count, where logits and targets fit.

    Raises:
        TypeError: targets that are no int64.
        ValueError: shapes that do not fit, or a class number out of range.
    """
    axis = class_axis(logits)
    shape, classes = logits.shape[:axis] + logits.shape[axis + 1 :], logits.shape[axis]
    if target.dtype != torch.int64:
        raise TypeError(
            f"target of dtype {target.dtype}: accepted are class numbers, torch.int64."
        )
    if target.shape != shape:
        raise ValueError(
            f"target {tuple(target.shape)}: accepted for logits {tuple(logits.shape)} "
            f"are class numbers of shape {tuple(shape)}, without the class axis."
        )
    require_weight(weight, classes)
    kept = target != ignore_index
    named = target[kept]  # on a GPU this waits for the numbers
    if len(named) and not 0 <= int(named.min()) <= int(named.max()) < classes:
        raise ValueError(
            f"target from {int(named.min())} to {int(named.max())}: accepted are class "
            f"numbers from 0 to {classes - 1}, or {ignore_index} to be ignored."
        )
    return axis, kept


def require_answers(
    logits: Float[Tensor, "*z"], target: Shaped[Tensor, "*t"], ignore_index: int
) -> None:
    """Refuse what are neither class numbers nor probabilities for these logits.

    The range of class numbers is left to `require_classes`.

    Raises:
        TypeError: class numbers that are floats, or probabilities that are integers.
        ValueError: a shape that fits neither, probabilities that are none, or
            probabilities with a class to ignore.
    """
    axis = class_axis(logits)
    shape = logits.shape[:axis] + logits.shape[axis + 1 :]
    soft = target.is_floating_point()
    if target.shape != (logits.shape if soft else shape):
        other_kind = target.shape in (shape, logits.shape)
        raise (TypeError if other_kind else ValueError)(
            f"target of dtype {target.dtype} and shape {tuple(target.shape)}: accepted "
            f"for logits {tuple(logits.shape)} are class numbers, torch.int64 of shape "
            f"{tuple(shape)}, or probabilities, floats of shape {tuple(logits.shape)}."
        )
    if soft and ignore_index >= 0:
        raise ValueError(
            f"ignore_index = {ignore_index}: accepted with probabilities as target is "
            "none, as they hold no class number that could be ignored."
        )
    if soft:
        require_distribution("target", target, axis)


def require_broadcast(
    name: str, weight: Float[Tensor, "*w"] | None, logits: Float[Tensor, "*z"]
) -> None:
    """Refuse a weight that would make more losses than there are logits.

    Raises:
        ValueError: the shape of the weight does not broadcast to that of the logits.
    """
    if weight is None:
        return
    aligned = zip(reversed(weight.shape), reversed(logits.shape), strict=False)
    if weight.ndim > logits.ndim or any(n not in (1, m) for n, m in aligned):
        raise ValueError(
            f"{name} {tuple(weight.shape)}: accepted for logits {tuple(logits.shape)} "
            "is a shape that broadcasts to theirs."
        )


def require_weight(weight: Float[Tensor, " c"] | None, classes: int) -> None:
    """Refuse weights that are not one for each class.

    Raises:
        ValueError: there are more or fewer.
    """
    if weight is not None and weight.shape != (classes,):
        raise ValueError(
            f"weight {tuple(weight.shape)}: accepted is one a class, ({classes},)."
        )


def require_shares(name: str, p: Shaped[Tensor, "*p"]) -> None:
    """Refuse what is no probability or share.

    Raises:
        TypeError: integers or truth values.
        ValueError: a number outside 0 to 1.
    """
    if not p.is_floating_point():
        raise TypeError(
            f"{name} of dtype {p.dtype}: accepted are floats from 0 to 1."
        )
    if not bool(((p >= 0) & (p <= 1)).all()):
        raise ValueError(
            f"{name} from {p.min().item():.4g} to {p.max().item():.4g}: "
            "accepted are numbers from 0 to 1."
        )


def require_smoothing(label_smoothing: float) -> None:
    """Refuse a share that is none.

    Raises:
        ValueError: the share lies outside 0 to 1.
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing = {label_smoothing}: accepted is 0 to 1.")
