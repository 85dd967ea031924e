"""Pictures of shapes: how many axes a tensor has, and which sizes a matrix product joins."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from .align import RESULT, Shape, shape_of
from .broadcasting import FACES
from .cells import Paint, dense, dim_colour, draw_grid, shape_text, side, value_text
from .diagram import Diagram, text_width
from .look import ACCENT, COLOURS, INK, MUTED, RULE, Number, mix
from .picture import Picture

NAMES = ("scalar", "vector", "matrix", "3-d tensor")
CELL, STEP, BETWEEN, ROW = 0.31, 0.15, 0.42, 5.2  # inches: cell, shift of a sheet behind, gap, width of a row
MOST = 8  # cells along an axis


def rank(*tensors: Shape | Tensor, names: Sequence[str] | None = None) -> Picture:
    """Tensors of 0 to 3 dimensions as cells with an arrow an axis; under each its name, shape and number of dimensions.

    Shapes give empty cells, tensors their values. Sheets of a 3-d tensor stand behind each other, the first in front.
    Without arguments: shapes (), (4,), (3, 4) and (2, 3, 4). ValueError where one has more than 3 dimensions or 8 cells
    along an axis.
    """
    tensors = tensors or ((), (4,), (3, 4), (2, 3, 4))
    shapes = [_drawable(t, f"tensor {i + 1}") for i, t in enumerate(tensors)]
    labels = list(names) if names is not None else [NAMES[len(s)] for s in shapes]
    if len(labels) != len(shapes):
        raise ValueError(f"names must hold one name a tensor, {len(shapes)} here, got {len(labels)}")
    sheet, blocks = Diagram(), []
    for tensor, shape, label in zip(tensors, shapes, labels, strict=True):
        blocks.append((tensor, shape, label, _size(tensor, shape, label)))
    y = 0.0
    for row in _rows(blocks):
        floor = y + max(height for *_, (_, height) in row)
        for column, (tensor, shape, label, (_, height)) in enumerate(row):
            x = sum(max(r[c][3][0] for r in _rows(blocks) if c < len(r)) + BETWEEN for c in range(column))
            _one(sheet, x, floor - height, tensor, shape)
            sheet.write(x, floor + 0.2, label, bold=True)
            sheet.write(x, floor + 0.4, shape_text(shape), mono=True)
            sheet.write(x, floor + 0.6, f"ndim {len(shape)}", colour=MUTED)
        y = floor + 1.0
    parts = [
        f"{label} of shape {shape_text(shape)} with {len(shape)} axes"
        for label, shape in zip(labels, shapes, strict=True)
    ]
    return sheet.finish(f"Tensors drawn as cells: {'; '.join(parts)}.".replace("with 1 axes", "with 1 axis"))


def _drawable(tensor: Shape | Tensor, name: str) -> tuple[int, ...]:
    shape = shape_of(tensor, name)
    if len(shape) > 3 or any(not 1 <= size <= MOST for size in shape):
        raise ValueError(
            f"{name} must have at most 3 dimensions of 1 to {MOST} cells to be drawn, got shape {shape_text(shape)}"
        )
    if isinstance(tensor, Tensor):
        dense(tensor, name)
    return shape


def _cell_width(tensor: Shape | Tensor) -> float:
    return side([value_text(v) for v in tensor.flatten().tolist()], CELL) if isinstance(tensor, Tensor) else CELL


def _size(tensor: Shape | Tensor, shape: Shape, label: str) -> tuple[float, float]:
    """Width and height that a tensor takes, its axis arrows included, its lines of text only in the width."""
    sheets, rows, cols = (1,) * (3 - len(shape)) + tuple(shape)
    width = (
        cols * _cell_width(tensor)
        + (sheets - 1) * STEP
        + (0.16 if len(shape) >= 2 else 0.0)
        + (0.1 if len(shape) == 3 else 0)
    )
    text = max(text_width(label, bold=True), text_width(shape_text(shape), mono=True))
    return max(width, text), rows * CELL + (sheets - 1) * STEP + (0.16 if shape else 0.0)


def _rows(blocks: Sequence[tuple]) -> list[list[tuple]]:
    """Blocks in as few rows as fit, the same number in each, columns as wide as their widest."""
    for count in range(len(blocks), 0, -1):
        rows = [list(blocks[i : i + count]) for i in range(0, len(blocks), count)]
        width = sum(max(row[c][3][0] for row in rows if c < len(row)) + BETWEEN for c in range(count)) - BETWEEN
        if width <= ROW:
            break
    even = math.ceil(len(blocks) / len(rows))
    return [list(blocks[i : i + even]) for i in range(0, len(blocks), even)]


def _one(sheet: Diagram, x: Number, y: Number, tensor: Shape | Tensor, shape: Shape) -> None:
    """One tensor whose block starts at (x, y): sheets from back to front, an arrow an axis."""
    ndim, width = len(shape), _cell_width(tensor)
    sheets, rows, cols = (1,) * (3 - ndim) + tuple(shape)
    left = x + (0.16 if ndim >= 2 else 0.0)
    top = y + (0.16 if ndim else 0.0) + (sheets - 1) * STEP
    numbers = tensor.detach().reshape(sheets, rows, cols).tolist() if isinstance(tensor, Tensor) else None
    for s in reversed(range(sheets)):
        face = mix(ACCENT, share=0.78 - 0.09 * s)

        def paint(index: tuple[int, ...], s: int = s, face: str = face) -> Paint:
            row, col = (0, 0, *index)[-2:]
            return Paint(
                face,
                value_text(numbers[s][row][col]) if numbers and s == 0 else "",
                edge=mix(face, INK, 0.45),
            )

        for row in range(rows):
            for col in range(cols):
                look = paint((row, col))
                sheet.cell(
                    left + col * width + s * STEP,
                    top + row * CELL - s * STEP,
                    width,
                    CELL,
                    face=look.face,
                    edge=look.border(),
                    text=look.text,
                    z=2.0 + 0.2 * (sheets - s),
                )
    if ndim >= 1:
        over = top - (sheets - 1) * STEP - 0.09
        shift = (sheets - 1) * STEP
        sheet.arrow([(left + shift, over), (left + shift + cols * width, over)], dim_colour(ndim - 1, ndim))
    if ndim >= 2:
        sheet.arrow([(left - 0.09, top), (left - 0.09, top + rows * CELL)], dim_colour(ndim - 2, ndim))
    if ndim == 3:
        corner, depth = (left + cols * width + 0.08, top + rows * CELL), max(sheets - 1, 1) * STEP
        sheet.arrow([corner, (corner[0] + depth, corner[1] - depth)], dim_colour(0, ndim))


def matmul(
    left: Shape | Tensor,
    right: Shape | Tensor,
    *,
    entry: tuple[int, int] = (0, 0),
    names: Sequence[str] = ("A", "B"),
) -> Picture:
    """`A @ B` with B above the result and A beside it: one row of A and one column of B meet in the entry they make.

    Shapes give empty cells, tensors numbers. `entry` is the (row, column) of the result that is shown. ValueError where
    the operands are not matrices, the inner sizes differ, an axis has more than 8 cells, or `entry` lies outside the
    result.
    """
    shapes = [_drawable(left, names[0]), _drawable(right, names[1])]
    if any(len(s) != 2 for s in shapes) or shapes[0][1] != shapes[1][0]:
        got = f"{shape_text(shapes[0])} and {shape_text(shapes[1])}"
        raise ValueError(
            f"{names[0]} and {names[1]} must be matrices with equal inner sizes, (n, k) and (k, m), got {got}"
        )
    (n, k), m = shapes[0], shapes[1][1]
    i, j = entry
    if not (0 <= i < n and 0 <= j < m):
        raise ValueError(f"entry must be a row from 0 to {n - 1} and a column from 0 to {m - 1}, got {entry}")
    tensors = isinstance(left, Tensor) and isinstance(right, Tensor)
    grids = (left, right, left @ right) if tensors else (None, None, None)
    texts = [[[value_text(v) for v in row] for row in g.detach().tolist()] if g is not None else None for g in grids]
    width = side([v for grid in texts if grid for row in grid for v in row], 0.34)
    sheet, height, gap = Diagram(), 0.34, 0.3
    parts = ((0, k * height + gap, (n, k), (i, None)), (k * width + gap, 0, (k, m), (None, j)))
    for which, (x, y, shape, chosen) in enumerate((*parts, (k * width + gap, k * height + gap, (n, m), (i, j)))):
        strong = (COLOURS["first"], COLOURS["data"], ACCENT)[which]

        def paint(index: tuple[int, ...], which: int = which, chosen: tuple = chosen, strong: str = strong) -> Paint:
            on = all(c is None or c == at for c, at in zip(chosen, index, strict=True))
            face = (*FACES, RESULT)[which] if on else "#ffffff"
            text = texts[which][index[0]][index[1]] if texts[which] else ""
            return Paint(face, text, edge=mix(strong, INK, 0.25) if on else RULE, bold=on, ink=INK if on else MUTED)

        draw_grid(sheet, x, y, shape, paint, width, height)
        rows = [None] if chosen[0] is None else [chosen[0]]
        top, tall = (y, shape[0] * height) if rows == [None] else (y + chosen[0] * height, height)
        start, wide = (x, shape[1] * width) if chosen[1] is None else (x + chosen[1] * width, width)
        sheet.outline(start, top, wide, tall, mix(strong, INK, 0.25))
    _matmul_text(sheet, (n, k, m), width, height, gap, names)
    return sheet.finish(
        f"Matrix product {names[0]} @ {names[1]}: ({n}, {k}) @ ({k}, {m}) gives ({n}, {m}). "
        f"Row {i} of {names[0]} and column {j} of {names[1]}, both of length {k}, make entry ({i}, {j})."
    )


def _matmul_text(
    sheet: Diagram, sizes: tuple[int, int, int], width: Number, height: Number, gap: Number, names: Sequence[str]
) -> None:
    """The shapes beside the three matrices, and the rule of the sizes below them."""
    n, k, m = sizes
    bottom, x = (k + n) * height + gap, k * width + gap
    sheet.write(k * width / 2, bottom + 0.2, f"{names[0]} ({n}, {k})", size=9.5, mono=True, align="center")
    right = x + m * width + 0.14
    sheet.write(right, k * height / 2, f"{names[1]} ({k}, {m})", size=9.5, mono=True)
    sheet.write(right, k * height + gap + n * height / 2, f"{names[0]} @ {names[1]} ({n}, {m})", size=9.5, mono=True)
    inner, x, y = COLOURS["second"], 0.0, bottom + 0.55
    parts = (f"({n}, ", str(k), ") @ (", str(k), f", {m}) \N{RIGHTWARDS ARROW} ({n}, {m})")
    for i, text in enumerate(parts):
        wide, joint = text_width(text, 10.5, mono=True), i in (1, 3)
        sheet.write(x, y, text, size=10.5, mono=True, bold=joint, colour=inner if joint else INK)
        if joint:
            sheet.rule(x, y + 0.1, x + wide, y + 0.1, inner, 1.5)
        x += wide
