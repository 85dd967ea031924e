"""Random changes of whole batches."""

import pytest
import torch
import torch.nn.functional as F
from torch import Generator

from dlbook.data import batches
from dlbook.data.augment import Augmented, random_flip, random_shift


def pictures(n=5, c=3, h=6, w=7):
    return (1 + torch.arange(n * c * h * w)).reshape(n, c, h, w)


def corners(x, moved, most):
    """For each picture the shifts that explain it: the corner of the window in the padded picture."""
    padded = F.pad(x, (most,) * 4)
    h, w = x.shape[2:]
    places = [(i, j) for i in range(2 * most + 1) for j in range(2 * most + 1)]
    return [
        [p for p in places if torch.equal(a[:, p[0] : p[0] + h, p[1] : p[1] + w], b)]
        for a, b in zip(padded, moved, strict=True)
    ]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.int64])
def test_every_picture_is_moved_as_a_whole(dtype):
    x = pictures().to(dtype).transpose(2, 3).contiguous().transpose(2, 3)  # not contiguous
    moved = random_shift(x, 2, Generator().manual_seed(0))
    assert moved.shape == x.shape
    assert moved.dtype == dtype
    found = corners(x, moved, 2)
    assert [len(places) for places in found] == [1] * 5
    assert len({places[0] for places in found}) > 1  # each by itself


def test_every_shift_comes_equally_often():
    x = pictures(1, 1, 5, 4).expand(9000, 1, 5, 4)
    counts = torch.zeros(3, 3)
    for ((i, j),) in corners(x, random_shift(x, 1, Generator().manual_seed(0)), 1):
        counts[i, j] += 1
    assert (counts - 1000).abs().max() < 6 * 1000**0.5


def test_no_shift_and_a_wrong_one():
    x = pictures()
    assert torch.equal(random_shift(x, 0), x)
    assert random_shift(x[:0], 2).shape == (0, 3, 6, 7)
    with pytest.raises(ValueError, match="most = -1: accepted is 0 or more"):
        random_shift(x, -1)


def test_half_of_the_pictures_are_mirrored():
    x = pictures(1, 2, 3, 4).expand(4000, 2, 3, 4)
    flipped = random_flip(x, Generator().manual_seed(0))
    mirrored = (flipped == x.flip(3)).flatten(1).all(dim=1)
    assert ((flipped == x).flatten(1).all(dim=1) ^ mirrored).all()
    assert abs(mirrored.sum() - 2000) < 6 * 1000**0.5


def test_what_is_drawn_depends_on_the_generator_alone():
    x = pictures(50)
    for change in (lambda g: random_shift(x, 3, g), lambda g: random_flip(x, g)):
        first, again, other = (change(Generator().manual_seed(seed)) for seed in (1, 1, 2))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)


def test_augmented_batches_change_anew_at_every_walk():
    x, y, generator = pictures(50).float(), torch.arange(50), Generator().manual_seed(0)
    pairs = Augmented(batches(x, y, 20), lambda x: random_shift(x, 2, generator))
    assert len(pairs) == 3
    walks = [[(a, b) for a, b in pairs] for _ in range(2)]
    assert [len(b) for _, b in walks[0]] == [20, 20, 10]
    assert torch.equal(torch.cat([b for _, b in walks[1]]), y)
    assert not torch.equal(walks[0][0][0], walks[1][0][0])
