"""What makes two runs the same run: the notebook's code, its parameters, and the modules of the package that it uses.

Prose, outputs and modules that the notebook does not reach change nothing. Graders are loaded by name, not imported,
and make no claims: they do not count.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import DlbookError
from ..notebooks.files import code_cells, read

PACKAGE = Path(__file__).resolve().parents[2]
#: The table in a package that imports its names when they are first used: name, and the module that has it.
HOMES = "_HOMES"


def code_of(notebook: Path) -> list[str]:
    """The sources of a notebook's code cells, in order.

    Raises:
        DlbookError: there is no such file, or it is no notebook.
    """
    return [cell.source for _, cell in code_cells(read(notebook))]


def identity(
    code: Sequence[str], parameters: Mapping[str, Any], *, salt: str = "", package: Path = PACKAGE
) -> str:
    """SHA-256, in hex, of everything that a run's results depend on, as far as the book controls it.

    Args:
        code: the code cells of the notebook.
        parameters: every parameter of the run, seed included; their order is of no account.
        salt: what else a caller wants to tell apart (the machine, a version).
        package: the folder of `dlbook`.

    Raises:
        DlbookError: a code cell is no Python.
    """
    modules = {name: _digest(path.read_bytes()) for name, path in modules_used(code, package).items()}
    parts = {"code": list(code), "parameters": dict(parameters), "modules": modules, "salt": salt}
    return _digest(json.dumps(parts, sort_keys=True).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def modules_used(code: Iterable[str], package: Path = PACKAGE) -> dict[str, Path]:
    """The modules of the package that these cells import, and those that they import in turn, with their files.

    Imports inside functions count: they may run. So do the packages that hold a module: Python runs them first. Of a
    package that imports its names when they are first used (`HOMES`), only the modules of the names imported count.

    Raises:
        DlbookError: a code cell is no Python.
    """
    waiting = [name for source in code for name in _imported(parse_cell(source), "")]
    found: dict[str, Path] = {}
    seen = set()
    while waiting:
        if (name := waiting.pop()) in seen:
            continue
        seen.add(name)
        if path := _file_of(name, package):
            found[name] = path
            holder = name.rpartition(".")[0]
            waiting += [holder, *_imported(_tree(path), name if path.name == "__init__.py" else holder)]
        else:
            waiting += _late(name, package)
    return dict(sorted(found.items()))


def _late(name: str, package: Path) -> list[str]:
    """The module that a package imports late for a name, given as `package.name`; for `package.*` all of them."""
    holder, _, last = name.rpartition(".")
    path = _file_of(holder, package)
    if path is None or path.name != "__init__.py":
        return []
    assigned = (node for node in _tree(path).body if isinstance(node, ast.Assign))
    homes = next((ast.literal_eval(node.value) for node in assigned if ast.unparse(node.targets[0]) == HOMES), {})
    return [f"{holder}.{home}" for attribute, home in homes.items() if last in (attribute, "*")]


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _imported(tree: ast.AST, holder: str) -> Iterator[str]:
    """Dotted names that a module inside the package `holder` imports: modules, functions, and `x.*` for all of x."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from (alias.name, f"{alias.name}.*")
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = holder.split(".")
                base = ".".join(part for part in (*parts[: len(parts) - node.level + 1], base) if part)
            yield base
            for alias in node.names:
                yield from (f"{base}.{alias.name}", f"{base}.{alias.name}.*")


def _file_of(name: str, package: Path) -> Path | None:
    top, *rest = name.split(".")
    if top != "dlbook":
        return None
    base = package.joinpath(*rest)
    candidates = (base / "__init__.py", package.joinpath(*rest[:-1], f"{rest[-1]}.py") if rest else base)
    return next((path for path in candidates if path.is_file()), None)


def parse_cell(source: str) -> ast.Module:
    """The syntax tree of a code cell, magics and shell commands included.

    Raises:
        DlbookError: the cell is no Python.
    """
    try:
        return ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager  # magics, shell commands

    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError as error:
        raise DlbookError(f"A code cell is no Python: {error.msg}: {(error.text or source).strip()!r}.") from error
