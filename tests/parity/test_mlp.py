"""The multilayer perceptron: against a chain of linear layers, and how it starts."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlbook.models.mlp import ACTIVATIONS, MLP, Config, initialize


def by_functions(model, x, bend):
    x = x.flatten(1)
    linear = [m for m in model.layers if isinstance(m, nn.Linear)]
    for layer in linear[:-1]:
        x = bend(F.linear(x, layer.weight, layer.bias))
    return F.linear(x, linear[-1].weight, linear[-1].bias)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(12, 5, 3), (12, 3), (12, 7, 4, 6, 2)])
def test_equals_a_chain_of_functions(name, sizes):
    torch.manual_seed(0)
    model = MLP(Config(sizes, name)).double()
    x = torch.randn(5, 4, 3, dtype=torch.float64).transpose(1, 2)
    torch.testing.assert_close(model(x), by_functions(model, x, getattr(torch, name, getattr(F, name, None))))
    assert sum(p.numel() for p in model.parameters()) == sum((n + 1) * m for n, m in pairwise(sizes))


def test_dropout_only_in_training():
    torch.manual_seed(0)
    model, x = MLP(Config((6, 50, 3), dropout=0.5)), torch.randn(4, 6)
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))
    assert sum(isinstance(m, nn.Dropout) for m in model.modules()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": (3,)}, "two or more sizes"),
        ({"sizes": (3, 0, 2)}, "two or more sizes"),
        ({"activation": "softmax"}, "accepted is one of relu, "),
        ({"dropout": 1.0}, "accepted is 0 <= dropout < 1"),
    ],
)
def test_config_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        Config(**arguments)


def test_initialize():
    model = MLP(Config((400, 300, 200)))
    result = initialize(model, last=0.1, generator=torch.Generator().manual_seed(1))
    assert result is model
    first, last = model.layers[1], model.layers[3]
    assert first.weight.std().item() == pytest.approx(math.sqrt(2 / 400), rel=0.02)
    assert last.weight.std().item() == pytest.approx(0.1 * math.sqrt(2 / 300), rel=0.02)
    assert not first.bias.any()
    assert not last.bias.any()
    assert first.weight.requires_grad


def test_initialize_draws_from_its_generator_only():
    torch.manual_seed(5)
    expected = torch.rand(3)
    models = []
    for seed in (1, 1, 2):
        model = MLP(Config((8, 6, 4)))
        torch.manual_seed(5)
        models.append(initialize(model, generator=torch.Generator().manual_seed(seed)))
        assert torch.equal(torch.rand(3), expected)
    weights = [m.layers[1].weight for m in models]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_initialize_gain_and_no_bias():
    model = nn.Sequential(nn.Linear(500, 400, bias=False))
    initialize(model, gain=1.0, generator=torch.Generator().manual_seed(1))
    assert model[0].weight.std().item() == pytest.approx(math.sqrt(1 / 500), rel=0.02)


def test_sizes_pass_through_depth():
    model = initialize(MLP(Config((128,) * 21)), generator=torch.Generator().manual_seed(0))
    x = torch.randn(64, 128, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert 0.2 < model(x).square().mean().sqrt() < 5
