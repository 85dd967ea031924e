"""Reading and writing notebooks, and what can be known of one without running it."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from ..errors import DlbookError
from ..paths import write_atomic

#: Tags of cells whose output depends on the machine or on the moment.
MACHINE_TAGS = ("timing", "hardware")
IGNORED_TAG = "nbval-ignore-output"


def read(path: Path) -> NotebookNode:
    """The notebook in a file.

    Raises:
        DlbookError: there is no such file, or it is no notebook.
    """
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf8"), as_version=4)
        nbformat.validate(notebook)
    except OSError as error:
        raise DlbookError(f"Cannot read {path}: {error.strerror or error}.") from error
    except Exception as error:
        raise DlbookError(f"{path} is no notebook: accepted is a file of nbformat 4 ({_first_line(error)}).") from error
    return notebook


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def write(path: Path, notebook: NotebookNode) -> None:
    """Store a notebook, wholly or not at all."""
    write_atomic(path, text_of(notebook))


def text_of(notebook: NotebookNode) -> str:
    """A notebook as it is stored: the same content gives the same bytes."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    found = cell.metadata.get("tags", [])
    return [str(tag) for tag in found] if isinstance(found, list) else []


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Index and cell, for every code cell."""
    return ((index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code")


def code_hash(notebook: NotebookNode) -> str:
    """SHA-256 of the sources of the code cells, in order."""
    sources = [cell.source for _, cell in code_cells(notebook)]
    return hashlib.sha256("\x00".join(sources).encode("utf8")).hexdigest()


def title_of(notebook: NotebookNode) -> str:
    """The first heading of the first level, or the empty string."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return ""


def place(notebook: NotebookNode, index: int) -> str:
    """Where a cell is, in words: its position in the file, counted from 1, and its number among the code cells."""
    number = sum(1 for i, _ in code_cells(notebook) if i <= index)
    return f"cell {index + 1} (In [{number}])" if notebook.cells[index].cell_type == "code" else f"cell {index + 1}"


def parse(source: str) -> ast.Module | None:
    """The syntax tree of a code cell; None where it is no plain Python."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


def calls(source: str, name: str) -> list[ast.Call]:
    """The calls of the function `name` in a code cell, in the order in which they stand."""
    nodes = ast.walk(parse(source) or ast.Module([], []))
    found = [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def first_text(call: ast.Call) -> str | None:
    """The first argument of a call where it is a string in the source."""
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: `name: annotation = default  # help`; what is missing is empty."""

    name: str
    annotation: str
    default: Any
    help: str


def parameters_cell(notebook: NotebookNode) -> int | None:
    """Index of the cell tagged `parameters`."""
    return next((index for index, cell in code_cells(notebook) if "parameters" in tags(cell)), None)


def parameters(notebook: NotebookNode) -> dict[str, Parameter]:
    """The parameters that a notebook declares, in order; none where it has no parameters cell.

    Papermill's own inspection does not read annotations such as `int | None` nor lines with a second `=`: the cell is
    parsed instead.
    """
    index = parameters_cell(notebook)
    if index is None or (tree := parse(source := notebook.cells[index].source)) is None:
        return {}
    comments = _comments(source)
    found = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            name, annotation = node.target.id, ast.unparse(node.annotation)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, annotation = node.targets[0].id, ""
        else:
            continue
        found[name] = Parameter(name, annotation, _literal(node.value), comments.get(node.end_lineno or 0, ""))
    return found


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _comments(source: str) -> dict[int, str]:
    """Line number and text of every comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def sets(notebook: NotebookNode) -> dict[str, dict[str, Any]]:
    """The parameter sets that a notebook declares by name in its metadata."""
    declared = notebook.metadata.get("dlbook", {}).get("sets", {})
    return {name: dict(values) for name, values in declared.items() if isinstance(values, dict)}
