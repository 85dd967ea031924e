"""`check` and the kinds of graders: right, wrong with what is off, and unanswered."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from dlbook.book import check
from dlbook.book.errors import DlbookError
from dlbook.book.exercises import grader
from dlbook.book.exercises.graders import Function, Value, difference, unanswered


def empty(x):
    """What it should do."""


def dots(x): ...


def test_what_is_not_answered() -> None:
    assert all(map(unanswered, [..., None, (1, ...), [...], {"a": ...}, empty, dots]))
    assert not any(map(unanswered, [0, False, (), (1, 2), "", torch.zeros(0), lambda x: x, print]))


VALUES = [
    (3, 4, "4 is not the value"),
    (3, "3", "an integer is expected, not a string"),
    (3, True, "not a truth value"),
    (3, torch.tensor(3), "take .item()"),
    (2.5, 2.6, "2.6 is not the value"),
    (2.5, "2.5", "a number is expected, not a text"),
    ((2, 3), (2, 3, 1), "2 entries are expected, not 3"),
    ((2, 3), (2, 4), "entry 1: 4"),
    ((2, 3), 2, "a tuple is expected"),
    ({"a": 1}, {"b": 1}, "the keys a are expected"),
    ({"a": 1}, {"a": 2}, "a: 2"),
    ("abc", "abd", "'abd' is not"),
    (torch.float32, torch.float64, "torch.float64 is not"),
    (torch.float32, "float32", "a dtype is expected"),
    (torch.ones(2, 3), torch.ones(3, 2), r"shape \(2, 3\) is expected, not \(3, 2\)"),
    (torch.ones(2), torch.ones(2, dtype=torch.float64), "dtype torch.float32 is expected"),
    (torch.ones(2), [1.0, 1.0], "a tensor is expected, not a list"),
    (
        torch.ones(2, 3),
        torch.ones(2, 3).index_put((torch.tensor(1), torch.tensor(2)), torch.tensor(0.5)),
        r"at index \(1, 2\)",
    ),
    (True, False, "False is not the value"),
    (True, 1, "a truth value is expected"),
]


@pytest.mark.parametrize(("expected", "wrong", "words"), VALUES)
def test_values_say_what_is_off(expected, wrong, words: str) -> None:
    verdict = Value(expected, "look again").judge(wrong)
    assert verdict.status == "wrong"
    assert (
        pytest.importorskip("re").search(words.replace("'text'", "text"), verdict.message)
        or "string" in verdict.message
    )
    assert verdict.message.endswith("Hint: look again")
    assert Value(expected, "h").judge(expected).status == "right"


def test_values_within_rounding_are_right() -> None:
    assert Value(0.1 + 0.2, "h").judge(0.3).status == "right"
    assert Value(math.nan, "h").judge(math.nan).status == "right"
    assert Value(torch.tensor([0.1]), "h").judge(torch.tensor([0.1 + 1e-9])).status == "right"
    assert Value(torch.tensor([1]), "h").judge(torch.tensor([2])).status == "wrong"
    assert Value((1, 2), "h").judge([1, 2]).status == "right"


def cases(generator: torch.Generator):
    yield torch.randn(2, 3, generator=generator), 1
    yield torch.randn(5, 4, generator=generator).T, 0
    yield torch.zeros(0, 3), 1


def refusing(x: Tensor, dim: int) -> Tensor:
    if not x.numel():
        raise ValueError("empty")
    return x.sum(dim)


ROWS = Function(lambda x, dim: x.sum(dim), cases, "sum along dim")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x, dim: x.sum(0), "for \\("),
        (lambda x, dim: x.sum(dim, keepdim=True), "shape"),
        (lambda x, dim: x.sum(dim).double(), "dtype"),
        (lambda x, dim: -x.sum(dim), "at index"),
        (lambda x, dim: print(end=""), "a return missing"),
        (lambda x: x, "raised TypeError"),
        (lambda x, dim: x.mul_(1.5).sum(dim) / 1.5, "changed its input"),
        (3, "a function is expected, not an integer"),
    ],
)
def test_functions_say_where_they_fail(answer, words: str) -> None:
    verdict = ROWS.judge(answer)
    assert verdict.status == "wrong"
    assert pytest.importorskip("re").search(words, verdict.message)


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, r"for \(tensor\(\[\[0\."), (3, r"for \(a tensor of shape \(3, 4\), a tensor of")],
)
def test_many_inputs_are_told_by_their_shapes(count: int, words: str) -> None:
    def cases(generator: torch.Generator) -> list[tuple[Tensor, ...]]:
        return [tuple(torch.rand(3, 4, generator=generator) for _ in range(count))]

    verdict = Function(lambda *x: x[0], cases, "h").judge(lambda *x: x[0] + 1)
    assert pytest.importorskip("re").match(words, verdict.message), verdict.message


def test_functions_that_are_right() -> None:
    assert ROWS.judge(lambda x, dim: torch.sum(x, dim)).message == "right on 3 inputs"
    assert Function(refusing, cases, "h").judge(refusing).status == "right"
    assert "an error is expected" in Function(refusing, cases, "h").judge(lambda x, dim: x.sum(dim)).message
    any_order = Function(
        sorted, lambda g: [([3, 1],)], "h", property_of=lambda got, given: "" if set(got) == set(given) else "no"
    )
    assert any_order.judge(lambda x: x).status == "right"
    assert any_order.judge(lambda x: [0]).status == "wrong"


def test_kinds_of_differences_nest() -> None:
    assert difference({"a": (1, torch.ones(2))}, {"a": (1, torch.ones(3))}, 0.0).startswith("a: entry 1: shape")


def test_an_exercise_that_is_not_there() -> None:
    with pytest.raises(DlbookError, match="There is no exercise 'nonsense-1': no page calls its exercises 'nonsense'"):
        check("nonsense-1", 1)
    with pytest.raises(DlbookError):
        grader("graders-1")


@pytest.mark.parametrize(
    ("expected", "answer"),
    [(3, 3.0), (3, np.int64(3)), ((2, 3), torch.Size([2, 3])), (torch.tensor(0.5), 0.5), (0.5, torch.tensor(0.5))],
)
def test_other_spellings_of_a_right_value_are_accepted(expected, answer) -> None:
    assert Value(expected, "look again").judge(answer).status == "right"


def test_a_dict_of_one_kind_says_which_entry_is_of_another() -> None:
    lists = Value({"once": [5.0, 4.0], "twice": [10.0, 8.0]}, "backward adds")
    tensors = {"once": torch.tensor([5.0, 4.0]), "twice": torch.tensor([10.0, 8.0])}
    assert lists.judge(tensors).message.startswith("once: a list is expected, not a tensor")
    mixed = Value({"a": (4, 3), "b": "refused"}, "align at the right")
    assert "expected" not in mixed.judge({"a": 1, "b": 2}).message, "the kinds would tell the answer"


def test_words_are_compared_without_their_case() -> None:
    assert Value("refused", "").judge(" Refused").status == "right"
    assert Value("refused", "").judge("refuse").status == "wrong"
