"""Many runs of notebooks, each kept as soon as it is finished: what a killed sweep leaves behind, the next one finds.

A worker hands its run back as a value, and only the calling process writes: `result.json` last, and atomically. A
folder without it is a run that is still to be made.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..errors import DlbookError
from ..paths import notebook_path, write_atomic
from .identity import code_of, identity

#: Set to 1 where values are collected: claims are then recorded, and held against no band.
RECORDING = {"DLBOOK_RECORDING": "1"}

Runner = Callable[..., list[dict[str, Any]]]
Stored = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One run of a page that is to be made."""

    page: str
    parameters: Mapping[str, Any]
    identity: str
    salt: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(RECORDING))

    @property
    def folder(self) -> str:
        """The name of the run's folder."""
        return self.identity[:16]

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value!r}" for name, value in self.parameters.items())


def planned(page: str, parameters: Sequence[Mapping[str, Any]], *, salt: str = "", **environment: str) -> list[Run]:
    """The runs of a page with each of these parameters, seed included."""
    code = code_of(notebook_path(page))
    surroundings = {**RECORDING, **environment}
    return [Run(page, given, identity(code, given, salt=salt), salt, surroundings) for given in parameters]


@dataclass(frozen=True)
class Outcome:
    """What came of a run: its records, or the error that stopped it (one line, and the traceback)."""

    records: list[dict[str, Any]]
    seconds: float
    notebook: str = ""
    error: str = ""
    details: str = ""


def attempt(run: Run, runner: Runner) -> Outcome:
    """Make one run, in the process that this is called in; whatever goes wrong in it is part of the outcome."""
    os.environ.update(run.environment)
    start, records, error, details, notebook = time.perf_counter(), [], "", "", ""
    with tempfile.TemporaryDirectory(prefix="dlbook-", ignore_cleanup_errors=True) as folder:
        output = Path(folder) / "notebook.ipynb"
        try:
            path = notebook_path(run.page)
            if identity(code_of(path), run.parameters, salt=run.salt) != run.identity:
                raise DlbookError("The notebook or the package is not the one that the sweep began with: call again.")
            records = runner(path, dict(run.parameters), output, fixed=True)
        except Exception as raised:
            sentence = " ".join(str(raised).split())
            error = sentence if isinstance(raised, DlbookError) else f"{type(raised).__name__}: {sentence}"
            details = traceback.format_exc()
        for path in Path(folder).glob("[!.]*.ipynb"):  # the output, or what was executed before the error
            notebook = path.read_text(encoding="utf8")
    return Outcome(records, round(time.perf_counter() - start, 3), notebook, error, details)


def papermill(path: Path, parameters: Mapping[str, Any], output: Path, *, fixed: bool) -> list[dict[str, Any]]:
    """The runner of the book: a papermill run in a fresh kernel."""
    from jupyter_core.utils import ensure_event_loop

    from ..run import run_notebook

    # Jupyter leaves an event loop open for every call: a worker that lives long would run out of files.
    loop = ensure_event_loop()
    try:
        return run_notebook(path, dict(parameters), output, fixed=fixed)
    finally:
        loop.close()


def finished(run: Run, folder: Path) -> Stored | None:
    """The stored result of a run, if it was finished."""
    try:
        stored = json.loads((folder / run.folder / "result.json").read_text(encoding="utf8"))
    except (OSError, ValueError):
        return None
    return stored if stored.get("id") == run.identity else None


def keep(run: Run, outcome: Outcome, folder: Path) -> Stored:
    """Store what came of a run: `result.json` and `notebook.ipynb`, or `error.json` and `failed.ipynb`."""
    home = folder / run.folder
    stored = {"id": run.identity, "page": run.page, "parameters": dict(run.parameters), "seconds": outcome.seconds}
    if outcome.error:
        stored |= {"error": outcome.error, "details": outcome.details}
    else:
        stored |= {"records": outcome.records}
    if outcome.notebook:
        write_atomic(home / ("failed.ipynb" if outcome.error else "notebook.ipynb"), outcome.notebook)
    if not outcome.error:
        for stale in ("error.json", "failed.ipynb"):
            (home / stale).unlink(missing_ok=True)
    text = json.dumps(stored, indent=1, ensure_ascii=False)
    write_atomic(home / ("error.json" if outcome.error else "result.json"), text + "\n")
    return stored


Engine = Callable[[Sequence[Run], Runner], Iterator[tuple[Run, Outcome]]]


def carry_out(runs: Sequence[Run], folder: Path, *, engine: Engine, runner: Runner) -> tuple[list[Stored], int]:
    """What is stored of every run, in the order of `runs`, and how many of them had been finished before.

    Runs without a result are made, those that failed before among them.
    """
    stored = {run.identity: found for run in runs if (found := finished(run, folder))}
    reused = len(stored)
    missing = [run for run in runs if run.identity not in stored]
    if missing:
        for run, outcome in progress(engine(missing, runner), len(missing)):
            stored[run.identity] = keep(run, outcome, folder)
    return [stored[run.identity] for run in runs], reused


def progress(outcomes: Iterator[tuple[Run, Outcome]], total: int) -> Iterator[tuple[Run, Outcome]]:
    """Hand the outcomes on; tell on stderr how many there are, which failed and how much time is left.

    A terminal shows a bar; a log gets a line a run.
    """
    terminal = sys.stderr.isatty()
    with tqdm(total=total, unit="run", disable=not terminal) as bar:
        start = time.monotonic()
        for done, (run, outcome) in enumerate(outcomes, 1):
            yield run, outcome
            bar.update()
            left = tqdm.format_interval((time.monotonic() - start) / done * (total - done))
            if outcome.error:
                tqdm.write(f"failed: {run}: {outcome.error}", file=sys.stderr)
            if not terminal:
                print(f"{done}/{total} runs, {left} left", file=sys.stderr, flush=True)
