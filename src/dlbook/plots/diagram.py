"""A sheet of paper measured in inches to draw diagrams on: boxes, text, arrows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath

from .look import INK, WIDTH, Number
from .picture import MARGIN, Picture, alt

SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"


@lru_cache(maxsize=4096)
def text_width(text: str, size: Number = 10.0, mono: bool = False, bold: bool = False) -> float:
    """Width of a line of text in inches, from the font itself."""
    font = FontProperties(family=MONO if mono else SANS, weight="bold" if bold else "normal")
    box = TextPath((0, 0), f"{text}|", size=size, prop=font, usetex=False).get_extents()
    bar = TextPath((0, 0), "|", size=size, prop=font, usetex=False).get_extents()
    return float(box.x1 - bar.x1) / 72  # with a bar behind it, spaces at the end count too


class Diagram(Picture):
    """A sheet measured in inches, x to the right and y down; it grows with what is drawn on it."""

    def __init__(self) -> None:
        super().__init__(1.0, 1.0)
        self.ax = self.add_axes((0.0, 0.0, 1.0, 1.0))
        self.ax.set_axis_off()
        self._box: list[Number] = []

    def grow(self, x0: Number, y0: Number, x1: Number, y1: Number) -> None:
        """Make sure that the finished sheet holds this rectangle."""
        old = self._box or [x0, y0, x1, y1]
        self._box = [min(old[0], x0), min(old[1], y0), max(old[2], x1), max(old[3], y1)]

    def cell(
        self,
        x: Number,
        y: Number,
        width: Number,
        height: Number,
        *,
        face: str,
        edge: str,
        text: str = "",
        ink: str = INK,
        size: Number = 10.0,
        bold: bool = False,
        dashed: bool = False,
        line: Number = 0.8,
        z: Number = 2.0,
    ) -> Rectangle:
        """A box with its upper left corner at (x, y) and `text` in its middle."""
        box = Rectangle((x, y), width, height, facecolor=face, edgecolor=edge, linewidth=line, zorder=z)
        if dashed:
            box.set_linestyle((0, (2.5, 2)))
        self.ax.add_patch(box)
        self.grow(x, y, x + width, y + height)
        if text:
            self.write(
                x + width / 2,
                y + height / 2,
                text,
                size=size,
                colour=ink,
                bold=bold,
                align="center",
                z=z + 0.5,
            )
        return box

    def outline(
        self, x: Number, y: Number, width: Number, height: Number, colour: str, line: Number = 2.0
    ) -> Rectangle:
        """A frame without filling, over the cells."""
        box = Rectangle(
            (x, y),
            width,
            height,
            facecolor="none",
            edgecolor=colour,
            linewidth=line,
            zorder=3,
            joinstyle="round",
        )
        self.ax.add_patch(box)
        self.grow(x, y, x + width, y + height)
        return box

    def write(
        self,
        x: Number,
        y: Number,
        text: str,
        *,
        size: Number = 10.0,
        colour: str = INK,
        mono: bool = False,
        bold: bool = False,
        align: str = "left",
        z: Number = 4.0,
    ) -> float:
        """One line of text whose middle height is y; returns its width in inches."""
        self.ax.text(
            x,
            y,
            text,
            fontsize=size,
            color=colour,
            family=MONO if mono else SANS,
            ha=align,
            va="center_baseline",
            weight="bold" if bold else "normal",
            zorder=z,
            parse_math=False,
        )
        width = text_width(text, size, mono, bold)
        left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[align] * width
        self.grow(left, y - size / 144, left + width, y + size / 144)
        return width

    def arrow(self, points: Sequence[tuple[Number, Number]], colour: str = INK, line: Number = 1.3) -> None:
        """A line through `points` with a head at the last."""
        self.ax.add_patch(
            FancyArrowPatch(
                path=Outline(list(points)),
                arrowstyle="-|>,head_length=3.2,head_width=1.8",
                color=colour,
                linewidth=line,
                shrinkA=0,
                shrinkB=0,
                zorder=3,
                joinstyle="round",
                capstyle="round",
            )
        )
        for x, y in points:
            self.grow(x, y, x, y)

    def pill(
        self,
        x: Number,
        y: Number,
        width: Number,
        height: Number,
        *,
        face: str = "#ffffff",
        edge: str = INK,
        line: Number = 1.0,
        radius: Number = 0.12,
    ) -> FancyBboxPatch:
        """A box with round corners and its upper left corner at (x, y), without text."""
        box = FancyBboxPatch(
            (x, y),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={min(radius, width / 2, height / 2)}",
            facecolor=face,
            edgecolor=edge,
            linewidth=line,
            zorder=2,
        )
        self.ax.add_patch(box)
        self.grow(x, y, x + width, y + height)
        return box

    def disc(self, x: Number, y: Number, radius: Number, *, face: str, edge: str, line: Number = 1.0) -> Circle:
        """A circle around (x, y)."""
        shape = Circle((x, y), radius, facecolor=face, edgecolor=edge, linewidth=line, zorder=2.5)
        self.ax.add_patch(shape)
        self.grow(x - radius, y - radius, x + radius, y + radius)
        return shape

    def bend(
        self,
        points: Sequence[tuple[Number, Number]],
        colour: str = INK,
        line: Number = 1.2,
        down: bool = False,
    ) -> FancyArrowPatch:
        """A smooth arrow through `points` that leaves and meets each to the right, or with `down` downwards."""
        (vertices, codes), first = ([points[0]], [Outline.MOVETO]), points[0]
        for x, y in points[1:]:
            reach = 0.5 * ((y - first[1]) if down else (x - first[0]))
            start, end = ((0, reach), (0, -reach)) if down else ((reach, 0), (-reach, 0))
            vertices += [(first[0] + start[0], first[1] + start[1]), (x + end[0], y + end[1]), (x, y)]
            codes += [Outline.CURVE4] * 3
            first = (x, y)
        arrow = FancyArrowPatch(
            path=Outline(vertices, codes),
            arrowstyle="-|>,head_length=3.2,head_width=1.8",
            edgecolor=colour,
            facecolor=colour,
            fill=True,
            linewidth=line,
            shrinkA=0,
            shrinkB=0,
            zorder=1.5,
            capstyle="round",
        )
        self.ax.add_patch(arrow)
        for x, y in points:
            self.grow(x, y, x, y)
        return arrow

    def rule(self, x0: Number, y0: Number, x1: Number, y1: Number, colour: str = INK, line: Number = 1.0) -> None:
        """A straight line."""
        self.ax.plot([x0, x1], [y0, y1], color=colour, linewidth=line, linestyle="-", solid_capstyle="round", zorder=3)
        self.grow(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))

    def finish(self, text: str) -> Diagram:
        """Cut the sheet to what was drawn, with even margins; attach the alt text. ValueError where it is too wide."""
        x0, y0, x1, y1 = self._box
        width, height = x1 - x0 + 2 * MARGIN, y1 - y0 + 2 * MARGIN
        if width > WIDTH + 1e-6:
            raise ValueError(
                f"the picture would be {width:.1f} inches wide and may have {WIDTH}: "
                "draw a smaller tensor or shorten its labels"
            )
        self.set_size_inches(width, height)
        self.ax.set(xlim=(x0 - MARGIN, x1 + MARGIN), ylim=(y1 + MARGIN, y0 - MARGIN))
        alt(self, text)
        return self
