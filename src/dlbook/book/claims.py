"""`claim`: a measured value against the band that its sentence rests on. `say`: sentences with results.
`mistake`: an error made on purpose.

A band belongs to a parameter set and comes from recorded runs over seeds: `dlbook bands` makes them, this module reads
them from `results/`.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..runtime import hardware
from .errors import ClaimError, MistakeError
from .parameters import current
from .paths import DlbookError, results_path
from .records import band_text, emit, in_notebook

#: Half the width of a band, in standard deviations of the recorded runs.
DEVIATIONS = 6
#: Recorded runs a band needs at least.
LEAST_RUNS = 10
#: A measured ratio of times is a claim only from this effect on.
LEAST_TIMING_EFFECT = 2


def claim(
    name: str,
    value: int | float,
    *,
    above: int | float | None = None,
    below: int | float | None = None,
    timing: bool = False,
) -> None:
    """Hold a measured value against the band of recorded runs that its sentence rests on.

    Args:
        name: what was measured, in the words of the page; unique on it.
        value: this run's value.
        above: the sentence says "more than this": the band is open upwards.
        below: the sentence says "less than this": the band is open downwards.
        timing: a ratio of median times: asserted only on the hardware class on which the band was recorded.

    Raises:
        ClaimError: the value lies outside the band of this parameter set.
        ValueError: the value is no finite number, both sides are given, or a timing claims an effect below 2.
    """
    value = float(value)
    if not math.isfinite(value):
        raise ClaimError(f"{name}: the value is {value}, no finite number.")
    if above is not None and below is not None:
        raise ValueError(f"{name}: give above or below, not both; for a two-sided band give neither.")
    if timing and (above is None or above < LEAST_TIMING_EFFECT):
        raise ValueError(f"{name}: a claim of timing is a ratio with above = {LEAST_TIMING_EFFECT} or more.")
    side = "above" if above is not None else "below" if below is not None else "two-sided"
    limit = above if above is not None else below
    record = {"kind": "claim", "name": name, "value": value, "side": side, "limit": limit, "timing": timing}
    run, band = current(), _recorded(name)
    device = run.device if run else "cpu"
    said = "" if limit is None else f" (said: {side} {limit:g})"
    if band is None:
        told = f"yours {value:.4g}{said}; no band is recorded for these parameters"
        emit(record, "•", f"claim {name}", told, style="claim")
        return
    told = f"yours {value:.4g}{said}; {band_text(band)}"
    if timing and band["hardware"] != hardware(device):
        emit(record, "•", f"claim {name}", f"{told}; other hardware, not asserted", style="claim")
        return
    if not band["low"] <= value <= band["high"]:
        raise ClaimError(f"{name}: {value:.6g} lies outside the band [{band['low']:.6g}, {band['high']:.6g}]; {told}.")
    emit(record, "✓", f"claim {name}", told, style="claim")


def _recorded(name: str) -> dict[str, Any] | None:
    """The band of a claim for these parameters, if there is one; none while runs for bands or sweeps are recorded."""
    run = current()
    if run is None or os.environ.get("DLBOOK_RECORDING") == "1":
        return None
    try:
        stored = json.loads(results_path(run.page).read_text(encoding="utf8"))
    except (OSError, DlbookError):
        return None
    found = stored.get("bands", {}).get(run.set, {}).get(name)
    return None if found is None else opened(found)


def opened(stored: dict[str, Any]) -> dict[str, Any]:
    """A band as it is stored, with infinity for its open side: JSON has none, and keeps null there."""
    low, high = stored["low"], stored["high"]
    return {**stored, "low": -math.inf if low is None else low, "high": math.inf if high is None else high}


def band(record: dict[str, Any], values: Sequence[int | float], hardware_class: str) -> dict[str, Any]:
    """The band of a claim, from the values that runs over seeds gave: mean ± 6 standard deviations, one-sided where
    the sentence is; a claim of timing is held to its sentence alone (the lower end is its `above`).

    Raises:
        ClaimError: too few runs, or the runs do not support the sentence: the band reaches over the limit.
    """
    if len(values) < LEAST_RUNS:
        raise ClaimError(f"{record['name']}: {len(values)} runs; a band needs at least {LEAST_RUNS}.")
    mean, s = statistics.fmean(values), statistics.stdev(values)
    half = max(DEVIATIONS * s, 1e-4 * abs(mean))
    low, high, limit = mean - half, mean + half, record["limit"]
    if record["timing"]:
        low, high = limit, math.inf
        supported = min(values) > limit
    elif record["side"] == "above":
        high, supported = math.inf, low > limit
    elif record["side"] == "below":
        low, supported = -math.inf, high < limit
    else:
        supported = True
    if not supported:
        raise ClaimError(
            f"{record['name']}: {len(values)} runs give {mean:.6g} ± {s:.2g}, which does not support "
            f"'{record['side']} {limit:g}' at {DEVIATIONS} standard deviations: mend the sentence or the experiment."
        )
    return {
        "n": len(values), "mean": mean, "s": s, "low": low, "high": high,
        "side": record["side"], "limit": limit, "timing": record["timing"], "hardware": hardware_class,
    }  # fmt: skip


def say(text: str) -> None:
    """Show a sentence with results in it: Markdown output, which reads like prose and is compared like a number."""
    if not in_notebook():
        print(text)
        return
    from IPython.display import Markdown, display

    display(Markdown(text))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Show computed rows as a Markdown table."""
    cells = [list(map(str, row)) for row in rows]
    lines = [list(header), ["---"] * len(header), *cells]
    say("\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines))


class SilentMistake(Exception):
    """No exception and no warning: a number that is wrong. Given to `mistake`, and shown by `instead`."""


class _Made:
    """What a mistake led to."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.numbers: tuple[float, float] | None = None

    def instead(self, got: Any, right: Any) -> None:
        """Show the wrong number beside the right one; they must differ by more than rounding."""
        self.numbers = (float(got), float(right))


@contextmanager
def mistake(kind: type[BaseException], match: str = "") -> Iterator[_Made]:
    """Make a mistake on purpose, assert its symptom, and show the first line of it.

    `kind` is an exception, a warning, or `SilentMistake` for a number that comes out wrong without either.

    Raises:
        MistakeError: the symptom did not show, or shows other words than `match`.
    """
    made = _Made()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield made
        except kind as error:
            made.error = error
    if issubclass(kind, Warning) and made.error is None:
        made.error = next((w.message for w in caught if issubclass(w.category, kind)), None)
    if kind is SilentMistake:
        if made.numbers is None or math.isclose(*made.numbers, rel_tol=1e-6, abs_tol=1e-12):
            raise MistakeError(f"The silent mistake made no wrong number: {made.numbers}.")
        got, right = made.numbers
        _tell("wrong, and silent", f"{_number(got)} instead of {_number(right)}")
        return
    if made.error is None:
        raise MistakeError(f"No {kind.__name__} came: this is no mistake any more.")
    first = (str(made.error).splitlines() or [""])[0].partition(" (Triggered internally")[0].strip()
    if match not in str(made.error):
        raise MistakeError(f"{type(made.error).__name__} came, but it says {first!r}, not {match!r}.")
    _tell(type(made.error).__name__, first)


def _number(value: float) -> str:
    whole = math.isfinite(value) and value == round(value) and abs(value) < 1e15
    return f"{value:.0f}" if whole else f"{value:.4g}"


def _tell(head: str, text: str) -> None:
    emit({"kind": "mistake", "symptom": head}, "✗", head, text, style="mistake")
