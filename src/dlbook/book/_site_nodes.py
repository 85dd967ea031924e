"""Pieces of pages as docutils nodes: links, tables, stamps. Pure functions from values to nodes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref

Cell = str | nodes.Node | Sequence[nodes.Node]


def number(value: float | None, digits: int = 4) -> str:
    """A number as the tables show it: a dash for none, `0` for zero, else `digits` significant digits."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{value:.{digits}g}".replace("-", "−")


def duration(seconds: float) -> str:
    """`3.1 s`, `12 s`, `2.5 min`."""
    if seconds >= 120:
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def memory(megabytes: float) -> str:
    """`0.5 GB`: memory to a tenth of a gigabyte."""
    return f"{max(megabytes, 50) / 1024:.1f} GB"


def counted(count: int, noun: str, after: str = "") -> str:
    """`1 claim`, `3 claims`."""
    return f"{count} {noun}{'' if count == 1 else 's'}{after}"


def cores(threads: int) -> str:
    """`one core`, `2 cores`."""
    return "one core" if threads == 1 else counted(threads, "core")


def reference(
    domain: str, kind: str, target: str, docname: str, content: nodes.Node, *, strict: bool = True
) -> nodes.Node:
    """A link that Sphinx resolves; with `strict` the build fails where the target does not exist."""
    node = pending_xref("", content, refdomain=domain, reftype=kind, reftarget=target, refdoc=docname, refwarn=strict)
    node["refexplicit"] = True
    return node


def document_link(target: str, text: str, docname: str) -> nodes.Node:
    """A link to another document of the book."""
    return reference("std", "doc", f"/{target}", docname, nodes.inline("", text))


def equation_link(label: str, docname: str) -> nodes.Node:
    """A link to a labelled equation, shown as its number."""
    return reference("math", "eq", label, docname, nodes.literal("", label))


def code_link(name: str, docname: str) -> nodes.Node:
    """A name of the package linked to its documentation; any other code as it stands."""
    found = re.match(r"dlbook(\.\w+)+", name)
    literal = nodes.literal("", name.removeprefix("dlbook.functional."))
    return reference("py", "obj", found[0], docname, literal) if found else literal


def paragraph(*parts: Cell, classes: Sequence[str] = ()) -> nodes.paragraph:
    """A paragraph of strings and inline nodes."""
    node = nodes.paragraph(classes=list(classes))
    for part in parts:
        node += nodes.Text(part) if isinstance(part, str) else part
    return node


def table(head: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[Cell]], name: str) -> nodes.container:
    """A table in a container that scrolls on a narrow screen; `name` is its class."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in widths), cols=len(head))
    group += nodes.thead("", _row([nodes.strong("", text) for text in head], len(head)))
    group += nodes.tbody("", *(_row(row, len(head)) for row in rows))
    return nodes.container("", nodes.table("", group, classes=[name, "colwidths-given"]), classes=["dlbook-table"])


def _row(cells: Sequence[Cell], width: int) -> nodes.row:
    """A row of cells; a single one takes the whole width."""
    row = nodes.row()
    for cell in cells:
        parts = [cell] if isinstance(cell, (str, nodes.Node)) else list(cell)
        entry = nodes.entry(morecols=width - 1) if len(cells) == 1 else nodes.entry()
        for part in parts:
            entry += part if isinstance(part, nodes.Body) and not isinstance(part, nodes.Inline) else paragraph(part)
        row += entry
    return row


def stamp(page: str, results: dict[str, Any] | None, docname: str) -> nodes.container:
    """What a page cost and what it holds, under its title."""
    run = paragraph(
        "Run it: ", nodes.literal("", "make lab"), " opens this page as a notebook, ",
        nodes.literal("", f"dlbook run {page} -p seed 1"), " runs it with another seed.", classes=["dlbook-stamp-run"],
    )  # fmt: skip
    if results is None:
        lead = ["Not executed yet: ", nodes.literal("", f"dlbook execute {page}"), " stores what this page costs."]
        return nodes.container("", paragraph(*lead), run, classes=["dlbook-stamp"])
    return nodes.container("", paragraph(*_cost(results["cost"]), _holds(results)), run, classes=["dlbook-stamp"])


def _cost(cost: dict[str, Any]) -> list[Cell]:
    on_gpu = str(cost["device"]).startswith("cuda")
    where = f"on {cores(cost['threads'])}" if not on_gpu else "on a GPU"
    lead = f"Runs in {duration(cost['seconds'])} {where}"
    rest = f", peak {memory(cost['peak_mb'])} ({'GPU' if on_gpu else 'CPU'}, torch {cost['torch']}). "
    return [nodes.strong("", lead), rest, "" if on_gpu else "Not yet run on a GPU. "]


def _holds(results: dict[str, Any]) -> str:
    kinds = (("equations", "equation", " verified"), ("claims", "claim", ""), ("exercises", "exercise", ""))
    counts = [counted(len(found), noun, after) for key, noun, after in kinds if (found := results.get(key))]
    return f"{', '.join(counts)}." if counts else ""


def woven_caption(names: Sequence[str], docname: str) -> nodes.paragraph:
    """The line above a cell that holds definitions of the package, in their order."""
    links = [part for name in names for part in (", ", code_link(name, docname))][1:]
    return paragraph("the package’s own ", *links, classes=["dlbook-woven-caption"])
