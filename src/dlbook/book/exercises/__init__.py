"""`check`: the reader's answer to an exercise against its grader."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import DlbookError
from ..records import emit
from .graders import Grader, Verdict, unanswered

__all__ = ["check", "grader", "judge"]


def grader(identity: str) -> Grader:
    """The grader of an exercise, `tensors-3` from the module `dlbook.book.exercises.tensors`.

    Raises:
        DlbookError: there is no such exercise; the sentence lists those that there are.
    """
    page = identity.rpartition("-")[0]
    try:
        graders = importlib.import_module(f"{__name__}.{page}").GRADERS
    except (ModuleNotFoundError, AttributeError):
        raise DlbookError(f"There is no exercise {identity!r}: no page calls its exercises {page!r}.") from None
    if identity not in graders:
        raise DlbookError(f"There is no exercise {identity!r}: accepted are {', '.join(graders)}.")
    return graders[identity]


def judge(identity: str, answer: Any) -> Verdict:
    """Whether an answer is right, and what is wrong with it."""
    found = grader(identity)
    if unanswered(answer):
        return Verdict("unanswered", "not answered yet: put your answer in place of the three dots")
    return found.judge(answer)


def check(identity: str, answer: Any) -> None:
    """Tell whether an answer is right; if it is not, what is off (kind, shape, dtype, value) and a hint.

    A wrong or missing answer stops nothing: the notebook runs on.

    Raises:
        DlbookError: there is no exercise of that name.
    """
    verdict = judge(identity, answer)
    mark = {"right": "✓", "wrong": "✗", "unanswered": "…"}[verdict.status]
    record = {"kind": "exercise", "id": identity, "status": verdict.status}
    emit(record, mark, identity, verdict.message, style=f"check dlbook-{verdict.status}")
