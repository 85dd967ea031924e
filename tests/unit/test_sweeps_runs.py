"""Runs of a sweep: made once, kept when they are finished, and never half-written, whatever is killed."""

import contextlib
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from dask.distributed import LocalCluster
from sweeps_book import CODE, PAGE, die_at_13, inline, log_of, make_book, measure, sweep_file

from dlbook.book.errors import DlbookError
from dlbook.book.sweeps import SweepError, sweep

TEXT = f"notebook: {PAGE}\nseeds: 2\ngrid: {{n: [4, 2]}}\n"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DLBOOK_ROOT", str(tmp_path))
    monkeypatch.setenv("DLBOOK_RECORDING", "0")
    make_book(tmp_path)
    return tmp_path


def run_sweep(book: Path, text: str = TEXT) -> Path:
    return sweep(sweep_file(book, text), runner=measure, engine=inline)


def files(book: Path) -> list[str]:
    return sorted(path.name for path in (book / "build" / "sweeps" / "gain").rglob("*") if path.is_file())


def test_every_run_is_made_once_in_fixed_arithmetic_and_held_against_no_band(book, capsys):
    path = run_sweep(book)
    assert path == book / "experiments" / "gain.csv"
    assert log_of(book) == ["4 0 1 True", "4 1 1 True", "2 0 1 True", "2 1 1 True"]
    assert files(book) == ["notebook.ipynb"] * 4 + ["result.json"] * 4
    captured = capsys.readouterr()
    assert captured.out == f"4 runs made, 0 reused, 0 failed: {path}\n"
    assert captured.err.splitlines()[0].startswith("1/4 runs, ")
    assert captured.err.splitlines()[3].startswith("4/4 runs, 00:00 left")


def test_finished_runs_are_not_repeated_and_new_ones_are_added(book, capsys):
    first = run_sweep(book).read_text()
    assert run_sweep(book).read_text() == first
    assert len(log_of(book)) == 4
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 runs made, 4 reused, 0 failed")
    run_sweep(book, TEXT.replace("seeds: 2", "seeds: 3"))
    assert log_of(book)[4:] == ["4 2 1 True", "2 2 1 True"]


def test_a_changed_cell_repeats_all_runs_and_changed_prose_none(book):
    run_sweep(book)
    make_book(book, prose="Other words.")
    run_sweep(book)
    assert len(log_of(book)) == 4
    make_book(book, code=[*CODE[:2], 'claim("gain", n - seed)'])
    run_sweep(book)
    assert len(log_of(book)) == 8


def test_a_failed_run_is_kept_with_its_error_and_the_others_go_on(book, capsys):
    text = TEXT.replace("[4, 2]", "[13, 2]").replace("seeds: 2", "seeds: 1")
    with pytest.raises(SweepError, match=r"2 runs made, 0 reused, 1 failed: .* is tried again") as raised:
        run_sweep(book, text)
    assert raised.value.exit_status == 1
    assert "failed: n = 13, seed = 0: cell 3 (In [3]): ValueError: n is 13." in capsys.readouterr().err
    assert files(book) == ["error.json", "failed.ipynb", "notebook.ipynb", "result.json"]
    (path,) = (book / "build").rglob("error.json")
    stored = json.loads(path.read_text())
    assert stored["parameters"] == {"n": 13, "seed": 0}
    assert stored["error"] == "cell 3 (In [3]): ValueError: n is 13."
    assert "Traceback" in stored["details"]
    with pytest.raises(SweepError, match="1 runs made, 1 reused, 1 failed"):
        run_sweep(book, text)
    assert [line.split()[0] for line in log_of(book)] == ["13", "2", "13"]


def test_a_failed_run_that_succeeds_leaves_no_error_behind(book, monkeypatch):
    text = TEXT.replace("[4, 2]", "[13]").replace("seeds: 2", "seeds: 1")
    with pytest.raises(SweepError):
        run_sweep(book, text)
    sweep(sweep_file(book, text), runner=lambda *given, **more: [], engine=inline)
    assert files(book) == ["result.json"]


def test_a_result_that_is_damaged_or_of_another_run_does_not_count(book):
    run_sweep(book)
    one, two, *_ = sorted((book / "build").rglob("result.json"))
    one.write_text(one.read_text()[:40])
    two.write_text('{"id": "0", "records": []}')
    run_sweep(book)
    assert len(log_of(book)) == 6


def test_a_notebook_that_changes_under_way_fails_its_later_runs(book):
    def measure_and_edit(*given, **more):
        make_book(book, code=[*CODE, "1"])
        return measure(*given, **more)

    with pytest.raises(SweepError, match="4 runs made, 0 reused, 3 failed"):
        sweep(sweep_file(book, TEXT), runner=measure_and_edit, engine=inline)
    errors = {json.loads(path.read_text())["error"] for path in (book / "build").rglob("error.json")}
    assert errors == {"The notebook or the package is not the one that the sweep began with: call again."}


def test_a_claim_that_no_run_made_is_told(book):
    with pytest.raises(SweepError, match=r"no run made the claim 'pain': accepted are gain\.$"):
        run_sweep(book, TEXT + "claims: [gain, pain]")
    assert (book / "experiments" / "gain.csv").exists()


def test_a_results_folder_that_cannot_be_written_is_one_sentence(book):
    (book / "build").write_text("a file in its place")
    with pytest.raises(DlbookError, match="Cannot write"):
        run_sweep(book)
    assert not (book / "experiments" / "gain.csv").exists()


def test_a_killed_worker_is_replaced_and_a_run_that_kills_it_again_is_given_up(book):
    text = TEXT.replace("[4, 2]", "[14, 13, 2]").replace("seeds: 2", "seeds: 1")
    with pytest.raises(SweepError, match="3 runs made, 0 reused, 1 failed"):
        sweep(sweep_file(book, text), runner=die_at_13, workers=1)
    table = (book / "experiments" / "gain.csv").read_text().splitlines()
    assert table[1].startswith("14,0,gain,14.0,1,14.0")
    assert table[2].endswith("The process of this run died 2 times: does it need more memory than there is?")
    assert table[3].startswith("2,0,gain,2.0,1,2.0")


@pytest.fixture
def scheduler():
    """A Dask scheduler with no workers, in this process."""
    options = {"processes": False, "dashboard_address": None, "protocol": "tcp", "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=0, threads_per_worker=1, **options) as cluster:
        yield cluster


def test_a_sweep_runs_on_the_workers_of_a_scheduler(book, scheduler):
    file = sweep_file(book, TEXT)
    with pytest.raises(DlbookError, match="has no workers: start one with `dask worker`"):
        sweep(file, runner=measure, scheduler=scheduler.scheduler_address)
    scheduler.scale(1)
    scheduler.wait_for_workers(1)
    path = sweep(file, runner=measure, scheduler=scheduler.scheduler_address)
    assert len(path.read_text().splitlines()) == 5


KILLED = """
from pathlib import Path
from sweeps_book import measure_slowly
from dlbook.book.sweeps import sweep
sweep(Path("experiments/gain.yaml"), runner=measure_slowly, workers=2)
"""


def test_a_sweep_that_is_killed_goes_on_with_what_is_finished(book):
    text = TEXT.replace("seeds: 2", "seeds: 6")
    sweep_file(book, text)
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.Popen([sys.executable, "-c", KILLED], cwd=book, env=variables, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: len(list((book / "build").rglob("result.json"))) >= 3)
        children = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not any(map(alive, children)))
    results = list((book / "build").rglob("result.json"))
    assert 3 <= len(results) < 12
    assert all(json.loads(path.read_text())["records"] for path in results)
    assert not (book / "experiments" / "gain.csv").exists()
    begun = len(log_of(book))
    path = run_sweep(book, text)
    assert len(log_of(book)) - begun == 12 - len(results)
    assert len(path.read_text().splitlines()) == 13
    assert files(book) == ["notebook.ipynb"] * 12 + ["result.json"] * 12


def alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def wait_for(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
