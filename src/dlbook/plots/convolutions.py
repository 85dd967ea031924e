"""Convolution drawn: one position of the window over numbers, and the shapes that pass through a network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from matplotlib.patches import Polygon
from torch import Tensor

from .cells import Paint, dense, draw_grid, shape_text, side, value_text
from .diagram import Diagram, text_width
from .look import ACCENT, COLOURS, EMPTY, INK, MUTED, RULE, Number, mix
from .picture import MARGIN, Picture

CELL, BETWEEN, HEAD = 0.31, 0.3, 0.28  # inches: side of a cell, from grid to grid, room for a title
NARROW = 5.2 - 2 * MARGIN
MOST = 12
TIMES = "\N{MULTIPLICATION SIGN}"


def convolution(
    x: Tensor,
    kernel: Tensor,
    *,
    at: tuple[int, int] = (0, 0),
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
) -> Picture:
    """One position of the window: the picture with the window framed, the kernel, and the result with its cell framed.

    `x` has shape (h, w), `kernel` (kh, kw); `at` is the row and column of the result. Padding is drawn dashed. Under
    the grids stands the sum, a line a row of the kernel, where its rows are short enough.

    Raises:
        ValueError: other than two axes, more than 12 by 12 cells with the padding, or no such position.
    """
    x, kernel = dense(x, "x"), dense(kernel, "kernel")
    (top, left), (down, across), (gap, spread) = (_two(v) for v in (padding, stride, dilation))
    for name, grid, more in (("x", x, 2 * max(top, left)), ("kernel", kernel, 0)):
        if grid.ndim != 2 or max(grid.shape) + more > MOST:
            raise ValueError(
                f"{name} must have 2 dimensions of at most {MOST} cells with the padding to be drawn, "
                f"got shape {shape_text(grid.shape)}"
            )
    shown = torch.nn.functional.pad(x, (left, left, top, top))
    rows = range(0, shown.shape[0] - gap * (kernel.shape[0] - 1), down)
    columns = range(0, shown.shape[1] - spread * (kernel.shape[1] - 1), across)
    if not (0 <= at[0] < len(rows) and 0 <= at[1] < len(columns)):
        raise ValueError(f"at must be a position of the {len(rows)} x {len(columns)} of the result, got {tuple(at)}")

    def under(i: int, j: int) -> Tensor:
        """The numbers that the kernel lies on."""
        return shown[i::gap, j::spread][: kernel.shape[0], : kernel.shape[1]]

    result = torch.stack([torch.stack([(under(i, j) * kernel).sum() for j in columns]) for i in rows])
    row, column = rows[at[0]], columns[at[1]]
    hit = {(row + gap * m, column + spread * n) for m in range(kernel.shape[0]) for n in range(kernel.shape[1])}
    texts = [[[value_text(v) for v in line] for line in grid.tolist()] for grid in (shown, kernel, result)]
    width = [side([text for line in grid for text in line], CELL) for grid in texts]

    def paint_picture(index: tuple[int, ...]) -> Paint:
        i, j = index
        border = not (top <= i < top + x.shape[0] and left <= j < left + x.shape[1])
        face = mix(ACCENT, share=0.66) if index in hit else "#ffffff" if border else EMPTY
        ink = MUTED if border and index not in hit else INK
        return Paint(face, texts[0][i][j], edge=RULE, ink=ink, dashed=border)

    def paint_kernel(index: tuple[int, ...]) -> Paint:
        return Paint(mix(COLOURS["data"], share=0.66), texts[1][index[0]][index[1]], edge=RULE)

    def paint_result(index: tuple[int, ...]) -> Paint:
        face = mix(COLOURS["second"], share=0.66) if index == tuple(at) else EMPTY
        return Paint(face, texts[2][index[0]][index[1]], edge=RULE, bold=index == tuple(at))

    names = [
        f"{name} {a} {TIMES} {b}"
        for name, (a, b) in zip(
            ("picture", "kernel", "feature map"), (x.shape, kernel.shape, result.shape), strict=True
        )
    ]
    wide = [
        max(grid.shape[1] * w, text_width(name, 9.5))
        for grid, w, name in zip((shown, kernel, result), width, names, strict=True)
    ]
    sheet = Diagram()
    second = wide[0] + BETWEEN
    if second + wide[1] + BETWEEN + wide[2] <= NARROW:
        third = (second + wide[1] + BETWEEN, 0.0)
    else:  # the result under the kernel
        third = (second, kernel.shape[0] * CELL + HEAD + 0.34)
    places = [(0.0, 0.0), (second, 0.0), third]
    frames = []
    for (px, py), grid, w, name, paint in zip(
        places, (shown, kernel, result), width, names, (paint_picture, paint_kernel, paint_result), strict=True
    ):
        sheet.write(px, py - 0.15, name, size=9.5)
        frames.append(draw_grid(sheet, px, py, grid.shape, paint, w, CELL))
    reach = (gap * (kernel.shape[0] - 1) + 1, spread * (kernel.shape[1] - 1) + 1)
    sheet.outline(column * width[0], row * CELL, reach[1] * width[0], reach[0] * CELL, ACCENT, 2.4)
    sheet.outline(*places[1], kernel.shape[1] * width[1], kernel.shape[0] * CELL, COLOURS["data"], 2.4)
    cell = (third[0] + at[1] * width[2], third[1] + at[0] * CELL)
    sheet.outline(*cell, width[2], CELL, COLOURS["second"], 2.4)
    lines = _sum_lines(under(row, column), kernel, texts[2][at[0]][at[1]])
    if max(text_width(line, 9.5, mono=True) for line in lines) <= NARROW:
        y = max(frame.bottom for frame in frames) + 0.28
        for i, line in enumerate(lines):
            sheet.write(0.0, y + 0.2 * i, line, size=9.5, mono=True)
    border = f" padded by {top} and {left}" if top or left else ""
    return sheet.finish(
        f"A window of {reach[0]} by {reach[1]} is framed in a picture of {x.shape[0]} by {x.shape[1]} numbers{border}, "
        f"from row {row - top} and column {column - left}; times the kernel of {kernel.shape[0]} by "
        f"{kernel.shape[1]} it adds up to {texts[2][at[0]][at[1]]}, framed in row {at[0]} and column {at[1]} of the "
        f"result of {len(rows)} by {len(columns)}."
    )


def _two(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _sum_lines(window: Tensor, kernel: Tensor, result: str) -> list[str]:
    """The products, a line a row of the kernel, and what they add up to."""
    lines = []
    for numbers, weights in zip(window.tolist(), kernel.tolist(), strict=True):
        pairs = [(value_text(a), value_text(b)) for a, b in zip(numbers, weights, strict=True)]
        products = [f"{a}{TIMES}{b if b[0].isdigit() else f'({b})'}" for a, b in pairs]
        lines.append(" + ".join(products))
    return ["  " + lines[0], *(f"+ {line}" for line in lines[1:]), f"= {result}"]


SIDE, DEEP, TALL, ROOM = 0.78, 0.5, 1.0, 0.26  # inches: widest face, deepest block, longest vector, between blocks
SLANT = (math.cos(math.pi / 4), math.sin(math.pi / 4))


def trace(shapes: Sequence[tuple[str, Sequence[int]]]) -> Picture:
    """Shapes through a network, block by block: faces are height by width, the depth is the number of channels.

    `shapes` are (name, shape) with shape (c, h, w) or (n,), without the batch. Faces are drawn to one scale, depths to
    another, the lengths of vectors to a third; what would be too small to see is drawn as a line.

    Raises:
        ValueError: fewer than two shapes, or one that has neither 3 axes nor 1.
    """
    listed = [(name, tuple(int(size) for size in shape)) for name, shape in shapes]
    if len(listed) < 2:
        raise ValueError(f"shapes must hold at least 2 pairs (name, shape), got {len(listed)}")
    for name, shape in listed:
        if len(shape) not in (1, 3) or min(shape) < 1:
            raise ValueError(f"shape of {name!r} must be (c, h, w) or (n,) with sizes from 1 up, got {shape}")
    maps = [shape for _, shape in listed if len(shape) == 3]
    scale = SIDE / max([max(s[1:]) for s in maps], default=1)
    deep = DEEP / max([s[0] for s in maps], default=1)
    long = TALL / max([s[0] for _, s in listed if len(s) == 1], default=1)
    blocks = []
    for name, shape in listed:
        size = (shape[2] * scale, shape[1] * scale, shape[0] * deep) if len(shape) == 3 else (0.1, shape[0] * long, 0.0)
        size = (max(size[0], 0.03), max(size[1], 0.03), size[2])
        text = f" {TIMES} ".join(map(str, shape)) if len(shape) == 3 else str(shape[0])
        reach = max(size[0] + size[2] * SLANT[0], text_width(name, 9.5, bold=True), text_width(text, 9.5))
        blocks.append((name, text, shape, size, reach))
    sheet, y = Diagram(), 0.0
    rows = _in_rows(blocks)
    for number, row in enumerate(rows):
        floor = y + max(size[1] + size[2] * SLANT[1] for _, _, _, size, _ in row)
        x, end, level = 0.0, None, floor - 0.2
        for name, text, shape, size, reach in row:
            middle, wide = x + reach / 2, size[0] + size[2] * SLANT[0]
            _block(sheet, middle - wide / 2, floor, size, shape)
            sheet.write(middle, floor + 0.2, name, size=9.5, bold=True, align="center")
            sheet.write(middle, floor + 0.4, text, size=9.5, align="center")
            if end is not None:
                sheet.arrow([(end + 0.07, level), (middle - wide / 2 - 0.07, level)], MUTED, 1.2)
            x, end = x + reach + ROOM, middle + wide / 2
        if number + 1 < len(rows):
            sheet.arrow([(end + 0.07, level), (end + 0.07 + ROOM, level)], MUTED, 1.2)
        y = floor + 0.75
    said = "; ".join(f"{name} {shape_text(shape)}" for name, shape in listed)
    return sheet.finish(f"Shapes through a network as blocks: {said}.")


def _in_rows(blocks: Sequence[tuple]) -> list[list[tuple]]:
    """As few rows as a narrow page holds, of about equal width."""
    for count in range(1, len(blocks) + 1):
        most = math.ceil(len(blocks) / count)
        rows = [list(blocks[i : i + most]) for i in range(0, len(blocks), most)]
        if max(sum(block[-1] + ROOM for block in row) for row in rows) <= NARROW:
            break
    return rows


def _block(sheet: Diagram, x: Number, floor: Number, size: Sequence[Number], shape: Sequence[int]) -> None:
    """A block with its front's lower left corner at (x, floor); lines tell channels apart where there is room."""
    wide, tall, deep = size
    colour = ACCENT if len(shape) == 3 else COLOURS["second"]
    edge, step = mix(colour, INK, 0.3), (deep * SLANT[0], -deep * SLANT[1])
    top = [(x, floor - tall), (x + wide, floor - tall)]
    right = [(x + wide, floor - tall), (x + wide, floor)]
    for corners, share in ((top, 0.82), (right, 0.45)):
        back = [(a + step[0], b + step[1]) for a, b in reversed(corners)]
        sheet.ax.add_patch(
            Polygon(corners + back, facecolor=mix(colour, share=share), edgecolor=edge, linewidth=0.9, zorder=2)
        )
    sheet.cell(x, floor - tall, wide, tall, face=mix(colour, share=0.66), edge=edge, line=0.9)
    sheet.grow(x, floor - tall + step[1], x + wide + step[0], floor)
    if len(shape) == 3 and deep / shape[0] >= 0.028:
        for k in range(1, shape[0]):
            shift = [s * k / shape[0] for s in step]
            line = [(x, floor - tall), (x + wide, floor - tall), (x + wide, floor)]
            xs, ys = zip(*[(a + shift[0], b + shift[1]) for a, b in line], strict=True)
            sheet.ax.plot(xs, ys, color=edge, linewidth=0.5, linestyle="-", zorder=2.2)
