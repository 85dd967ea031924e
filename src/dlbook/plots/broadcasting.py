"""The picture of broadcasting: operands stretched to the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .align import RESULT, Shape, align, draw_table, joined, operand_names, shape_of
from .cells import Paint, dense, draw_grid, shape_text, side, value_text
from .diagram import Diagram, text_width
from .look import COLOURS, INK, MUTED, WIDTH, mix
from .picture import Picture

OPERATORS: dict[str, tuple[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "+": ("+", torch.add),
    "-": ("\N{MINUS SIGN}", torch.sub),
    "*": ("\N{MULTIPLICATION SIGN}", torch.mul),
    "/": ("\N{DIVISION SIGN}", torch.div),
    "==": ("==", torch.eq),
    "<": ("<", torch.lt),
    ">": (">", torch.gt),
}
FACES = (mix(COLOURS["first"], share=0.62), mix(COLOURS["data"], share=0.62))
HEIGHT, GAP = 0.33, 0.32  # inches: a cell of a grid, room for a sign


def broadcast(
    a: Shape | Tensor,
    b: Shape | Tensor,
    *,
    operator: str = "+",
    names: Sequence[str] = ("a", "b"),
    table: bool = True,
) -> Picture:
    """`a operator b` as grids: dashed cells are not stored but read again; above, the shapes aligned from the right.

    Shapes give empty cells, tensors numbers (computed by torch). Operands and result have 0, 1 or 2 dimensions.
    `table=False` leaves the shapes out. ValueError where the shapes do not broadcast (draw them with `alignment`), are
    too large, or the operator is unknown.
    """
    names = operand_names(names, 2)
    if operator not in OPERATORS:
        raise ValueError(f"operator must be one of {' '.join(OPERATORS)}, got {operator!r}")
    shapes = [shape_of(a, names[0]), shape_of(b, names[1])]
    result = [joined(sizes) for sizes in align(shapes)]
    if None in result:
        raise ValueError(
            f"{names[0]} and {names[1]} must have shapes that broadcast, "
            f"got {shape_text(shapes[0])} and {shape_text(shapes[1])}"
        )
    if len(result) > 2 or 0 in result:
        raise ValueError(
            f"the result must have 0 to 2 dimensions and no size 0 to be drawn, got shape {shape_text(result)}"
        )
    sheet, sign = Diagram(), OPERATORS[operator][0]
    texts = _texts(a, b, operator, result, names)
    width = side([t for grid in texts for row in grid for t in row], 0.33)
    top = draw_table(sheet, 0.0, 0.0, shapes, names) + 0.4 if table else 0.0
    captions = [f"{n} {shape_text(s)}" for n, s in zip((*names, "result"), (*shapes, result), strict=True)]
    slot = max([width * (result[-1] if result else 1)] + [text_width(c, 9.5, mono=True) for c in captions])
    down = 3 * slot + 2 * GAP > WIDTH - 0.3  # too wide for a row: one under the other
    x, y = (GAP, top) if down else (0.0, top)
    for i, shape in enumerate((*shapes, result)):
        left = x if down else x + (slot - width * (result[-1] if result else 1)) / 2
        frame = draw_grid(sheet, left, y, result, _painter(texts[i], shape, result, (*FACES, RESULT)[i]), width, HEIGHT)
        sheet.write(
            (frame.left + frame.right) / 2,
            frame.bottom + 0.2,
            captions[i],
            size=9.5,
            mono=True,
            align="center",
        )
        if i and down:
            sheet.write(GAP / 2, (frame.top + frame.bottom) / 2, (sign, "=")[i - 1], size=14, align="center")
        elif i:
            sheet.write(x - GAP / 2, (frame.top + frame.bottom) / 2, (sign, "=")[i - 1], size=14, align="center")
        x, y = (x, frame.bottom + 0.45) if down else (x + slot + GAP, y)
    if any(size != 1 and (s is None or s == 1) for pair in align(shapes) for size in [joined(pair)] for s in pair):
        sheet.write(0.0, frame.bottom + 0.48, "dashed: not stored, the same memory read again", size=9, colour=MUTED)
    return sheet.finish(_alt_broadcast(shapes, result, names, sign))


def _texts(
    a: Shape | Tensor, b: Shape | Tensor, operator: str, result: Shape, names: Sequence[str]
) -> list[list[list[str]]]:
    """What stands in the cells of both operands, stretched, and of the result: numbers where both are tensors."""
    rows, cols = (1, 1, *result)[-2:]
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        return [[[""] * cols] * rows] * 3
    a, b = dense(a, names[0]), dense(b, names[1])
    grids = (a, b, OPERATORS[operator][1](a, b))
    return [[[value_text(v) for v in row] for row in grid.expand(rows, cols).tolist()] for grid in grids]


def _painter(texts: list[list[str]], shape: Shape, result: Shape, face: str) -> Callable[[tuple[int, ...]], Paint]:
    """How a cell looks in the shape of the result: solid where it is stored, a dashed ghost where it is read again."""
    own = (1,) * (len(result) - len(shape)) + tuple(shape)

    def paint(index: tuple[int, ...]) -> Paint:
        row, column = (0, 0, *index)[-2:]
        if all(i < size for i, size in zip(index, own, strict=True)):
            return Paint(face, texts[row][column], edge=mix(face, INK, 0.45))
        return Paint(mix(face, share=0.8), texts[row][column], edge=mix(face, INK, 0.25), ink=MUTED, dashed=True)

    return paint


def _alt_broadcast(shapes: Sequence[Shape], result: Shape, names: Sequence[str], sign: str) -> str:
    table = align(shapes)
    stretched = [
        f"{names[i]} is repeated along dim {c - len(table)} to size {result[c]}".replace("dim -", "dim \N{MINUS SIGN}")
        for i in range(2)
        for c, sizes in enumerate(table)
        if sizes[i] in (None, 1) and result[c] != 1
    ]
    operands = f"{names[0]} of shape {shape_text(shapes[0])} {sign} {names[1]} of shape {shape_text(shapes[1])}"
    head = f"Broadcasting {operands}, drawn as grids"
    return f"{head}; {'; '.join(stretched) or 'nothing is repeated'}. The result has shape {shape_text(result)}."
