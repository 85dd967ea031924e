"""Computational graphs: what is recorded, where it is drawn, what stands in the boxes."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from dlbook import autograd, plots
from dlbook.autograd import Variable
from dlbook.plots.graphs import LOOKS, operation_name, record_of
from dlbook.plots.layers import arrange

W, X, B = Variable(2.0, True, "w"), Variable(3.0, False, "x"), Variable(1.0, True, "b")
T = {"w": torch.tensor(2.0, requires_grad=True), "b": torch.tensor(1.0, requires_grad=True)}


def words(figure):
    return [t.get_text() for t in figure.ax.texts]


def kinds(figure, kind):
    """How many boxes look like this kind of node."""
    shape = FancyBboxPatch if kind == "operation" else Rectangle
    return sum(type(p) is shape and to_hex(p.get_facecolor()) == LOOKS[kind][0] for p in figure.ax.patches)


def arrows(figure):
    return [p for p in figure.ax.patches if isinstance(p, FancyArrowPatch)]


def told(graph):
    """The graph with labels for numbers: every edge as (from, to)."""
    return [(graph.nodes[a].label, graph.nodes[b].label) for a, b in graph.edges]


def mlp():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))
    loss = torch.nn.functional.cross_entropy(model(torch.randn(5, 4)), torch.arange(5) % 3)
    return model, loss


def test_both_engines_give_one_picture_up_to_constants():
    ours, theirs = (W * X + B) ** 2, (T["w"] * 3.0 + T["b"]) ** 2
    mine, torchs = record_of(ours, {}), record_of(theirs, T)
    assert told(mine) == [
        ("w", "mul"),
        ("x", "mul"),
        ("mul", "add"),
        ("b", "add"),
        ("add", "pow"),
        ("pow", "result"),
    ]
    assert told(torchs) == [edge for edge in told(mine) if edge[0] != "x"]
    assert [n for n in mine.nodes if n.kind != "constant"] == list(torchs.nodes)
    drawn = [plots.graph(ours), plots.graph(theirs, T)]
    assert [kinds(figure, "constant") for figure in drawn] == [1, 0]
    for figure in drawn:
        assert [kinds(figure, kind) for kind in ("leaf", "operation", "result")] == [2, 3, 1]
        assert words(figure).count("()") == len(figure.ax.texts) / 2


def test_a_value_used_twice_has_two_arrows_apart():
    for value in (autograd.exp(W) * 1.0, torch.exp(T["w"])):
        square = value * value
        found = record_of(square, {"z": value})
        assert [found.nodes[a].name for a, b in found.edges if found.nodes[b].label == "mul"][-2:] == ["z", "z"]
        figure = plots.graph(square, {"z": value})
        assert len(arrows(figure)) == len(found.edges)
        ends = {tuple(np.round(a._path_original.vertices[-1], 3)) for a in arrows(figure)}
        assert len(ends) == len(found.edges), "each use ends at a place of its own"


def test_shared_values_are_one_node_and_names_go_to_what_they_name():
    z = torch.exp(T["w"])
    found = record_of(z * z + T["w"] * z, {**T, "z": z, "elsewhere": torch.ones(2)})
    assert [n.label for n in found.nodes] == ["w", "exp", "mul", "mul", "add", "result"]
    assert [n.name for n in found.nodes] == ["w", "z", "", "", "", ""]
    assert "z = exp" in words(plots.graph(z * z, {"z": z}))
    named = plots.graph(z * 2, {"y": z})
    assert "y = exp" in words(named)
    assert "y" not in words(named)
    own = z * 2
    assert record_of(own, {"own": own}).nodes[-1].label == "own"
    assert record_of(own, {"own": own}).nodes[-2].name == ""


def test_constants_show_their_number_or_their_name():
    nodes = record_of(X * 2 * W + Variable([1.0, 2.0]), {}).nodes
    assert [(n.label, n.shape) for n in nodes if n.kind == "constant"] == [("6", None), ("constant", (2,))]
    assert ("x", ()) in [(n.label, n.shape) for n in record_of(X * W, {}).nodes]


def test_an_mlp_of_torch_has_its_parameters_shapes_and_gradients():
    model, loss = mlp()
    names = dict(model.named_parameters())
    assert "no grad yet" in words(plots.graph(loss, names, gradients=True))
    loss.backward()
    found = record_of(loss, names, gradients=True)
    leaves = {n.label: (n.shape, n.note) for n in found.nodes if n.kind == "leaf"}
    assert leaves.keys() == names.keys()
    assert leaves["0.weight"] == ((6, 4), "grad (6, 4)")
    assert leaves["2.bias"][1].count(",") == 2  # three numbers
    assert [n.shape for n in found.nodes if n.label == "addmm"] == [(5, 6), (5, 3)]
    figure = plots.graph(loss, names)
    assert kinds(figure, "leaf") == 4
    assert not any("grad" in word for word in words(figure))
    assert figure.get_size_inches()[0] <= 5.2


def test_shapes_can_be_left_out():
    assert not any("(" in word for word in words(plots.graph(mlp()[1], shapes=False)))


def test_long_chains_flow_down_and_short_ones_right():
    def directions(figure):
        moves = [a._path_original.vertices[-1] - a._path_original.vertices[0] for a in arrows(figure)]
        return {(abs(move[0]) > 1e-6, move[1] > 1e-6) for move in moves}

    value = T["w"]
    for _ in range(6):
        value = torch.tanh(value * 1.5)
    assert directions(plots.graph(value, T)) == {(False, True)}
    assert directions(plots.graph(T["w"] * 2)) == {(True, False)}


def test_the_words_list_operations_and_what_they_take():
    z = torch.exp(T["w"])
    text = plots.graph(z * z + T["b"], {**T, "z": z}).alt
    assert text == (
        "Computational graph of 3 operations: z = exp of w; mul takes z and z; add takes mul and b; "
        "result is what add gives. Leaves that require a gradient: w, b."
    )
    value = T["w"]
    for _ in range(37):
        value = torch.nn.functional.softplus(value)
    assert len(plots.graph(value).alt) < 1000
    assert "more operations" in plots.graph(value).alt


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("MulBackward0", "mul"),
        ("NllLossBackward0", "nll_loss"),
        ("torch::autograd::CopySlices", "copy_slices"),
        ("CopyBackwards", "copy"),
        ("SumBackward1", "sum"),
        ("CubeBackward", "cube"),
        ("LogSoftmaxBackward0", "log_softmax"),
    ],
)
def test_operations_are_called_as_the_reader_wrote_them(name, operation):
    assert operation_name(name) == operation


def test_own_functions_and_several_results_of_one_operation():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x**3

    first, second = Cube.apply(torch.ones(2, 3, requires_grad=True)).unbind(0)
    found = record_of((first * second).sum(), {})
    assert told(found)[:4] == [("tensor", "cube"), ("cube", "unbind"), ("unbind", "mul"), ("unbind", "mul")]
    assert found.nodes[2].shape is None, "it makes several"


def test_values_without_history_and_graphs_too_large_are_refused():
    for value in (T["w"], torch.ones(3), W, X * 2, T["w"].detach() * 2):
        with pytest.raises(ValueError, match="must be computed from something that requires a gradient"):
            plots.graph(value)
    value = T["w"]
    for _ in range(39):
        value = torch.sin(value)
    with pytest.raises(ValueError, match="has 41 nodes and at most 40 are drawn"):
        plots.graph(value)


def test_only_tensors_and_variables_have_graphs():
    with pytest.raises(TypeError):
        plots.graph(3.0)


def test_a_graph_of_thousands_is_walked_without_recursion():
    value = W
    for _ in range(3000):
        value = value + 1.0
    with pytest.raises(ValueError, match="at most 40"):
        plots.graph(value)


@given(st.data())
def test_layouts_flow_forward_without_boxes_that_touch(data):
    count = data.draw(st.integers(2, 12))
    taken = [data.draw(st.integers(1, 3)) for _ in range(1, count)]
    edges = [(data.draw(st.integers(0, b - 1)), b) for b, n in enumerate(taken, 1) for _ in range(n)]
    edges += [(a, count - 1) for a in range(count - 1) if all(edge[0] != a for edge in edges)]
    sizes = [(data.draw(st.floats(0.2, 0.5)), data.draw(st.floats(0.3, 1.2))) for _ in range(count)]
    layout = arrange(sizes, edges, gap=0.3, space=0.1)
    for (a, b), route in zip(edges, layout.routes, strict=True):
        assert abs(route[0][0] - layout.centres[a][0] - sizes[a][0] / 2) < 1e-9
        assert abs(route[-1][0] - layout.centres[b][0] + sizes[b][0] / 2) < 1e-9
        assert all(q[0] > p[0] - 1e-9 for p, q in pairwise(route)), "an edge never turns back"
        for node, ((at, across), (thick, broad)) in enumerate(zip(layout.centres, sizes, strict=True)):
            for p in route[1:-1] if node not in (a, b) else []:
                assert abs(p[0] - at) > thick / 2 - 1e-9 or abs(p[1] - across) > broad / 2, "nor runs over a box"
    for i, (p, q) in enumerate(zip(layout.centres, sizes, strict=True)):
        assert p[1] - q[1] / 2 >= -1e-9
        assert p[1] + q[1] / 2 <= layout.breadth + 1e-9
        for r, s in list(zip(layout.centres, sizes, strict=True))[:i]:
            assert abs(p[0] - r[0]) > (q[0] + s[0]) / 2 - 1e-9 or abs(p[1] - r[1]) > (q[1] + s[1]) / 2 + 0.1 - 1e-9
