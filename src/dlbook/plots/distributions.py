"""Pictures of chance: bars of probabilities, histograms beside a curve, densities, and hills seen from above."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from .charts import DASHES, MARKS, Numbers, _numbers, axes, layout
from .diagram import text_width
from .look import ACCENT, COLOURS, CYCLE, INK, MUTED, RULE, Number, mix, style
from .picture import Picture, alt

HATCHES = ("", "///", "...", "xx")
Point = tuple[Number, Number]
Box = tuple[float, float, float, float]  # left, right, bottom and top of a name, in the units of the data


def _key(ax: Axes, names: Sequence[str]) -> None:
    """Names in their colours on a line above the axes."""
    width, at = ax.figure.get_size_inches()[0] - 0.8, 0.0
    for i, name in enumerate(names):
        colour = mix(CYCLE[i % len(CYCLE)], INK, 0.3)
        ax.text(at / width, 1.03, name, transform=ax.transAxes, color=colour, va="bottom", fontsize=9.5, weight="bold")
        at += text_width(name, 9.5, bold=True) + 0.2


def bars(
    names: Sequence[object],
    series: Mapping[str, Numbers],
    *,
    ylabel: str,
    xlabel: str = "",
    width: Number = 5.2,
    height: Number = 2.8,
) -> Picture:
    """A group of bars for each name, one for each series; series differ in colour and hatching, and are named on top.

    ValueError where a series has not one value for each name, or there are none or more than four of them.
    """
    values = {name: _numbers(y) for name, y in series.items()}
    for name, y in values.items():
        if len(y) != len(names):
            raise ValueError(f"series {name!r} must hold one value for each of the {len(names)} names, got {len(y)}")
    if not 1 <= len(values) <= len(HATCHES) or not len(names):
        raise ValueError(f"series must hold 1 to {len(HATCHES)} rows of at least one bar, got {len(values)}")
    figure, ax = axes(width, height, xlabel=xlabel, ylabel=ylabel)
    at, wide = np.arange(len(names)), 0.8 / len(values)
    with style():
        for i, y in enumerate(values.values()):
            colour = CYCLE[i]
            ax.bar(
                at + (i - (len(values) - 1) / 2) * wide,
                y,
                wide * 0.94,
                color=mix(colour, share=0.35),
                edgecolor=colour,
                hatch=HATCHES[i],
                linewidth=0.8,
            )
        ax.set_xticks(at, [str(name) for name in names])
        ax.tick_params(axis="x", length=0)
        if len(values) > 1:
            _key(ax, list(values))
    listed = "; ".join(f"{name}: {', '.join(f'{v:.3g}' for v in y)}" for name, y in values.items())
    alt(figure, f"Bars of {ylabel} for {', '.join(map(str, names))}. {listed[0].upper()}{listed[1:]}.")
    return figure


def histograms(
    panels: Mapping[str, Numbers],
    *,
    xlabel: str,
    curve: tuple[Numbers, Numbers] | None = None,
    limits: Point = (-4, 4),
    bins: int = 32,
    width: Number = 5.2,
    height: Number = 2.4,
) -> Picture:
    """Histograms of samples side by side, as densities on a common scale, each with the same curve (x, y) over it.

    ValueError where there is no panel or an empty one.
    """
    samples = {name: _numbers(values) for name, values in panels.items()}
    if not samples or not all(map(len, samples.values())):
        raise ValueError("panels must hold at least one name, each with at least one sample")
    with style():
        figure = Picture(width, height, layout=layout())
        grid = figure.subplots(1, len(samples), sharey=True, squeeze=False)[0]
        figure.ax = grid[0]
        edges = np.linspace(*limits, bins + 1)
        for ax, (name, values) in zip(grid, samples.items(), strict=True):
            share = np.histogram(values, edges)[0] / len(values) / np.diff(edges)
            ax.stairs(share, edges, fill=True, color=mix(COLOURS["data"], share=0.55))
            if curve is not None:
                ax.plot(*map(_numbers, curve), color=ACCENT, linestyle="-")
            ax.set_title(name, fontsize=10)
            ax.set(xlim=limits)
            ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        if len(grid) % 2:
            grid[len(grid) // 2].set_xlabel(xlabel)
        else:
            figure.supxlabel(xlabel, fontsize=10)
        grid[0].set_ylabel("density")
    told = "; ".join(
        f"{name}: mean {v.mean():.2g}, middle half {np.quantile(v, 0.25):.2g} to {np.quantile(v, 0.75):.2g}"
        for name, v in samples.items()
    )
    alt(figure, f"Histograms of {xlabel}{', each with the same curve' if curve is not None else ''}. {told}.")
    return figure


def _free_place(
    xs: np.ndarray, y: np.ndarray, curves: Sequence[np.ndarray], taken: Sequence[Box], wide: Number, inch: Point
) -> Box:
    """Where the name of the curve y stands: above it, as near to its peak as no curve and no other name is touched."""
    wide, high, gap = wide * inch[0], 0.19 * inch[1], 0.1 * inch[0]
    best, score = None, -math.inf
    for i in range(0, len(xs), max(1, len(xs) // 100)):
        for shift in (0.5, 0.0, 1.0):  # of the name's width that lies to the left of the point
            left = min(max(xs[i] - shift * wide, xs[0]), xs[-1] - wide)
            box = (left, left + wide, y[i] + 0.05 * inch[1], y[i] + 0.05 * inch[1] + high)
            under = (xs >= left - 0.06 * inch[0]) & (xs <= left + wide + 0.06 * inch[0])
            clear = all(c[under].max() <= box[2] or c[under].min() >= box[3] for c in curves if under.any())
            clear &= all(
                box[0] >= b[1] + gap or box[1] <= b[0] - gap or box[2] >= b[3] or box[3] <= b[2] for b in taken
            )
            worth = y[i] / y.max() - (shift != 0.5) * 0.05
            if clear and worth > max(score, 0.15):
                best, score = box, worth
    if best is None:  # on top of all that stands there
        left = min(max(float(xs[y.argmax()]) - wide / 2, xs[0]), xs[-1] - wide)
        floor = max([c.max() for c in curves] + [b[3] for b in taken])
        best = (left, left + wide, floor + 0.05 * inch[1], floor + 0.05 * inch[1] + high)
    return best


def densities(
    x: Numbers,
    series: Mapping[str, Numbers],
    *,
    xlabel: str,
    ylabel: str = "density",
    width: Number = 5.2,
    height: Number = 2.8,
) -> Picture:
    """Filled curves over a common x, each with its name near its peak. ValueError where a curve is not as long as x."""
    xs, curves = _numbers(x), {name: _numbers(y) for name, y in series.items()}
    for name, y in curves.items():
        if len(y) != len(xs):
            raise ValueError(f"series {name!r} must hold one value for each of the {len(xs)} values of x, got {len(y)}")
    if not curves or not len(xs):
        raise ValueError("series must hold at least one curve of at least one value, got none")
    figure, ax = axes(width, height, xlabel=xlabel, ylabel=ylabel)
    top = max(y.max() for y in curves.values())
    inch = (
        float(xs[-1] - xs[0]) / (width - 0.9),
        (1.15 + 0.1 * len(curves)) * top / (height - 0.8),
    )  # data units to an inch
    placed: list[Box] = []
    with style():
        for i, (name, y) in enumerate(curves.items()):
            colour = CYCLE[i % len(CYCLE)]
            ax.fill_between(xs, y, color=mix(colour, share=0.5), alpha=0.35, linewidth=0)
            ax.plot(xs, y, color=colour, linestyle=DASHES[i % len(DASHES)])
            box = _free_place(xs, y, list(curves.values()), placed, text_width(name, 9.5), inch)
            placed.append(box)
            ax.text(
                (box[0] + box[1]) / 2, box[2], name, color=mix(colour, INK, 0.3), ha="center", va="bottom", fontsize=9.5
            )
        ax.set(xlim=(xs[0], xs[-1]), ylim=(0, max(1.02 * top, max(box[3] for box in placed))))
        ax.yaxis.set_major_locator(MaxNLocator(5))
    peaks = "; ".join(
        f"{name} peaks at {round(xs[y.argmax()], 6) + 0.0:.3g} with {y.max():.3g}" for name, y in curves.items()
    )
    alt(figure, f"Curves of {ylabel} against {xlabel}: {peaks}.")
    return figure


def contours(
    x: Numbers,
    y: Numbers,
    heights: Float[Tensor, "rows columns"],
    *,
    xlabel: str,
    ylabel: str,
    levels: Mapping[float, str] | Sequence[Number],
    points: Float[Tensor, "n 2"] | None = None,
    marks: Mapping[str, Point] | None = None,
    width: Number = 5.2,
    height: Number = 3.4,
) -> Picture:
    """Lines of equal height of `heights[row, column]` at (x[column], y[row]), with points and named marks over them.

    `levels` may give each line a text. ValueError where the heights are not one for each y and x.
    """
    xs, ys = _numbers(x), _numbers(y)
    if tuple(heights.shape) != (len(ys), len(xs)):
        raise ValueError(
            f"heights must have shape ({len(ys)}, {len(xs)}), one for each y and x, got {tuple(heights.shape)}"
        )
    named = dict(levels) if isinstance(levels, Mapping) else dict.fromkeys(levels, "")
    figure, ax = axes(width, height, xlabel=xlabel, ylabel=ylabel)
    with style():
        if points is not None:
            at = points.detach().cpu().numpy()
            ax.plot(*at.T, "o", color=mix(COLOURS["data"], share=0.15), markersize=3.4, markeredgewidth=0)
        lines = ax.contour(
            xs, ys, heights.detach().cpu().numpy(), sorted(named), colors=ACCENT, linewidths=1.5, linestyles="solid"
        )
        if any(named.values()):
            ax.clabel(lines, fmt={level: named[level] for level in lines.levels}, fontsize=9.5, colors=INK)
        for i, (name, (across, up)) in enumerate((marks or {}).items()):
            ax.plot(across, up, MARKS[i % 6], color=COLOURS["wrong"], markersize=7, markeredgecolor="white")
            ax.annotate(
                name,
                (across, up),
                (9, 9 if i % 2 == 0 else -9),
                textcoords="offset points",
                va="bottom" if i % 2 == 0 else "top",
                fontsize=9.5,
                bbox={"facecolor": "white", "edgecolor": RULE, "linewidth": 0.5, "pad": 1.5, "alpha": 0.9},
            )
        ax.tick_params(color=MUTED)
    told = [f"{name} at ({across:.3g}, {up:.3g})" for name, (across, up) in (marks or {}).items()]
    if points is not None:
        told.insert(0, f"{len(points)} points")
    row, column = divmod(int(heights.argmax()), len(xs))
    alt(
        figure,
        f"Contour lines of a surface over {xlabel} and {ylabel}; the highest point lies at "
        f"({xs[column]:.3g}, {ys[row]:.3g}){'; ' if told else ''}{', '.join(told)}.",
    )
    return figure
