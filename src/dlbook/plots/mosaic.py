"""Many small pictures in rows, each pixel a whole number of dots: sharp, and few bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from .look import DPI, INK, MUTED, WIDTH, Number, style
from .picture import Picture, alt

GAP = 4  # dots between pictures
LINE = 30  # dots for the name of a row


def mosaic(
    batch: torch.Tensor | np.ndarray,
    *,
    rows: Sequence[str] = (),
    columns: int = 8,
    gap: bool = True,
    shades: int = 16,
    width: Number = 5.2,
) -> Picture:
    """Pictures (n, H, W) of numbers from 0, white, to 1, dark, as ink on paper, `columns` in a row.

    `rows` are names, one over each row. Without `gap` the pictures touch, as a map. So many `shades` are drawn. The
    figure is at most `width` inches wide.

    Raises:
        ValueError: another shape, numbers beyond 0 to 1, a name missing for a row, or no room for a dot a pixel.
    """
    pixels = np.asarray(batch.detach().cpu() if isinstance(batch, torch.Tensor) else batch, dtype=float)
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise ValueError(f"batch must have shape (n, H, W), got {pixels.shape}")
    if not (pixels.min() >= 0 and pixels.max() <= 1):
        raise ValueError(f"batch must lie within 0 to 1, got {pixels.min():.3g} to {pixels.max():.3g}")
    if columns < 1 or shades < 2:
        raise ValueError(f"columns must be at least 1 and shades at least 2, got {columns} and {shades}")
    count, high, wide = pixels.shape
    columns = min(columns, count)
    lines = math.ceil(count / columns)
    if rows and len(rows) != lines:
        raise ValueError(f"rows must hold a name for each of {lines} rows, got {len(rows)}")
    space, over = GAP * gap, LINE * bool(rows)
    dots = int((min(width, WIDTH) * DPI - 2 * GAP - space * (columns - 1)) // (columns * wide))
    if dots < 1:
        raise ValueError(f"columns = {columns}: {columns} pictures of {wide} pixels do not fit into {width} inches")
    step, rise = dots * wide + space, dots * high + space + over
    sheet = np.ones((lines * rise - space + 2 * GAP, columns * step - space + 2 * GAP))
    levels = np.round((1 - pixels) * (shades - 1)) / (shades - 1)
    for i, picture in enumerate(levels):
        top, left = GAP + over + (i // columns) * rise, GAP + (i % columns) * step
        sheet[top : top + dots * high, left : left + dots * wide] = picture.repeat(dots, 0).repeat(dots, 1)
    tall, broad = sheet.shape
    figure = Picture(broad / DPI, tall / DPI)
    with style():
        figure.ax = figure.add_axes((0, 0, 1, 1), frameon=False)
        figure.ax.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
        figure.ax.set(xticks=[], yticks=[])
        for line, name in enumerate(rows):
            at = GAP + line * rise + over - 8
            figure.ax.text(GAP, at, name, fontsize=9.5, color=INK, va="baseline")
        if gap:
            edges = {"color": MUTED, "linewidth": 0.4, "linestyle": "-"}
            for i in range(count):
                top, left = GAP + over + (i // columns) * rise - 0.5, GAP + (i % columns) * step - 0.5
                right, floor = left + dots * wide, top + dots * high
                figure.ax.plot([left, right, right, left, left], [top, top, floor, floor, top], **edges)
        figure.ax.set(xlim=(-0.5, broad - 0.5), ylim=(tall - 0.5, -0.5))
    named = f", the rows: {'; '.join(rows)}" if rows else ""
    size = f"{high} by {wide} pixels"
    alt(figure, f"A grid of {count} small pictures of {size}, {columns} in a row{named}.")
    return figure
