"""dlbook.book.bench_vae: what is raced, that both have the same loss, and what a line says."""

from __future__ import annotations

import pytest
import torch

from dlbook.book import bench_images, bench_vae
from dlbook.book.bench_vae import Example, Race, Recipe, by_turns, its_loss, measure, our_loss, verdict
from dlbook.data import DataError, load
from dlbook.models.vae import VAE


@pytest.fixture(scope="module")
def some():
    data = load("fashion_mini")
    return data.take(torch.arange(500)).with_test(data.test.take(torch.arange(200)))


def test_both_losses_are_the_same_bound():
    torch.manual_seed(0)
    example, ours = Example(), VAE()
    ours.load_state_dict(dict(zip(ours.state_dict(), example.state_dict().values(), strict=True)))
    for x in (torch.rand(7, 784), torch.rand(7, 784).round()):
        values = []
        for loss, model in ((its_loss, example), (our_loss, ours)):
            torch.manual_seed(1)
            values.append(loss(model, x))
        torch.testing.assert_close(*values, rtol=1e-5, atol=0)


@pytest.mark.parametrize("kind", ["grey", "binarised"])
def test_a_race_on_a_few_clothes(some, kind):
    first, second = measure(some, kind, Recipe(steps=8), seeds=2)
    assert min(first.its_seconds, first.our_seconds) > 0
    # twelve steps and eight do not learn much, but something; 543 nats are those of p = 1/2
    assert max(first.its_nats, first.our_nats) < 540
    assert first.our_nats != second.our_nats
    again = measure(some, kind, Recipe(steps=8), seeds=1)[0]
    assert again.its_nats == pytest.approx(first.its_nats, rel=1e-5)
    assert again.our_nats == pytest.approx(first.our_nats, rel=1e-5)


def test_turns_take_every_step_and_give_the_last():
    made = {"long": [], "short": []}

    def steps(name):
        for step in range(1_000):
            made[name].append(step)
            yield torch.nn.Linear(1, step + 1)

    models, seconds = by_turns((steps("long"), 61), (steps("short"), 7))
    assert {name: len(list_) for name, list_ in made.items()} == {"long": 61, "short": 7}
    assert [model.out_features for model in models] == [61, 7]
    assert min(seconds) > 0


@pytest.mark.parametrize(("seconds", "reached", "ok"), [(4.9, 249.9, True), (4.9, 250.1, False), (5.1, 249.9, False)])
def test_a_line_is_kept_only_by_time_and_bound_together(seconds, reached, ok):
    line = verdict([Race(9.0, seconds - 1, 250.5, reached + 0.5), Race(11.0, seconds + 1, 249.5, reached - 0.5)])
    assert (line["value"], line["ok"]) == (round(seconds / 10, 3), ok)
    assert (line["its_seconds"], line["its_nats"], line["our_nats"]) == (10, 250, reached)


def test_lines(monkeypatch, some):
    monkeypatch.setattr(bench_vae, "fashion_mnist", lambda: some)
    monkeypatch.setattr(bench_vae, "measure", lambda data, kind, recipe: [Race(10.0, 4.0, 250.0, 249.0)])
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    grey, binarised = bench_vae.autoencoders()
    assert (grey["value"], grey["ok"], grey["budget"]) == (0.4, True, 0.5)
    assert "grey" in grey["name"]
    assert "binarised" in binarised["name"]


def test_without_the_full_set_the_lines_say_that_they_were_skipped(monkeypatch):
    def absent(name):
        raise DataError(f"{name} is not here")

    monkeypatch.setattr(bench_images, "require", absent)
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    for line in bench_vae.autoencoders():
        assert "DLBOOK_DATA" in line["skipped"]
        assert "ok" not in line


def test_a_set_without_a_test_split_is_refused(some):
    with pytest.raises(ValueError, match="no official test split"):
        measure(some.take(torch.arange(5)), "grey", Recipe())
