"""What a check leaves behind: one record in the output of its own cell, and a line for the reader."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator, Mapping
from typing import Any

MIME = "application/vnd.dlbook.record+json"


def emit(record: Mapping[str, Any], mark: str, head: str, text: str, *, style: str) -> None:
    """Show `mark head: text`, and leave `record` in the cell's output, where `dlbook execute` harvests it.

    Outside a notebook the line is printed. `style` names the kind of line for the book's style sheet.
    """
    line = f"{mark} {head}: {text}"
    fragment = (
        f'<div class="dlbook dlbook-{style}"><strong>{mark} {html.escape(head)}</strong> {html.escape(text)}</div>'
    )
    if not in_notebook():
        print(line)
        return
    from IPython.display import publish_display_data

    publish_display_data({"text/plain": line, "text/html": fragment, MIME: dict(record)})


def in_notebook() -> bool:
    """Whether this process is a kernel that can show rich output."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def harvest(notebook: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Index of the cell and record, for every record in the outputs of a notebook."""
    for index, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", []):
            if record := output.get("data", {}).get(MIME):
                yield index, dict(record)


def band_text(band: Mapping[str, Any]) -> str:
    """A band in the words of a claim, which the lint looks for on the page, too."""
    return f"the book's {band['n']} runs: {band['mean']:.4g}, standard deviation {band['s']:.2g}"
