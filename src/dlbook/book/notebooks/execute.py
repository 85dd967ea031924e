"""Execute a page with fixed arithmetic, and store what came out: the notebook's outputs and its results, or nothing."""

from __future__ import annotations

import copy
import json
import sys
import time
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from ...runtime import FIXED_ARITHMETIC
from ..errors import DlbookError
from ..paths import notebook_path, results_path, write_atomic
from .files import code_cells, parameters, parameters_cell, read, sets, text_of
from .harvest import MEASURED, harvest, staleness, stored_results
from .kernels import RunError, cost, run_cells
from .weave import weave

#: The variables of every run whose outputs are stored or compared.
STORED = {**FIXED_ARITHMETIC, "DLBOOK_DEVICE": "cpu"}
QUESTION = f"__import__({cost.__module__!r}, fromlist=['cost']).cost('cpu')"


def execute(page: str, top: Path) -> dict[str, Any]:
    """Weave, run and store a page, and return its results; a page that stops in a cell is left as it was.

    The quick set of the page, where it has one, is run once as well: its time is part of the results.

    Raises:
        RunError: a cell raised.
        DlbookError: the notebook cannot be read or written, or a woven cell names nothing.
    """
    path = notebook_path(page, top)
    notebook = read(path)
    weave(notebook, page)
    environment = STORED | {"DLBOOK_ROOT": str(top)}
    seconds, measured = run_cells(notebook, page, path.parent, environment, QUESTION)
    clean(notebook)
    results = harvest(notebook, page)
    results["cost"] = {"seconds": round(seconds, 2), **measured}
    kept = stored_results(page, top)
    results |= {name: kept[name] for name in MEASURED if name in kept and name not in results and name != "quick"}
    if (quick := sets(notebook).get("quick")) is not None:
        results["quick"] = {"seconds": round(_quick_seconds(notebook, quick, page, path.parent, environment), 2)}
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    # both texts are complete before either file is touched
    stored = text_of(notebook)
    write_atomic(path, stored)
    write_atomic(results_path(page, top), text)
    return results


def clean(notebook: NotebookNode) -> None:
    """Take out of a notebook what depends on the moment or the machine: versions, timestamps, widget states."""
    language = notebook.metadata.setdefault("language_info", NotebookNode(name="python"))
    language.pop("version", None)
    notebook.metadata.pop("widgets", None)
    for _, cell in code_cells(notebook):
        cell.metadata.pop("execution", None)
        cell.outputs = coalesced(cell.outputs)


def coalesced(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Neighbouring pieces of one stream as one output: where a kernel cuts its stream depends on the moment."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def with_parameters(notebook: NotebookNode, given: dict[str, Any]) -> NotebookNode:
    """A copy of a notebook in which these parameters have these values, set after its parameters cell.

    Raises:
        DlbookError: it has no cell tagged `parameters`, or declares no such parameter.
    """
    twin = copy.deepcopy(notebook)
    index = parameters_cell(twin)
    if index is None:
        raise DlbookError("The notebook has no cell tagged 'parameters'.")
    if unknown := sorted(set(given) - set(parameters(twin))):
        raise DlbookError(f"The notebook has no parameter {unknown[0]!r}: accepted are {', '.join(parameters(twin))}.")
    lines = [f"{name} = {value!r}" for name, value in given.items()]
    twin.cells[index].source = "\n".join([twin.cells[index].source, *lines])
    return twin


def _quick_seconds(
    notebook: NotebookNode, quick: dict[str, Any], page: str, folder: Path, environment: dict[str, str]
) -> float:
    try:
        return run_cells(with_parameters(notebook, quick), f"{page} with its quick set", folder, environment)[0]
    except RunError:
        raise
    except DlbookError as error:
        raise DlbookError(f"{page}: its quick set: {error}") from None


def execute_pages(pages: list[str], top: Path) -> None:
    """Execute pages one after the other, and tell on stderr what each cost."""
    for number, page in enumerate(pages, 1):
        print(f"[{number}/{len(pages)}] {page}: running", file=sys.stderr, flush=True)
        start = time.perf_counter()
        results = execute(page, top)
        cells, spent = results["cells"], results["cost"]
        print(
            f"[{number}/{len(pages)}] {page}: {spent['seconds']:.1f} s, {spent['peak_mb']} MB; cells "
            f"{cells['compared']} compared, {cells['banded']} banded, {cells['ignored']} ignored; "
            f"{len(results['equations'])} equations, {len(results['claims'])} claims, "
            f"{len(results['exercises'])} exercises ({time.perf_counter() - start:.1f} s in all)",
            file=sys.stderr,
            flush=True,
        )


def out_of_date(names: list[str], top: Path) -> list[str]:
    """The pages that are to be executed again: stale results, or a woven cell that the package has left behind."""
    chosen = []
    for page in names:
        notebook = read(notebook_path(page, top))
        if weave(notebook, page) or staleness(notebook, stored_results(page, top), page):
            chosen.append(page)
    return chosen
