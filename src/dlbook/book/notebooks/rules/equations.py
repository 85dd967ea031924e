"""Rules about equations and labels: what is labelled is verified once, and what is referred to is there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from ..files import calls, code_cells, first_text
from ..harvest import equations_of, records
from ..lint import Book, Fault, Page, rule

TARGET = re.compile(r"^\(([\w:.-]+)\)=\s*$", re.MULTILINE)
LABEL = re.compile(r"^[ \t]*:(?:label|name):[ \t]*(\S+)", re.MULTILINE)
SOLUTION = re.compile(r"\{solution(?:-start)?\}[ \t]+(\S+)")
ROLE = re.compile(r"\{(?:eq|numref|ref|prf:ref)\}`([^`]+)`")
LINK = re.compile(r"\]\(#((?:eq|fig|ex|tab|sec)-[\w-]+)\)")
BUILT_IN = ("genindex", "modindex", "search")


@rule("equation-unverified")
def unverified(page: Page) -> Iterator[Fault]:
    """Every labelled equation is verified on its page: a `verify` call in a cell, and its record in the results."""
    called = set(_verified(page))
    for index, label, _ in equations_of(page.notebook):
        if label not in called:
            yield Fault(index, f"the equation {label} is never verified", f'Add a cell with verify("{label}", ...).')
        elif label not in page.results.get("equations", {}):
            yield Fault(index, f"the results hold no verification of {label}", f"Run `dlbook execute {page.name}`.")


def _verified(page: Page) -> dict[str, int]:
    """Label and cell of every `verify` call, and of every record of one (made by a call in a loop)."""
    found = {record["label"]: index for index, record in records(page.notebook, "equation")}
    for index, cell in code_cells(page.notebook):
        found |= {label: index for call in calls(cell.source, "verify") if (label := first_text(call)) is not None}
    return found


@rule("verify-label")
def verify_label(page: Page) -> Iterator[Fault]:
    """Every `verify` call names an equation that is labelled on its page."""
    known = [label for _, label, _ in equations_of(page.notebook)]
    for label, index in _verified(page).items():
        if label not in known:
            accepted = ", ".join(known) or "none yet"
            yield Fault(index, f"verify names {label!r}, no equation of this page", f"Its labels are: {accepted}.")


@rule("equation-label")
def equation_label(page: Page) -> Iterator[Fault]:
    """The label of an equation begins with `eq-`."""
    for index, label, _ in equations_of(page.notebook):
        if not label.startswith("eq-"):
            yield Fault(index, f"an equation labelled {label!r}", f"Call it 'eq-{label}'.")


def labels(book: Book) -> dict[str, list[tuple[str, int | None]]]:
    """Where each label of the book is defined: equations, figures, exercises and other directives, targets."""
    found: dict[str, list[tuple[str, int | None]]] = defaultdict(list)
    cells = {page.file: page.notebook.cells for page in book.pages}
    for page in book.pages:
        for index, label, _ in equations_of(page.notebook):
            found[label].append((page.file, index))
        for index, cell in code_cells(page.notebook):
            mystnb = cell.metadata.get("mystnb", {})
            if name := mystnb.get("figure", {}).get("name") if isinstance(mystnb, dict) else None:
                found[name].append((page.file, index))
    for file, texts in book.texts.items():
        places = [i for i, cell in enumerate(cells[file]) if cell.cell_type == "markdown"] if file in cells else [None]
        for index, text in zip(places, texts, strict=True):
            known = {label for _, label, _ in equations_of_text(text)}
            for match in (*TARGET.finditer(text), *LABEL.finditer(text)):
                if match[1] not in known:
                    found[match[1]].append((file, index))
    return found


def equations_of_text(text: str) -> list[tuple[int, str, str]]:
    """Equations of a piece of Markdown."""
    import nbformat.v4

    return equations_of(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)]))


@rule("label-duplicate", whole_book=True)
def duplicate(book: Book) -> Iterator[tuple[str, Fault]]:
    """No label of an equation, figure or exercise is given twice in the book."""
    for label, places in labels(book).items():
        for file, cell in places[1:]:
            first = f"{places[0][0]}" + ("" if places[0][1] is None else f", cell {places[0][1] + 1}")
            yield (
                file,
                Fault(cell, f"the label {label!r} is given again; first in {first}", "Call one of them otherwise."),
            )


@rule("label-unknown", whole_book=True)
def unknown(book: Book) -> Iterator[tuple[str, Fault]]:
    """Every label that is referred to is defined somewhere in the book."""
    known = {*labels(book), *BUILT_IN}
    for page in book.pages:
        for index, cell in enumerate(page.notebook.cells):
            if cell.cell_type == "markdown":
                for label in referred(cell.source):
                    if label not in known:
                        yield page.file, Fault(index, f"the label {label!r} is not defined", "Mend it, or define it.")


def referred(text: str) -> Iterator[str]:
    """The labels that a piece of Markdown refers to."""
    for match in ROLE.finditer(text):
        _, angle, inside = match[1].rpartition("<")
        yield inside.rstrip("> ") if angle else match[1].strip()
    yield from (match[1] for match in LINK.finditer(text))
    yield from (match[1] for match in SOLUTION.finditer(text))
