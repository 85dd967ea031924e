"""Activations against torch's: value, vector-Jacobian product, extreme inputs."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from dlbook.functional import activations as ours

PAIRS = {
    "sigmoid": (ours.sigmoid, torch.sigmoid),
    "tanh": (ours.tanh, torch.tanh),
    "relu": (ours.relu, torch.relu),
    "leaky_relu": (ours.leaky_relu, F.leaky_relu),
    "leaky_relu, steep": (lambda x: ours.leaky_relu(x, 0.3), lambda x: F.leaky_relu(x, 0.3)),
    "softplus": (ours.softplus, lambda x: F.softplus(x, threshold=40)),
    "silu": (ours.silu, F.silu),
    "gelu": (ours.gelu, F.gelu),
    "gelu_tanh": (ours.gelu_tanh, lambda x: F.gelu(x, approximate="tanh")),
}
ALONG = {"softmax": (ours.softmax, torch.softmax), "log_softmax": (ours.log_softmax, torch.log_softmax)}
EXTREME = [-1e6, -1000.0, -100.0, -40.0, -20.0, -1e-3, -1e-30, 0.0, 1e-30, 1e-3, 20.0, 40.0, 100.0, 1000.0, 1e6]


def value_and_vjp(f, x, weights):
    x = x.clone().requires_grad_()
    y = f(x)
    return y.detach(), torch.autograd.grad(y, x, weights)[0]


def same(first, second, x, weights, rtol, atol):
    for a, b in zip(value_and_vjp(first, x, weights), value_and_vjp(second, x, weights), strict=True):
        assert a.dtype == b.dtype
        torch.testing.assert_close(a, b, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", PAIRS)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6))
def test_equal_in_double(name, values):
    x = torch.tensor(values, dtype=torch.float64)
    same(*PAIRS[name], x, torch.linspace(-1, 2, len(x), dtype=torch.float64), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_inputs(name, dtype):
    x = torch.tensor(EXTREME, dtype=dtype)
    eps = torch.finfo(dtype).eps
    same(*PAIRS[name], x, torch.ones_like(x), rtol=8 * eps, atol=8 * eps)


@pytest.mark.parametrize("name", PAIRS)
def test_shapes_and_strides(name):
    x = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64).permute(2, 0, 1)
    same(*PAIRS[name], x, torch.ones_like(x), rtol=1e-12, atol=1e-13)
    assert PAIRS[name][0](torch.zeros(0, 3)).shape == (0, 3)


def test_kinks():
    zero = torch.zeros((), requires_grad=True)
    assert torch.autograd.grad(ours.relu(zero), zero)[0] == 0
    assert torch.autograd.grad(ours.leaky_relu(zero, 0.25), zero)[0] == 0.25
    assert ours.relu(torch.tensor(torch.nan)).isnan()
    assert ours.relu(torch.tensor(torch.inf)) == torch.inf


@pytest.mark.parametrize("name", ALONG)
@given(st.integers(0, 2), st.sampled_from([1.0, 30.0]), st.sampled_from([0.0, 1e4, -1e4]), st.integers(0, 99))
def test_along_an_axis(name, dim, scale, shift, seed):
    generator = torch.Generator().manual_seed(seed)
    x = shift + scale * torch.randn(5, 2, 3, generator=generator, dtype=torch.float64).permute(1, 2, 0)
    weights = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    mine, theirs = ALONG[name]
    same(lambda x: mine(x, dim), lambda x: theirs(x, dim), x, weights, rtol=1e-10, atol=1e-12)
    same(lambda x: mine(x, dim - 3), lambda x: theirs(x, dim - 3), x, weights, rtol=1e-10, atol=1e-12)


def test_softmax_of_large_and_masked_logits():
    large = torch.tensor([1000.0, 1001.0, 1002.0])
    torch.testing.assert_close(ours.softmax(large, 0), torch.softmax(large, 0))
    masked = torch.tensor([0.0, -torch.inf, 1.0])
    torch.testing.assert_close(ours.softmax(masked, 0), torch.softmax(masked, 0))
    torch.testing.assert_close(ours.log_softmax(masked, 0), torch.log_softmax(masked, 0))
    apart = torch.tensor([0.0, 200.0])
    assert ours.log_softmax(apart, 0).tolist() == [-200.0, 0.0]
