"""dlbook.models.cnn against the same networks written out with torch's functions."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from dlbook.models.cnn import CNN, Config, LeNet

SIZES = [28, (9, 14), (15, 11)]


def by_hand(model: CNN, x: torch.Tensor) -> torch.Tensor:
    """What the model's weights mean, in evaluation mode."""
    config, weights = model.config, model.state_dict()
    for index in range(len(config.widths)):
        weight = weights[f"blocks.{index}.0.weight"]
        bias = weights.get(f"blocks.{index}.0.bias")
        strided = config.pool == "stride"
        x = F.conv2d(x, weight, bias, stride=2 if strided else 1, padding=config.kernel // 2)
        if not strided:
            x = {"max": F.max_pool2d, "average": F.avg_pool2d}[config.pool](x, 2)
        if config.norm:
            name = f"blocks.{index}.{1 if strided else 2}."
            mean, var = (weights[name + part][:, None, None] for part in ("running_mean", "running_var"))
            gain, shift = (weights[name + part][:, None, None] for part in ("weight", "bias"))
            x = (x - mean) / (var + 1e-5).sqrt() * gain + shift
        x = x.clamp(min=0)
    x = x.flatten(1) if config.head == "flatten" else x.mean(dim=(2, 3))
    return x @ weights["classify.weight"].T + weights["classify.bias"]


@pytest.mark.parametrize("pool", ["max", "average", "stride"])
@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("head", ["flatten", "average"])
@pytest.mark.parametrize("size", SIZES)
def test_the_network_is_what_its_settings_say(pool: str, norm: bool, head: str, size: int | tuple[int, int]) -> None:
    torch.manual_seed(0)
    config = Config(channels=2, size=size, classes=5, widths=(3, 4, 6), kernel=5, pool=pool, norm=norm, head=head)
    model = CNN(config).double()
    x = torch.randn(7, 2, *config.height_width, dtype=torch.float64)
    for _ in range(3):
        model(x)  # moves the running statistics away from 0 and 1
    model.eval()
    torch.testing.assert_close(model(x), by_hand(model, x), rtol=1e-10, atol=1e-12)


def test_dropout_works_in_training_only() -> None:
    torch.manual_seed(0)
    model, x = CNN(Config(size=8, norm=False, dropout=0.5)), torch.randn(3, 1, 8, 8)
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))


@pytest.mark.parametrize(("channels", "size", "parameters"), [(3, 32, 62_006), (1, 28, 44_426), (3, 16, 15_926)])
def test_lenet_has_the_parameters_that_its_layers_have(channels: int, size: int, parameters: int) -> None:
    assert sum(p.numel() for p in LeNet(channels, size).parameters()) == parameters


def test_lenet_is_the_printed_network() -> None:
    torch.manual_seed(0)
    model, x = LeNet(), torch.randn(4, 3, 32, 32)
    weights = list(model.parameters())
    y = x
    for weight, bias in (weights[0:2], weights[2:4]):
        y = F.max_pool2d(F.conv2d(y, weight, bias).clamp(min=0), 2)
    y = y.view(-1, 16 * 5 * 5)
    for weight, bias in (weights[4:6], weights[6:8]):
        y = (y @ weight.T + bias).clamp(min=0)
    torch.testing.assert_close(model(x), y @ weights[8].T + weights[9])


def test_images_that_do_not_fit_are_refused_in_a_sentence() -> None:
    model = LeNet()
    for shape, hint in [
        ((2, 32, 32, 3), "put the channels first"),
        ((3, 32, 32), "a batch of one"),
        ((25, 3, 28, 28), r"accepted is a batch \(n, 3, 32, 32\)\.$"),
        ((2, 1, 32, 32), r"got shape \(2, 1, 32, 32\)"),
    ]:
        with pytest.raises(ValueError, match=hint):
            model(torch.zeros(shape))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"widths": ()}, "widths"),
        ({"channels": 0}, "channels"),
        ({"kernel": 4}, "kernel"),
        ({"pool": "min"}, "pool"),
        ({"head": "none"}, "head"),
        ({"dropout": 1.0}, "dropout"),
        ({"size": 7, "widths": (2, 2, 2)}, "size"),
    ],
)
def test_settings_that_make_no_network_are_refused(settings: dict, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = .*accepted"):
        Config(**settings)


def test_an_image_too_small_for_lenet_is_refused() -> None:
    with pytest.raises(ValueError, match=r"size = 15: accepted is 16 or more"):
        LeNet(3, 15)
