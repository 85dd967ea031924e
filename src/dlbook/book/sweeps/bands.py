"""`dlbook bands`: the runs over seeds that the bands of a page's claims come from."""

from __future__ import annotations

import ast
import json
import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ClaimError, DlbookError
from ..paths import notebook_path, page_name, results_path, root, write_atomic
from .identity import code_of, parse_cell
from .plan import declared_sets
from .runs import Engine, Runner, Stored, carry_out, papermill, planned
from .workers import parallel

#: The first seed of the recorded runs: none that a page or a test uses.
FIRST_SEED = 1000
#: The name under which the parameters that the page itself stands with are recorded.
DEFAULT = "default"

Bands = dict[str, dict[str, dict[str, Any]]]


def record_bands(
    page: str,
    *,
    set_name: str | None = None,
    runs: int = 10,
    workers: int | None = None,
    runner: Runner | None = None,
    engine: Engine | None = None,
) -> None:
    """Run a page over fresh seeds, with its defaults and each set that it declares, and store the bands of its claims.

    A page with claims of timing is run once at a time. Everything is stored at the end, if the runs support every
    claim; an interrupted recording is continued by the next call on the same machine. The bands of a set that is
    recorded replace all that stood for it, and a full recording drops sets that the page no longer declares.

    Args:
        page: a page, by name or path.
        set_name: record this set alone: `default`, or one that the page declares.
        runs: how many seeds, from 1000 on.
        workers: how many processes; one a core unless told.
        runner: what runs a notebook, unless it is papermill.
        engine: where the runs are made, unless it is on `workers`.

    Raises:
        DlbookError: no such page or set, too few runs, a run that failed, or a claim that the runs do not support.
    """
    import torch

    from ...runtime import hardware
    from ..claims import LEAST_RUNS

    page = page_name(page)
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < LEAST_RUNS:
        raise DlbookError(f"runs = {runs!r}: accepted is an integer from {LEAST_RUNS}.")
    sets = {DEFAULT: {}, **declared_sets(page)}
    if set_name is not None and set_name not in sets:
        raise DlbookError(f"set = {set_name!r}: accepted are the sets of {page}: {', '.join(sets)}.")
    chosen = list(sets.values()) if set_name is None else [sets[set_name]]
    device = os.environ.get("DLBOOK_DEVICE") or "cpu"
    given = [{**parameters, "seed": FIRST_SEED + i} for parameters in chosen for i in range(runs)]
    plan = planned(page, given, salt=f"{torch.__version__} {device} {hardware()}", DLBOOK_DEVICE=device)
    engine = engine or parallel(workers=1 if times(code_of(notebook_path(page))) else workers)
    folder = root() / "build" / "bands" / page
    stored, _ = carry_out(plan, folder, engine=engine, runner=runner or papermill)
    if failed := [f"{run}: {kept['error']}" for run, kept in zip(plan, stored, strict=True) if "error" in kept]:
        raise DlbookError(f"{len(failed)} of {len(plan)} runs of {page} failed, first {failed[0]}")
    shutil.rmtree(folder, ignore_errors=True)
    groups = [stored[start : start + runs] for start in range(0, len(stored), runs)]
    bands = bands_of(groups)
    path = _store(page, bands, keep_others=set_name is not None)
    count = sum(map(len, bands.values()))
    print(f"{count} bands of {runs} runs in {path}: `dlbook execute {page}` shows them on the page.")


def times(code: Iterable[str]) -> bool:
    """Whether these cells hold a claim of timing: its runs must not disturb each other."""
    calls = (node for source in code for node in ast.walk(parse_cell(source)) if isinstance(node, ast.Call))
    return any(keyword.arg == "timing" for call in calls for keyword in call.keywords)


def bands_of(groups: Iterable[Sequence[Stored]]) -> Bands:
    """The bands of every claim, by parameter set, from groups of runs that differ in their seed.

    Raises:
        DlbookError: the runs of a set do not support one of its claims, or a page without settings.
    """
    from ...runtime import hardware
    from ..claims import band

    bands: Bands = {}
    unsupported = []
    for group in groups:
        settings = next((record for record in group[0]["records"] if record["kind"] == "settings"), None)
        if settings is None:
            raise DlbookError(f"{group[0]['page']} has no cell with settings(...): its claims belong to no set.")
        bands[settings["set"]] = {}
        for name, records in _claims(group).items():
            try:
                made = band(records[0], [record["value"] for record in records], hardware(settings["device"]))
                bands[settings["set"]][name] = _open_sides(made)
            except ClaimError as error:
                unsupported.append(f"with {settings['set']}, {error}")
    if unsupported:
        raise DlbookError(f"Nothing was recorded: {' '.join(unsupported)}")
    return bands


def _claims(group: Sequence[Stored]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for run in group:
        made = {record["name"]: record for record in run["records"] if record["kind"] == "claim"}
        for name, record in made.items():
            found.setdefault(name, []).append(record)
    return found


def _open_sides(made: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: an open side is null."""
    return {key: None if value in (math.inf, -math.inf) else value for key, value in made.items()}


def _store(page: str, bands: Bands, *, keep_others: bool) -> Path:
    path = results_path(page)
    try:
        results = json.loads(path.read_text(encoding="utf8"))
    except FileNotFoundError:
        results = {"page": page}
    except ValueError as error:
        raise DlbookError(f"{path} is no JSON ({error}): mend it, or delete it and execute the page.") from error
    results["bands"] = {**(results.get("bands", {}) if keep_others else {}), **bands}
    write_atomic(path, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    return path
