"""The table of a sweep against SciPy and NumPy."""

import csv
import io
import json

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from dlbook.book.sweeps.plan import Plan
from dlbook.book.sweeps.table import COLUMNS, interval, table

SEEDS = (3, 1, 8)


def stored(value: float | None, other: float | None = None, name: str = "a") -> dict:
    claims = {"kind": "claim", "name": name, "value": value}
    made = [claims] if other is None else [claims, claims | {"name": "b", "value": other}]
    if value is None:
        return {"id": "f" * 64, "error": "cell 2: ValueError: no, never"}
    return {"id": "0123456789abcdef", "records": [{"kind": "settings", "set": json.dumps({"n": 9, "w": 7})}, *made]}


def rows(points: list[dict], runs: list[dict], claims: tuple[str, ...] | None = None) -> list[dict[str, str]]:
    plan = Plan("name", "title", "page", tuple(points), SEEDS, claims)
    return list(csv.DictReader(io.StringIO(table(plan, runs))))


def test_a_row_for_every_parameter_set_seed_and_claim():
    values = [0.1, 0.4, 0.35, 2.0, 2.5, 9.25]
    found = rows([{"n": 4, "ok": True}, {"n": 2, "ok": True}], [stored(value, 1 - value) for value in values])
    assert [(row["n"], row["seed"], row["claim"]) for row in found] == [
        (n, seed, claim) for n in ("4", "2") for seed in ("3", "1", "8") for claim in ("a", "b")
    ]
    assert list(found[0]) == ["n", "ok", *COLUMNS]
    assert [float(row["value"]) for row in found[::2]] == values
    assert {row["run"] for row in found} == {"0123456789ab"}
    for group, expected in ((found[:6:2], values[:3]), (found[6::2], values[3:])):
        mean, error = np.mean(expected), np.std(expected, ddof=1) / np.sqrt(3)
        low, high = scipy.stats.t.interval(0.95, 2, loc=mean, scale=error)
        for row in group:
            assert float(row["mean"]) == pytest.approx(mean, rel=1e-14)
            assert float(row["low95"]) == pytest.approx(low, rel=1e-12)
            assert float(row["high95"]) == pytest.approx(high, rel=1e-12)
            assert row["runs"] == "3"


def test_a_failed_run_has_one_row_and_does_not_count():
    found = rows([{"n": 4}], [stored(1.0), stored(None), stored(2.0)])
    assert [(row["value"], row["runs"], row["error"]) for row in found] == [
        ("1.0", "2", ""), ("", "", "cell 2: ValueError: no, never"), ("2.0", "2", ""),
    ]  # fmt: skip
    assert found[1]["seed"] == "1"
    assert found[1]["run"] == "f" * 12


def test_one_value_has_no_interval():
    found = rows([{"n": 4}], [stored(1.0), stored(None), stored(None)])
    assert (found[0]["mean"], found[0]["low95"], found[0]["high95"], found[0]["runs"]) == ("1.0", "", "", "1")


def test_only_the_claims_that_were_asked_for_are_kept():
    assert {row["claim"] for row in rows([{"n": 4}], [stored(1.0, 2.0)] * 3, ("b",))} == {"b"}


def test_a_parameter_that_a_run_leaves_at_its_default_is_filled_in():
    found = rows([{"n": 4}, {"w": 5}], [stored(1.0)] * 6)
    assert [(row["n"], row["w"]) for row in found[::3]] == [("4", "7"), ("9", "5")]


def test_a_parameter_with_the_name_of_a_column_is_told_apart():
    found = rows([{"mean": 4}], [stored(1.0)] * 3)
    assert (found[0]["parameter_mean"], found[0]["mean"]) == ("4", "1.0")


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_the_interval_is_that_of_scipy(values):
    low, high = interval(values)
    mean, error = np.mean(values), scipy.stats.sem(values)
    half = scipy.stats.t.ppf(0.975, len(values) - 1) * error
    assert low == pytest.approx(mean - half, rel=1e-9, abs=1e-7)
    assert high == pytest.approx(mean + half, rel=1e-9, abs=1e-7)
