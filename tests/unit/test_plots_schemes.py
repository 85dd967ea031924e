"""Steps in a ring and layers of a network: the order, the arrows, the numbers of circles."""

import numpy as np
import pytest
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from dlbook import plots
from dlbook.plots.schemes import UNIT


def words(figure):
    return [t.get_text() for t in figure.ax.texts]


def boxes(figure):
    return [p for p in figure.ax.patches if isinstance(p, FancyBboxPatch)]


def holds(box, point):
    """Whether a point lies at a box, or within the small gap that an arrow leaves."""
    x, y = point
    inside = box.get_x() - 0.05 <= x <= box.get_x() + box.get_width() + 0.05
    return inside and box.get_y() - 0.05 <= y <= box.get_y() + box.get_height() + 0.05


@pytest.mark.parametrize("wide", [1, 24])
@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 8])
def test_each_step_leads_to_the_next_and_the_last_to_the_first(count, wide):
    if (count, wide) == (3, 24):
        wide = 20
    figure = plots.cycle([(f"step {i}", "x" * wide) for i in range(count)], "round")
    steps = boxes(figure)
    arrows = [p._path_original.vertices for p in figure.ax.patches if isinstance(p, FancyArrowPatch)]
    assert len(steps) == len(arrows) == count
    for i, path in enumerate(arrows):
        assert [k for k, box in enumerate(steps) if holds(box, path[0])] == [i]
        assert [k for k, box in enumerate(steps) if holds(box, path[-1])] == [(i + 1) % count]
        assert 0 in np.ptp(path, axis=0), "arrows are level or upright"
    assert [w for w in words(figure) if "step" in w] == [f"{i + 1}  step {i}" for i in range(count)]
    assert "round" in words(figure)


def test_steps_run_clockwise():
    figure = plots.cycle([(name, "") for name in "abcdef"])
    x, y = np.array([[box.get_x(), box.get_y()] for box in boxes(figure)]).T
    area = (x * np.roll(y, -1) - y * np.roll(x, -1)).sum()
    assert area > 0  # y points down
    assert figure.alt == "A loop of 6 steps: 1, a; 2, b; 3, c; 4, d; 5, e; 6, f; then back to 1."


def test_too_few_or_too_long_steps_are_refused():
    with pytest.raises(ValueError, match="at least 3 pairs"):
        plots.cycle([("a", ""), ("b", "")])
    with pytest.raises(ValueError, match="inches wide"):
        plots.cycle([("a", "x" * 60)] * 4)


def layers(figure):
    """Heights of the units of each layer."""
    units = [p for p in figure.ax.patches if isinstance(p, Circle) and p.get_radius() == UNIT]
    found = {}
    for unit in units:
        found.setdefault(unit.center[0], []).append(unit.center[1])
    return [found[x] for x in sorted(found)]


def test_a_circle_a_unit_and_a_line_a_weight():
    figure = plots.network((2, 3, 1), links=["W1", "W2"])
    assert [len(units) for units in layers(figure)] == [2, 3, 1]
    assert len(figure.ax.lines) == 2 * 3 + 3 * 1
    assert words(figure) == ["W1", "W2", "input", "2 units", "hidden", "3 units", "output", "1 unit"]
    middles = [np.mean(units) for units in layers(figure)]
    np.testing.assert_allclose(middles, middles[0])


@pytest.mark.parametrize("most", [3, 4, 5, 6, 9])
def test_wide_layers_have_dots_between_their_ends(most):
    figure = plots.network((784, most, most + 1), ["pixels", "hidden", "classes"], most=most)
    drawn = 2 * ((most - 1) // 2)
    assert [len(units) for units in layers(figure)] == [drawn, most, drawn]
    dots = [p for p in figure.ax.patches if isinstance(p, Circle) and p.get_radius() != UNIT]
    assert len(dots) == 6
    assert all(abs(dot.center[1] - y) > UNIT for dot in dots for y in layers(figure)[0])
    assert "784 units" in words(figure)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: plots.network((3,)), "at least 2 whole numbers from 1 up"),
        (lambda: plots.network((3, 0)), r"got \(3, 0\)"),
        (lambda: plots.network((3, 2), ["input"]), "one name a layer, 2 here, got 1"),
        (lambda: plots.network((3, 2), links=["a", "b"]), "each of 1 gaps, got 2"),
        (lambda: plots.network((3, 2), most=2), "most must be at least 3, got 2"),
    ],
)
def test_networks_say_what_is_wrong(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
