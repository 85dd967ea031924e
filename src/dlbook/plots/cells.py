"""Tensors as grids of cells: what the diagrams have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .diagram import Diagram, text_width
from .look import DIMS, INK, MUTED, RULE, Number, mix

LINE = 0.2  # inches from one line of text to the next
SHEET_GAP = 0.16  # inches between the sheets of a 3-d tensor


@dataclass(frozen=True)
class Paint:
    """How one cell looks."""

    face: str
    text: str = ""
    edge: str = ""
    ink: str = INK
    dashed: bool = False
    bold: bool = False
    line: Number = 0.8

    def border(self) -> str:
        return self.edge or mix(self.face, INK, 0.38)


def value_text(value: float | int | bool | complex) -> str:
    """A number as it stands in a cell: integers whole, floats to 3 significant digits, truth as T or F."""
    if isinstance(value, bool):
        return "T" if value else "F"
    text = f"{value:d}" if isinstance(value, int) else f"{value:.3g}"
    return re.sub(r"e([+-])0*(\d)", r"e\1\2", text).replace("e+", "e").replace("-", "\N{MINUS SIGN}")


def shape_text(shape: Sequence[int]) -> str:
    """A shape as Python writes it: (3, 4), (4,), ()."""
    return str(tuple(int(size) for size in shape))


def dense(tensor: Tensor, name: str = "tensor") -> Tensor:
    """The tensor without gradient; refused with one sentence unless it is strided memory of 0 to 3 dimensions."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be a torch tensor, got {type(tensor).__name__}")
    if tensor.layout != torch.strided or tensor.device.type == "meta":
        raise ValueError(
            f"{name} must be a dense tensor with memory of its own, got layout {tensor.layout} on {tensor.device}"
        )
    if tensor.ndim > 3:
        raise ValueError(
            f"{name} must have at most 3 dimensions to be drawn, got {tensor.ndim}: shape {shape_text(tensor.shape)}"
        )
    if tensor.numel() == 0:
        raise ValueError(f"{name} must have at least one element, got shape {shape_text(tensor.shape)}")
    return tensor.detach()


def side(texts: Sequence[str], smallest: Number = 0.36, size: Number = 10.0) -> float:
    """The side of a cell, in inches, that holds each of `texts`."""
    return max([smallest] + [text_width(text, size) + 0.13 for text in texts])


@dataclass(frozen=True)
class Frame:
    """Where a grid landed: its left, top, right and bottom in inches, without its labels."""

    left: Number
    top: Number
    right: Number
    bottom: Number


def draw_grid(
    sheet: Diagram,
    x: Number,
    y: Number,
    shape: Sequence[int],
    paint: Callable[[tuple[int, ...]], Paint],
    width: Number,
    height: Number,
    size: Number = 10.0,
) -> Frame:
    """Cells of a tensor of 0 to 3 dimensions from (x, y), 3-d as sheets side by side; `paint` gets an index."""
    full = (1,) * (3 - len(shape)) + tuple(shape)
    right = bottom = 0.0
    for s in range(full[0]):
        left, top = x + s * (full[2] * width + SHEET_GAP), y
        for r in range(full[1]):
            for c in range(full[2]):
                look = paint((s, r, c)[3 - len(shape) :])
                sheet.cell(
                    left + c * width,
                    top + r * height,
                    width,
                    height,
                    face=look.face,
                    edge=look.border(),
                    text=look.text,
                    ink=look.ink,
                    size=size,
                    dashed=look.dashed,
                    bold=look.bold,
                    line=look.line,
                )
        right, bottom = left + full[2] * width, top + full[1] * height
    return Frame(x, y, right, bottom)


def dim_colour(dim: int, ndim: int) -> str:
    """The colour of dimension `dim` of `ndim`: the last has the accent, the one before purple, the third last amber."""
    return DIMS[ndim - 1 - dim]


def label_axes(sheet: Diagram, frame: Frame, shape: Sequence[int], width: Number, size: Number = 9.5) -> Frame:
    """Arrows along the axes of a drawn grid with each dimension's number and size; returns the frame with labels."""
    ndim = len(shape)
    left, top, right, bottom = frame.left, frame.top, frame.right, frame.bottom
    if ndim >= 1:
        colour, text = dim_colour(ndim - 1, ndim), f"dim {ndim - 1}, size {shape[-1]}"
        one_sheet = frame.left + shape[-1] * width
        sheet.arrow([(frame.left, frame.top - 0.09), (one_sheet, frame.top - 0.09)], colour)
        reach = sheet.write(frame.left, frame.top - 0.24, text, size=size, colour=colour)
        right, top = max(right, frame.left + reach), frame.top - 0.34
    if ndim >= 2:
        colour, middle = dim_colour(ndim - 2, ndim), (frame.top + frame.bottom) / 2
        sheet.arrow([(frame.left - 0.09, frame.top), (frame.left - 0.09, frame.bottom)], colour)
        for line, text in enumerate((f"dim {ndim - 2}", f"size {shape[-2]}")):
            y = middle + (line - 0.5) * 0.17
            left = min(
                left,
                frame.left - 0.17 - sheet.write(frame.left - 0.17, y, text, size=size, colour=colour, align="right"),
            )
    if ndim == 3:
        colour = dim_colour(0, ndim)
        sheet.arrow([(frame.left, frame.bottom + 0.1), (frame.right, frame.bottom + 0.1)], colour)
        sheet.write(
            frame.left,
            frame.bottom + 0.26,
            f"dim 0, size {shape[0]}: one sheet each",
            size=size,
            colour=colour,
        )
        bottom = frame.bottom + 0.36
    return Frame(left, top, right, bottom)


def facts(tensor: Tensor) -> list[tuple[str, str]]:
    """What torch says of the layout of a tensor: shape, stride, offset."""
    return [
        ("shape", shape_text(tensor.shape)),
        ("stride", shape_text(tensor.stride())),
        ("offset", str(tensor.storage_offset())),
    ]


def write_facts(sheet: Diagram, x: Number, y: Number, rows: Sequence[tuple[str, str]], size: Number = 10.0) -> float:
    """Lines `name value` in two columns, the first centred on y; returns the y below the last."""
    column = max(text_width(name, size) for name, _ in rows) + 0.12
    for i, (name, value) in enumerate(rows):
        sheet.write(x, y + i * LINE, name, size=size, colour=MUTED)
        sheet.write(x + column, y + i * LINE, value, size=size, mono=True)
    return y + len(rows) * LINE


def facts_width(rows: Sequence[tuple[str, str]], size: Number = 10.0) -> float:
    """The width that `write_facts` takes."""
    return max(text_width(n, size) for n, _ in rows) + 0.12 + max(text_width(v, size, mono=True) for _, v in rows)


UNREAD = Paint(face="#f4f6f6", edge=RULE, ink=MUTED, dashed=True)
