"""dlbook.book.bench_images: what is measured, and what a line says."""

from __future__ import annotations

import pytest
import torch

from dlbook.book import bench_images
from dlbook.book.bench_images import Recipe, measure
from dlbook.data import DataError, load
from dlbook.models.cnn import Config


@pytest.fixture(scope="module")
def some():
    data = load("fashion_mini")
    return data.take(torch.arange(2_000)).with_test(data.test.take(torch.arange(500)))


def test_the_recipe_learns_a_part_of_the_clothes(some):
    seconds, accuracies = measure(
        some, Recipe(epochs=2, accuracy=0.5, seconds=60.0, config=Config(widths=(4, 8))), seeds=2
    )
    assert len(seconds) == len(accuracies) == 2
    assert min(accuracies) > 0.5
    assert min(seconds) > 0


@pytest.mark.parametrize(("taken", "reached", "ok"), [(6.9, 0.89, True), (7.1, 0.89, False), (6.9, 0.88, False)])
def test_a_line_is_kept_only_by_time_and_accuracy_together(monkeypatch, some, taken, reached, ok):
    monkeypatch.setattr(bench_images, "fashion_mnist", lambda: some)
    monkeypatch.setattr(bench_images, "measure", lambda data, recipe: ([taken] * 3, [reached] * 3))
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    first = bench_images.images()[0]
    assert (first["value"], first["accuracy"], first["budget"], first["ok"]) == (taken, reached, 7.0, ok)


def test_without_the_full_set_the_lines_say_that_they_were_skipped(monkeypatch):
    def absent(name):
        raise DataError(f"{name} is not here")

    monkeypatch.setattr(bench_images, "require", absent)
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    for line in bench_images.images():
        assert "DLBOOK_DATA" in line["skipped"]
        assert "ok" not in line


def test_a_set_without_a_test_split_is_refused(some):
    with pytest.raises(ValueError, match="no official test split"):
        measure(some.take(torch.arange(5)), Recipe(epochs=1, accuracy=0.5, seconds=1.0))
