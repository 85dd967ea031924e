"""nbval with the comparator, as the checks call it: noise passes, and every kind of change is caught."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import sample
from nbformat.v4 import new_code_cell, new_notebook, new_output

from dlbook.book.notebooks.files import read, write

PRINTS = 'print("loss", 0.97311234, "on", 512, "images,", [1.0, -2.5, 1e-9], "balance", -0.1234)\nprint(1e-05)'
TRUE = "loss 0.97311234 on 512 images, [1.0, -2.5, 1e-09] balance -0.1234\n1e-05\n"

#: What is changed in a stored output, by name, and whether that must be caught.
CHANGES = {
    "same": ("", "", False),
    "noise": ("0.97311234", "0.97311331", False),
    "noise in an array": ("1e-09", "1.3e-07", False),
    "spaces": ("loss ", "loss   ", False),
    "one percent": ("0.97311234", "0.98284346", True),
    "integer": ("512", "513", True),
    "word": ("images", "pictures", True),
    "sign": ("-0.1234", "0.1234", True),
}


def nbval(top: Path, *files: Path) -> tuple[dict[str, list[str]], str]:
    """Verdict of each cell by the name of its notebook, from a real run of nbval, and all that it printed."""
    command = [
        sys.executable, "-m", "pytest", "-v", "--color=no", "-p", "no:cacheprovider", "-c", os.devnull,
        "--nbval", "--nbval-current-env", "-p", "dlbook.book.comparator", *map(str, files),
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DLBOOK", "OMP", "ATEN"))}
    done = subprocess.run(command, cwd=top, env=environment, capture_output=True, text=True)
    verdicts: dict[str, list[str]] = {}
    for name, verdict in re.findall(r"(\w+)(?:\.|::)ipynb::Cell \d+ (PASSED|FAILED)", done.stdout):
        verdicts.setdefault(name, []).append(verdict)
    return verdicts, done.stdout + done.stderr


def changed(path: Path) -> Path:
    """A notebook with a cell for each of the changes; the last one tells its surroundings."""
    stored = [TRUE.replace(old, new) for old, new, _ in CHANGES.values()]
    sources = [*[PRINTS] * len(stored), "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['DLBOOK_DEVICE'])"]
    cells = [
        new_code_cell(source, execution_count=number, outputs=[new_output("stream", name="stdout", text=text)])
        for number, (source, text) in enumerate(zip(sources, [*stored, "1 cpu\n"], strict=True), 1)
    ]
    write(path, new_notebook(cells=cells))
    return path


def one_percent_off(path: Path) -> Path:
    """A copy of the sample page in which one stored number is off by one percent."""
    notebook = read(path)
    cell = next(cell for cell in notebook.cells if "linspace" in cell.source)
    assert "0.1667" in cell.outputs[0].text
    cell.outputs[0].text = cell.outputs[0].text.replace("0.1667", "0.1684")
    planted = path.with_name("planted.ipynb")
    write(planted, notebook)
    return planted


def test_noise_passes_and_changes_are_caught(checkout: Path) -> None:
    page = checkout / "chapters" / f"{sample.PAGE}.ipynb"
    verdicts, said = nbval(checkout, changed(page.with_name("changed.ipynb")), page, one_percent_off(page))
    due = ["FAILED" if caught else "PASSED" for _, _, caught in CHANGES.values()]
    assert verdicts.get("changed") == [*due, "PASSED"], said
    assert set(verdicts[sample.PAGE]) == {"PASSED"}, said
    assert verdicts["planted"].count("FAILED") == 1
    assert "stdout: number 1 of 7: stored 0.98284346, now 0.97311234" in said
    assert "stored 0.1684, now 0.1667" in said
