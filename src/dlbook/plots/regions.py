"""The regions in which a classifier says which class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.lines import Line2D

from .charts import MARKS, _numbers, axes
from .fields import evaluate
from .look import COLOURS, INK, MUTED, Number, mix, style
from .picture import Picture, alt

CLASSES = tuple(COLOURS[name] for name in ("data", "first", "second", "model", "wrong", "neutral"))
SHADES = (0.86, 0.6, 0.74, 0.5, 0.8, 0.66)  # of white in a region: regions differ in greyscale too


def decision(
    f: Callable[[Any], Any],
    points: Any,
    labels: Any,
    *,
    names: Sequence[str] | None = None,
    xlabel: str = "first feature",
    ylabel: str = "second feature",
    threshold: Number = 0.0,
    limits: tuple[tuple[Number, Number], tuple[Number, Number]] | None = None,
    title: str = "",
    width: Number = 4.4,
    height: Number = 3.4,
) -> Picture:
    """Where a classifier says which class: coloured regions with their border, and the points, a mark for each class.

    `points` has shape (n, 2), `labels` (n,) classes from 0 up. `f` takes points of shape (m, 2), as tensor where
    `points` is one, and gives classes (m,), scores (m, classes), or for 2 classes one score a point, (m,) or (m, 1),
    above `threshold` for class 1. A point on the wrong side has a dark ring. `limits` are ((x from, to), (y from, to)).

    Raises:
        ValueError: points, labels or what f gives have another shape, or there are more than 6 classes.
    """
    given = points if isinstance(points, torch.Tensor) else np.asarray(points, dtype=float)
    spots, truth = np.asarray(given.detach().cpu() if isinstance(given, torch.Tensor) else given), _numbers(labels)
    if spots.ndim != 2 or spots.shape[1] != 2 or len(spots) != len(truth) or not len(spots):
        raise ValueError(
            f"points must have shape (n, 2) and labels (n,), got {spots.shape} and {tuple(np.shape(labels))}"
        )
    truth = truth.astype(int)
    if not 0 <= truth.min() <= truth.max() < len(CLASSES):
        raise ValueError(f"labels must be classes from 0 to {len(CLASSES) - 1}, got {truth.min()} to {truth.max()}")
    low, high = spots.min(0), spots.max(0)
    edge = 0.15 * np.where(high > low, high - low, 1.0)
    (x0, x1), (y0, y1) = limits or zip(low - edge, high + edge, strict=True)
    xs, ys = np.linspace(x0, x1, 200), np.linspace(y0, y1, 200)
    mesh = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2).astype(spots.dtype)
    regions = _classes(evaluate(f, mesh, given), len(mesh), threshold).reshape(200, 200)
    right = _classes(evaluate(f, spots, given), len(spots), threshold) == truth
    kinds = sorted({*truth.tolist(), *np.unique(regions).tolist()})
    called = {k: names[k] if names is not None and k < len(names) else f"class {k}" for k in kinds}
    figure, ax = axes(width, height, xlabel=xlabel, ylabel=ylabel, title=title)
    with style():
        for k in kinds:
            colour = CLASSES[k % len(CLASSES)]
            ax.contourf(xs, ys, regions == k, levels=[0.5, 1.5], colors=[mix(colour, share=SHADES[k % 6])])
            ax.contour(xs, ys, regions == k, levels=[0.5], colors=MUTED, linewidths=0.8)
            mine = spots[truth == k], right[truth == k]
            for ok, ring in ((True, "white"), (False, INK)):
                at, thick = mine[0][mine[1] == ok], 0.6 if ok else 1.8
                ax.plot(*at.T, MARKS[k % 6], color=colour, markeredgecolor=ring, markeredgewidth=thick, markersize=7)
        ax.set(xlim=(x0, x1), ylim=(y0, y1))
        keys = [
            Line2D([], [], marker=MARKS[k % 6], color=CLASSES[k % 6], linestyle="", markersize=7, label=called[k])
            for k in kinds
        ]
        if not right.all():
            looks = {"color": "white", "markeredgecolor": INK, "markeredgewidth": 1.8}
            keys.append(Line2D([], [], marker="o", linestyle="", markersize=7, label="wrong region", **looks))
        ax.legend(handles=keys, loc="upper left", bbox_to_anchor=(1.0, 1.0), handletextpad=0.2, borderaxespad=0.2)
    counts = ", ".join(f"{(truth == k).sum()} of {called[k]}" for k in kinds)
    shares = ", ".join(f"{called[k]} {100 * (regions == k).mean():.0f}%" for k in kinds)
    head = f"{title}: r" if title else "R"
    wrong = f"{(~right).sum()} of {len(right)} points lie in the region of another class"
    alt(figure, f"{head}egions of classes over {xlabel} and {ylabel}, with points {counts}; area {shares}; {wrong}.")
    return figure


def _classes(out: np.ndarray, count: int, threshold: Number) -> np.ndarray:
    """The class of each point, from what a classifier gave: classes, one score or several."""
    if out.ndim == 2 and out.shape[1] > 1 and len(out) == count:
        return out.argmax(1)
    flat = out.reshape(-1)
    if len(flat) != count:
        raise ValueError(f"f must give a class or scores for each of {count} points, got shape {out.shape}")
    return flat.astype(int) if flat.dtype.kind in "iub" else (flat > threshold).astype(int)
