"""Scores against scikit-learn and SciPy."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from sklearn.metrics import accuracy_score, r2_score

from dlbook.metrics import accuracy, r_squared, wilson_interval


@given(st.integers(1, 40), st.integers(2, 5), st.integers(0, 99))
def test_accuracy(n, classes, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(classes, n, generator=generator).T
    labels = torch.randint(0, classes, (n,), generator=generator)
    expected = accuracy_score(labels.numpy(), logits.argmax(dim=1).numpy())
    assert accuracy(logits, labels).item() == pytest.approx(expected, abs=1e-15)


def test_accuracy_refuses_a_column_of_labels():
    with pytest.raises(ValueError, match="must have the same shape"):
        accuracy(torch.zeros(4, 3), torch.zeros(4, 1, dtype=torch.int64))


@given(st.integers(2, 40), st.floats(0, 3), st.integers(0, 99))
def test_r_squared(n, noise, seed):
    generator = torch.Generator().manual_seed(seed)
    target = 5 + torch.randn(n, generator=generator, dtype=torch.float64)
    prediction = target + noise * torch.randn(n, generator=generator, dtype=torch.float64)
    expected = r2_score(target.numpy(), prediction.numpy())
    assert r_squared(prediction, target).item() == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert r_squared(prediction[:, None], target[:, None]).item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_r_squared_of_known_predictions():
    target = torch.tensor([1.0, 2.0, 6.0])
    assert r_squared(target, target) == 1
    assert r_squared(torch.full((3,), 3.0), target) == 0
    assert r_squared(-target, target) < 0


def test_r_squared_refuses():
    with pytest.raises(ValueError, match="no variance"):
        r_squared(torch.rand(4), torch.ones(4))
    with pytest.raises(ValueError, match="must have the same shape"):
        r_squared(torch.rand(4, 1), torch.rand(4))


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (0, 20), (20, 20), (7, 20), (180, 200), (999, 1000)])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_wilson_interval(right, n, level):
    expected = binomtest(right, n).proportion_ci(level, method="wilson")
    found = wilson_interval(right, n, z=norm.ppf(0.5 + level / 2))
    assert found == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert wilson_interval(torch.tensor(right), n) == wilson_interval(right, n)


def test_wilson_interval_is_one_of_95_percent():
    assert wilson_interval(7, 20) == pytest.approx(
        tuple(binomtest(7, 20).proportion_ci(method="wilson"))[:2], abs=1e-6
    )


@pytest.mark.parametrize(("right", "n"), [(0, 0), (3, 2), (-1, 4)])
def test_wilson_interval_refuses(right, n):
    with pytest.raises(ValueError, match="accepted is 0 <= right <= n"):
        wilson_interval(right, n)
