"""Diagrams of tensors: cells, colours, texts, and the sentences for what cannot be drawn."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, Rectangle

from dlbook import plots
from dlbook.plots.align import CROSS
from dlbook.plots.cells import value_text

X = torch.arange(100, 112).view(3, 4)  # values differ from positions


def cells(figure):
    """Filled boxes with the text in their middle: (left, top, text, face, dashed)."""
    texts = {tuple(np.round(t.get_position(), 3)): t.get_text() for t in figure.ax.texts}
    found = []
    for box in figure.ax.patches:
        if isinstance(box, Rectangle) and box.get_facecolor()[3]:
            middle = (box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2)
            text = texts.get(tuple(np.round(middle, 3)), "")
            found.append((box.get_x(), box.get_y(), text, to_hex(box.get_facecolor()), box.get_linestyle() != "solid"))
    return found


def words(figure):
    return [t.get_text() for t in figure.ax.texts]


def arrows(figure):
    return [p for p in figure.ax.patches if isinstance(p, FancyArrowPatch)]


STRIDED = {
    "whole": X,
    "transposed": X.T,
    "sliced with a step": X[1:, ::2],
    "a column": X[:, 2],
    "expanded": X[0].expand(3, 4),
    "expanded the other way": X[:, :1].expand(3, 5),
    "windows that overlap": X.flatten().unfold(0, 3, 2),
    "three dimensions": X.view(2, 3, 2),
    "permuted": X.view(2, 3, 2).permute(2, 0, 1),
    "one element": X[1, 1],
}


@pytest.mark.parametrize("name", STRIDED)
def test_a_cell_has_the_colour_of_the_storage_it_reads(name):
    tensor = STRIDED[name]
    figure = plots.storage(tensor)
    boxes = cells(figure)
    grid, strip = boxes[: tensor.numel()], boxes[tensor.numel() :]
    where = plots.positions(tensor).flatten().tolist()
    assert len(strip) == 12
    assert [box[2] for box in strip] == [str(v) for v in range(100, 112)]
    assert [box[2] for box in grid] == [str(v) for v in tensor.flatten().tolist()]
    for box, position in zip(grid, where, strict=True):
        assert box[3] == strip[position][3]
        assert not strip[position][4]
    read = {strip[p][3] for p in where}
    assert len(read) == len(set(where)), "two storage cells that are read never share a colour"
    unread = [box for p, box in enumerate(strip) if p not in where]
    assert all(box[4] and box[3] not in read for box in unread)
    assert {str(tuple(tensor.shape)), str(tensor.stride()), str(tensor.storage_offset())} <= set(words(figure))


@given(st.data())
def test_positions_are_where_torch_finds_the_values(data):
    numbers = torch.arange(24).view(2, 3, 4)
    dims = data.draw(st.permutations(range(3)))
    starts = [data.draw(st.integers(0, size - 1)) for size in numbers.permute(dims).shape]
    steps = [data.draw(st.integers(1, 3)) for _ in dims]
    view = numbers.permute(dims)[tuple(slice(a, None, s) for a, s in zip(starts, steps, strict=True))]
    assert torch.equal(plots.positions(view), view)


def test_jumps_are_written_for_each_dimension_that_has_a_next_element():
    figure = plots.storage(X[:, :1].expand(3, 5))
    assert {"dim 0: +4", "dim 1: +0"} <= set(words(figure))
    assert len(arrows(figure)) == 4  # two along the axes, two over the storage
    assert "Several elements read the same cell. Not read: 9 cells." in figure.alt
    assert not any(w.startswith("dim 0: ") for w in words(plots.storage(X[:1])))


def test_a_gradient_or_a_large_base_does_not_matter():
    weights = torch.ones(2, 3, requires_grad=True)
    assert len(cells(plots.storage(weights.T))) == 12
    assert weights.requires_grad


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (torch.zeros(1, 2, 3, 4), "at most 3 dimensions to be drawn, got 4"),
        (torch.zeros(0, 3), r"at least one element, got shape \(0, 3\)"),
        (torch.zeros(7, 7), "reads a storage of 49 elements and at most 48 are drawn"),
        (torch.zeros(1000)[:4], "reads a storage of 1000 elements"),
        (torch.zeros(2, 3).to_sparse(), "must be a dense tensor"),
        (torch.empty(2, 3, device="meta"), "must be a dense tensor"),
    ],
)
def test_storage_says_what_it_cannot_draw(tensor, sentence):
    with pytest.raises(ValueError, match=sentence):
        plots.storage(tensor)


def test_storage_takes_tensors_only():
    with pytest.raises(TypeError):
        plots.storage([1, 2, 3])


def test_views_share_one_strip_and_copies_are_refused():
    pairs = [("x", X), ("x.T", X.T), ("x[1]", X[1])]
    figure = plots.views(pairs)
    boxes = cells(figure)
    strip, grids = boxes[:12], boxes[12:]
    assert len(grids) == 12 + 12 + 4
    where = [p for _, t in pairs for p in plots.positions(t).flatten().tolist()]
    assert [box[3] for box in grids] == [strip[p][3] for p in where]
    assert words(figure).count("storage") == 1
    with pytest.raises(ValueError, match="'copy' does not read the storage of 'x'; it is a copy"):
        plots.views([("x", X), ("copy", X.clone())])
    with pytest.raises(ValueError, match="one dtype"):
        plots.views([("x", X), ("bits", X.view(torch.float64))])
    with pytest.raises(ValueError, match="at least one"):
        plots.views([])


def test_broadcast_draws_what_is_stored_solid_and_the_rest_dashed():
    a, b = torch.tensor([[0], [10], [20]]), torch.arange(4)
    figure = plots.broadcast(a, b, table=False)
    boxes = cells(figure)
    assert len(boxes) == 3 * 12
    left, right, result = boxes[:12], boxes[12:24], boxes[24:]
    assert [box[4] for box in left] == [False, True, True, True] * 3
    assert [box[4] for box in right] == [False] * 4 + [True] * 8
    assert [box[2] for box in result] == [str(v) for v in (a + b).flatten().tolist()]
    assert not any(box[4] for box in result)
    assert "a is repeated along dim \N{MINUS SIGN}1 to size 4" in figure.alt


@pytest.mark.parametrize(("operator", "expected"), [("-", "\N{MINUS SIGN}3"), ("*", "10"), ("==", "F"), ("<", "T")])
def test_broadcast_computes_with_the_operator(operator, expected):
    figure = plots.broadcast(torch.tensor(2), torch.tensor(5), operator=operator, table=False)
    assert cells(figure)[-1][2] == expected


@settings(max_examples=30)
@given(st.lists(st.integers(1, 4), max_size=2), st.lists(st.integers(1, 4), max_size=2))
def test_broadcast_agrees_with_torch(a, b):
    try:
        shape = torch.broadcast_shapes(a, b)
    except RuntimeError:
        with pytest.raises(ValueError, match="must have shapes that broadcast"):
            plots.broadcast(a, b)
        assert CROSS in words(plots.alignment(a, b))
    else:
        assert f"result {tuple(shape)}" in words(plots.broadcast(a, b))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: plots.broadcast((2, 3, 4), (4,)), "0 to 2 dimensions"),
        (lambda: plots.broadcast((0, 3), (3,)), "no size 0"),
        (lambda: plots.broadcast((3,), (3,), operator="%"), "operator must be one of"),
        (lambda: plots.broadcast((2, 40), (40,)), "inches wide"),
        (lambda: plots.alignment((3, -1)), "whole numbers from 0 up"),
        (lambda: plots.alignment((3,), (3,), names=["x"]), "one name an operand, 2 here, got 1"),
        (lambda: plots.alignment(), "at least one shape"),
    ],
)
def test_broadcast_and_alignment_say_what_is_wrong(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_alignment_marks_stretched_missing_and_wrong_by_more_than_colour():
    arrow = "\N{RIGHTWARDS ARROW}"
    fine = plots.alignment((8, 1, 6, 1), (7, 1, 5))
    assert {f"1 {arrow} 7", f"(1) {arrow} 8", f"1 {arrow} 6", f"1 {arrow} 5"} <= set(words(fine))
    assert CROSS not in words(fine)
    bad = plots.alignment((3, 4), (3, 3))
    assert words(bad).count(CROSS) == 1
    assert "no result" in words(bad)
    heavy = [p for p in bad.ax.patches if p.get_linewidth() > 1]
    assert len(heavy) == 3  # both sizes that clash, and the cross
    assert "they do not broadcast: dim \N{MINUS SIGN}1 holds 4 and 3" in bad.alt
    assert "the result has shape (3, 0)" in plots.alignment((3, 1), (0,)).alt


def test_rank_has_an_arrow_an_axis():
    figure = plots.rank()
    assert len(arrows(figure)) == 0 + 1 + 2 + 3
    assert len(cells(figure)) == 1 + 4 + 12 + 24
    assert [w for w in words(figure) if w.startswith("ndim")] == ["ndim 0", "ndim 1", "ndim 2", "ndim 3"]
    assert "one" in words(plots.rank((2,), names=["one"]))
    with pytest.raises(ValueError, match="at most 3 dimensions of 1 to 8 cells"):
        plots.rank((2, 2, 2, 2))
    with pytest.raises(ValueError, match="one name a tensor"):
        plots.rank((2,), names=["one", "two"])


def test_indexing_finds_out_views_and_copies_by_doing_it():
    index = [("row", 1), ("column", np.s_[:, 2]), ("steps", np.s_[1:, ::2]), ("mask", X > 105), ("list", [0, 2])]
    figure = plots.indexing(X, index)
    assert [w for w in words(figure) if w in ("view", "copy")] == ["view", "view", "view", "copy", "copy"]
    boxes = cells(figure)
    for i, (_, chosen) in enumerate(index):
        filled = [box[2] for box in boxes[12 * i : 12 * (i + 1)] if box[3] != "#eef1f1"]
        assert filled == [str(v) for v in sorted(X[chosen].flatten().tolist())]
    with pytest.raises(ValueError, match="1 or 2 dimensions"):
        plots.indexing(torch.zeros(2, 2, 2), index)
    with pytest.raises(ValueError, match="at least one"):
        plots.indexing(X, [])


def test_matmul_shows_row_column_and_entry():
    a, b = torch.arange(6).view(2, 3), torch.arange(12).view(3, 4)
    figure = plots.matmul(a, b, entry=(1, 2))
    assert len(cells(figure)) == 6 + 12 + 8
    bold = [t.get_text() for t in figure.ax.texts if t.get_weight() == "bold"]
    assert bold[:7] == ["3", "4", "5", "2", "6", "10", "80"]
    with pytest.raises(ValueError, match="equal inner sizes"):
        plots.matmul((2, 3), (4, 2))
    with pytest.raises(ValueError, match="equal inner sizes"):
        plots.matmul((3,), (3, 2))
    with pytest.raises(ValueError, match="entry must be a row from 0 to 1 and a column from 0 to 3"):
        plots.matmul(a, b, entry=(2, 0))


def test_heat_outlines_the_diagonal_and_checks_its_headers():
    table = torch.arange(3.0)[:, None] - torch.arange(3.0)
    figure = plots.heat(table, rows=["a", "b", "c"], columns=[0, 1, 2], diagonal=True)
    frames = [p for p in figure.ax.patches if isinstance(p, Rectangle) and not p.get_facecolor()[3]]
    assert len(frames) == 3
    faces = [box[3] for box in cells(figure)]
    assert faces[0] == faces[4] == faces[8] == "#ffffff"
    assert faces[1] != faces[3], "sign shows in the colour, and as a sign in the text"
    with pytest.raises(ValueError, match="rows must hold one header a line, 3 here, got 2"):
        plots.heat(table, rows=["a", "b"])
    with pytest.raises(ValueError, match="at most 12 cells"):
        plots.heat(torch.zeros(2, 13))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (-3, "\N{MINUS SIGN}3"),
        (True, "T"),
        (2.0, "2"),
        (0.12345, "0.123"),
        (-1.5e-7, "\N{MINUS SIGN}1.5e\N{MINUS SIGN}7"),
        (2e10, "2e10"),
        (1 - 2j, "1\N{MINUS SIGN}2j"),
        (float("-inf"), "\N{MINUS SIGN}inf"),
    ],
)
def test_values_are_short(value, text):
    assert value_text(value) == text
