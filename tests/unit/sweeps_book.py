"""A book of one page in a temporary folder, and runners in place of papermill, for the tests of sweeps."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from dlbook.book.errors import DlbookError
from dlbook.book.paths import root
from dlbook.book.sweeps.runs import Outcome, Run, Runner, attempt

PAGE = "01_tensors/broadcasting"
CODE = (
    'seed: int = 0  # seed\ndevice: str = "cpu"  # device\nn: int = 512  # size\nlr: float = 0.1  # rate',
    "from dlbook.book import claim, settings",
    'claim("gain", n + seed)',
)


def make_book(top: Path, code: Sequence[str] = CODE, prose: str = "Words.") -> Path:
    """A checkout with one page, or the same with another page."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"dlbook": {"sets": {"quick": {"n": 64}}}, "kernelspec": kernel})
    cells = [nbformat.v4.new_code_cell(source) for source in code]
    cells[0].metadata["tags"] = ["parameters"]
    notebook.cells = [nbformat.v4.new_markdown_cell(f"# Broadcasting\n{prose}"), *cells]
    for name in ("_toc.yml", "_config.yml"):
        (top / name).write_text("")
    path = top / "chapters" / f"{PAGE}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook), encoding="utf8")
    (top / "experiments").mkdir(exist_ok=True)
    return path


def sweep_file(top: Path, text: str, name: str = "gain") -> Path:
    """A sweep file in such a book."""
    file = top / "experiments" / f"{name}.yaml"
    file.write_text(text, encoding="utf8")
    return file


def inline(runs: Sequence[Run], runner: Runner) -> Iterator[tuple[Run, Outcome]]:
    """Runs one after the other, in this process."""
    return ((run, attempt(run, runner)) for run in runs)


def records(page: str, n: int, seed: int, value: float, **more: Any) -> list[dict[str, Any]]:
    """What a page with one claim leaves behind."""
    made = {"kind": "claim", "name": "gain", "value": value, "side": "two-sided", "limit": None, "timing": False}
    told = {"kind": "settings", "page": page, "set": json.dumps({"n": n}), "seed": seed, "device": "cpu"}
    return [told, made | more]


def measure(path: Path, parameters: dict[str, Any], output: Path, *, fixed: bool, progress: bool = False) -> list[dict]:
    """A runner whose claim is n + seed; n = 13 fails. It leaves a line in `log` for every run."""
    n, seed = parameters.get("n", 512), parameters["seed"]
    with (root() / "log").open("a") as log:
        log.write(f"{n} {seed} {os.environ['DLBOOK_RECORDING']} {fixed}\n")
    output.write_text(json.dumps({"n": n}))
    if n == 13:
        raise DlbookError("cell 3 (In [3]): ValueError: n is 13.")
    return records(PAGE, n, seed, float(n + seed))


def measure_slowly(path: Path, parameters: dict[str, Any], output: Path, **options: Any) -> list[dict]:
    """The same, in half a second."""
    time.sleep(0.5)
    return measure(path, parameters, output, **options)


def die_at_13(path: Path, parameters: dict[str, Any], output: Path, **options: Any) -> list[dict]:
    """The same; n = 13 ends the process, n = 14 does so once."""
    died = root() / "died"
    if parameters["n"] == 13 or (parameters["n"] == 14 and not died.exists()):
        died.touch()
        os._exit(9)
    return measure(path, parameters, output, **options)


def log_of(top: Path) -> list[str]:
    """A line for every run that was begun."""
    return (top / "log").read_text().splitlines() if (top / "log").exists() else []
