"""The parameters of a page: what is accepted, and the sentence for what is not."""

import json

import pytest
import torch

from dlbook.book import between, flag, one_of, settings
from dlbook.book.errors import DlbookError, SettingError
from dlbook.book.parameters import current, parameter_set


def run(**given):
    return settings("01_x", **{"seed": 0, "device": "cpu", **given})


def test_a_run_knows_its_parameters_and_its_set() -> None:
    made = run(seed=3, n=between(5, 1, 9), rate=between(1, 0.0, 1.0), kind=one_of("b", "a", "b"), fast=flag(True))
    assert (made.seed, made.device, made.n, made.rate, made.kind, made.fast) == (
        3,
        torch.device("cpu"),
        5,
        1,
        "b",
        True,
    )
    assert json.loads(made.set) == {"n": 5, "rate": 1, "kind": "b", "fast": True}
    assert current() is made
    with pytest.raises(AttributeError, match="has no parameter 'm': it has n, rate, kind, fast"):
        _ = made.m


def test_the_set_leaves_out_seed_and_device_and_does_not_depend_on_the_order() -> None:
    assert parameter_set({"b": 1, "seed": 3, "a": [1, 2], "device": "cpu"}) == '{"a": [1, 2], "b": 1}'


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"n": between(0, 1, 9)}, "n = 0: accepted is an integer from 1 to 9."),
        ({"n": between(2.0, 1, 9)}, "n = 2.0: accepted is an integer from 1 to 9."),
        ({"n": between(True, 0, 9)}, "n = True: accepted is an integer from 0 to 9."),
        ({"n": between("5", 1, 9)}, "n = '5': accepted is an integer from 1 to 9."),
        ({"rate": between(float("nan"), 0.0, 1.0)}, "rate = nan: accepted is a number from 0.0 to 1.0."),
        ({"kind": one_of(1, True, "a")}, "kind = 1: accepted is one of True, 'a'."),
        ({"fast": flag(1)}, "fast = 1: accepted is True or False."),
        ({"seed": -1}, "seed = -1: accepted is an integer from 0 to 4294967295."),
        ({"n": 5}, "n has no rule: pass between(n, ...), one_of(n, ...) or flag(n)."),
    ],
)  # fmt: skip
def test_what_is_not_accepted_is_one_sentence(given, sentence: str) -> None:
    before = current()
    with pytest.raises(SettingError) as caught:
        run(**given)
    assert str(caught.value) == sentence
    assert isinstance(caught.value, DlbookError)
    assert current() is before


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "", 0, "cpu:1"])
def test_a_device_that_is_none(device) -> None:
    with pytest.raises(SettingError, match="accepted are"):
        run(device=device) if device != "" else run(device=" ")


def test_a_device_that_is_not_in_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingError, match=r"^device = 'cuda': this machine has 0 CUDA devices"):
        run(device="cuda")
    monkeypatch.setenv("DLBOOK_DEVICE", "cuda")
    with pytest.raises(SettingError, match=r"^DLBOOK_DEVICE = 'cuda'"):
        run(device="auto")
    monkeypatch.delenv("DLBOOK_DEVICE")
    assert run(device="auto").device.type == "cpu"
