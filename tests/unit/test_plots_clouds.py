"""Clouds of points: one square for all panels, every point in its panel, errors in one sentence."""

import numpy as np
import pytest
import torch

from dlbook import plots

POINTS = torch.tensor([[0.0, 1.0], [2.0, -1.0], [1.0, 0.5]])


def test_every_panel_holds_its_points_over_the_same_square():
    picture = plots.clouds({"a": POINTS, "b": 2 * POINTS}, marks=[[0, 0], [3, 3]])
    for ax, points in zip(picture.axes, (POINTS, 2 * POINTS), strict=True):
        cloud, crosses = ax.lines
        np.testing.assert_allclose(cloud.get_xydata(), points)
        np.testing.assert_allclose(crosses.get_xydata(), [[0, 0], [3, 3]])
        assert ax.get_xlim() == ax.get_ylim() == picture.axes[0].get_xlim()
        assert ax.get_xlim()[0] < -2
        assert ax.get_xlim()[1] > 4
    assert "2 crosses" in picture.alt
    assert "a, 3 points around (1, 0.17)" in picture.alt


def test_points_beyond_the_limits_are_counted():
    picture = plots.clouds({"a": POINTS}, limits=(-1.5, 1.5))
    assert [text.get_text() for text in picture.axes[0].texts] == ["33% beyond"]
    assert not plots.clouds({"a": POINTS}).axes[0].texts


@pytest.mark.parametrize(
    ("panels", "words"),
    [
        ({}, "at least one name"),
        ({"a": POINTS[:, :1]}, r"a must be points of shape \(n, 2\), got \(3, 1\)"),
        ({"a": POINTS[:0]}, r"got \(0, 2\)"),
        ({"a": POINTS / 0}, "a must be finite, got 3 points that are not"),
    ],
)
def test_errors_are_one_sentence(panels, words):
    with pytest.raises(ValueError, match=words):
        plots.clouds(panels)
