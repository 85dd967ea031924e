"""Many papermill runs of one page: `sweep` over parameters and seeds, `record_bands` for the bands of its claims."""

from __future__ import annotations

from pathlib import Path

from ..errors import DlbookError
from ..paths import root, write_atomic
from .bands import record_bands
from .plan import Plan, read
from .runs import Engine, Runner, Stored, carry_out, papermill, planned
from .table import claims_of, table
from .workers import parallel

__all__ = ["SweepError", "record_bands", "sweep"]


class SweepError(DlbookError):
    """Runs of a sweep failed, or none made a claim that it keeps; the others are done and in the table."""

    exit_status = 1


def sweep(
    file: Path | str,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    runner: Runner | None = None,
    engine: Engine | None = None,
) -> Path:
    """Make the runs that a sweep file asks for and that are not made yet; return the table of all, beside the file.

    Finished runs are kept under `build/sweeps/` by what they depend on (see `identity`), so that a sweep that was
    killed goes on where it was, and one that was extended makes the new runs alone.

    Args:
        file: `experiments/NAME.yaml`; its keys are explained in `plan`. The table is `experiments/NAME.csv`.
        scheduler: the address of a Dask scheduler, in place of this machine.
        workers: how many processes of this machine; one a core unless told.
        runner: what runs a notebook, unless it is papermill.
        engine: where the runs are made, unless it is on `scheduler` or `workers`.

    Raises:
        DlbookError: the file asks for something that there is not; nothing was run.
        SweepError: some runs failed; the table was written.
    """
    engine = engine or parallel(scheduler, workers)
    plan = read(Path(file))
    folder = root() / "build" / "sweeps" / plan.name
    stored, reused = carry_out(planned(plan.page, plan.runs()), folder, engine=engine, runner=runner or papermill)
    path = Path(file).with_suffix(".csv")
    write_atomic(path, table(plan, stored))
    failed = sum("error" in run for run in stored)
    told = f"{len(stored) - reused} runs made, {reused} reused, {failed} failed: {path}"
    if failed:
        raise SweepError(f"{told}; what failed is kept in {folder} and is tried again by the next call.")
    if absent := _absent_claims(plan, stored):
        raise SweepError(f"{told}; {absent}")
    print(told)
    return path


def _absent_claims(plan: Plan, stored: list[Stored]) -> str:
    made = dict.fromkeys(name for run in stored for name in claims_of(run))
    absent = [repr(name) for name in plan.claims or () if name not in made]
    return f"no run made the claim {', '.join(absent)}: accepted are {', '.join(made) or 'none'}." if absent else ""
