"""Pictures of chosen cells: what an index picks out of a matrix, and a table of numbers with its diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from .cells import Paint, dense, draw_grid, shape_text, side, value_text
from .diagram import Diagram, text_width
from .look import ACCENT, COLOURS, EMPTY, INK, MUTED, RULE, mix
from .picture import Picture

ROW, GAP, HEIGHT = 5.2, 0.42, 0.31
MOST = 12


def is_view(tensor: Tensor, index: Any) -> bool:
    """Whether `tensor[index]` reads the memory of `tensor` itself: found out by doing it."""
    return tensor[index].untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()


def indexing(tensor: Tensor, pairs: Sequence[tuple[str, Any]]) -> Picture:
    """The cells that each index picks, a small grid an index, with the result's shape and whether it is view or copy.

    `pairs` are (label, index): the index is what stands in the brackets, an integer, slice, tuple of them
    (`numpy.s_[1:, ::2]` writes one), list, index tensor or boolean mask. Tensors of 1 or 2 dimensions and at most 12 by
    12 cells; others raise ValueError.
    """
    tensor = dense(tensor)
    if tensor.ndim not in (1, 2) or max(tensor.shape) > MOST:
        raise ValueError(
            f"tensor must have 1 or 2 dimensions of at most {MOST} cells to be drawn, "
            f"got shape {shape_text(tensor.shape)}"
        )
    if not pairs:
        raise ValueError("pairs must hold at least one (label, index), got none")
    cells = torch.arange(tensor.numel(), device=tensor.device).view(tensor.shape)
    texts = [value_text(v) for v in tensor.flatten().tolist()]
    width = side(texts, 0.31)
    sheet, grid = Diagram(), (tensor.shape[-1] * width, HEIGHT * (tensor.shape[0] if tensor.ndim == 2 else 1))
    notes = [_note(tensor, index) for _, index in pairs]
    block = max(
        [grid[0]]
        + [text_width(label, 10, mono=True, bold=True) for label, _ in pairs]
        + [text_width(n, 9.5) for n in notes]
    )
    per_row = max(1, min(len(pairs), int((ROW + GAP) / (block + GAP))))
    for i, (label, index) in enumerate(pairs):
        chosen = set(cells[index].flatten().tolist())
        x, y = (i % per_row) * (block + GAP), (i // per_row) * (grid[1] + 0.95)
        sheet.write(x, y + 0.08, label, mono=True, bold=True)

        def paint(at: tuple[int, ...], chosen: set[int] = chosen) -> Paint:
            number = int(cells[at])
            if number in chosen:
                return Paint(mix(ACCENT, share=0.66), texts[number], edge=ACCENT, bold=True, line=1.1)
            return Paint(EMPTY, texts[number], edge="#ffffff", ink=MUTED)

        frame = draw_grid(sheet, x, y + 0.28, tensor.shape, paint, width, HEIGHT)
        _raise_chosen(sheet)
        view = is_view(tensor, index)
        word = "view" if view else "copy"
        reach = sheet.write(
            x,
            frame.bottom + 0.17,
            word,
            size=9.5,
            bold=True,
            colour=ACCENT if view else mix(COLOURS["data"], INK, 0.35),
        )
        sheet.write(x + reach, frame.bottom + 0.17, notes[i].removeprefix(word), size=9.5)
    parts = [
        f"{label} picks {_count(cells[index])} and is a {note}"
        for (label, index), note in zip(pairs, notes, strict=True)
    ]
    head = f"A tensor of shape {shape_text(tensor.shape)}, once for each index, with the chosen cells filled"
    return sheet.finish(f"{head}: {'; '.join(parts)}.")


def _note(tensor: Tensor, index: Any) -> str:
    return f"{'view' if is_view(tensor, index) else 'copy'}, shape {shape_text(tensor[index].shape)}"


def _count(picked: Tensor) -> str:
    return "1 cell" if picked.numel() == 1 else f"{picked.numel()} cells"


def _raise_chosen(sheet: Diagram) -> None:
    """Draw chosen cells over their neighbours' white edges."""
    for box in sheet.ax.patches:
        if box.get_linewidth() == 1.1:
            box.set_zorder(2.2)


def heat(
    matrix: Shaped[Tensor, "rows columns"],
    *,
    rows: Sequence[Any] | Tensor | None = None,
    columns: Sequence[Any] | Tensor | None = None,
    row_name: str = "",
    column_name: str = "",
    diagonal: bool = False,
    title: str = "",
) -> Picture:
    """A small table of numbers, darker the larger their size, with headers and, if asked for, its diagonal outlined.

    `rows` and `columns` head the lines (numbers or words), `row_name` and `column_name` say what they are. Negative
    numbers carry their sign and are orange, others teal. Matrices of at most 12 by 12 numbers; others raise ValueError.
    """
    matrix = dense(matrix, "matrix")
    if matrix.ndim != 2 or max(matrix.shape) > MOST:
        raise ValueError(
            f"matrix must have 2 dimensions of at most {MOST} cells to be drawn, got shape {shape_text(matrix.shape)}"
        )
    heads = [_heads(rows, matrix.shape[0], "rows"), _heads(columns, matrix.shape[1], "columns")]
    values = matrix.to(torch.float64).nan_to_num(0.0, 0.0, 0.0)
    largest = values.abs().max().item() or 1.0
    texts = [[value_text(v) for v in row] for row in matrix.tolist()]
    width = side([t for row in texts for t in row] + heads[1], 0.4)

    def paint(at: tuple[int, ...]) -> Paint:
        strength = abs(values[at].item()) / largest
        face = mix(COLOURS["data"] if values[at].item() < 0 else ACCENT, share=1 - 0.5 * strength)
        outlined = diagonal and at[0] == at[1]
        return Paint(face, texts[at[0]][at[1]], edge=RULE, bold=outlined)

    sheet = Diagram()
    if title:
        sheet.write(0.0, -0.62 if heads[1] else -0.25, title, bold=True, size=10.5)
    frame = draw_grid(sheet, 0.0, 0.0, matrix.shape, paint, width, 0.34)
    for i in range(min(matrix.shape)) if diagonal else ():
        sheet.outline(i * width, i * 0.34, width, 0.34, INK, 1.8)
    for i, text in enumerate(heads[0]):
        sheet.write(-0.1, (i + 0.5) * 0.34, text, align="right", colour=MUTED)
    for i, text in enumerate(heads[1]):
        sheet.write((i + 0.5) * width, -0.13, text, align="center", colour=MUTED)
    if column_name:
        sheet.write(
            (frame.left + frame.right) / 2,
            -0.36 if heads[1] else -0.14,
            column_name,
            align="center",
            size=9.5,
        )
    if row_name:
        reach = max([text_width(t) for t in heads[0]], default=0.0)
        sheet.write(-0.22 - reach, frame.bottom / 2, row_name, align="right", size=9.5)
    low, high = matrix.min().item(), matrix.max().item()
    tail = " Its diagonal is outlined." if diagonal else ""
    head = f"{title}: a table" if title else "A table"
    return sheet.finish(
        f"{head} of {matrix.shape[0]} by {matrix.shape[1]} numbers from {value_text(low)} to {value_text(high)}.{tail}"
    )


def _heads(heads: Sequence[Any] | Tensor | None, count: int, name: str) -> list[str]:
    if heads is None:
        return []
    entries = heads.flatten().tolist() if isinstance(heads, Tensor) else list(heads)
    if len(entries) != count:
        raise ValueError(f"{name} must hold one header a line, {count} here, got {len(entries)}")
    return [entry if isinstance(entry, str) else value_text(entry) for entry in entries]
