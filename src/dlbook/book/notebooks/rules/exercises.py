"""Rules about exercises: statement, starter with its check, grader, and a solution that was executed and is right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from ...errors import DlbookError
from ...exercises import grader
from ..files import calls, code_cells, first_text
from ..harvest import records
from ..lint import Fault, Page, rule

FEWEST, MOST = 5, 10
STATEMENT = re.compile(
    r"^(?:`{3,}|:{3,})\{exercise(?:-start)?\}[^\n]*\n(?:[ \t]*:(?!label:)[^\n]*\n)*[ \t]*:label:[ \t]*(\S+)", re.M
)
SOLUTION = re.compile(r"\{solution-start\}[ \t]+(\S+)(?P<options>(?:\n[ \t]*:[^\n]*)*)")
SOLUTION_END = re.compile(r"\{solution-end\}")


def statements(page: Page) -> dict[str, int]:
    """Label and cell of every exercise directive."""
    return {
        match[1]: index
        for index, cell in enumerate(page.notebook.cells)
        if cell.cell_type == "markdown"
        for match in STATEMENT.finditer(cell.source)
    }


def checks(page: Page) -> Iterator[tuple[int, NotebookNode, str]]:
    """Index, cell and exercise of every `check` call."""
    for index, cell in code_cells(page.notebook):
        for call in calls(cell.source, "check"):
            if (identity := first_text(call)) is not None:
                yield index, cell, identity


def solutions(page: Page) -> dict[str, tuple[int, int | None, str]]:
    """Label of every solution, with the cells where it starts and ends, and its options."""
    found: dict[str, tuple[int, int | None, str]] = {}
    opened = ""
    for index, cell in enumerate(page.notebook.cells):
        if cell.cell_type == "markdown":
            if match := SOLUTION.search(cell.source):
                opened = match[1]
                found[opened] = (index, None, match["options"])
            if SOLUTION_END.search(cell.source) and opened:
                start, _, options = found[opened]
                found[opened], opened = (start, index, options), ""
    return found


@rule("exercise-count")
def count(page: Page) -> Iterator[Fault]:
    """A chapter page has 5 to 10 exercises."""
    total = len(statements(page))
    if not page.name.startswith("appendix/") and not FEWEST <= total <= MOST:
        yield Fault(None, f"{total} exercises; accepted are {FEWEST} to {MOST}", "Add or merge exercises.")


@rule("exercise-parts")
def parts(page: Page) -> Iterator[Fault]:
    """Every exercise has a statement, a starter that checks the answer, a solution that does so too, and a grader."""
    checked = list(checks(page))
    solved = solutions(page)
    for label, index in statements(page).items():
        identity = label.removeprefix("ex-")
        if not label.startswith("ex-"):
            yield Fault(index, f"an exercise labelled {label!r}", f"Call it 'ex-{label}'.")
        start, end, options = solved.get(label, (None, None, ""))
        before = [i for i, _, name in checked if name == identity and i > index and (start is None or i < start)]
        if not before:
            yield Fault(index, f"no starter for {label}", f'Add a code cell that ends in check("{identity}", answer).')
        if start is None or end is None:
            missing = "solution" if start is None else "end of the solution"
            yield Fault(index, f"no {missing} of {label}", f"Add {{solution-start}} {label} ... {{solution-end}}.")
            continue
        if "dropdown" not in options:
            yield Fault(start, f"the solution of {label} is not collapsed", "Add the line `:class: dropdown`.")
        inside = [(i, cell) for i, cell, name in checked if name == identity and start < i < end]
        if not inside:
            yield Fault(start, f"the solution of {label} is not checked", f'End its code in check("{identity}", ...).')
        for i, cell in code_cells(page.notebook):
            if start < i < end and not cell.metadata.get("jupyter", {}).get("source_hidden"):
                yield Fault(i, f"the code of the solution of {label} is open in JupyterLab",
                            'Set "jupyter": {"source_hidden": true} in its metadata.')  # fmt: skip


@rule("exercise-grader")
def graders(page: Page) -> Iterator[Fault]:
    """Every check names an exercise that has a grader and a statement on this page."""
    known = statements(page)
    seen = set()
    for index, _, identity in checks(page):
        if identity in seen:
            continue
        seen.add(identity)
        try:
            grader(identity)
        except DlbookError as error:
            yield Fault(
                index, str(error).rstrip("."), f"Write it in dlbook.book.exercises.{identity.rpartition('-')[0]}."
            )
        if f"ex-{identity}" not in known:
            yield Fault(index, f"check names {identity!r}, no exercise of this page", "Mend the name.")
    for label, index in known.items():
        if f"ex-{page.stem}-" not in label:
            yield Fault(index, f"the exercise {label!r} is not called after its page", f"Call it 'ex-{page.stem}-N'.")


@rule("exercise-solution")
def solution(page: Page) -> Iterator[Fault]:
    """Every stored solution was found right, and every starter unanswered."""
    solved = {label: (start, end) for label, (start, end, _) in solutions(page).items() if end is not None}
    for index, record in records(page.notebook, "exercise"):
        start, end = solved.get(f"ex-{record['id']}", (None, None))
        if start is None:
            continue
        due = "right" if start < index < end else "unanswered" if index < start else record["status"]
        if record["status"] != due:
            which = "solution" if due == "right" else "starter"
            yield Fault(index, f"the {which} of {record['id']} is {record['status']}", f"It must be {due}.")
