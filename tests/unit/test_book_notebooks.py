"""Notebooks without running them: parameters, equations, weaving, skeletons, editing as text, the command line."""

import json
import sys
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dlbook.book import bench, cli
from dlbook.book.errors import DlbookError, SettingError
from dlbook.book.notebooks import execute, files, harvest, lint, text, weave
from dlbook.book.notebooks.new import new, skeleton
from dlbook.book.records import MIME
from dlbook.book.told import report, table
from dlbook.book.values import typed

PARAMETERS = """seed: int = 0  # seed
rate: float | None = None  # a rate, or None
sizes: list[int] = [1, 2]  # sizes
shape: tuple[int, int] = (2, 3)  # a shape
kind: Literal["a", "b"] = "a"  # which = it is
fast: bool = False  # quick?
name: str = "x=1"  # a name
bare = 3"""


def declared() -> dict[str, files.Parameter]:
    return files.parameters(new_notebook(cells=[new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]))


def test_parameters_are_read_with_types_defaults_and_comments() -> None:
    found = declared()
    assert list(found) == ["seed", "rate", "sizes", "shape", "kind", "fast", "name", "bare"]
    assert found["rate"] == files.Parameter("rate", "float | None", None, "a rate, or None")
    assert found["name"].default == "x=1"
    assert (found["bare"].annotation, found["bare"].help) == ("", "")
    assert files.parameters(new_notebook(cells=[new_code_cell("x = 1")])) == {}


ACCEPTED = [
    ("seed", "12", 12),
    ("seed", "-3", -3),
    ("seed", "0x10", 16),
    ("seed", 5, 5),
    ("rate", "1e-3", 0.001),
    ("rate", 1, 1.0),
    ("rate", "None", None),
    ("rate", None, None),
    ("sizes", "[3, 4]", [3, 4]),
    ("sizes", "3,4", [3, 4]),
    ("sizes", (5,), [5]),
    ("sizes", "7", [7]),
    ("shape", "(4, 5)", [4, 5]),
    ("kind", "b", "b"),
    ("fast", "True", True),
    ("fast", "false", False),
    ("name", "12", "12"),
    ("bare", "4", 4),
]


@pytest.mark.parametrize(("name", "given", "value"), ACCEPTED)
def test_values_are_read_as_their_type(name: str, given: object, value: object) -> None:
    (found,) = typed("01_x", declared(), {name: given}).values()
    assert found == value
    assert type(found) is type(value)


REFUSED = [
    ("seed", "abc", "accepted is an integer (int), as in 0."),
    ("seed", "1.0", "an integer"),
    ("seed", True, "an integer"),
    ("rate", "fast", "accepted is a number (float) or None, as in None."),
    ("sizes", "[1, 'a']", "accepted is list[int]"),
    ("sizes", 3, "list[int]"),
    ("shape", "(1, 2, 3)", "tuple[int, int]"),
    ("kind", "c", "Literal['a', 'b']"),
    ("fast", "1", "true or false"),
    ("fast", 1, "true or false"),
    ("name", 3, "a text"),
    ("bare", "x", "an integer"),
]


@pytest.mark.parametrize(("name", "given", "words"), REFUSED)
def test_values_of_another_type_are_refused(name: str, given: object, words: str) -> None:
    with pytest.raises(SettingError) as caught:
        typed("01_x", declared(), {name: given})
    assert str(caught.value).startswith(f"{name} = {given!r}: accepted is ")
    assert words in str(caught.value)


def test_equations_are_found_in_both_spellings() -> None:
    cells = [
        new_markdown_cell("Text $$a = b$$ and\n\n$$\nc = d\n$$ (eq-one)\n\n$$e$$\n(eq-two)\n\n$$f$$"),
        new_code_cell("# $$x$$ (eq-none)"),
        new_markdown_cell("```{math}\n:nowrap:\n:label: eq-three\ng = h\n```\n\n:::{math}\n:label: eq-four\n\ni\n:::"),
    ]
    assert harvest.equations_of(new_notebook(cells=cells)) == [
        (0, "eq-one", "c = d"),
        (0, "eq-two", "e"),
        (2, "eq-three", "g = h"),
        (2, "eq-four", "i"),
    ]


def test_the_code_alone_makes_the_hash() -> None:
    one = new_notebook(cells=[new_code_cell("a"), new_markdown_cell("text"), new_code_cell("b")])
    two = new_notebook(cells=[new_code_cell("a", execution_count=3), new_code_cell("b")])
    assert files.code_hash(one) == files.code_hash(two)
    assert files.code_hash(one) != files.code_hash(new_notebook(cells=[new_code_cell("ab")]))


def test_a_quick_set_is_laid_over_the_parameters() -> None:
    notebook = new_notebook(cells=[new_code_cell("n: int = 1  # n", metadata={"tags": ["parameters"]})])
    assert execute.with_parameters(notebook, {"n": 2}).cells[0].source.endswith("\nn = 2")
    assert notebook.cells[0].source == "n: int = 1  # n"
    with pytest.raises(DlbookError, match="no parameter 'm': accepted are n"):
        execute.with_parameters(notebook, {"m": 2})


def test_what_depends_on_the_moment_is_taken_out() -> None:
    notebook = new_notebook(cells=[new_code_cell("a", metadata={"execution": {"x": "1"}})])
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    execute.clean(notebook)
    assert notebook.metadata["language_info"] == {"name": "python"}
    assert "execution" not in notebook.cells[0].metadata


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "chapters").mkdir()
    (tmp_path / "_toc.yml").write_text("root: intro\nchapters:\n  - file: chapters/09_new\n")
    (tmp_path / "intro.md").write_text("# Welcome\n")
    monkeypatch.setenv("DLBOOK_ROOT", str(tmp_path))
    return tmp_path


def test_weaving_fills_tagged_cells_and_only_them(book: Path) -> None:
    tagged = new_code_cell("old", metadata={"tags": ["src:dlbook.book.parameters.flag"]}, execution_count=3)
    notebook = new_notebook(cells=[new_code_cell("other", execution_count=2), tagged])
    assert weave.weave(notebook, "09_new") == [1]
    assert tagged.source.startswith("def flag(")
    assert (tagged.execution_count, notebook.cells[0].execution_count) == (None, 2)
    assert weave.weave(notebook, "09_new") == []
    tagged.metadata["tags"] = ["src:dlbook.book.parameters.nothing"]
    with pytest.raises(DlbookError, match=r"^09_new: cell 2: src:dlbook.book.parameters.nothing"):
        weave.weave(notebook, "09_new")


def test_a_new_page_obeys_the_contract_as_far_as_a_skeleton_can(book: Path) -> None:
    assert new("09_new", "Convolutions", book) == book / "chapters" / "09_new.ipynb"
    broken = {finding.rule for finding in lint.lint(book)}
    assert broken == {"execution-count", "stale-result", "equation-unverified", "exercise-count", "exercise-grader"}
    headings = [
        line
        for cell in skeleton("09_new", "T").cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    assert headings == [
        "# T",
        "## ...: one idea",
        "## Break it",
        "## Exercises",
        "## Summary",
        "## PyTorch on this page",
        "## Further reading",
        "## Experiments",
    ]
    with pytest.raises(DlbookError, match=r"^The page 09_new is there already: chapters/09_new.ipynb"):
        new("09_new", "Again", book)
    for name in ("cnn", "../09_new", "09_new/a/b", "03_CNN"):
        with pytest.raises(DlbookError, match="accepted are names such as"):
            new(name, "T", book)
    with pytest.raises(DlbookError, match="TITLE is empty"):
        new("04_rnn", " ", book)


def test_a_page_goes_through_a_script_and_back_unchanged(book: Path, tmp_path: Path) -> None:
    path = new("09_new", "Convolutions", book)
    notebook = files.read(path)
    for number, (_, cell) in enumerate(files.code_cells(notebook), 1):
        cell.execution_count = number
        cell.outputs = [new_output("stream", name="stdout", text=f"{number}\n")]
    files.write(path, notebook)
    script = tmp_path / "page.py"
    text.to_text("09_new", script, book)
    before = path.read_bytes()
    assert text.from_text(script, "09_new", book) == []
    assert json.loads(path.read_bytes()) == json.loads(before)
    assert path.read_bytes() == before
    script.write_text(script.read_text().replace("def square(x):", "def square(y):").replace("one idea", "an idea"))
    (changed,) = text.from_text(script, "09_new", book)
    after = files.read(path)
    assert "def square(y)" in after.cells[changed].source
    assert [cell.get("execution_count") for cell in after.cells].count(None) == 1 + sum(
        cell.cell_type == "markdown" for cell in after.cells
    )
    assert after.cells[5].metadata == notebook.cells[5].metadata


def test_a_file_that_is_no_script(book: Path, tmp_path: Path) -> None:
    with pytest.raises(DlbookError, match="Cannot read"):
        text.from_text(tmp_path / "missing.py", "09_new", book)
    (tmp_path / "plain.py").write_text("x = 1\n")
    with pytest.raises(DlbookError, match="is no percent script"):
        text.from_text(tmp_path / "plain.py", "09_new", book)
    assert not (book / "chapters" / "09_new.ipynb").exists()


@pytest.mark.parametrize("content", ["<html>404</html>", "{}", '{"cells": 3, "nbformat": 4, "nbformat_minor": 5}', ""])
def test_a_file_that_is_no_notebook_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.ipynb").write_text(content)
    with pytest.raises(DlbookError, match=r"x.ipynb is no notebook: accepted is a file of nbformat 4"):
        files.read(tmp_path / "x.ipynb")
    with pytest.raises(DlbookError, match="Cannot read"):
        files.read(tmp_path / "y.ipynb")


def test_pairs_on_the_command_line() -> None:
    assert cli.paired(["run", "01_x", "-p", "n", "-3", "--set", "q"]) == ["run", "01_x", "-p", "n=-3", "--set", "q"]
    assert cli.paired(["-p", "n=3", "-p", "m", "a=b"]) == ["-p", "n=3", "-p", "m=a=b"]
    assert cli.paired(["-p", "n"]) == ["-p", "n"]
    assert cli.paired(["-p"]) == ["-p"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["run", "09_no"], 2, "dlbook: There is no page '09_no': accepted are none yet."),
        (["lint", "09_no"], 2, "dlbook: There is no page '09_no'"),
        (["execute", "09_no"], 2, "dlbook: There is no page"),
        (["sweep", "experiments/no.yaml"], 2, "dlbook: "),
        (["bands", "09_no"], 2, "dlbook: There is no page"),
        (["data", "verify", "no-such-data"], 2, "dlbook: There is no data named 'no-such-data'"),
        (["nonsense"], 2, "No such command 'nonsense'"),
    ],
)
def test_what_the_reader_can_mend_is_a_sentence(
    arguments: list[str],
    status: int,
    words: str,
    book: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setattr(sys, "argv", ["dlbook", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    said = capsys.readouterr()
    assert (left.value.code, words in said.err) == (status, True), said.err
    assert "Traceback" not in said.err


def test_a_table_of_claims() -> None:
    assert table([("a", "bb"), ("ccc", "d")]) == ["a    bb", "ccc  d"]
    lines = report([{"kind": "equation", "label": "eq-a", "cases": 3}], "nowhere")
    assert lines == ["1 equations verified: eq-a"]


def test_what_a_page_loads_is_weighed_without_its_maths(tmp_path: Path) -> None:
    (tmp_path / "_static").mkdir()
    (tmp_path / "vendor" / "mathjax").mkdir(parents=True)
    sizes = {
        "_static/a.css": "@font-face{src:url('f.woff2?v=1') format('woff2'),url(f.ttf)}",
        "_static/f.woff2": "f" * 70,
        "_static/f.ttf": "t" * 90,
        "_static/s.js": "s" * 50,
        "vendor/mathjax/m.js": "m" * 1000,
    }
    for name, content in sizes.items():
        (tmp_path / name).write_text(content)
    page = tmp_path / "page.html"
    page.write_text(
        '<link rel="stylesheet" href="_static/a.css?digest=1"><script src="_static/s.js"></script>'
        '<script src="vendor/mathjax/m.js"></script><img src="https://elsewhere.example/x.png">'
    )
    found = bench.loaded(page, tmp_path)
    assert set(found) == {"page.html", "_static/a.css", "_static/f.woff2", "_static/s.js"}
    assert found["_static/f.woff2"] == 70


def test_a_measurement_stands_beside_its_budget() -> None:
    assert bench.line("x", 15.0004, "s", "book build, cold") == {
        "name": "x",
        "value": 15.0,
        "unit": "s",
        "budget": 15.0,
        "ok": False,
    }


def test_pieces_of_one_stream_are_joined_and_nothing_is_moved() -> None:
    def text(part: str, name: str = "stdout") -> NotebookNode:
        return new_output("stream", name=name, text=part)

    shown = new_output("display_data", data={"text/plain": "mark"})
    joined = execute.coalesced([text("a"), text("b\n"), shown, text("c"), text("d", "stderr"), text("e", "stderr")])
    assert [output.get("text", "mark") for output in joined] == ["ab\n", "mark", "c", "de"]


def test_the_ledger_names_the_package_where_the_page_wove_its_function() -> None:
    def checked(label: str, ours: str) -> NotebookNode:
        record = {"kind": "equation", "label": label, "ours": ours}
        return new_code_cell("verify()", outputs=[new_output("display_data", data={MIME: record})])

    woven_cell = new_code_cell("def offset_of(): ...", metadata={"tags": ["src:dlbook.functional.shapes.offset_of"]})
    notebook = new_notebook(cells=[woven_cell, checked("eq-a", "offset_of"), checked("eq-b", "own")])
    found = harvest.harvest(notebook, "01_x")["equations"]
    assert found["eq-a"]["ours"] == "dlbook.functional.shapes.offset_of"
    assert found["eq-b"]["ours"] == "own"
