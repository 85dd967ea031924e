"""The lint: the clean page passes, and each rule catches the fault that is planted for it, by its name."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sample
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from dlbook.book.notebooks import lint as linting
from dlbook.book.notebooks.files import read, tags, write
from dlbook.book.notebooks.rules.prose import RESULTS, prose

FILE = f"chapters/{sample.PAGE}.ipynb"


def found(top: Path, wanted: list[str] | None = None) -> dict[str, list[linting.Finding]]:
    """Findings by rule."""
    by_rule: dict[str, list[linting.Finding]] = {}
    for finding in linting.lint(top, wanted):
        by_rule.setdefault(finding.rule, []).append(finding)
    return by_rule


def cell_with(notebook: NotebookNode, text: str) -> NotebookNode:
    """The first cell whose source holds a text."""
    return next(cell for cell in notebook.cells if text in cell.source)


def shows(text: str, kind: str = "text/plain") -> Callable[[NotebookNode], None]:
    """Put an output into a compared cell."""

    def plant(notebook: NotebookNode) -> None:
        cell_with(notebook, "linspace").outputs.append(new_output("display_data", data={kind: text}))

    return plant


def source(cell: str, old: str, new: str) -> Callable[[NotebookNode], None]:
    """Change the source of a cell."""

    def plant(notebook: NotebookNode) -> None:
        changed = cell_with(notebook, cell)
        assert old in changed.source
        changed.source = changed.source.replace(old, new)

    return plant


def says(text: str) -> Callable[[NotebookNode], None]:
    """Add prose."""
    return lambda notebook: notebook.cells.append(new_markdown_cell(text))


def sets(cell: str, **metadata: Any) -> Callable[[NotebookNode], None]:
    """Change the metadata of a cell."""
    return lambda notebook: cell_with(notebook, cell).metadata.update(metadata)


def drop(cell: str) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells.remove(cell_with(notebook, cell))


def without_count(notebook: NotebookNode) -> None:
    cell_with(notebook, "linspace").execution_count = None


def out_of_order(notebook: NotebookNode) -> None:
    cell_with(notebook, "linspace").execution_count = 99


def with_stderr(notebook: NotebookNode) -> None:
    cell_with(notebook, "linspace").outputs.append(new_output("stream", name="stderr", text="UserWarning: no\n"))


def with_error(notebook: NotebookNode) -> None:
    cell_with(notebook, "linspace").outputs.append(new_output("error", ename="E", evalue="", traceback=[]))


def large_image(notebook: NotebookNode) -> None:
    cell_with(notebook, "display(Image").outputs[0].data["image/png"] = base64.b64encode(b"0" * 100_001).decode()


def wrong_solution(notebook: NotebookNode) -> None:
    cell = cell_with(notebook, 'check("sample-2", 2)')
    for output in cell.outputs:
        for kind, content in output.data.items():
            if "record" in kind:
                content["status"] = "wrong"


def short_number(notebook: NotebookNode) -> None:
    source("linspace", "print(run.n", 'print(f"{x.mean():.2f}", run.n')(notebook)
    shows("0.97")(notebook)


def two_outputs(notebook: NotebookNode) -> None:
    cell_with(notebook, FIGURE).outputs.append(new_output("stream", name="stdout", text="and more"))


FIGURE = "display(Image"
ALT = {"image": {"alt": "One dark pixel, drawn so that a figure stands on this page."}}
NAMED = {"figure": {"name": "fig-sample-pixel", "caption": "A pixel."}}

PLANTED: list[tuple[str, str, Callable[[NotebookNode], None]]] = [
    ("execution-count", "no execution count where", without_count),
    ("execution-count", "execution count 99", out_of_order),
    ("error-output", "stderr", with_stderr),
    ("error-output", "stored error", with_error),
    ("absolute-path", "/home/ada", source("linspace", "print", "open('/home/ada/x.npz'); print")),
    ("absolute-path", "C:\\Users", shows("C:\\Users\\ada")),
    ("memory-address", "0x7f12ab34cd56", shows("<object at 0x7f12ab34cd56>")),
    ("device-name", "cuda:0", shows("tensor([1.], device='cuda:0')")),
    ("version-number", "2.15.0", shows("torch 2.15.0+cpu")),
    ("image-size", "100 kB", large_image),
    ("digits", "0.97 is rounded to 2", short_number),
    ("figure-alt", "without alt text", sets(FIGURE, mystnb=NAMED)),
    ("figure-alt", "alt text of 8 characters", sets(FIGURE, mystnb={**NAMED, "image": {"alt": "A pixel."}})),
    ("figure-alt", "image without alt text", says("![](pixel.png)")),
    ("figure-alone", "among 2 outputs", two_outputs),
    ("figure-caption", "without caption", sets(FIGURE, mystnb={**ALT, "figure": {"name": "fig-x"}})),
    ("figure-caption", "without a name", sets(FIGURE, mystnb={**ALT, "figure": {"caption": "A pixel."}})),
    ("equation-unverified", "eq-sample-new is never verified", says("$$\na = b\n$$ (eq-sample-new)")),
    ("equation-unverified", "eq-sample-strides is never verified", drop('verify("eq-sample-strides"')),
    ("verify-label", "'eq-sample-stride'", source("verify(", "eq-sample-strides", "eq-sample-stride")),
    ("equation-label", "strides-of", says("$$\na = b\n$$ (strides-of)")),
    ("label-unknown", "'eq-sample-stride'", source("# A sample", "eq-sample-strides", "eq-sample-stride")),
    ("label-unknown", "'fig-missing'", says("See [the figure](#fig-missing).")),
    ("label-duplicate", "'ex-sample-1' is given again", says("```{note}\n:name: ex-sample-1\n```")),
    ("label-duplicate", "'eq-sample-strides' is given again", says("$$\na = b\n$$ (eq-sample-strides)")),
    ("number", "'0.971'", says("It reaches 0.971 in the end.")),
    ("number", "'73 %'", says("It reaches 73 % of them.")),
    ("number", "'12 ms'", says("It takes 12 ms.")),
    ("number", "'4.2 GB'", says("```{note}\nIt needs 4.2 GB.\n```")),
    ("say-input", "shows its code", sets("say(f", tags=[])),
    ("say-input", "removed from the page", sets("linspace", tags=["remove-input"])),
    ("tag", "'hide-inptu'", sets("linspace", tags=["hide-inptu"])),
    ("code-width", "at most 88", source("linspace", "print", f"y = {'1 + ' * 30}1; print")),
    ("ignored", "without a claim", sets("linspace", tags=["nbval-ignore-output"])),
    ("ignored", "'timing' without", sets("linspace", tags=["timing"])),
    ("parameters", "no cell tagged", sets("seed: int", tags=[])),
    ("parameters", "no parameter 'device'", source("seed: int", "device: str", "gadget: str")),
    ("parameters", "code before", lambda nb: nb.cells.insert(1, new_code_cell("z = 1"))),
    ("parameter", "'n' has no type", source("seed: int", "n: int", "n")),
    ("parameter", "'n' has no comment", source("seed: int", "  # how many numbers", "")),
    ("parameter", "more than parameters", source("seed: int", "rate: float", "print(n)\nrate: float")),
    ("settings", "no calls of settings", drop("run = settings(")),
    ("settings", "'02_other'", source("run = settings(", sample.PAGE, "02_other")),
    ("settings", "does not check rate", source("run = settings(", "rate=between(rate, 0.0, 1.0),", "")),
    ("quick-set", "no quick", lambda nb: nb.metadata.pop("dlbook")),
    ("quick-set", "'m', no parameter", lambda nb: nb.metadata["dlbook"]["sets"]["quick"].update(m=1)),
    ("woven", "differs from dlbook.functional.shapes", source("def row_major", "(eq-strides)", "(eq-stride)")),
    ("woven", "no module", sets("def row_major", tags=["src:dlbook.nowhere.strides"])),
    ("redefinition", "row_major_strides is defined in dlbook.functional.shapes", sets("def row_major", tags=[])),
    ("covers", "'C13'", sets("def row_major", covers=["C13"])),
    ("covers", "holds 'C-013'", sets("def row_major", covers="C-013")),
    ("exercise-count", "4 exercises", source(":label: ex-sample-5", ":label: ex-sample-5", "")),
    ("exercise-parts", "no starter for ex-sample-3", drop('answer = ...\ncheck("sample-3"')),
    ("exercise-parts", "no solution of ex-sample-3", drop("{solution-start} ex-sample-3")),
    ("exercise-parts", "is not checked", source('check("sample-3", 3)', "check", "print")),
    ("exercise-parts", "not collapsed", source("{solution-start} ex-sample-3", ":class: dropdown", "")),
    ("exercise-parts", "open in JupyterLab", sets('check("sample-3", 3)', jupyter={})),
    ("exercise-grader", "There is no exercise 'sample-9'", source('check("sample-3", 3)', "sample-3", "sample-9")),
    ("exercise-solution", "sample-2 is wrong", wrong_solution),
    ("claim-name", "a second claim", lambda nb: nb.cells.append(new_code_cell('claim("mean of uniform numbers", 1)'))),
    ("stale-result", "its code was changed", source("linspace", "7", "9")),
    ("stale-result", "its equations", source("s_k =", "s_k =", "s_j =")),
    ("title", "no title", source("# A sample", "# A sample", "A sample")),
    ("metadata", "'julia'", lambda nb: nb.metadata["kernelspec"].update(name="julia")),
    ("metadata", "version of Python", lambda nb: nb.metadata["language_info"].update(version="3.11.7")),
    ("metadata", "times of execution", sets("linspace", execution={"iopub.status.busy": "2026-01-01"})),
]  # fmt: skip


def test_the_clean_page_passes(checkout: Path) -> None:
    assert [str(finding) for finding in linting.lint(checkout)] == []


@pytest.mark.parametrize(("rule", "words", "plant"), PLANTED, ids=[f"{rule}: {words}" for rule, words, _ in PLANTED])
def test_a_planted_fault_is_caught_by_name(
    checkout: Path, rule: str, words: str, plant: Callable[[NotebookNode], None]
) -> None:
    notebook = read(checkout / FILE)
    plant(notebook)
    write(checkout / FILE, notebook)
    findings = found(checkout)[rule]
    assert any(words in finding.what for finding in findings), [str(finding) for finding in findings]
    assert all(finding.file == FILE and finding.mend for finding in findings)


def test_every_rule_has_a_planted_fault_and_says_what_it_refuses() -> None:
    elsewhere = {"band", "toc", "orphan-results"}
    table = linting.rules()
    assert {rule for rule, _, _ in PLANTED} | elsewhere == set(table)
    assert all(len(rule.about) > 10 for rule in table.values())


def test_a_claim_without_band_is_caught(checkout: Path) -> None:
    results = json.loads((checkout / "results" / f"{sample.PAGE}.json").read_text())
    results["bands"] = {"{}": results["bands"].popitem()[1]}
    sample.store(checkout, results)
    (finding,) = found(checkout)["band"]
    assert "'mean of uniform numbers' has no band" in finding.what
    assert finding.cell is not None


def test_a_band_that_was_recorded_after_the_run_makes_the_page_stale(checkout: Path) -> None:
    results = json.loads((checkout / "results" / f"{sample.PAGE}.json").read_text())
    results["bands"][sample.PARAMETER_SET]["mean of uniform numbers"]["mean"] = 0.4321
    sample.store(checkout, results)
    assert "before the band of" in found(checkout)["stale-result"][0].what


def test_results_that_are_missing_or_without_a_page_are_caught(checkout: Path) -> None:
    sample.store(checkout, {}, "09_gone")
    (checkout / "results" / f"{sample.PAGE}.json").unlink()
    findings = found(checkout)
    assert [finding.file for finding in findings["orphan-results"]] == ["results/09_gone.json"]
    assert "no stored results" in findings["stale-result"][0].what
    assert "the results hold no verification" in findings["equation-unverified"][0].what


def test_the_table_of_contents_and_the_files_agree(checkout: Path) -> None:
    (checkout / "_toc.yml").write_text("format: jb-book\nroot: intro\nchapters:\n  - file: chapters/02_gone\n")
    assert {(finding.file, finding.what) for finding in found(checkout)["toc"]} == {
        (FILE, "the page is not in _toc.yml"),
        ("_toc.yml", "the entry 'chapters/02_gone' has no file"),
    }


def test_labels_are_unique_over_all_pages(checkout: Path) -> None:
    (checkout / "appendix").mkdir()
    (checkout / "appendix" / "notes.md").write_text("# Notes\n\n(fig-sample-pixel)=\n\nA place.\n")
    (finding,) = found(checkout)["label-duplicate"]
    assert (finding.file, "chapters/01_sample.ipynb" in finding.what) == ("appendix/notes.md", True)


def test_ids_are_held_against_the_ledger_where_there_is_one(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "LEDGER.md").write_text("| C-013 | 000 |\n")
    (checkout / "questions.json").write_text('[{"id": "q001"}]')
    monkeypatch.setenv("DLBOOK_LEDGER", str(checkout))
    (finding,) = found(checkout)["covers"]
    assert "'q004', which the ledger does not have" in finding.what


def test_a_cell_excuses_itself_with_a_reason_only(checkout: Path) -> None:
    notebook = read(checkout / FILE)
    notebook.cells += [
        new_markdown_cell("Version 1.5 of it. <!-- lint: number: a name, no result -->\n\nIt is 0.25 wide."),
        new_markdown_cell("It is 0.125 wide. <!-- lint: number: -->"),
    ]
    write(checkout / FILE, notebook)
    assert [finding.what for finding in found(checkout)["number"]] == ["the number '0.125' stands in the text"]


def test_findings_of_one_page_only(checkout: Path) -> None:
    (checkout / "_toc.yml").write_text("format: jb-book\nroot: intro\nchapters:\n  - file: chapters/02_gone\n")
    assert {finding.file for finding in linting.lint(checkout, [sample.PAGE])} == {FILE}
    assert linting.lint(checkout, []) == []


@pytest.mark.parametrize(
    "text",
    [
        "## 1.2 A heading\n\nPlain.", "`x = 0.5` and ``y = 2.5``", "$x = 0.5$ and $$y = 1.5$$ (eq-x)", "[0.5](page.md)",
        "```python\nx = 0.5\n```", "```{math}\n:label: eq-x\nx = 0.5\n```", "see section 2.1 and Python 3.11",
        "{numref}`fig-0.5`", "a 3 x 4 table of 12 numbers", "https://example.org/1.5", "<!-- 0.5 -->",
        "``` {code-block} python\n0.5\n```", "10,000 images", "the year 1986", "float32, 64 bits", "three of 10",
        ":::{note}\nno result\n:::", "IEEE 754-2008",
    ],
)  # fmt: skip
def test_what_is_no_result_is_left_alone(text: str) -> None:
    assert not RESULTS.search(prose(text)), prose(text)


@pytest.mark.parametrize(
    "text", ["0.5", "97 %", "97.1%", "3 percent", "12 ms", "12ms", "1.5 GB", "40 seconds", "a 3-fold gain", "-0.25.",
             "(0.5)", "**0.5**", "| 0.5 |", "1e-3 or 0.001", "5 times faster", "8 bytes"],
)  # fmt: skip
def test_what_is_a_result_is_found(text: str) -> None:
    assert RESULTS.search(prose(f"It is {text} here."))


def test_tags_survive_a_metadata_entry_that_is_no_list(checkout: Path) -> None:
    notebook = read(checkout / FILE)
    cell_with(notebook, "linspace").metadata["tags"] = ["ok"]
    assert tags(cell_with(notebook, "linspace")) == ["ok"]
    assert tags(new_code_cell("x")) == []
