"""The sample page, executed once in this process and once in a kernel, and copies of it to plant faults in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sample

from dlbook.book.cli import main as cli_main


def run_cli(*arguments: str, top: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Call `dlbook` as a reader does, in a checkout."""
    surroundings = {**os.environ, "DLBOOK_ROOT": str(top), **(env or {})}
    command = [sys.executable, "-m", "dlbook.book.cli", *arguments]
    return subprocess.run(command, cwd=top, env=surroundings, capture_output=True, text=True)


@pytest.fixture
def cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    return run_cli


Called = tuple[int, str, str]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Called]:
    """Call `dlbook` in this process; exit status, stdout and stderr."""

    def calling(*arguments: str, top: Path) -> Called:
        monkeypatch.setenv("DLBOOK_ROOT", str(top))
        monkeypatch.chdir(top)
        monkeypatch.setattr(sys, "argv", ["dlbook", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli_main()
        return int(left.value.code or 0), *capsys.readouterr()

    return calling


@pytest.fixture(scope="session")
def _clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the sample page, executed in this process."""
    top = sample.make_root(tmp_path_factory.mktemp("clean"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLBOOK_ROOT", str(top))
        patch.setenv("DLBOOK_DEVICE", "cpu")
        patch.syspath_prepend(str(top / "chapters"))
        sample.execute_here(top)
    return top


@pytest.fixture
def checkout(_clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the lint finds nothing, to plant faults in."""
    top = tmp_path / "book"
    shutil.copytree(_clean, top)
    monkeypatch.setenv("DLBOOK_ROOT", str(top))
    monkeypatch.delenv("DLBOOK_LEDGER", raising=False)
    return top


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A checkout with the sample page, executed by `dlbook execute`, and what the command said."""
    top = sample.make_root(tmp_path_factory.mktemp("executed"))
    return top, run_cli("execute", top=top, env={"DLBOOK_DEVICE": "cuda"})
