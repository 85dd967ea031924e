"""The book's engine against torch and against finite differences: every operation, random broadcast shapes, float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook import autograd as ag
from dlbook.autograd import Variable
from dlbook.functional.derivatives import numerical_gradient

COTANGENT = 7


def arrays(seed, *shapes, positive=False):
    """Random arrays, transposed in memory so that nothing relies on contiguity."""
    rng = np.random.default_rng(seed)
    drawn = [np.ascontiguousarray(rng.normal(size=shape[::-1])).T for shape in shapes]
    return [np.abs(a) + 0.5 for a in drawn] if positive else drawn


def ours(call, values):
    """Result, and the vector-Jacobian product of a fixed random cotangent by every operand, from the engine."""
    leaves = [Variable(v, requires_grad=True) for v in values]
    out = call(*leaves)
    out.backward(np.random.default_rng(COTANGENT).normal(size=out.shape))
    return out.data, [leaf.grad for leaf in leaves]


def torchs(call, values):
    leaves = [torch.tensor(v, requires_grad=True) for v in values]
    out = call(*leaves)
    out.backward(torch.tensor(np.random.default_rng(COTANGENT).normal(size=tuple(out.shape))))
    return out.detach().numpy(), [leaf.grad.numpy() for leaf in leaves]


def numerically(call, values):
    weight = None

    def number(*at):
        nonlocal weight
        out = call(*map(Variable, at)).data
        weight = np.random.default_rng(COTANGENT).normal(size=out.shape) if weight is None else weight
        return float((out * weight).sum())

    return numerical_gradient(number, *[v.copy() for v in values], step=1e-5)


def agree(call, theirs, values):
    value, gradients = ours(call, values)
    expected, expected_gradients = torchs(theirs, values)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
    for got, right, near, operand in zip(gradients, expected_gradients, numerically(call, values), values, strict=True):
        assert got.shape == operand.shape
        np.testing.assert_allclose(got, right, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(got, near, rtol=1e-5, atol=1e-6)


@st.composite
def broadcastable(draw):
    """Two shapes that broadcast: sizes dropped to 1 or left out at the left, on either side."""
    full = draw(st.lists(st.integers(1, 4), max_size=3).map(tuple))

    def weakened():
        kept = tuple(1 if draw(st.booleans()) else n for n in full)
        return kept[draw(st.integers(0, len(full))) :]

    return weakened(), weakened()


BINARY = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "sub": (lambda a, b: a - b, lambda a, b: a - b),
    "mul": (lambda a, b: a * b, lambda a, b: a * b),
    "div": (lambda a, b: a / b, lambda a, b: a / b),
    "twice": (lambda a, b: a * a + a * b, lambda a, b: a * a + a * b),
}


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=30)
@given(shapes=broadcastable(), seed=st.integers(0, 99))
def test_binary_operations_over_broadcast_shapes(name, shapes, seed):
    agree(*BINARY[name], arrays(seed, *shapes, positive=name == "div"))


UNARY = {
    "neg": (lambda a: -a, lambda a: -a, False),
    "cube": (lambda a: a**3, lambda a: a**3, False),
    "to the zeroth": (lambda a: a**0, lambda a: a**0, False),
    "root": (lambda a: a**0.5, lambda a: a**0.5, True),
    "exp": (ag.exp, torch.exp, False),
    "log": (ag.log, torch.log, True),
    "tanh": (ag.tanh, torch.tanh, False),
    "relu": (ag.relu, torch.relu, False),
    "one minus": (lambda a: 1 - a, lambda a: 1 - a, False),
    "one over": (lambda a: 1 / a, lambda a: 1 / a, True),
    "array minus": (lambda a: np.float64(2) - a, lambda a: 2 - a, False),
    "sum": (lambda a: a.sum(), lambda a: a.sum(), False),
    "mean": (lambda a: a.mean(), lambda a: a.mean(), False),
    "rows": (lambda a: a[[0, 0]], lambda a: a[[0, 0]], False),
    "logsumexp": (ag.logsumexp, lambda a: a.logsumexp(-1, keepdim=True), False),
}


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=30)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple), seed=st.integers(0, 99))
def test_unary_operations(name, shape, seed):
    call, theirs, positive = UNARY[name]
    agree(call, theirs, arrays(seed, shape, positive=positive))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sum_over_an_axis(axis):
    agree(lambda a: a.sum(axis), lambda a: a.sum(axis), arrays(3, (2, 3, 4)))


@pytest.mark.parametrize(
    "shapes", [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((4, 1, 2, 3), (5, 3, 1))]
)
def test_matmul_of_matrices_and_stacks(shapes):
    agree(lambda a, b: a @ b, lambda a, b: a @ b, arrays(1, *shapes))


def test_an_array_may_stand_on_the_left():
    x, w = arrays(2, (2, 3), (3, 4))
    agree(lambda w: x @ w, lambda w: torch.tensor(x) @ w, [w])


def test_cross_entropy():
    labels = np.array([2, 0, 1, 2, 2])
    agree(
        lambda z: ag.cross_entropy(z, labels),
        lambda z: torch.nn.functional.cross_entropy(z, torch.tensor(labels)),
        arrays(5, (5, 3)),
    )


def test_cross_entropy_of_large_logits_does_not_overflow():
    z = Variable(np.array([[1000.0, 0.0], [-1000.0, 1000.0]]), requires_grad=True)
    loss = ag.cross_entropy(z, np.array([0, 0]))
    loss.backward()
    assert float(loss.data) == 1000
    assert np.isfinite(z.grad).all()


def test_a_two_layer_network():
    x, labels = arrays(2, (7, 3))[0], np.array([0, 3, 1, 2, 2, 0, 1])

    def network(w, b, v, c):
        return ag.cross_entropy(ag.relu(Variable(x) @ w + b) @ v + c, labels)

    def theirs(w, b, v, c):
        hidden = torch.relu(torch.tensor(x) @ w + b)
        return torch.nn.functional.cross_entropy(hidden @ v + c, torch.tensor(labels))

    agree(network, theirs, arrays(4, (3, 5), (5,), (5, 4), (4,)))


def test_gradients_add_up_and_shared_values_get_both_parts():
    w = Variable([1.0, 2.0], requires_grad=True)
    y = (w * w).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(w.grad, [4, 8])
    shared = ag.exp(w)
    w.grad = None
    (shared * shared + shared).sum().backward()
    np.testing.assert_allclose(w.grad, 2 * np.exp(2 * w.data) + np.exp(w.data))


def test_a_gradient_belongs_to_its_leaf_alone():
    a, b = Variable(np.ones(2), requires_grad=True), Variable(np.ones(2), requires_grad=True)
    (a + b).sum().backward()
    a.grad *= 5
    np.testing.assert_array_equal(b.grad, [1, 1])


def test_deep_graphs_need_no_recursion():
    x = Variable(1.0, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y * 1.0
    y.backward()
    assert x.grad == 1


def test_no_grad_and_detach():
    x = Variable(3.0, requires_grad=True)
    with ag.no_grad():
        assert not (x * x).requires_grad
        with ag.no_grad():
            pass
        assert not (x * x).requires_grad
    assert (x * x).requires_grad
    (x * x.detach()).backward()
    assert x.grad == 3
    assert x.detach().data is x.data


def test_no_grad_ends_with_an_error_too():
    x = Variable(3.0, requires_grad=True)
    with pytest.raises(KeyError), ag.no_grad():
        raise KeyError
    assert (x * x).requires_grad


def test_retain_grad_keeps_the_gradient_of_a_result():
    x = Variable(3.0, requires_grad=True)
    y = x * x
    y.retain_grad()
    z = y * 2
    z.backward()
    assert (y.grad, x.grad, z.grad) == (2, 12, None)


def leaf(*shape):
    return Variable(np.ones(shape), requires_grad=True)


def changed_operand():
    w = leaf(2)
    y = (w * w).sum()
    with ag.no_grad():
        w -= 1
    y.backward()


def changed_result():
    y = ag.exp(leaf(2))
    with ag.no_grad():
        y += 1
    y.sum().backward()


def changed_through_detach():
    x = leaf(2)
    y = (x * x).sum()
    twin = x.detach()
    twin += 1
    y.backward()


def second_backward():
    y = (leaf(2) * 2).sum()
    y.backward()
    y.backward()


def changed_sum_of_exps():
    y = ag.logsumexp(leaf(2))
    with ag.no_grad():
        y += 1
    y.sum().backward()


def grow_in_place():
    x = Variable(np.ones(3))
    x += np.ones((2, 3))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: leaf(2, 3) + leaf(4), ValueError, r"add: shapes \(2, 3\) and \(4,\) do not fit: aligned at the right"),
        (lambda: leaf(2, 3) @ leaf(2, 3), ValueError, r"matmul: shapes .* do not fit: the last axis"),
        (lambda: leaf(2, 3) @ leaf(3), ValueError, "give a vector an axis of size 1"),
        (lambda: leaf(2, 2, 3) @ leaf(4, 3, 2), ValueError, r"\(2,\) and \(4,\) do not fit: before the last two"),
        (lambda: Variable(np.ones(2)).__iadd__(np.ones(3)), ValueError, r"in place: .* \(3,\) do not fit"),
        (lambda: leaf(2).sum(3), ValueError, "axis 3 is out of bounds"),
        (changed_sum_of_exps, RuntimeError, "logsumexp needs its result as of version 0"),
        (lambda: leaf(3).__iadd__(1), RuntimeError, "write a = a \\+ b, or update inside no_grad"),
        (lambda: Variable(np.ones(3)).__iadd__(leaf(3)), RuntimeError, "in place"),
        (grow_in_place, ValueError, r"shape \(2, 3\) has no room in shape \(3,\)"),
        (lambda: leaf(2, 3).backward(), RuntimeError, r"has 6 elements, shape \(2, 3\); reduce it to one number"),
        (lambda: leaf(2, 3).backward(np.ones(3)), ValueError, r"gradient has shape \(3,\); accepted is .* \(2, 3\)"),
        (lambda: Variable(1.0).backward(), RuntimeError, "depends on no variable with requires_grad=True"),
        (second_backward, RuntimeError, "freed by an earlier backward; pass retain_graph=True"),
        (changed_operand, RuntimeError, "mul needs its operands as of version 0, but it is at version 1"),
        (changed_result, RuntimeError, "exp needs its result as of version 0, but it is at version 1"),
        (changed_through_detach, RuntimeError, "changed in place after that"),
    ],
)
def test_errors_say_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_a_refused_backward_leaves_every_gradient_alone():
    a, w = leaf(2), leaf(2)
    y = (a + w * w).sum()
    with ag.no_grad():
        w += 1
    with pytest.raises(RuntimeError):
        y.backward()
    assert a.grad is None
    assert w.grad is None


def test_what_add_does_not_read_may_change():
    w = leaf(2)
    y = (w + 1).sum()
    with ag.no_grad():
        w += 1
    y.backward()
    np.testing.assert_array_equal(w.grad, [1, 1])


def test_a_taken_part_is_a_copy():
    x = leaf(2, 2)
    y = ag.exp(x)
    part = y[0]
    with ag.no_grad():
        part += 10
    y.sum().backward()
    np.testing.assert_allclose(x.grad, np.exp(np.ones((2, 2))))


def test_a_factor_that_no_rule_reads_may_change():
    w = leaf(2)
    y = (w * 2.0).sum()
    with ag.no_grad():
        w += 1
    y.backward()
    np.testing.assert_array_equal(w.grad, [2, 2])


@pytest.mark.parametrize(
    ("change", "right"),
    [
        (lambda w: w.__iadd__(2.0), 8),
        (lambda w: w.__isub__(2.0), 4),
        (lambda w: w.__imul__(2.0), 12),
        (lambda w: w.__itruediv__(2.0), 3),
    ],
)
def test_updates_in_place(change, right):
    w = Variable(np.full(2, 6.0), requires_grad=True)
    memory = w.data
    with ag.no_grad():
        assert change(w) is w
    assert w.data is memory
    np.testing.assert_array_equal(w.data, [right, right])


def test_numerical_gradient_leaves_its_arrays_as_they_were():
    x = np.array([1.0, 2.0])
    (gradient,) = numerical_gradient(lambda a: float((a**3).sum()), x)
    np.testing.assert_allclose(gradient, [3, 12], rtol=1e-8)
    np.testing.assert_array_equal(x, [1, 2])
