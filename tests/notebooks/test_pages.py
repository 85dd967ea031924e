"""Every notebook of the book: it runs with another seed and its quick set, and faults planted in it are caught."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode

from dlbook.book.comparator import OF_LARGEST, difference, read_text, shown
from dlbook.book.errors import SettingError
from dlbook.book.notebooks import lint as linting
from dlbook.book.notebooks.files import calls, code_cells, parameters, read, sets, tags, write
from dlbook.book.notebooks.harvest import cell_class, equations_of, records, stored_results
from dlbook.book.paths import notebook_path, pages, results_path, root
from dlbook.book.run import run_notebook

TOP = root()
PAGES = pages(TOP)
OTHER_SEED = 1
EVERY_SET = [(page, name) for page in PAGES for name in (None, *sets(read(notebook_path(page, TOP))))]


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages run on the device that the checks were called for, else on the CPU."""
    monkeypatch.setenv("DLBOOK_ROOT", str(TOP))
    monkeypatch.setenv("DLBOOK_DEVICE", os.environ.get("DLBOOK_DEVICE") or "cpu")


def holds(page: str, set_name: str | None, seed: int, output: Path) -> None:
    """Run a page; every equation of it must have been verified, and every solution be right."""
    path = notebook_path(page, TOP)
    notebook = read(path)
    given = {**(sets(notebook)[set_name] if set_name else {}), "seed": seed}
    left = run_notebook(path, given, output, fixed=True)
    verified = {record["label"] for record in left if record["kind"] == "equation"}
    assert verified == {label for _, label, _ in equations_of(notebook)}
    answers = [record["status"] for record in left if record["kind"] == "exercise"]
    assert "wrong" not in answers
    assert answers.count("right") >= len({record["id"] for record in left if record["kind"] == "exercise"})


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_with_another_seed_and_its_quick_set(page: str, tmp_path: Path) -> None:
    before = notebook_path(page, TOP).read_bytes()
    holds(page, "quick", OTHER_SEED, tmp_path / "run.ipynb")
    assert notebook_path(page, TOP).read_bytes() == before


@pytest.mark.weekly
@pytest.mark.parametrize("seed", range(int(os.environ.get("DLBOOK_SEEDS") or 10)))
@pytest.mark.parametrize(("page", "set_name"), EVERY_SET)
def test_a_page_holds_over_seeds_and_sets(page: str, set_name: str | None, seed: int, tmp_path: Path) -> None:
    holds(page, set_name, 100 + seed, tmp_path / "run.ipynb")


@pytest.mark.parametrize("page", PAGES)
def test_every_parameter_refuses_what_it_is_not(page: str, tmp_path: Path) -> None:
    path = notebook_path(page, TOP)
    for name, parameter in parameters(read(path)).items():
        if parameter.annotation != "str":
            with pytest.raises(SettingError, match=f"^{name} = 'no such value'"):
                run_notebook(path, {name: "no such value"}, tmp_path / "x.ipynb", fixed=True)
    with pytest.raises(SettingError, match="has no parameter 'nonsense'"):
        run_notebook(path, {"nonsense": 1}, tmp_path / "x.ipynb", fixed=True)


@pytest.mark.parametrize("page", PAGES)
def test_one_percent_of_any_compared_number_is_caught(page: str) -> None:
    """In the stored outputs themselves: every float is changed in turn, and the comparator is asked."""
    notebook = read(notebook_path(page, TOP))
    missed = []
    for index, cell in code_cells(notebook):
        if cell_class(notebook, index) == "compared":
            for _, text in shown(cell.outputs):
                missed += [f"cell {index + 1}: {number}" for number in unseen(text)]
    assert missed == []


def unseen(text: str) -> list[str]:
    """Floats in a text that may change by one percent without a word; rounding noise of their array excepted."""
    _, numbers = read_text(text)
    largest = {n.group: max(abs(m.value) for m in numbers if m.group == n.group) for n in numbers}
    found, start = [], 0
    for number in numbers:
        at = text.index(number.text, start)
        start = at + len(number.text)
        noise = abs(number.value) / 100 <= OF_LARGEST * largest[number.group]
        if not (number.exact or noise):
            changed = f"{text[:at]}{number.value * 1.01:.12g}{text[start:]}"
            if number.text.startswith("+") or "\N{MINUS SIGN}" in number.text:
                continue
            if not difference(text, changed):
                found.append(number.text)
    return found


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the book, to plant faults in."""
    top = tmp_path_factory.mktemp("book") / "copy"
    top.mkdir()
    for name in ("_toc.yml", "_config.yml", *(path.name for path in TOP.glob("*.md"))):
        shutil.copy(TOP / name, top / name)
    for name in ("chapters", "appendix", "results"):
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, top / name)
    return top


def label(notebook: NotebookNode) -> None:
    index, name, _ = equations_of(notebook)[0]
    notebook.cells[index].source = notebook.cells[index].source.replace(f"({name})", f"({name}x)")


def alt_text(notebook: NotebookNode) -> None:
    cell = next(cell for _, cell in code_cells(notebook) if "mystnb" in cell.metadata)
    del cell.metadata["mystnb"]["image"]


def woven_cell(notebook: NotebookNode) -> None:
    cell = next(cell for _, cell in code_cells(notebook) if any(tag.startswith("src:") for tag in tags(cell)))
    cell.source = cell.source.replace("def ", "def  ", 1)


def verification(notebook: NotebookNode) -> None:
    made = (cell for _, cell in code_cells(notebook) if calls(cell.source, "verify") and cell.outputs)
    notebook.cells.remove(next(made))


FAULTS: list[tuple[str, Callable[[NotebookNode], None]]] = [
    ("equation-unverified", label), ("verify-label", label), ("figure-alt", alt_text), ("woven", woven_cell),
    ("equation-unverified", verification), ("stale-result", verification),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "plant"), FAULTS, ids=[f"{rule}: {plant.__name__}" for rule, plant in FAULTS])
@pytest.mark.parametrize("page", PAGES)
def test_a_planted_fault_is_caught_by_name(
    page: str, rule: str, plant: Callable[[NotebookNode], None], book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLBOOK_ROOT", str(book))
    path = notebook_path(page, book)
    kept = path.read_bytes()
    notebook = read(path)
    before = [finding for finding in linting.lint(book, [page]) if finding.rule == rule]
    twin = copy.deepcopy(notebook)
    try:
        plant(twin)
    except (StopIteration, IndexError):
        pytest.skip(f"{page} has nothing to plant this fault in.")
    try:
        write(path, twin)
        found = [finding for finding in linting.lint(book, [page]) if finding.rule == rule]
        assert len(found) > len(before) or (before and rule == "stale-result")
    finally:
        path.write_bytes(kept)


@pytest.mark.parametrize("page", PAGES)
def test_a_band_that_is_gone_is_caught(page: str, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLBOOK_ROOT", str(book))
    notebook, stored = read(notebook_path(page, book)), stored_results(page, book)
    if not records(notebook, "claim") or not stored:
        pytest.skip(f"{page} makes no claim, or has no results yet.")
    path = results_path(page, book)
    kept = path.read_bytes()
    try:
        path.write_text('{"bands": {}}', encoding="utf8")
        found = [finding for finding in linting.lint(book, [page]) if finding.rule == "band"]
        assert len(found) == len({record["name"] for _, record in records(notebook, "claim")})
    finally:
        path.write_bytes(kept)
