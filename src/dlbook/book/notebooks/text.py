"""A page as a Python script, to edit it in any editor: jupytext's percent format with every piece of metadata."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from types import ModuleType

from nbformat import NotebookNode

from ..errors import DlbookError
from ..paths import notebook_path, write_atomic
from .files import code_cells, read, write

FORMAT = {
    "extension": ".py", "format_name": "percent", "cell_metadata_filter": "all", "notebook_metadata_filter": "all",
}  # fmt: skip


def to_text(page: str, file: Path, top: Path) -> None:
    """Write a page as a script; outputs stay behind in the notebook.

    Raises:
        DlbookError: the notebook cannot be read, or the file not be written.
    """
    write_atomic(file, _jupytext().writes(read(notebook_path(page, top)), fmt=FORMAT))


def from_text(file: Path, page: str, top: Path) -> list[int]:
    """Make the notebook of a page from a script; the indices of the code cells that must be executed again.

    A cell whose source did not change keeps its id and its outputs; a page that is not there yet is made.

    Raises:
        DlbookError: the file cannot be read, or is no script of this kind.
    """
    try:
        text = file.read_text(encoding="utf8")
    except OSError as error:
        raise DlbookError(f"Cannot read {file}: {error.strerror or error}.") from error
    try:
        notebook = _jupytext().reads(text, fmt=FORMAT)
    except Exception as error:
        raise DlbookError(f"{file} is no percent script: {' '.join(str(error).split())}") from error
    if not any(line.startswith("# %%") for line in text.splitlines()):
        raise DlbookError(f"{file} is no percent script: accepted are cells that begin with `# %%`.")
    path = notebook_path(page, top)
    stored = read(path) if path.is_file() else None
    _keep(notebook, stored)
    write(path, notebook)
    return [index for index, cell in code_cells(notebook) if cell.execution_count is None]


def _keep(notebook: NotebookNode, stored: NotebookNode | None) -> None:
    """Give ids, and outputs to cells whose source did not change; cells with equal sources keep their order."""
    known = defaultdict(list)
    for cell in stored.cells if stored else ():
        known[cell.cell_type, cell.source].append(cell)
    notebook.metadata.pop("jupytext", None)
    if stored:
        notebook.metadata.setdefault("language_info", stored.metadata.get("language_info", {"name": "python"}))
        notebook.nbformat_minor = stored.nbformat_minor
    taken = set()
    for number, cell in enumerate(notebook.cells):
        same = known[cell.cell_type, cell.source]
        old = same.pop(0) if same else None
        cell.id = old.id if old else _fresh_id(f"{number}:{cell.source}")
        while cell.id in taken:
            cell.id = _fresh_id(cell.id)
        taken.add(cell.id)
        if old and cell.cell_type == "code":
            cell.outputs, cell.execution_count = old.outputs, old.execution_count


def _fresh_id(text: str) -> str:
    """An id that depends on the text alone, so that the same script gives the same notebook."""
    return hashlib.sha256(text.encode("utf8")).hexdigest()[:8]


def _jupytext() -> ModuleType:
    try:
        import jupytext
    except ImportError as error:
        raise DlbookError(
            "jupytext is not installed: `pip install jupytext`, or work where `make test` does."
        ) from error
    return jupytext
