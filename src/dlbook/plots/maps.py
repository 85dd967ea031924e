"""Maps of numbers as pictures: feature maps and filters, where a gradient reaches, and what a network looks at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from torch import Tensor

from .look import ACCENT, COLOURS, INK, RULE, WIDTH, Number, mix, style
from .panels import _short, grid_of
from .picture import Picture, alt

#: Negative numbers orange, positive teal, none white: as in `heat`.
SIGNED = LinearSegmentedColormap.from_list(
    "signed", [mix(COLOURS["data"], INK, 0.5), COLOURS["data"], "#ffffff", ACCENT, mix(ACCENT, INK, 0.6)]
)
SIZES = LinearSegmentedColormap.from_list("sizes", ["#ffffff", ACCENT, mix(ACCENT, INK, 0.6)])
GLOW = LinearSegmentedColormap.from_list("glow", [COLOURS["highlight"], COLOURS["data"], COLOURS["wrong"]])

Maps = Tensor | np.ndarray


def _array(values: Maps, name: str) -> np.ndarray:
    """Floats in memory, finite."""
    array = np.asarray(values.detach().cpu().double() if isinstance(values, Tensor) else values, dtype=float)
    if not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, got shape {tuple(array.shape)} with others or none")
    return array


def _planes(values: Maps, name: str) -> np.ndarray:
    """Maps as (n, H, W)."""
    array = _array(values, name)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 3:
        raise ValueError(f"{name} must have shape (n, H, W) or (n, 1, H, W), got {tuple(values.shape)}")
    return array


def _check(titles: Sequence[str] | None, count: int, columns: int, width: Number) -> None:
    if titles is not None and len(titles) != count:
        raise ValueError(f"titles must hold one entry a map, {count} here, got {len(titles)}")
    if not 0 < width <= WIDTH or columns < 1:
        raise ValueError(
            f"width must be above 0 and at most {WIDTH} inches and columns at least 1, got {width} and {columns}"
        )


def _frames(count: int, columns: int, width: Number, shape: tuple[int, int], titles: bool, title: str):
    """A figure with a frame for each map."""
    columns = min(columns, count)
    tall = width / columns * shape[0] / shape[1] + (0.24 if titles else 0.06)
    figure, places = grid_of(count, columns, width, tall, title=title, share=False)
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05)
    for ax in places:
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set(visible=True, color=RULE, linewidth=0.6)
    return figure, places


def feature_maps(
    maps: Maps,
    *,
    titles: Sequence[str] | None = None,
    columns: int = 6,
    together: bool = False,
    title: str = "",
    width: Number = 5.2,
) -> Picture:
    """Feature maps or filters, pixel by pixel: positive teal, negative orange, 0 white, each by its own largest.

    `maps` has shape (n, H, W) or (n, 1, H, W): the channels of one image are `features[0]`. With `together` all share
    one scale, so that they can be compared. Filters over colours are for `images`, with limits.

    Raises:
        ValueError: another shape, numbers that are not finite, or titles of another number.
    """
    drawn = _planes(maps, "maps")
    _check(titles, len(drawn), columns, width)
    largest = [np.abs(drawn if together else plane).max() or 1.0 for plane in drawn]
    with style():
        figure, places = _frames(len(drawn), columns, width, drawn.shape[1:], bool(titles), title)
        for i, ax in enumerate(places):
            ax.imshow(drawn[i], cmap=SIGNED, vmin=-largest[i], vmax=largest[i], interpolation="nearest")
            if titles:
                ax.set_title(titles[i], fontsize=9.5, weight="normal", loc="center", pad=3)
    names = titles or [f"map {i}" for i in range(len(drawn))]
    spans = [f"{name} from {plane.min():.3g} to {plane.max():.3g}" for name, plane in zip(names, drawn, strict=True)]
    size = f"{drawn.shape[1]} by {drawn.shape[2]} numbers"
    head = f"{title}: {len(drawn)}" if title else f"A grid of {len(drawn)}"
    alt(figure, _short(f"{head} {'map' if len(drawn) == 1 else 'maps'} of {size}, dark where large: ", spans))
    return figure


def receptive(
    field: Maps, pixels: int | tuple[int, int], *, label: str = "receptive field", width: Number = 3.4
) -> Picture:
    """Sizes of a gradient by the pixels, dark is large, with a frame of `pixels`: the receptive field as computed.

    `field` has shape (H, W). The frame lies around the middle of all that is not 0, so that it shows at once where the
    gradient reaches beyond, or not that far.

    Raises:
        ValueError: another shape, numbers that are not finite, or a gradient of 0 everywhere.
    """
    drawn = np.abs(_array(field, "field"))
    if drawn.ndim != 2 or not drawn.any():
        raise ValueError(f"field must have shape (H, W) and not be 0 everywhere, got shape {tuple(drawn.shape)}")
    tall, wide = (pixels, pixels) if isinstance(pixels, int) else pixels
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    top = (rows[0] + rows[-1] + 1 - tall) / 2  # in pixels from the upper left corner
    left = (columns[0] + columns[-1] + 1 - wide) / 2
    with style():
        figure, [ax] = _frames(1, 1, width, drawn.shape, True, "")
        ax.imshow(drawn, cmap=SIZES, vmin=0, interpolation="nearest", extent=(0, drawn.shape[1], drawn.shape[0], 0))
        frame = Rectangle((left, top), wide, tall, facecolor="none", edgecolor=COLOURS["wrong"], linewidth=1.8)
        frame.set_clip_on(False)
        ax.add_patch(frame)
        text = f"{label}: {tall} \N{MULTIPLICATION SIGN} {wide} pixels"
        ax.set_title(text, fontsize=9.5, weight="normal", color=COLOURS["wrong"], loc="center", pad=4)
    inside = drawn[max(0, round(top)) : round(top) + tall, max(0, round(left)) : round(left) + wide].sum()
    alt(
        figure,
        f"Sizes of a gradient in {drawn.shape[0]} by {drawn.shape[1]} pixels, not 0 in {rows[-1] - rows[0] + 1} rows "
        f"and {columns[-1] - columns[0] + 1} columns; a frame of {tall} by {wide} pixels, the {label}, holds "
        f"{100 * inside / drawn.sum():.3g}% of their sum.",
    )
    return figure


def overlay(
    images: Maps,
    heat: Maps,
    *,
    titles: Sequence[str] | None = None,
    columns: int = 4,
    limits: tuple[Number, Number] = (0.0, 1.0),
    inverted: bool = False,
    title: str = "",
    width: Number = 5.2,
) -> Picture:
    """Images in grey with a heat map over each: nothing where it is 0, yellow to red up to its own largest number.

    `images` has shape (n, C, H, W) with C 1 or 3, or (n, H, W): uint8, or floats within `limits`. `heat` has shape
    (n, h, w) or (n, 1, h, w) with numbers from 0 up and is stretched to the images. `inverted` draws 0 white.

    Raises:
        ValueError: other shapes, heat below 0, images beyond `limits`, or titles of another number.
    """
    whole = images.dtype in (torch.uint8, np.uint8)
    low, high = (0, 255) if whole else limits
    grey = _array(images, "images")
    if grey.ndim == 4 and grey.shape[1] == 3:
        grey = np.tensordot(grey, [0.299, 0.587, 0.114], axes=(1, 0))  # luma: green is brightest
    grey, warm = _planes(grey, "images"), _planes(heat, "heat")
    if len(grey) != len(warm):
        raise ValueError(f"heat must hold one map an image, {len(grey)} here, got {len(warm)}")
    _check(titles, len(grey), columns, width)
    if grey.min() < low - 1e-6 or grey.max() > high + 1e-6 or warm.min() < 0:
        raise ValueError(
            f"images must lie within limits, {low:.3g} to {high:.3g}, and heat must not be below 0, got images from "
            f"{grey.min():.3g} to {grey.max():.3g} and heat from {warm.min():.3g}"
        )
    shown = (grey - low) / (high - low)
    shown = 1 - shown if inverted else shown
    extent = (0, grey.shape[2], grey.shape[1], 0)
    with style():
        figure, places = _frames(len(grey), columns, width, grey.shape[1:], bool(titles), title)
        for i, ax in enumerate(places):
            ax.imshow(shown[i], cmap="gray", vmin=0, vmax=1, interpolation="nearest", extent=extent)
            share = _stretched(warm[i] / (warm[i].max() or 1.0), grey.shape[1:])
            colours = GLOW(share)
            colours[..., 3] = 0.85 * share
            ax.imshow(colours, interpolation="nearest", extent=extent)
            if titles:
                ax.set_title(titles[i], fontsize=9.5, weight="normal", loc="center", pad=3)
    spots = [divmod(int(plane.argmax()), plane.shape[1]) for plane in warm]
    names = titles or [f"image {i}" for i in range(len(grey))]
    told = [
        f"{name} hottest {_place(spot, plane.shape)}" if plane.any() else f"{name} without heat"
        for name, spot, plane in zip(names, spots, warm, strict=True)
    ]
    head = f"{title}: {len(grey)}" if title else f"A grid of {len(grey)}"
    kind = "image" if len(grey) == 1 else "images"
    alt(figure, _short(f"{head} grey {kind} of {grey.shape[1]} by {grey.shape[2]} pixels under heat maps: ", told))
    return figure


def _stretched(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The same map with as many pixels as the image, linear in between."""
    tensor = torch.from_numpy(plane)[None, None]
    bigger = torch.nn.functional.interpolate(tensor, shape, mode="bilinear", align_corners=False)
    return bigger[0, 0].clamp(0, 1).numpy()


def _place(spot: tuple[int, int], shape: tuple[int, int]) -> str:
    """Where a cell lies, in words."""
    down = ["at the top", "in the middle", "at the bottom"][min(2, int(3 * (spot[0] + 0.5) / shape[0]))]
    across = [" left", "", " right"][min(2, int(3 * (spot[1] + 0.5) / shape[1]))]
    return down + across
