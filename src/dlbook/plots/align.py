"""The table of broadcasting: shapes aligned from the right."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from .cells import shape_text
from .diagram import Diagram, text_width
from .look import ACCENT, COLOURS, INK, MUTED, RULE, Number, mix
from .picture import Picture

Shape = Sequence[int]
RESULT = mix(ACCENT, share=0.72)
CROSS = "\N{BALLOT X}"
ROW = 0.36  # inches: a row of the table


def shape_of(operand: Shape | Tensor, name: str) -> tuple[int, ...]:
    """The shape of a tensor, or a shape itself; refuses negative sizes and anything else with one sentence."""
    if isinstance(operand, Tensor):
        return tuple(operand.shape)
    if isinstance(operand, str) or not all(isinstance(size, int) and size >= 0 for size in operand):
        raise ValueError(f"{name} must be a tensor or a shape of whole numbers from 0 up, got {operand!r}")
    return tuple(operand)


def joined(sizes: Sequence[int | None]) -> int | None:
    """The size of the result in one column of aligned shapes (None: missing); None where the sizes do not fit."""
    wide = {size for size in sizes if size not in (None, 1)}
    return None if len(wide) > 1 else next(iter(wide), 1)


def align(shapes: Sequence[Shape]) -> list[tuple[int | None, ...]]:
    """The sizes above each other when shapes are aligned from the right; None where a shape has no such dimension."""
    rank = max((len(shape) for shape in shapes), default=0)
    padded = [(None,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return list(zip(*padded, strict=True))


def alignment(*operands: Shape | Tensor, names: Sequence[str] | None = None) -> Picture:
    """Only the table: shapes aligned from the right, what stretches, and the result or the columns that do not fit.

    Takes any number of shapes or tensors of any rank that 6.5 inches hold. A missing dimension is a dashed (1); a
    column that does not fit is red, with a cross in the row of the result. `names` are the operands' names, by default
    a, b, c, ...
    """
    if not operands:
        raise ValueError("operands must be at least one shape or tensor, got none")
    sheet, labels = Diagram(), operand_names(names, len(operands))
    shapes = [shape_of(o, name) for o, name in zip(operands, labels, strict=True)]
    draw_table(sheet, 0.0, 0.0, shapes, labels)
    return sheet.finish(_alt_table(shapes, labels))


def operand_names(names: Sequence[str] | None, count: int) -> list[str]:
    labels = list(names) if names is not None else [chr(ord("a") + i) for i in range(count)]
    if len(labels) != count:
        raise ValueError(f"names must hold one name an operand, {count} here, got {len(labels)}")
    return labels


def draw_table(sheet: Diagram, x: Number, y: Number, shapes: Sequence[Shape], names: Sequence[str]) -> float:
    """The shapes aligned from the right, from (x, y); returns the y below."""
    table = align(shapes)
    results = [joined(sizes) for sizes in table]
    labels = [f"{name} {shape_text(shape)}" for name, shape in zip(names, shapes, strict=True)]
    bad = [i - len(table) for i, size in enumerate(results) if size is None]
    labels.append("no result" if bad else f"result {shape_text(results)}")
    left = x + max(text_width(label, mono=True) for label in labels) + 0.2
    width = max([0.72] + [text_width(f"(1) \N{RIGHTWARDS ARROW} {size}") + 0.14 for size in results if size])
    for c, sizes in enumerate(table):
        sheet.write(
            left + (c + 0.5) * width,
            y + 0.08,
            f"dim {c - len(table)}".replace("-", "\N{MINUS SIGN}"),
            size=9,
            colour=MUTED,
            align="center",
        )
        for r, size in enumerate(sizes):
            _entry(sheet, left + c * width, y + 0.2 + r * ROW, width, size, results[c])
    line = y + 0.2 + len(shapes) * ROW + 0.05
    for r, label in enumerate(labels):
        extra = 0.1 if r == len(shapes) else 0.0
        colour = COLOURS["wrong"] if bad and extra else INK
        sheet.write(x, y + 0.2 + (r + 0.5) * ROW + extra, label, mono=True, bold=bool(extra), colour=colour)
    sheet.rule(x, line, left + len(table) * width, line, RULE)
    for c, size in enumerate(results):
        ok, calm = size is not None, ("#ffffff", RULE) if bad else (RESULT, ACCENT)
        face, edge = calm if ok else (mix(COLOURS["wrong"], share=0.8), COLOURS["wrong"])
        sheet.cell(
            left + c * width + 0.02,
            line + 0.07,
            width - 0.04,
            ROW - 0.04,
            face=face,
            edge=edge,
            text=str(size) if ok else CROSS,
            bold=not (ok and bad),
            ink=INK if ok else COLOURS["wrong"],
            line=0.8 if ok else 1.6,
            size=10.0 if ok else 12.0,
        )
    return line + 0.07 + ROW


def _entry(sheet: Diagram, x: Number, y: Number, width: Number, size: int | None, result: int | None) -> None:
    """One size in the table: as it is, stretched (1 → 4), or in a column that does not fit."""
    fits, own = result is not None, "(1)" if size is None else str(size)
    stretched = fits and size in (None, 1) and result != 1
    clash = not fits and size not in (None, 1)
    face = (
        mix(COLOURS["highlight"], share=0.45)
        if stretched
        else mix(COLOURS["wrong"], share=0.88)
        if clash
        else "#ffffff"
    )
    sheet.cell(
        x + 0.02,
        y + 0.02,
        width - 0.04,
        ROW - 0.04,
        face=face,
        edge=COLOURS["wrong"] if clash else MUTED if size is None else RULE,
        text=f"{own} \N{RIGHTWARDS ARROW} {result}" if stretched else own,
        dashed=size is None,
        line=1.6 if clash else 0.8,
        bold=clash,
        ink=COLOURS["wrong"] if clash else MUTED if size is None and not stretched else INK,
    )


def _alt_table(shapes: Sequence[Shape], names: Sequence[str]) -> str:
    listed = ", ".join(f"{name} {shape_text(shape)}" for name, shape in zip(names, shapes, strict=True))
    table = align(shapes)
    results = [joined(sizes) for sizes in table]
    clashes = [
        f"dim \N{MINUS SIGN}{len(table) - i} holds "
        + " and ".join(str(s) for s in dict.fromkeys(sizes) if s not in (None, 1))
        for i, sizes in enumerate(table)
        if results[i] is None
    ]
    verdict = (
        f"they do not broadcast: {'; '.join(clashes)}" if clashes else f"the result has shape {shape_text(results)}"
    )
    return f"Shapes aligned from the right, {listed}: {verdict}."
