"""Directives of the generated pages: the equation ledger, reproducibility, and the API reference."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from . import _site_nodes as write
from . import site

NOTHING = "Nothing is stored for this page yet: dlbook execute writes what would stand here."


class ResultsDirective(SphinxDirective):
    """What the directives that show results share."""

    def results(self) -> list[tuple[str, site.Results | None]]:
        """Document and results of every notebook; notes that this page depends on all of them."""
        site.depend(self.env, self.env.docname, site.EVERY_PAGE)
        return [(name, site.load_results(Path(self.env.srcdir), name)) for name in site.notebooks(self.env)]

    def section(self, title: str, *body: nodes.Node) -> nodes.section:
        """A section of this page."""
        return nodes.section("", nodes.title("", title), *body, ids=[nodes.make_id(f"{self.name}-{title}")])


class EquationLedger(ResultsDirective):
    """Every verified equation of the book, a section a page."""

    def run(self) -> list[nodes.Node]:
        pages = self.results()
        total = sum(len(found["equations"]) for _, found in pages if found)
        where = f"{write.counted(total, 'equation')} on {write.counted(len(pages), 'page')}"
        lead = f"{where}, each verified when the page was last stored."
        return [write.paragraph(lead), *(self.page(name, found) for name, found in pages)]

    def page(self, docname: str, found: site.Results | None) -> nodes.section:
        """The equations of one page."""
        if not found:
            return self.section(site.page_of(docname), write.paragraph(NOTHING))
        link = write.document_link(docname, found["title"], self.env.docname)
        if not found["equations"]:
            return self.section(found["title"], write.paragraph("No equation is labelled in ", link, "."))
        rows = [row for label, entry in found["equations"].items() for row in self.rows(label, entry)]
        head = ("Equation", "Ours, and what it is held against", "Check", "Largest error")
        lead = write.paragraph("From ", link, f": {write.counted(len(found['equations']), 'equation')}.")
        return self.section(found["title"], lead, write.table(head, (28, 38, 18, 16), rows, "dlbook-ledger"))

    def rows(self, label: str, entry: dict[str, Any]) -> list[list[write.Cell]]:
        """One equation in two rows: number, both sides, check and errors; then the formula over the whole width."""
        here = self.env.docname
        text = entry["formula"].strip().rstrip(".,")  # the punctuation of the sentence that it stood in
        formula = nodes.math_block(text, text, nowrap=False, number=None, label=None, docname=here)
        link = write.reference("math", "eq", label, here, nodes.inline("", label))
        both = [
            write.code_link(entry["ours"], here),
            write.paragraph("against ", nodes.literal("", entry["reference"])),
        ]
        check = [nodes.strong("", entry["check"]), write.paragraph(write.counted(entry["cases"], "case"))]
        if entry["tolerance"] not in ("exact", "exactly"):
            check.append(write.paragraph(str(entry["tolerance"])))
        errors = [f"value {write.number(entry['error_value'], 2)}"]
        if entry["error_gradient"] is not None:
            errors.append(f"gradient {write.number(entry['error_gradient'], 2)}")
        name = write.paragraph(link, " ", nodes.literal("", label), classes=["dlbook-label"])
        return [[name, both, check, [write.paragraph(text) for text in errors]], [formula]]


class Reproducibility(ResultsDirective):
    """What was run, where, how long and how exactly; then every claim with its band."""

    def run(self) -> list[nodes.Node]:
        pages = self.results()
        stored = [(name, found) for name, found in pages if found]
        missing = [name for name, found in pages if not found]
        body: list[nodes.Node] = (
            [write.paragraph(NOTHING)] if not stored else [self.runs(stored), self.machines(stored)]
        )
        if stored and missing:
            names = ", ".join(site.page_of(name) for name in missing)
            body.append(write.paragraph(f"Not stored yet: {names}."))
        return [self.section("What was run", *body), self.section("Claims and their bands", *self.claims(stored))]

    def runs(self, stored: list[tuple[str, site.Results]]) -> nodes.Node:
        """One row a page: how its cells are checked and what the run cost."""
        rows = [
            [
                write.document_link(name, found["title"], self.env.docname),
                *(str(found["cells"][kind]) for kind in ("compared", "banded", "ignored")),
                write.duration(found["cost"]["seconds"]),
                write.duration(found["quick"]["seconds"]) if found.get("quick") else "–",
                write.memory(found["cost"]["peak_mb"]),
            ]
            for name, found in stored
        ]
        head = ("Page", "Compared", "Banded", "Ignored", "Time", "Quick set", "Peak memory")
        return write.table(head, (28, 12, 12, 12, 12, 12, 12), rows, "dlbook-runs")

    def machines(self, stored: list[tuple[str, site.Results]]) -> nodes.Node:
        """The distinct machines and versions, one line each."""
        lines = dict.fromkeys(
            f"{cost['hardware']}; {cost['system']}, Python {cost['python']}, torch {cost['torch']}; "
            f"device {cost['device']}, {write.cores(cost['threads'])}"
            for cost in (found["cost"] for _, found in stored)
        )
        return nodes.bullet_list("", *(nodes.list_item("", write.paragraph(line)) for line in lines))

    def claims(self, stored: list[tuple[str, site.Results]]) -> list[nodes.Node]:
        """One table a page: each claim, the stored value, and the band that it must stay in."""
        found_any = [(name, found) for name, found in stored if found["claims"]]
        if not found_any:
            return [write.paragraph("No claim is stored yet.")]
        body: list[nodes.Node] = []
        for name, found in found_any:
            bands = found.get("bands", {}).get(found["set"], {})
            rows = [self.claim(label, claim, bands.get(label)) for label, claim in found["claims"].items()]
            head = ("Claim", "Stored", "Must be", "Recorded runs")
            body.append(write.paragraph(write.document_link(name, found["title"], self.env.docname)))
            body.append(write.table(head, (34, 14, 26, 26), rows, "dlbook-claims"))
        return body

    def claim(self, name: str, claim: dict[str, Any], band: dict[str, Any] | None) -> list[write.Cell]:
        """One claim: value, what it is held to, and the runs behind the band."""
        if claim.get("limit") is not None:
            must = f"{claim['side']} {write.number(claim['limit'])}"
        elif band is None:
            must = "no band for these parameters"
        else:
            ends = {"above": (band["low"], "or more"), "below": (band["high"], "or less")}
            one_sided = ends.get(claim["side"])
            must = f"{write.number(band['low'])} to {write.number(band['high'])}"
            if one_sided:
                must = f"{write.number(one_sided[0])} {one_sided[1]}"
        runs: list[write.Cell] = ["–"]
        if band:
            runs = [f"{write.number(band['mean'])} ± {write.number(band['s'], 2)} (n = {band['n']})"]
        if claim.get("timing"):
            runs.append(write.paragraph("a timing: asserted on like hardware only", classes=["dlbook-note"]))
        return [nodes.literal("", name), write.number(claim["value"]), must, runs]


#: Parts of the API reference by how the names of their modules begin; all others are the subject.
API_PARTS = {
    "book": "dlbook.book",
    "figures": "dlbook.plots",
    "data": "dlbook.data",
    "functions": "dlbook.functional",
}


class ApiModules(SphinxDirective):
    """Every public module of one part, `subject` or a name in `API_PARTS`, from its docstrings: none is forgotten."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        wanted = self.arguments[0]
        if wanted not in ("subject", *API_PARTS):
            raise self.error(f"The part is {wanted!r}: accepted are subject, {', '.join(API_PARTS)}.")
        site.depend(self.env, self.env.docname, site.MODULES)
        return [self.module(name) for name in site.public_modules() if self.part_of(name) == wanted]

    def part_of(self, module: str) -> str:
        """The part to which a module belongs."""
        return next((part for part, start in API_PARTS.items() if module.startswith(start)), "subject")

    def module(self, name: str) -> nodes.section:
        """A section with the documentation of one module."""
        section = nodes.section("", nodes.title("", name), ids=[nodes.make_id(f"api-{name}")])
        package = hasattr(importlib.import_module(name), "__path__")
        options = ["   :members:", "   :show-inheritance:", *(["   :ignore-module-all:"] if package else [])]
        text = ["```{eval-rst}", f".. automodule:: {name}", *options, "```"]
        self.state.nested_parse(StringList(text, source=name), self.content_offset, section)
        return section
