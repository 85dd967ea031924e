"""Building: warnings stop it and are not forgotten, results show at once, and the same pages build on plain Sphinx."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from dlbook.book import _site_nodes as write
from dlbook.book._site_numbers import renumber
from dlbook.book.build import BookError, build
from dlbook.book.paths import root

COST = {"seconds": 12.3, "peak_mb": 512, "device": "cpu", "threads": 1, "hardware": "a machine", "torch": "2.15.0",
        "python": "3.11.7", "system": "Linux"}  # fmt: skip
EQUATION = {"formula": "y = x", "check": "exact", "ours": "same", "reference": "x", "cases": 3, "tolerance": "exact",
            "error_value": 0.0, "error_gradient": None}  # fmt: skip


def small_book(folder: Path) -> Path:
    """A book of one notebook, with the settings and templates of the real one."""
    for name in ("_config.yml", "references.bib"):
        shutil.copy(root() / name, folder / name)
    for name in ("_static", "_templates"):
        shutil.copytree(root() / name, folder / name)
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nchapters:\n- file: chapters/01_one\n- file: appendix/equations\n"
    )
    (folder / "intro.md").write_text("# A book\n\nSee {doc}`chapters/01_one`.\n")
    (folder / "appendix").mkdir()
    (folder / "appendix" / "equations.md").write_text("# D Equations\n\n```{equation-ledger}\n```\n")
    cells = [nbformat.v4.new_markdown_cell("# One\n\n$$\ny = x\n$$ (eq-one)\n")]
    (folder / "chapters").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "chapters" / "01_one.ipynb")
    return folder


def words(path: Path) -> str:
    """The text of a page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", path.read_text("utf8")))


def test_a_book_from_broken_to_stored(tmp_path: Path) -> None:
    book = small_book(tmp_path)
    good = (book / "intro.md").read_text()
    (book / "intro.md").write_text(good + "\n{ref}`nowhere`\n")
    for _ in range(2):  # the second call must not have forgotten
        with pytest.raises(BookError, match="undefined label: 'nowhere'"):
            build(book, quiet=True)
    (book / "intro.md").write_text(good)
    page = build(book, quiet=True).parent / "chapters" / "01_one.html"
    assert "Not executed yet: dlbook execute 01_one" in words(page)

    results = {"title": "One", "equations": {"eq-one": EQUATION}, "claims": {}, "exercises": {}, "cost": COST}
    (book / "results").mkdir()
    (book / "results" / "01_one.json").write_text(json.dumps(results))
    build(book, quiet=True)
    assert (
        "Runs in 12 s on one core, peak 0.5 GB (CPU, torch 2.15.0). Not yet run on a GPU. 1 equation verified."
        in words(page)
    )
    ledger = words(page.parent.parent / "appendix" / "equations.html")
    assert all(text in ledger for text in ("1 equation on 1 page", "eq-one", "against x", "3 cases"))

    results["equations"] = {"eq-gone": EQUATION}
    (book / "results" / "01_one.json").write_text(json.dumps(results))
    with pytest.raises(BookError, match="eq-gone"):
        build(book, quiet=True)


def test_a_folder_without_a_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="holds no book"):
        build(tmp_path)


def test_numbers_follow_the_reading_order() -> None:
    numbers = {
        "one/a": {"figure": {"x": (1, 1), "y": (1, 2)}},
        "one": {"figure": {"z": (1, 3)}, "table": {"t": (1, 1)}},
        "end": {"figure": {"w": (1,)}},
    }
    found = renumber(numbers, ["one", "one/a", "end"])
    assert found["one"]["figure"] == {"z": (1, 1)}
    assert found["one/a"]["figure"] == {"x": (1, 2), "y": (1, 3)}
    assert (found["one"]["table"], found["end"]["figure"]) == ({"t": (1, 1)}, {"w": (1,)})


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (write.number(None), "–"),
        (write.number(0.0), "0"),
        (write.number(-0.00012346), "−0.0001235"),
        (write.duration(9.41), "9.4 s"),
        (write.duration(12.3), "12 s"),
        (write.duration(150), "2.5 min"),
        (write.memory(512), "0.5 GB"),
        (write.counted(1, "claim"), "1 claim"),
        (write.counted(3, "claim"), "3 claims"),
        (write.cores(1), "one core"),
    ],
)
def test_numbers_are_written_for_readers(made: str, expected: str) -> None:
    assert made == expected


@pytest.mark.weekly
def test_the_same_pages_build_on_plain_sphinx(tmp_path: Path) -> None:
    """The way out of Jupyter Book: its settings, written to `conf.py` and rid of its own four extensions."""
    book = tmp_path / "book"
    hidden = shutil.ignore_patterns(".*", "_build", "build", "src", "tests", "data")
    shutil.copytree(root(), book, ignore=hidden)
    run = [str(Path(sys.executable).with_name("jupyter-book")), "config", "sphinx", str(book)]
    subprocess.run(run, check=True, capture_output=True)
    settings = (book / "conf.py").read_text("utf8")
    for name in ("jupyter_book", "sphinx_comments", "sphinx_thebe", "sphinx_jupyterbook_latex"):
        settings = re.sub(rf"['\"]{name}['\"],? ?", "", settings)
    for name in (
        "comments_config",
        "thebe_config",
        "use_jupyterbook_latex",
        "use_multitoc_numbering",
        "jupyterbook_latex",
    ):
        settings = re.sub(rf"^{name}.*\n", "", settings, flags=re.M)
    (book / "conf.py").write_text(settings, "utf8")
    out = tmp_path / "html"
    run = [sys.executable, "-m", "sphinx", "-b", "html", "-n", "-W", "--keep-going", "-q", str(book), str(out)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Broadcasting" in (out / "chapters/01_tensors/broadcasting.html").read_text("utf8")
