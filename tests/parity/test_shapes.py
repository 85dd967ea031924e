"""Index arithmetic against torch, on shapes and views that hypothesis makes up."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbook.functional import shapes

sizes = st.integers(0, 4)
shape_lists = st.lists(sizes, max_size=4).map(tuple)
full_shapes = st.lists(st.integers(1, 4), max_size=4).map(tuple)


@st.composite
def views(draw):
    """A tensor that is some view: permuted, stepped, narrowed, expanded."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple))
    x = torch.arange(math.prod(shape)).reshape(shape)
    x = x.permute(draw(st.permutations(range(x.ndim))))
    for axis in range(x.ndim):
        start = draw(st.integers(0, x.shape[axis] - 1))
        x = x.narrow(axis, start, x.shape[axis] - start)
        if draw(st.booleans()):
            x = x[(slice(None),) * axis + (slice(None, None, 2),)]
    if draw(st.booleans()):
        x = x.unsqueeze(0).expand(3, *x.shape)
    return x


def outcome(call, *args):
    """A result, or the fact that the call refuses."""
    try:
        return tuple(call(*args))
    except (ValueError, RuntimeError, IndexError):
        return "refused"


@given(shape_lists)
def test_row_major_strides(shape):
    assert shapes.row_major_strides(shape) == torch.empty(shape).stride()


@given(views(), st.data())
def test_offset_of(x, data):
    index = tuple(data.draw(st.integers(0, n - 1)) for n in x.shape)
    assert shapes.offset_of(index, x.stride(), x.storage_offset()) == x[index].storage_offset()


@given(full_shapes, st.data())
def test_index_of_inverts_offset_of(shape, data):
    position = data.draw(st.integers(0, math.prod(shape) - 1))
    index = shapes.index_of(position, shape)
    assert shapes.offset_of(index, shapes.row_major_strides(shape)) == position
    if shape:
        assert index == tuple(int(i) for i in torch.unravel_index(torch.tensor(position), shape))


@given(views())
def test_is_contiguous(x):
    assert shapes.is_contiguous(x.shape, x.stride()) == x.is_contiguous()


@given(st.integers(0, 36), st.lists(st.integers(-2, 6), max_size=4).map(tuple))
def test_infer_size(elements, shape):
    expected = outcome(lambda: torch.empty(elements).reshape(shape).shape)
    assert outcome(shapes.infer_size, elements, shape) == expected


@settings(max_examples=400)
@given(views(), st.data())
def test_view_strides(x, data):
    rest, new_shape = x.numel(), []
    while rest > 1:
        n = data.draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0]))
        new_shape.append(n)
        rest //= n
        if len(new_shape) > 5:
            new_shape.append(rest)
            break
    strides = shapes.view_strides(x.shape, x.stride(), new_shape)
    try:
        expected = x.view(new_shape)
    except RuntimeError:
        assert strides is None
    else:
        assert strides is not None
        again = x.as_strided(new_shape, strides, x.storage_offset())
        assert torch.equal(again, expected)


@given(st.lists(shape_lists, min_size=1, max_size=3))
def test_broadcast_shapes(several):
    assert outcome(shapes.broadcast_shapes, *several) == outcome(torch.broadcast_shapes, *several)


@given(views(), full_shapes)
def test_broadcast_strides(x, front):
    for axis in range(x.ndim):
        x = x.narrow(axis, 0, 1) if axis % 2 else x
    target = front + tuple(3 if n == 1 else n for n in x.shape)
    strides, expected = shapes.broadcast_strides(x.shape, x.stride(), target), x.expand(target)
    walked = [axis for axis, n in enumerate(target) if n > 1]  # the stride of an axis of size 1 is never used
    assert [strides[axis] for axis in walked] == [expected.stride()[axis] for axis in walked]
    assert torch.equal(x.as_strided(target, strides, x.storage_offset()), expected)


@given(shape_lists, shape_lists)
def test_broadcast_strides_refuses_what_expand_refuses(shape, target):
    ours = outcome(shapes.broadcast_strides, shape, shapes.row_major_strides(shape), target)
    expected = outcome(lambda: torch.empty(shape).expand(target).stride())
    assert (ours == "refused") == (expected == "refused")


@given(full_shapes, full_shapes)
def test_matmul_shape(a, b):
    assert outcome(shapes.matmul_shape, a, b) == outcome(lambda: (torch.empty(a) @ torch.empty(b)).shape)


@given(st.lists(st.integers(1, 3), max_size=4).map(tuple), st.data(), st.booleans())
def test_reduced_shape(shape, data, keepdim):
    dims = data.draw(st.lists(st.integers(-5, 4), max_size=3).map(tuple))
    expected = outcome(lambda: torch.empty(shape).sum(dims, keepdim=keepdim).shape)
    assert outcome(shapes.reduced_shape, shape, dims, keepdim) == expected


def test_refusals_say_what_was_given_and_what_is_accepted():
    with pytest.raises(ValueError, match=r"axis -2 has sizes 2 and 3: accepted are equal sizes or 1"):
        shapes.broadcast_shapes((2, 1), (3, 4))
    with pytest.raises(IndexError, match=r"position = 6: accepted for shape \(2, 3\) is 0 to 5"):
        shapes.index_of(6, (2, 3))
