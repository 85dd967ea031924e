"""Random changes of a whole batch at once, each picture by itself; what they draw comes from a generator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Shaped
from torch import Generator, Tensor


def random_shift(
    x: Shaped[Tensor, "n c h w"], most: int, generator: Generator | None = None
) -> Shaped[Tensor, "n c h w"]:
    """Each picture moved by up to `most` pixels down and across, 0 behind (eq-shift).

    Drawn is the corner of a window in the picture with a border of `most` zeros: a
    corner at most - d moves the picture by d.

    Raises:
        ValueError: `most` is below 0.
    """
    if most < 0:
        raise ValueError(f"most = {most}: accepted is 0 or more.")
    n, _, h, w = x.shape
    corners = torch.randint(2 * most + 1, (2, n, 1), generator=generator)
    rows, columns = (
        (corner + torch.arange(side)).to(x.device)
        for corner, side in zip(corners, (h, w), strict=True)
    )
    padded = F.pad(x, (most,) * 4)
    picture = torch.arange(n, device=x.device)
    moved = padded.permute(0, 2, 3, 1)[
        picture[:, None, None], rows[:, :, None], columns[:, None, :]
    ]
    return moved.permute(0, 3, 1, 2)  # n h w c, seen as n c h w


def random_flip(
    x: Shaped[Tensor, "n c h w"], generator: Generator | None = None
) -> Shaped[Tensor, "n c h w"]:
    """Each picture mirrored left to right, with probability one half."""
    heads = torch.rand(len(x), 1, 1, 1, generator=generator).to(x.device) < 0.5
    return torch.where(heads, x.flip(3), x)


@dataclass(frozen=True)
class Augmented:
    """Pairs (x, y) whose x is changed anew at every walk; y stays."""

    pairs: Iterable[tuple[Tensor, Tensor]]
    change: Callable[[Tensor], Tensor]

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for x, y in self.pairs:
            yield self.change(x), y
