"""Schemes: steps that lead round in a circle, and the layers of a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

from .diagram import Diagram, text_width
from .look import ACCENT, COLOURS, INK, MUTED, Number, mix
from .picture import MARGIN, Picture

NARROW = 5.2 - 2 * MARGIN  # inches: read on a phone
BOX, GAP = 0.62, 0.36  # inches: height of a step, room for an arrow


def cycle(steps: Sequence[tuple[str, str]], centre: str = "") -> Picture:
    """Steps in a ring, clockwise, the last leading back to the first: each a title over one line of code.

    Two rows where 5.2 inches hold them, else two columns. `centre` says what goes round, lines split at newlines; where
    it has no room there it stands over the ring. The code may be empty. ValueError for fewer than 3 steps, or lines
    that 6.5 inches do not hold.
    """
    listed, lines, sheet = _ring(steps, centre.split("\n") if centre else [], closed=True)
    head = f"A loop of {len(steps)} steps{' (' + ' '.join(lines) + ')' if lines else ''}"
    return sheet.finish(f"{head}: {listed}; then back to 1.")


def chain(steps: Sequence[tuple[str, str]]) -> Picture:
    """Steps that lead from a first to a last, drawn as by `cycle`: to the right, down, and back to the left.

    ValueError for fewer than 3 steps, or lines that 6.5 inches do not hold.
    """
    listed, _, sheet = _ring(steps, [], closed=False)
    return sheet.finish(f"A chain of {len(steps)} steps: {listed}.")


def _ring(steps: Sequence[tuple[str, str]], lines: list[str], closed: bool) -> tuple[str, list[str], Diagram]:
    """The steps in words, `lines` as they were written, and the drawing."""
    if len(steps) < 3:
        raise ValueError(f"steps must hold at least 3 pairs (title, code), got {len(steps)}")
    titles = [f"{i + 1}  {title}" for i, (title, _) in enumerate(steps)]
    codes = [text_width(code, 9, mono=True) for _, code in steps]
    width = 0.3 + max([text_width(title, 10.5, bold=True) for title in titles] + codes)
    sheet, half = Diagram(), (len(steps) + 1) // 2
    rows = half * width + (half - 1) * GAP <= NARROW or len(steps) == 3
    places, middle, inside = (_two_rows if rows else _two_columns)(len(steps), width, lines)
    for (x, y), title, (_, code) in zip(places, titles, steps, strict=True):
        sheet.pill(x, y, width, BOX, face=mix(ACCENT, share=0.86), edge=ACCENT, line=1.2)
        sheet.write(x + width / 2, y + (0.2 if code else BOX / 2), title, size=10.5, bold=True, align="center")
        if code:
            sheet.write(x + width / 2, y + 0.43, code, size=9, mono=True, align="center")
    for a, b in pairwise([*places, places[0]] if closed else places):
        _join(sheet, a, b, width)
    if not inside:  # over the ring
        lines, middle = [" ".join(lines)], (middle[0], -0.22)
    for i, line in enumerate(lines):
        y = middle[1] + (i - (len(lines) - 1) / 2) * 0.2
        sheet.write(middle[0], y, line, colour=MUTED, bold=True, align="center")
    listed = "; ".join(f"{i + 1}, {title}{': ' + code if code else ''}" for i, (title, code) in enumerate(steps))
    return listed, lines, sheet


Ring = tuple[list[tuple[Number, Number]], tuple[Number, Number], bool]


def _two_rows(count: int, width: Number, lines: Sequence[str]) -> Ring:
    """Upper left corners of the steps, the middle of the ring, and whether `lines` have room there."""
    half, wide = (count + 1) // 2, max((count + 1) // 2, 2) * (width + GAP) - GAP
    between = max(GAP, 0.2 * len(lines) + 0.3)
    tops, bottoms = _even(0, wide - width, half), _even(wide - width, 0, count - half)
    places = [(x, 0.0) for x in tops] + [(x, BOX + between) for x in bottoms]
    room = (width + GAP) / 2 if count == 3 else wide - width  # between the arrows that lead down and up
    inside = max([text_width(line, 10, bold=True) for line in lines], default=0.0) + 0.2 <= room
    return places, (wide / 2, BOX + between / 2), inside


def _two_columns(count: int, width: Number, lines: Sequence[str]) -> Ring:
    """As `_two_rows`, for steps too wide for it: the second column leads down, the first back up."""
    half = (count + 1) // 2
    deep = (half - 1) * (BOX + GAP)
    between = max([GAP] + [text_width(line, 10, bold=True) + 0.3 for line in lines])
    inside = not lines or (2 * width + between <= NARROW and 0.2 * len(lines) < deep)
    between = between if inside else GAP
    downs, ups = _even(0, deep, half), _even(deep, 0, count - half)
    places = [(0.0, ups[-1]), *[(width + between, y) for y in downs], *[(0.0, y) for y in ups[:-1]]]
    return places, (width + between / 2, (deep + BOX) / 2), inside


def _even(start: Number, end: Number, count: int) -> list[Number]:
    """`count` places from start to end, evenly; a single one in the middle."""
    if count == 1:
        return [(start + end) / 2]
    return [start + (end - start) * i / (count - 1) for i in range(count)]


def _join(sheet: Diagram, a: tuple[Number, Number], b: tuple[Number, Number], width: Number) -> None:
    """An arrow from one step to the next, from side to side or from top to bottom."""
    if abs(a[1] - b[1]) < BOX:  # beside each other
        way = 1 if b[0] > a[0] else -1
        start, end = (a[0] + width, b[0]) if way > 0 else (a[0], b[0] + width)
        sheet.arrow([(start + 0.04 * way, a[1] + BOX / 2), (end - 0.04 * way, b[1] + BOX / 2)], INK, 1.6)
    else:
        way = 1 if b[1] > a[1] else -1
        start, end = a[1] + (BOX if way > 0 else 0) + 0.04 * way, b[1] + (0 if way > 0 else BOX) - 0.04 * way
        x = (max(a[0], b[0]) + min(a[0], b[0]) + width) / 2  # the middle of what they share
        sheet.arrow([(x, start), (x, end)], INK, 1.6)


FACES = {"first": COLOURS["data"], "hidden": ACCENT, "last": COLOURS["second"]}
UNIT, STEP = 0.14, 0.4  # inches: radius of a unit, from one unit to the next


def network(
    sizes: Sequence[int],
    names: Sequence[str] | None = None,
    *,
    links: Sequence[str] | None = None,
    most: int = 6,
) -> Picture:
    """The layers of a fully connected network from left to right: a circle a unit, a line a weight.

    Of a layer with more than `most` units the first and last are drawn with dots between. Under each layer stand its
    name and size, over each gap its entry of `links`: the name of the weights, say. ValueError for fewer than 2 layers,
    a size below 1, or names and links of another number.
    """
    if len(sizes) < 2 or any(not isinstance(size, int) or size < 1 for size in sizes):
        raise ValueError(f"sizes must hold at least 2 whole numbers from 1 up, got {tuple(sizes)}")
    names = list(names) if names is not None else ["input", *_hidden(len(sizes) - 2), "output"]
    if len(names) != len(sizes):
        raise ValueError(f"names must hold one name a layer, {len(sizes)} here, got {len(names)}")
    if links is not None and len(links) != len(sizes) - 1:
        raise ValueError(f"links must hold one text for each of {len(sizes) - 1} gaps, got {len(links)}")
    if most < 3:
        raise ValueError(f"most must be at least 3, got {most}")
    words = zip(names, map(_units, sizes), strict=True)
    texts = [max(text_width(name, bold=True), text_width(units, 9.5)) for name, units in words]
    step = max([1.25] + [(a + b) / 2 + 0.2 for a, b in pairwise(texts)])
    step = max([step] + [text_width(link, 9.5, mono=True) + 0.25 for link in links or []])
    slots = [min(size, most) for size in sizes]
    deep, sheet = (max(slots) - 1) * STEP, Diagram()
    layers = [_places(size, slot, deep) for size, slot in zip(sizes, slots, strict=True)]
    for i, (left, right) in enumerate(pairwise(layers)):
        for a, b in product(left, right):
            sheet.rule(i * step, a, (i + 1) * step, b, mix(MUTED, share=0.45), 0.7)
        if links:
            sheet.write((i + 0.5) * step, -UNIT - 0.25, links[i], size=9.5, mono=True, align="center")
    for i, (size, units) in enumerate(zip(sizes, layers, strict=True)):
        colour = FACES["first" if i == 0 else "last" if i == len(sizes) - 1 else "hidden"]
        for y in units:
            sheet.disc(i * step, y, UNIT, face=mix(colour, share=0.6), edge=mix(colour, INK, 0.3)).set_zorder(4)
        if len(units) < size:
            gap = (units[len(units) // 2 - 1] + units[len(units) // 2]) / 2
            for k in (-1, 0, 1):
                sheet.disc(i * step, gap + 0.09 * k, 0.022, face=INK, edge=INK).set_zorder(4)
        sheet.write(i * step, deep + UNIT + 0.25, names[i], bold=True, align="center")
        sheet.write(i * step, deep + UNIT + 0.45, _units(size), size=9.5, colour=MUTED, align="center")
    listed = ", ".join(f"{name} with {_units(size)}" for name, size in zip(names, sizes, strict=True))
    weights = f"; weights {', '.join(links)}" if links else ""
    return sheet.finish(f"A network of {len(sizes)} layers, each joined to all of the next: {listed}{weights}.")


def _hidden(count: int) -> list[str]:
    return ["hidden"] * count if count < 2 else [f"hidden {i + 1}" for i in range(count)]


def _units(size: int) -> str:
    return "1 unit" if size == 1 else f"{size} units"


def _places(size: int, slots: int, deep: Number) -> list[Number]:
    """Heights of the units that are drawn: all, or without the middle slot where there are too many."""
    top = (deep - (slots - 1) * STEP) / 2
    if size == slots:
        return [top + i * STEP for i in range(slots)]
    ends = (slots - 1) // 2
    return [top + i * STEP for i in range(ends)] + [top + (slots - ends + i) * STEP for i in range(ends)]
