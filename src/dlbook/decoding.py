"""Writing a target with an encoder-decoder: symbol by symbol, or along several ways.

A model has an `encoder(source, lengths)` that gives a memory, and a `decoder(ids,
memory, lengths, cache=...)` that scores what follows each symbol, as `EncoderDecoder`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor, nn

from dlbook.models.transformer import Cache
from dlbook.train import evaluating


@torch.no_grad()
def greedy(
    model: nn.Module,
    source: Tensor,
    lengths: Tensor | Sequence[int] | None = None,
    *,
    start: int,
    end: int,
    most: int,
    cache: bool = True,
) -> Int[Tensor, "b t"]:
    """The best next symbol, again and again, until all rows have ended (eq-greedy).

    In evaluation mode. Returns ids without `start`; after its `end`, a row holds `end`.

    Args:
        most: symbols at most; a row that has not ended by then has no `end`.
        cache: keep keys and values; False reads all symbols anew for each, to compare.

    Raises:
        ValueError: most below 1; the model's own errors.
    """
    require_most(most)
    with evaluating(model):
        memory = model.encoder(source, lengths)
        ids = torch.full((len(source), 1), start, device=memory.device)
        ended = torch.zeros_like(ids, dtype=torch.bool)  # (b, 1)
        past = Cache() if cache else None
        while ids.shape[1] <= most and not ended.all():
            new = ids[:, -1:] if cache else ids
            logits = model.decoder(new, memory, lengths, cache=past)[:, -1]
            best = logits.argmax(dim=-1, keepdim=True).masked_fill(ended, end)
            ids, ended = torch.cat([ids, best], dim=1), best == end
    return ids[:, 1:]


@torch.no_grad()
def beam_search(
    model: nn.Module,
    source: Tensor,
    lengths: Tensor | Sequence[int] | None = None,
    *,
    start: int,
    end: int,
    most: int,
    beams: int = 4,
    penalty: float = 0.0,
) -> list[list[tuple[list[int], float]]]:
    """The `beams` best targets that are found for each row, with scores (eq-beam).

    Each step continues every beam by every symbol and keeps the most probable; a beam
    that has ended stays as it is. With one beam it is `greedy`. In evaluation mode.

    Args:
        most: symbols at most, `end` included; a target cut off there has no `end`.
        penalty: power of the length that a log probability is divided by at the end.

    Returns:
        For each row pairs (ids, score), the best first; ids hold `end`, not `start`.

    Raises:
        ValueError: most or beams below 1; the model's own errors.
    """
    require_most(most)
    if beams < 1:
        raise ValueError(f"beams = {beams}: accepted is 1 or more.")
    b = len(source)
    with evaluating(model):
        memory = model.encoder(source, lengths).repeat_interleave(beams, dim=0)
        if lengths is not None:
            lengths = torch.as_tensor(lengths).repeat_interleave(beams)
        ids = torch.full((b * beams, 1), start, device=memory.device)
        total = memory.new_full((b, beams), -torch.inf)  # log probability of each beam
        total[:, 0] = 0  # at first all beams are the same: one counts
        first = torch.arange(b, device=memory.device)[:, None] * beams
        past, ended = Cache(), torch.zeros_like(ids, dtype=torch.bool)
        while ids.shape[1] <= most and not ended.all():
            logits = model.decoder(ids[:, -1:], memory, lengths, cache=past)[:, -1]
            gain = logits.log_softmax(dim=-1)  # (b * beams, symbols)
            only_end = torch.full_like(gain, -torch.inf)
            only_end[:, end] = 0
            gain = torch.where(ended, only_end, gain).unflatten(0, (b, beams))
            total, place = (total[..., None] + gain).flatten(1).topk(beams, dim=1)
            rows = (first + place // gain.shape[-1]).flatten()  # where each came from
            new = (place % gain.shape[-1]).view(-1, 1)
            ids, ended = torch.cat([ids[rows], new], dim=1), new == end
            past.select(rows)
    return [
        ranked(rows, totals, end, penalty)
        for rows, totals in zip(
            ids[:, 1:].unflatten(0, (b, beams)).tolist(), total.tolist(), strict=True
        )
    ]


def ranked(
    targets: list[list[int]], totals: list[float], end: int, penalty: float
) -> list[tuple[list[int], float]]:
    """Targets up to their end, with log probability / length ** penalty, best first."""
    found = []
    for ids, total in zip(targets, totals, strict=True):
        ids = ids[: ids.index(end) + 1] if end in ids else ids
        if total > -math.inf:  # with few symbols there are fewer targets than beams
            found.append((ids, total / len(ids) ** penalty))
    return sorted(found, key=lambda pair: -pair[1])


def require_most(most: int) -> None:
    """Refuse to write no symbol at all.

    Raises:
        ValueError: as said.
    """
    if most < 1:
        raise ValueError(f"most = {most}: accepted is 1 symbol or more.")
