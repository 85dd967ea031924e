"""The look of every figure: one accent colour, colours with meanings, fonts that survive a phone."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager

import matplotlib
from cycler import cycler

Number = int | float  # what a length, a size or a share may be

ACCENT = "#0f766e"
INK = "#1d2b29"  # text and strong lines; never pure black
MUTED = "#566664"  # secondary text, still 5.9:1 on white
RULE = "#b4c0be"  # thin lines
EMPTY = "#eef1f1"  # cells that take no part

# What a colour means, in every figure of the book. Okabe and Ito's set, darkened until a line of it has
# 3:1 against white, and spread in lightness so that neighbours differ in greyscale too.
COLOURS: dict[str, str] = {
    "model": ACCENT,
    "data": "#d07a00",
    "first": "#3b8fd0",
    "second": "#9c4686",
    "wrong": "#b5361c",
    "right": "#0b8f68",
    "neutral": "#778684",
    "highlight": "#f3cf63",
}
CYCLE = tuple(COLOURS[name] for name in ("model", "data", "second", "first", "wrong", "neutral"))
# The colour of a dimension, counted from the last: the arrow along an axis and its jump in the storage.
DIMS = (ACCENT, "#9c4686", "#a85a00")

WIDTH = 6.5  # inches: no figure is wider
DPI = 144

RC: dict[str, object] = {
    "figure.facecolor": "white",
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "savefig.facecolor": "white",
    "font.family": ["DejaVu Sans"],
    "font.monospace": ["DejaVu Sans Mono"],
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10.0,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": "#dde3e2",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=list(CYCLE)) + cycler(linestyle=["-", "--", "-.", ":", "-", "--"]),
    "lines.linewidth": 1.8,
    "lines.markersize": 5.0,
    "hatch.linewidth": 0.7,
    "path.simplify": True,
}


def style() -> AbstractContextManager[None]:
    """The book's look while the block runs: `with style(): ...`. Nothing outside it changes."""
    return matplotlib.rc_context(RC)


def _channels(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * min(max(c, 0.0), 1.0)):02x}" for c in channels)


def mix(colour: str, other: str = "#ffffff", share: Number = 0.5) -> str:
    """`colour` with `share` of `other` stirred in: 0 is `colour`, 1 is `other`."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return _hex(tuple((1 - share) * a + share * b for a, b in pairs))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it: 0 for black, 1 for white."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, from 1 (the same) to 21 (black on white)."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _oklch(lightness: float, chroma: float, hue: float) -> str:
    """A colour given by perceived lightness, chroma and hue in degrees (Ottosson, 2020)."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    l_ = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m_ = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s_ = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
        -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
        -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
    )
    return _hex(tuple(12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in linear))


def palette(n: int) -> list[str]:
    """`n` soft colours in perceived order, light sand to violet: dark text reads on each, greyscale keeps the order."""
    steps = [i / (n - 1) if n > 1 else 0.5 for i in range(n)]
    return [_oklch(0.965 - 0.255 * t, 0.075 + 0.03 * t, 95 + 205 * t) for t in steps]
