"""Figures of recurrent networks say what they show, and refuse what they cannot draw."""

import pytest

from dlbook import plots


def test_unrolled_names_every_step():
    drawn = {text.get_text() for text in plots.unrolled(3).axes[0].texts}
    assert {"h", "h₀", "h₁", "h₂", "h₃", "x₁", "x₃", "y₁", "y₃"} <= drawn
    assert "lead back" not in plots.unrolled(3).alt
    assert "lead back" in plots.unrolled(3, backward=True).alt


@pytest.mark.parametrize("steps", [1, 6])
def test_unrolled_refuses(steps):
    with pytest.raises(ValueError, match=f"from 2 to 5, got {steps}"):
        plots.unrolled(steps)


def test_padded_counts_what_runs():
    figure = plots.padded_batch(["abc", "a", "ab"])
    assert [t.get_text() for t in figure.axes[0].texts][-4:] == ["3", "2", "1", "running"]
    assert "Running: 3, 2, 1." in figure.alt
    assert "'a' and 2 cells of padding" in figure.alt


@pytest.mark.parametrize("rows", [[], ["a", ""]])
def test_padded_refuses(rows):
    with pytest.raises(ValueError, match="one letter or more"):
        plots.padded_batch(rows)
