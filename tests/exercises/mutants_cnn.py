"""Wrong answers to the exercises of the page 03_cnn: mistakes that readers make."""

import math

import torch
import torch.nn.functional as F

from dlbook.book.exercises.cnn import GRADERS

SHAPES = GRADERS["cnn-1"].expected
RIGHT, MEAN, CURVED = GRADERS["cnn-2"].reference()


def convolve(x, w, flip=True, top=None):
    k, l = w.shape
    weight = w.flip(0, 1) if flip else w
    whole = F.conv2d(x[None, None], weight[None, None], padding=(k - 1, l - 1))[0, 0]
    i, j = (k // 2, l // 2) if top is None else ((k - 1) // 2, (l - 1) // 2)
    return whole[i : i + x.shape[0], j : j + x.shape[1]]


def gradients_1d(x, w, delta, s, backwards=False, short=False, step=None):
    by_x, by_w = torch.zeros_like(x), torch.zeros_like(w)
    for i, d in enumerate(delta):
        at = (step or s) * i
        by_x[at : at + len(w)] += d * (w.flip(0) if backwards else w)
        by_w += d * x[at : at + len(w)]
    return (by_x[: s * (len(delta) - 1) + len(w)], by_w) if short else (by_x, by_w)


def by_autograd(x, w, delta, s):
    x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
    return torch.autograd.grad(F.conv1d(x[None, None], w[None, None], stride=s)[0, 0], (x, w), delta)


def transposed(x, w, delta, s):
    by_x = F.conv_transpose1d(delta[None, None], w[None, None], stride=s)[0, 0]
    return F.pad(by_x, (0, len(x) - len(by_x))), gradients_1d(x, w, delta, s)[1]


def only_small(x, w):
    if w.shape[0] > x.shape[0] or w.shape[1] > x.shape[1]:
        raise ValueError("the kernel is larger than the picture")
    return convolve(x, w, top=0)


def pool(x, k, s=None, p=0, default=None, value=-math.inf, mean=False):
    s = (default or k) if s is None else s
    seen = F.pad(x, (p, p, p, p), value=value).unfold(2, k, s).unfold(3, k, s)
    return seen.mean(dim=(-2, -1)) if mean else seen.amax(dim=(-2, -1))


def causal(x, w, d, left=None, right=0):
    reach = d * (w.shape[2] - 1)
    left, right = (reach // 2, reach - reach // 2) if left is None else (left * reach, right * reach)
    return F.conv1d(F.pad(x, (left, right)), w, dilation=d)


WRONG = {
    "cnn-1": [
        SHAPES | {"first": (4, 8, 18, 10)},
        SHAPES | {"first": (4, 8, 38, 22)},
        SHAPES | {"result": (4, 16, 9, 5)},
        SHAPES | {"result": (4, 16 * 10 * 6)},
        SHAPES | {"parameters": 8 * 75 + 16 * 18},
        SHAPES | {"parameters": 8 * 76 + 16 * 73},
    ],
    "cnn-2": [
        lambda: (RIGHT.flip(1), MEAN, CURVED),  # to the left
        lambda: (RIGHT.T, MEAN, CURVED),  # downwards
        lambda: (RIGHT, torch.ones(3, 3), CURVED),
        lambda: (RIGHT, MEAN, -CURVED),
        lambda: (RIGHT, MEAN, torch.tensor([[0.0, 0, 0], [0, -4, 4], [0, 0, 0]])),
        lambda: (RIGHT[None, None], MEAN, CURVED),
        lambda: (RIGHT, MEAN),
        lambda: torch.stack([RIGHT.T, MEAN, CURVED]),
    ],
    "cnn-3": [
        lambda kernel, dilation: (kernel - 1) // 2,
        lambda kernel, dilation: dilation * (kernel - 1) // 2 if kernel % 2 else -1,
        lambda kernel, dilation: dilation * ((kernel - 1) // 2),
        lambda kernel, dilation: kernel // 2 * dilation,
        lambda kernel, dilation: dilation * (kernel - 1),
    ],
    "cnn-4": [
        lambda x, w: convolve(x, w, flip=False, top=0),
        lambda x, w: convolve(x, w),
        lambda x, w: F.conv2d(x[None, None], w.flip(0, 1)[None, None], padding="same")[0, 0],
        lambda x, w: convolve(x, w.flip(0), flip=False, top=0),
        lambda x, w: F.conv2d(x[None, None], w.flip(0, 1)[None, None])[0, 0],
        only_small,
    ],
    "cnn-5": [
        lambda *a: gradients_1d(*a, backwards=True),
        lambda *a: gradients_1d(*a, short=True),
        lambda x, w, delta, s: gradients_1d(x, w, delta, s, step=1),
        lambda *a: gradients_1d(*a)[::-1],
        lambda *a: gradients_1d(*a)[0],
        by_autograd,
        transposed,
    ],
    "cnn-6": [
        lambda x, k, s=None, p=0: pool(x, k, s, p, default=1),
        lambda x, k, s=None, p=0: pool(x, k, s, p, value=0.0),
        lambda x, k, s=None, p=0: pool(x, k, s, p, value=-10.0),
        lambda x, k, s=None, p=0: pool(x, k, s, p, value=-1000.0),
        lambda x, k, s=None, p=0: F.max_pool2d(x, k, s, p),
        lambda x, k, s=None, p=0: pool(x, k, s, p, mean=True),
        lambda x, k, s=None, p=0: pool(x, k, k, p),
        lambda x, k, s=None, p=0: pool(x, k, s, 0),
    ],
    "cnn-7": [
        lambda channels, k: (torch.ones(channels, 1, k, k), channels),
        lambda channels, k: (torch.full((channels, channels, k, k), 1 / k**2), 1),
        lambda channels, k: (torch.full((channels, 1, k, k), 1 / k), channels),
        lambda channels, k: (torch.full((1, channels, k, k), 1 / k**2), channels),
        lambda channels, k: torch.full((channels, 1, k, k), 1 / k**2),
    ],
    "cnn-8": [
        lambda r, g: 2 / r + 1 / (r**2 * g),
        lambda r, g: 1 / (9 * r) + 1 / (r**2 * g),
        lambda r, g: 2 / (9 * r) + 1 / r**2,
        lambda r, g: 2 / (9 * r) + 1 / (r * g),
        lambda r, g: 2 / (9 * r) + 9 / (r**2 * g),
    ],
    "cnn-9": [
        lambda pixels: math.ceil((pixels - 1) / 3),
        lambda pixels: math.ceil(math.log2(pixels)),
        lambda pixels: 1 + math.ceil(math.log2((pixels - 1) / 3 + 1) - 1e-12),
        lambda pixels: math.floor(math.log2((pixels - 1) / 3 + 1)),
    ],
    "cnn-10": [
        causal,
        lambda x, w, d: causal(x, w, d, left=0, right=1),
        lambda x, w, d: causal(x, w.flip(2), d, left=1),
        lambda x, w, d: causal(x, w, 1, left=1),
        lambda x, w, d: F.conv1d(x, w, dilation=d),
    ],
}
