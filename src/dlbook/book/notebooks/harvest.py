"""What an executed notebook says about itself: `results/<page>.json` is made from its outputs alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from ..paths import notebook_path, results_path
from ..records import band_text
from ..records import harvest as records_of
from ..source import woven
from .files import IGNORED_TAG, MACHINE_TAGS, code_cells, code_hash, parameters, read, tags, title_of

DOLLARS = re.compile(r"\$\$(?P<formula>(?:(?!\$\$).)*?)\$\$\s*\((?P<label>[\w:-]+)\)", re.DOTALL)
DIRECTIVE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{math\}[^\n]*\n(?:[ \t]*:(?!label:)[^\n]*\n)*[ \t]*:label:[ \t]*(?P<label>\S+)[^\n]*\n"
    r"(?:[ \t]*:[a-z-]+:[^\n]*\n)*(?P<formula>.*?)^(?P=fence)",
    re.DOTALL | re.MULTILINE,
)
#: What is measured or recorded by other runs, and so not to be had from the notebook.
MEASURED = ("cost", "bands", "quick")


def equations_of(notebook: NotebookNode) -> list[tuple[int, str, str]]:
    """Index of the cell, label and LaTeX of every labelled equation, in order."""
    found = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            matches = [*DOLLARS.finditer(cell.source), *DIRECTIVE.finditer(cell.source)]
            matches.sort(key=lambda match: match.start())
            found += [(index, match["label"], match["formula"].strip()) for match in matches]
    return found


def records(notebook: NotebookNode, kind: str) -> list[tuple[int, dict[str, Any]]]:
    """Index of the cell and record, for the records of one kind."""
    return [(index, record) for index, record in records_of(notebook) if record.get("kind") == kind]


def cell_class(notebook: NotebookNode, index: int) -> str:
    """How a cell's output is held: `compared`, `banded` (not compared, but it holds a claim) or `ignored`."""
    cell = notebook.cells[index]
    if IGNORED_TAG not in tags(cell):
        return "compared"
    holds_claim = any(at == index for at, _ in records(notebook, "claim"))
    return "banded" if holds_claim and not set(MACHINE_TAGS) & set(tags(cell)) else "ignored"


def harvest(notebook: NotebookNode, page: str) -> dict[str, Any]:
    """Everything of the results of a page but what is `MEASURED`. Cells without output are not counted."""
    settings = next((record for _, record in records(notebook, "settings")), {})
    parameter_set = settings.get("set", "{}")
    given = {"seed": settings.get("seed"), "device": settings.get("device"), **json.loads(parameter_set)}
    declared = {name: given[name] for name in parameters(notebook) if name in given}
    formulas = {label: formula for _, label, formula in equations_of(notebook)}
    taught = {name.rpartition(".")[2]: name for _, cell in code_cells(notebook) for name in woven(tags(cell))}
    shown = [cell_class(notebook, index) for index, cell in code_cells(notebook) if cell.outputs]
    return {
        "page": page,
        "title": title_of(notebook),
        "parameters": {**declared, **{name: value for name, value in given.items() if name not in declared}},
        "set": parameter_set,
        "code": code_hash(notebook),
        "equations": {
            record["label"]: {
                "formula": formulas.get(record["label"], ""),
                **_without(record, "kind", "label"),
                "ours": taught.get(record["ours"], record["ours"]),  # a woven cell defines the package's function
            }
            for _, record in records(notebook, "equation")
        },
        "claims": {record["name"]: _without(record, "kind", "name") for _, record in records(notebook, "claim")},
        "exercises": {record["id"]: record["status"] for _, record in records(notebook, "exercise")},
        "cells": {kind: shown.count(kind) for kind in ("compared", "banded", "ignored")},
    }


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def stored_results(page: str, top: Path) -> dict[str, Any]:
    """The stored results of a page; empty where there are none, or none that can be read."""
    try:
        found = json.loads(results_path(page, top).read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def staleness(notebook: NotebookNode, stored: dict[str, Any], page: str) -> str:
    """Why the stored results of a page, or its outputs, are not those of its cells; empty where they are."""
    if not stored:
        return "it has no stored results"
    if any(cell.execution_count is None and cell.source.strip() for _, cell in code_cells(notebook)):
        return "it has cells that were changed and not executed"
    for name, value in harvest(notebook, page).items():
        if stored.get(name) != value:
            return (
                "its code was changed after its results were stored"
                if name == "code"
                else (f"its {name} and the stored {name} differ")
            )
    if missing := [name for name in ("cost", "quick") if name not in stored]:
        return f"its stored results hold no {' and no '.join(missing)}"
    return _older_than_bands(notebook, stored)


def _older_than_bands(notebook: NotebookNode, stored: dict[str, Any]) -> str:
    """Claims show their band: where bands were recorded after the run, the page shows none, or old ones."""
    bands = stored.get("bands", {}).get(stored.get("set"), {})
    for index, record in records(notebook, "claim"):
        outputs = notebook.cells[index].outputs
        shown = "".join(str(output.get("data", {}).get("text/plain", "")) for output in outputs)
        if (band := bands.get(record["name"])) and band_text(band) not in shown:
            return f"it was executed before the band of {record['name']!r} was recorded"
    return ""


def stale(page: str, top: Path) -> str:
    """`staleness` of a page as it lies on disk."""
    return staleness(read(notebook_path(page, top)), stored_results(page, top), page)
