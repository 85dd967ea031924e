"""`dlbook execute` on the sample page: what is stored, and that a page that stops is left as it was."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import sample

import dlbook
from dlbook.book.notebooks.files import code_cells, read, text_of
from dlbook.book.notebooks.harvest import cell_class, stale

Executed = tuple[Path, subprocess.CompletedProcess[str]]


def results_of(top: Path) -> dict:
    return json.loads((top / "results" / f"{sample.PAGE}.json").read_text(encoding="utf8"))


def test_results_hold_what_the_page_says(executed: Executed) -> None:
    top, done = executed
    assert done.returncode == 0, done.stderr
    results = results_of(top)
    assert results["title"] == "A sample"
    # the variable said cuda: stored outputs are those of a CPU all the same
    assert results["parameters"] == {"seed": 0, "device": "cpu", "n": 512, "rate": 0.5, "names": 2}
    assert results["set"] == sample.PARAMETER_SET
    (equation,) = results["equations"].items()
    assert equation[0] == "eq-sample-strides"
    assert equation[1]["formula"] == "s_k = \\prod_{j > k} n_j"
    assert (equation[1]["check"], equation[1]["cases"], equation[1]["error_gradient"]) == ("exact", 3, None)
    assert results["claims"]["mean of uniform numbers"]["side"] == "two-sided"
    assert results["exercises"] == {f"sample-{number}": "right" for number in range(1, 6)}
    assert (results["cells"]["banded"], results["cells"]["ignored"]) == (1, 1)
    assert results["bands"] == {sample.PARAMETER_SET: {"mean of uniform numbers": sample.BAND}}


def test_cost_and_quick_time_are_measured(executed: Executed) -> None:
    results = results_of(executed[0])
    cost = results["cost"]
    assert set(cost) == {"seconds", "peak_mb", "device", "hardware", "threads", "torch", "python", "system"}
    assert (cost["device"], cost["threads"]) == ("cpu", 1)
    assert 100 < cost["peak_mb"] < 1500
    assert 0 < results["quick"]["seconds"] < 60


def test_the_notebook_is_executed_in_order_and_holds_no_version(executed: Executed) -> None:
    notebook = read(executed[0] / "chapters" / f"{sample.PAGE}.ipynb")
    counts = [cell.execution_count for _, cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert "version" not in notebook.metadata.language_info
    assert not any("execution" in cell.metadata for cell in notebook.cells)
    assert "def row_major_strides" in notebook.cells[5].source
    classes = [cell_class(notebook, index) for index, _ in code_cells(notebook)]
    assert (classes.count("banded"), classes.count("ignored")) == (1, 1)


def test_a_page_that_is_up_to_date_is_not_executed_again(executed: Executed, call) -> None:
    top, _ = executed
    before = (top / "chapters" / f"{sample.PAGE}.ipynb").stat().st_mtime_ns
    status, out, _ = call("execute", top=top)
    assert (status, "up to date" in out) == (0, True)
    assert (top / "chapters" / f"{sample.PAGE}.ipynb").stat().st_mtime_ns == before
    assert stale(sample.PAGE, top) == ""


def test_a_sign_in_a_package_equation_fails_its_verification(checkout: Path, tmp_path: Path, cli) -> None:
    # and nothing is changed on disk
    package = tmp_path / "src" / "dlbook"
    shutil.copytree(Path(dlbook.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    shapes = package / "functional" / "shapes.py"
    text = shapes.read_text(encoding="utf8")
    assert "shape[k + 1 :]" in text
    shapes.write_text(text.replace("shape[k + 1 :]", "shape[k - 1 :]", 1), encoding="utf8")
    path, results = checkout / "chapters" / f"{sample.PAGE}.ipynb", checkout / "results" / f"{sample.PAGE}.json"
    before = path.read_bytes(), results.read_bytes()
    done = cli("execute", sample.PAGE, top=checkout, env={"PYTHONPATH": str(tmp_path / "src")})
    assert done.returncode == 1
    message = done.stderr.splitlines()[-1]
    assert message.startswith(f"dlbook: {sample.PAGE}: cell 7 (In [5]): VerificationError: eq-sample-strides")
    assert (path.read_bytes(), results.read_bytes()) == before
    assert "reference" in message


def test_bytes_depend_on_the_content_alone(checkout: Path) -> None:
    path = checkout / "chapters" / f"{sample.PAGE}.ipynb"
    assert text_of(read(path)) == path.read_text(encoding="utf8")
