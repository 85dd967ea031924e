"""Charts over two axes: points with fitted lines, and a landscape with paths over it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.ticker import MaxNLocator

from .charts import DASHES, MARKS, Numbers, _numbers, axes, label_ends, last_finite
from .look import ACCENT, COLOURS, INK, MUTED, Number, mix, style
from .picture import Picture, alt
from .place import label_paths

Line = Callable[[Any], Any] | tuple[Numbers, Numbers]
FITS = tuple(COLOURS[name] for name in ("model", "second", "first", "wrong", "neutral"))
HEIGHTS = LinearSegmentedColormap.from_list("heights", ["#ffffff", mix(ACCENT, share=0.8), mix(ACCENT, share=0.5)])


def evaluate(f: Callable[[Any], Any], points: np.ndarray, like: Any) -> np.ndarray:
    """f at `points`, given to it as what `like` is (a tensor of its dtype and device, or an array), without a graph."""
    with torch.no_grad():
        given = torch.as_tensor(points).to(like) if isinstance(like, torch.Tensor) else points
        out = f(given)
    return np.asarray(out.detach().cpu() if isinstance(out, torch.Tensor) else out)


def scatter(
    x: Numbers,
    y: Numbers,
    *,
    xlabel: str,
    ylabel: str,
    fits: Mapping[str, Line] | None = None,
    residuals: str = "",
    title: str = "",
    width: Number = 5.2,
    height: Number = 3.0,
) -> Picture:
    """Points, with named lines over them: each a function of x or a pair (x, y) of its own; its name at its right end.

    A function gets what x is, a tensor or an array. `residuals` names the line from which a thin stick leads to each
    point. ValueError where x and y differ in length or `residuals` is no line.
    """
    xs, ys = _numbers(x), _numbers(y)
    if len(xs) != len(ys) or not len(xs):
        raise ValueError(f"x and y must hold the same number of values, at least 1, got {len(xs)} and {len(ys)}")
    fits = fits or {}
    if residuals and residuals not in fits:
        raise ValueError(f"residuals must name one of fits ({', '.join(fits) or 'none given'}), got {residuals!r}")
    edge = 0.03 * (xs.max() - xs.min())
    grid, drawn = np.linspace(xs.min() - edge, xs.max() + edge, 200), {}
    for name, line in fits.items():
        drawn[name] = (
            (grid, evaluate(line, grid, x).reshape(-1)) if callable(line) else tuple(_numbers(part) for part in line)
        )
    figure, ax = axes(width, height, xlabel=xlabel, ylabel=ylabel, title=title)
    with style():
        if residuals:
            order = np.argsort(drawn[residuals][0], kind="stable")
            at = np.interp(xs, *(part[order] for part in drawn[residuals]))
            ax.vlines(xs, at, ys, color=COLOURS["wrong"], linewidth=1.0, zorder=2)
        ax.plot(
            xs, ys, "o", color=COLOURS["data"], markersize=4.5, markeredgecolor="white", markeredgewidth=0.5, zorder=2.5
        )
        for i, (name, (line_x, line_y)) in enumerate(drawn.items()):
            ax.plot(line_x, line_y, color=FITS[i % len(FITS)], linestyle=DASHES[i % 6], zorder=3, label=name)
        ax.margins(x=0.02)
        label_ends(ax, {name: last_finite(*line) for name, line in drawn.items()}, FITS)
    lines = "".join(f"; the line {n} goes from {ly[0]:.3g} to {ly[-1]:.3g}" for n, (_, ly) in drawn.items())
    sticks = f"; a stick joins each point with {residuals}" if residuals else ""
    points = f"{len(xs)} points, {xlabel} from {xs.min():.3g} to {xs.max():.3g}, {ylabel} from {ys.min():.3g}"
    head = f"{title}: p" if title else "P"
    alt(figure, f"{head}oints of {ylabel} against {xlabel}: {points} to {ys.max():.3g}{lines}{sticks}.")
    return figure


def landscape(
    surface: Callable[[Any, Any], Any] | np.ndarray | torch.Tensor,
    x: Numbers,
    y: Numbers,
    *,
    xlabel: str,
    ylabel: str,
    name: str = "loss",
    trajectories: Mapping[str, Any] | None = None,
    marks: Mapping[str, tuple[Number, Number]] | None = None,
    log: bool = False,
    levels: int = 12,
    equal: bool = False,
    title: str = "",
    width: Number = 5.2,
    height: Number = 3.8,
) -> Picture:
    """The height of a surface over two parameters as contours, darker the higher, with named paths drawn over it.

    `x` and `y` are the values of the grid. `surface` is a function of two grids of shape (len(y), len(x)), tensors
    where x is one, or its values of that shape. Each of `trajectories` is a list of points, shape (n, 2): an open
    circle at its start, a filled mark at its end. `marks` are named single points. `log` spaces the levels evenly in
    the logarithm, `equal` draws one unit as long on both axes.

    Raises:
        ValueError: a shape does not fit, a height is not finite, or `log` meets negative heights.
    """
    xs, ys, paths = _numbers(x), _numbers(y), {}
    if min(len(xs), len(ys)) < 2:
        raise ValueError(f"x and y must hold at least 2 values each, got {len(xs)} and {len(ys)}")
    if callable(surface):
        grids = np.stack(np.meshgrid(xs, ys))
        heights = evaluate(lambda both: surface(both[0], both[1]), grids, x).astype(float)
    else:
        heights = np.asarray(surface.detach().cpu() if isinstance(surface, torch.Tensor) else surface, dtype=float)
    if heights.shape != (len(ys), len(xs)):
        raise ValueError(f"surface must give heights of shape {(len(ys), len(xs))}, y by x, got {heights.shape}")
    if not np.isfinite(heights).all() or (log and heights.min() < 0):
        raise ValueError(f"surface must be finite{' and with log nowhere negative' if log else ''}, got other heights")
    for label, path in (trajectories or {}).items():
        points = [_numbers(p) for p in path]
        if not points or any(len(p) != 2 for p in points):
            raise ValueError(f"trajectories[{label!r}] must hold at least one point of 2 numbers, shape (n, 2)")
        paths[label] = np.stack(points).T
    steps = _levels(heights, levels, log)
    figure, ax = axes(width, height, xlabel=xlabel, ylabel=ylabel, title=title)
    with style():
        norm = (LogNorm if log else Normalize)(steps[0], steps[-1])
        drawn = np.clip(heights, steps[0], steps[-1])
        filled = ax.contourf(xs, ys, drawn, levels=steps, cmap=HEIGHTS, norm=norm)
        ax.contour(xs, ys, drawn, levels=steps, colors=MUTED, linewidths=0.5, linestyles="solid")
        ax.set(xlim=(xs.min(), xs.max()), ylim=(ys.min(), ys.max()), aspect="equal" if equal else "auto")
        bar = figure.colorbar(filled, ax=ax, label=name, pad=0.02, aspect=28)
        every = steps[:: math.ceil(len(steps) / 6)]
        bar.set_ticks(every, labels=[f"{step:g}".replace("-", "\N{MINUS SIGN}") for step in every])
        bar.ax.minorticks_off()
        bar.outline.set_visible(False)
        for i, (px, py) in enumerate(paths.values()):
            colour = FITS[(i + 1) % len(FITS)]
            ax.plot(px, py, color=colour, linestyle=DASHES[i % 6], linewidth=1.6, zorder=4)
            if len(px) <= 40:
                ax.plot(px, py, ".", color=colour, markersize=4.5, zorder=4)
            ax.plot(px[0], py[0], "o", color="white", markeredgecolor=INK, markersize=7, zorder=5)
            ax.plot(px[-1], py[-1], MARKS[i % 6], color=colour, markeredgecolor="white", markersize=8, zorder=5)
        for at in (marks or {}).values():
            ax.plot(*at, "X", color=INK, markeredgecolor="white", markersize=8, zorder=4.5)
        named = {label: tuple(path) for label, path in paths.items()}
        named |= {label: (np.array([a]), np.array([b])) for label, (a, b) in (marks or {}).items()}
        colours = {label: FITS[(i + 1) % len(FITS)] for i, label in enumerate(paths)}
        label_paths(ax, named, colours | dict.fromkeys(marks or {}, INK))
    walks = "".join(f"; {n} goes from {_spot(p[:, 0])} to {_spot(p[:, -1])}" for n, p in paths.items())
    points = "".join(f"; {label} at {_spot(at)}" for label, at in (marks or {}).items())
    lowest = 0.0 if abs(heights.min()) < 1e-9 * np.ptp(heights) else heights.min()  # what rounding left of 0
    span = f"from {lowest:.3g} to {heights.max():.3g}"
    head = f"{title}: c" if title else "C"
    alt(figure, f"{head}ontours of {name} over {xlabel} and {ylabel}, {span}{walks}{points}.")
    return figure


def _levels(heights: np.ndarray, count: int, log: bool) -> np.ndarray:
    """Where the contours lie: round numbers around lowest and highest; on a log scale over at most 6 powers of ten."""
    low, high = heights.min(), heights.max()
    if not low < high:
        raise ValueError(f"surface must have heights that differ, got {low:.3g} everywhere")
    if not log:
        return MaxNLocator(count).tick_values(low, high)
    low = max(np.quantile(heights[heights > 0], 0.002), 1e-6 * high)  # the very lowest depends on where the grid lies
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for parts in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        steps = np.array([part * 10.0**power for power in powers for part in parts])
        first, last = np.searchsorted(steps, low, "right") - 1, np.searchsorted(steps, high)
        if last - first <= count + 1:
            break
    return steps[first : last + 1]


def _spot(at: Numbers) -> str:
    return "({:.3g}, {:.3g})".format(*at)
