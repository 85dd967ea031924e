"""Records, woven source, paths, and files that are written wholly or not at all."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import dlbook.book
from dlbook.book import records, source
from dlbook.book.errors import DlbookError
from dlbook.book.paths import notebook_path, page_name, pages, results_path, root, write_atomic


def test_a_file_is_replaced_with_its_permissions_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    write_atomic(path, "old")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.json"]
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        assert path.stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    path = tmp_path / "file"
    write_atomic(path, "old")

    def fail(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, moment, fail)
    with pytest.raises(DlbookError, match=r"Cannot write .*file: No space left on device"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="a process that kills itself")
def test_a_process_that_dies_while_it_writes_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, "old")
    program = f"""
        import os, signal
        from pathlib import Path
        from dlbook.book.paths import write_atomic
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
        write_atomic(Path({str(path)!r}), "new" * 10_000)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)])
    assert done.returncode == -9
    assert path.read_text() == "old"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DlbookError, match="Cannot write"):
        write_atomic(tmp_path / "file" / "below", "x")


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("chapters/01_x.ipynb", "chapters/01_x/part.ipynb", "appendix/faq.ipynb", "chapters/.hidden/a.ipynb",
                 "chapters/_build/b.ipynb", "chapters/notes.md"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "_toc.yml").write_text("root: intro\n")
    monkeypatch.setenv("DLBOOK_ROOT", str(tmp_path))
    return tmp_path.resolve()


def test_pages_and_their_places(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert root() == book
    assert pages() == ["01_x", "01_x/part", "appendix/faq"]
    assert notebook_path("01_x/part") == book / "chapters/01_x/part.ipynb"
    assert notebook_path("appendix/faq") == book / "appendix/faq.ipynb"
    assert results_path("appendix/faq") == book / "results/appendix/faq.json"
    monkeypatch.chdir(book / "chapters")
    given = ["01_x", "01_x.ipynb", "chapters/01_x", "./chapters/01_x.ipynb", str(book / "chapters/01_x.ipynb")]
    assert {page_name(name) for name in given} == {"01_x"}
    with pytest.raises(DlbookError, match=r"There is no page '02_y': accepted are 01_x, 01_x/part, appendix/faq."):
        page_name("02_y")


def test_a_root_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLBOOK_ROOT", str(tmp_path))
    with pytest.raises(DlbookError, match=r"holds no _toc.yml"):
        root()


def test_a_record_is_printed_outside_a_notebook_and_published_in_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    records.emit({"kind": "x"}, "✓", "head", "a < b", style="verify")
    assert capsys.readouterr().out == "✓ head: a < b\n"
    published = []
    monkeypatch.setattr(records, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.publish_display_data", published.append)
    records.emit({"kind": "x"}, "✓", "head", "a < b", style="verify")
    assert published[0][records.MIME] == {"kind": "x"}
    assert published[0]["text/plain"] == "✓ head: a < b"
    assert "a &lt; b" in published[0]["text/html"]


def test_records_are_harvested_with_their_cells() -> None:
    made = {"output_type": "display_data", "data": {records.MIME: {"kind": "x"}}}
    notebook = {"cells": [{"cell_type": "markdown"}, {"outputs": [{"output_type": "stream"}, made, made]}]}
    assert list(records.harvest(notebook)) == [(1, {"kind": "x"}), (1, {"kind": "x"})]


def test_definitions_are_the_text_of_the_package() -> None:
    text = source.definition("dlbook.book.parameters.Checked")
    assert text.startswith("@dataclass(frozen=True)\nclass Checked:")
    assert text.endswith("fits: bool")
    assert source.text_of(["dlbook.book.parameters.flag", "dlbook.book.parameters.one_of"]).count("\n\n\ndef ") == 1
    assert {"Settings", "settings", "between"} <= set(source.definitions("dlbook.book.parameters"))
    assert source.woven(["hide-input", "src:dlbook.a.b"]) == ["dlbook.a.b"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dlbook.book.parameters.nothing", "defines no function or class 'nothing'"),
        ("os.path.join", "no module 'os.path'"),
        ("dlbook.nowhere.f", "no module 'dlbook.nowhere'"),
        ("f", "no module ''"),
    ],
)
def test_a_definition_that_is_not_there(name: str, words: str) -> None:
    with pytest.raises(DlbookError, match=f"^src:{name}: .*{words}"):
        source.definition(name)


def test_the_package_is_imported_when_it_is_used_and_hides_no_function() -> None:
    program = (
        "import sys, dlbook.book, dlbook.book.paths; assert 'torch' not in sys.modules; import dlbook.book.claims; "
        "from dlbook.book import settings, verify; assert callable(settings) and callable(verify)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert set(dlbook.book.__all__) <= set(dir(dlbook.book))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = dlbook.book.nothing
