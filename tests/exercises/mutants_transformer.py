"""Wrong answers to the exercises of the page 05_transformer: mistakes that readers make."""

import torch
import torch.nn.functional as F

from dlbook.book.exercises.transformer import GRADERS

SHAPES = GRADERS["transformer-1"].expected


def masks(lengths, t, seen=False, real=False, inclusive=False):
    later = torch.ones(t, t, dtype=torch.bool).triu(0 if inclusive else 1)
    padding = torch.arange(t) >= torch.tensor(lengths)[:, None]
    return (~later if seen else later), (~padding if real else padding)


def window(t, w, layers, ahead=False, off=0, reach=None):
    back = torch.arange(t)[:, None] - torch.arange(t)
    mask = (back.abs() < w) if ahead else (back >= 0) & (back < w + off)
    return mask, 1 + layers * (w - 1) if reach is None else reach(w, layers)


def backward(q, k, v, g, scale=True, centred=True, axis=1, swap=False):
    c = q.shape[1] ** -0.5
    a = (q @ k.T * c).softmax(dim=1)
    a_bar = g @ v.T
    s_bar = a * (a_bar - ((a * a_bar).sum(dim=axis, keepdim=True) if centred else 0))
    c = c if scale else 1
    q_bar, k_bar = s_bar @ k * c, s_bar.T @ q * c
    return (k_bar, q_bar, a.T @ g) if swap else (q_bar, k_bar, a.T @ g)


def by_autograd(q, k, v, g):
    leaves = [x.clone().requires_grad_() for x in (q, k, v)]
    return torch.autograd.grad((F.scaled_dot_product_attention(*leaves) * g).sum(), leaves)


def by_autograd_again(q, k, v, g):
    with torch.inference_mode(False), torch.enable_grad():
        return by_autograd(q, k, v, g)


def by_func(q, k, v, g):
    return torch.func.vjp(F.scaled_dot_product_attention, q, k, v)[1](g)


def by_jacobian(q, k, v, g):
    def out(q, k, v):
        return (q @ k.T * q.shape[1] ** -0.5).softmax(dim=1) @ v

    return tuple((j * g[..., None, None]).sum(dim=(0, 1)) for j in torch.func.jacfwd(out, (0, 1, 2))(q, k, v))


def joined(m_1, l_1, o_1, m_2, l_2, o_2, rescale=True, means=False, stable=True):
    m = torch.maximum(m_1, m_2) if stable else torch.zeros_like(m_1)
    a, b = ((m_1 - m).exp(), (m_2 - m).exp()) if rescale else (1, 1)
    if means:
        return (o_1 / l_1 + o_2 / l_2) / 2
    return (a * o_1 + b * o_2) / (a * l_1 + b * l_2)


WRONG = {
    "transformer-1": [
        SHAPES | {"output": (2, 7, 12)},
        SHAPES | {"weights": (2, 5, 7)},
        SHAPES | {"weights": (2, 3, 7, 5)},
        SHAPES | {"weights": (3, 2, 5, 7)},
        SHAPES | {"parameters": 4 * 12 * 12},
        SHAPES | {"parameters": 3 * (12 * 12 + 12)},
    ],
    "transformer-2": [
        lambda lengths, t: masks(lengths, t, seen=True),
        lambda lengths, t: masks(lengths, t, real=True),
        lambda lengths, t: masks(lengths, t, seen=True, real=True),
        lambda lengths, t: masks(lengths, t, inclusive=True),
        lambda lengths, t: masks(lengths, t)[::-1],
        lambda lengths, t: tuple(m.float() for m in masks(lengths, t)),
        lambda lengths, t: (masks(lengths, t)[0].T, masks(lengths, t)[1]),
    ],
    "transformer-3": [
        lambda t, w, layers: window(t, w, layers, ahead=True),
        lambda t, w, layers: window(t, w, layers, off=1),
        lambda t, w, layers: window(t, w, layers, off=-1),
        lambda t, w, layers: (~window(t, w, layers)[0], window(t, w, layers)[1]),
        lambda t, w, layers: window(t, w, layers, reach=lambda w, n: n * w),
        lambda t, w, layers: window(t, w, layers, reach=lambda w, n: w**n),
        lambda t, w, layers: window(t, w, layers, reach=lambda w, n: n * (w - 1)),
        lambda t, w, layers: window(t, w, layers)[0],
    ],
    "transformer-4": [
        lambda t: (torch.eye(t), torch.eye(t)),
        lambda t: (torch.diag(torch.ones(t - 1), -1), torch.eye(t)),
        lambda t: (99.0 * torch.diag(torch.ones(t - 1), 1), torch.eye(t)),
        lambda t: (99.0 * torch.eye(t), torch.diag(torch.ones(t - 1), -1)),
        lambda t: 99.0 * torch.diag(torch.ones(t - 1), -1),
        lambda t: (99.0 * torch.ones(t, t), torch.eye(t)),
    ],
    "transformer-5": [
        lambda *a: backward(*a, scale=False),
        lambda *a: backward(*a, centred=False),
        lambda *a: backward(*a, axis=0),
        lambda *a: backward(*a, swap=True),
        lambda *a: backward(*a)[:2],
        by_autograd,
        by_autograd_again,
        by_func,
        by_jacobian,
    ],
    "transformer-6": [
        lambda d, mean, std: d * std**4,
        lambda d, mean, std: d * (std**2 + mean**2) ** 2,
        lambda d, mean, std: std**4 + 2 * mean**2 * std**2,
        lambda d, mean, std: d * (std**4 + mean**2 * std**2),
        lambda d, mean, std: d**0.5 * (std**4 + 2 * mean**2 * std**2),
    ],
    "transformer-7": [
        lambda w: w,
        lambda w: w.flip(0),
        lambda w: torch.cat([w[0::2], w[1::2]]),
        lambda w: torch.stack(w.chunk(2)[::-1], dim=1).flatten(0, 1),
        lambda w: torch.stack(w.chunk(2, dim=-1), dim=-1).flatten(-2) if w.shape[1] % 2 == 0 else w,
    ],
    "transformer-8": [
        lambda n, d, h: (2 * (4 * d**2 + 2 * d * h + 2 * n * d), 2 * d + h),
        lambda n, d, h: (4 * d**2 + 2 * d * h + 2 * n * d, 2 * d + h + 1),
        lambda n, d, h: (2 * (4 * n * d**2 + 2 * n * d * h + 2 * n**2 * d), 2 * d + h + 1),
        lambda n, d, h: (2 * (4 * d**2 + 2 * d * h + n * d), 4 * d + 2 * h + 1),
        lambda n, d, h: (2 * (4 * d**2 + 2 * d * h + 2 * n * d), 6 * d + 1),
    ],
    "transformer-9": [
        lambda *a: joined(*a, rescale=False),
        lambda *a: joined(*a, means=True),
        lambda *a: joined(*a, stable=False),
        lambda m_1, l_1, o_1, m_2, l_2, o_2: (o_1 + o_2) / (l_1 + l_2) * torch.maximum(m_1, m_2).exp(),
        lambda *a: joined(*a) * 2,
    ],
}
