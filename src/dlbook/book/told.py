"""What a run is told as: its claims beside the bands of the book, and the equations that it verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .notebooks.harvest import stored_results
from .paths import pages, root


def report(records: Sequence[Mapping[str, Any]], page: str) -> list[str]:
    """Lines about a run: its claims beside the book's bands, and the equations verified."""
    parameter_set = next((record["set"] for record in records if record["kind"] == "settings"), "{}")
    bands = stored_results(page, root()).get("bands", {}).get(parameter_set, {}) if page in pages() else {}
    rows = [("claim", "yours", "the book's", "")]
    for record in records:
        if record["kind"] == "claim":
            rows.append(
                (record["name"], f"{record['value']:.4g}", *_verdict(record["value"], bands.get(record["name"])))
            )
    lines = table(rows) if len(rows) > 1 else []
    verified = {record["label"]: record["cases"] for record in records if record["kind"] == "equation"}
    return [*lines, f"{len(verified)} equations verified" + (f": {', '.join(verified)}" if verified else "")]


def _verdict(value: float, band: Mapping[str, Any] | None) -> tuple[str, str]:
    if band is None:
        return "-", "no band for these parameters"
    low, high = band["low"], band["high"]  # null is an open side
    inside = (low is None or low <= value) and (high is None or value <= high)
    return f"{band['mean']:.4g} ± {band['s']:.2g}", "in the band" if inside else "outside the band (other hardware)"


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines, with columns as wide as their widest entry."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip() for row in rows]
