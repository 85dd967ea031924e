"""`verify`: an equation of the page against an independent reference, on many inputs.

Four kinds:

* `exact`: integers, shapes, strings, or tensors that must agree bit for bit; where both refuse an input, they agree.
* `equal`: real values in float64, and their derivatives: the vector-Jacobian product with a random cotangent, for every
  differentiable input and every parameter of a module.
* `bound`: an inequality, left side at most right side, over every input.
* `estimate`: a Monte Carlo mean, within `k` standard errors of the reference.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .errors import VerificationError
from .records import emit

Case = tuple[Any, ...]

COTANGENT_SEED = 20_170_612


def verify(
    label: str,
    ours: Callable[..., Any],
    reference: Callable[..., Any],
    *,
    on: Iterable[Case],
    against: str,
    kind: str = "exact",
    tolerance: float = 1e-10,
    k: float = 5.0,
) -> None:
    """Hold the equation `label` against `reference` on every case, show one line, and leave a record.

    Args:
        label: the label of the equation on this page, `eq-...`.
        ours: the code that is the equation.
        reference: an independent implementation, a closed form or a property; for `bound` the right-hand side.
        on: cases, each a tuple of arguments for both sides; for `estimate` `ours` returns the samples of a case.
        against: what the reference is, in words for the ledger.
        kind: `exact`, `equal`, `bound` or `estimate`.
        tolerance: for `equal`, the largest difference allowed, as a fraction of the largest value; for `bound`
            likewise.
        k: for `estimate`, how many standard errors are allowed.

    Raises:
        VerificationError: the two sides differ; the message shows the case and both sides.
        ValueError: an unknown kind, or no case.
    """
    kinds = {"exact": _exact, "equal": _equal, "bound": _bound, "estimate": _estimate}
    if kind not in kinds:
        raise ValueError(f"kind = {kind!r}: accepted are {', '.join(kinds)}.")
    cases = [tuple(case) for case in on]
    if not cases:
        raise ValueError(f"{label}: no case was given, so nothing would be verified.")
    stated = {"exact": "exactly", "estimate": f"within {k:g} standard errors"}.get(kind, f"within {tolerance:g}")
    error_value, error_gradient = 0.0, None
    for case in cases:
        value, gradient = kinds[kind](label, ours, reference, case, k if kind == "estimate" else tolerance)
        error_value = max(error_value, value)
        if gradient is not None:
            error_gradient = max(error_gradient or 0.0, gradient)
    record = {
        "kind": "equation", "label": label, "check": kind, "ours": name_of(ours), "reference": against,
        "cases": len(cases), "tolerance": stated, "error_value": error_value, "error_gradient": error_gradient,
    }  # fmt: skip
    what = {"bound": "holds as an inequality", "estimate": "agrees"}.get(kind, "agrees")
    gradients = ", value and gradient" if error_gradient is not None else ""
    plural = "case" if len(cases) == 1 else "cases"
    text = f"{what} with {against}, {stated}, on {len(cases)} {plural}{gradients}"
    if kind == "bound":
        text = f"stays at or below {against} on {len(cases)} {plural}"
    emit(record, "✓", f"verified {label}", text, style="verify")


def name_of(call: Callable[..., Any]) -> str:
    """Dotted name of a package function, plain name of one defined on the page."""
    call = getattr(call, "func", call)
    if isinstance(call, nn.Module):
        call = type(call)
    name = getattr(call, "__qualname__", type(call).__qualname__).replace("<lambda>", "expression on the page")
    module = getattr(call, "__module__", None) or ""
    return name if module in ("__main__", "") else f"{module}.{name}"


def _differ(label: str, case: Case, ours: Any, reference: Any, why: str = "") -> VerificationError:
    given = ", ".join(_short(argument) for argument in case)
    sides = f"ours {_short(ours)}, reference {_short(reference)}"
    return VerificationError(f"{label}: {why or 'the two sides differ'} on ({given}): {sides}")


def _short(value: Any) -> str:
    if isinstance(value, Tensor) and value.numel() > 12:
        return f"tensor of shape {tuple(value.shape)}, {value.dtype}"
    text = str(value.tolist()) if isinstance(value, Tensor) else repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def _exact(label: str, ours: Callable, reference: Callable, case: Case, _: float) -> tuple[float, None]:
    left, right = _outcome(ours, case), _outcome(reference, case)
    if not _same(left, right):
        raise _differ(label, case, left, right)
    return 0.0, None


class _Refused:
    """The outcome of a call that raised: two refusals are the same outcome."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"refused ({type(self.error).__name__}: {str(self.error).splitlines()[0] if str(self.error) else ''})"


def _outcome(call: Callable, case: Case) -> Any:
    try:
        return call(*case)
    except (ValueError, RuntimeError, IndexError, TypeError) as error:
        return _Refused(error)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, _Refused) or isinstance(right, _Refused):
        return isinstance(left, _Refused) and isinstance(right, _Refused)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        both = isinstance(left, Tensor) and isinstance(right, Tensor)
        return both and left.dtype == right.dtype and left.shape == right.shape and _same_bits(left, right)
    if isinstance(left, (tuple, list)) and isinstance(right, (tuple, list)):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left) and math.isnan(right):
        return True
    return type(left) is type(right) and bool(left == right)


def _same_bits(left: Tensor, right: Tensor) -> bool:
    if left.is_floating_point() or left.is_complex():
        return bool(torch.isclose(left, right, rtol=0, atol=0, equal_nan=True).all())
    return torch.equal(left, right)


def _equal(label: str, ours: Callable, reference: Callable, case: Case, tolerance: float) -> tuple[float, float | None]:
    left, left_grads = _value_and_vjp(ours, case)
    right, right_grads = _value_and_vjp(reference, case)
    if len(left) != len(right):
        raise _differ(label, case, f"{len(left)} outputs", f"{len(right)} outputs")
    if left_grads is not None and right_grads is not None and left_grads.keys() != right_grads.keys():
        raise _differ(label, case, sorted(left_grads), sorted(right_grads), "the differentiable inputs differ")
    value = max(_gap(label, case, a, b, tolerance, "the values differ") for a, b in zip(left, right, strict=True))
    if not left_grads and not right_grads:
        return value, None
    # a side without a graph is piecewise constant: where the other one has a graph, its gradient must be zero
    zero = {name: torch.zeros_like(gradient) for name, gradient in (left_grads or right_grads or {}).items()}
    left_grads, right_grads = left_grads or zero, right_grads or zero
    pairs = [(left_grads[name], right_grads[name], name) for name in left_grads]
    return value, max(_gap(label, case, a, b, tolerance, f"the gradients by {n} differ") for a, b, n in pairs)


def _gap(label: str, case: Case, left: Tensor, right: Tensor, tolerance: float, why: str) -> float:
    """Largest difference as a fraction of the largest reference value; raises where it exceeds the tolerance."""
    if left.shape != right.shape:
        raise _differ(label, case, tuple(left.shape), tuple(right.shape), f"{why} in shape")
    if not left.numel():
        return 0.0
    scale = max(right.abs().max().item(), torch.finfo(right.real.dtype).tiny)
    gap = (left - right).abs().max().item() / scale
    if not gap <= tolerance:  # so that nan fails
        raise _differ(label, case, left, right, f"{why} by {gap:.3g} of the largest value, tolerance {tolerance:g}")
    return gap


def _value_and_vjp(call: Callable, case: Case) -> tuple[list[Tensor], dict[str, Tensor] | None]:
    """Outputs in float64, and the gradient of <outputs, random cotangent> by every input and parameter.

    There is no gradient, None, where the outputs do not depend on any of them by a graph.
    """
    case = tuple(_prepared(argument) for argument in case)
    call = _prepared(call)
    leaves = {f"argument {i + 1}": a for i, a in enumerate(case) if isinstance(a, Tensor) and a.requires_grad}
    for module in (call, *case):
        if isinstance(module, nn.Module):
            leaves |= {f"parameter {name}": p for name, p in module.named_parameters() if p.requires_grad}
    outputs = [_as_tensor(output) for output in _flat(call(*case))]
    generator = torch.Generator().manual_seed(COTANGENT_SEED)
    total = torch.zeros((), dtype=torch.float64)
    for output in outputs:
        total = total + (output * torch.randn(output.shape, generator=generator, dtype=torch.float64)).sum()
    values = [output.detach() for output in outputs]
    if not leaves:
        return values, {}
    if not total.requires_grad:
        return values, None
    found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return values, {
        name: torch.zeros_like(leaf) if gradient is None else gradient
        for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
    }


def _prepared(argument: Any) -> Any:
    if isinstance(argument, nn.Module):
        return copy.deepcopy(argument).double()
    if isinstance(argument, Tensor) and argument.is_floating_point():
        # detach and convert, but keep the strides: equations must hold for views too
        return argument.detach().to(torch.float64, copy=True).requires_grad_()
    return argument


def _flat(output: Any) -> Sequence[Any]:
    return [leaf for part in output for leaf in _flat(part)] if isinstance(output, (tuple, list)) else [output]


def _as_tensor(output: Any) -> Tensor:
    if isinstance(output, Tensor):
        return output.cpu() if output.is_floating_point() else output.to("cpu", torch.float64)
    return torch.as_tensor(output, dtype=torch.float64)


def _bound(label: str, ours: Callable, reference: Callable, case: Case, tolerance: float) -> tuple[float, None]:
    left = torch.as_tensor(ours(*case), dtype=torch.float64)
    right = torch.as_tensor(reference(*case), dtype=torch.float64)
    if not bool((left <= right + tolerance * right.abs()).all()):
        raise _differ(label, case, left, right, "the left side exceeds the bound")
    return 0.0, None


def _estimate(label: str, ours: Callable, reference: Callable, case: Case, k: float) -> tuple[float, None]:
    samples = torch.as_tensor(ours(*case), dtype=torch.float64).flatten()
    right = float(reference(*case))
    if samples.numel() < 30:
        raise ValueError(f"{label}: {samples.numel()} samples: an estimate needs at least 30.")
    mean, error = samples.mean().item(), samples.std().item() / math.sqrt(samples.numel())
    if not abs(mean - right) <= k * error:
        raise _differ(label, case, mean, right, f"the mean of {samples.numel()} samples is off by over {k:g} errors")
    return abs(mean - right), None
