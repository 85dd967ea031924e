"""Sweeps over a setting: a curve for each method, named at its best value."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .charts import DASHES, MARKS, Numbers, _numbers, axes
from .look import CYCLE, INK, Number, style
from .picture import Picture, alt
from .place import label_paths


def sweep(
    x: Numbers,
    series: Mapping[str, Numbers],
    *,
    xlabel: str,
    ylabel: str,
    most: Number = np.inf,
    width: Number = 5.2,
    height: Number = 3.8,
) -> Picture:
    """A line for each method over logarithmic axes, a large mark at its lowest value, its name beside it.

    Values above `most`, and such that are not finite, are left out. Differs from `lines`, which names lines at their
    right ends. ValueError where a series is not as long as x, or has no value that can be drawn.
    """
    xs, figure_and_axes = _numbers(x), axes(width, height, xlabel=xlabel, ylabel=ylabel)
    figure, ax = figure_and_axes
    lowest = {}
    with style():
        ax.set(xscale="log", yscale="log")
        for i, (name, values) in enumerate(series.items()):
            y = _numbers(values)
            if len(y) != len(xs):
                raise ValueError(
                    f"series {name!r} must hold one value for each of the {len(xs)} values of x, got {len(y)}"
                )
            y = np.where(np.isfinite(y) & (y <= most) & (y > 0), y, np.nan)
            if np.isnan(y).all():
                raise ValueError(f"series {name!r} must hold a value above 0 and at most {most:g}, got none")
            best = int(np.nanargmin(y))
            lowest[name] = xs[best], y[best]
            colour = CYCLE[i % len(CYCLE)]
            ax.plot(xs, y, color=colour, linestyle=DASHES[i % 6], marker=MARKS[i % 6], markersize=4)
            ax.plot(*lowest[name], MARKS[i % 6], color=colour, markeredgecolor=INK, markersize=9, zorder=5)
        ax.margins(x=0.03, y=0.14)
        drawn = {line: (np.array([a]), np.array([b])) for line, (a, b) in lowest.items()}
        label_paths(ax, drawn, {name: CYCLE[i % len(CYCLE)] for i, name in enumerate(lowest)})
    spots = "; ".join(f"{name} is lowest, {b:.3g}, at {a:.3g}" for name, (a, b) in lowest.items())
    alt(figure, f"Lines of {ylabel} against {xlabel}, both on log scales; {spots}.")
    return figure
