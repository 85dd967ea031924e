"""The results of a sweep as one tidy table: a row for every parameter set, seed and claim."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from .plan import Plan
from .runs import Stored

#: The columns of every table, after those of the parameters: `runs`, `mean`, `low95` and `high95` are of the seeds
#: together, and are repeated in the row of each; a run that failed has one row, with its error.
COLUMNS = ("seed", "claim", "value", "runs", "mean", "low95", "high95", "run", "error")
#: A parameter that has the name of such a column gets this before it.
PREFIX = "parameter_"


def table(plan: Plan, stored: Sequence[Stored]) -> str:
    """The table of a sweep, as CSV.

    Args:
        plan: what was asked for.
        stored: what is kept of each of `plan.runs()`, in that order.
    """
    names = list(dict.fromkeys(name for point in plan.points for name in point))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([PREFIX + name if name in COLUMNS else name for name in names] + list(COLUMNS))
    count = len(plan.seeds)
    for index, point in enumerate(plan.points):
        group = stored[index * count : (index + 1) * count]
        for cells in _group_rows(plan, names, point, group):
            writer.writerow(cells)
    return out.getvalue()


def _group_rows(plan: Plan, names: list[str], point: Mapping[str, Any], group: Sequence[Stored]) -> list[list[Any]]:
    measured = [claims_of(run) for run in group]
    kept = dict.fromkeys(name for claims in measured for name in claims if plan.claims is None or name in plan.claims)
    summaries = {name: _summary([claims[name] for claims in measured if name in claims]) for name in kept}
    rows = []
    for seed, run, claims in zip(plan.seeds, group, measured, strict=True):
        values = {**_defaults(run), **point}
        start, end = [*(values.get(name, "") for name in names), seed], [run["id"][:12], run.get("error", "")]
        if "error" in run:
            rows.append([*start, "", "", "", "", "", "", *end])
        rows += [[*start, name, claims[name], *summaries[name], *end] for name in kept if name in claims]
    return rows


def claims_of(run: Stored) -> dict[str, float]:
    """The values of the claims that a run made; none if it failed."""
    return {record["name"]: record["value"] for record in run.get("records", []) if record["kind"] == "claim"}


def _defaults(run: Stored) -> dict[str, Any]:
    """Every parameter of a run but seed and device, those that the sweep left at their defaults as well."""
    found = next((record["set"] for record in run.get("records", []) if record["kind"] == "settings"), "{}")
    return json.loads(found)


def _summary(values: Sequence[float]) -> tuple[int, float, float | str, float | str]:
    return (len(values), statistics.fmean(values), *(interval(values) or ("", "")))


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % confidence interval of the mean (Student's t); of a single value there is none."""
    if len(values) < 2:
        return None
    from scipy.special import stdtrit

    mean, error = statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values))
    half = float(stdtrit(len(values) - 1, 0.975)) * error
    return mean - half, mean + half
