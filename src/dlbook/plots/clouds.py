"""Clouds of points in the plane, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.ticker import MaxNLocator

from .look import ACCENT, INK, Number, mix, style
from .panels import _short, grid_of
from .picture import Picture, alt

Points = torch.Tensor | np.ndarray | Sequence[Sequence[Number]]


def clouds(
    panels: Mapping[str, Points],
    *,
    marks: Points | None = None,
    columns: int = 2,
    limits: tuple[Number, Number] | None = None,
    xlabel: str = "",
    title: str = "",
    width: Number = 5.2,
) -> Picture:
    """Points (n, 2) in the plane, a panel for each name, all over the same square; a cross at each of `marks`.

    `limits` are those of both axes: the share of points beyond stands in the panel. Without them every point is seen.

    Raises:
        ValueError: no panel, or points that are not (n, 2), or not finite.
    """
    drawn = {name: _points(name, points) for name, points in panels.items()}
    if not drawn:
        raise ValueError("panels must hold at least one name with its points, got none")
    spots = np.zeros((0, 2)) if marks is None else _points("marks", marks)
    reach = np.concatenate([*drawn.values(), spots])
    edge = 0.05 * max(float(np.ptp(reach)), 1e-3)
    low, high = limits or (float(reach.min()) - edge, float(reach.max()) + edge)
    parts = []
    with style():
        side = width / min(columns, len(drawn))
        figure, places = grid_of(len(drawn), columns, width, side + 0.2, title=title, xlabel=xlabel)
        for ax, (name, points) in zip(places, drawn.items(), strict=True):
            size = 4.0 if len(points) <= 500 else 2.6
            edges = {"markeredgewidth": 0.0, "alpha": 0.55}
            ax.plot(*points.T, "o", color=mix(ACCENT, share=0.2), markersize=size, **edges)
            ax.plot(*spots.T, "x", color=INK, markersize=5.0, markeredgewidth=1.2)
            ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_major_locator(MaxNLocator(2 if side < 1.5 else 4, integer=True))
            ax.set_title(name, fontsize=10)
            beyond = ((points < low) | (points > high)).any(axis=1).mean()
            if beyond:
                note = f"{100 * beyond:.2g}% beyond"
                box = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.0}
                ax.text(0.98, 0.02, note, transform=ax.transAxes, ha="right", va="bottom", fontsize=9, bbox=box)
            centre, spread = points.mean(axis=0), points.std(axis=0)
            parts.append(
                f"{name}, {len(points)} points around ({centre[0]:.2g}, {centre[1]:.2g}) "
                f"with deviations {spread[0]:.2g} and {spread[1]:.2g}"
            )
    head = f"{title}: c" if title else "C"
    crosses = f", with {len(spots)} crosses in each" if len(spots) else ""
    alt(figure, _short(f"{head}louds of points in the plane{crosses}: ", parts))
    return figure


def _points(name: str, points: Points) -> np.ndarray:
    """Points as an array (n, 2), checked."""
    given = points.detach().cpu() if isinstance(points, torch.Tensor) else points
    found = np.asarray(given, dtype=float)
    if found.ndim != 2 or found.shape[1] != 2 or not len(found):
        raise ValueError(f"{name} must be points of shape (n, 2), got {found.shape}")
    wrong = int((~np.isfinite(found)).any(axis=1).sum())
    if wrong:
        raise ValueError(f"{name} must be finite, got {wrong} points that are not")
    return found
