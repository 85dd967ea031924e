"""dlbook.data.sliding: the windows of a series."""

from __future__ import annotations

import pytest
import torch

from dlbook.data import load, sliding


@pytest.mark.parametrize("shape", [(11,), (11, 2), (11, 2, 3)])
@pytest.mark.parametrize(("length", "horizon"), [(1, 1), (4, 1), (3, 5), (10, 1)])
def test_windows_and_what_follows_them(shape: tuple[int, ...], length: int, horizon: int) -> None:
    series = torch.randn(shape)
    x, y = sliding(series, length, horizon)
    assert len(x) == len(y) == 11 - length - horizon + 1
    for i in range(len(x)):
        assert torch.equal(x[i], series[i : i + length])
        assert torch.equal(y[i], series[i + length : i + length + horizon])


def test_windows_are_views() -> None:
    series = torch.arange(7.0)
    x, y = sliding(series, 2)
    assert {x.untyped_storage().data_ptr(), y.untyped_storage().data_ptr()} == {series.untyped_storage().data_ptr()}


def test_a_series_shorter_than_its_window_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"series: 5 steps are fewer than a window of 5 and the 1 after it; accepted are 6"
    ):
        sliding(torch.zeros(5), 5)
    assert len(sliding(torch.zeros(6), 5)[0]) == 1


@pytest.mark.parametrize(("length", "horizon"), [(0, 1), (3, 0), (-1, 1)])
def test_windows_of_nothing_are_refused(length: int, horizon: int) -> None:
    with pytest.raises(ValueError, match="accepted are numbers from 1"):
        sliding(torch.zeros(9), length, horizon)


def test_the_bundled_series_in_windows() -> None:
    x, y = sliding(load("sunspots").y, 20)
    assert (tuple(x.shape), tuple(y.shape)) == ((289, 20), (289, 1))
