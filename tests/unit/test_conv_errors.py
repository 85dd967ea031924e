"""What convolution and pooling refuse, and in which words."""

import inspect

import numpy as np
import pytest
import torch

from dlbook.functional import conv

X, WEIGHT = torch.zeros(2, 3, 5, 6), torch.zeros(4, 3, 3, 2)


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    """Functions without the check of shapes that tests put around them: the book runs them so."""
    for name, function in inspect.getmembers(conv, inspect.isfunction):
        monkeypatch.setattr(conv, name, inspect.unwrap(function))


def plain(function):
    return inspect.unwrap(function)


WAYS = [conv.conv2d_loops, conv.conv2d, conv.conv2d_fft]
POOLS = [conv.max_pool2d, conv.avg_pool2d]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda f: f(X[0], WEIGHT),
            "x (3, 5, 6): accepted are the four axes (n, C, H, W); one image comes as x[None], "
            "images (n, H, W, C) as x.permute(0, 3, 1, 2).",
        ),
        (lambda f: f(X, WEIGHT[0]), "weight (3, 3, 2): accepted are the axes (out, C / groups, kh, kw)."),
        (
            lambda f: f(X.permute(0, 2, 3, 1), WEIGHT),
            "x (2, 5, 6, 3) has 5 channels: accepted for weight (4, 3, 3, 2) and groups = 1 are 3; "
            "images (n, H, W, C) come as x.permute(0, 3, 1, 2).",
        ),
        (
            lambda f: f(X, WEIGHT[:3], groups=3),
            "x (2, 3, 5, 6) has 3 channels: accepted for weight (3, 3, 3, 2) and groups = 3 are 9; "
            "images (n, H, W, C) come as x.permute(0, 3, 1, 2).",
        ),
        (
            lambda f: f(X, WEIGHT[:, :1], groups=3),
            "groups = 3: accepted are divisors of the 3 channels of x and of the 4 of the output.",
        ),
        (
            lambda f: f(X, WEIGHT, groups=2),
            "groups = 2: accepted are divisors of the 3 channels of x and of the 4 of the output.",
        ),
        (
            lambda f: f(X, WEIGHT, groups=0),
            "groups = 0: accepted are divisors of the 3 channels of x and of the 4 of the output.",
        ),
        (
            lambda f: f(X, WEIGHT, torch.zeros(1)),
            "bias (1,): accepted is (4,), a number for each channel of the output.",
        ),
        (
            lambda f: f(X, WEIGHT, torch.zeros(4, 1)),
            "bias (4, 1): accepted is (4,), a number for each channel of the output.",
        ),
        (
            lambda f: f(X, WEIGHT, groups=1.0),
            "groups = 1.0: accepted are divisors of the 3 channels of x and of the 4 of the output.",
        ),
        (
            lambda f: f(X.double(), WEIGHT),
            "x, weight and bias have torch.float64, torch.float32: accepted is one for all.",
        ),
        (
            lambda f: f(X, WEIGHT, torch.zeros(4).double()),
            "x, weight and bias have torch.float32, torch.float32, torch.float64: accepted is one for all.",
        ),
        (
            lambda f: f(X[..., :0], WEIGHT, padding=1),
            "x (2, 3, 5, 0): accepted are images of a pixel or more.",
        ),
        (
            lambda f: f(X, WEIGHT, dilation=(3, 1)),
            "kernel larger than the padded image: kernel = 3 with dilation = 3 reaches over 7 pixels, "
            "accepted are up to 5.",
        ),
        (
            lambda f: f(X, WEIGHT, padding=(1, 2), dilation=(1, 10)),
            "kernel larger than the padded image: kernel = 2 with dilation = 10 reaches over 11 pixels, "
            "accepted are up to 10.",
        ),
        (
            lambda f: f(X, WEIGHT, stride=(1, 0)),
            "size = 6, kernel = 2, stride = 0, padding = 0, dilation = 1: "
            "accepted is 1 or more, for padding 0 or more.",
        ),
        (
            lambda f: f(X, WEIGHT, padding=-1),
            "padding = -1: accepted is 0 or more.",
        ),
        (
            lambda f: f(X, WEIGHT, padding=(0, -1)),
            "padding = (0, -1): accepted is 0 or more.",
        ),
    ],
)
def test_convolution_refuses(way, call, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 the whole sentence is compared
        call(plain(way))
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda f: f(X, WEIGHT[:, :, 0]), "weight (4, 3, 2): accepted are the axes (C, out, kh, kw)."),
        (
            lambda f: f(X, WEIGHT),
            "x (2, 3, 5, 6) has 3 channels: accepted for weight (4, 3, 3, 2) and groups = 1 are 4; "
            "images (n, H, W, C) come as x.permute(0, 3, 1, 2).",
        ),
        (
            lambda f: f(X, WEIGHT.transpose(0, 1), torch.zeros(3)),
            "bias (3,): accepted is (4,), a number for each channel of the output.",
        ),
        (
            lambda f: f(X, WEIGHT.transpose(0, 1), padding=(1, 4)),
            "padding = (1, 4): accepted is 0 or more, and less than half of the 7 x 7 pixels.",
        ),
        (
            lambda f: f(X, torch.zeros(3, 4, 2, 3), padding=(3, 0)),  # would leave 0 rows
            "padding = (3, 0): accepted is 0 or more, and less than half of the 6 x 8 pixels.",
        ),
        (
            lambda f: f(X, WEIGHT.transpose(0, 1), padding=(0, -1)),
            "padding = (0, -1): accepted is 0 or more, and less than half of the 7 x 7 pixels.",
        ),
    ],
)
def test_transposed_convolution_refuses(call, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call(plain(conv.conv_transpose2d))
    assert str(caught.value) == sentence


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda f: f(X[0, 0], 2), r"^x \(5, 6\): accepted are the four axes \(n, C, H, W\)"),
        (
            lambda f: f(X, (3, 2), padding=(1, 2)),
            r"^padding = \(1, 2\): accepted is up to half of kernel = \(3, 2\)\.$",
        ),
        (lambda f: f(X, 7), r"^kernel larger than the padded image: .* reaches over 7 pixels, accepted are up to 5\.$"),
        (lambda f: f(X, 2, 0), "^size = 5, kernel = 2, stride = 0, padding = 0"),
        (lambda f: f(X[:, :, :0], 2, padding=1), r"^x \(2, 3, 0, 6\): accepted are images of a pixel or more\.$"),
    ],
)
def test_pooling_refuses(pool, call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(plain(pool))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda f: f(X[0], 1), r"^x \(3, 5, 6\): accepted are the four axes"),
        (lambda f: f(X, (2, 0)), r"^size = \(2, 0\): accepted is 1 or more\.$"),
    ],
)
def test_adaptive_pooling_refuses(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(plain(conv.adaptive_avg_pool2d))


@pytest.mark.parametrize("value", ["same", "ab", (1, 2, 3), (), 1.0, (1, 2.0), None])
def test_pairs_are_one_number_or_two(value):
    with pytest.raises(ValueError, match="accepted is one whole number, or "):
        conv.conv2d(X, WEIGHT, padding=value)


def test_numbers_of_numpy_will_do():
    assert conv.pair(np.int64(2)) == (2, 2)
    for way in WAYS:
        assert plain(way)(X, WEIGHT, stride=(np.int64(2), 1), groups=np.int64(1)).shape == (2, 4, 2, 5)


@pytest.mark.parametrize(
    "setting", [{"size": 0, "padding": 1}, {"padding": -1}, {"stride": 0}, {"dilation": 0}, {"kernel": 0}]
)
def test_sizes_below_their_least(setting):
    given = {"size": 9, "kernel": 3, "stride": 1, "padding": 0, "dilation": 1} | setting
    told = ", ".join(f"{name} = {number}" for name, number in given.items())
    with pytest.raises(ValueError, match=f"^{told}: accepted is 1 or more, for padding 0 or more\\.$"):
        conv.output_size(**given)


@pytest.mark.parametrize("layer", [(0, 1, 1), (3, 0, 1), (3, 1, 0)])
def test_layers_below_their_least(layer):
    with pytest.raises(ValueError, match=r"^layer \(\d, \d, \d\): accepted are \(kernel, stride, dilation\) of 1"):
        conv.receptive_field([(3, 1, 1), layer])
