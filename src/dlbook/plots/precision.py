"""What float types can hold: their range and their spacing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.axes import Axes

from .charts import layout
from .look import CYCLE, mix, style
from .picture import Picture, alt

FLOATS = (torch.float16, torch.bfloat16, torch.float32)


def floats(dtypes: Sequence[torch.dtype] = FLOATS) -> Picture:
    """What float types hold: above, the range of each on a log scale; below, the numbers that it has just above 1.

    Everything is computed from `torch.finfo`. The faint part of a bar holds the subnormal numbers. TypeError for types
    that are not floating point.
    """
    if not dtypes or not all(isinstance(d, torch.dtype) and d.is_floating_point for d in dtypes):
        raise TypeError(f"dtypes must be floating point types such as torch.float16, got {list(dtypes)!r}")
    infos = [torch.finfo(d) for d in dtypes]
    with style():
        figure = Picture(5.2, 1.5 + 0.66 * len(infos), layout=layout())
        figure.ax, zoom = figure.subplots(2, 1)
        _ranges(figure.ax, infos)
        _spacings(zoom, infos)
    listed = "; ".join(
        f"{i.dtype} reaches from {i.tiny:.2e} to {i.max:.2e} with spacing {i.eps:.2e} just above 1" for i in infos
    )
    alt(figure, f"Range and spacing of float types: {listed}.")
    return figure


def _power(value: int | float) -> str:
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "\N{MINUS SIGN}")


def _ranges(ax: Axes, infos: Sequence[Any]) -> None:
    for row, info in enumerate(infos):
        colour = CYCLE[row % len(CYCLE)]
        smallest, tiny, top = (math.log10(v) for v in (info.smallest_normal * info.eps, info.tiny, info.max))
        ax.barh(row, tiny - smallest, left=smallest, height=0.5, color=mix(colour, share=0.7))
        ax.barh(row, top - tiny, left=tiny, height=0.5, color=mix(colour, share=0.25))
        ax.text(
            1.02,
            row,
            f"{_power(info.tiny)} to {_power(info.max)}",
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=9.5,
        )
    low = min(math.log10(i.smallest_normal * i.eps) for i in infos)
    high = max(math.log10(i.max) for i in infos)
    edge = 0.03 * (high - low)
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200) if (high - low) / s <= 6)
    ticks = [t for t in range(-400, 401, step) if low - edge <= t <= high + edge]
    ax.set_xlim(low - edge, high + edge)
    ax.set_xticks(ticks, [f"$10^{{{t}}}$" if t else "1" for t in ticks])
    _rows_of(ax, infos, "Range: smallest normal number to largest")
    ax.grid(axis="x")


def _spacings(ax: Axes, infos: Sequence[Any]) -> None:
    end = 2 * max(i.eps for i in infos)
    for row, info in enumerate(infos):
        count = round(end / info.eps)
        many = f"{count:,}" if count < 1e7 else _power(count)
        colour = CYCLE[row % len(CYCLE)]
        if count <= 40:
            ax.vlines(
                [1 + k * info.eps for k in range(count + 1)],
                row - 0.27,
                row + 0.27,
                color=colour,
                linewidth=1.3,
            )
        else:
            ax.barh(row, end, left=1, height=0.5, color=mix(colour, share=0.6))
            ax.text(
                1 + end / 2,
                row,
                f"{many} numbers, too close to draw",
                ha="center",
                va="center",
                fontsize=9.5,
            )
        ax.text(
            1.02,
            row,
            f"every {_power(info.eps)}",
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=9.5,
        )
    ax.set_xlim(1 - 0.03 * end, 1 + 1.03 * end)
    ax.set_xticks([1, 1 + end / 2, 1 + end], ["1", f"{1 + end / 2:.5g}", f"{1 + end:.5g}"])
    _rows_of(ax, infos, "Spacing: the numbers just above 1")


def _rows_of(ax: Axes, infos: Sequence[Any], title: str) -> None:
    ax.set_title(title, fontsize=10)
    ax.set_yticks(range(len(infos)), [str(i.dtype).removeprefix("torch.") for i in infos])
    ax.set_ylim(len(infos) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
