"""Where the runs of a sweep are made: processes of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import DlbookError
from .runs import Engine, Outcome, Run, Runner, attempt

#: Deaths of its worker after which a run is given up; it may need more memory than there is.
ALLOWED_DEATHS = 2
#: Time for a scheduler to answer.
PATIENCE = "10s"


def parallel(scheduler: str | None = None, workers: int | None = None) -> Engine:
    """Runs on this machine, a process of one thread each, or on the workers of a Dask scheduler.

    Args:
        scheduler: the address of a scheduler whose workers have this checkout and this environment.
        workers: how many processes on this machine; one a core unless told.

    Raises:
        DlbookError: the number of workers is no integer from 1, or both are given.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise DlbookError(f"workers = {workers!r}: accepted is an integer from 1.")
    if scheduler is not None and workers is not None:
        raise DlbookError("Give a scheduler or a number of workers, not both: a scheduler has its own workers.")

    def engine(runs: Sequence[Run], runner: Runner) -> Iterator[tuple[Run, Outcome]]:
        with _local(workers, len(runs)) if scheduler is None else _remote(scheduler) as client:
            yield from _outcomes(client, runs, runner)

    return engine


def _outcomes(client: Any, runs: Sequence[Run], runner: Runner) -> Iterator[tuple[Run, Outcome]]:
    from dask.distributed import as_completed

    waiting = {client.submit(attempt, run, runner, pure=False): run for run in runs}
    for future in as_completed(list(waiting)):
        run = waiting.pop(future)
        if future.status in ("cancelled", "lost"):
            raise DlbookError(f"The Dask scheduler went away with {len(waiting) + 1} runs unfinished: call again.")
        yield run, Outcome([], 0.0, error=_why(future.exception())) if future.status == "error" else future.result()


def _why(error: BaseException) -> str:
    """What is wrong with a run of which not even an outcome came back, in one line."""
    if type(error).__name__ == "KilledWorker":
        return f"The process of this run died {ALLOWED_DEATHS} times: does it need more memory than there is?"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


@contextmanager
def _local(workers: int | None, runs: int) -> Iterator[Any]:
    import dask
    from dask.distributed import Client, LocalCluster
    from dask.system import CPU_COUNT

    settings = {
        "distributed.scheduler.allowed-failures": ALLOWED_DEATHS - 1,
        # One run to a worker and none waiting behind it: a worker's death is held against the run that it made.
        "distributed.scheduler.worker-saturation": 1.0,
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=min(workers or CPU_COUNT, runs),
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _remote(scheduler: str) -> Iterator[Any]:
    from dask.distributed import Client

    try:
        client = Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        accepted = "accepted is the address of one that runs, as in tcp://host:8786"
        raise DlbookError(f"Cannot reach a Dask scheduler at {scheduler!r}: {accepted}.") from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise DlbookError(f"The Dask scheduler at {scheduler!r} has no workers: start one with `dask worker`.")
        yield client
