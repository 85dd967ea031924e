"""Attention: maps of weights with tokens on both axes, a matrix as a picture, and the blocks of a Transformer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from torch import Tensor

from .charts import layout
from .diagram import Diagram
from .look import ACCENT, COLOURS, EMPTY, INK, MUTED, RULE, WIDTH, Number, mix, style
from .maps import SIGNED
from .panels import grid_of
from .picture import Picture, alt

Values = Tensor | np.ndarray | Sequence
SHADE = LinearSegmentedColormap.from_list("weights", ["#ffffff", mix(ACCENT, share=0.5), mix(ACCENT, INK, 0.45)])
SMALL = 9.0  # points: tokens at the axes


def _array(values: Values, name: str, dims: tuple[int, ...]) -> np.ndarray:
    """Finite floats with that number of axes."""
    array = np.asarray(values.detach().cpu().double() if isinstance(values, Tensor) else values, dtype=float)
    if array.ndim not in dims or not array.size or not np.isfinite(array).all():
        wanted = " or ".join(map(str, dims))
        raise ValueError(f"{name} must hold finite numbers on {wanted} axes, got shape {array.shape}")
    return array


def attention(
    weights: Values,
    queries: Sequence[str],
    keys: Sequence[str] | None = None,
    *,
    titles: Sequence[str] | None = None,
    columns: int = 2,
    numbers: bool | None = None,
    xlabel: str = "looked at (keys)",
    ylabel: str = "looking (queries)",
    width: Number = 5.2,
) -> Picture:
    """Weights of attention, a map a head: a row a query, a column a key, white is 0 and the darkest is 1.

    `weights` has shape (t, s) or (heads, t, s), each number from 0 to 1. `queries` and `keys` name rows and columns;
    without keys the queries look at themselves. `numbers` writes the weights into the cells: by default where there is
    one map of at most 8 columns.

    Raises:
        ValueError: another shape, weights beyond 0 and 1, or names or titles of another number.
    """
    drawn = _array(weights, "weights", (2, 3))
    drawn = drawn[None] if drawn.ndim == 2 else drawn
    keys = queries if keys is None else keys
    heads, t, s = drawn.shape
    if drawn.min() < -1e-6 or drawn.max() > 1 + 1e-6:
        raise ValueError(f"weights must lie from 0 to 1, got {drawn.min():.3g} to {drawn.max():.3g}")
    for name, given, count in (("queries", queries, t), ("keys", keys, s)):
        if len(given) != count:
            raise ValueError(f"{name} must hold {count} names, one for each of them, got {len(given)}")
    if titles is not None and len(titles) != heads:
        raise ValueError(f"titles must hold one entry a map, {heads} here, got {len(titles)}")
    columns = min(columns, heads)
    numbers = heads == 1 and s <= 8 if numbers is None else numbers
    margin = 0.1 + 0.085 * max(map(len, queries))
    side = min((width - 0.3) / columns - margin, 0.42 * s if numbers else 0.3 * s)
    tall = side * t / s + 0.3 + 0.075 * max(map(len, keys)) * (max(map(len, keys)) > 3) + 0.24 * bool(titles)
    with style():
        figure, places = grid_of(heads, columns, min(width, columns * (side + margin) + 0.35), tall, share=False)
        for i, ax in enumerate(places):
            ax.imshow(drawn[i], cmap=SHADE, vmin=0, vmax=1, interpolation="nearest")
            _tokens(ax, queries, keys)
            if titles:
                ax.set_title(titles[i], fontsize=9.5, weight="normal", loc="center", pad=4)
            if numbers:
                _numbers(ax, drawn[i])
        figure.supxlabel(xlabel, fontsize=9.5, color=MUTED)
        figure.supylabel(ylabel, fontsize=9.5, color=MUTED)
        wide, high = figure.get_size_inches()
        figure.set_size_inches(wide + 0.22, high + 0.26)
    names = titles or [f"head {i + 1}" for i in range(heads)] if heads > 1 else titles or ["weights"]
    strongest = [divmod(int(plane.argmax()), s) for plane in drawn]
    told = [
        f"{name}: most from {queries[i]} to {keys[j]}, {plane[i, j]:.2f}"
        for name, plane, (i, j) in zip(names, drawn, strongest, strict=True)
    ]
    alt(figure, f"Weights of {t} queries (rows) on {s} keys (columns), dark where large. {'; '.join(told)[:700]}.")
    return figure


def _tokens(ax: Axes, queries: Sequence[str], keys: Sequence[str]) -> None:
    """Names at the rows and columns, upright where they are long, and thin lines between the cells."""
    upright = max(map(len, keys)) > 3
    ax.set_xticks(range(len(keys)), list(keys), rotation=90 if upright else 0, fontsize=SMALL)
    ax.set_yticks(range(len(queries)), list(queries), fontsize=SMALL)
    ax.set_xticks(np.arange(len(keys) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(queries) + 1) - 0.5, minor=True)
    ax.grid(visible=False)
    ax.grid(visible=True, which="minor", color=RULE, linewidth=0.5)
    ax.tick_params(which="both", length=0)
    for spine in ax.spines.values():
        spine.set(visible=True, color=RULE, linewidth=0.8)


def _numbers(ax: Axes, plane: np.ndarray) -> None:
    for (i, j), weight in np.ndenumerate(plane):
        text = f"{weight:.2f}".replace("0.", ".", 1) if 0.005 <= weight < 0.995 else f"{weight:.0f}"
        ax.text(j, i, text, ha="center", va="center", fontsize=9, color="#ffffff" if weight > 0.6 else INK)


def matrix(
    values: Values,
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    width: Number = 5.2,
    height: Number = 2.8,
) -> Picture:
    """A matrix of any size as a picture: positive teal, negative orange, 0 white, with a bar that says how much.

    ValueError where it has not two axes, holds a number that is not finite, or the figure would be wider than a page.
    """
    drawn = _array(values, "values", (2,))
    if not 0 < width <= WIDTH or height <= 0:
        raise ValueError(f"width must be above 0 and at most {WIDTH} inches and height above 0, got {width}, {height}")
    largest = np.abs(drawn).max() or 1.0
    with style():
        figure = Picture(width, height, layout=layout())
        figure.ax = ax = figure.add_subplot()
        shown = ax.imshow(drawn, cmap=SIGNED, vmin=-largest, vmax=largest, aspect="auto", interpolation="nearest")
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.grid(visible=False)
        bar = figure.colorbar(shown, ax=ax, pad=0.02, fraction=0.05)
        bar.outline.set(linewidth=0.6, edgecolor=RULE)
        if title:
            ax.set_title(title)
    size = f"{drawn.shape[0]} rows ({ylabel}) by {drawn.shape[1]} columns ({xlabel})"
    span = f"from {drawn.min():.3g} to {drawn.max():.3g}"
    alt(figure, f"{f'{title}: ' if title else ''}A matrix of {size} as a picture, {span}, 0 is white.")
    return figure


WIDE, TALL, ROOM, LANE = 1.5, 0.3, 0.13, 0.34  # inches: a box, its height, between boxes, the skip path's lane


def transformer(*, norm_first: bool = True) -> Picture:
    """Encoder and decoder block by block, from the tokens at the bottom to the logits at the top, with the skip paths.

    With `norm_first` a layer normalisation stands before each sublayer, inside the branch; else after each sum.
    """
    sheet = Diagram()
    stacks = [
        ("encoder", "source", ["self-attention", "feed-forward"]),
        ("decoder", "target", ["masked self-attention", "cross-attention", "feed-forward"]),
    ]
    gap, tops = 0.62, []
    for n, (name, tokens, sublayers) in enumerate(stacks):
        x = n * (WIDE + LANE + gap)
        tops.append(_stack(sheet, x, name, tokens, sublayers, norm_first))
    memory, middle = tops[0][0], tops[1][1]
    right = WIDE + LANE + gap
    bend = WIDE + LANE + 0.3
    sheet.arrow([(WIDE / 2, memory), (WIDE / 2, memory - 0.16), (bend, memory - 0.16), (bend, middle), (right, middle)])
    sheet.write((WIDE / 2 + bend) / 2, memory - 0.28, "memory", size=9.5, bold=True, align="center")
    sheet.arrow([(right + WIDE / 2, tops[1][0]), (right + WIDE / 2, tops[1][0] - 0.2)])
    sheet.cell(right, tops[1][0] - 0.2 - TALL, WIDE, TALL, face=EMPTY, edge=RULE, text="linear: logits", size=9.5)
    where = "before each sublayer" if norm_first else "after each sum"
    return sheet.finish(
        "Two columns of boxes with arrows upwards. The encoder block has self-attention and feed-forward, the decoder "
        f"block masked self-attention, cross-attention and feed-forward; layer normalisation stands {where}, and an "
        "arrow leads around each sublayer to a plus. The memory of the encoder goes into the cross-attention."
    )


def _stack(
    sheet: Diagram, x: Number, name: str, tokens: str, sublayers: Sequence[str], norm_first: bool
) -> tuple[float, float]:
    """One column from the bottom up; the height of its top, and of the middle of its cross-attention."""
    y, middle, cross = 0.0, x + WIDE / 2, 0.0
    y = _box(sheet, x, y, f"{tokens}: embedding", EMPTY, RULE)
    y = _box(sheet, x, y, "+ positions", EMPTY, RULE)
    bottom = y - ROOM / 2
    for sublayer in sublayers:
        start = y + ROOM / 2
        boxes = ["layer norm", sublayer] if norm_first else [sublayer]
        for text in boxes:
            colour = COLOURS["neutral"] if text == "layer norm" else ACCENT
            colour = COLOURS["second"] if text == "feed-forward" else colour
            if text == "cross-attention":
                cross = y - ROOM - TALL / 2
            y = _box(sheet, x, y, text, mix(colour, share=0.84), colour)
        y = _sum(sheet, middle, y)
        side = x + WIDE + 0.17
        sheet.arrow([(middle, start - ROOM), (side, start - ROOM), (side, y + 0.09), (middle + 0.1, y + 0.09)], MUTED)
        if not norm_first:
            y = _box(sheet, x, y, "layer norm", mix(COLOURS["neutral"], share=0.84), COLOURS["neutral"])
    top = y - ROOM
    sheet.outline(x - 0.12, top, WIDE + LANE + 0.16, bottom - top, RULE, 1.0)
    outer, align = (x - 0.2, "right") if name == "encoder" else (x + WIDE + LANE + 0.12, "left")
    sheet.write(outer, (top + bottom) / 2, "× L", size=10.5, bold=True, align=align)
    sheet.write(middle, 0.2, name, size=10.5, bold=True, align="center")
    if norm_first:
        y = _box(sheet, x, top, "layer norm", mix(COLOURS["neutral"], share=0.84), COLOURS["neutral"])
    return (y if norm_first else top), cross


def _box(sheet: Diagram, x: Number, y: Number, text: str, face: str, edge: str) -> float:
    """A box whose foot is an arrow above y; the height of its top."""
    if y:
        sheet.arrow([(x + WIDE / 2, y), (x + WIDE / 2, y - ROOM)], INK, 1.1)
    y -= ROOM if y else 0
    sheet.cell(x, y - TALL, WIDE, TALL, face=face, edge=edge, text=text, size=9.5)
    return y - TALL


def _sum(sheet: Diagram, x: Number, y: Number) -> float:
    """A plus above y; the height of its top."""
    sheet.arrow([(x, y), (x, y - ROOM)], INK, 1.1)
    sheet.disc(x, y - ROOM - 0.09, 0.09, face="#ffffff", edge=INK, line=1.1)
    sheet.write(x, y - ROOM - 0.09, "+", size=10, bold=True, align="center")
    return y - ROOM - 0.18
