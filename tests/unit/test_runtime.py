"""Device, seeds and timing: what a run depends on besides its code."""

import random

import numpy as np
import pytest
import torch

from dlbook import runtime


def test_auto_obeys_the_variable(monkeypatch):
    monkeypatch.setenv("DLBOOK_DEVICE", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert runtime.resolve_device("auto") == torch.device("cpu")
    monkeypatch.delenv("DLBOOK_DEVICE")
    assert runtime.resolve_device("auto") == torch.device("cuda")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:0", ""])
def test_unknown_devices_are_refused(name):
    with pytest.raises(ValueError, match=f"^device = '{name}': accepted are 'auto', 'cpu'"):
        runtime.resolve_device(name)


@pytest.mark.parametrize(("name", "found"), [("cuda", 0), ("cuda:1", 1)])
def test_a_gpu_that_is_not_there_is_one_sentence(name, found, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    with pytest.raises(ValueError, match=f"^device = '{name}': this machine has {found} CUDA devices; take 'cpu'"):
        runtime.resolve_device(name)


def test_the_sentence_names_the_variable_where_it_was_that(monkeypatch):
    monkeypatch.setenv("DLBOOK_DEVICE", "gpu")
    with pytest.raises(ValueError, match=r"^DLBOOK_DEVICE = 'gpu'"):
        runtime.resolve_device("auto")


def drawn(seed):
    generator = runtime.seed_everything(seed)
    own = torch.rand(3, generator=generator).tolist()
    return own, torch.rand(3).tolist(), random.random(), float(np.random.rand())


def test_one_seed_sets_every_generator():
    assert drawn(3) == drawn(3)
    assert all(a != b for a, b in zip(drawn(3), drawn(4), strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32, True])
def test_seeds_out_of_range_are_refused(seed):
    with pytest.raises(ValueError, match=f"^seed = {seed}: accepted is an integer from 0 to 4294967295"):
        runtime.seed_everything(seed)


def test_a_timing_is_the_time_of_one_call(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(runtime.time, "perf_counter", lambda: clock[0])

    def call():
        clock[0] += 0.0005

    timing = runtime.timed(call, repeats=5)  # several calls in a measurement, since one is too short
    assert timing.median == pytest.approx(0.0005)
    assert timing.quartiles == pytest.approx((0.0005, 0.0005))
    assert len(timing.seconds) == 5


def test_the_median_ignores_an_outlier():
    timing = runtime.Timing((1.0, 2.0, 3.0, 4.0, 100.0))
    assert timing.median == 3.0
    assert timing.quartiles == (2.0, 4.0)
    assert runtime.Timing((7.0,)).quartiles == (7.0, 7.0)


def test_every_measurement_waits_for_the_device(monkeypatch):
    waits = []
    monkeypatch.setattr(runtime, "synchronize", waits.append)
    runtime.timed(lambda: None, repeats=2, least_seconds=0.0)
    assert waits == ["cpu"] * 8  # both ends of a warm-up, a trial and two measurements


def test_timing_nothing_is_refused():
    with pytest.raises(ValueError, match="repeats = 0: accepted is an integer from 1"):
        runtime.timed(lambda: None, repeats=0)


def test_the_environment_names_no_build():
    found = runtime.environment()
    assert found["device"] == "cpu"
    assert torch.__version__.startswith(found["torch"])
    assert "+" not in found["torch"]
