"""Rules about what lies beside a notebook: its results, bands, metadata, and its place in the table of contents."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...paths import notebook_path, results_path
from ..files import calls, code_cells, first_text, title_of
from ..harvest import records, staleness
from ..lint import Book, Fault, Page, rule

DOCUMENTS = (".ipynb", ".md", ".rst")


@rule("stale-result")
def stale_result(page: Page) -> Iterator[Fault]:
    """The stored results are those of the cells as they are, and the outputs those of the bands as they are."""
    if why := staleness(page.notebook, page.results, page.name):
        yield Fault(None, f"the page is stale: {why}", f"Run `dlbook execute {page.name}`.")


@rule("band")
def bands(page: Page) -> Iterator[Fault]:
    """Every claim has a recorded band for the stored parameter set."""
    recorded = page.results.get("bands", {}).get(page.results.get("set"), {})
    for index, record in records(page.notebook, "claim"):
        if record["name"] not in recorded:
            yield Fault(index, f"the claim {record['name']!r} has no band", f"Run `dlbook bands {page.name}`.")


@rule("claim-name")
def claim_name(page: Page) -> Iterator[Fault]:
    """No two claims of a page have the same name: they would share a band."""
    seen: dict[str, int] = {}
    for index, cell in code_cells(page.notebook):
        for call in calls(cell.source, "claim"):
            name = first_text(call)
            if name in seen:
                yield Fault(index, f"a second claim is called {name!r} (first in cell {seen[name] + 1})", "Rename it.")
            elif name is not None:
                seen[name] = index
            elif call.args and not isinstance(call.args[0], ast.JoinedStr | ast.Name | ast.Attribute | ast.Subscript):
                yield Fault(index, "a claim whose name is no text", "Name what was measured in words.")


@rule("title")
def title(page: Page) -> Iterator[Fault]:
    """The first cell opens the page with a heading of the first level, the only one."""
    cells = page.notebook.cells
    if not (cells and cells[0].cell_type == "markdown" and title_of(page.notebook)):
        yield Fault(None, "no title", "Begin the first cell with `# Title`.")


@rule("metadata")
def metadata(page: Page) -> Iterator[Fault]:
    """The kernel is `python3`, and no version or time of execution is stored."""
    kernel = page.notebook.metadata.get("kernelspec", {}).get("name")
    mend = f"Run `dlbook execute {page.name}`."
    if kernel != "python3":
        yield Fault(None, f"the kernel {kernel!r}; accepted is 'python3'", "Choose the kernel Python 3, and save.")
    if "version" in page.notebook.metadata.get("language_info", {}):
        yield Fault(None, "the version of Python is stored in the notebook", mend)
    for index, cell in code_cells(page.notebook):
        if "execution" in cell.metadata:
            yield Fault(index, "times of execution are stored in the notebook", mend)
            return


@rule("orphan-results", whole_book=True)
def orphan_results(book: Book) -> Iterator[tuple[str, Fault]]:
    """No results without a page."""
    expected = {results_path(page.name, book.top) for page in book.pages}
    for path in sorted((book.top / "results").rglob("*.json")):
        hidden = any(part.startswith((".", "_")) for part in path.relative_to(book.top).parts)
        if path not in expected and not hidden:
            what = Fault(None, "results of a page that is not there", "Remove the file.")
            yield path.relative_to(book.top).as_posix(), what


@rule("toc", whole_book=True)
def toc(book: Book) -> Iterator[tuple[str, Fault]]:
    """Every notebook is in the table of contents, and every entry has a file."""
    listed = {entry.removesuffix(".ipynb").removesuffix(".md") for entry in book.toc}
    for page in book.pages:
        entry = notebook_path(page.name, book.top).relative_to(book.top).with_suffix("").as_posix()
        if entry not in listed:
            yield page.file, Fault(None, "the page is not in _toc.yml", f"Add the line `- file: {entry}`.")
    for entry in sorted(listed):
        if not any((book.top / f"{entry}{kind}").is_file() for kind in DOCUMENTS):
            yield "_toc.yml", Fault(None, f"the entry {entry!r} has no file", "Write the page, or remove the entry.")
