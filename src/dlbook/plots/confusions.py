"""The confusion matrix: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from .cells import side
from .diagram import Diagram, text_width
from .look import ACCENT, COLOURS, RULE, mix
from .picture import Picture

ROW, ALL, MOST = 0.34, 4.4, 12  # inches: height of a row, side of a large matrix; classes that get numbers


def confusion(matrix: Tensor | np.ndarray, names: Sequence[str], *, title: str = "") -> Picture:
    """How many of each true class (row) got each predicted class (column): right ones teal, wrong ones red.

    A cell is darker the larger its share of the row, a mistake beside the worst of all; where there is none the cell is
    empty. With more than 12 classes the cells carry no numbers, and only some of the names fit.

    Raises:
        ValueError: a matrix that is not square, counts below 0 or not whole, or names of another number.
    """
    counts = np.asarray(matrix.detach().cpu() if isinstance(matrix, Tensor) else matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"matrix must have shape (classes, classes), got {tuple(counts.shape)}")
    if not (counts >= 0).all() or (counts != np.round(counts)).any():
        raise ValueError(f"matrix must hold whole counts from 0 up, got {counts.min():.3g} to {counts.max():.3g}")
    if len(names) != len(counts):
        raise ValueError(f"names must hold one name a class, {len(counts)} here, got {len(names)}")
    names, counts = [str(name) for name in names], counts.astype(int)
    small = len(counts) <= MOST
    wide = side([str(n) for n in counts.flatten()], 0.34, 9.5) if small else ALL / len(counts)
    tall = ROW if small else ALL / len(counts)
    sheet = Diagram()
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    worst_share = (shares - np.diag(np.diag(shares))).max() or 1.0
    for (i, j), count in np.ndenumerate(counts):
        share = shares[i, j] if i == j else shares[i, j] / worst_share
        face = mix(ACCENT if i == j else COLOURS["wrong"], share=1 - (0.55 * share**0.5 if small else share**0.5))
        edge = RULE if small else face
        text = str(count) if small and count else ""
        sheet.cell(j * wide, i * tall, wide, tall, face=face, edge=edge, text=text, size=9.5, bold=i == j)
    end = len(counts) * wide
    sheet.outline(0.0, 0.0, end, len(counts) * tall, RULE, 0.8)
    every = max(1, int(np.ceil(0.2 / tall)))
    flat = max(text_width(name, 9.5) for name in names) <= wide - 0.06
    reach = 0.0
    for i in range(0, len(names), every):
        length = sheet.write(-0.09, (i + 0.5) * tall, names[i], size=9.5, align="right")
        reach = max(reach, text_width("0", 9.5) if flat else length)
        if flat:
            sheet.write((i + 0.5) * wide, -0.14, names[i], size=9.5, align="center")
        else:
            _upright(sheet, (i + 0.5) * wide, -0.08, names[i])
    above = -0.34 if flat else -0.26 - reach
    sheet.write(end / 2, above, "predicted", size=10, bold=True, align="center")
    sheet.write(-0.09, above, "true", size=10, bold=True, align="right")
    if title:
        sheet.write(0.0, above - 0.3, title, size=10.5, bold=True)
    right, total = int(np.trace(counts)), int(counts.sum())
    off = counts - np.diag(np.diag(counts))
    order = [np.unravel_index(k, off.shape) for k in np.argsort(-off, axis=None, kind="stable")[:3]]
    worst = [f"{off[i, j]} of {names[i]} taken for {names[j]}" for i, j in order if off[i, j]]
    most = f"; most often {', '.join(worst)}" if worst else ""
    head = f"{title}: a confusion" if title else "A confusion"
    return sheet.finish(f"{head} matrix of {len(names)} classes, {right} of {total} right{most}.")


def _upright(sheet: Diagram, x: float, y: float, text: str) -> None:
    """A line of text that runs upwards from (x, y)."""
    sheet.ax.text(x, y, text, fontsize=9.5, rotation=90, ha="center", va="bottom", zorder=4, parse_math=False)
    sheet.grow(x - 0.08, y - text_width(text, 9.5), x + 0.08, y)
