"""The lint: a table of rules, each of which says what it refuses, where, and how it is mended.

A rule is a generator of faults with a name. Where a rule may be wrong about a cell, that cell excuses itself with a
reason, in a comment of its kind: `<!-- lint: number: reason -->` in text, `# lint: absolute-path: reason` in code.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from nbformat import NotebookNode

from ..errors import DlbookError
from ..paths import notebook_path, pages, results_path
from .files import read
from .harvest import stored_results


@dataclass(frozen=True)
class Fault:
    """What a rule found in a cell (its index; None for the whole file), and how to mend it."""

    cell: int | None
    what: str
    mend: str


@dataclass(frozen=True)
class Finding:
    """A fault with the rule that found it and the file that it lies in."""

    rule: str
    file: str
    cell: int | None
    what: str
    mend: str

    def __str__(self) -> str:
        where = "" if self.cell is None else f" cell {self.cell + 1}:"
        return f"{self.file}:{where} {self.what}. {self.mend} [{self.rule}]"


@dataclass(frozen=True)
class Page:
    """A page of the book, as the rules see it."""

    name: str
    top: Path
    notebook: NotebookNode
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        return notebook_path(self.name, self.top).relative_to(self.top).as_posix()

    @property
    def stem(self) -> str:
        """The page's name without folder and number: what its exercises are called after."""
        return re.sub(r"^\d+_", "", self.name.rpartition("/")[2])


@dataclass(frozen=True)
class Book:
    """All pages and the files around them, as the rules over the whole book see them."""

    top: Path
    pages: list[Page]

    def __hash__(self) -> int:
        return id(self)

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """The Markdown of every document, by file: the cells of notebooks, and whole files."""
        found = {page.file: [c.source for c in page.notebook.cells if c.cell_type == "markdown"] for page in self.pages}
        for path in (*self.top.glob("*.md"), *self.top.glob("chapters/**/*.md"), *self.top.glob("appendix/**/*.md")):
            found[path.relative_to(self.top).as_posix()] = [path.read_text(encoding="utf8")]
        return found

    @cached_property
    def toc(self) -> list[str]:
        """Every `file` and `root` of the table of contents."""
        try:
            tree = yaml.safe_load((self.top / "_toc.yml").read_text(encoding="utf8"))
        except (OSError, yaml.YAMLError) as error:
            raise DlbookError(f"_toc.yml cannot be read: {' '.join(str(error).split())}") from error
        return list(_files_in(tree))


def _files_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key in ("file", "root") and isinstance(value, str))
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _files_in(child)


@dataclass(frozen=True)
class Rule:
    """A named rule over a page (`check(page)`), or over the book (`check(book)`, which yields files with faults)."""

    name: str
    check: Callable[..., Iterator[Any]]
    whole_book: bool
    excusable: bool

    @property
    def about(self) -> str:
        """What the rule refuses, in a sentence."""
        return (self.check.__doc__ or "").partition("\n")[0]


_RULES: dict[str, Rule] = {}


def rule(name: str, *, whole_book: bool = False, excusable: bool = False) -> Callable[[Callable], Callable]:
    """Enter a function into the table of rules."""

    def enter(check: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        _RULES[name] = Rule(name, check, whole_book, excusable)
        return check

    return enter


def rules() -> dict[str, Rule]:
    """Every rule by its name."""
    from . import rules as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(_RULES)


def load_book(top: Path) -> Book:
    """Every page of a checkout with its stored results.

    Raises:
        DlbookError: a notebook cannot be read.
    """
    loaded = [Page(name, top, read(notebook_path(name, top)), stored_results(name, top)) for name in pages(top)]
    return Book(top, loaded)


def lint(top: Path, wanted: list[str] | None = None) -> list[Finding]:
    """All findings in the book, or those in the files of some of its pages, in the order of files and cells."""
    book = load_book(top)
    chosen = [page for page in book.pages if wanted is None or page.name in wanted]
    files = {page.file for page in chosen} | {_relative(results_path(page.name, top), top) for page in chosen}
    found: list[Finding] = []
    for entry in rules().values():
        if entry.whole_book:
            pairs = [(file, fault) for file, fault in entry.check(book) if wanted is None or file in files]
        else:
            pairs = [(page.file, fault) for page in chosen for fault in entry.check(page)]
        by_file = {page.file: page for page in chosen}
        found += [
            Finding(entry.name, file, fault.cell, fault.what, fault.mend)
            for file, fault in pairs
            if not (entry.excusable and fault.cell is not None and _excused(by_file[file], fault.cell, entry.name))
        ]
    return sorted(found, key=lambda finding: (finding.file, -1 if finding.cell is None else finding.cell, finding.rule))


def _relative(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix()


def _excused(page: Page, index: int, name: str) -> bool:
    """Whether a cell carries a comment that excuses it from a rule, with a reason."""
    comment = rf"(?:<!--|#)[ \t]*lint:[ \t]*{re.escape(name)}:[ \t]*(?!-->)\S"
    return re.search(comment, page.notebook.cells[index].source) is not None
