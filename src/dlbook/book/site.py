"""The Sphinx extension of the book: cost stamps, captions of woven cells, and the pages made from results.

What `dlbook execute` stored under `results/` is read here and nowhere written. A page is read again by Sphinx when the
results that it shows have changed, whatever their dates.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import pkgutil
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer

from . import _site_nodes as write
from .source import module_file

Results = dict[str, Any]
EVERY_PAGE = "*"
MODULES = "modules"


def page_of(docname: str) -> str:
    """The page that a document is: `chapters/01_tensors` is `01_tensors`."""
    return docname.removeprefix("chapters/")


def notebooks(env: BuildEnvironment) -> list[str]:
    """The documents of the book that are notebooks, in the order of their names."""
    return sorted(name for name in env.found_docs if str(env.doc2path(name)).endswith(".ipynb"))


def load_results(top: Path, docname: str) -> Results | None:
    """What was harvested for a document, or `None` where nothing is stored yet."""
    path = top / "results" / f"{page_of(docname)}.json"
    return json.loads(path.read_text("utf8")) if path.is_file() else None


def public_modules(package: str = "dlbook") -> list[str]:
    """Every module of the package whose dotted name has no part that begins with an underscore; nothing is imported
    but the packages themselves."""
    names = [package]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return names
    for info in pkgutil.iter_modules(spec.submodule_search_locations, f"{package}."):
        if not info.name.rpartition(".")[2].startswith("_"):
            names += public_modules(info.name) if info.ispkg else [info.name]
    return sorted(names)


# --- reading a page again when what it shows has changed ------------------------------------------------------------


def _digest(env: BuildEnvironment, scope: str) -> str:
    """Fingerprint of what a page with this scope shows: one page's results, every page's, or the list of modules."""
    if scope == MODULES:
        return " ".join(public_modules())
    documents = notebooks(env) if scope == EVERY_PAGE else [scope]
    return hashlib.sha256(repr([load_results(Path(env.srcdir), name) for name in documents]).encode()).hexdigest()


def _seen(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    if not hasattr(env, "dlbook_seen"):
        env.dlbook_seen = {}
    return env.dlbook_seen


def depend(env: BuildEnvironment, docname: str, scope: str) -> None:
    """Note that a document shows `scope`: it is read again when that changes."""
    _seen(env)[docname] = (scope, _digest(env, scope))
    if scope not in (EVERY_PAGE, MODULES):
        path = Path(env.srcdir) / "results" / f"{page_of(scope)}.json"
        if path.is_file():
            env.note_dependency(str(path))


def _outdated(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    return [name for name, (scope, old) in _seen(env).items() if name in env.found_docs and _digest(env, scope) != old]


def _purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _seen(env).pop(docname, None)


def _merge(app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment) -> None:
    _seen(env).update({name: seen for name, seen in _seen(other).items() if name in docnames})


# --- what is added to every notebook --------------------------------------------------------------------------------


def _decorate(app: Sphinx, doctree: nodes.document) -> None:
    env = app.env
    docname = env.docname
    if docname not in notebooks(env):
        return
    depend(env, docname, docname)
    if (title := next(iter(doctree.findall(nodes.title)), None)) is not None:
        title.parent.insert(1, write.stamp(page_of(docname), load_results(Path(env.srcdir), docname), docname))
    for cell in list(doctree.findall(nodes.container)):
        woven = [text for text in cell.get("classes", []) if text.startswith("tag_src:")]
        if woven:
            cell["classes"] = [text for text in cell["classes"] if text not in woven] + ["dlbook-woven"]
            caption = write.woven_caption([name.removeprefix("tag_src:") for name in woven], docname)
            if cell.get("hide_mode"):  # what folds must begin with its code
                cell.parent.insert(cell.parent.index(cell), caption)
            else:
                cell.insert(0, caption)


def _skip_inherited(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """Leave out of the reference what a base class of another library adds to ours (matplotlib: `set`)."""
    module = getattr(obj, "__module__", None) or ""
    return True if module and what == "class" and module.split(".")[0] in ("matplotlib", "torch") else None


def _name_toggles(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Give the arrows in the table of contents a name for those who cannot see them."""
    if generate := context.get("generate_toctree_html"):
        named = ("<summary>", '<summary aria-label="Show or hide the sections">')
        context["generate_toctree_html"] = lambda *args, **options: str(generate(*args, **options)).replace(*named)


def _unwrap_plain_code(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Drop the marks around names, brackets and spaces of code: they have its plain colour, and are half of a page."""
    if body := context.get("body"):
        context["body"] = re.sub(r'<span class="(?:n|p|w)">([^<]*)</span>', r"\1", body)


def _mend_roles(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Mend what screen readers stumble over: outdated roles in the bibliography, lists right inside lists."""
    body = context.get("body") or ""
    for role in ('role="list" ', ' role="doc-biblioentry"', ' role="doc-backlink"'):
        if "citation-list" in body:
            body = body.replace(role, "")
    if pagename == "_modules/index":
        body = body.replace("<ul>", "<li><ul>").replace("</ul>", "</ul></li>")
        body = body.replace("<li><ul>", "<ul>", 1)
        body = "</ul>".join(body.rsplit("</ul></li>", 1))
    context["body"] = body


def _number_verifications(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """A line that says `verified eq-x` gets the number of the equation, and leads to it."""
    numbers = app.env.toc_fignumbers.get(docname, {}).get("displaymath", {})

    def numbered(match: re.Match[str]) -> str:
        if not (number := numbers.get(f"equation-{match[1]}")):
            return match[0]
        return f'verified <a href="#equation-{match[1]}">({".".join(map(str, number))})</a>'

    for line in list(doctree.findall(nodes.raw)):
        if line.get("format") == "html" and "dlbook-verify" in line.astext():
            text = re.sub(r"verified (eq-[\w-]+)", numbered, line.astext())
            line.replace_self(nodes.raw(text, text, format="html"))


def _find_without_import() -> None:
    """Let Sphinx look up the source of our modules as files: it would import each, and torch with it, every time."""
    sphinx_way = ModuleAnalyzer.get_module_source

    def get_module_source(name: str) -> tuple[str | None, str | None]:
        path = module_file(name)
        return (str(path), None) if path else sphinx_way(name)

    ModuleAnalyzer.get_module_source = staticmethod(get_module_source)


class _AsWritten:
    """Keep napoleon from reading "Meaning: more" in the docstring of a value as its type."""

    lines: tuple[str, ...] = ()

    def before(self, app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
        self.lines = tuple(lines)

    def after(self, app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
        if what in ("attribute", "data", "property"):
            lines[:] = self.lines


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    from . import _site_numbers
    from ._site_pages import ApiModules, EquationLedger, Reproducibility

    _find_without_import()
    app.add_directive("equation-ledger", EquationLedger)
    app.add_directive("reproducibility", Reproducibility)
    app.add_directive("api-modules", ApiModules)
    app.connect("env-get-outdated", _outdated)
    app.connect("env-purge-doc", _purge)
    app.connect("env-merge-info", _merge)
    app.connect("doctree-read", _decorate)
    app.connect("doctree-resolved", _number_verifications)
    app.connect("html-page-context", _name_toggles, priority=900)  # after the theme has put its functions there
    app.connect("html-page-context", _mend_roles)
    app.connect("html-page-context", _unwrap_plain_code)
    app.connect("autodoc-skip-member", _skip_inherited)
    _site_numbers.connect(app)
    as_written = _AsWritten()
    app.connect("autodoc-process-docstring", as_written.before, priority=400)  # napoleon's is 500
    app.connect("autodoc-process-docstring", as_written.after, priority=600)
    source = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*site*.py")))
    version = hashlib.sha256(source).hexdigest()  # pages made by an older extension are made again
    return {"version": "1", "env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
