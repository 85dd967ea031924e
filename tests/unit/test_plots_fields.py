"""Charts over two axes: fits and residuals, landscapes with paths, regions of classes."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from plots_gallery import descent

from dlbook import plots
from dlbook.plots.fields import _levels

XS = torch.linspace(-2, 3, 51)
YS = np.linspace(-1, 1, 21)
XOR = (torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), torch.tensor([0, 1, 1, 0]))


def texts(figure):
    return [t.get_text() for ax in figure.axes for t in ax.texts]


def bowl(x, y):
    return x**2 + 4 * y**2


def test_scatter_draws_points_lines_and_sticks_to_the_line_that_is_named():
    x, y = [3.0, 1.0, 2.0], torch.tensor([5.0, 3.0, 1.0], requires_grad=True)
    fits = {"up": lambda x: 2 * x, "flat": ([4, 0], [1, 1])}
    figure = plots.scatter(x, y, xlabel="size", ylabel="price", fits=fits, residuals="up")
    points, up, flat = figure.ax.lines
    assert points.get_linestyle() == "None"
    assert points.get_xydata().tolist() == [[3, 5], [1, 3], [2, 1]]
    np.testing.assert_allclose(up.get_ydata(), 2 * up.get_xdata())
    assert flat.get_ydata().tolist() == [1, 1]
    [sticks] = [c for c in figure.ax.collections if isinstance(c, LineCollection)]
    ends = np.array([np.ravel(segment) for segment in sticks.get_segments()])
    np.testing.assert_allclose(ends, [[3, 6, 3, 5], [1, 2, 1, 3], [2, 4, 2, 1]], atol=1e-9)
    assert texts(figure) == ["up", "flat"]
    assert "3 points, size from 1 to 3, price from 1 to 5; the line up goes" in figure.alt
    assert figure.alt.endswith("a stick joins each point with up.")
    assert not plots.scatter(x, y, xlabel="x", ylabel="y").ax.collections


def test_a_line_given_as_a_pair_in_any_order_has_right_sticks():
    figure = plots.scatter([1, 2], [0, 0], xlabel="x", ylabel="y", fits={"l": ([4, 0], [8, 0])}, residuals="l")
    assert [segment[0][1] for segment in figure.ax.collections[0].get_segments()] == [2, 4]


def test_functions_get_what_x_is():
    seen = []
    plots.scatter(XS, XS, xlabel="x", ylabel="y", fits={"f": lambda x: seen.append(x) or x})
    plots.scatter(XS.tolist(), XS, xlabel="x", ylabel="y", fits={"f": lambda x: seen.append(x) or x})
    plots.landscape(lambda x, y: seen.append(x) or bowl(x, y), XS, YS, xlabel="x", ylabel="y")
    plots.landscape(lambda x, y: seen.append(x) or bowl(x, y), YS, XS, xlabel="x", ylabel="y")
    assert [type(s) for s in seen] == [torch.Tensor, np.ndarray, torch.Tensor, np.ndarray]
    assert seen[0].dtype == torch.float32
    assert [tuple(s.shape) for s in seen[2:]] == [(21, 51), (51, 21)]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: plots.scatter([1, 2], [1], xlabel="x", ylabel="y"), "same number of values, at least 1, got 2 and 1"),
        (lambda: plots.scatter([1], [1], xlabel="x", ylabel="y", residuals="fit"), "one of fits .none given., got"),
        (lambda: plots.landscape(bowl, [1], YS, xlabel="x", ylabel="y"), "at least 2 values each, got 1 and 21"),
        (lambda: plots.landscape(np.ones((51, 21)), XS, YS, xlabel="x", ylabel="y"), r"shape \(21, 51\), y by x"),
        (lambda: plots.landscape(lambda x, y: 0 * x, XS, YS, xlabel="x", ylabel="y"), "heights that differ, got 0"),
        (lambda: plots.landscape(lambda x, y: 1 / x, [0, 1], YS, xlabel="x", ylabel="y"), "must be finite,"),
        (lambda: plots.landscape(lambda x, y: x + y, XS, YS, xlabel="x", ylabel="y", log=True), "nowhere negative"),
        (lambda: plots.landscape(bowl, XS, YS, xlabel="x", ylabel="y", trajectories={"a": []}), r"trajectories\['a'\]"),
        (lambda: plots.landscape(bowl, XS, YS, xlabel="x", ylabel="y", trajectories={"a": [(1, 2, 3)]}), "2 numbers"),
        (lambda: plots.decision(lambda p: p, torch.zeros(3, 3), [0, 0, 0]), r"shape \(n, 2\) and labels \(n,\), got"),
        (lambda: plots.decision(lambda p: p, torch.zeros(3, 2), [0, 1]), r"got \(3, 2\) and \(2,\)"),
        (lambda: plots.decision(lambda p: p, torch.zeros(2, 2), [0, 6]), "from 0 to 5, got 0 to 6"),
        (lambda: plots.decision(lambda p: p[:1], *XOR), "a class or scores for each of"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_fields_say_what_is_wrong(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_a_landscape_has_x_across_and_y_up():
    x, y = np.meshgrid(XS.numpy(), YS)
    figure = plots.landscape(bowl(x - 1, y + 0.2), XS, YS, xlabel="w", ylabel="b", levels=12)
    assert (figure.ax.get_xlim(), figure.ax.get_ylim()) == ((-2, 3), (-1, 1))
    for drawn in figure.ax.collections[:2]:  # filled, and lines
        inner = next(p.vertices for p in drawn.get_paths() if len(p.vertices))
        low, high = inner.min(0), inner.max(0)
        np.testing.assert_allclose((low + high) / 2, (1, -0.2), atol=0.05)
        assert high[0] - low[0] > 1.8 * (high[1] - low[1]), "the bowl is twice as wide as it is high"
    assert figure.alt == "Contours of loss over w and b, from 0 to 14.8."


def test_paths_start_open_and_end_filled_with_their_names():
    paths = {"one": [(-1, 0.5), (0, 0.2), (1, 0)], "two": torch.tensor([[2.0, -0.5], [1.0, -0.5]])}
    figure = plots.landscape(bowl, XS, YS, xlabel="w", ylabel="b", trajectories=paths, marks={"lowest": (0, 0)})
    assert sorted(texts(figure)) == ["lowest", "one", "two"]
    ends = [tuple(line.get_xydata()[0]) for line in figure.ax.lines if len(line.get_xdata()) == 1]
    assert ends == [(-1, 0.5), (1, 0), (2, -0.5), (1, -0.5), (0, 0)]
    opened = [line for line in figure.ax.lines if line.get_marker() == "o" and line.get_color() == "white"]
    assert len(opened) == 2
    assert "one goes from (-1, 0.5) to (1, 0); two goes from (2, -0.5) to (1, -0.5); lowest at (0, 0)" in figure.alt


def test_names_of_paths_stand_near_their_own():
    t = np.linspace(-1.9, 2.9, 40)
    for apart in (0.5, 0.12, 0.03):
        paths = {"lower": np.column_stack([t, 0 * t - apart]), "upper": np.column_stack([t, 0 * t + apart])}
        figure = plots.landscape(bowl, XS, YS, xlabel="w", ylabel="b", trajectories=paths)
        middle = figure.ax.transData.transform((0, 0))[1]
        heights = {t.get_text(): t.xy[1] for t in figure.ax.texts}
        assert heights["upper"] > middle > heights["lower"]


def test_names_of_crossing_paths_touch_none_and_are_nearest_to_their_own():
    paths = {"SGD": descent(0.18), "momentum": descent(0.05, 0.8), "small steps": descent(0.03)}
    figure = plots.landscape(bowl, YS * 2, YS * 2, xlabel="w", ylabel="b", trajectories=paths)
    renderer, distances = FigureCanvasAgg(figure).get_renderer(), {}
    for text in figure.ax.texts:
        box = text.get_window_extent(renderer)
        for name, path in paths.items():
            corners = figure.ax.transData.transform(np.asarray(path))
            line = np.concatenate([np.linspace(a, b, 200) for a, b in pairwise(corners)])
            gap = np.maximum(np.maximum([box.x0, box.y0] - line, line - [box.x1, box.y1]), 0)
            distances[text.get_text(), name] = np.hypot(*gap.T).min()
    assert min(distances.values()) > 0
    for name in paths:
        assert min(paths, key=lambda other: distances[name, other]) == name


def test_levels_are_round_and_hold_everything():
    heights = np.array([0.0, 0.013, 0.4, 7.0, 23.0])
    for log, count in ((False, 5), (False, 12), (True, 5), (True, 12)):
        steps = _levels(heights, count, log)
        assert 3 <= len(steps) <= count + 3
        assert (np.diff(steps) > 0).all()
        assert steps[-1] >= 23
        assert steps[0] <= (0.02 if log else 0)
        assert all(len(f"{step:g}") <= 5 for step in steps)


def test_equal_axes_are_equal():
    assert plots.landscape(bowl, XS, YS, xlabel="w", ylabel="b", equal=True).ax.get_aspect() == 1


def shaded(figure):
    """Share of the area in words: 'class 0 25%'."""
    return figure.alt.split("area ")[1].split(";")[0]


def test_classifiers_may_give_classes_scores_or_one_score():
    def truth(p):
        return (p[:, 0] > 0.75) & (p[:, 1] > 1)

    ways = {
        "classes": lambda p: truth(p),
        "integers": lambda p: truth(p).long(),
        "scores": lambda p: torch.stack([~truth(p), truth(p)], 1).float(),
        "one score": lambda p: truth(p).float() - 0.5,
        "a column": lambda p: truth(p).double()[:, None] - 0.5,
    }
    limits = ((0, 1), (0, 2))
    drawn = {way: plots.decision(f, *XOR, limits=limits) for way, f in ways.items()}
    assert {shaded(figure) for figure in drawn.values()} == {"class 0 88%, class 1 12%"}
    assert all("2 of 4 points lie" in figure.alt for figure in drawn.values())
    sigmoid = plots.decision(lambda p: truth(p) * 0.5 + 0.25, *XOR, limits=limits, threshold=0.5)
    assert shaded(sigmoid) == "class 0 88%, class 1 12%"
    across = plots.decision(lambda p: p[:, 0] > 0.25, *XOR, limits=limits).ax.collections[0].get_paths()[0].vertices
    assert abs(across[:, 0].max() - 0.25) < 0.01


def test_classes_differ_in_marks_and_wrong_points_have_a_dark_ring():
    figure = plots.decision(lambda p: p[:, 0] - 0.5, *XOR, names=["no", "yes"])
    points = [line for line in figure.ax.lines if len(line.get_xdata())]
    assert {line.get_marker() for line in points} == {"o", "s"}
    rings = {line.get_marker() + str(line.get_markeredgecolor()): line.get_xydata().tolist() for line in points}
    assert rings["owhite"] == [[0, 0]]
    assert rings["o#1d2b29"] == [[1, 1]]
    keys = [t.get_text() for t in figure.ax.get_legend().get_texts()]
    assert keys == ["no", "yes", "wrong region"]
    regions = [c.get_facecolor()[0][:3] @ (0.3, 0.59, 0.11) for c in figure.ax.collections[::2]]
    assert abs(regions[0] - regions[1]) > 0.04, "regions differ in greyscale"
    perfect = plots.decision(lambda p: (p[:, 0] > 0.5) ^ (p[:, 1] > 0.5), *XOR)
    assert len(perfect.ax.get_legend().get_texts()) == 2


def test_no_graph_is_recorded_for_a_picture():
    model = torch.nn.Linear(2, 1)
    plots.decision(model, *XOR)
    plots.scatter(XS, XS, xlabel="x", ylabel="y", fits={"f": lambda x: model(torch.stack([x, x], 1))})
    assert model.weight.grad is None
