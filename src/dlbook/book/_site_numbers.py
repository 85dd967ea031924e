"""Numbers of figures, equations and exercises in reading order: the chapter's own first, then its sections'.

A chapter lists its sections near its top, so that they are numbered 1.1, 1.2, ...; Sphinx would therefore number what
the sections hold before what the chapter holds.
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

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


def _restore(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give Sphinx back its own numbers, so that it sees what changed since the last build."""
    if hasattr(env, "dlbook_sphinx_numbers"):
        env.toc_fignumbers = env.dlbook_sphinx_numbers
    return []


def _apply(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Put the numbers in reading order; the documents whose numbers changed are written again."""
    before = getattr(env, "dlbook_numbers", {})
    env.dlbook_sphinx_numbers = env.toc_fignumbers
    env.toc_fignumbers = env.dlbook_numbers = renumber(env.toc_fignumbers, reading_order(env))
    return [name for name, found in env.dlbook_numbers.items() if before.get(name) != found]


def connect(app: Sphinx) -> None:
    """Number before and after Sphinx's own collector, whose priority is 500."""
    app.connect("env-get-updated", _restore, priority=100)
    app.connect("env-get-updated", _apply, priority=900)
