"""Rules about figures: each has a text for those who do not see it, a caption and a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from ..files import code_cells
from ..lint import Fault, Page, rule

SHORTEST_ALT = 30  # characters
EMPTY_ALT = re.compile(r"!\[\s*\]\(")
DIRECTIVE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{(?:figure|image)\}[^\n]*\n(?P<body>.*?)^(?P=fence)", re.DOTALL | re.MULTILINE
)


def figure_cells(page: Page) -> Iterator[tuple[int, NotebookNode]]:
    """Code cells that show a picture, or say that they do."""
    for index, cell in code_cells(page.notebook):
        drawn = any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {}))
        if drawn or "mystnb" in cell.metadata:
            yield index, cell


def _entry(cell: NotebookNode, part: str, name: str) -> str:
    mystnb = cell.metadata.get("mystnb", {})
    found = mystnb.get(part, {}) if isinstance(mystnb, dict) else {}
    value = found.get(name, "") if isinstance(found, dict) else ""
    return value.strip() if isinstance(value, str) else ""


@rule("figure-alt")
def figure_alt(page: Page) -> Iterator[Fault]:
    """Every figure has an alternative text of at least 30 characters, in the metadata of its cell."""
    mend = 'Say what the figure shows in the cell metadata: "mystnb": {"image": {"alt": "..."}}.'
    for index, cell in figure_cells(page):
        alt = _entry(cell, "image", "alt")
        if not alt:
            yield Fault(index, "a figure without alt text", mend)
        elif len(alt) < SHORTEST_ALT:
            yield Fault(index, f"an alt text of {len(alt)} characters; at least {SHORTEST_ALT} are accepted", mend)
    for index, cell in enumerate(page.notebook.cells):
        if cell.cell_type == "markdown" and _bare_image(cell.source):
            yield Fault(index, "an image without alt text", "Write it between the square brackets, or as `:alt:`.")


def _bare_image(text: str) -> bool:
    return bool(EMPTY_ALT.search(text)) or any(":alt:" not in match["body"] for match in DIRECTIVE.finditer(text))


@rule("figure-alone")
def figure_alone(page: Page) -> Iterator[Fault]:
    """A figure is the only output of its cell: its caption and name would be given to every output."""
    for index, cell in figure_cells(page):
        if len(cell.outputs) > 1:
            yield Fault(index, f"a figure among {len(cell.outputs)} outputs", "Draw it in a cell of its own.")


@rule("figure-caption")
def figure_caption(page: Page) -> Iterator[Fault]:
    """Every figure has a caption and a name that begins with `fig-`."""
    for index, cell in figure_cells(page):
        name, caption = _entry(cell, "figure", "name"), _entry(cell, "figure", "caption")
        if not caption:
            yield Fault(
                index, "a figure without caption", 'Add "mystnb": {"figure": {"caption": "..."}} to its metadata.'
            )
        if not name.startswith("fig-"):
            found = f"named {name!r}" if name else "without a name"
            yield Fault(index, f"a figure {found}", 'Add "mystnb": {"figure": {"name": "fig-..."}} to its metadata.')
