"""Recurrent networks: one cell unrolled over the steps of a sequence, and a batch of sequences with its padding."""

from __future__ import annotations

from collections.abc import Sequence

from .diagram import Diagram, text_width
from .look import ACCENT, COLOURS, EMPTY, INK, MUTED, RULE, mix
from .picture import MARGIN, Picture

NARROW = 5.2 - 2 * MARGIN  # inches: read on a phone
CELL, SIDE, RISE, GAP = 0.5, 0.36, 0.36, 0.36  # inches: a state, an input, the arrows up, the arrows along
BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _numbered(name: str, step: int) -> str:
    return f"{name}{str(step).translate(BELOW)}"


def unrolled(steps: int = 4, *, backward: bool = False) -> Picture:
    """A recurrent cell with its loop, and beside it the same cell at each of `steps` steps, from left to right.

    With `backward` arrows lead back from the last state to the first: the way of the gradient. ValueError for fewer
    than 2 steps, or more than 5, which no phone holds.
    """
    if not 2 <= steps <= 5:
        raise ValueError(f"steps must be from 2 to 5, got {steps}")
    sheet = Diagram()
    _loop(sheet, 0.0)
    left = CELL + 0.95
    sheet.write(CELL + 0.46, RISE + SIDE + CELL / 2, "=", size=15, colour=MUTED, align="center")
    pace = min(CELL + GAP + 0.12, (NARROW - left - CELL) / steps)
    middle = RISE + SIDE + CELL / 2
    for t in range(steps + 1):
        x = left + t * pace
        first = t == 0
        _state(sheet, x, _numbered("h", t), start=first)
        if t < steps:
            sheet.arrow([(x + CELL + 0.03, middle), (x + pace - 0.03, middle)], ACCENT, 1.8)
        if not first:
            _input_and_output(sheet, x, _numbered("x", t), _numbered("y", t))
        if backward and not first:
            low = middle + 0.15
            sheet.arrow([(x - 0.03, low), (x - pace + CELL + 0.03, low)], COLOURS["wrong"], 1.4)
    words = f"One cell with a loop, and the same cell at {steps} steps: each state follows from the last and an input"
    more = "; arrows lead back from the last state to the first" if backward else ""
    return sheet.finish(f"{words}, and gives an output; every arrow of a kind has the same weights{more}.")


def _state(sheet: Diagram, x: float, text: str, start: bool = False) -> None:
    """The box of a hidden state; the first one is given, not computed."""
    face, edge = (EMPTY, RULE) if start else (mix(ACCENT, share=0.84), ACCENT)
    sheet.pill(x, RISE + SIDE, CELL, CELL, face=face, edge=edge, line=1.3)
    sheet.write(x + CELL / 2, RISE + SIDE + CELL / 2 - 0.02, text, size=11, bold=True, align="center")


def _input_and_output(sheet: Diagram, x: float, below: str, above: str) -> None:
    """An input that goes up into the state at x, and an output that comes out at its top."""
    bottom, middle = RISE + SIDE + CELL, x + CELL / 2
    for top, text, colour in ((bottom + RISE, below, COLOURS["data"]), (0.0, above, COLOURS["second"])):
        sheet.disc(middle, top + SIDE / 2, SIDE / 2, face=mix(colour, share=0.84), edge=colour, line=1.2)
        sheet.write(middle, top + SIDE / 2 - 0.01, text, size=10, align="center")
    sheet.arrow([(middle, bottom + RISE - 0.03), (middle, bottom + 0.03)], COLOURS["data"], 1.6)
    sheet.arrow([(middle, RISE + SIDE - 0.03), (middle, SIDE + 0.03)], COLOURS["second"], 1.6)


def _loop(sheet: Diagram, x: float) -> None:
    """The cell drawn once, its state led back into it."""
    _state(sheet, x, "h")
    _input_and_output(sheet, x, "x", "y")
    top, middle, right = RISE + SIDE + 0.12, RISE + SIDE + CELL / 2, x + CELL + 0.2
    sheet.arrow(
        [(x + CELL + 0.02, middle + 0.1), (right, middle + 0.1), (right, top), (x + CELL + 0.03, top)], ACCENT, 1.8
    )


def padded_batch(rows: Sequence[str], *, note: str = "running") -> Picture:
    """A batch of texts as a grid, one a row, a cell a step; grey cells are padding.

    Under each step stands how many sequences still run there: the sizes of a packed batch. `note` names these numbers.
    ValueError where there is no row, or an empty one.
    """
    if not rows or not all(rows):
        raise ValueError(f"rows must hold texts of one letter or more, got {list(rows)}")
    sheet, steps = Diagram(), max(map(len, rows))
    side = min(0.36, (NARROW - 0.1 - text_width(note, 9)) / steps)
    for i, row in enumerate(rows):
        for t in range(steps):
            text = row[t] if t < len(row) else ""
            face, edge = (mix(ACCENT, share=0.84), ACCENT) if text else (EMPTY, RULE)
            sheet.cell(t * side, i * side, side, side, face=face, edge=edge, text=text, size=10, dashed=not text)
    for t in range(steps):
        count = str(sum(len(row) > t for row in rows))
        sheet.write((t + 0.5) * side, len(rows) * side + 0.17, count, size=10, bold=True, align="center", colour=INK)
    sheet.write(steps * side + 0.1, len(rows) * side + 0.17, note, size=9, colour=MUTED)
    listed = ", ".join(f"{row!r} and {steps - len(row)} cells of padding" for row in rows)
    counts = ", ".join(str(sum(len(row) > t for row in rows)) for t in range(steps))
    return sheet.finish(f"A batch of {len(rows)} texts in {steps} steps: {listed}. {note.capitalize()}: {counts}.")
