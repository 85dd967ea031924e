"""Strips of gates and schemes of gated cells: what is drawn, and what is refused."""

import pytest
import torch

from dlbook import plots

WAVE = torch.linspace(0, 1, 7)


def test_a_strip_for_each_gate_and_a_row_for_each_unit():
    picture = plots.gate_strips({"input": WAVE}, {"f": WAVE, "i": WAVE.expand(3, 7)}, marks=(2,))
    assert len(picture.axes) == 3
    _, one, three = picture.axes
    assert one.collections[0].get_array().shape == (1, 7)
    assert three.collections[0].get_array().shape == (3, 7)
    assert "strips of the gates f, i" in picture.alt


def test_marks_leave_the_strips_to_be_seen():
    top, strip = plots.gate_strips({"x": WAVE}, {"f": WAVE}, marks=(2, 5)).axes
    assert [line.get_xdata()[0] for line in top.lines[1:]] == [2, 5]
    assert [(line.get_marker(), *line.get_xdata(), *line.get_ydata()) for line in strip.lines] == [
        ("v", 2, 1),
        ("v", 5, 1),
    ]
    assert strip.get_xlim() == (-0.5, 6.5)


def test_the_first_unit_is_on_top():
    gates = torch.stack([torch.zeros(4), torch.ones(4)])
    mesh = plots.gate_strips({"x": torch.zeros(4)}, {"f": gates}).axes[1].collections[0]
    assert mesh.get_array()[-1].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("signals", "gates", "words"),
    [
        ({"x": WAVE}, {"f": WAVE[1:]}, "the same number of steps"),
        ({"x": WAVE}, {"f": 2 * WAVE}, "between 0 and 1"),
        ({"x": WAVE}, {"f": WAVE * torch.nan}, "between 0 and 1"),
        ({}, {"f": WAVE}, "at least one name"),
        ({"x": WAVE}, {}, "at least one name"),
    ],
)
def test_strips_that_cannot_be_drawn_are_refused(signals, gates, words):
    with pytest.raises(ValueError, match=words):
        plots.gate_strips(signals, gates)


def test_a_width_beyond_the_page_is_refused():
    with pytest.raises(ValueError, match=r"at most 6\.5 inches"):
        plots.gate_strips({"x": WAVE}, {"f": WAVE}, width=7)


def test_schemes_name_their_gates_and_refuse_others():
    assert "forget gate f" in plots.cell_scheme("lstm").alt
    assert "update gate z" in plots.cell_scheme("gru").alt
    with pytest.raises(ValueError, match="'lstm' or 'gru'"):
        plots.cell_scheme("rnn")
