"""Rules about cells: their tags, what they define, the parameters and settings that every page begins with."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ...errors import DlbookError
from ...source import TAG, definitions, text_of, woven
from ..files import (
    IGNORED_TAG,
    MACHINE_TAGS,
    calls,
    code_cells,
    first_text,
    parameters,
    parameters_cell,
    parse,
    sets,
    tags,
)  # fmt: skip
from ..lint import Fault, Page, rule

TAGS = {
    "parameters", "hide-input", "hide-output", "hide-cell", "remove-input", "remove-cell", IGNORED_TAG, *MACHINE_TAGS,
}  # fmt: skip
WIDEST = 88  # characters of a line of code that is shown
COVERED = re.compile(r"[CKF]-\d{2,3}|q\d{3}")


@rule("tag")
def known_tags(page: Page) -> Iterator[Fault]:
    """No tag but those that mean something here: a misspelt one would be silently without effect."""
    for index, cell in enumerate(page.notebook.cells):
        for tag in tags(cell):
            if tag not in TAGS and not tag.startswith(TAG):
                yield Fault(index, f"the unknown tag {tag!r}", f"Accepted are {', '.join(sorted(TAGS))}, {TAG}NAME.")


@rule("code-width")
def code_width(page: Page) -> Iterator[Fault]:
    """Code that is shown fits the page: on a narrow screen the rest of a longer line is out of sight."""
    for index, cell in code_cells(page.notebook):
        longest = max(cell.source.splitlines(), key=len, default="")
        if len(longest) > WIDEST and not {"hide-input", "hide-cell", "remove-input", "remove-cell"} & set(tags(cell)):
            what = f"a line of {len(longest)} characters; at most {WIDEST} are accepted"
            yield Fault(index, what, "Break it, or put its comment on a line above.")


@rule("ignored")
def ignored(page: Page) -> Iterator[Fault]:
    """An output that is not compared holds a claim, or carries the tag `timing` or `hardware`."""
    for index, cell in code_cells(page.notebook):
        given = tags(cell)
        reason = [tag for tag in MACHINE_TAGS if tag in given]
        if IGNORED_TAG in given and not reason and not calls(cell.source, "claim"):
            mend = "Add a claim(...), or the tag `timing` or `hardware` if it depends on the machine."
            yield Fault(index, f"{IGNORED_TAG} without a claim", mend)
        if reason and IGNORED_TAG not in given:
            yield Fault(index, f"the tag {reason[0]!r} without {IGNORED_TAG}", f"Add {IGNORED_TAG}.")


@rule("parameters")
def parameters_rule(page: Page) -> Iterator[Fault]:
    """One cell is tagged `parameters`, with only imports before it; it declares `seed` and `device`."""
    tagged = [index for index, cell in code_cells(page.notebook) if "parameters" in tags(cell)]
    if len(tagged) != 1:
        what = "no cell tagged `parameters`" if not tagged else f"{len(tagged)} cells tagged `parameters`"
        yield Fault(None, what, "Tag the first code cell, and only it: `seed: int = 0  # seed of ...`.")
        return
    for index, cell in code_cells(page.notebook):
        body = (parse(cell.source) or ast.Module([], [])).body
        if index < tagged[0] and not all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in body):
            yield Fault(index, "code before the parameters cell", "Only imports may stand there.")
    for name in ("seed", "device"):
        if name not in parameters(page.notebook):
            yield Fault(tagged[0], f"no parameter {name!r}", f"Declare it: every page has a {name}.")


@rule("parameter")
def parameter(page: Page) -> Iterator[Fault]:
    """Every parameter has a type and a comment: `dlbook run` checks by the one and shows the other."""
    index = parameters_cell(page.notebook)
    if index is None:
        return
    for declared in parameters(page.notebook).values():
        lacking = [what for what, has in (("type", declared.annotation), ("comment", declared.help)) if not has]
        if lacking:
            mend = f"Write `{declared.name}: TYPE = {declared.default!r}  # what it is`."
            yield Fault(index, f"the parameter {declared.name!r} has no {' and no '.join(lacking)}", mend)
    for node in (parse(page.notebook.cells[index].source) or ast.Module([], [])).body:
        if not isinstance(node, (ast.AnnAssign, ast.Assign)):
            yield Fault(index, "more than parameters in the parameters cell", "Move derived values to a later cell.")
            return


@rule("settings")
def settings_rule(page: Page) -> Iterator[Fault]:
    """A cell after the parameters calls `settings`, with the name of this page and every parameter."""
    found = [(index, call) for index, cell in code_cells(page.notebook) for call in calls(cell.source, "settings")]
    mend = f'Write `run = settings("{page.name}", seed=seed, device=device, ...)` in the cell after the parameters.'
    if len(found) != 1:
        yield Fault(None, f"{len(found) or 'no'} calls of settings where one is due", mend)
        return
    index, call = found[0]
    if (given := first_text(call)) != page.name:
        yield Fault(index, f"settings names the page {given!r}; the file is {page.name!r}", mend)
    if (first := parameters_cell(page.notebook)) is not None and index <= first:
        yield Fault(index, "settings is called before the parameters cell", mend)
    missing = sorted(set(parameters(page.notebook)) - {keyword.arg for keyword in call.keywords})
    if missing:
        yield Fault(
            index, f"settings does not check {', '.join(missing)}", f"Pass {missing[0]}=between(...) or the like."
        )


@rule("quick-set")
def quick_set(page: Page) -> Iterator[Fault]:
    """The notebook declares a `quick` parameter set, and every declared set names parameters that exist."""
    declared = sets(page.notebook)
    if "quick" not in declared:
        yield Fault(
            None, "no quick parameter set", 'Add "dlbook": {"sets": {"quick": {...}}} to the notebook metadata.'
        )
    for name, values in declared.items():
        for unknown in sorted(set(values) - set(parameters(page.notebook))):
            yield Fault(None, f"the set {name!r} names {unknown!r}, no parameter", "Mend the notebook metadata.")


@rule("woven")
def woven_rule(page: Page) -> Iterator[Fault]:
    """A cell tagged `src:NAME` contains the package's own text of NAME."""
    for index, cell in code_cells(page.notebook):
        if names := woven(tags(cell)):
            try:
                same = cell.source == text_of(names)
            except DlbookError as error:
                yield Fault(index, str(error).rstrip("."), "Mend the tag.")
                continue
            if not same:
                mend = f"Run `dlbook weave {page.name}`; to change the definition, change the package."
                yield Fault(index, f"the cell differs from {', '.join(names)} in the package", mend)


@cache
def package_names() -> dict[str, str]:
    """Public functions and classes of the subject wing, and the modules that define them."""
    package = Path(__file__).resolve().parents[3]
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[0] != "book" and not any(part.startswith("_") and part != "__init__" for part in parts):
            module = ".".join(("dlbook", *(part for part in parts if part != "__init__")))
            found |= {name: module for name in definitions(module) if not name.startswith("_")}
    return found


@rule("redefinition", excusable=True)
def redefinition(page: Page) -> Iterator[Fault]:
    """No function or class of the package is defined again in a cell that is not woven from it."""
    for index, cell in code_cells(page.notebook):
        taught = {name.rpartition(".")[2] for name in woven(tags(cell))}
        nodes = list(ast.walk(parse(cell.source) or ast.Module([], [])))
        methods = {id(part) for node in nodes if isinstance(node, ast.ClassDef) for part in node.body}
        for node in nodes:
            is_definition = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and id(node) not in methods
            if is_definition and node.name in package_names() and node.name not in taught:
                module = package_names()[node.name]
                mend = f"Import it, tag the cell `{TAG}{module}.{node.name}`, or call yours otherwise."
                yield Fault(index, f"{node.name} is defined in {module}, and again here", mend)


@rule("covers")
def covers(page: Page) -> Iterator[Fault]:
    """What a cell covers are ids of the ledger (C-013, K-21, F-16) or of questions (q004), and exist."""
    known = ledger(os.environ.get("DLBOOK_LEDGER", ""))
    for index, cell in enumerate(page.notebook.cells):
        if (given := cell.metadata.get("covers")) is None:
            continue
        ids = given if isinstance(given, list) else [given]
        for identity in ids:
            if not isinstance(given, list) or not isinstance(identity, str) or not COVERED.fullmatch(identity):
                yield Fault(
                    index, f"covers holds {identity!r}", 'Accepted is a list such as ["C-013", "K-21", "q004"].'
                )
            elif known and identity not in known:
                yield Fault(index, f"covers names {identity!r}, which the ledger does not have", "Mend the id.")


@cache
def ledger(folder: str) -> frozenset[str]:
    """Every id of the ledger and of the questions in a folder (DLBOOK_LEDGER); empty where none is given."""
    if not folder:
        return frozenset()
    home = Path(folder) if Path(folder).is_dir() else Path(folder).parent
    try:
        rows = re.findall(r"^\|\s*([CKF]-\d+)\s*\|", (home / "LEDGER.md").read_text(encoding="utf8"), re.MULTILINE)
        questions = json.loads((home / "questions.json").read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        raise DlbookError(f"DLBOOK_LEDGER = {folder!r}: LEDGER.md and questions.json are expected there.") from error
    return frozenset([*rows, *(question["id"] for question in questions)])
