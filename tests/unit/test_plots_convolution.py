"""Convolution, shape traces, maps, and the confusion matrix: what stands where, and what is refused."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, Rectangle

from dlbook import plots
from dlbook.plots.convolutions import CELL
from dlbook.plots.maps import SIGNED

X = torch.arange(20.0).view(4, 5) % 7
KERNEL = torch.tensor([[1.0, -2.0, 0.0], [0.0, 3.0, 1.0]])


def words(figure):
    return [t.get_text() for t in figure.ax.texts]


def outlines(figure):
    """Frames without filling: (left, top, width, height)."""
    boxes = [p for p in figure.ax.patches if isinstance(p, Rectangle) and not p.get_facecolor()[3]]
    return [(box.get_x(), box.get_y(), box.get_width(), box.get_height()) for box in boxes]


def value(text):
    return float(text.replace("\N{MINUS SIGN}", "-"))


@pytest.mark.parametrize(
    ("at", "options"),
    [
        ((1, 2), {}),
        ((2, 0), {"padding": 1}),
        ((1, 1), {"stride": 2, "padding": (1, 2)}),
        ((0, 1), {"dilation": (3, 1)}),
        ((1, 2), {"padding": (2, 1), "dilation": (2, 1), "stride": (2, 1)}),
    ],
)
def test_a_convolution_frames_the_window_that_gives_the_framed_number(at, options):
    figure = plots.convolution(X, KERNEL, at=at, **options)
    result = F.conv2d(X[None, None], KERNEL[None, None], **options)[0, 0]
    (px, py), (sx, sy), (dx, dy) = ((v, v) if isinstance(v, int) else v for v in options_of(options))
    window, kernel, cell = outlines(figure)
    np.testing.assert_allclose(window[1::2], (at[0] * sx * CELL, (dx + 1) * CELL))
    np.testing.assert_allclose(window[::2], (at[1] * sy * CELL, (2 * dy + 1) * CELL))
    np.testing.assert_allclose(kernel[2:], (3 * kernel[3] / 2, 2 * CELL), rtol=0.3)
    numbers = [w for w in words(figure)[1:] if w.lstrip("\N{MINUS SIGN}").isdigit()]
    padded = F.pad(X, (py, py, px, px))
    drawn = [*padded.flatten().tolist(), *KERNEL.flatten().tolist(), *result.flatten().tolist()]
    assert [value(n) for n in numbers] == drawn
    bold = [t for t in figure.ax.texts if t.get_weight() == "bold"]
    assert [value(t.get_text()) for t in bold] == [result[at]]
    assert cell[0] < bold[0].get_position()[0] < cell[0] + cell[2]
    assert cell[1] < bold[0].get_position()[1] < cell[1] + cell[3]
    lines = [w for w in words(figure) if "\N{MULTIPLICATION SIGN}" in w and "0123456789".find(w.strip("+ (")[0]) >= 0]
    total = "".join(lines).replace("\N{MULTIPLICATION SIGN}", "*").replace("\N{MINUS SIGN}", "-")
    assert eval(total) == result[at]
    assert f"adds up to {words(figure)[-1].removeprefix('= ')}, framed in row {at[0]} and column {at[1]}" in figure.alt


def options_of(options):
    return options.get("padding", 0), options.get("stride", 1), options.get("dilation", 1)


def test_only_cells_under_the_kernel_are_filled():
    figure = plots.convolution(X, KERNEL, at=(0, 0), dilation=2)
    cells = [p for p in figure.ax.patches if isinstance(p, Rectangle) and p.get_facecolor()[3]][:20]
    colours = np.array([to_hex(c.get_facecolor()) for c in cells]).reshape(4, 5)
    hit = colours == colours[0, 0]
    assert np.argwhere(hit).tolist() == [[i, j] for i in (0, 2) for j in (0, 2, 4)]


def test_padding_is_dashed():
    figure = plots.convolution(X, KERNEL, padding=(1, 0))
    cells = [p for p in figure.ax.patches if isinstance(p, Rectangle) and p.get_facecolor()[3]][:30]
    dashed = np.array([c.get_linestyle() != "solid" for c in cells]).reshape(6, 5)
    assert np.flatnonzero(dashed.all(1)).tolist() == [0, 5]
    assert dashed.sum() == 10


SHAPES = [("picture", (3, 20, 30)), ("Conv2d", (12, 10, 15)), ("Linear", (50,)), ("Linear", (10,))]


def test_a_trace_is_to_scale():
    figure = plots.trace(SHAPES)
    picture, conv, wide, small = (p for p in figure.ax.patches if isinstance(p, Rectangle))
    assert picture.get_width() / picture.get_height() == pytest.approx(1.5)
    assert picture.get_height() / conv.get_height() == pytest.approx(2)
    assert wide.get_height() / small.get_height() == pytest.approx(5)
    tops = [np.ptp(p.get_xy()[:, 1]) for p in figure.ax.patches if hasattr(p, "get_closed")][::2]
    assert tops[1] / tops[0] == pytest.approx(4)  # 12 channels against 3
    assert len([p for p in figure.ax.patches if isinstance(p, FancyArrowPatch)]) == 3
    assert figure.alt == (
        "Shapes through a network as blocks: picture (3, 20, 30); Conv2d (12, 10, 15); Linear (50,); Linear (10,)."
    )


def test_a_long_trace_takes_more_rows_and_stays_narrow():
    figure = plots.trace(SHAPES[:2] * 6)
    assert figure.get_size_inches()[0] <= 5.2
    heights = {round(t.get_position()[1], 2) for t in figure.ax.texts if t.get_text() == "picture"}
    assert len(heights) == 3
    assert len([p for p in figure.ax.patches if isinstance(p, FancyArrowPatch)]) == 11


def test_feature_maps_keep_their_zero_white():
    maps = torch.tensor([[[0.0, 4.0], [-1.0, 2.0]], [[0.0, 0.5], [0.25, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    own, shared = plots.feature_maps(maps), plots.feature_maps(maps[:, None].requires_grad_(), together=True)
    for figure, limits in ((own, [4, 0.5, 1]), (shared, [4, 4, 4])):
        assert [ax.images[0].get_clim() for ax in figure.axes] == [(-m, m) for m in limits]
        for ax, plane in zip(figure.axes, maps, strict=True):
            assert ax.images[0].get_array().tolist() == plane.tolist()
    np.testing.assert_allclose(SIGNED(0.5)[:3], 1.0, atol=0.02)
    assert own.alt.startswith("A grid of 3 maps of 2 by 2 numbers, dark where large: map 0 from -1 to 4; map 1 from 0 ")


def test_the_frame_lies_around_the_gradient():
    field = torch.zeros(9, 11)
    field[2:7, 2:7] = -torch.arange(1.0, 26.0).view(5, 5)
    for pixels, corner in ((5, (2, 2)), ((3, 7), (1, 3))):
        figure = plots.receptive(field, pixels)
        [frame] = [p for p in figure.ax.patches if isinstance(p, Rectangle)]
        tall, wide = (pixels, pixels) if isinstance(pixels, int) else pixels
        assert (frame.get_x(), frame.get_y()) == corner
        assert (frame.get_width(), frame.get_height()) == (wide, tall)
    assert figure.ax.images[0].get_array()[2, 2] == 1
    assert "not 0 in 5 rows and 5 columns; a frame of 3 by 7 pixels, the receptive field, holds 60% of" in figure.alt
    assert "holds 100%" in plots.receptive(field, 5).alt


def test_an_overlay_colours_only_where_there_is_heat():
    pictures = torch.stack([torch.zeros(8, 8), torch.ones(8, 8)])
    heat = torch.zeros(2, 4, 4)
    heat[0, 0, 3] = 2.0
    figure = plots.overlay(pictures[:, None], heat, titles=["one", "two"])
    (grey, warm), (other, cold) = ([image.get_array() for image in ax.images] for ax in figure.axes)
    assert (grey.max(), other.min()) == (0, 1)
    assert cold[..., 3].max() == 0
    assert warm[0, 7, 3] == pytest.approx(0.85)
    assert warm[4:, :, 3].max() == 0
    assert figure.alt.endswith("under heat maps: one hottest at the top right; two without heat.")
    colour = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    assert plots.overlay(colour, heat[:1]).ax.images[0].get_array()[0, 0] == pytest.approx(0.299)
    assert plots.overlay(colour, heat[:1], inverted=True).ax.images[0].get_array()[0, 0] == pytest.approx(0.701)


def test_a_confusion_matrix_has_rows_of_truth():
    matrix = torch.tensor([[7, 0, 3], [1, 9, 0], [0, 4, 6]])
    figure = plots.confusion(matrix, ["cat", "dog", "elephant"])
    counts = {t.get_text(): t.get_position() for t in figure.ax.texts if t.get_text().isdigit()}
    assert set(counts) == {"7", "3", "1", "9", "4", "6"}, "a cell of none is empty"
    assert counts["3"][1] == counts["7"][1]
    assert counts["3"][0] == counts["6"][0]
    assert counts["4"][1] == counts["6"][1]
    names = [t for t in figure.ax.texts if t.get_text() == "elephant"]
    assert [t.get_rotation() for t in sorted(names, key=lambda t: t.get_position()[0])] == [0, 90]
    assert figure.alt == (
        "A confusion matrix of 3 classes, 22 of 30 right; most often 4 of elephant taken for dog, 3 of cat taken for "
        "elephant, 1 of dog taken for cat."
    )
    shades = {box.get_x() + box.get_y(): to_hex(box.get_facecolor()) for box in figure.ax.patches}
    assert len(set(shades.values())) >= 5
    assert "most often" not in plots.confusion(np.eye(2), ["a", "b"]).alt


def test_many_classes_have_colours_only():
    figure = plots.confusion(torch.eye(50).int(), [f"class {i}" for i in range(50)])
    assert figure.get_size_inches()[0] < 6.5
    assert not [t for t in words(figure) if t.isdigit()]
    assert 20 < len([t for t in words(figure) if t.startswith("class")]) < 80


Z = torch.zeros(2, 4, 4)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: plots.convolution(X[0], KERNEL), "x must have 2 dimensions of at most 12 cells"),
        (lambda: plots.convolution(torch.zeros(11, 4), KERNEL, padding=1), r"with the padding .* got shape \(11, 4\)"),
        (lambda: plots.convolution(X, KERNEL[None]), r"kernel must have 2 dim.* got shape \(1, 2, 3\)"),
        (lambda: plots.convolution(X, KERNEL, at=(3, 0)), r"a position of the 3 x 3 of the result, got \(3, 0\)"),
        (lambda: plots.convolution(KERNEL, X), "a position of the 0 x 0 of the result"),
        (lambda: plots.trace(SHAPES[:1]), "at least 2 pairs"),
        (
            lambda: plots.trace([("a", (3, 4)), ("b", (1,))]),
            r"shape of 'a' must be \(c, h, w\) or \(n,\).* got \(3, 4\)",
        ),
        (lambda: plots.feature_maps(torch.zeros(2, 3, 5, 5)), r"must have shape \(n, H, W\) or \(n, 1, H, W\), got"),
        (lambda: plots.feature_maps(Z / 0), "maps must hold finite numbers"),
        (lambda: plots.feature_maps(Z, titles=["one"]), "titles must hold one entry a map, 2 here, got 1"),
        (lambda: plots.feature_maps(Z, columns=0), "columns at least 1, got 5.2 and 0"),
        (lambda: plots.receptive(Z[0], 3), "not be 0 everywhere"),
        (lambda: plots.receptive(Z + 1, 3), r"field must have shape \(H, W\)"),
        (lambda: plots.overlay(Z, Z[:1]), "heat must hold one map an image, 2 here, got 1"),
        (lambda: plots.overlay(Z + 2, Z), "images must lie within limits, 0 to 1, .* got images from 2 to 2"),
        (lambda: plots.overlay(Z, Z - 1), "heat must not be below 0, .* and heat from -1"),
        (lambda: plots.confusion(torch.ones(2, 3), ["a", "b"]), r"shape \(classes, classes\), got \(2, 3\)"),
        (lambda: plots.confusion(torch.eye(2) / 2, ["a", "b"]), "whole counts from 0 up, got 0 to 0.5"),
        (lambda: plots.confusion(-torch.eye(2), ["a", "b"]), "whole counts from 0 up, got -1 to"),
        (lambda: plots.confusion(torch.eye(2), ["a"]), "names must hold one name a class, 2 here, got 1"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
