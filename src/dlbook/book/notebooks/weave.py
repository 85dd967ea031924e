"""Fill the cells that teach a definition with the package's own text of it."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode

from ..errors import DlbookError
from ..paths import notebook_path
from ..source import text_of, woven
from .files import code_cells, read, tags, write


def weave(notebook: NotebookNode, page: str) -> list[int]:
    """Fill the cells tagged `src:NAME` in place; the indices of those that changed. Their outputs are dropped.

    Raises:
        DlbookError: a tag names nothing that the package defines.
    """
    changed = []
    for index, cell in code_cells(notebook):
        if names := woven(tags(cell)):
            try:
                text = text_of(names)
            except DlbookError as error:
                raise DlbookError(f"{page}: cell {index + 1}: {error}") from None
            if cell.source != text:
                cell.source, cell.outputs, cell.execution_count = text, [], None
                changed.append(index)
    return changed


def weave_page(page: str, top: Path) -> list[int]:
    """Weave the notebook of a page on disk; it is written only if a cell changed."""
    path = notebook_path(page, top)
    notebook = read(path)
    if changed := weave(notebook, page):
        write(path, notebook)
    return changed
