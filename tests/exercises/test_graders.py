"""Every grader accepts its own reference, knows an unanswered starter, and refuses at least three wrong answers."""

import importlib
import pkgutil
from pathlib import Path

import pytest

from dlbook.book import exercises
from dlbook.book.errors import DlbookError
from dlbook.book.exercises import check, judge
from dlbook.book.exercises.graders import Value

PAGES = [name for _, name, _ in pkgutil.iter_modules(exercises.__path__) if name != "graders"]
GRADERS = {
    identity: grader
    for page in PAGES
    for identity, grader in importlib.import_module(f"dlbook.book.exercises.{page}").GRADERS.items()
}
WRONG = {}
for path in sorted(Path(__file__).parent.glob("mutants_*.py")):
    WRONG |= importlib.import_module(path.stem).WRONG


def right_answer(grader):
    """The answer that a grader itself holds to be right."""
    if isinstance(grader, Value):
        return grader.expected
    if hasattr(grader, "reference"):
        return grader.reference
    return {name: equation for name, (_, equation) in grader.expected.items()}


def test_every_grader_has_wrong_answers():
    assert WRONG.keys() == GRADERS.keys()
    assert all(len(answers) >= 3 for answers in WRONG.values())


@pytest.mark.parametrize("identity", GRADERS)
def test_right(identity):
    assert judge(identity, right_answer(GRADERS[identity])).status == "right"


@pytest.mark.parametrize(("identity", "number"), [(i, n) for i, answers in WRONG.items() for n in range(len(answers))])
def test_wrong(identity, number):
    verdict = judge(identity, WRONG[identity][number])
    assert verdict.status == "wrong"
    assert "Hint: " in verdict.message


@pytest.mark.parametrize("identity", GRADERS)
def test_unanswered(identity, capsys):
    def starter(*arguments): ...

    for answer in (..., {"a": ...}, starter):
        assert judge(identity, answer).status == "unanswered"
    check(identity, ...)
    assert "not answered yet" in capsys.readouterr().out


def test_unknown_exercises_are_named():
    with pytest.raises(DlbookError, match="'tensors-99': accepted are tensors-1, "):
        check("tensors-99", 1)
    with pytest.raises(DlbookError, match="no page calls its exercises 'nonsense'"):
        check("nonsense-1", 1)
