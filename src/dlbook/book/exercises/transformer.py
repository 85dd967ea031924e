"""Graders of the page 05_transformer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor
from torch._C import DisableTorchFunctionSubclass
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from dlbook.functional.attention import rotary

from .graders import Function, Value, Verdict
from .rnn import ByHand

Cases = Iterator[tuple[Any, ...]]


MARK = "\0"  # before the words that take the place of a list of shapes
NO_AUTOGRAD = "autograd is switched off here: write the derivatives yourself"


class _NoTransforms(TorchFunctionMode):
    """Refuses tensors of `torch.func` and those of which autograd keeps a graph, wherever they come from."""

    def __torch_function__(self, func: Callable, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        wrapped = getattr(torch._C._functorch, "is_functorch_wrapped_tensor", lambda x: False)
        with DisableTorchFunctionSubclass():  # to ask a tensor would come back here
            derived = any(wrapped(x) or x.requires_grad for x in (*args, *kwargs.values()) if isinstance(x, Tensor))
        if derived:
            raise RuntimeError(NO_AUTOGRAD)
        return func(*args, **kwargs)


@dataclass(frozen=True)
class Spoken(ByHand):
    """By hand, with a name for each case in place of the shapes of its arguments, and for each entry of the result."""

    case_of: Callable[..., str] = lambda *case: "the inputs tried"
    entries: tuple[str, ...] = ()

    def judge(self, answer: Any) -> Verdict:
        """As `ByHand`, and without torch.func."""
        if not callable(answer) or answer is self.reference:
            return super().judge(answer)

        def watched(*case: Any) -> Any:
            try:
                with _NoTransforms():
                    return answer(*case)
            except RuntimeError as error:
                raise RuntimeError(NO_AUTOGRAD if "does not require grad" in str(error) else str(error)) from error

        verdict = super().judge(watched)
        return Verdict(verdict.status, verdict.message.rpartition(MARK)[2])

    def _fault(self, answer: Callable[..., Any], case: tuple[Any, ...]) -> str:
        fault = super()._fault(answer, case)
        for i, name in enumerate(self.entries):
            fault = fault.replace(f"entry {i}:", f"{name}:")
        return fault and f"{MARK}for {self.case_of(*case)}: {fault}"


def _normal(generator: Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _batches(generator: Generator) -> Cases:
    yield from [([4, 2, 3], 4), ([1], 3), ([5, 5], 6)]


def _torch_masks(lengths: list[int], t: int) -> tuple[Tensor, Tensor]:
    later = torch.tensor([[j > i for j in range(t)] for i in range(t)])
    return later, torch.tensor([[j >= n for j in range(t)] for n in lengths])


def _windows(generator: Generator) -> Cases:
    yield from [(6, 3, 2), (5, 1, 4), (4, 9, 1), (7, 2, 5)]


def _window(t: int, w: int, layers: int) -> tuple[Tensor, int]:
    mask = torch.tensor([[i - w < j <= i for j in range(t)] for i in range(t)])
    places = layers * w + 2  # count by following the mask
    step = torch.tensor([[i - w < j <= i for j in range(places)] for i in range(places)]).double()
    return mask, int((torch.linalg.matrix_power(step, layers)[-1] > 0).sum())


def _sizes(generator: Generator) -> Cases:
    yield from [(4,), (2,), (9,), (16,)]


def _one_back(t: int) -> tuple[Tensor, Tensor]:
    return 20 * t**0.5 * torch.diag(torch.ones(t - 1), -1), torch.eye(t)


def _one_back_fault(got: Any, t: int) -> str:
    fault = f"two tensors of shape {(t, t)} are expected: w_q, w_k"
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        return fault
    if not all(isinstance(w, Tensor) and w.shape == (t, t) for w in got):
        return fault
    w_q, w_k = (w.detach().double() for w in got)
    weights = (w_q @ w_k.T / t**0.5).softmax(dim=1)  # x is the identity
    least = weights.diagonal(-1)
    if not (least > 0.9).all():
        place = int((~(least > 0.9)).nonzero()[0]) + 1
        return f"position {place} looks at {place - 1} with the weight {least[place - 1].item():.3f}"
    return ""


def _attentions(generator: Generator) -> Cases:
    for t, s, d, e in [(3, 5, 4, 2), (1, 4, 2, 3), (6, 2, 3, 5)]:
        yield tuple(_normal(generator, *size) for size in [(t, d), (s, d), (s, e), (t, e)])


def _attention_backward(q: Tensor, k: Tensor, v: Tensor, g: Tensor) -> tuple[Tensor, ...]:
    leaves = [x.detach().clone().requires_grad_() for x in (q, k, v)]
    return torch.autograd.grad((F.scaled_dot_product_attention(*leaves) * g).sum(), leaves)


def _moments(generator: Generator) -> Cases:
    yield from [(64, 0.0, 1.0), (16, 0.5, 2.0), (7, -3.0, 0.5), (1, 1.0, 1.0)]


def _variance_of_scores(d: int, mean: float, std: float) -> float:
    square = mean**2 + std**2  # of one number, its mean square
    return d * (square**2 - mean**4)


def _projections(generator: Generator) -> Cases:
    for d, inputs in [(8, 5), (2, 3), (6, 6), (12, 4)]:
        yield (_normal(generator, d, inputs),)


def _halves(x: Tensor) -> Tensor:
    d = x.shape[-1]
    place, pair = torch.arange(len(x)).double()[:, None], torch.arange(d // 2).double()
    angle = place * 10000.0 ** (-2 * pair / d)
    first, second = x.chunk(2, dim=1)
    turned = [first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()]
    return torch.cat(turned, dim=1)


def _neighbours_fault(got: Any, w: Tensor) -> str:
    if not isinstance(got, Tensor) or got.shape != w.shape:
        return f"a matrix of shape {tuple(w.shape)} is expected"
    generator = Generator().manual_seed(1)
    x, y = _normal(generator, 5, w.shape[1]), _normal(generator, 5, w.shape[1])
    before = _halves(x @ w.T) @ _halves(y @ w.T).T
    after = rotary(x @ got.T.to(w)) @ rotary(y @ got.T.to(w)).T
    gap = (after - before).abs().max().item()
    if not gap < 1e-6 * before.abs().max().item():
        return f"the scores of a random sequence change by up to {gap:.3g}"
    return ""


def _layers(generator: Generator) -> Cases:
    yield from [(10, 8, 32), (1, 4, 3), (500, 64, 256), (41, 6, 7)]


def _one_symbol(n: int, d: int, h: int) -> tuple[int, int]:
    def parts(n: int) -> tuple[int, int]:
        return 2 * (3 * d * d + d * d + d * h + h * d), 2 * (d * n + n * d)

    least = next(m for m in range(1, 10**6) if parts(m)[1] > parts(m)[0])
    return sum(parts(n)), least


def _parts(generator: Generator) -> Cases:
    for t, first, second, e, size in [(3, 4, 5, 2, 1), (2, 1, 6, 3, 1), (4, 3, 3, 2, 4000)]:
        found = []
        for s in (first, second):
            scores, v = size * _normal(generator, t, s), _normal(generator, s, e)
            m = scores.amax(dim=1, keepdim=True)
            shares = (scores - m).exp()
            found += [m, shares.sum(dim=1, keepdim=True), shares @ v]
        yield tuple(found)
    m, l, o = _normal(generator, 2, 1), _normal(generator, 2, 1).exp(), _normal(generator, 2, 3)
    empty = [torch.full_like(m, -math.inf), torch.zeros_like(l), torch.zeros_like(o)]
    yield (m, l, o, *empty)
    yield (*empty, m, l, o)


def _which_parts(*parts: Tensor) -> str:
    if any(bool(m.isinf().any()) for m in (parts[0], parts[3])):
        return "a machine without keys (m at -inf, l and o at 0)"
    return "scores in the thousands" if max(m.abs().max() for m in (parts[0], parts[3])) > 700 else "scores near 0"


def _which_sizes(q: Tensor, k: Tensor, v: Tensor, g: Tensor) -> str:
    return f"t = {len(q)}, s = {len(k)}, d = {q.shape[1]}, e = {v.shape[1]}"


def _joined(m_1: Tensor, l_1: Tensor, o_1: Tensor, m_2: Tensor, l_2: Tensor, o_2: Tensor) -> Tensor:
    logs = torch.cat([m_1 + l_1.log(), m_2 + l_2.log()], dim=1)  # of the two denominators
    shares = (logs - logs.logsumexp(dim=1, keepdim=True)).exp()
    means = [torch.where(l > 0, o / l, 0) for l, o in ((l_1, o_1), (l_2, o_2))]
    return shares[:, :1] * means[0] + shares[:, 1:] * means[1]


GRADERS = {
    "transformer-1": Value(
        {"output": (2, 5, 12), "weights": (2, 3, 5, 7), "parameters": 4 * 12 * 12 + 4 * 12},
        "a row of weights for each query and head, a column for each key; four matrices with biases",
    ),
    "transformer-2": Function(
        _torch_masks,
        _batches,
        "True hides: what comes later, and what lies beyond the end of a sequence",
    ),
    "transformer-3": Function(
        _window, _windows, "query i sees keys i - w + 1 to i; each layer reaches w - 1 further back"
    ),
    "transformer-4": Function(
        _one_back,
        _sizes,
        "let keys be the codes themselves, and the query of p the code of p - 1, times a large number",
        property_of=_one_back_fault,
    ),
    "transformer-5": Spoken(
        _attention_backward,
        _attentions,
        "first by v and by the weights, then through the softmax row by row, then by q and k, with the scale",
        rtol=1e-6,
        case_of=_which_sizes,
        entries=("gradient of q", "gradient of k", "gradient of v"),
    ),
    "transformer-6": Function(
        _variance_of_scores,
        _moments,
        "the variance of one product is the mean of its square less the square of its mean",
        rtol=1e-9,
    ),
    "transformer-7": Function(
        lambda w: torch.stack(w.chunk(2), dim=1).flatten(0, 1),
        _projections,
        "rows i and i + d/2 are a pair: they come to rows 2i and 2i + 1",
        property_of=_neighbours_fault,
    ),
    "transformer-8": Function(
        _one_symbol,
        _layers,
        "no cross-attention: one position in the linear layers; one query against n keys, and a mixture of n values",
    ),
    "transformer-9": Spoken(
        _joined,
        _parts,
        "bring l and o of both parts to the larger m, add, and divide at the end",
        rtol=1e-6,
        case_of=_which_parts,
    ),
}
