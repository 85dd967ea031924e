"""Small multiples: functions with slopes, histograms, images."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from dlbook import plots
from dlbook.plots.panels import _facts

X = np.linspace(-2, 3, 11)
PANELS = {"square": (X, X**2, 2 * X), "cube": (X, X**3, 3 * X**2), "line": (X, X, None)}


def pixels(figure):
    return [np.asarray(ax.images[0].get_array()) for ax in figure.axes]


def test_functions_share_axes_and_tell_slopes_by_dashes():
    figure = plots.functions(PANELS, columns=2, labels=("g", "slope"))
    assert [ax.get_title(loc="left") for ax in figure.axes] == list(PANELS)
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}) == 1
    for ax, (x, y, slope) in zip(figure.axes, PANELS.values(), strict=True):
        curves = [line for line in ax.lines if len(line.get_xdata()) == len(x)]
        assert [line.get_linestyle() for line in curves] == ["-", "--"][: 1 if slope is None else 2]
        assert curves[0].get_ydata().tolist() == y.tolist()
        assert [t.get_text() for t in ax.texts] == ["g", "slope"][: len(curves)]
    assert "cube from -8 to 27, its slope from 0 to 27; line from -2 to 3." in figure.alt
    assert all(ax.get_ylim() == (-1, 1) for ax in plots.functions(PANELS, ylim=(-1, 1)).axes)


def test_every_column_ends_in_numbers():
    figure = plots.functions({str(i): (X, X, X) for i in range(5)}, columns=3)
    figure.png()
    numbered = [any(t.get_visible() and t.get_text() for t in ax.get_xticklabels()) for ax in figure.axes]
    assert numbered == [False, False, True, True, True]
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "", "", "x", "x"]


def test_histograms_write_mean_and_deviation():
    values = torch.tensor([[1.0, 2.0], [3.0, 6.0]], requires_grad=True)
    figure = plots.histogram_grid({"first": values, "second": values / 2}, limits=(0, 4), bins=4, xlabel="a")
    assert [ax.texts[0].get_text() for ax in figure.axes] == ["mean 3.00, std 1.87", "mean 1.500, std 0.935"]
    assert [ax.get_title(loc="right") for ax in figure.axes] == ["25% beyond", ""]
    heights = [ax.patches[0].get_data().values.tolist() for ax in figure.axes]
    assert heights == [[0, 1, 1, 1], [0.5, 1, 0, 0.5]]
    assert figure.alt.startswith("Histograms of a from 0 to 4: first has mean 3.00, std 1.87;")


def test_histograms_with_a_threshold_write_the_share_from_it_on():
    panels = {"first": [0.1, 0.5, 0.7, 0.9], "second": [0.1, 0.2, 0.3, 0.4]}
    figure = plots.histogram_grid(panels, threshold=0.5, limits=(0, 1))
    assert [ax.texts[0].get_text() for ax in figure.axes] == ["75% from 0.5 on", "0% from 0.5 on"]
    assert all(list(ax.lines[0].get_xdata()) == [0.5, 0.5] for ax in figure.axes)
    assert "first has 75% from 0.5 on; second has 0% from 0.5 on." in figure.alt


@pytest.mark.parametrize(
    ("mean", "std", "text"),
    [
        (-0.00034, 0.0782, "mean \N{MINUS SIGN}0.0003, std 0.0782"),
        (12.0, 250.0, "mean 12, std 250"),
        (0.5, 0.0, "mean 0.500, std 0.000"),
        (1e-7, 2e-7, "mean 1e\N{MINUS SIGN}7, std 2e\N{MINUS SIGN}7"),
    ],
)
def test_means_have_the_digits_that_the_deviation_has(mean, std, text):
    assert _facts(mean, std) == text


def test_images_are_drawn_as_they_are():
    batch = torch.arange(2 * 3 * 4).view(2, 3, 4).to(torch.uint8)
    grey = plots.images(batch)
    np.testing.assert_allclose(pixels(grey)[1], batch[1] / 255)
    assert all(ax.images[0].get_clim() == (0, 1) for ax in grey.axes)
    np.testing.assert_allclose(pixels(plots.images(batch, inverted=True))[0], 1 - batch[0] / 255)
    colour = torch.rand(2, 3, 4, 5)
    np.testing.assert_allclose(pixels(plots.images(colour))[1], colour[1].permute(1, 2, 0))
    scaled = plots.images((colour - 0.5) / 0.25, limits=(-2, 2))
    np.testing.assert_allclose(pixels(scaled)[0], colour[0].permute(1, 2, 0), atol=1e-6)
    assert "6 grey images of 2 by 2 pixels" in plots.images(np.zeros((6, 1, 2, 2))).alt


def test_wrong_images_are_marked_by_more_than_colour():
    figure = plots.images(np.zeros((2, 3, 3)), titles=["1 / 1", "2 / 7"], wrong=torch.tensor([False, True]))
    right, wrong = figure.axes
    assert (right.get_title(), wrong.get_title()) == ("1 / 1", "\N{BALLOT X} 2 / 7")
    assert wrong.spines["top"].get_linewidth() > right.spines["top"].get_linewidth()
    assert to_hex(wrong.spines["top"].get_edgecolor()) == plots.COLOURS["wrong"]
    assert "1 of them marked wrong: 1 / 1; 2 / 7 (wrong)." in figure.alt


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: plots.functions({}), "at least one name with"),
        (lambda: plots.functions({"f": ([1, 2], [1, 2], [1])}), r"panels\['f'\] must be .* got lengths \[1, 2\]"),
        (lambda: plots.functions(PANELS, width=7), "at most 6.5 inches"),
        (lambda: plots.functions(PANELS, columns=0), "columns at least 1, got 5.2 and 0"),
        (lambda: plots.histogram_grid({}), "at least one name with its values"),
        (lambda: plots.histogram_grid({"a": [1.0, float("nan")]}), r"panels\['a'\] must hold .* finite"),
        (lambda: plots.images(np.zeros((2, 4, 5, 5))), r"C 1 or 3, or \(n, H, W\), got \(2, 4, 5, 5\)"),
        (lambda: plots.images(np.zeros((0, 5, 5))), r"got \(0, 5, 5\)"),
        (lambda: plots.images(np.full((1, 5, 5), 7.0)), "within limits, 0 to 1, got 7 to 7"),
        (lambda: plots.images(np.zeros((2, 5, 5)), titles=["one"]), "titles must hold one entry an image, 2 here"),
        (lambda: plots.images(np.zeros((2, 5, 5)), wrong=[True]), "wrong must hold one entry an image, 2 here, got 1"),
    ],
)
def test_panels_say_what_is_wrong(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
