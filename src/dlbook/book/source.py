"""One source for page, package and test: cells that teach a definition contain the package's own text of it."""

from __future__ import annotations

import ast
from pathlib import Path

from .errors import DlbookError

TAG = "src:"


def definition(name: str) -> str:
    """The source text of a function or class of the package, decorators and comments included.

    Args:
        name: dotted, as in `dlbook.functional.shapes.strides_of`.

    Raises:
        DlbookError: there is no such module or definition.
    """
    module, _, wanted = name.rpartition(".")
    path = module_file(module)
    if path is None:
        raise DlbookError(f"{TAG}{name}: there is no module {module!r} in the package.")
    text = path.read_text(encoding="utf8")
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == wanted:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    raise DlbookError(f"{TAG}{name}: {module} defines no function or class {wanted!r}.")


def definitions(module: str) -> list[str]:
    """Names of the functions and classes that a module of the package defines."""
    path = module_file(module)
    nodes = ast.parse(path.read_text(encoding="utf8")).body if path else []
    return [node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))]


def module_file(module: str) -> Path | None:
    """The file of a module of the package, found without importing anything; None for any other name."""
    package, *rest = module.split(".")
    if package != "dlbook":
        return None
    base = Path(__file__).resolve().parent.parent.joinpath(*rest)
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def woven(tags: list[str]) -> list[str]:
    """The definitions that a cell with these tags contains."""
    return [tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)]


def text_of(names: list[str]) -> str:
    """What a cell that is woven from these definitions must contain, to the letter."""
    return "\n\n\n".join(definition(name) for name in names)
