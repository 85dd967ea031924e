"""What attention may be given: each check refuses with one sentence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from dlbook.functional.sequences import require_lengths


def require_mask(mask: Tensor, t: int, s: int, batch: Sequence[int] = ()) -> None:
    """Refuse a mask that does not say of t queries and s keys who may look where.

    Args:
        batch: the sizes of the axes before those two.

    Raises:
        TypeError: a mask that is not of booleans.
        ValueError: a mask that does not broadcast to (..., t, s).
    """
    if mask.dtype != torch.bool:
        raise TypeError(
            f"mask of dtype {mask.dtype}: accepted is torch.bool, True where a query "
            "may look; numbers to add to the scores go into bias."
        )
    shape = (*batch, t, s)
    pairs = zip(reversed(mask.shape), reversed(shape), strict=False)
    if mask.ndim > len(shape) or any(n not in (1, m) for n, m in pairs):
        before = f" after the batch {tuple(batch)}" if batch else ""
        raise ValueError(
            f"mask {tuple(mask.shape)}: accepted is what broadcasts to "
            f"(queries, keys) = {(t, s)}{before}."
        )


def require_visible(mask: Bool[Tensor, "*b s"]) -> None:
    """Refuse a mask by which a query may look at nothing.

    Raises:
        ValueError: it names the first such query.
    """
    blind = ~mask.any(dim=-1)
    if bool(blind.any()):
        row = ", ".join(map(str, blind.nonzero()[0].tolist()))
        raise ValueError(
            f"mask[{row}] is False throughout: accepted is True wherever a query may "
            "look, once a row or more, also together with causal and lengths "
            "(nn.MultiheadAttention means the opposite: give ~mask)."
        )


def require_keys(
    q: Float[Tensor, "*q"], k: Float[Tensor, "*k"], v: Float[Tensor, "*v"]
) -> None:
    """Refuse queries and keys of different widths, keys without values, and no key.

    Raises:
        ValueError: as said.
    """
    if min(q.ndim, k.ndim, v.ndim) < 2 or k.shape[-2:] != (v.shape[-2], q.shape[-1]):
        raise ValueError(
            f"q {tuple(q.shape)}, k {tuple(k.shape)}, v {tuple(v.shape)}: accepted "
            "are (t, d), (s, d) and (s, e), after the axes of the batch."
        )
    if k.shape[-2] == 0:
        raise ValueError(
            f"k {tuple(k.shape)}: an empty source; accepted is a key or more."
        )


def require_sources(
    lengths: Tensor | Sequence[int], s: int, batch: int | None = None
) -> Int[Tensor, " b"]:
    """The lengths as a tensor, one for each of the sequences, each 1 to s.

    Raises:
        TypeError: lengths that are no whole numbers.
        ValueError: another number of them, an empty source, or more than s.
    """
    counts = torch.as_tensor(lengths)
    if bool((counts == 0).any()):
        row = int((counts == 0).flatten().nonzero()[0])
        raise ValueError(
            f"lengths[{row}] = 0: an empty source; accepted for {s} positions are "
            f"1 to {s}."
        )
    shape = (s, counts.numel() if batch is None else batch, 0)
    return require_lengths(counts, torch.empty(shape, device=counts.device))


def require_heads(width: int, heads: int) -> None:
    """Refuse a width that does not fall into heads of one size.

    Raises:
        ValueError: as said, or a size below 1.
    """
    if min(width, heads) < 1 or width % heads:
        raise ValueError(
            f"width = {width} with heads = {heads}: accepted is a width that the heads "
            "divide, both 1 or more."
        )


def require_even(width: int) -> None:
    """Refuse a width that does not fall into pairs.

    Raises:
        ValueError: as said.
    """
    if width < 2 or width % 2:
        raise ValueError(
            f"width = {width}: accepted are even numbers, a pair for each frequency."
        )


def require_room(t: int, s: int) -> None:
    """Refuse more queries than positions: t queries are the last t of s positions.

    Raises:
        ValueError: as said, or a size below 1.
    """
    if not 1 <= t <= s:
        raise ValueError(
            f"t = {t} queries, s = {s} positions: accepted are 1 to s queries, "
            "the last ones of all positions."
        )


def require_dropout(dropout: float) -> None:
    """Refuse what is no probability below 1.

    Raises:
        ValueError: as said.
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout = {dropout}: accepted is 0 <= dropout < 1.")


def require_batch(
    q: Float[Tensor, "*q"], k: Float[Tensor, "*k"], v: Float[Tensor, "*v"]
) -> None:
    """Refuse other numbers of sequences (they may broadcast), and keys without values.

    Args:
        q, k, v: queries, keys and values of the heads, (b, heads, t or s, d / heads).

    Raises:
        ValueError: as said.
    """
    sizes = [(len(x), x.shape[2]) for x in (q, k, v)]
    if len(q) != len(k) or sizes[1] != sizes[2]:
        raise ValueError(
            f"query {sizes[0]}, key {sizes[1]}, value {sizes[2]}: accepted are "
            "(batch, queries), and twice (batch, keys), of one batch."
        )


def require_positions(x: Shaped[Tensor, "*x"], first: int, length: int) -> None:
    """Refuse what is no batch of sequences, an empty one, and one that is too long.

    Args:
        x: ids (b, t) or vectors (b, t, width).
        first: how many positions were read before.

    Raises:
        ValueError: as said.
    """
    if x.ndim < 2 or x.shape[1] == 0:
        raise ValueError(
            f"x {tuple(x.shape)}: accepted is (batch, positions), with a position or "
            "more; an empty source has none."
        )
    if first + x.shape[1] > length:
        raise ValueError(
            f"positions = {first + x.shape[1]}: accepted are {length} at most, the "
            "length of the Config."
        )
