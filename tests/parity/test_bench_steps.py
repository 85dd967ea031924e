"""The two training steps that the bench compares do the same work: the same losses, and the same weights at the end."""

import numpy as np
import pytest
import torch

from dlbook.book import bench_steps
from dlbook.book.bench_steps import engine_step, numpy_step, start
from dlbook.runtime import Timing


def test_the_engine_and_numpy_make_the_same_steps():
    ours, plain = start(3), start(3)
    steps = engine_step(*ours), numpy_step(*plain)
    losses = [[step() for _ in range(20)] for step in steps]
    np.testing.assert_allclose(*losses, rtol=1e-12)
    assert losses[0][-1] < losses[0][0]
    for a, b in zip(ours[2], plain[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_the_ratio_is_the_engines_time_over_numpys(monkeypatch):
    times = iter([Timing((3.0,)), Timing((2.0,))] * 5)
    monkeypatch.setattr(bench_steps, "timed", lambda step, repeats: next(times))
    assert bench_steps.engine_over_numpy(repeats=5) == 1.5


def test_the_engine_learns_the_digits_well_within_the_budget():
    seconds, score = bench_steps.engine_on_digits(epochs=15)
    assert score > 0.9
    assert seconds < 60


def test_the_ratios_of_optimisers_are_our_times_over_torchs(monkeypatch):
    owners = []

    def timing(step, repeats):
        owners.append(type(step.__self__).__module__.partition(".")[0])
        return Timing((3.0,)) if owners[-1] == "dlbook" else Timing((2.0,))

    monkeypatch.setattr(bench_steps, "timed", timing)
    ratios = bench_steps.optimizer_steps((3, 2), repeats=1)
    assert set(ratios) == {*bench_steps.OPTIMISERS} >= {"SGD", "Adam", "Muon"}
    assert set(ratios.values()) == {1.5}
    assert owners == ["dlbook", "torch"] * len(ratios)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_the_recurrent_steps_do_the_same_work(kind):
    losses, gradients = [], []
    for way in ("layers", "cell", "fused"):
        module, step = bench_steps.recurrent_step(kind, way, (3, 5, 2, 4))
        step()
        first = [p.grad.clone() for p in module.parameters()]
        losses.append(step())
        gradients.append([p.grad for p in module.parameters()])
        torch.testing.assert_close(gradients[-1], first)  # nothing is left over from the step before
        assert type(module).__name__ == kind + ("Cell" if way == "cell" else "")
        assert type(module).__module__.partition(".")[0] == ("dlbook" if way == "layers" else "torch")
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)
    for other in gradients[1:]:
        torch.testing.assert_close(other, gradients[0], rtol=1e-4, atol=1e-6)


def test_the_ratios_of_recurrent_layers_are_our_times_over_torchs(monkeypatch):
    times = iter([Timing((6.0,)), Timing((4.0,)), Timing((2.0,))] * 9)
    monkeypatch.setattr(bench_steps, "timed", lambda step, repeats: next(times))
    ratios = bench_steps.recurrent_steps((2, 3, 2, 2), repeats=3)
    assert ratios == dict.fromkeys(("RNN", "LSTM", "GRU"), (1.5, 3.0))
