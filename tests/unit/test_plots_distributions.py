"""Bars, histograms, densities and contours: what is drawn, and what is refused; the looks are in test_plots."""

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from dlbook import plots

X = torch.linspace(-4, 4, 81)
BELL = torch.exp(-0.5 * X**2)


def test_bars_are_as_high_as_their_values_and_told_apart():
    figure = plots.bars("ab", {"p": [0.25, 0.75], "q": torch.tensor([0.5, 0.5])}, ylabel="probability")
    assert [patch.get_height() for patch in figure.ax.patches] == [0.25, 0.75, 0.5, 0.5]
    assert len({patch.get_hatch() for patch in figure.ax.patches}) == 2
    centres = [patch.get_x() + patch.get_width() / 2 for patch in figure.ax.patches]
    assert centres == pytest.approx([-0.2, 0.8, 0.2, 1.2])
    assert figure.alt == "Bars of probability for a, b. P: 0.25, 0.75; q: 0.5, 0.5."


def test_histograms_are_densities_on_one_scale():
    figure = plots.histograms({"a": [0.25, 0.25, 0.75, 9.0]}, limits=(0, 1), bins=2, xlabel="x")
    [stairs] = figure.ax.patches
    assert list(stairs.get_data().values) == [1.0, 0.5]  # the sample outside counts, and lies outside
    assert "mean 2.6" in figure.alt


def test_densities_are_named_near_their_peaks_and_off_the_lines():
    curves = {"alone": torch.exp(-8 * (X + 2) ** 2), "wide": BELL / 3, "high": torch.exp(-2 * X**2)}
    figure = plots.densities(X, curves, xlabel="x")
    places = {t.get_text(): t.get_position() for t in figure.ax.texts}
    assert places["alone"] == pytest.approx((-2, 1), abs=0.15)
    assert places["high"] == pytest.approx((0, 1), abs=0.15)
    figure.png()
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in figure.ax.texts:
        box = text.get_window_extent(renderer).padded(-3)
        for line in figure.ax.lines:
            points = figure.ax.transData.transform(line.get_xydata())
            assert not any(box.contains(*point) for point in points), text.get_text()
    assert figure.alt.endswith("wide peaks at 0 with 0.333; high peaks at 0 with 1.")


def test_contours_below_zero_are_solid_lines_too():
    figure = plots.contours(X, X, -(X[:, None] ** 2) - X**2, xlabel="x", ylabel="y", levels=[-3, -1])
    [lines] = figure.ax.collections
    assert all(dashes == (0, None) for dashes in lines.get_linestyle())


def test_contours_say_where_the_top_is():
    figure = plots.contours(
        [1, 2, 3], [10, 20], torch.tensor([[0.0, 1, 2], [0, 5, 1]]), xlabel="a", ylabel="b", levels=[1]
    )
    assert "highest point lies at (2, 20)." in figure.alt


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plots.bars("ab", {"p": [1.0]}, ylabel="y"), "one value for each of the 2 names, got 1"),
        (lambda: plots.bars("ab", {}, ylabel="y"), "1 to 4 rows"),
        (lambda: plots.histograms({}, xlabel="x"), "at least one name"),
        (lambda: plots.histograms({"a": []}, xlabel="x"), "at least one sample"),
        (lambda: plots.densities([0, 1], {"a": [1.0]}, xlabel="x"), "each of the 2 values of x, got 1"),
        (lambda: plots.densities([0, 1], {}, xlabel="x"), "at least one curve"),
        (
            lambda: plots.contours([0, 1], [0, 1, 2], torch.zeros(2, 3), xlabel="x", ylabel="y", levels=[1]),
            r"heights must have shape \(3, 2\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
