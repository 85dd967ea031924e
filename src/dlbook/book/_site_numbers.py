"""Numbers of figures, equations and exercises in reading order: the chapter's own first, then its sections'.

A chapter lists its sections near its top, so that they are numbered 1.1, 1.2, ...; Sphinx would therefore number what
the sections hold before what the chapter holds. And it would go on counting with the chapter's own headings, so that
"section 1.4" meant one thing today and another when a page was added: only pages carry numbers, headings do not.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

Numbers = dict[str, dict[str, dict[str, tuple[int, ...]]]]


def reading_order(env: BuildEnvironment) -> list[str]:
    """Every document, parents before their children."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name not in order:
            order.append(name)
            for child in env.toctree_includes.get(name, []):
                visit(child)

    visit(env.config.root_doc)
    return order


def renumber(numbers: Numbers, order: list[str]) -> Numbers:
    """Count anew within each chapter, in this order of documents; what belongs to no chapter keeps its number."""
    counts: Counter[tuple[Any, ...]] = Counter()
    result = copy.deepcopy(numbers)
    for document in order:
        for kind, found in result.get(document, {}).items():
            for label, number in found.items():
                if len(number) == 2:  # chapter, count
                    counts[kind, number[0]] += 1
                    found[label] = (number[0], counts[kind, number[0]])
    return result


def only_pages(numbers: Mapping[str, Mapping[str, tuple[int, ...] | None]]) -> dict[str, dict[str, Any]]:
    """The same section numbers, empty for every heading inside a page: the page's own has no anchor."""
    return {name: {a: () if a else n for a, n in found.items()} for name, found in numbers.items()}


def _restore(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give Sphinx back its own numbers, so that it sees what changed since the last build."""
    if hasattr(env, "dlbook_sphinx_numbers"):
        env.toc_fignumbers = env.dlbook_sphinx_numbers
        env.toc_secnumbers = env.dlbook_sphinx_sections
    return []


def _apply(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Put the numbers in reading order; the documents whose numbers changed are written again."""
    before = getattr(env, "dlbook_numbers", {})
    env.dlbook_sphinx_numbers = env.toc_fignumbers
    env.toc_fignumbers = env.dlbook_numbers = renumber(env.toc_fignumbers, reading_order(env))
    env.dlbook_sphinx_sections = env.toc_secnumbers
    env.toc_secnumbers = only_pages(env.toc_secnumbers)
    for contents in env.tocs.values():
        for reference in contents.findall(nodes.reference):
            if reference.get("anchorname"):
                reference["secnumber"] = None
    return [name for name, found in env.dlbook_numbers.items() if before.get(name) != found]


def connect(app: Sphinx) -> None:
    """Number before and after Sphinx's own collector, whose priority is 500."""
    app.connect("env-get-updated", _restore, priority=100)
    app.connect("env-get-updated", _apply, priority=900)
