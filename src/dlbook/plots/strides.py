"""The picture of a tensor and its storage: which memory cell each element reads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from .cells import (
    LINE,
    SHEET_GAP,
    UNREAD,
    Frame,
    Paint,
    dense,
    dim_colour,
    draw_grid,
    facts,
    facts_width,
    label_axes,
    shape_text,
    side,
    value_text,
    write_facts,
)
from .diagram import Diagram, text_width
from .look import MUTED, Number, palette
from .picture import Picture

MOST = 48  # storage cells that one picture holds
ROOM = 6.24  # inches for the strip and what stands left of it
ROW = 5.2  # inches for a row of views: read on a phone


def storage_values(tensor: Tensor) -> Shaped[Tensor, " cells"]:
    """Every element of the storage that `tensor` reads from, in the order of memory."""
    cells = tensor.untyped_storage().nbytes() // tensor.element_size()
    return torch.as_strided(tensor, (cells,), (1,), 0)


def positions(tensor: Tensor) -> Int[Tensor, "*shape"]:
    """For each element of `tensor` the storage cell that it reads, from its strides and offset; same shape."""
    numbers = torch.arange(len(storage_values(tensor)))
    return torch.as_strided(numbers, tensor.shape, tensor.stride(), tensor.storage_offset())


def storage(tensor: Tensor, *, label: str = "") -> Picture:
    """A tensor as a grid over the flat storage it reads, with shape, stride and offset as torch reports them.

    A storage cell and every grid cell that reads it have the same colour; cells that nobody reads are grey and dashed.
    Arrows over the storage show how far one step along each dimension jumps. `label` is the expression that made it.
    Dense tensors of 0 to 3 dimensions over at most 48 storage cells; others raise ValueError, no tensor TypeError.
    """
    tensor = dense(tensor)
    sheet, strip = Diagram(), _Strip(tensor)
    start = _block(sheet, 0.0, 0.0, tensor, strip, label=label, beside=True)
    jumps = [d for d in range(tensor.ndim) if tensor.shape[d] > 1]
    top = start.bottom + 0.3 + 0.27 * len(jumps)
    strip.draw(sheet, 0.0, top, {int(p) for p in positions(tensor).flatten()})
    _jumps(sheet, tensor, strip, jumps, top)
    return sheet.finish(_alt_storage(tensor, label))


def views(pairs: Sequence[tuple[str, Tensor]]) -> Picture:
    """Several tensors over the one storage that they share, each with its label, shape, stride and offset.

    Colours as in `storage`. ValueError where the tensors do not share one storage, or are too large to draw.
    """
    if not pairs:
        raise ValueError("pairs must hold at least one (label, tensor), got none")
    tensors = [(label, dense(tensor, f"the tensor {label!r}")) for label, tensor in pairs]
    first_label, first = tensors[0]
    for label, tensor in tensors[1:]:
        if tensor.dtype != first.dtype:
            raise ValueError(f"pairs must have one dtype, got {first.dtype} and for {label!r} {tensor.dtype}")
        if tensor.untyped_storage().data_ptr() != first.untyped_storage().data_ptr():
            raise ValueError(
                f"pairs must share one storage: {label!r} does not read the storage of {first_label!r}; it is a copy"
            )
    sheet, strip = Diagram(), _Strip(first)
    read = {int(p) for _, tensor in tensors for p in positions(tensor).flatten()}
    y = strip.draw(sheet, 0.0, 0.0, read) + 0.4
    x, bottom, edge = 0.0, y, max(strip.line * strip.width, ROW - strip.gutter)
    for label, tensor in tensors:
        indent, width = _indent(tensor) if x else 0.0, _block_width(tensor, strip, label)
        if x and x + indent + width > edge:  # a row starts under the storage, its labels in the gutter
            x, y, indent = 0.0, bottom + 0.4, 0.0
        end = _block(sheet, x + indent, y, tensor, strip, label=label, beside=False)
        x, bottom = x + indent + width + 0.45, max(bottom, end.bottom)
    return sheet.finish(_alt_views(tensors, len(strip.values)))


class _Strip:
    """The flat storage: its values, its colours, and where each cell is drawn."""

    def __init__(self, tensor: Tensor) -> None:
        values = storage_values(tensor)
        if len(values) > MOST:
            raise ValueError(
                f"the tensor reads a storage of {len(values)} elements and at most {MOST} are drawn: "
                "show a smaller tensor, or clone the part you mean"
            )
        self.values = [value_text(v) for v in values.tolist()]
        self.colours = palette(len(values))
        jump = max([text_width(_jump(tensor, d), 9.5) for d in range(tensor.ndim)], default=0.0)
        self.gutter = max(text_width("storage"), text_width("position", 9), jump) + 0.12
        self.side = side(self.values)  # of a cell in a grid; the strip may have to be tighter
        room, tight = ROOM - self.gutter, max(text_width(v, 9.0) for v in self.values) + 0.06
        lines = math.ceil(len(values) * tight / room)
        self.line = math.ceil(len(values) / lines)  # cells a line, the same in every line
        self.width = min(self.side, room / self.line)
        self.size = 10.0 if self.width == self.side else 9.0
        self.height = 0.36

    def place(self, position: int, x: Number, y: Number) -> tuple[float, float]:
        """The upper left corner of a storage cell where the strip starts at (x, y)."""
        row, column = divmod(position, self.line)
        return x + column * self.width, y + row * (self.height + 0.3)

    def draw(self, sheet: Diagram, x: Number, y: Number, read: set[int]) -> float:
        """Draw it from (x, y); returns the y below it."""
        for position, text in enumerate(self.values):
            left, top = self.place(position, x, y)
            if position == 0:
                sheet.write(x - 0.12, top + self.height / 2, "storage", align="right")
                sheet.write(x - 0.12, top + self.height + 0.12, "position", size=9, colour=MUTED, align="right")
            look = self.paint(position) if position in read else UNREAD
            sheet.cell(
                left,
                top,
                self.width,
                self.height,
                face=look.face,
                edge=look.border(),
                text=text,
                ink=look.ink,
                size=self.size,
                dashed=look.dashed,
                z=2.0 if position in read else 1.8,
            )
            sheet.write(
                left + self.width / 2,
                top + self.height + 0.12,
                str(position),
                size=9,
                colour=MUTED,
                align="center",
            )
        return top + self.height + 0.2

    def paint(self, position: int) -> Paint:
        return Paint(self.colours[position], self.values[position])


def _indent(tensor: Tensor) -> float:
    """Room that the labels of the rows take left of a grid."""
    return 0.17 + text_width(f"size {tensor.shape[-2]}", 9.5) if tensor.ndim >= 2 else 0.0


def _block_width(tensor: Tensor, strip: _Strip, label: str) -> float:
    """Room that a view takes from the left of its grid on."""
    columns = tensor.shape[-1] if tensor.ndim else 1
    sheets = tensor.shape[0] if tensor.ndim == 3 else 1
    grid = columns * strip.side * sheets + SHEET_GAP * (sheets - 1)
    axis = text_width(f"dim 0, size {columns}", 9.5) if tensor.ndim else 0.0
    return max(grid, axis, facts_width(facts(tensor)), text_width(label, 10.5, mono=True, bold=True))


def _block(sheet: Diagram, x: Number, y: Number, tensor: Tensor, strip: _Strip, *, label: str, beside: bool) -> Frame:
    """One tensor from (x, y), the left of its grid and top of its label: grid with arrows, facts beside or under it."""
    if label:
        sheet.write(x, y + 0.08, label, size=10.5, mono=True, bold=True)
        y += 0.3
    y += 0.34 if tensor.ndim else 0.0
    where = positions(tensor)
    frame = draw_grid(sheet, x, y, tensor.shape, lambda i: strip.paint(int(where[i])), strip.side, 0.36)
    whole = label_axes(sheet, frame, tensor.shape, strip.side)
    rows = facts(tensor)
    fits = whole.right + 0.35 + facts_width(rows) + strip.gutter <= ROOM
    if not (beside and fits):
        return Frame(whole.left, y, whole.right, write_facts(sheet, x, whole.bottom + 0.2, rows) - 0.1)
    top = max((frame.top + frame.bottom) / 2 - LINE, frame.top + 0.08)
    end = write_facts(sheet, whole.right + 0.35, top, rows)
    return Frame(whole.left, y, whole.right, max(whole.bottom, end - 0.1))


def _jump(tensor: Tensor, dim: int) -> str:
    return f"dim {dim}: +{tensor.stride(dim)}"


def _jumps(sheet: Diagram, tensor: Tensor, strip: _Strip, dims: Sequence[int], top: Number) -> None:
    """From the first element's storage cell, an arrow a dimension to the cell that one step along it reads."""
    offset = tensor.storage_offset()
    trunk = strip.place(offset, 0.0, top)[0] + strip.width / 2
    if offset >= strip.line or not dims:
        return  # the strip is folded and the tensor does not start in its first line
    sheet.rule(trunk, top - 0.2 - 0.27 * (len(dims) - 1), trunk, top - 0.02, MUTED)
    for level, dim in enumerate(sorted(dims, key=lambda d: (tensor.stride(d), -d))):
        stride, colour = tensor.stride(dim), dim_colour(dim, tensor.ndim)
        y = top - 0.2 - 0.27 * level
        sheet.write(trunk - 0.1, y, _jump(tensor, dim), size=9.5, colour=colour, align="right")
        target = trunk + stride * strip.width if stride else trunk + strip.width / 4  # stride 0: the same cell again
        if offset + stride < strip.line:
            sheet.arrow([(trunk - 0.04, y), (target, y), (target, top - 0.02)], colour)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _alt_storage(tensor: Tensor, label: str) -> str:
    cells, where = len(storage_values(tensor)), positions(tensor)
    read = {int(p) for p in where.flatten()}
    name = f"The tensor {label}" if label else "A tensor"
    first = where.reshape(-1, where.shape[-1])[0].tolist() if where.ndim else [int(where)]
    steps = "; ".join(
        f"one step along dim {d} moves {_cells(tensor.stride(d))}" for d in range(tensor.ndim) if tensor.shape[d] > 1
    )
    text = (
        f"{name} of shape {shape_text(tensor.shape)}, stride {shape_text(tensor.stride())} "
        f"and offset {tensor.storage_offset()} drawn as a grid over its storage of {_cells(cells)}. "
        f"Its first row reads position {', '.join(map(str, first))}"
    )
    unread = cells - len(read)
    tail = f" Not read: {_cells(unread)}." if unread else ""
    shared = " Several elements read the same cell." if len(read) < tensor.numel() else ""
    return f"{text}{'; ' + steps if steps else ''}.{shared}{tail}"


def _alt_views(tensors: Sequence[tuple[str, Tensor]], cells: int) -> str:
    parts = [
        f"{label} has shape {shape_text(t.shape)}, stride {shape_text(t.stride())}, offset {t.storage_offset()}"
        for label, t in tensors
    ]
    return (
        f"Views, {len(tensors)} of them, over the one storage of {_cells(cells)} that they share: {'; '.join(parts)}."
    )
