"""`claim`, bands, `say` and `mistake`."""

import json
import math
import warnings
from pathlib import Path

import pytest
import torch

from dlbook.book import SilentMistake, between, claim, mistake, say, settings
from dlbook.book.claims import band
from dlbook.book.errors import ClaimError, MistakeError
from dlbook.runtime import hardware

SET = '{"n": 5}'


def told(record_name: str, **more) -> dict:
    return {
        "kind": "claim",
        "name": record_name,
        "value": 0.0,
        "side": "two-sided",
        "limit": None,
        "timing": False,
        **more,
    }


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose page 01_x has a run with n = 5 and these bands."""
    (tmp_path / "_toc.yml").write_text("root: intro\n")
    (tmp_path / "results").mkdir()
    bands = {
        "accuracy": band(told("accuracy"), [0.97 + 0.001 * (i % 2) for i in range(10)], "any"),
        "gain": band(told("gain", side="above", limit=0.0), [1.0 + 0.01 * i for i in range(10)], "any"),
        "speed": band(told("speed", side="above", limit=2, timing=True), [3.0 + i for i in range(10)], hardware()),
        "speed elsewhere": band(told("s", side="above", limit=2, timing=True), [9.0 + i for i in range(10)], "a Cray"),
    }
    stored = {"bands": {SET: {name: {**b, "low": None if b["low"] == -math.inf else b["low"],
                                     "high": None if b["high"] == math.inf else b["high"]}
                              for name, b in bands.items()}}}  # fmt: skip
    (tmp_path / "results" / "01_x.json").write_text(json.dumps(stored))
    monkeypatch.setenv("DLBOOK_ROOT", str(tmp_path))
    monkeypatch.delenv("DLBOOK_RECORDING", raising=False)
    settings("01_x", seed=0, device="cpu", n=between(5, 1, 9))
    return tmp_path


def test_a_value_in_its_band_is_told_beside_it(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    claim("accuracy", 0.972)
    told = "yours 0.972; the book's 10 runs: 0.9705, standard deviation 0.00053"
    assert capsys.readouterr().out == f"✓ claim accuracy: {told}\n"
    claim("gain", 1e6, above=0.0)
    claim("speed", 2.1, above=2, timing=True)
    claim("speed elsewhere", 0.1, above=2, timing=True)
    assert "other hardware, not asserted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "value", "given"),
    [("accuracy", 0.96, {}), ("accuracy", 0.98, {}), ("gain", 0.5, {"above": 0.0}),
     ("speed", 1.9, {"above": 2, "timing": True}), ("accuracy", math.nan, {}), ("accuracy", math.inf, {})],
)  # fmt: skip
def test_a_value_outside_its_band_stops(name: str, value: float, given: dict, book: Path) -> None:
    with pytest.raises(ClaimError, match=f"^{name}: "):
        claim(name, value, **given)


def test_without_a_band_the_run_goes_on(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claim("new", 0.5)
    settings("01_x", seed=0, device="cpu", n=between(6, 1, 9))
    claim("accuracy", 0.1)
    settings("02_unknown", seed=0, device="cpu")
    claim("accuracy", 0.1)
    assert capsys.readouterr().out.count("no band is recorded for these parameters") == 3


def test_while_bands_are_recorded_none_is_asserted(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLBOOK_RECORDING", "1")
    claim("accuracy", 0.1)


def test_bad_claims() -> None:
    with pytest.raises(ValueError, match="give above or below, not both"):
        claim("x", 1, above=0, below=2)
    for given in ({}, {"above": 1.5}, {"below": 0.5}):
        with pytest.raises(ValueError, match="a claim of timing is a ratio with above = 2 or more"):
            claim("x", 3, timing=True, **given)


def test_a_band_is_six_deviations_wide() -> None:
    values = [1.0, 2.0] * 5
    made = band(told("x"), values, "any")
    s = torch.tensor(values, dtype=torch.float64).std().item()
    assert (made["n"], made["mean"]) == (10, 1.5)
    assert made["s"] == pytest.approx(s, rel=1e-12)
    assert (made["low"], made["high"]) == (pytest.approx(1.5 - 6 * s), pytest.approx(1.5 + 6 * s))


def test_a_band_needs_runs_and_the_runs_must_carry_the_sentence() -> None:
    with pytest.raises(ClaimError, match="9 runs; a band needs at least 10"):
        band(told("x"), [1.0] * 9, "any")
    wide = [1.0, 2.0] * 5
    with pytest.raises(ClaimError, match="does not support 'above 0' at 6 standard deviations"):
        band(told("x", side="above", limit=0), wide, "any")
    with pytest.raises(ClaimError, match="does not support 'below 3'"):
        band(told("x", side="below", limit=3), wide, "any")
    with pytest.raises(ClaimError, match="does not support"):
        band(told("x", side="above", limit=2, timing=True), [1.9, *[5.0] * 9], "any")
    narrow = [1.0, 1.01] * 5
    assert band(told("x", side="below", limit=3), narrow, "any")["high"] < 3
    assert band(told("x"), [2.0] * 10, "any")["low"] < 2.0  # no spread: rounding must not fail it


def test_say_prints_where_there_is_no_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    say("A sentence.")
    assert capsys.readouterr().out == "A sentence.\n"


def test_a_mistake_shows_the_first_line_of_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    with mistake(RuntimeError, match="must match"):
        torch.ones(2) + torch.ones(3)
    assert capsys.readouterr().out.startswith("✗ RuntimeError: The size of tensor a (2) must match")
    with mistake(UserWarning):
        warnings.warn("careful\nof this", UserWarning, stacklevel=1)
    assert capsys.readouterr().out == "✗ UserWarning: careful\n"


def test_a_mistake_that_is_none_is_told() -> None:
    with pytest.raises(MistakeError, match="No RuntimeError came"), mistake(RuntimeError):
        pass
    with pytest.raises(MistakeError, match="not 'other words'"), mistake(ValueError, match="other words"):
        raise ValueError("these words")
    with pytest.raises(KeyError), mistake(ValueError):  # another error is no such mistake
        raise KeyError("k")


def test_a_silent_mistake_shows_both_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    with mistake(SilentMistake) as made:
        made.instead(1.2345678, 2)
    assert capsys.readouterr().out == "✗ wrong, and silent: 1.235 instead of 2\n"
    with mistake(SilentMistake) as made:
        made.instead(float("inf"), 3)
    with mistake(SilentMistake) as made:
        made.instead(float("nan"), 0.5)
    assert capsys.readouterr().out.splitlines() == [
        "✗ wrong, and silent: inf instead of 3", "✗ wrong, and silent: nan instead of 0.5"
    ]  # fmt: skip
    with pytest.raises(MistakeError, match="made no wrong number"), mistake(SilentMistake) as made:
        made.instead(1.0, 1.0)
    with pytest.raises(MistakeError, match="made no wrong number"), mistake(SilentMistake):
        pass
