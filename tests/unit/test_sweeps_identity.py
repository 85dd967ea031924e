"""A run is another run where its code, its parameters or a module that it uses changed, and only there."""

import shutil
from pathlib import Path

import pytest
from sweeps_book import CODE, make_book

from dlbook.book.errors import DlbookError
from dlbook.book.sweeps.identity import PACKAGE, code_of, identity, modules_used

MODULES = {
    "__init__.py": "",
    "runtime.py": "",
    "unused.py": "",
    "plots.py": "import dlbook.unused",
    "functional/__init__.py": "",
    "functional/shapes.py": "from ..runtime import x",
    "functional/losses.py": "def f():\n    from . import late\n    from .shapes import g",
    "functional/late.py": "",
    "book/__init__.py": "_HOMES = {'claim': 'claims', 'check': 'exercises'}",
    "book/claims.py": "from ..functional import shapes",
    "book/exercises.py": "",
}
SHAPES = ["dlbook.functional", "dlbook.functional.shapes", "dlbook.runtime"]
BOOK = ["dlbook.book", "dlbook.book.claims", *SHAPES]
PARAMETERS = {"n": 4, "seed": 0}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        path = tmp_path / "dlbook" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "dlbook"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import torch", []),
        ("import dlbook", ["dlbook"]),
        ("import dlbook.runtime as r", ["dlbook", "dlbook.runtime"]),
        ("from dlbook.functional import shapes", ["dlbook", *SHAPES]),
        (
            "%matplotlib inline\ndef f():\n    from dlbook.functional.losses import f",
            ["dlbook", *(f"dlbook.functional{name}" for name in ("", ".late", ".losses", ".shapes")), "dlbook.runtime"],
        ),
        ("from dlbook.book import claim", ["dlbook", *BOOK]),
        ("import dlbook.book", ["dlbook", *BOOK[:2], "dlbook.book.exercises", *BOOK[2:]]),
        ("from dlbook import book", ["dlbook", *BOOK[:2], "dlbook.book.exercises", *BOOK[2:]]),
        ("import dlbook_other\nfrom dlbook import none", ["dlbook"]),
    ],
)
def test_the_modules_used_are_those_that_can_be_reached(package, cell, expected):
    assert list(modules_used(["x = 1", cell], package)) == expected


def test_code_parameters_and_used_modules_change_the_identity(package):
    code = ["import dlbook.functional.losses", "1 + 1"]
    first = identity(code, PARAMETERS, package=package)
    assert len(first) == 64
    others = [
        identity(["import dlbook.functional.losses", "1 + 2"], PARAMETERS, package=package),
        identity(code, {"n": 5, "seed": 0}, package=package),
        identity(code, {"n": 4.0, "seed": 0}, package=package),
        identity(code, {"n": 4, "seed": 1}, package=package),
        identity(code, PARAMETERS, salt="other machine", package=package),
    ]
    for name in ("functional/late.py", "runtime.py", "functional/__init__.py"):
        (package / name).write_text("y = 2")
        others.append(identity(code, PARAMETERS, package=package))
    assert len({first, *others}) == 9


def test_the_rest_does_not_change_it(package, tmp_path):
    first = identity(code_of(make_book(tmp_path)), PARAMETERS, package=package)
    path = make_book(tmp_path, prose="Other words.")
    (package / "unused.py").write_text("y = 2")
    (package / "plots.py").write_text("y = 2")
    assert identity(code_of(path), {"seed": 0, "n": 4}, package=package) == first
    shutil.copytree(package, tmp_path / "elsewhere" / "dlbook")
    assert identity(code_of(path), PARAMETERS, package=tmp_path / "elsewhere" / "dlbook") == first


def test_a_page_of_this_book_uses_claims_and_not_sweeps():
    used = modules_used(CODE)
    assert used["dlbook.book.claims"] == PACKAGE / "book" / "claims.py"
    assert "dlbook.runtime" in used
    assert not [name for name in used if "sweeps" in name or "notebooks" in name]


def test_a_cell_that_is_no_python_is_one_sentence(package):
    with pytest.raises(DlbookError, match=r"^A code cell is no Python: .*'n = = 3'\.$"):
        modules_used(["n = = 3"], package)
