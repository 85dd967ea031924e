"""Names beside the paths that they name, where they cover the least."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from .diagram import text_width
from .look import DPI, INK, Number, mix

SIDES = [(a, b) for a, b in product((1, 0, -1), repeat=2) if a or b]


def label_paths(
    ax: Axes, paths: Mapping[str, tuple[np.ndarray, np.ndarray]], colours: Mapping[str, str], size: Number = 9.5
) -> None:
    """Write each name beside its path, inside the axes, off all paths and other names, nearest to its own.

    Limits must be set before; paths of one point are allowed, what lies outside the axes is left out.
    """
    ax.figure.draw_without_rendering()  # the place of the axes is settled only then
    frame = ax.get_window_extent()
    dense = {name: _dense(ax, *path) for name, path in paths.items()}
    taken: list[np.ndarray] = []
    for name, own in dense.items():
        if not len(own):
            continue
        half = np.array([text_width(name, size, bold=True) * DPI / 2, size * DPI / 72 * 0.62])
        others = [d for other, d in dense.items() if other != name and len(d)]
        ends = own[np.unique(np.linspace(0, len(own) - 1, 40).round().astype(int))]
        best, least = None, np.inf
        for at, side in product(ends[::-1], SIDES):
            middle = at + np.array(side) * (half + 9)
            cost = _cost(middle, half, own, others, taken, frame)
            if cost < least - 1e-6:
                best, least = middle, cost
        taken.append(np.array([best - half, best + half]))
        ax.annotate(
            name,
            best,
            xycoords="figure pixels",
            ha="center",
            va="center",
            fontsize=size,
            weight="bold",
            color=mix(colours[name], INK, 0.3),
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            zorder=6,
        ).set_in_layout(False)


def _dense(ax: Axes, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """The path in pixels with a point every few of them, without what lies outside the axes."""
    points = ax.transData.transform(np.column_stack([xs, ys]))
    points = points[np.isfinite(points).all(1)]
    if len(points) > 1:
        step = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
        at = np.linspace(0, step[-1], min(4000, int(step[-1] / 4) + 2))
        points = np.column_stack([np.interp(at, step, points[:, k]) for k in (0, 1)])
    frame = ax.get_window_extent()
    inside = (points >= [frame.x0, frame.y0]) & (points <= [frame.x1, frame.y1])
    return points[inside.all(1)]


def _cost(
    middle: np.ndarray, half: np.ndarray, own: np.ndarray, others: list, taken: list[np.ndarray], frame: object
) -> float:
    """How bad a place is: what it covers, what it touches, and whose it seems to be."""
    low, high = middle - half, middle + half
    if (low < [frame.x0 + 2, frame.y0 + 2]).any() or (high > [frame.x1 - 2, frame.y1 - 2]).any():
        return 1e6
    cost = sum(500.0 for box in taken if (low < box[1] + 3).all() and (high > box[0] - 3).all())
    cost += sum(3.0 * ((d > low - 4) & (d < high + 4)).all(1).sum() for d in [own, *others])
    near = min(_distance(low, high, own), 40.0)
    far = min([_distance(low, high, d) for d in others], default=200.0)
    return cost + max(0.0, 2.0 * near - far) + 0.02 * (200.0 - min(far, 200.0))


def _distance(low: np.ndarray, high: np.ndarray, points: np.ndarray) -> float:
    """From a box to the nearest of some points."""
    gap = np.maximum(np.maximum(low - points, points - high), 0.0)
    return float(np.sqrt((gap**2).sum(1)).min())
