"""Greedy and beam search: against steps by hand, each other, and all the targets there are."""

import itertools

import pytest
import torch
from torch import Generator

from dlbook.decoding import beam_search, greedy
from dlbook.models.transformer import Config, EncoderDecoder

START, END, MOST = 1, 2, 6
SEEDS = (4, 5, 8, 9)
SOURCE = torch.randint(11, (5, 7), generator=Generator().manual_seed(0))
LENGTHS = torch.tensor([3, 7, 1, 5, 6])


def model(targets=6, seed=0, **changes):
    """In float64, with weights wide enough that targets differ, end early, or do not end."""
    made = EncoderDecoder(
        Config(11, width=12, heads=3, hidden=10, layers=2, length=9, targets=targets, tie=False, **changes)
    )
    generator = Generator().manual_seed(seed)
    for p in made.double().parameters():
        if p.ndim > 1:  # no biases: a bias before the scores would write one symbol for all
            p.data = torch.randn(p.shape, generator=generator, dtype=torch.float64) / 2
    return made


def by_hand(m, source):
    """One source, one symbol after the other, all anew for each."""
    ids = [START]
    while len(ids) <= MOST and (len(ids) == 1 or ids[-1] != END):
        ids.append(int(m(source[None], torch.tensor([ids]))[0, -1].argmax()))
    return ids[1:]


def score(m, source, ids, start=START):
    """Log probability of a target."""
    logits = m(source[None], torch.tensor([[start, *ids[:-1]]]))[0]
    return logits.detach().log_softmax(-1)[range(len(ids)), ids].sum().item()


def up_to_end(ids):
    return ids[: ids.index(END) + 1] if END in ids else ids


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_greedy_is_step_by_step(cache, seed):
    m = model(seed=seed).eval()
    found = greedy(m, SOURCE, LENGTHS, start=START, end=END, most=MOST, cache=cache)
    expected = [by_hand(m, row[:n]) for row, n in zip(SOURCE, LENGTHS.tolist(), strict=True)]
    assert found.shape == (5, max(map(len, expected)))
    assert [up_to_end(row) for row in found.tolist()] == expected
    for row, ids in zip(found.tolist(), expected, strict=True):
        assert set(row[len(ids) :]) <= {END}


def test_the_cases_above_are_of_all_kinds():
    found = [
        by_hand(model(seed=seed).eval(), row[:n]) for seed in SEEDS for row, n in zip(SOURCE, LENGTHS, strict=True)
    ]
    assert any(END not in ids for ids in found)
    assert any(1 < len(ids) < MOST for ids in found)
    assert len({tuple(ids) for ids in found}) > 4


def test_the_end_may_be_the_start():
    m = model(seed=9).eval()
    found = greedy(m, SOURCE, LENGTHS, start=END, end=END, most=MOST)
    best = [row[0][0] for row in beam_search(m, SOURCE, LENGTHS, start=END, end=END, most=MOST, beams=1)]
    assert [up_to_end(row) for row in found.tolist()] == best
    assert max(map(len, best)) > 1


@pytest.mark.parametrize("seed", SEEDS)
def test_one_beam_is_greedy(seed):
    m = model(seed=seed)
    found = greedy(m, SOURCE, LENGTHS, start=START, end=END, most=MOST)
    beams = beam_search(m, SOURCE, LENGTHS, start=START, end=END, most=MOST, beams=1)
    assert [[ids for ids, _ in row] for row in beams] == [[up_to_end(row)] for row in found.tolist()]


@pytest.mark.parametrize("penalty", [0.0, 0.7])
def test_enough_beams_find_all_targets(penalty):
    m, most, symbols = model(targets=4, seed=3).eval(), 3, range(4)
    others = [k for k in symbols if k != END]
    ended = [[*ids, END] for n in range(most) for ids in itertools.product(others, repeat=n)]
    targets = ended + [list(ids) for ids in itertools.product(others, repeat=most)]
    found = beam_search(m, SOURCE[:2], LENGTHS[:2], start=START, end=END, most=most, beams=64, penalty=penalty)
    for row, n, beams in zip(SOURCE, LENGTHS.tolist(), found, strict=False):
        scores = {tuple(ids): score(m, row[:n], ids) / len(ids) ** penalty for ids in targets}
        assert {tuple(ids) for ids, _ in beams} == set(scores)
        assert len(beams) == len(scores)
        for ids, value in beams:
            assert value == pytest.approx(scores[tuple(ids)], abs=1e-10)
        assert [value for _, value in beams] == pytest.approx(sorted(scores.values(), reverse=True), abs=1e-10)
        assert [value for _, value in beams] == sorted((value for _, value in beams), reverse=True)


def test_more_beams_find_better_targets():
    models, totals = [model(targets=6, seed=seed) for seed in SEEDS], []
    for beams in (1, 2, 4, 16):
        totals.append(0.0)
        for m in models:
            found = beam_search(m, SOURCE, LENGTHS, start=START, end=END, most=MOST, beams=beams)
            assert all(len(row) == beams for row in found)
            assert all(len({tuple(ids) for ids, _ in row}) == beams for row in found)
            totals[-1] += sum(row[0][1] for row in found)
    assert totals[0] < totals[1] < totals[-1]


def test_a_penalty_prefers_longer_targets():
    m = model(targets=6, seed=9)
    options = {"start": START, "end": END, "most": MOST, "beams": 20}
    sums = [
        sum(len(row[0][0]) for row in beam_search(m, SOURCE, penalty=penalty, **options)) for penalty in (0.0, 1.0, 3.0)
    ]
    assert sums[0] < sums[2]
    assert sums[0] <= sums[1] <= sums[2]


@pytest.mark.parametrize("search", [greedy, beam_search])
def test_decoding_is_in_evaluation_mode_and_leaves_the_mode_alone(search):
    m = model(dropout=0.5)
    options = {"start": START, "end": END, "most": MOST}
    m.train().encoder.layers[0].eval()
    before = [part.training for part in m.modules()]
    runs = [search(m, SOURCE, LENGTHS, **options) for _ in range(2)]
    assert [part.training for part in m.modules()] == before
    expected = search(m.eval(), SOURCE, LENGTHS, **options)
    for run in runs:
        assert run.equal(expected) if search is greedy else run == expected
    assert all(p.grad is None for p in m.parameters())


def test_lengths_may_be_a_list_or_left_out():
    m, options = model(seed=9), {"start": START, "end": END, "most": MOST}
    for search in (greedy, beam_search):
        with_list, with_tensor = (search(m, SOURCE, n, **options) for n in (LENGTHS.tolist(), LENGTHS))
        without, full = (search(m, SOURCE, n, **options) for n in (None, [7] * 5))
        same = torch.equal if search is greedy else list.__eq__
        assert same(with_list, with_tensor)
        assert same(without, full)
        assert not (same(without, with_list) if search is beam_search else torch.equal(without, with_list))
