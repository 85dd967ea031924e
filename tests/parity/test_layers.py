"""Layers against torch's."""

import copy
import io

import pytest
import torch
from torch import nn

from dlbook.functional.initialization import he_std, uniform_bound, xavier_std
from dlbook.layers import Dropout, Linear, Standardize


@pytest.mark.parametrize("shape", [(5, 4), (2, 7, 4), (4,), (0, 4)])
def test_linear(shape):
    torch.manual_seed(0)
    ours, theirs = Linear(4, 3).double(), nn.Linear(4, 3).double()
    theirs.load_state_dict(ours.state_dict())  # the same names and shapes
    x = torch.randn(shape[::-1], dtype=torch.float64).permute(*range(len(shape))[::-1])
    results = []
    for layer in (ours, theirs):
        leaf = x.clone().requires_grad_()
        y = layer(leaf)
        y.square().sum().backward()
        results.append([y, leaf.grad, layer.weight.grad, layer.bias.grad])
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(3, 5), (100, 7), (784, 128)])
def test_linear_starts_like_torch(fan_in, fan_out):
    drawn = []
    for kind in (Linear, nn.Linear):
        torch.manual_seed(3)
        drawn.append(kind(fan_in, fan_out).state_dict())
    for key in ("weight", "bias"):
        torch.testing.assert_close(drawn[0][key], drawn[1][key], rtol=1e-6, atol=0)


def test_linear_refuses():
    with pytest.raises(ValueError, match="fan_in = 0, fan_out = 3: accepted are 1 or more"):
        Linear(0, 3)


def test_standardize():
    x = torch.randint(0, 256, (6, 1, 4, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    layer = Standardize(x.float().mean(), x.float().std())
    assert layer(x).dtype == torch.float32
    assert abs(layer(x).mean()) < 1e-6
    assert abs(layer(x).std() - 1) < 1e-6
    assert list(layer.parameters()) == []
    assert list(layer.state_dict()) == ["mean", "std"]
    assert copy.deepcopy(layer).double().mean.dtype == torch.float64


def test_standardize_by_columns_and_saved():
    mean, std = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 1.0, 4.0])
    file = io.BytesIO()
    torch.save(Standardize(mean, std).state_dict(), file)
    file.seek(0)
    twin = Standardize(torch.zeros(3), torch.ones(3))
    twin.load_state_dict(torch.load(file, weights_only=True))
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(twin(x), (x - mean) / std)


@pytest.mark.parametrize("std", [torch.tensor(0.0), torch.tensor([1.0, -1.0]), torch.tensor(torch.nan)])
def test_standardize_refuses(std):
    with pytest.raises(ValueError, match="std: accepted is above 0"):
        Standardize(torch.zeros_like(std), std)


@pytest.mark.parametrize("p", [0.0, 0.25, 0.9])
def test_dropout(p):
    torch.manual_seed(0)
    ours, theirs, x = Dropout(p), nn.Dropout(p), torch.full((100_000,), 2.0)
    assert ours(x).unique().tolist() == pytest.approx(theirs(x).unique().tolist(), rel=1e-6)
    error = 2 * (p / (1 - p) / len(x)) ** 0.5
    assert abs(ours(x).mean().item() - 2) <= 5 * error + 1e-6
    assert ours.eval()(x) is x
    leaf = x[:50].clone().requires_grad_()
    ours.train()(leaf).sum().backward()
    torch.testing.assert_close(leaf.grad[leaf.grad != 0], torch.full_like(leaf.grad[leaf.grad != 0], 1 / (1 - p)))


@pytest.mark.parametrize("p", [1.0, -0.1, 2.0])
def test_dropout_refuses(p):
    with pytest.raises(ValueError, match="accepted is 0 <= p < 1"):
        Dropout(p)


@pytest.mark.parametrize(("n", "m"), [(300, 500), (700, 200)])
def test_initial_sizes(n, m):
    torch.manual_seed(0)
    weight = torch.empty(m, n)
    for fill, std in [
        (lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"), he_std(n)),
        (lambda w: nn.init.kaiming_normal_(w, nonlinearity="linear"), he_std(n, gain=1.0)),
        (nn.init.xavier_normal_, xavier_std(n, m)),
        (lambda w: nn.init.xavier_normal_(w, gain=5 / 3), xavier_std(n, m, gain=5 / 3)),
    ]:
        assert fill(weight).std().item() == pytest.approx(std, rel=0.01)
    nn.init.xavier_uniform_(weight)
    assert weight.abs().max().item() == pytest.approx(uniform_bound(xavier_std(n, m)), rel=0.001)


def test_initial_sizes_refuse():
    with pytest.raises(ValueError, match="fan_in = 0"):
        he_std(0)
    with pytest.raises(ValueError, match="fan_out = 0"):
        xavier_std(3, 0)
