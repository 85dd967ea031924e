"""Maps of attention, matrices and the scheme of a Transformer: what is drawn, and what is refused."""

import pytest
import torch

from dlbook import plots

WEIGHTS = torch.tensor([[[0.9, 0.1, 0.0], [0.2, 0.2, 0.6]], [[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]])


def test_a_map_a_head_with_rows_for_queries_and_columns_for_keys():
    picture = plots.attention(WEIGHTS, ["x", "y"], ["a", "b", "c"], titles=["one", "two"])
    assert len(picture.axes) == 2
    first, second = picture.axes
    assert first.images[0].get_array().tolist() == WEIGHTS[0].double().tolist()
    assert [label.get_text() for label in second.get_xticklabels()] == ["a", "b", "c"]
    assert [label.get_text() for label in second.get_yticklabels()] == ["x", "y"]
    assert "one: most from x to a, 0.90; two: most from x to b, 1.00" in picture.alt


def test_numbers_stand_in_small_maps_only():
    assert [t.get_text() for t in plots.attention(WEIGHTS[0], list("xy"), list("abc")).axes[0].texts] == [
        ".90", ".10", "0", ".20", ".20", ".60",
    ]  # fmt: skip
    assert not plots.attention(WEIGHTS, list("xy"), list("abc")).axes[0].texts


@pytest.mark.parametrize(
    ("weights", "names", "words"),
    [
        (2 * WEIGHTS, ("xy", "abc"), "from 0 to 1"),
        (WEIGHTS, ("xyz", "abc"), "queries must hold 2 names"),
        (WEIGHTS, ("xy", "ab"), "keys must hold 3 names"),
        (WEIGHTS[0, 0], ("xy", "abc"), "2 or 3 axes"),
        (WEIGHTS * torch.nan, ("xy", "abc"), "finite numbers"),
    ],
)
def test_weights_that_cannot_be_drawn_are_refused(weights, names, words):
    with pytest.raises(ValueError, match=words):
        plots.attention(weights, list(names[0]), list(names[1]))


def test_titles_are_one_a_map():
    with pytest.raises(ValueError, match="one entry a map, 2 here, got 1"):
        plots.attention(WEIGHTS, list("xy"), list("abc"), titles=["one"])


def test_a_matrix_is_drawn_around_zero():
    picture = plots.matrix(torch.tensor([[1.0, -3.0], [0.0, 2.0]]), xlabel="column", ylabel="row")
    shown = picture.ax.images[0]
    assert shown.get_clim() == (-3, 3)
    assert "2 rows (row) by 2 columns (column)" in picture.alt
    with pytest.raises(ValueError, match="2 axes"):
        plots.matrix(torch.zeros(3), xlabel="x", ylabel="y")
    with pytest.raises(ValueError, match=r"at most 6\.5 inches"):
        plots.matrix(torch.zeros(3, 3), xlabel="x", ylabel="y", width=7)


def test_the_scheme_says_where_the_norms_stand():
    assert "before each sublayer" in plots.transformer().alt
    assert "after each sum" in plots.transformer(norm_first=False).alt
    before, behind = ([t.get_text() for t in plots.transformer(norm_first=n).ax.texts] for n in (True, False))
    assert before.count("layer norm") == 7
    assert behind.count("layer norm") == 5
