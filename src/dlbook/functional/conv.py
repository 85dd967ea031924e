"""Convolution and pooling of images (n, C, H, W), and how large their results are and how much they see.

The kernels are not flipped: what deep learning calls a convolution is a cross-correlation.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn import functional as F

#: One number for both axes, or (rows, columns).
Size = int | tuple[int, int]


def pair(value: Size) -> tuple[int, int]:
    """(rows, columns), where one number may stand for both.

    Raises:
        ValueError: neither one whole number nor two.
    """
    numbers = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(numbers) != 2 or not all(isinstance(number, Integral) for number in numbers):
        raise ValueError(
            f"{value!r}: accepted is one whole number, or (rows, columns)."
        )
    return int(numbers[0]), int(numbers[1])


def output_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """How many positions a kernel takes along one axis (eq-conv-size).

    Raises:
        ValueError: a kernel larger than the padded image, or a size below its least.
    """
    if min(size, kernel, stride, dilation, padding + 1) < 1:
        raise ValueError(
            f"size = {size}, kernel = {kernel}, stride = {stride}, padding = "
            f"{padding}, dilation = {dilation}: accepted is 1 or more, for padding 0 "
            "or more."
        )
    reach, room = dilation * (kernel - 1) + 1, size + 2 * padding
    if reach > room:
        raise ValueError(
            f"kernel larger than the padded image: kernel = {kernel} with dilation = "
            f"{dilation} reaches over {reach} pixels, accepted are up to {room}."
        )
    return (room - reach) // stride + 1


def with_border(
    x: Float[Tensor, "n c h w"], padding: Size, value: float = 0.0
) -> Float[Tensor, "n c hp wp"]:
    """The images with rows and columns of `value` added on all four sides.

    Raises:
        ValueError: padding below 0.
    """
    rows, columns = pair(padding)
    if min(rows, columns) < 0:
        raise ValueError(f"padding = {padding}: accepted is 0 or more.")
    return F.pad(x, (columns, columns, rows, rows), value=value)


def conv2d_loops(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "out per_group kh kw"],
    bias: Float[Tensor, " out"] | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Float[Tensor, "n out rows columns"]:
    """Weighted sums of a window, at one position after another (eq-conv).

    Raises:
        ValueError: shapes that do not fit, or a kernel larger than the padded image.
    """
    require_kernels(x, weight, bias, groups)
    kernel, step, gap = weight.shape[2:], pair(stride), pair(dilation)
    x = with_border(x, padding)
    sizes = map(output_size, x.shape[2:], kernel, step, (0, 0), gap)
    x = x.unflatten(1, (groups, 1, -1))  # n g 1 c h w
    weight = weight.unflatten(0, (groups, -1))  # g out c kh kw
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, gap, strict=True)]
    rows, columns = (range(0, n * s, s) for n, s in zip(sizes, step, strict=True))
    y = []
    for i in rows:
        for j in columns:
            window = x[..., i : i + reach[0] : gap[0], j : j + reach[1] : gap[1]]
            y.append((window * weight).sum(dim=(3, 4, 5)).flatten(1))  # n out
    y = torch.stack(y, dim=2).unflatten(2, (len(rows), len(columns)))
    return y if bias is None else y + bias[:, None, None]


def patches(
    x: Shaped[Tensor, "b c h w"],
    kernel: Size,
    *,
    stride: Size = 1,
    dilation: Size = 1,
) -> Shaped[Tensor, "b c rows columns kh kw"]:
    """The window at every position, as a view: no number is copied (eq-im2col).

    Raises:
        ValueError: a kernel larger than the image.
    """
    kernel, step, gap = pair(kernel), pair(stride), pair(dilation)
    sizes = tuple(map(output_size, x.shape[2:], kernel, step, (0, 0), gap))
    *outer, row, column = x.stride()
    jumps = (row * step[0], column * step[1], row * gap[0], column * gap[1])
    return x.as_strided((*x.shape[:2], *sizes, *kernel), (*outer, *jumps))


def conv2d(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "out per_group kh kw"],
    bias: Float[Tensor, " out"] | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Float[Tensor, "n out rows columns"]:
    """The windows as the columns of a matrix, and one product (eq-im2col).

    Raises:
        ValueError: shapes that do not fit, or a kernel larger than the padded image.
    """
    require_kernels(x, weight, bias, groups)
    seen = patches(
        with_border(x, padding), weight.shape[2:], stride=stride, dilation=dilation
    )
    n, _, rows, columns, _, _ = seen.shape
    size = (groups, weight[0].numel(), n * rows * columns)
    matrix = seen.permute(1, 4, 5, 0, 2, 3).reshape(size)  # g c*kh*kw n*rows*columns
    y = weight.reshape(groups, -1, size[1]) @ matrix  # g out n*rows*columns
    y = y.reshape(len(weight), n, rows, columns).transpose(0, 1)
    return y if bias is None else y + bias[:, None, None]


def conv2d_fft(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "out per_group kh kw"],
    bias: Float[Tensor, " out"] | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Float[Tensor, "n out rows columns"]:
    """The product of the spectra of images and kernels, and back (eq-conv-fft).

    Raises:
        ValueError: shapes that do not fit, or a kernel larger than the padded image.
        NotImplementedError: 16-bit floats on a CPU, which `torch.fft` does not take.
    """
    require_kernels(x, weight, bias, groups)
    step, gap = pair(stride), pair(dilation)
    x = with_border(x, padding)
    rows, columns = map(output_size, x.shape[2:], weight.shape[2:], step, (0, 0), gap)
    # a multiple of 16: a size with a large prime factor is slow
    size = [-(-n // 16) * 16 for n in x.shape[2:]]
    images = torch.fft.rfft2(x, size).unflatten(1, (groups, -1))  # n g c h w
    kernels = torch.fft.rfft2(dilated(weight, gap), size)
    kernels = kernels.conj().unflatten(0, (groups, -1))  # g out c h w
    products = torch.einsum("ngchw,gochw->ngohw", images, kernels).flatten(1, 2)
    y = torch.fft.irfft2(products, size)
    y = y[..., : rows * step[0] : step[0], : columns * step[1] : step[1]]
    return y if bias is None else y + bias[:, None, None]


def dilated(x: Float[Tensor, "a b h w"], gap: Size) -> Float[Tensor, "a b hs ws"]:
    """The same numbers `gap` pixels apart, with zeros in between."""
    (rows, columns), (h, w) = pair(gap), x.shape[2:]
    y = x.new_zeros(*x.shape[:2], rows * (h - 1) + 1, columns * (w - 1) + 1)
    y[..., ::rows, ::columns] = x
    return y


def conv_transpose2d(
    x: Float[Tensor, "n c rows columns"],
    weight: Float[Tensor, "c out kh kw"],
    bias: Float[Tensor, " out"] | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
) -> Float[Tensor, "n out h w"]:
    """Every pixel adds its multiple of the kernel to a window (eq-conv-transpose).

    As a matrix, the transpose of `conv2d` with the same weight, stride and padding.

    Raises:
        ValueError: shapes that do not fit, or padding that leaves no pixel.
    """
    require_kernels(x, weight, bias, axes="(C, out, kh, kw)")
    kernel, step, (top, left) = weight.shape[2:], pair(stride), pair(padding)
    h, w = (s * (n - 1) + k for n, s, k in zip(x.shape[2:], step, kernel, strict=True))
    if min(top, left) < 0 or min(h - 2 * top, w - 2 * left) < 1:
        raise ValueError(
            f"padding = {padding}: accepted is 0 or more, and less than half of the "
            f"{h} x {w} pixels."
        )
    pixels = torch.arange(h * w, device=x.device).view(1, 1, h, w)
    places = patches(pixels, kernel, stride=step).permute(0, 1, 4, 5, 2, 3)
    parts = weight.flatten(1).T @ x.flatten(2)  # n out*kh*kw rows*columns
    parts = parts.unflatten(1, (weight.shape[1], -1)).flatten(2)
    places = places.reshape(1, 1, -1).expand_as(parts)
    y = parts.new_zeros(*parts.shape[:2], h * w).scatter_add(2, places, parts)
    y = y.unflatten(2, (h, w))[:, :, top : h - top, left : w - left]
    return y if bias is None else y + bias[:, None, None]


def pool_windows(
    x: Float[Tensor, "n c h w"],
    kernel: Size,
    stride: Size | None,
    padding: Size,
    value: float,
) -> Float[Tensor, "n c rows columns kh kw"]:
    """The windows to pool; without a stride they lie side by side.

    Raises:
        ValueError: another number of axes, a window that could hold padding alone, or
            one larger than the padded image.
    """
    require_images(x)
    if any(2 * p > k for p, k in zip(pair(padding), pair(kernel), strict=True)):
        raise ValueError(
            f"padding = {padding}: accepted is up to half of kernel = {kernel}."
        )
    step = kernel if stride is None else stride
    return patches(with_border(x, padding, value), kernel, stride=step)


def max_pool2d(
    x: Float[Tensor, "n c h w"],
    kernel: Size,
    stride: Size | None = None,
    *,
    padding: Size = 0,
) -> Float[Tensor, "n c rows columns"]:
    """The largest number of each window; of equal ones, the first learns (eq-max-pool).

    Raises:
        ValueError: as `pool_windows`.
    """
    seen = pool_windows(x, kernel, stride, padding, -torch.inf)
    return seen.flatten(-2).max(dim=-1).values


def avg_pool2d(
    x: Float[Tensor, "n c h w"],
    kernel: Size,
    stride: Size | None = None,
    *,
    padding: Size = 0,
) -> Float[Tensor, "n c rows columns"]:
    """The mean of each window, in which the padding counts as zeros (eq-avg-pool).

    Raises:
        ValueError: as `pool_windows`.
    """
    return pool_windows(x, kernel, stride, padding, 0.0).mean(dim=(-2, -1))


def adaptive_avg_pool2d(
    x: Float[Tensor, "n c h w"], size: Size
) -> Float[Tensor, "n c rows columns"]:
    """Means over a grid of `size` cells, whatever the images' size (eq-adaptive-pool).

    Cells overlap by a pixel where the size does not divide that of the image.

    Raises:
        ValueError: another number of axes, or no cell.
    """
    require_images(x)
    if min(pair(size)) < 1:
        raise ValueError(f"size = {size}: accepted is 1 or more.")
    rows, columns = (
        [slice(i * n // cells, -(-(i + 1) * n // cells)) for i in range(cells)]
        for n, cells in zip(x.shape[2:], pair(size), strict=True)
    )
    y = [x[..., i, j].mean(dim=(-2, -1)) for i in rows for j in columns]
    return torch.stack(y, dim=-1).unflatten(-1, (len(rows), len(columns)))


def receptive_field(layers: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    """How many pixels one output sees along an axis, and how far its neighbour's lie.

    A layer is (kernel, stride, dilation), the first next to the image
    (eq-receptive-field).

    Raises:
        ValueError: a number below 1.
    """
    pixels, jump = 1, 1
    for kernel, stride, dilation in layers:
        if min(kernel, stride, dilation) < 1:
            raise ValueError(
                f"layer {(kernel, stride, dilation)}: accepted are (kernel, stride, "
                "dilation) of 1 or more."
            )
        pixels += dilation * (kernel - 1) * jump
        jump *= stride
    return pixels, jump


def require_images(x: Tensor) -> None:
    """Refuse what is no batch of images.

    Raises:
        ValueError: other than four axes, or images without a pixel.
    """
    if x.ndim != 4:
        raise ValueError(
            f"x {tuple(x.shape)}: accepted are the four axes (n, C, H, W); one image "
            "comes as x[None], images (n, H, W, C) as x.permute(0, 3, 1, 2)."
        )
    if 0 in x.shape[2:]:
        raise ValueError(f"x {tuple(x.shape)}: accepted are images of a pixel or more.")


def require_kernels(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    groups: int = 1,
    axes: str = "(out, C / groups, kh, kw)",
) -> None:
    """Refuse images and kernels whose axes do not fit; `axes` names those of the weight.

    Raises:
        ValueError: other than four axes, channels or biases that do not fit the weight,
            groups that do not divide the channels, or several dtypes.
    """
    require_images(x)
    if weight.ndim != 4:
        raise ValueError(f"weight {tuple(weight.shape)}: accepted are the axes {axes}.")
    given, (out, each) = x.shape[1], weight.shape[:2]
    if axes.startswith("(C"):  # the transpose has them the other way round
        out, each = each, out
    whole = isinstance(groups, Integral) and groups > 0
    if not whole or out % groups or given % groups:
        raise ValueError(
            f"groups = {groups}: accepted are divisors of the {given} channels of x "
            f"and of the {out} of the output."
        )
    if given != each * groups:
        raise ValueError(
            f"x {tuple(x.shape)} has {given} channels: accepted for weight "
            f"{tuple(weight.shape)} and groups = {groups} are {each * groups}; "
            "images (n, H, W, C) come as x.permute(0, 3, 1, 2)."
        )
    if bias is not None and bias.shape != (out,):
        raise ValueError(
            f"bias {tuple(bias.shape)}: accepted is ({out},), a number for each channel "
            "of the output."
        )
    dtypes = [str(t.dtype) for t in (x, weight, bias) if t is not None]
    if len(set(dtypes)) > 1:
        raise ValueError(
            f"x, weight and bias have {', '.join(dtypes)}: accepted is one for all."
        )
