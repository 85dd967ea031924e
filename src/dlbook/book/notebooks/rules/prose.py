"""Rules about prose: a result in a sentence is computed, not typed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..files import calls, code_cells, parse, tags
from ..lint import Fault, Page, rule

UNITS = (
    r"ns|µs|μs|us|ms|s|sec|seconds?|milliseconds?|microseconds?|minutes?|hours?|"
    r"kB|KB|KiB|MB|MiB|GB|GiB|TB|TiB|bytes?|[MGT]?FLOP/?s?|[kMG]?Hz|epochs?|fold|times (?:faster|slower)"
)
NUMBER = r"(?<![\w.\-/§])[-+−]?\d[\d,]*(?:\.\d+)?"
RESULTS = re.compile(
    rf"(?P<percent>{NUMBER}\s?(?:%|per ?cent\b|percentage points?))|(?P<unit>{NUMBER}[\s ‑-]?(?:{UNITS})(?![\w/]))"
    r"|(?P<decimal>(?<![\w.§])[-+−]?\d+\.\d+(?![\w.]*\.\d))"
)
# What is no plain prose. Directives keep their body, but lose their first line and options; code and maths go wholly.
NO_PROSE = [
    re.compile(pattern, re.DOTALL | re.MULTILINE)
    for pattern in (
        r"<!--.*?-->",
        r"^[ \t]*(?P<fence>`{3,}|:{3,}|~{3,})"
        r"(?:\{(?:math|code|code-block|code-cell|mermaid|bibliography|figure|image)\}|(?!\{)[ \t]*\w*)"
        r"[^\n]*\n.*?^[ \t]*(?P=fence)[ \t]*$",
        r"^[ \t]*(?:`{3,}|:{3,}|~{3,})[^\n]*$",
        r"^[ \t]*:[a-z-]+:[^\n]*$",
        r"\$\$.*?\$\$(?:\s*\([\w:-]+\))?",
        r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}",
        r"(?<!\\)\$[^$\n]+?(?<!\\)\$",
        r"^#{1,6} [^\n]*$",
        r"^\([\w:.-]+\)=\s*$",
        r"\{[\w:.-]+\}`[^`]*`",
        r"(`+)(?!`).+?(?<!`)\1(?!`)",
        r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\([^)\s]*(?:\s[^)]*)?\)",
        r"<?https?://\S+",
        r"\b(?:[Ss]ections?|[Cc]hapters?|[Ff]igures?|[Ee]quations?|Python|PyTorch|NumPy|torch|version|CUDA)"
        r" v?\d+(?:\.\d+)*\+?",
    )
]


def prose(text: str) -> str:
    """The plain prose of a piece of Markdown: the rest is replaced by spaces."""
    for pattern in NO_PROSE:
        text = pattern.sub(" ", text)
    return text


@rule("number", excusable=True)
def number(page: Page) -> Iterator[Fault]:
    """No bare result in prose: decimals, percentages and numbers before a unit come out of a cell."""
    for index, cell in enumerate(page.notebook.cells):
        if cell.cell_type == "markdown":
            for match in RESULTS.finditer(prose(cell.source)):
                found = " ".join(match[0].split())
                mend = 'Compute it in a `say(f"...")` cell; what is no result: `<!-- lint: number: reason -->`.'
                yield Fault(index, f"the number {found!r} stands in the text", mend)


@rule("say-input")
def say_input(page: Page) -> Iterator[Fault]:
    """A cell that only says a sentence hides its code with the tag `remove-input`, and no other cell has this tag."""
    for index, cell in code_cells(page.notebook):
        hidden, only = "remove-input" in tags(cell), _only_says(cell.source)
        if only and not hidden:
            yield Fault(index, "a cell that only says a sentence shows its code", "Tag it `remove-input`.")
        elif hidden and not calls(cell.source, "say"):
            yield Fault(index, "code is removed from the page that is no sentence", "Tag it `hide-input`: it opens.")


def _only_says(source: str) -> bool:
    tree = parse(source)
    statements = tree.body if tree else []
    return bool(statements) and len(calls(source, "say")) == len(statements)
