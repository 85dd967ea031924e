"""Convolution and pooling against torch's: value and gradients, over stride, padding, dilation, groups, sizes."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Generator

from dlbook.functional import conv

MANY, FEW = settings(max_examples=60), settings(max_examples=25)
THREE = {"loops": conv.conv2d_loops, "im2col": conv.conv2d, "fft": conv.conv2d_fft}
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]


def sizes(low, high):
    """One number, or one for the rows and one for the columns."""
    one = st.integers(low, high)
    return one | st.tuples(one, one)


def normal(seed, *shape):
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def layouts(x):
    """The same numbers as they may lie in memory."""
    wide = x.new_zeros(*x.shape[:-1], 2 * x.shape[-1])
    wide[..., ::2] = x
    return {
        "contiguous": x,
        "channels last": x.contiguous(memory_format=torch.channels_last),
        "transposed": x.transpose(0, 3).contiguous().transpose(0, 3),
        "every other": wide[..., ::2],
    }


LAYOUTS = st.sampled_from(list(layouts(torch.zeros(1, 1, 1, 1))))


def same(ours, theirs, *inputs, rtol=1e-10, atol=1e-11):
    """Values agree, and the vector-Jacobian products by every input."""
    results = []
    for call in (ours, theirs):
        leaves = [x.detach().requires_grad_() for x in inputs]
        value = call(*leaves)
        weights = torch.linspace(-1, 2, value.numel(), dtype=value.dtype, device=value.device).reshape(value.shape)
        results.append([value.detach(), *torch.autograd.grad(value, leaves, weights)])
    for mine, its in zip(*results, strict=True):
        assert (mine.dtype, mine.device) == (its.dtype, its.device)
        torch.testing.assert_close(mine, its, rtol=rtol, atol=atol, check_stride=False)


@st.composite
def layers(draw):
    """Images, weight and bias that fit, and the options of a convolution."""
    groups = draw(st.integers(1, 3))
    channels, out = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    options = {"stride": draw(sizes(1, 3)), "padding": draw(sizes(0, 3)), "dilation": draw(sizes(1, 3))}
    least = [
        max(1, d * (k - 1) + 1 - 2 * p)
        for k, p, d in zip(kernel, conv.pair(options["padding"]), conv.pair(options["dilation"]), strict=True)
    ]
    size = [n + draw(st.integers(0, 6)) for n in least]
    seed = draw(st.integers(0, 99))
    x = layouts(normal(seed, draw(st.integers(1, 3)), channels, *size))[draw(LAYOUTS)]
    weight = layouts(normal(seed + 1, out, channels // groups, *kernel))[draw(LAYOUTS)]
    return x, weight, normal(seed + 2, out), options | {"groups": groups}


@pytest.mark.parametrize("way", THREE)
@MANY
@given(layers())
def test_three_ways(way, layer):
    x, weight, bias, options = layer
    same(lambda *a: THREE[way](*a, **options), lambda *a: F.conv2d(*a, **options), x, weight, bias)
    torch.testing.assert_close(THREE[way](x, weight, **options), F.conv2d(x, weight, **options))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("way", [*THREE, "transpose"])
def test_devices_and_dtypes(way, dtype, device):
    x, weight, bias = (t.to(device, dtype) for t in (normal(0, 2, 4, 9, 7), normal(1, 6, 2, 3, 2), normal(2, 6)))
    exact = {"rtol": 1e-4, "atol": 1e-5} if dtype == torch.float32 else {}
    with torch.backends.cudnn.flags(allow_tf32=False):
        if way == "transpose":  # (6, 2, 3, 2) then means 6 channels in and 2 out
            y = normal(3, 2, 6, 4, 5).to(device, dtype)
            ours, theirs = conv.conv_transpose2d, F.conv_transpose2d
            same(lambda *a: ours(*a, stride=2), lambda *a: theirs(*a, stride=2), y, weight, bias[:2], **exact)
            return
        options = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
        same(lambda *a: THREE[way](*a, **options), lambda *a: F.conv2d(*a, **options), x, weight, bias, **exact)


@pytest.mark.parametrize("size", [1, 16, 17, 31, 33, 46])
def test_the_padded_length_of_the_spectrum_does_not_show(size):
    x, weight = normal(3, 1, 2, size, 49 - size), normal(4, 3, 2, min(size, 5), 3)
    same(lambda *a: conv.conv2d_fft(*a, padding=1), lambda *a: F.conv2d(*a, padding=1), x, weight)


def test_spectra_have_sizes_that_are_fast(monkeypatch):
    sizes, rfft2 = [], torch.fft.rfft2
    monkeypatch.setattr(torch.fft, "rfft2", lambda x, size: sizes.append(tuple(size)) or rfft2(x, size))
    conv.conv2d_fft(normal(0, 1, 1, 29, 32), normal(1, 1, 1, 3, 3), padding=1)
    assert sizes == [(32, 48)] * 2  # 31 and 34, up to a multiple of 16


@pytest.mark.parametrize(
    ("call", "shape"),
    [(lambda x, way=way: way(x, torch.zeros(4, 3, 3, 2), groups=1), (0, 4, 6, 8)) for way in THREE.values()]
    + [
        (lambda x: conv.conv_transpose2d(x, torch.zeros(3, 4, 3, 2), stride=2), (0, 4, 17, 18)),
        (lambda x: conv.max_pool2d(x, 2), (0, 3, 4, 4)),
        (lambda x: conv.avg_pool2d(x, 2), (0, 3, 4, 4)),
        (lambda x: conv.adaptive_avg_pool2d(x, (2, 1)), (0, 3, 2, 1)),
    ],
)
def test_an_empty_batch_gives_an_empty_one(call, shape):
    x = torch.zeros(0, 3, 8, 9, requires_grad=True)
    y = call(x)
    assert y.shape == shape
    assert torch.autograd.grad(y.sum(), x)[0].shape == x.shape


@pytest.mark.parametrize("way", [*THREE, "transpose"])
def test_expanded_images_and_kernels(way):
    """One image stands for the whole batch, one kernel for all channels: strides of 0."""
    x, weight = normal(0, 1, 2, 6, 7).expand(3, 2, 6, 7), normal(1, 1, 2, 2, 3).expand(2, 2, 2, 3)
    pair = (conv.conv_transpose2d, F.conv_transpose2d) if way == "transpose" else (THREE[way], F.conv2d)
    same(lambda *a: pair[0](*a, stride=2), lambda *a: pair[1](*a, stride=2), x, weight)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sixteen_bits(dtype):
    x, weight = normal(0, 1, 2, 6, 7).to(dtype), normal(1, 3, 2, 2, 3).to(dtype)
    wanted = F.conv2d(x.double(), weight.double())
    for way in (conv.conv2d_loops, conv.conv2d):
        y = way(x, weight)
        assert y.dtype == dtype
        torch.testing.assert_close(y.double(), wanted, rtol=0.02, atol=0.1)
    with pytest.raises((NotImplementedError, RuntimeError)):
        conv.conv2d_fft(x, weight)


def test_only_windows_over_it_see_what_is_no_number():
    """Waves carry it everywhere: the page says so."""
    x = normal(0, 1, 1, 8, 8)
    x[..., 0, 0] = torch.nan
    counts = {name: int(way(x, normal(1, 1, 1, 3, 3)).isnan().sum()) for name, way in THREE.items()}
    assert counts == {"loops": 1, "im2col": 1, "fft": 36}


@pytest.mark.parametrize("way", [conv.conv2d, conv.conv2d_fft, conv.conv2d_loops, conv.conv_transpose2d])
def test_second_derivatives(way):
    x, weight = normal(0, 1, 2, 4, 5).requires_grad_(), normal(1, 2, 2, 2, 3).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x, w: way(x, w, stride=2), (x, weight))


@MANY
@given(
    st.integers(0, 99),
    sizes(1, 3),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    sizes(0, 2),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    LAYOUTS,
)
def test_transposed_convolution(seed, stride, size, padding, kernel, layout):
    steps, border = conv.pair(stride), conv.pair(padding)
    assume(all(s * (n - 1) + k > 2 * p for n, s, k, p in zip(size, steps, kernel, border, strict=True)))
    options = {"stride": stride, "padding": padding}
    x, weight, bias = layouts(normal(seed, 2, 3, *size))[layout], normal(seed + 1, 3, 4, *kernel), normal(seed + 2, 4)
    same(lambda *a: conv.conv_transpose2d(*a, **options), lambda *a: F.conv_transpose2d(*a, **options), x, weight, bias)
    y = conv.conv_transpose2d(x, weight, **options)
    there = normal(seed + 3, *y.shape)
    same_shape = conv.conv2d(there, weight, **options)  # its transpose: <A u, v> = <u, A' v>
    torch.testing.assert_close((same_shape * x).sum(), (there * y).sum())


POOLS = {"max": (conv.max_pool2d, F.max_pool2d), "avg": (conv.avg_pool2d, F.avg_pool2d)}


@pytest.mark.parametrize("name", POOLS)
@MANY
@given(
    st.integers(0, 99),
    st.tuples(st.integers(4, 9), st.integers(4, 9)),
    sizes(1, 4),
    st.none() | sizes(1, 3),
    sizes(0, 2),
    LAYOUTS,
)
def test_pooling(name, seed, size, kernel, stride, padding, layout):
    ours, theirs = POOLS[name]
    half = tuple(min(p, k // 2) for p, k in zip(conv.pair(padding), conv.pair(kernel), strict=True))
    x = layouts(normal(seed, 2, 3, *size))[layout]
    # below 0, a zero of the padding would win; -inf does not
    same(lambda x: ours(x, kernel, stride, padding=half), lambda x: theirs(x, kernel, stride, half), x - 5)


@FEW
@given(st.integers(0, 99), sizes(1, 4), st.none() | sizes(1, 3))
def test_of_equal_numbers_the_first_learns(seed, kernel, stride):
    x = normal(seed, 2, 3, 7, 8).round().relu()
    same(lambda x: conv.max_pool2d(x, kernel, stride), lambda x: F.max_pool2d(x, kernel, stride), x)


def test_a_stride_left_out_is_the_kernel():
    x = torch.arange(24.0).view(1, 1, 4, 6)
    assert conv.max_pool2d(x, (2, 3)).tolist() == [[[[8, 11], [20, 23]]]]
    assert conv.avg_pool2d(x, (2, 3)).tolist() == [[[[4, 7], [16, 19]]]]


@MANY
@given(st.integers(0, 99), st.tuples(st.integers(1, 9), st.integers(1, 9)), sizes(1, 11), LAYOUTS)
def test_adaptive_pooling(seed, size, cells, layout):
    x = layouts(normal(seed, 2, 3, *size))[layout]
    same(lambda x: conv.adaptive_avg_pool2d(x, cells), lambda x: F.adaptive_avg_pool2d(x, cells), x)


@settings(max_examples=500)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 5), st.integers(0, 6), st.integers(1, 5))
def test_output_sizes_are_torchs(size, kernel, stride, padding, dilation):
    x, weight = torch.empty(1, 1, size, device="meta"), torch.empty(1, 1, kernel, device="meta")
    try:
        theirs = F.conv1d(x, weight, None, stride, padding, dilation).shape[-1]
    except RuntimeError:
        theirs = None
    try:
        ours = conv.output_size(size, kernel, stride, padding, dilation)
    except ValueError:
        ours = None
    assert ours == theirs


@FEW
@given(st.integers(0, 99), sizes(1, 4), sizes(1, 3), sizes(1, 3), LAYOUTS)
def test_windows_are_a_view(seed, kernel, stride, dilation, layout):
    x = layouts(normal(seed, 2, 3, 11, 13))[layout][:, 1:]  # a view that does not begin at the storage's first
    seen = conv.patches(x, kernel, stride=stride, dilation=dilation)
    assert seen.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    kernel = conv.pair(kernel)
    theirs = F.unfold(x, kernel, dilation, 0, stride).view(2, 2, *kernel, *seen.shape[2:4])
    assert torch.equal(seen, theirs.permute(0, 1, 4, 5, 2, 3))


@MANY
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)), max_size=4))
def test_the_receptive_field_is_where_the_gradient_reaches(layers):
    pixels, jump = conv.receptive_field(layers)
    x = torch.ones(1, 1, 1, pixels + jump, requires_grad=True)
    y = x
    for kernel, stride, dilation in layers:
        y = F.conv2d(y, torch.ones(1, 1, 1, kernel), stride=(1, stride), dilation=(1, dilation))
    assert y.shape[-1] == 2
    reach = [torch.autograd.grad(y[..., i].sum(), x, retain_graph=True)[0].flatten().nonzero() for i in (0, 1)]
    assert [int(r.min()) for r in reach] == [0, jump]
    assert [int(r.max() - r.min()) + 1 for r in reach] == [pixels, pixels]
