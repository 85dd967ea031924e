"""Charts of numbers: lines with direct labels, and measured times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine

from .look import ACCENT, CYCLE, INK, WIDTH, Number, mix, style
from .picture import MARGIN, Picture, alt

Numbers = Sequence[Number] | np.ndarray | torch.Tensor
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), "-")
MARKS = ("o", "s", "^", "D", "v", "P")
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "\N{MICRO SIGN}s"), (1e-9, "ns"))


def layout() -> ConstrainedLayoutEngine:
    return ConstrainedLayoutEngine(w_pad=MARGIN, h_pad=MARGIN, hspace=0.06)


def axes(
    width: Number = 5.2, height: Number = 3.0, *, xlabel: str = "", ylabel: str = "", title: str = ""
) -> tuple[Picture, Axes]:
    """An empty figure in the book's look and its axes; end the cell with the figure. Inches, at most 6.5 wide."""
    if not 0 < width <= WIDTH or height <= 0:
        raise ValueError(
            f"width must be above 0 and at most {WIDTH} inches and height above 0, got {width} and {height}"
        )
    with style():
        figure = Picture(width, height, layout=layout())
        figure.ax = figure.add_subplot()
        figure.ax.set(xlabel=xlabel, ylabel=ylabel)
        if title:
            figure.ax.set_title(title)
    return figure, figure.ax


def lines(
    x: Numbers,
    series: Mapping[str, Numbers],
    *,
    xlabel: str,
    ylabel: str,
    bands: Mapping[str, tuple[Numbers, Numbers]] | None = None,
    logx: bool = False,
    logy: bool = False,
    marks: bool = False,
    title: str = "",
    width: Number = 5.2,
    height: Number = 3.0,
) -> Picture:
    """Named lines over a common x, each with its name at its end; `bands` gives (low, high) of a line's uncertainty.

    Lines differ in colour and in dashes, with `marks` also in the points. ValueError where a line is not as long as x.
    """
    xs = _numbers(x)
    named = {name: _numbers(y) for name, y in series.items()}
    for name, y in named.items():
        if len(y) != len(xs):
            raise ValueError(f"series {name!r} must hold one value for each of the {len(xs)} values of x, got {len(y)}")
    if not named or not len(xs):
        raise ValueError("series must hold at least one line of at least one value, got none")
    figure, ax = axes(width, height, xlabel=xlabel, ylabel=ylabel, title=title)
    with style():
        for i, (name, y) in enumerate(named.items()):
            colour = CYCLE[i % len(CYCLE)]
            if bands and name in bands:
                ax.fill_between(xs, *map(_numbers, bands[name]), color=colour, alpha=0.22, linewidth=0)
            ax.plot(
                xs,
                y,
                color=colour,
                linestyle=DASHES[i % 6],
                marker=MARKS[i % 6] if marks else None,
                label=name,
            )
        ax.set(xscale="log" if logx else "linear", yscale="log" if logy else "linear")
        ax.margins(x=0.02)
        label_ends(ax, {name: last_finite(xs, y) for name, y in named.items()})
    spans = "; ".join(f"{name} goes from {y[0]:.3g} to {y[-1]:.3g}" for name, y in named.items())
    scale = {
        (True, True): ", both on log scales",
        (True, False): " on a log scale",
        (False, True): ", on a log scale of values",
    }
    alt(
        figure,
        f"{title + ': l' if title else 'L'}ines of {ylabel} against {xlabel}{scale.get((logx, logy), '')}; {spans}.",
    )
    return figure


def _numbers(values: Numbers) -> np.ndarray:
    """Values as float64, from a list, an array or a tensor on any device."""
    return np.asarray(values.detach().cpu() if isinstance(values, torch.Tensor) else values, dtype=float).reshape(-1)


def label_ends(
    ax: Axes, ends: Mapping[str, tuple[Number, Number]], colours: Sequence[str] = CYCLE, height: Number = 0.0
) -> None:
    """Names right of the axes, each at the height of its line's end (x, y), pushed apart where they would touch.

    `height` is that of the axes in inches; 0: of the only axes of its figure.
    """
    ax.autoscale_view()
    to_axes = ax.transScale + ax.transLimits
    heights = {name: float(to_axes.transform(end)[1]) for name, end in ends.items()}
    heights = {name: min(max(at, 0.0), 1.0) if math.isfinite(at) else 0.0 for name, at in heights.items()}
    step = 0.16 / (height or ax.figure.get_size_inches()[1] - 0.7)
    order = sorted(heights, key=heights.get)
    for _ in range(100):
        for lower, upper in pairwise(order):
            lack = step - (heights[upper] - heights[lower])
            if lack > 0:
                heights[lower] -= lack / 2
                heights[upper] += lack / 2
    for i, name in enumerate(ends):
        colour = mix(colours[i % len(colours)], INK, 0.3)
        ax.text(1.02, heights[name], name, transform=ax.transAxes, color=colour, va="center", fontsize=9.5)


def last_finite(xs: np.ndarray, ys: np.ndarray) -> tuple[Number, Number]:
    """The last point of a line that can be drawn; nan where there is none."""
    found = np.flatnonzero(np.isfinite(ys))
    return (float(xs[found[-1]]), float(ys[found[-1]])) if len(found) else (float(xs[-1]), math.nan)


def _unit(seconds: Number) -> tuple[float, str]:
    """The unit that suits a time: its size in seconds and its name."""
    return next(((size, unit) for size, unit in UNITS if seconds >= 0.9995 * size), UNITS[-1])


def _digits(value: Number) -> str:
    """Three significant digits without an exponent: 0.123, 1.23, 12.3, 123."""
    return f"{value:.{max(0, 2 - math.floor(math.log10(value) + 1e-9))}f}"


def seconds_text(seconds: Number) -> str:
    """A time above 0 with 3 significant digits and the unit that suits it: 1.24 ms."""
    size, unit = _unit(seconds)
    return f"{_digits(seconds / size)} {unit}"


def _beside(low: Number, middle: Number, high: Number) -> str:
    """What stands beside a dot: median and middle half, in one unit."""
    size, _ = _unit(middle)
    spread = f"  ({_digits(low / size)} to {_digits(high / size)})" if low < high else ""
    return seconds_text(middle) + spread


def times(rows: Mapping[str, Numbers], *, title: str = "", width: Number = 5.2) -> Picture:
    """Measured times in seconds, a line a name: median as a dot, middle half as a bar, both in words; log scale.

    `rows` maps a name to its repeated measurements. ValueError where one is empty or holds a time that is not positive.
    """
    measured = {name: np.atleast_1d(_numbers(values)) for name, values in rows.items()}
    for name, values in measured.items():
        if not len(values) or not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(f"rows[{name!r}] must hold at least one time, each a finite number of seconds above 0")
    if not measured:
        raise ValueError("rows must hold at least one name with its times, got none")
    figure, ax = axes(
        width,
        0.75 + 0.42 * len(measured) + (0.25 if title else 0),
        xlabel="median time (middle half of the runs), log scale",
        title=title,
    )
    quartiles = {name: np.quantile(values, (0.25, 0.5, 0.75)) for name, values in measured.items()}
    low, high = min(q[0] for q in quartiles.values()), max(q[2] for q in quartiles.values())
    with style():
        for i, (low_i, middle, high_i) in enumerate(quartiles.values()):
            ax.plot(
                [low_i, high_i],
                [i, i],
                color=mix(ACCENT, share=0.45),
                linewidth=9,
                linestyle="-",
                solid_capstyle="butt",
            )
            ax.plot(middle, i, "o", color=ACCENT, markersize=5)
            ax.text(
                1.02,
                i,
                _beside(low_i, middle, high_i),
                transform=ax.get_yaxis_transform(),
                va="center",
                fontsize=9.5,
            )
        ax.set(xscale="log", ylim=(len(measured) - 0.5, -0.5), xlim=(low / 1.6, high * 1.6))
        ax.set_yticks(range(len(measured)), list(measured))
        ax.tick_params(axis="y", length=0)
        _time_ticks(ax, low / 1.6, high * 1.6)
        ax.grid(axis="x")
    listed = "; ".join(f"{name} takes {seconds_text(q[1])}" for name, q in quartiles.items())
    alt(figure, f"{title + ': m' if title else 'M'}edian times on a log scale: {listed}.")
    return figure


def _time_ticks(ax: Axes, low: Number, high: Number) -> None:
    """Ticks at powers of ten with units, finer where fewer than two fall inside."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))):
        ticks = [step * 10.0**p for p in powers for step in steps if low <= step * 10.0**p <= high]
        if len(ticks) >= 2:
            break
    every = math.ceil(len(ticks) / 3)  # wide names leave little room for more labels
    ax.set_xticks(ticks[::every], [f"{t / _unit(t)[0]:.3g} {_unit(t)[1]}" for t in ticks[::every]])
    ax.set_xticks([], minor=True)
