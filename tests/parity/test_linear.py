"""Linear regression against torch and scikit-learn."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from torch import nn

from dlbook.data import load
from dlbook.functional import linear as lr
from dlbook.functional.losses import mean_squared_error

shapes = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 99))


def problem(d, out, seed, n=11):
    """Features (n, d), not contiguous, in different units, and answers (n, out)."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(d, n, generator=generator, dtype=torch.float64).T * torch.arange(1, d + 1) + 2
    return x, torch.randn(n, out, generator=generator, dtype=torch.float64)


@given(shapes)
def test_linear(shape):
    d, out, seed = shape
    x, y = problem(d, out, seed)
    weight, bias = torch.randn(d, out, dtype=torch.float64).T, y[0]
    torch.testing.assert_close(lr.linear(x, weight, bias), nn.functional.linear(x, weight, bias))
    torch.testing.assert_close(lr.linear(x, weight), nn.functional.linear(x, weight))
    torch.testing.assert_close(lr.linear(x[0], weight, bias), nn.functional.linear(x[0], weight, bias))
    torch.testing.assert_close(lr.linear(x[None], weight, bias), nn.functional.linear(x, weight, bias)[None])


@given(shapes)
def test_gradient(shape):
    d, out, seed = shape
    x, y = problem(d, out, seed)
    weight, bias = y[:d].T.clone().requires_grad_(), y[-1].clone().requires_grad_()
    mean_squared_error(nn.functional.linear(x, weight, bias), y).backward()
    found = lr.mse_gradient(x, y, weight.detach(), bias.detach())
    torch.testing.assert_close(found, (weight.grad, bias.grad))


def test_gradient_refuses_a_vector_of_answers():
    x, y = problem(2, 1, 0)
    with pytest.raises(ValueError, match="must have the same shape"):
        lr.mse_gradient(x, y[:, 0], torch.zeros(1, 2).double(), torch.zeros(1).double())


@given(shapes)
def test_least_squares(shape):
    d, out, seed = shape
    x, y = problem(d, out, seed)
    weight, bias = lr.least_squares(x, y)
    assert weight.shape == (out, d)
    reference = LinearRegression().fit(x.numpy(), y.numpy())
    torch.testing.assert_close(weight, torch.from_numpy(reference.coef_))
    torch.testing.assert_close(bias, torch.from_numpy(reference.intercept_))
    solution = torch.linalg.lstsq(lr.with_ones(x), y).solution
    torch.testing.assert_close(torch.cat([weight.T, bias[None]]), solution)


def test_least_squares_in_raw_units():
    diabetes = load("diabetes")
    weight, bias = lr.least_squares(diabetes.x.double(), diabetes.y.double()[:, None])
    reference = LinearRegression().fit(diabetes.x.double().numpy(), diabetes.y.double().numpy())
    torch.testing.assert_close(weight[0], torch.from_numpy(reference.coef_), rtol=1e-7, atol=1e-7)
    assert bias.item() == pytest.approx(reference.intercept_, rel=1e-7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("spoil", ["constant", "copy", "sum"])
def test_least_squares_refuses_columns_that_depend_on_each_other(dtype, spoil):
    x, y = problem(3, 1, 5)
    x = x.to(dtype)
    extra = {"constant": torch.full_like(x[:, :1], 3), "copy": x[:, :1], "sum": x[:, :1] - 2 * x[:, 1:2]}[spoil]
    with pytest.raises(ValueError, match="weighted sum of the others"):
        lr.least_squares(torch.cat([x, extra], dim=1), y.to(dtype))


def test_least_squares_needs_enough_examples():
    x, y = problem(4, 1, 0, n=4)
    with pytest.raises(ValueError, match="4 examples cannot settle 5 unknowns"):
        lr.least_squares(x, y)
    x, y = problem(4, 1, 0, n=5)  # as many as unknowns: an exact fit
    assert mean_squared_error(lr.linear(x, *lr.least_squares(x, y)), y) < 1e-18


@given(shapes)
def test_hessian(shape):
    d, _, seed = shape
    x, y = problem(d, 1, seed)

    def loss(theta):
        return (x @ theta[:-1] + theta[-1] - y[:, 0]).square().mean()

    expected = torch.autograd.functional.hessian(loss, torch.zeros(d + 1, dtype=torch.float64))
    torch.testing.assert_close(lr.mse_hessian(x), expected)


@pytest.mark.parametrize(("share", "grows"), [(0.98, False), (1.02, True)])
def test_largest_learning_rate_is_the_limit(share, grows):
    x, y = problem(3, 1, 4)
    rate = share * lr.largest_learning_rate(x)
    best = lr.least_squares(x, y)
    weight, bias = best[0] + 1, best[1] - 1
    start = mean_squared_error(lr.linear(x, weight, bias), y)
    for _ in range(600):
        slope = lr.mse_gradient(x, y, weight, bias)
        weight, bias = weight - rate * slope[0], bias - rate * slope[1]
    assert (mean_squared_error(lr.linear(x, weight, bias), y) > start) == grows
