"""`verify`: right equations pass in each of its kinds, and a planted fault of value or gradient does not."""

import math

import pytest
import torch
from torch import Tensor, nn

from dlbook.book import records, verify
from dlbook.book.equations import name_of
from dlbook.book.errors import VerificationError


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, str]]:
    """The records that checks leave, with their lines."""
    found: list[tuple[dict, str]] = []
    monkeypatch.setattr(
        "dlbook.book.equations.emit", lambda record, mark, head, text, style: found.append((record, text))
    )
    return found


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def pairs(count: int = 3) -> list[tuple[Tensor, Tensor]]:
    """Non-contiguous inputs of distinct sizes, float32: `verify` computes in float64."""
    made = generator()
    return [(torch.randn(5, 2, generator=made).T, torch.randn(5, 3, generator=made)[:, :]) for _ in range(count)]


def matmul(a: Tensor, b: Tensor) -> Tensor:
    return (a.unsqueeze(-1) * b).sum(-2)


class WrongGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        return -2 * ctx.saved_tensors[0] * grad


def test_exact_passes_and_leaves_a_record(left) -> None:
    verify("eq-n", lambda s: math.prod(s), lambda s: torch.empty(s).numel(), on=[((2, 3),), ((),)], against="numel")
    record, text = left[0]
    assert record["kind"] == "equation"
    assert (record["label"], record["check"], record["cases"], record["tolerance"]) == ("eq-n", "exact", 2, "exactly")
    assert (record["error_value"], record["error_gradient"]) == (0.0, None)
    assert text == "agrees with numel, exactly, on 2 cases"


@pytest.mark.parametrize(
    ("ours", "reference"),
    [
        (lambda x: x + 1, lambda x: x + 2),
        (lambda x: (x, 1), lambda x: (x,)),
        (lambda x: float(x), lambda x: x),
        (lambda x: True, lambda x: 1),
        (lambda x: torch.ones(3), lambda x: torch.ones(3, 1)),
        (lambda x: torch.ones(3), lambda x: torch.ones(3, dtype=torch.float64)),
        (lambda x: torch.tensor([1.0, 1.0 + 2**-23]), lambda x: torch.ones(2)),
        (lambda x: 1 // 0 if x < 0 else x, lambda x: int("x")),
        (lambda x: "a", lambda x: "b"),
    ],
)
def test_exact_refuses_what_differs(ours, reference, left) -> None:
    with pytest.raises(VerificationError, match=r"^eq-x: .*ours .*reference"):
        verify("eq-x", ours, reference, on=[(1,)], against="r")
    assert left == []


def test_exact_accepts_two_refusals_and_nan(left) -> None:
    def refuse(x: int) -> int:
        raise ValueError("no")

    def refuse_too(x: int) -> int:
        raise RuntimeError("neither")

    verify("eq-x", refuse, refuse_too, on=[(1,)], against="r")
    verify("eq-x", lambda x: math.nan, lambda x: math.nan, on=[(1,)], against="r")
    verify("eq-x", lambda x: torch.tensor([math.nan]), lambda x: torch.tensor([math.nan]), on=[(1,)], against="r")
    assert len(left) == 3


def test_equal_compares_values_and_gradients(left) -> None:
    verify("eq-m", matmul, torch.matmul, on=pairs(), against="torch.matmul", kind="equal")
    record, text = left[0]
    assert record["error_value"] < 1e-14
    assert 0 <= record["error_gradient"] < 1e-14
    assert text == "agrees with torch.matmul, within 1e-10, on 3 cases, value and gradient"


def test_equal_finds_a_sign_in_the_value() -> None:
    with pytest.raises(VerificationError, match="eq-m: the values differ by 2 of the largest value, tolerance 1e-10"):
        verify("eq-m", lambda a, b: -matmul(a, b), torch.matmul, on=pairs(), against="m", kind="equal")


def test_equal_finds_a_sign_in_the_gradient() -> None:
    with pytest.raises(VerificationError, match="the gradients by argument 1 differ by 2"):
        verify("eq-s", WrongGradient.apply, torch.square, on=[(torch.randn(7),)], against="x²", kind="equal")


def test_equal_finds_a_gradient_that_is_missing() -> None:
    with pytest.raises(VerificationError, match="the gradients by argument 1 differ"):
        verify("eq-s", lambda x: x.detach() ** 2, torch.square, on=[(torch.randn(7),)], against="x²", kind="equal")


def test_equal_does_not_speak_of_gradients_where_there_are_none(left) -> None:
    for ours, reference in [
        (lambda x: x.detach() ** 2, lambda x: x.detach().square()),
        (lambda x: torch.tensor(x.tolist()), lambda x: x.detach()),
        (torch.sign, lambda x: (x > 0).double() - (x < 0).double()),
    ]:
        verify("eq-v", ours, reference, on=[(torch.randn(7),)], against="x", kind="equal")
    (first, text), (second, _), (sign, with_gradient) = left
    assert first["error_gradient"] is second["error_gradient"] is None
    assert text == "agrees with x, within 1e-10, on 1 case"
    assert sign["error_gradient"] == 0.0  # one side has a graph, and its gradient is zero: compared
    assert with_gradient.endswith("value and gradient")


def test_equal_finds_a_small_relative_error_and_a_wrong_shape() -> None:
    with pytest.raises(VerificationError, match="the values differ"):
        verify("eq", lambda x: x * (1 + 1e-8), lambda x: x, on=[(torch.ones(3),)], against="x", kind="equal")
    with pytest.raises(VerificationError, match="the values differ in shape"):
        verify("eq", lambda x: x[None], lambda x: x, on=[(torch.ones(3),)], against="x", kind="equal")
    with pytest.raises(VerificationError, match="the values differ"):
        verify("eq", lambda x: x * math.nan, lambda x: x, on=[(torch.ones(3),)], against="x", kind="equal")


class Affine(nn.Module):
    def __init__(self, sign: float) -> None:
        super().__init__()
        made = generator()
        self.weight = nn.Parameter(torch.randn(4, 3, generator=made))
        self.bias = nn.Parameter(torch.randn(4, generator=made))
        self.sign = sign

    def forward(self, x: Tensor) -> Tensor:
        return (self.weight @ x.unsqueeze(-1)).squeeze(-1) + self.bias + (self.sign - 1) * self.bias.detach()


def test_equal_compares_the_gradients_of_parameters(left) -> None:
    reference = nn.Linear(3, 4)
    ours = Affine(1.0)
    reference.load_state_dict({"weight": ours.weight, "bias": ours.bias})
    verify("eq-a", ours, reference, on=[(torch.randn(6, 3),)], against="nn.Linear", kind="equal")
    assert left[0][0]["error_gradient"] < 1e-12
    assert ours.weight.dtype == torch.float32  # the reader's module is left alone


def test_bound_holds_or_not(left) -> None:
    cases = [(torch.tensor(float(x)),) for x in range(1, 6)]
    verify("eq-log", lambda x: x.log(), lambda x: x - 1, on=cases, against="x - 1", kind="bound")
    assert left[0][1] == "stays at or below x - 1 on 5 cases"
    with pytest.raises(VerificationError, match="the left side exceeds the bound"):
        verify("eq-log", lambda x: x - 1, lambda x: x.log(), on=cases, against="log", kind="bound")
    with pytest.raises(VerificationError):
        verify("eq-log", lambda x: x * math.nan, lambda x: x, on=cases, against="x", kind="bound")


def test_estimate_holds_or_not(left) -> None:
    def samples(mean: float) -> Tensor:
        return torch.randn(1000, generator=generator(), dtype=torch.float64) + mean

    verify("eq-e", samples, lambda mean: mean, on=[(0.5,), (-0.5,)], against="the mean", kind="estimate")
    assert "within 5 standard errors, on 2 cases" in left[0][1]
    with pytest.raises(VerificationError, match="samples is off by"):
        verify("eq-e", samples, lambda mean: -mean, on=[(0.5,)], against="the mean", kind="estimate")
    with pytest.raises(ValueError, match="29 samples: an estimate needs at least 30"):
        verify("eq-e", lambda m: samples(m)[:29], lambda m: m, on=[(0.5,)], against="m", kind="estimate")


def test_bad_requests() -> None:
    with pytest.raises(ValueError, match="kind = 'same': accepted are exact, equal, bound, estimate"):
        verify("eq-x", abs, abs, on=[(1,)], against="abs", kind="same")
    with pytest.raises(ValueError, match="no case was given"):
        verify("eq-x", abs, abs, on=[], against="abs")


def test_names_for_the_ledger() -> None:
    assert name_of(matmul) == f"{__name__}.matmul"
    assert name_of(nn.Linear(1, 1)) == "torch.nn.modules.linear.Linear"
    assert "expression on the page" in name_of(lambda: 0)


def test_a_line_is_printed_outside_a_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    assert not records.in_notebook()
    verify("eq-x", abs, abs, on=[(1,)], against="abs")
    assert capsys.readouterr().out == "✓ verified eq-x: agrees with abs, exactly, on 1 case\n"
