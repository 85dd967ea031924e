"""Pictures of gated recurrent cells: how they are wired, and how far their gates are open at each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from .charts import DASHES, label_ends, last_finite, layout
from .diagram import Diagram
from .look import ACCENT, COLOURS, CYCLE, INK, MUTED, WIDTH, Number, mix, style
from .picture import Picture, alt

Values = Sequence[Number] | np.ndarray | torch.Tensor
ROW = 0.2  # inches: height of one unit in a strip of gates


def gate_strips(
    signals: Mapping[str, Values],
    gates: Mapping[str, Values],
    *,
    marks: Sequence[int] = (),
    xlabel: str = "step",
    ylabel: str = "value",
    width: Number = 5.2,
    height: Number = 1.6,
) -> Picture:
    """Lines of a few signals over the steps; below them a strip for each gate, dark where it is open.

    A gate is (steps,) or (units, steps), between 0 and 1; `marks` are steps with a line, and triangles on the strips.
    ValueError where the numbers of steps differ, there is nothing to draw, or a gate leaves 0 to 1.
    """
    lines = {name: _array(values).reshape(-1) for name, values in signals.items()}
    strips = {name: np.atleast_2d(_array(values)) for name, values in gates.items()}
    if not lines or not strips:
        raise ValueError("signals and gates must each hold at least one name with its values, got none")
    lengths = {values.shape[-1] for values in (*lines.values(), *strips.values())}
    if len(lengths) > 1:
        raise ValueError(f"signals and gates must have the same number of steps, got {sorted(lengths)}")
    for name, values in strips.items():
        if not (np.isfinite(values) & (values >= 0) & (values <= 1)).all():
            raise ValueError(f"gate {name!r} must lie between 0 and 1, got {values.min():.3g} to {values.max():.3g}")
    if not 0 < width <= WIDTH:
        raise ValueError(f"width must be above 0 and at most {WIDTH} inches, got {width}")
    heights = [height, *(max(0.3, ROW * len(values)) for values in strips.values())]
    steps = np.arange(lengths.pop())
    with style():
        figure = Picture(width, sum(heights) + 0.75, layout=layout())
        panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        figure.ax = top = panels[0]
        for i, values in enumerate(lines.values()):
            top.plot(steps, values, color=CYCLE[i % len(CYCLE)], linestyle=DASHES[i % 6], drawstyle="steps-mid")
        top.set_ylabel(ylabel)
        label_ends(top, {name: last_finite(steps, values) for name, values in lines.items()}, height=height)
        top.tick_params(axis="x", length=0)
        shades = _shades()
        for ax, (name, values) in zip(panels[1:], strips.items(), strict=True):
            ax.pcolormesh(
                np.arange(len(steps) + 1) - 0.5,
                np.arange(len(values) + 1),
                values[::-1],
                cmap=shades,
                vmin=0,
                vmax=1,
                edgecolors="white",
                linewidth=0.4,
            )
            ax.set_yticks([])
            ax.text(1.02, 0.5, name, transform=ax.transAxes, va="center", fontsize=9.5, color=INK)
        for step in marks:
            top.axvline(step, color=COLOURS["data"], linewidth=1.0, linestyle=":", zorder=3)
            for ax in panels[1:]:  # above the strip: what a gate does at this very step must be seen
                place = ax.get_xaxis_transform()
                ax.plot(step, 1, "v", color=COLOURS["data"], markersize=5, transform=place, clip_on=False)
        panels[-1].xaxis.get_major_locator().set_params(integer=True)
        panels[-1].set(xlabel=xlabel, xlim=(-0.5, len(steps) - 0.5))
        for ax in panels[:-1]:
            ax.tick_params(labelbottom=False)
    spans = "; ".join(f"{n} goes from {v.min():.3g} to {v.max():.3g}" for n, v in (lines | strips).items())
    alt(
        figure,
        f"Lines of {', '.join(lines)} over {len(steps)} steps, and strips of the gates {', '.join(strips)}; {spans}.",
    )
    return figure


def _array(values: Values) -> np.ndarray:
    return np.asarray(values.detach().cpu() if isinstance(values, torch.Tensor) else values, dtype=float)


def _shades():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("gate", [mix(ACCENT, share=0.94), mix(ACCENT, INK, 0.25)])


BUS = 2.35  # inches from the top: the line that carries what a cell reads
GATE = 1.62


def cell_scheme(kind: str) -> Picture:
    """How a gated cell is wired: `lstm` or `gru`. Boxes are layers, discs are operations element by element.

    ValueError for another kind.
    """
    if kind not in ("lstm", "gru"):
        raise ValueError(f"kind must be 'lstm' or 'gru', got {kind!r}")
    return (_lstm if kind == "lstm" else _gru)()


def _layer(sheet: Diagram, x: Number, name: str, function: str, gate: bool = True) -> None:
    """A layer with its name, fed from the line below."""
    colour = ACCENT if gate else COLOURS["data"]
    sheet.arrow([(x, BUS), (x, GATE + 0.26)], MUTED)
    sheet.pill(x - 0.3, GATE - 0.24, 0.6, 0.48, face=mix(colour, share=0.82), edge=colour, line=1.3)
    sheet.write(x, GATE - 0.08, name, bold=True, size=10.5, align="center")
    sheet.write(x, GATE + 0.11, function, size=9, align="center")


def _operation(sheet: Diagram, x: Number, y: Number, sign: str) -> None:
    sheet.disc(x, y, 0.13, face="#ffffff", edge=INK, line=1.2)
    sheet.write(x, y, sign, size=11, bold=True, align="center")


def _bus(sheet: Diagram, last: Number) -> None:
    """The line below, with what comes in from the left."""
    sheet.rule(0.35, BUS, last, BUS, MUTED, 1.3)
    sheet.write(0.28, BUS - 0.1, "x\N{LATIN SUBSCRIPT SMALL LETTER T}", align="right", size=10.5, bold=True)
    sheet.write(
        0.28,
        BUS + 0.12,
        "h\N{LATIN SUBSCRIPT SMALL LETTER T}\N{SUBSCRIPT MINUS}\N{SUBSCRIPT ONE}",
        align="right",
        size=10.5,
        bold=True,
    )


def _lstm() -> Picture:
    sheet, top, middle = Diagram(), 0.3, 0.98
    before, now = (
        "\N{LATIN SUBSCRIPT SMALL LETTER T}\N{SUBSCRIPT MINUS}\N{SUBSCRIPT ONE}",
        "\N{LATIN SUBSCRIPT SMALL LETTER T}",
    )
    _bus(sheet, 3.55)
    for x, name, function in ((0.8, "f", "sigmoid"), (1.6, "i", "sigmoid"), (2.4, "g", "tanh"), (3.55, "o", "sigmoid")):
        _layer(sheet, x, name, function, gate=name != "g")
    memory = mix(ACCENT, INK, 0.2)
    for a, b in ((0.35, 0.67), (0.93, 1.87), (2.13, 4.72)):
        sheet.arrow([(a, top), (b, top)], memory, 2.4)
    sheet.write(0.28, top, f"c{before}", align="right", size=10.5, bold=True)
    sheet.write(4.78, top, f"c{now}", size=10.5, bold=True)
    sheet.write(3.25, top - 0.17, "memory: kept and added to", size=9.5, colour=MUTED, align="center")
    sheet.arrow([(0.8, GATE - 0.26), (0.8, top + 0.15)])
    sheet.arrow([(1.6, GATE - 0.26), (1.6, middle), (1.86, middle)])
    sheet.arrow([(2.4, GATE - 0.26), (2.4, middle), (2.14, middle)])
    sheet.arrow([(2.0, middle - 0.14), (2.0, top + 0.15)])
    sheet.arrow([(4.3, top), (4.3, middle - 0.18)])
    sheet.pill(4.02, middle - 0.16, 0.56, 0.3, face="#ffffff", edge=INK)
    sheet.write(4.3, middle - 0.01, "tanh", size=9, align="center")
    sheet.arrow([(4.3, middle + 0.15), (4.3, GATE - 0.15)])
    sheet.arrow([(3.86, GATE), (4.16, GATE)])
    sheet.arrow([(4.44, GATE), (4.72, GATE)])
    sheet.write(4.78, GATE, f"h{now}", size=10.5, bold=True)
    for x, y, sign in ((0.8, top, "×"), (2.0, top, "+"), (2.0, middle, "×"), (4.3, GATE, "×")):
        _operation(sheet, x, y, sign)
    return sheet.finish(
        "An LSTM cell. Along the top the memory runs from left to right: it is multiplied by the forget gate f, then "
        "the product of input gate i and candidate g is added. A branch of it goes through tanh, is multiplied by the "
        "output gate o, and leaves as the hidden state. "
        "The layers f, i, g and o read the input and the last hidden state."
    )


def _gru() -> Picture:
    sheet, top, middle = Diagram(), 0.3, 0.98
    before, now = (
        "\N{LATIN SUBSCRIPT SMALL LETTER T}\N{SUBSCRIPT MINUS}\N{SUBSCRIPT ONE}",
        "\N{LATIN SUBSCRIPT SMALL LETTER T}",
    )
    _bus(sheet, 3.3)
    for x, name, function in ((1.0, "z", "sigmoid"), (2.2, "r", "sigmoid"), (3.3, "n", "tanh")):
        _layer(sheet, x, name, function, gate=name != "n")
    memory = mix(ACCENT, INK, 0.2)
    for a, b in ((0.35, 0.87), (1.13, 3.17), (3.43, 4.5)):
        sheet.arrow([(a, top), (b, top)], memory, 2.4)
    sheet.write(0.28, top, f"h{before}", align="right", size=10.5, bold=True)
    sheet.write(4.56, top, f"h{now}", size=10.5, bold=True)
    sheet.write(2.15, top - 0.17, "state: kept and added to", size=9.5, colour=MUTED, align="center")
    sheet.arrow([(1.0, GATE - 0.26), (1.0, top + 0.15)])
    sheet.arrow([(1.0, middle), (3.16, middle)])
    sheet.write(2.1, middle - 0.14, "1 \N{MINUS SIGN} z", size=10, align="center")
    sheet.arrow([(2.52, GATE), (2.98, GATE)])
    sheet.arrow([(3.3, GATE - 0.26), (3.3, middle + 0.15)])
    sheet.arrow([(3.3, middle - 0.14), (3.3, top + 0.15)])
    sheet.write(3.68, GATE - 0.09, "past inside n", size=9.5, colour=MUTED)
    sheet.write(3.68, GATE + 0.09, "scaled by r", size=9.5, colour=MUTED)
    for x, y, sign in ((1.0, top, "×"), (3.3, top, "+"), (3.3, middle, "×")):
        _operation(sheet, x, y, sign)
    return sheet.finish(
        "A GRU cell. Along the top the hidden state runs from left to right: it is multiplied by the update gate z, "
        "then the candidate n times one minus z is added. The reset gate r acts inside the candidate. "
        "The layers z, r and n "
        "read the input and the last hidden state."
    )
