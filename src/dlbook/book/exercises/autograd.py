"""Graders of the page 02_autograd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from ...autograd import Variable, elementwise
from .graders import INPUT_SEED, Function, Value, Verdict, difference, kind_of, shown

Cases = Iterator[tuple[Any, ...]]


def _systems(generator: Generator) -> Cases:
    for n, d in [(5, 3), (2, 4), (1, 1), (3, 3)]:
        yield (
            torch.randn(d, n, generator=generator, dtype=torch.float64).T,
            torch.randn(d, generator=generator, dtype=torch.float64),
            torch.randn(n, generator=generator, dtype=torch.float64),
        )


def _gradient_of_square(X: Tensor, w: Tensor, y: Tensor) -> Tensor:
    w = w.clone().requires_grad_()
    return torch.autograd.grad((X @ w - y).square().sum(), w)[0]


def _softmaxes(generator: Generator) -> Cases:
    for b, d in [(3, 4), (1, 2), (4, 4), (2, 1)]:
        x, g = (torch.randn(b, d, generator=generator, dtype=torch.float64) for _ in range(2))
        yield x.softmax(dim=-1), g


def _back_through_softmax(y: Tensor, g: Tensor) -> Tensor:
    x = y.log().requires_grad_()
    return torch.autograd.grad(x.softmax(dim=-1), x, g)[0]


def _broadcasts(generator: Generator) -> Cases:
    for large, small in [
        ((2, 3), (3,)),
        ((3, 4), (3, 1)),
        ((2, 5), ()),
        ((2, 4, 3), (1, 4, 1)),
        ((2, 3), (2, 3)),
        ((4, 1, 3), (1, 3)),
        ((3, 3), (1, 3)),
    ]:
        yield torch.randn(large, generator=generator), small


def _points(generator: Generator) -> Cases:
    for shape in [(5,), (2, 3), ()]:
        yield (3 * torch.randn(shape, generator=generator, dtype=torch.float64),)


def _sigmoid(a: Variable) -> Variable:
    return elementwise("sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda y: y * (1 - y), a, told_from="result")


class _EngineSigmoid:
    """The answer is an operation of the engine: value, derivative, and from whose numbers the slope is told."""

    reference = staticmethod(_sigmoid)
    hint = "call elementwise with a name, a function of x, a slope told from y, the operand, and what the slope reads"

    def judge(self, answer: Any) -> Verdict:
        """Run it on leaves of the reader's own `Variable`, which may be edited."""
        if not callable(answer):
            return Verdict("wrong", f"a function is expected, not {kind_of(answer)}. Hint: {self.hint}")
        make = getattr(answer, "__globals__", {}).get("Variable", Variable)
        for (x,) in _points(torch.Generator().manual_seed(INPUT_SEED)):
            if fault := self._fault(answer, make(x.numpy(), requires_grad=True), x):
                return Verdict("wrong", f"for {shown(x)} {fault}. Hint: {self.hint}")
        return Verdict("right", "right on 3 inputs")

    def _fault(self, answer: Any, leaf: Any, x: Tensor) -> str:
        try:
            out = answer(leaf)
        except Exception as error:
            return f"your function raised {type(error).__name__}: {error}"
        if not isinstance(out, type(leaf)):
            return f"a variable of the engine is expected, not {kind_of(out)}"
        y = torch.sigmoid(x)
        if fault := difference(torch.as_tensor(out.data), y, 1e-9):
            return fault
        if not out.requires_grad:
            return "the result has lost its history"
        if [whose for whose, *_ in out.saved] != ["result"]:
            return "the value is right, but the slope must be told from the result alone: told_from"
        out.backward(np.ones(out.shape))
        return (fault := difference(torch.as_tensor(leaf.grad), y - y * y, 1e-9)) and f"the gradient: {fault}"


def _leaves(generator: Generator) -> Cases:
    for shape in [(3,), (2, 4), (1,)]:
        yield (torch.randn(shape, generator=generator, dtype=torch.float64),)


def _mended_fault(got: Any, x: Tensor) -> str:
    """The value, then the gradient by an input that asks for one; `Function` itself hands out inputs that do not."""
    return difference(got, x.exp() + x, 1e-9)


class _Mended(Function):
    """The mended function is tried on leaves that ask for a gradient."""

    def _fault(self, answer: Any, case: tuple[Any, ...]) -> str:
        if fault := super()._fault(answer, case):
            return fault
        x = case[0].clone().requires_grad_()
        try:
            answer(x).sum().backward()
        except RuntimeError as error:
            return f"with a gradient asked for, it raised: {str(error).partition(':')[0]}"
        if x.grad is None:
            return "no gradient arrived"
        return (fault := difference(x.grad, case[0].exp() + 1, 1e-9)) and f"the gradient: {fault}"


def _roots(generator: Generator) -> Cases:
    for a in (2.0, 9.0, 0.25, 1.0):
        for steps in (0, 1, 2, 7):
            yield a, steps


def _root_and_slope(a: float, steps: int) -> tuple[float, float]:
    leaf = torch.tensor(a, dtype=torch.float64, requires_grad=True)
    x = leaf * 1
    for _ in range(steps):
        x = (x + leaf / x) / 2
    x.backward()
    return x.item(), leaf.grad.item()


GRADERS = {
    "autograd-1": Value(
        {"once": [5.0, 4.0], "twice": [10.0, 8.0]}, "the slope by x[0] is x[1]² + 1; and backward adds", rtol=1e-6
    ),
    "autograd-2": Function(
        _gradient_of_square,
        _systems,
        "call X w - y the residual r: its slope is 2 r, its Jacobian by w is X",
        rtol=1e-8,
    ),
    "autograd-3": Function(
        _back_through_softmax,
        _softmaxes,
        "write out the sum over i of g_i y_i ([i = j] - y_j): the second part is the same for every j",
        rtol=1e-8,
    ),
    "autograd-4": Value(
        {"a forward": 1000, "a reverse": 3, "b forward": 2, "b reverse": 50, "one direction": "forward"},
        "a forward pass gives a column of the Jacobian, a reverse pass a row",
    ),
    "autograd-5": Function(
        lambda g, shape: g.sum_to_size(shape) if shape else g.sum(),
        _broadcasts,
        "axes that were added at the left vanish; axes of size 1 stay, with the sum",
        rtol=1e-5,
    ),
    "autograd-6": _EngineSigmoid(),
    "autograd-7": Value(
        {
            "x * x.detach()": 3.0,
            "(x + x.detach()) ** 2": 12.0,
            "x.detach() ** 2": "error",
            "x.clone() ** 2": 6.0,
            "x * x.item()": 3.0,
            "torch.tensor([x.item()]).sum()": "error",
        },
        "a detached factor counts as a constant; without any way to x there is nothing to walk back",
    ),
    "autograd-8": _Mended(
        lambda x: x.exp() + x,
        _leaves,
        "y + x makes a new tensor, y += x writes over the old one",
        property_of=_mended_fault,
    ),
    "autograd-9": Value(
        {
            "y = w.exp(); y *= 2; y.sum().backward()": "in place",
            "y = w + 1; y *= 2; y.sum().backward()": "fine",
            "y = (w > 1).float().mean(); y.backward()": "no graph",
            "y = (w * w).sum(); y.backward(); y.backward()": "used up",
            "y = (w + w).sum(); (2 * y).backward(); (3 * y).backward()": "fine",
            "y = (w * w).sum(); z = y.item() * w.sum(); z.backward()": "fine",
        },
        "ask of each operation which numbers its rule reads: exp its result, a product both factors, a sum none",
    ),
    "autograd-10": Function(
        _root_and_slope,
        _roots,
        "beside x carry its slope, 1 at the start; a / x changes by 1/x - a slope / x²",
        rtol=1e-9,
    ),
}
