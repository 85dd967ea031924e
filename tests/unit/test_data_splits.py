"""Splits and batches."""

import datetime
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlbook.data import DataError, DataSet, batches, load, split, split_by_group, split_by_time


def toy(n: int, classes: int = 0) -> DataSet:
    """Row i of x is (i, -i); the classes are uneven."""
    y = (torch.arange(n) ** 2 % 7 % classes) if classes else torch.arange(n).float()
    x = torch.stack([torch.arange(n), -torch.arange(n)]).T  # not contiguous
    return DataSet("toy", x, y, "made here", classes=tuple("abcdefg"[:classes]))


def rows(data: DataSet) -> list[int]:
    return data.x[:, 0].tolist()


@given(n=st.integers(20, 90), classes=st.integers(0, 3), seed=st.integers(0, 5))
def test_parts_are_disjoint_and_complete(n, classes, seed):
    whole = toy(n, classes)
    parts = split(whole, 0.6, 0.1, 0.3, seed=seed)
    assert sorted(i for part in parts for i in rows(part)) == list(range(n))
    assert all(abs(len(part) - share * n) <= 1 for part, share in zip(parts, (0.6, 0.1, 0.3), strict=True))
    assert all(torch.equal(part.y, whole.y[part.x[:, 0]]) for part in parts)  # answers stay with their examples


@given(n=st.integers(20, 90), classes=st.integers(2, 5), seed=st.integers(0, 5))
def test_classes_keep_their_proportions(n, classes, seed):
    whole = toy(n, classes)
    for part, share in zip(split(whole, 0.5, 0.2, 0.3, seed=seed), (0.5, 0.2, 0.3), strict=True):
        wanted = share * whole.y.bincount(minlength=classes)
        assert (part.y.bincount(minlength=classes) - wanted).abs().max() < 2


def test_a_seed_is_a_split():
    iris = load("iris")
    first, again, other = (split(iris, 0.8, 0.2, seed=s)[1] for s in (3, 3, 4))
    assert torch.equal(first.x, again.x)
    assert not torch.equal(first.x, other.x)
    assert first.y.bincount().tolist() == [10, 10, 10]
    assert first.features == iris.features


def test_a_seed_is_the_same_split_for_ever():
    assert rows(split(toy(11), 0.5, 0.5, seed=0)[0]) == [10, 0, 4, 3, 5, 8]


def test_a_seed_is_the_same_stratified_split_for_ever():
    assert rows(split(toy(11, 2), 0.5, 0.5, seed=0)[0]) == [10, 8, 0, 4, 3, 1]


def test_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    split(toy(31, 3), 0.5, 0.5, seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_stratify_can_be_refused_and_needs_classes():
    sorted_classes = DataSet("toy", torch.zeros(40, 1), torch.arange(40) // 20, "made here", classes=("a", "b"))
    counts = {tuple(split(sorted_classes, 0.5, 0.5, seed=s, stratify=False)[0].y.bincount().tolist()) for s in range(9)}
    assert len(counts) > 1
    assert {tuple(split(sorted_classes, 0.5, 0.5, seed=s)[0].y.bincount().tolist()) for s in range(9)} == {(10, 10)}
    with pytest.raises(DataError, match=r"stratify: toy has no classes"):
        split(toy(20), 0.5, 0.5, seed=0, stratify=True)


def test_the_official_test_split_is_not_carried_along():
    assert split(toy(20).with_test(toy(5)), 0.5, 0.5, seed=0)[0].test is None


@pytest.mark.parametrize("fractions", [(), (0.5,), (0.5, 0.6), (1.0, 0.0), (1.5, -0.5)])
def test_fractions_that_are_none(fractions):
    with pytest.raises(DataError, match=r"fractions: got .*add up to 1"):
        split(toy(20), *fractions, seed=0)


def test_an_empty_part_is_refused():
    with pytest.raises(DataError, match=r"3 rows of toy leave a part empty"):
        split(toy(3), 0.9, 0.1, seed=0)


@given(
    groups=st.lists(st.integers(0, 12), min_size=20, max_size=60).filter(lambda g: len(set(g)) > 8),
    seed=st.integers(0, 5),
)
def test_groups_stay_together(groups, seed):
    whole, largest = toy(len(groups)), max(map(groups.count, groups))
    try:
        parts = split_by_group(whole, groups, 0.6, 0.4, seed=seed)
    except DataError:  # one group has nearly everything
        assert largest > 0.3 * len(groups)
        return
    assert sorted(i for part in parts for i in rows(part)) == list(range(len(groups)))
    named = [{groups[i] for i in rows(part)} for part in parts]
    assert not named[0] & named[1]
    assert abs(len(parts[0]) - 0.6 * len(groups)) <= largest / 2 + 1e-6
    assert all(rows(part) == sorted(rows(part)) for part in parts)


def test_a_seed_is_a_split_by_group():
    names = [f"patient {i % 7}" for i in range(41)]
    one, again, other = (split_by_group(toy(41), names, 0.5, 0.5, seed=s)[0] for s in (1, 1, 2))
    assert rows(one) == rows(again) != rows(other)
    as_numbers = split_by_group(toy(41), torch.arange(41) % 7, 0.5, 0.5, seed=1)[0]
    assert rows(as_numbers) == rows(one)


def test_group_shares_are_those_of_scikit_learn():
    from sklearn.model_selection import GroupShuffleSplit

    groups = torch.arange(60) // 3  # groups of one size: the same number of them in each part
    sizes = {len(split_by_group(toy(60), groups, 0.75, 0.25, seed=s)[1]) for s in range(5)}
    splits = GroupShuffleSplit(5, test_size=0.25, random_state=0).split(toy(60).x, groups=groups.numpy())
    assert sizes == {len(test) for _, test in splits}


def test_time_goes_forward():
    times = torch.tensor([5.0, 1, 4, 4, 4, 9, 0, 2, 8, 3])
    past, later, last = split_by_time(toy(10), times, 0.4, 0.3, 0.3)
    assert [rows(part) for part in (past, later, last)] == [[6, 1, 7, 9], [2, 3, 4], [0, 8, 5]]
    assert rows(split_by_time(toy(10), times.tolist(), 0.4, 0.6)[0]) == rows(past)


@given(times=st.lists(st.integers(-9, 9), min_size=20, max_size=50).filter(lambda t: len(set(t)) > 8))
def test_no_time_is_on_both_sides(times):
    try:
        parts = split_by_time(toy(len(times)), torch.tensor(times), 0.5, 0.5)
    except DataError:
        assert max(map(times.count, times)) > 0.4 * len(times)
        return
    past, future = ([times[i] for i in rows(part)] for part in parts)
    assert max(past) < min(future)
    assert past == sorted(past)
    assert len(past) + len(future) == len(times)


def test_groups_and_times_that_are_none():
    with pytest.raises(DataError, match="groups: got 3 for the 20 rows of toy"):
        split_by_group(toy(20), ["a", "b", "c"], 0.5, 0.5, seed=0)
    with pytest.raises(DataError, match="leave a part empty; give larger fractions or fewer parts, or another seed"):
        split_by_group(toy(20), ["a"] * 20, 0.5, 0.5, seed=0)
    with pytest.raises(DataError, match=r"fractions: got 0.5; give"):
        split_by_group(toy(20), list(range(20)), 0.5, seed=0)
    with pytest.raises(DataError, match="times: got 2 for the 20 rows"):
        split_by_time(toy(20), [1.0, 2.0], 0.5, 0.5)
    with pytest.raises(DataError, match="times: row 7 of toy has nan"):
        split_by_time(toy(20), torch.arange(20.0).index_fill(0, torch.tensor(7), torch.nan), 0.5, 0.5)
    with pytest.raises(DataError, match=r"leave a part empty; give larger fractions or fewer parts\.$"):
        split_by_time(toy(20), [1] * 20, 0.5, 0.5)


@pytest.mark.parametrize("kind", [list, lambda t: list(np.array(t)), lambda t: torch.from_numpy(np.array(t))])
@pytest.mark.parametrize("step", [1, 1.0, 0.25])
def test_seconds_since_1970_stay_apart(kind, step):
    times = [1_700_000_000 + step * (i * 7 % 20) for i in range(20)]
    past, future = split_by_time(toy(20), kind(times), 0.5, 0.5)
    assert rows(past) + rows(future) == sorted(range(20), key=times.__getitem__)


def test_large_integers_stay_apart():
    times = [2**60 + i * 7 % 20 for i in range(20)]
    past, future = split_by_time(toy(20), times, 0.5, 0.5)
    assert [times[i] - 2**60 for i in rows(past) + rows(future)] == list(range(20))


@pytest.mark.parametrize("bad", ["2024-01-05", datetime.date(2024, 1, 5), None, math.nan, True, [1.0]])
def test_times_that_are_no_numbers(bad):
    with pytest.raises(DataError) as caught:
        split_by_time(toy(3), [1, 2.5, bad], 0.5, 0.5)
    assert str(caught.value).startswith(f"times: row 2 of toy has {bad!r}; give it a time as a number, int or float")


@pytest.mark.parametrize("bad", [None, math.nan, ["ada"]])
def test_groups_that_are_no_names(bad):
    with pytest.raises(DataError) as caught:
        split_by_group(toy(3), ["ada", "ben", bad], 0.5, 0.5, seed=0)
    assert str(caught.value) == f"groups: row 2 of toy has {bad!r}; give it a group, a name or a number."


def test_a_column_of_groups_or_times_is_refused():
    with pytest.raises(DataError, match=r"groups: got shape \(20, 1\); give one a row, shape \(20,\)"):
        split_by_group(toy(20), torch.zeros(20, 1), 0.5, 0.5, seed=0)
    with pytest.raises(DataError, match=r"times: got shape \(20, 1\); give one a row, shape \(20,\)"):
        split_by_time(toy(20), torch.zeros(20, 1), 0.5, 0.5)


def test_tensors_in_a_list_are_groups_by_value():
    groups = torch.arange(20) % 4
    one, other = (split_by_group(toy(20), given, 0.5, 0.5, seed=0)[0] for given in (groups, list(groups)))
    assert rows(one) == rows(other)
    by_numpy = split_by_group(toy(20), list(groups.double().numpy()), 0.5, 0.5, seed=0)[0]
    assert rows(by_numpy) == rows(one)


@given(n=st.integers(1, 23), size=st.integers(1, 9), shuffled=st.booleans(), drop_last=st.booleans())
def test_batches_give_every_row_once(n, size, shuffled, drop_last):
    data = toy(n)
    if drop_last and size > n:
        return
    generator = torch.Generator().manual_seed(0) if shuffled else None
    got = list(batches(data.x, data.y, size, generator, drop_last))
    assert all(torch.equal(x[:, 0], y) and len(x) <= size for x, y in got)
    seen = torch.cat([y for _, y in got]).int().tolist()
    assert len(set(seen)) == len(seen) == (n - n % size if drop_last else n)
    assert all(len(x) == size for x, _ in got[: None if drop_last else -1])
    assert shuffled or seen == list(range(len(seen)))


def test_batches_are_shuffled_by_their_generator():
    data = toy(31)
    order = [torch.cat([y for _, y in batches(data.x, data.y, 4, g)]) for g in 2 * [torch.Generator().manual_seed(2)]]
    again = torch.cat([y for _, y in batches(data.x, data.y, 4, torch.Generator().manual_seed(2))])
    assert not torch.equal(order[0], order[1])
    assert torch.equal(order[0], again)


def test_batches_in_order_are_views():
    data = toy(6)
    x, _ = next(iter(batches(data.x, data.y, 4)))
    assert x.untyped_storage().data_ptr() == data.x.untyped_storage().data_ptr()


@pytest.mark.parametrize(
    ("size", "rows_of_y", "drop_last", "says"),
    [(4, 5, False, "x has 6 rows and y has 5"), (0, 6, False, "size: got 0; give 1 or more"), (7, 6, True, "1 to 6")],
)
def test_bad_batches_fail_at_the_call(size, rows_of_y, drop_last, says):
    with pytest.raises(DataError, match=says):
        batches(torch.zeros(6, 2), torch.zeros(rows_of_y), size, drop_last=drop_last)
