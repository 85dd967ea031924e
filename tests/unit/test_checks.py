"""The checks that `make test` runs: which, on what, and what the last line says; and the verbs of make."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import checks  # noqa: E402
import environment  # noqa: E402

# --- which checks run ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "counts"),
    [
        ("...\n3 passed in 1.20s\n", {"passed": 3}),
        ("== 1 failed, 2 passed, 4 skipped in 61.20s (0:01:01) ==\n", {"failed": 1, "passed": 2, "skipped": 4}),
        ("2 errors in 0.10s\n", {"error": 2}),
        ("no tests ran in 0.01s\n", {}),
        ("5 passed in the text\n1 passed, 1 error in 0.10s\n", {"passed": 1, "error": 1}),
    ],
)
def test_closing_counts(output, counts):
    assert checks.closing_counts(output) == counts


def result(name, status, output, command=("pytest",)):
    """What became of a step called `name`."""
    return checks.Result(checks.Step(name, command), status, output, 1.0)


def test_summary_ends_with_the_numbers():
    good = [result("unit", 0, "3 passed, 1 skipped in 1.00s"), result("ruff", 0, "", ("ruff",))]
    assert checks.summary(good, 2.4) == "All checks passed.\n4 passed, 0 failed, 1 skipped in 2 s"
    crashed = result("book", 3, "Segmentation fault")
    assert checks.summary([*good, crashed], 2.6) == "FAILED: book\n4 passed, 1 failed, 1 skipped in 3 s"


def test_report_shows_all_of_a_failure_and_why_a_test_was_skipped():
    text = "E  assert 1 == 2\nSKIPPED [1] no Chromium\n1 failed in 0.10s"
    assert text in checks.report(result("unit", 1, text))
    passed = checks.report(result("unit", 0, text.replace("failed", "passed")))
    assert "no Chromium" in passed
    assert "assert" not in passed


def test_failing_step_fails_the_whole(monkeypatch, tmp_path, capsys):
    steps = [checks.Step(str(status), (sys.executable, "-c", f"raise SystemExit({status})")) for status in (0, 3)]
    monkeypatch.setattr(checks, "steps", lambda *_, **__: steps)
    monkeypatch.setattr(checks, "ROOT", tmp_path)
    assert checks.main([]) == 1
    assert re.search(r"FAILED: 3\n1 passed, 1 failed, 0 skipped in \d+ s\n$", capsys.readouterr().out)
    assert checks.main(["0"]) == 0


@pytest.mark.parametrize("arguments", [["--device", "gpu"], ["--jobs", "0"], ["nonsense"]])
def test_bad_arguments_are_one_sentence(arguments, capsys):
    assert checks.main(arguments) == 2
    assert re.fullmatch(r"dlbook: .*accepted (are|is) .*\.\n", capsys.readouterr().err)


def test_every_notebook_is_found_and_compared_once(tmp_path):
    names = ["chapters/01_a.ipynb", "chapters/01_a/b.ipynb", "appendix/c.ipynb"]
    for name in [*names, "chapters/.ipynb_checkpoints/x.ipynb", "chapters/_build/y.ipynb", "other/z.ipynb"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert checks.notebooks(tmp_path) == sorted(names)
    for jobs in (1, 2, 5):
        plan = [step for step in checks.steps(sorted(names), jobs=jobs) if step.name == "nbval"]
        compared = [part for step in plan for part in step.command if part.endswith(".ipynb")]
        assert sorted(compared) == sorted(names)
        assert len({step.title for step in plan}) == len(plan) == min(jobs, 3)


def test_lax_runs_compare_nothing_and_all_runs_everything():
    nbval = {lax: next(s for s in checks.steps(["a"], lax=lax) if s.name == "nbval").command for lax in (False, True)}
    assert "--nbval" in nbval[False]
    assert "--nbval-lax" in nbval[True]
    for everything, marks in ((False, "not weekly"), (True, "")):
        step = next(s for s in checks.steps([], everything=everything) if s.name == "notebooks")
        assert step.command[step.command.index("-m", 3) + 1] == marks


def test_steps_run_with_fixed_arithmetic_on_the_named_device():
    variables = checks.surroundings("cuda", {"PATH": "p", "HOME": "h", "DLBOOK_DEVICE": "cpu"})
    assert variables["DLBOOK_DEVICE"] == "cuda"
    assert variables["OMP_NUM_THREADS"] == "1"
    assert variables["HOME"] == "h"
    assert variables["PATH"].endswith(os.pathsep + "p")


# --- make ------------------------------------------------------------------------------------------------------------


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not on the path")


def make(*arguments):
    """Call make as a shell would, away from the variables of a make that runs the tests."""
    outer = ("PYTHON", "TORCH", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    variables = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60)


@needs_make
def test_make_lists_its_verbs():
    listed = re.findall(r"^make (\S+)", make().stdout, re.MULTILINE)
    assert {"help", "book", "test", "test-all", "lab", "bench", "lock", "clean"} <= set(listed)
    declared = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text("utf8"), re.MULTILINE)[1].split()
    assert set(listed) == set(declared)


@needs_make
@pytest.mark.parametrize("verb", ["book", "test", "lab", "lock"])
def test_missing_python_is_one_sentence(verb):
    done = make(verb, "PYTHON=no-such-python")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert "PYTHON = no-such-python does not start" in said[0]
    for version in (environment.OLDEST, environment.NEWEST):
        assert "{}.{}".format(*version) in said[0]
