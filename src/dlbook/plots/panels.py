"""Small multiples: functions with their slopes, histograms, and images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes

from .cells import value_text
from .charts import Numbers, _numbers, label_ends, last_finite, layout
from .look import ACCENT, COLOURS, INK, RULE, WIDTH, Number, mix, style
from .picture import Picture, alt

SLOPE = COLOURS["second"]


def grid_of(
    count: int, columns: int, width: Number, panel: Number, *, title: str = "", xlabel: str = "", share: bool = True
) -> tuple[Picture, list[Axes]]:
    """A figure of `count` panels in rows of `columns`, each `panel` inches high, and their axes."""
    if not 0 < width <= WIDTH or columns < 1:
        raise ValueError(
            f"width must be above 0 and at most {WIDTH} inches and columns at least 1, got {width} and {columns}"
        )
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    figure = Picture(width, panel * rows + 0.35 * bool(xlabel) + 0.25 * bool(title), layout=layout())
    cells = figure.subplots(rows, columns, sharex=share, sharey=share, squeeze=False).flatten()
    for ax in cells[count:]:
        ax.remove()
    for ax in cells[max(0, count - columns) : count]:  # above a missing panel too
        ax.tick_params(labelbottom=True)
    for ax in cells[columns * (rows - 1) : count]:
        ax.set_xlabel(xlabel)
    if title:
        figure.suptitle(title, fontsize=11, weight="bold", x=0.01, ha="left")
    figure.ax = cells[0]
    return figure, list(cells[:count])


def functions(
    panels: Mapping[str, tuple[Numbers, Numbers, Numbers | None]],
    *,
    columns: int = 2,
    labels: tuple[str, str] = ("f", "f\N{PRIME}"),
    xlabel: str = "x",
    ylim: tuple[Number, Number] | None = None,
    title: str = "",
    width: Number = 5.2,
    height: Number = 1.45,
) -> Picture:
    """Functions side by side over common axes, each solid, its slope dashed; `panels` maps a name to (x, y, slope).

    The slope may be None. `labels` stand at the right ends of the two lines, `height` is that of a panel in inches.
    ValueError where there is no panel, or x, y and slope differ in length.
    """
    if not panels:
        raise ValueError("panels must hold at least one name with (x, y, slope), got none")
    drawn = {name: [None if part is None else _numbers(part) for part in parts] for name, parts in panels.items()}
    for name, parts in drawn.items():
        lengths = {len(part) for part in parts if part is not None}
        if len(parts) != 3 or len(lengths) != 1:
            raise ValueError(f"panels[{name!r}] must be (x, y, slope) of equal length, got lengths {sorted(lengths)}")
    with style():
        figure, places = grid_of(len(drawn), columns, width, height, title=title, xlabel=xlabel)
        for ax, (name, (x, y, slope)) in zip(places, drawn.items(), strict=True):
            ax.axhline(0, color=RULE, linewidth=0.8, linestyle="-", zorder=1)
            ax.axvline(0, color=RULE, linewidth=0.8, linestyle="-", zorder=1)
            ax.plot(x, y, color=ACCENT, linestyle="-")
            if slope is not None:
                ax.plot(x, slope, color=SLOPE, linestyle="--")
            ax.set_title(name, fontsize=10)
            ax.margins(x=0.0)
            if ylim:
                ax.set_ylim(*ylim)
        for ax, (x, y, slope) in zip(places, drawn.values(), strict=True):  # common limits are known now
            lines = [y] if slope is None else [y, slope]
            ends = {label: last_finite(x, line) for label, line in zip(labels, lines, strict=False)}
            label_ends(ax, ends, (ACCENT, SLOPE), height - 0.45)
    spans = []
    for name, (_, y, slope) in drawn.items():
        tail = "" if slope is None else f", its slope from {np.nanmin(slope):.3g} to {np.nanmax(slope):.3g}"
        spans.append(f"{name} from {np.nanmin(y):.3g} to {np.nanmax(y):.3g}{tail}")
    head = f"{title}: f" if title else "F"
    alt(figure, _short(f"{head}unctions of {xlabel} with their slopes, a panel each: ", spans))
    return figure


def histogram_grid(
    panels: Mapping[str, Numbers],
    *,
    xlabel: str = "value",
    bins: int = 40,
    limits: tuple[Number, Number] | None = None,
    columns: int = 2,
    threshold: Number | None = None,
    title: str = "",
    width: Number = 5.2,
    height: Number = 1.35,
) -> Picture:
    """Histograms side by side over one common x, each with its name, mean and standard deviation; heights not compared.

    `panels` maps a name to values of any shape. `limits` cuts x: the share of values beyond stands in the panel. The
    standard deviation divides by the number of values. With a `threshold` the dashed line stands there, the same in
    each panel, and the share of values from it on takes the place of mean and deviation. ValueError where a panel is
    empty or holds values that are not finite.
    """
    drawn = {name: _numbers(values) for name, values in panels.items()}
    for name, values in drawn.items():
        if not len(values) or not np.isfinite(values).all():
            raise ValueError(f"panels[{name!r}] must hold at least one value, all finite, got {len(values)} values")
    if not drawn:
        raise ValueError("panels must hold at least one name with its values, got none")
    low, high = limits or (min(v.min() for v in drawn.values()), max(v.max() for v in drawn.values()))
    low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    edges, parts = np.linspace(low, high, bins + 1), []
    with style():
        figure, places = grid_of(len(drawn), columns, width, height, title=title, xlabel=xlabel)
        for ax, (name, values) in zip(places, drawn.items(), strict=True):
            counts, _ = np.histogram(values, edges)
            ax.stairs(counts / max(counts.max(), 1), edges, fill=True, color=mix(ACCENT, share=0.35))
            ax.axvline(values.mean() if threshold is None else threshold, color=INK, linewidth=1.0, linestyle="--")
            beyond = ((values < low) | (values > high)).mean()
            facts = _facts(values.mean(), values.std())
            if threshold is not None:
                facts = f"{100 * (values >= threshold).mean():.3g}% from {value_text(float(threshold))} on"
            parts.append(f"{name} has {facts}")
            ax.set_title(name, fontsize=10, pad=17)
            ax.text(0, 1.03, facts, transform=ax.transAxes, fontsize=9, va="bottom")
            if beyond:
                ax.set_title(f"{100 * beyond:.2g}% beyond", loc="right", fontsize=9, weight="normal", pad=17)
            ax.set(xlim=(low, high), ylim=(0, 1.05), yticks=[])
            ax.spines["left"].set_visible(False)
    head = f"{title}: h" if title else "H"
    alt(figure, _short(f"{head}istograms of {xlabel} from {low:.3g} to {high:.3g}: ", parts))
    return figure


def _facts(mean: Number, std: Number) -> str:
    """Mean and standard deviation in words, both to the digits that 3 of the standard deviation need."""
    digits = 2 - math.floor(math.log10(std)) if std > 0 else 3
    if not 0 <= digits <= 5:
        return f"mean {value_text(float(mean))}, std {value_text(float(std))}"
    return f"mean {mean:.{digits}f}, std {std:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _short(head: str, parts: Sequence[str], most: int = 900) -> str:
    """A sentence that lists as many parts as `most` letters hold."""
    kept = len(parts)
    while kept > 1 and len(head) + sum(len(part) + 2 for part in parts[:kept]) > most:
        kept -= 1
    rest = f"; and {len(parts) - kept} more" if kept < len(parts) else ""
    return f"{head}{'; '.join(parts[:kept])}{rest}."


def images(
    batch: torch.Tensor | np.ndarray,
    *,
    titles: Sequence[str] | None = None,
    wrong: Sequence[bool | int] | np.ndarray | torch.Tensor | None = None,
    columns: int = 5,
    limits: tuple[Number, Number] = (0.0, 1.0),
    inverted: bool = False,
    title: str = "",
    width: Number = 5.2,
) -> Picture:
    """Images in rows, pixel by pixel, each with a short title over it; where `wrong`, red and with a cross and a frame.

    `batch` has shape (n, C, H, W) with C 1 or 3, or (n, H, W), as tensor or array: uint8 from 0 to 255, or floats
    within `limits`, which are black and white (full colour). `inverted` draws 0 white, as ink on paper.

    Raises:
        ValueError: another shape, floats beyond `limits`, or a title or mark missing for an image.
    """
    pixels = np.asarray(batch.detach().cpu() if isinstance(batch, torch.Tensor) else batch)
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels
    if pixels.ndim != 4 or pixels.shape[1] not in (1, 3) or 0 in pixels.shape:
        raise ValueError(f"batch must have shape (n, C, H, W) with C 1 or 3, or (n, H, W), got {tuple(batch.shape)}")
    for name, given in (("titles", titles), ("wrong", wrong)):
        if given is not None and len(given) != len(pixels):
            raise ValueError(f"{name} must hold one entry an image, {len(pixels)} here, got {len(given)}")
    low, high = (0, 255) if pixels.dtype == np.uint8 else limits
    pixels = pixels.astype(float)
    if not (pixels.min() >= low and pixels.max() <= high):
        raise ValueError(
            f"batch must lie within limits, {low:.3g} to {high:.3g}, got {pixels.min():.3g} to {pixels.max():.3g}: "
            "undo the scaling of the pixels, or pass limits=(low, high)"
        )
    shown = (pixels - low) / (high - low)
    shown = 1 - shown if inverted else shown
    columns = min(columns, len(shown))
    side = width / columns
    tall = side * pixels.shape[2] / pixels.shape[3] + (0.24 if titles else 0.06)
    bad = [bool(w) for w in wrong] if wrong is not None else [False] * len(shown)
    with style():
        figure, places = grid_of(len(shown), columns, width, tall, title=title, share=False)
        figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05)
        for i, ax in enumerate(places):
            picture = shown[i].transpose(1, 2, 0)
            ax.imshow(picture if picture.shape[2] == 3 else picture[..., 0], cmap="gray", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            colour, thick = (COLOURS["wrong"], 2.2) if bad[i] else (RULE, 0.6)
            for spine in ax.spines.values():
                spine.set(visible=True, color=colour, linewidth=thick)
            if titles:
                mark = "\N{BALLOT X} " if bad[i] else ""
                weight = "bold" if bad[i] else "normal"
                ink = COLOURS["wrong"] if bad[i] else INK
                ax.set_title(mark + titles[i], fontsize=9.5, color=ink, weight=weight, loc="center", pad=3)
    kind = "colour" if pixels.shape[1] == 3 else "grey"
    size = f"{pixels.shape[2]} by {pixels.shape[3]} pixels"
    marked = f"; {sum(bad)} of them marked wrong" if any(bad) else ""
    listed = [f"{t}{' (wrong)' if b else ''}" for t, b in zip(titles or [], bad, strict=False)]
    head = f"{title}: {len(shown)}" if title else f"A grid of {len(shown)}"
    text = f"{head} {kind} images of {size}{marked}"
    alt(figure, _short(f"{text}: ", listed) if listed else f"{text}.")
    return figure
