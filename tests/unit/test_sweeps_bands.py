"""Bands: recorded from runs over seeds, stored if they support every claim, and read back by `claim`."""

import json
import os
import statistics
from pathlib import Path
from typing import Any

import pytest
from sweeps_book import CODE, PAGE, inline, make_book, records

from dlbook.book import between, claim, settings
from dlbook.book.errors import ClaimError, DlbookError
from dlbook.book.sweeps import record_bands
from dlbook.book.sweeps.bands import times
from dlbook.runtime import hardware

DEFAULT, QUICK = '{"n": 512}', '{"n": 64}'
SEEN: list[tuple[int, int, str]] = []


def runner(limit: float | None = None, **more: Any):
    def measure(path: Path, parameters: dict, output: Path, *, fixed: bool) -> list[dict]:
        n, seed = parameters.get("n", 512), parameters["seed"]
        SEEN.append((n, seed, os.environ["DLBOOK_DEVICE"]))
        assert fixed
        output.write_text("{}")
        side = "above" if limit is not None else "two-sided"
        return records(PAGE, n, seed, n + (seed % 5) / 10, limit=limit, side=side, **more)

    return measure


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DLBOOK_ROOT", str(tmp_path))
    monkeypatch.setenv("DLBOOK_RECORDING", "0")
    monkeypatch.setenv("DLBOOK_DEVICE", "")
    make_book(tmp_path)
    SEEN.clear()
    return tmp_path


def stored(book: Path) -> dict:
    return json.loads((book / "results" / f"{PAGE}.json").read_text())


def test_the_defaults_and_every_declared_set_get_bands(book, capsys):
    record_bands(PAGE, runner=runner(), engine=inline)
    assert [(n, 1000 + i, "cpu") for n in (512, 64) for i in range(10)] == SEEN
    assert capsys.readouterr().out.startswith("2 bands of 10 runs in ")
    bands = stored(book)["bands"]
    assert list(bands) == [DEFAULT, QUICK]
    values = [512 + i % 5 / 10 for i in range(10)]
    mean, s = statistics.fmean(values), statistics.stdev(values)
    assert bands[DEFAULT]["gain"] == {
        "n": 10, "mean": pytest.approx(mean), "s": pytest.approx(s),
        "low": pytest.approx(mean - 6 * s), "high": pytest.approx(mean + 6 * s),
        "side": "two-sided", "limit": None, "timing": False, "hardware": hardware(),
    }  # fmt: skip
    assert not (book / "build" / "bands" / PAGE).exists()


def test_other_results_stay_and_claims_and_sets_that_are_gone_are_dropped(book):
    path = book / "results" / f"{PAGE}.json"
    path.parent.mkdir(parents=True)
    old = {"page": PAGE, "title": "Broadcasting", "bands": {DEFAULT: {"gone": {}}, QUICK: {"gone": {}}, "{}": {}}}
    path.write_text(json.dumps(old))
    record_bands(PAGE, set_name="quick", runs=11, runner=runner(), engine=inline)
    assert stored(book)["bands"].keys() == old["bands"].keys()
    assert list(stored(book)["bands"][QUICK]) == ["gain"]
    assert stored(book)["bands"][QUICK]["gain"]["n"] == 11
    record_bands(PAGE, runner=runner(), engine=inline)
    assert list(stored(book)["bands"]) == [DEFAULT, QUICK]
    assert stored(book)["title"] == "Broadcasting"


def test_one_set_alone(book):
    record_bands(PAGE, set_name="default", runner=runner(), engine=inline)
    assert list(stored(book)["bands"]) == [DEFAULT]


def test_an_open_side_is_null_in_the_file_and_open_to_a_claim(book, capsys):
    record_bands(PAGE, runner=runner(limit=50.0), engine=inline)
    text = (book / "results" / f"{PAGE}.json").read_text()
    assert "Infinity" not in text
    assert stored(book)["bands"][QUICK]["gain"]["high"] is None
    os.environ["DLBOOK_RECORDING"] = "0"
    settings(PAGE, seed=0, device="cpu", n=between(64, 1, 100))
    claim("gain", 1e30, above=50)
    assert "✓ claim gain" in capsys.readouterr().out
    with pytest.raises(ClaimError, match=r"gain: 1 lies outside the band \[.*, inf\]"):
        claim("gain", 1.0, above=50)
    os.environ["DLBOOK_RECORDING"] = "1"
    claim("gain", 1.0, above=50)
    assert "no band" in capsys.readouterr().out


def test_nothing_is_stored_where_a_claim_is_not_supported(book):
    sentence = r'^Nothing was recorded: with \{"n": 64\}, gain: 10 runs give 64\.2 '
    with pytest.raises(DlbookError, match=sentence) as raised:
        record_bands(PAGE, runner=runner(limit=100.0), engine=inline)
    assert "does not support 'above 100'" in str(raised.value)
    assert not (book / "results").exists()
    assert not (book / "build" / "bands" / PAGE).exists()  # a timing may come out better the next time


def test_a_failed_run_stops_the_recording_and_the_next_call_goes_on(book):
    whole = runner()

    def broken(path: Path, parameters: dict, output: Path, *, fixed: bool) -> list[dict]:
        if parameters["seed"] == 1003:
            raise DlbookError("cell 3: ValueError: seed 1003.")
        return whole(path, parameters, output, fixed=fixed)

    sentence = r"^2 of 20 runs of .* failed, first seed = 1003: cell 3: ValueError: seed 1003\.$"
    with pytest.raises(DlbookError, match=sentence):
        record_bands(PAGE, runner=broken, engine=inline)
    assert not (book / "results").exists()
    SEEN.clear()
    record_bands(PAGE, runner=whole, engine=inline)
    assert [seed for _, seed, _ in SEEN] == [1003, 1003]


@pytest.mark.parametrize("runs", [9, 0, True])
def test_a_band_needs_ten_runs(book, runs):
    with pytest.raises(DlbookError, match=r"runs = .*: accepted is an integer from 10\."):
        record_bands(PAGE, runs=runs, runner=runner(), engine=inline)
    assert not SEEN


def test_an_unknown_page_or_set_is_one_sentence(book):
    with pytest.raises(DlbookError, match="There is no page '02_none'"):
        record_bands("02_none", runner=runner(), engine=inline)
    with pytest.raises(DlbookError, match=r"set = 'slow': accepted are .*: default, quick\."):
        record_bands(PAGE, set_name="slow", runner=runner(), engine=inline)


def test_a_page_with_a_claim_of_timing_is_seen():
    assert times([*CODE, 'claim(\n    "speed", ratio, above=3, timing=True)'])
    assert not times(CODE)
