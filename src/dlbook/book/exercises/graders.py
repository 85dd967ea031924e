"""Kinds of graders: a value, or a function that is tried on generated inputs."""

from __future__ import annotations

import dis
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Real
from types import CodeType, FunctionType
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

INPUT_SEED = 1729


@dataclass(frozen=True)
class Verdict:
    """`right`, `wrong` or `unanswered`, with a sentence for the reader."""

    status: str
    message: str


@runtime_checkable
class Grader(Protocol):
    """Anything that can judge an answer."""

    def judge(self, answer: Any) -> Verdict: ...


def unanswered(answer: Any) -> bool:
    """Whether this is the starter: `...`, None, a container with `...` in it, or a function whose body is empty."""
    if answer is ... or answer is None:
        return True
    if isinstance(answer, (tuple, list)):
        return any(part is ... for part in answer)
    if isinstance(answer, dict):
        return any(part is ... for part in answer.values())
    return isinstance(answer, FunctionType) and _does_nothing(answer.__code__)


def _does_nothing(code: CodeType) -> bool:
    work = [i for i in dis.get_instructions(code) if i.opname not in ("RESUME", "NOP", "RETURN_VALUE", "RETURN_CONST")]
    return all(i.opname == "LOAD_CONST" and (i.argval is None or i.argval is ...) for i in work)


@dataclass(frozen=True)
class Value:
    """The answer is a value: number, string, shape, dtype, tensor, or a tuple, list or dict of them."""

    expected: Any
    hint: str
    rtol: float = 1e-5

    def judge(self, answer: Any) -> Verdict:
        """Compare kind, shape, dtype and value, in this order; the first that is off is named."""
        if fault := difference(answer, self.expected, self.rtol):
            return Verdict("wrong", f"{fault}. Hint: {self.hint}")
        return Verdict("right", "right")


@dataclass(frozen=True)
class Function:
    """The answer is a function: it is tried beside `reference` on the inputs that `cases` generates.

    `property_of` replaces the comparison where more than one result is right: it is given the result and the arguments
    and returns a fault in words, or the empty string.
    """

    reference: Callable[..., Any]
    cases: Callable[[torch.Generator], Iterable[tuple[Any, ...]]]
    hint: str
    rtol: float = 1e-5
    property_of: Callable[..., str] | None = None
    keeps_inputs: bool = True

    def judge(self, answer: Any) -> Verdict:
        """Run every case; name the first that fails, with what was given and what is expected."""
        if not callable(answer):
            return Verdict("wrong", f"a function is expected, not {kind_of(answer)}. Hint: {self.hint}")
        count = 0
        for case in self.cases(torch.Generator().manual_seed(INPUT_SEED)):
            count += 1
            if fault := self._fault(answer, case):
                return Verdict("wrong", f"for ({inputs(case)}) {fault}. Hint: {self.hint}")
        return Verdict("right", f"right on {count} inputs")

    def _fault(self, answer: Callable[..., Any], case: tuple[Any, ...]) -> str:
        expected, refusal = _outcome(self.reference, _copies(case))
        handed = _copies(case)
        got, error = _outcome(answer, handed)
        if refusal is not None:
            return "" if error is not None else f"an error is expected, your function returned {shown(got)}"
        if error is not None:
            return f"your function raised {type(error).__name__}: {error}"
        if got is None:
            return "your function returned None: is a return missing?"
        changed = any(difference(after, before, 0.0) for after, before in zip(handed, case, strict=True))
        if self.keeps_inputs and changed:
            return "your function changed its input"
        return self.property_of(got, *handed) if self.property_of else difference(got, expected, self.rtol)


def _outcome(call: Callable[..., Any], case: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return call(*case), None
    except Exception as error:
        return None, error


def _copies(case: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments again, so that a function that changes one harms nobody; strides are kept."""
    return tuple(_copy(a) if isinstance(a, Tensor) else list(a) if isinstance(a, list) else a for a in case)


def _copy(tensor: Tensor) -> Tensor:
    storage = tensor.detach().untyped_storage().clone()
    twin = torch.empty(0, dtype=tensor.dtype, device=tensor.device)
    return twin.set_(storage, tensor.storage_offset(), tensor.shape, tensor.stride())


def kind_of(value: Any) -> str:
    """What a value is, in the words of a sentence."""
    names = {
        bool: "a truth value", int: "an integer", float: "a number", complex: "a complex number", str: "a string",
        torch.dtype: "a dtype", Tensor: "a tensor", tuple: "a tuple", list: "a list", dict: "a dict",
    }  # fmt: skip
    for kind, words in names.items():
        if isinstance(value, kind):
            return words
    return "a function" if callable(value) else f"a {type(value).__name__}"


def shown(value: Any) -> str:
    """A value in at most one line."""
    if isinstance(value, Tensor):
        if value.numel() > 12:
            strides = "" if value.is_contiguous() else f", strides {value.stride()}"
            return f"a tensor of shape {tuple(value.shape)}{strides}"
        numbers = " ".join(str(value).removeprefix("tensor(").removesuffix(")").split())
        return f"tensor({numbers.partition(', dtype')[0]}, {str(value.dtype).removeprefix('torch.')})"
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def inputs(case: tuple[Any, ...]) -> str:
    """The arguments of a call; where their numbers would hide what follows, tensors by their shapes."""
    whole = ", ".join(map(shown, case))
    if len(whole) <= 160:
        return whole
    shapes = (f"a tensor of shape {tuple(a.shape)}" if isinstance(a, Tensor) and a.ndim else shown(a) for a in case)
    return ", ".join(shapes)


def difference(got: Any, expected: Any, rtol: float) -> str:
    """What is off: kind, length, shape, dtype or value; the empty string where nothing is."""
    if isinstance(expected, Tensor):
        return _tensor_difference(got, expected, rtol)
    if isinstance(expected, (tuple, list)):
        if not isinstance(got, (tuple, list)):
            return f"{kind_of(expected)} is expected, not {kind_of(got)}"
        if len(got) != len(expected):
            return f"{len(expected)} entries are expected, not {len(got)}"
        faults = (difference(g, e, rtol) for g, e in zip(got, expected, strict=True))
        return next((f"entry {i}: {fault}" for i, fault in enumerate(faults) if fault), "")
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return f"a dict is expected, not {kind_of(got)}"
        if got.keys() != expected.keys():
            return f"the keys {', '.join(map(str, expected))} are expected"
        if kind := _kind_fault(got, expected):
            return kind
        faults = {key: difference(got[key], value, rtol) for key, value in expected.items()}
        return _entries_difference(faults, expected)
    if isinstance(expected, float):
        return _number_difference(got, expected, rtol)
    if isinstance(expected, int) and not isinstance(expected, bool):
        return _whole_difference(got, expected)
    if type(got) is not type(expected):
        return f"{kind_of(expected)} is expected, not {kind_of(got)}"
    if isinstance(expected, str):
        return "" if got.strip().casefold() == expected.casefold() else f"{shown(got)} is not the value expected"
    return "" if got == expected else f"{shown(got)} is not the value expected"


def _kind_fault(got: dict[Any, Any], expected: dict[Any, Any]) -> str:
    """The first entry of a wrong kind, where all are expected to be of one: then the kind tells no answer."""
    if len({type(value) for value in expected.values()}) > 1:
        return ""
    faults = ((key, difference(got[key], value, math.inf)) for key, value in expected.items())
    wrong = ((key, fault) for key, fault in faults if " is expected, not a" in fault or "take .item()" in fault)
    return next((f"{key}: {fault}" for key, fault in wrong), "")


def _entries_difference(faults: dict[Any, str], expected: dict[Any, Any]) -> str:
    """Which entries of a dict are off; in which way only where the kinds of the others do not tell the answer."""
    wrong = [key for key, fault in faults.items() if fault]
    if not wrong:
        return ""
    if len({type(value) for value in expected.values()}) > 1 or len(wrong) > 1:
        return f"off: {', '.join(map(str, wrong))}"
    return f"{wrong[0]}: {faults[wrong[0]]}"


def _whole_difference(got: Any, expected: int) -> str:
    """For an integer, a NumPy integer or a whole float (`8e9`) will do; a tensor will not."""
    if isinstance(got, Tensor):
        return "a Python number is expected: take .item()"
    if isinstance(got, bool) or not isinstance(got, Real):
        return f"an integer is expected, not {kind_of(got)}"
    return "" if got == expected else f"{shown(got)} is not the value expected"


def _number_difference(got: Any, expected: float, rtol: float) -> str:
    if isinstance(got, Tensor) and got.ndim == 0:
        got = got.item()
    if isinstance(got, bool) or not isinstance(got, (int, float)):
        return f"a number is expected, not {kind_of(got)}"
    same = math.isclose(got, expected, rel_tol=max(rtol, 1e-12), abs_tol=1e-12)
    return "" if same or (math.isnan(got) and math.isnan(expected)) else f"{got:.6g} is not the value expected"


def _tensor_difference(got: Any, expected: Tensor, rtol: float) -> str:
    if expected.ndim == 0 and expected.is_floating_point() and isinstance(got, float):
        return _number_difference(got, expected.item(), rtol)
    if not isinstance(got, Tensor):
        return f"a tensor is expected, not {kind_of(got)}"
    if got.shape != expected.shape:
        return f"shape {tuple(expected.shape)} is expected, not {tuple(got.shape)}"
    if got.dtype != expected.dtype:
        return f"dtype {expected.dtype} is expected, not {got.dtype}"
    exact = not (expected.is_floating_point() or expected.is_complex())
    tolerance = 0.0 if exact else rtol
    close = torch.isclose(got.detach().cpu(), expected.cpu(), rtol=tolerance, atol=tolerance, equal_nan=True)
    if close.all():
        return ""
    where = tuple(int(i) for i in (~close).nonzero()[0])
    place = f"at index {where} " if where else ""
    digits = "" if exact else ".6g"
    return f"{place}{expected[where].item():{digits}} is expected, not {got[where].item():{digits}}"
