"""A figure that carries its alt text and shows itself the same way everywhere."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from .look import DPI, RC, Number

MARGIN = 0.12  # inches of white around every diagram


class Picture(Figure):
    """A figure with alt text (`alt`) and main axes (`ax`), shown the same way in every notebook.

    It belongs to no window and to no `pyplot` state: the last line of a cell shows it once. Beside the image a cell
    stores the alt text as plain text, so that a check of stored outputs compares what the figure says.
    """

    def __init__(self, width: Number = 5.2, height: Number = 3.0, **options: Any) -> None:
        with matplotlib.rc_context(RC):
            super().__init__(figsize=(width, height), dpi=DPI, facecolor="white", **options)
        FigureCanvasAgg(self)
        self._alt = ""
        self.ax: Axes | None = None

    @property
    def alt(self) -> str:
        """What the figure shows, in words: as it was given, else read off the labels and lines."""
        return self._alt or " ".join(_read(ax) for ax in self.axes) or "An empty figure."

    @alt.setter
    def alt(self, text: str) -> None:
        self._alt = text

    def png(self) -> bytes:
        """The image as PNG at 144 dots an inch: the same bytes each time, no date and no version inside."""
        drawn, small = io.BytesIO(), io.BytesIO()
        with matplotlib.rc_context(RC):
            self.savefig(drawn, format="png", dpi=DPI, metadata={"Software": None})
        with Image.open(drawn) as image:  # 256 colours are a third of the bytes and look the same
            few = image.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(small, format="PNG", optimize=True, dpi=(DPI, DPI))
        return small.getvalue()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the PNG to `path`, whole or not at all."""
        target = Path(path)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            part.write_bytes(self.png())
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
        return target

    def _ipython_display_(self) -> None:
        from IPython.display import display

        width, height = (round(96 * inches) for inches in self.get_size_inches())
        display(
            {"text/plain": describe(self), "image/png": self.png()},
            metadata={"image/png": {"width": width, "height": height}},
            raw=True,
        )


def alt(figure: Figure | Axes, text: str) -> Figure:
    """Give a figure (or the figure of an Axes) the alt text `text`; returns the figure. ValueError where blank."""
    if not text.strip():
        raise ValueError("text must be at least one sentence that says what the figure shows, got a blank string")
    target = figure.get_figure(root=True)
    target.alt = " ".join(text.split())
    return target


def describe(figure: Figure | Axes) -> str:
    """The alt text of a figure: the one it carries, else a sentence for each axes, read off its labels and lines."""
    target = figure.get_figure(root=True)
    return getattr(target, "alt", "") or " ".join(_read(ax) for ax in target.axes) or "An empty figure."


def _read(ax: Axes) -> str:
    title, x, y = ax.get_title(loc="left") or ax.get_title(), ax.get_xlabel(), ax.get_ylabel()
    against = f" of {y or 'values'} against {x or 'position'}" if x or y else ""
    lines = [line for line in ax.get_lines() if len(line.get_xdata())]
    names = [
        f"{line.get_label()} goes from {line.get_ydata()[0]:.3g} to {line.get_ydata()[-1]:.3g}"
        for line in lines
        if not str(line.get_label()).startswith("_")
    ]
    head = f"{title}: a chart{against}" if title else f"A chart{against}"
    return f"{head}; {'; '.join(names)}." if names else f"{head}."
