"""Graders of the page 03_cnn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from scipy import signal
from torch import Generator, Tensor
from torch.overrides import TorchFunctionMode

from .graders import Function, Value, Verdict, difference

Cases = Iterator[tuple[Any, ...]]


class _Refused(TorchFunctionMode):
    """Functions of torch whose names hold one of these words are an error."""

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__()
        self.words = words

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if any(word in name for word in self.words):
            raise RuntimeError(f"the exercise is to do without torch's {name}")
        return func(*args, **(kwargs or {}))


@dataclass(frozen=True)
class Without(Function):
    """A function that may not call what the exercise is to write; `refused` are parts of names."""

    refused: tuple[str, ...] = ()

    def judge(self, answer: Any) -> Verdict:
        """As `Function`, with these names refused while the answer runs."""
        if not callable(answer):
            return super().judge(answer)

        def guarded(*case: Any) -> Any:
            with _Refused(self.refused):
                return answer(*case)

        return super().judge(guarded)


def _once(generator: Generator) -> Cases:
    yield ()


def _three_kernels() -> tuple[Tensor, ...]:
    right = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 0, 0]])
    return right, torch.full((3, 3), 1 / 9), torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])


def _kernels_fault(got: Any) -> str:
    if isinstance(got, Tensor) and got.ndim == 3:  # stacked: as good
        got = tuple(got)
    if not isinstance(got, (tuple, list)) or len(got) != 3 or not all(isinstance(part, Tensor) for part in got):
        return "three tensors are expected"
    if any(part.shape != (3, 3) for part in got):
        return f"the shapes are {', '.join(str(tuple(part.shape)) for part in got)}"
    right, mean, curved = (part.detach().float() for part in got)
    for name, kernel, wanted in zip(("first", "second"), (right, mean), _three_kernels()[:2], strict=True):
        if fault := difference(kernel, wanted, 1e-5):
            return f"the {name} kernel: {fault}"
    rows, columns = torch.arange(6.0)[:, None], torch.arange(7.0)
    for a, b, c in [(0, 0, 1), (2, 0, 0), (0, 3, 0), (1, -2, 5)]:
        plane = (a * rows + b * columns + c)[None, None]
        worst = F.conv2d(plane, curved[None, None]).abs().max().item()
        if not worst < 1e-4:
            return f"on the plane {a} i + {b} j + {c} the third kernel gives {worst:.3g}"
    return "" if curved[1, 1] == -4 else f"the middle of the third kernel is {curved[1, 1].item():g}"


def _kernels(generator: Generator) -> Cases:
    yield from [(3, 1), (1, 1), (2, 1), (5, 1), (4, 1), (3, 2), (4, 3), (2, 3), (7, 2)]


def _halving(kernel: int, dilation: int) -> int:
    def makes(n: int, p: int) -> int:
        return (2 * n + 2 * p - dilation * (kernel - 1) - 1) // 2 + 1

    fits = (p for p in range(100) if all(makes(n, p) == n for n in range(50, 60)))
    return next(fits, -1)


def _tables(generator: Generator) -> Cases:
    for size, kernel in [
        ((6, 7), (3, 3)),
        ((5, 8), (2, 4)),
        ((9, 4), (1, 2)),
        ((4, 4), (4, 3)),
        ((3, 7), (5, 2)),
        ((2, 3), (4, 6)),
    ]:
        yield torch.randn(size, generator=generator), torch.randn(kernel, generator=generator)


def _convolve_same(x: Tensor, w: Tensor) -> Tensor:
    return torch.from_numpy(signal.convolve2d(x.numpy(), w.numpy(), mode="same"))


def _sequences(generator: Generator) -> Cases:
    for length, k, s in [(9, 3, 1), (10, 3, 2), (11, 2, 3), (8, 8, 1), (12, 1, 4)]:
        count = (length - k) // s + 1
        yield *(torch.randn(n, generator=generator) for n in (length, k, count)), s


def _gradients_1d(x: Tensor, w: Tensor, delta: Tensor, s: int) -> tuple[Tensor, Tensor]:
    windows = x.unfold(0, len(w), s)
    by_x = [sum(delta[i] * w[t - s * i] for i in range(len(delta)) if 0 <= t - s * i < len(w)) for t in range(len(x))]
    return torch.stack([torch.as_tensor(number, dtype=x.dtype) for number in by_x]), delta @ windows


def _pictures(generator: Generator) -> Cases:
    for k, s, p in [(2, None, 0), (3, 2, 1), (2, 3, 0), (4, None, 2), (3, 1, 0)]:
        yield torch.randn(2, 3, 9, 8, generator=generator), k, s, p
    yield -1 - torch.rand(1, 2, 6, 6, generator=generator), 3, 2, 1
    yield -1e4 - 1e3 * torch.rand(1, 2, 6, 7, generator=generator), 2, 2, 1


def _pool(x: Tensor, k: int, s: int | None = None, p: int = 0) -> Tensor:
    x = F.pad(x, (p, p, p, p), value=-math.inf)
    return x.unfold(2, k, s or k).unfold(3, k, s or k).flatten(-2).max(dim=-1).values


def _channels(generator: Generator) -> Cases:
    yield from [(3, 2), (1, 3), (5, 4)]


def _as_convolution(channels: int, k: int) -> tuple[Tensor, int]:
    return torch.full((channels, 1, k, k), 1 / k**2), channels


def _convolution_fault(got: Any, channels: int, k: int) -> str:
    if not isinstance(got, (tuple, list)) or len(got) != 2 or not isinstance(got[0], Tensor):
        return "a tensor of weights and a number of groups are expected"
    weight, groups = got[0].detach().float(), got[1]
    x = torch.randn(2, channels, 3 * k, 2 * k, generator=Generator().manual_seed(3))
    try:
        pooled = F.conv2d(x, weight, stride=k, groups=groups)
    except (RuntimeError, TypeError, ValueError) as error:
        return f"F.conv2d refuses these weights: {str(error).splitlines()[0]}"
    fault = difference(pooled, F.avg_pool2d(x, k), 1e-4)
    return f"the result on a random picture: {fault}" if fault else ""


def _shares(generator: Generator) -> Cases:
    yield from [(1, 1), (4, 1), (2, 32), (8, 3)]


def _bottleneck(r: int, g: int) -> float:
    c = 9 * r * g  # any number of channels that both divide
    return (c * c / r + 9 * (c / r) ** 2 / g + c * c / r) / (9 * c * c)


def _fields(generator: Generator) -> Cases:
    yield from [(1,), (2,), (4,), (5,), (10,), (11,), (32,), (94,), (224,)]


def _pairs_to_see(pixels: int) -> int:
    return math.ceil(math.log2((pixels - 1) / 3 + 1) - 1e-12)


def _streams(generator: Generator) -> Cases:
    for n, c, o, k, t, d in [(2, 3, 4, 3, 10, 1), (1, 2, 1, 2, 7, 3), (3, 1, 2, 4, 6, 2), (2, 2, 2, 1, 5, 1)]:
        yield torch.randn(n, c, t, generator=generator), torch.randn(o, c, k, generator=generator), d


def _causal(x: Tensor, w: Tensor, d: int) -> Tensor:
    y = torch.zeros(x.shape[0], w.shape[0], x.shape[2])
    for t in range(x.shape[2]):
        for m in range(w.shape[2]):
            then = t - d * (w.shape[2] - 1 - m)
            if then >= 0:
                y[:, :, t] += x[:, :, then] @ w[:, :, m].T
    return y


GRADERS = {
    "cnn-1": Value(
        {"first": (4, 8, 19, 11), "result": (4, 16 * 9 * 5), "parameters": 8 * 76 + 16 * 19},
        "floor((H + 2p - k) / s) + 1; each output channel has k * k * C_in / groups weights and one bias",
    ),
    "cnn-2": Function(
        _three_kernels,
        _once,
        "the result at j is the pixel at j - 1; equal weights that add up to 1; neighbours minus the middle",
        property_of=_kernels_fault,
    ),
    "cnn-3": Function(
        _halving, _kernels, "floor((2n + 2p - d(k - 1) - 1) / 2) + 1 = n: what does it say about 2p - d(k - 1)?"
    ),
    "cnn-4": Function(
        _convolve_same,
        _tables,
        "flip along both axes; pad k - 1 on both sides; of the k - 1 extra rows, (k - 1) // 2 go at the beginning",
        rtol=1e-4,
    ),
    "cnn-5": Without(
        _gradients_1d,
        _sequences,
        "by w: gather delta[i] * x[s*i + m]; by x: add delta[i] * w at s*i; pixels that no window saw get 0",
        rtol=1e-4,
        refused=("conv", "grad", "backward"),
    ),
    "cnn-6": Without(_pool, _pictures, "pad with -inf; the stride is k if it is None", refused=("pool",)),
    "cnn-7": Function(
        _as_convolution,
        _channels,
        "each channel alone, with k * k equal weights that add up to 1",
        property_of=_convolution_fault,
    ),
    "cnn-8": Function(
        _bottleneck, _shares, "add the multiply-adds of the three layers for each pixel, and divide by 9 C * C"
    ),
    "cnn-9": Function(
        _pairs_to_see, _fields, "a pair adds 2 + 1 jumps, and doubles the jump: 1, 4, 10, 22, ... pixels"
    ),
    "cnn-10": Function(_causal, _streams, "pad d * (k - 1) zeros on the left only", rtol=1e-4),
}
