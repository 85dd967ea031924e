"""Charts: labels, times, and the numbers of the float types."""

from itertools import pairwise

import pytest
import torch

from dlbook import plots
from dlbook.plots.charts import seconds_text


def texts(figure):
    return [t.get_text() for ax in figure.axes for t in ax.texts]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.5, "1.50 s"),
        (0.0212, "21.2 ms"),
        (1.104e-4, "110 µs"),
        (4.45e-5, "44.5 µs"),
        (1e-6, "1.00 µs"),
        (3e-10, "0.300 ns"),
    ],
)
def test_times_carry_three_digits_and_a_unit(seconds, text):
    assert seconds_text(seconds) == text


def test_times_draw_median_and_middle_half():
    figure = plots.times({"loop": [3e-3, 1e-3, 2e-3], "one run": [5e-6]})
    assert texts(figure) == ["2.00 ms  (1.50 to 2.50)", "5.00 µs"]
    assert figure.ax.get_xscale() == "log"
    dots = [line.get_xdata()[0] for line in figure.ax.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([2e-3, 5e-6])
    assert figure.alt == "Median times on a log scale: loop takes 2.00 ms; one run takes 5.00 µs."


@pytest.mark.parametrize("bad", [[], [0.0], [-1.0], [float("nan")]])
def test_times_must_be_positive(bad):
    with pytest.raises(ValueError, match=r"rows\['x'\] must hold at least one time"):
        plots.times({"x": bad})


def test_no_times_no_figure():
    with pytest.raises(ValueError, match="at least one name"):
        plots.times({})


def test_lines_carry_their_names_and_dashes():
    series = {"a": [1.0, 2.0], "b": torch.tensor([1.0, 2.01], requires_grad=True), "c": [0.0, 2.02]}
    figure = plots.lines([0, 1], series, xlabel="x", ylabel="y", title="Three")
    assert texts(figure) == ["a", "b", "c"]
    heights = sorted(t.get_position()[1] for t in figure.ax.texts)
    assert min(b - a for a, b in pairwise(heights)) > 0.05, "labels are pushed apart"
    assert len({line.get_linestyle() for line in figure.ax.lines}) == 3
    assert figure.alt.startswith("Three: lines of y against x; a goes from 1 to 2;")


def test_lines_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"series 'a' must hold one value for each of the 3 values of x, got 2"):
        plots.lines([0, 1, 2], {"a": [1, 2]}, xlabel="x", ylabel="y")
    with pytest.raises(ValueError, match="at least one line"):
        plots.lines([], {}, xlabel="x", ylabel="y")


def test_floats_states_what_finfo_states():
    figure = plots.floats()
    assert {"every 9.8e\N{MINUS SIGN}4", "every 7.8e\N{MINUS SIGN}3", "6.1e\N{MINUS SIGN}5 to 6.6e4"} <= set(
        texts(figure)
    )
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        info = torch.finfo(dtype)
        assert f"{info.max:.2e} with spacing {info.eps:.2e}" in figure.alt
    zoom = figure.axes[1]
    drawn = [len(lines.get_segments()) for lines in zoom.collections]
    assert drawn == [17, 3]  # from 1 to 1 + 2/128 in steps of 1/1024 and of 1/128
    assert f"{2**17:,} numbers, too close to draw" in texts(figure)


def test_floats_takes_float_types_only():
    with pytest.raises(TypeError, match="floating point types"):
        plots.floats([torch.int8])
