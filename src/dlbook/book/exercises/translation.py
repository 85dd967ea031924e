"""Graders of the page 05_transformer/translation."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor, nn

from .graders import Function, Value

Cases = Iterator[tuple[Any, ...]]
BIGGEST = 1 << 16


def _seeded(generator: Generator) -> int:
    return int(torch.randint(BIGGEST, (), generator=generator))


def _targets(generator: Generator) -> Cases:
    yield [[5, 6, 7], [8], [9, 4]], 1, 2, 0
    yield [[3]], 1, 2, 0
    yield [[12, 4, 4], [10, 11, 12], [7, 7, 7]], 2, 3, 1  # other ids for start, end and padding
    yield [[4, 5], [6, 7, 8, 9, 10], []], 1, 2, 0


def _shift(targets: list[list[int]], start: int, end: int, pad: int) -> tuple[Tensor, Tensor]:
    longest = max(map(len, targets)) + 1
    rows = [[start, *ids] + [pad] * (longest - len(ids) - 1) for ids in targets]
    answers = [[*ids, end] + [pad] * (longest - len(ids) - 1) for ids in targets]
    return torch.tensor(rows), torch.tensor(answers)


def _shares(generator: Generator) -> Cases:
    yield from [(8, 0.8), (2, 0.5), (1, 0.9), (5, 0.25), (40, 0.1)]


def _schedules(generator: Generator) -> Cases:
    yield from [(64, 100, 0.5), (512, 4000, 0.2), (128, 1, 1.0), (16, 49, 0.7)]


def _best(first: Tensor, following: Tensor, length: int, beams: int) -> tuple[list[int], float]:
    found = sorted(((p, [i]) for i, p in enumerate(first.tolist())), reverse=True)[:beams]
    for _ in range(length - 1):
        rows = [(total + p, [*ids, j]) for total, ids in found for j, p in enumerate(following[ids[-1]].tolist())]
        found = sorted(rows, reverse=True)[:beams]
    return found[0][1], found[0][0]


def _chains(generator: Generator) -> Cases:
    trap = torch.tensor([[0.34, 0.33, 0.33], [0.05, 0.05, 0.9], [0.4, 0.3, 0.3]]).log()
    start = torch.tensor([0.6, 0.35, 0.05]).log()
    yield from [(start, trap, 2, 1), (start, trap, 2, 2), (start, trap, 1, 2)]
    crossing = torch.tensor([[0.1, 0.46, 0.44], [0.4, 0.3, 0.3], [0.02, 0.02, 0.96]]).log()
    yield torch.tensor([0.7, 0.2, 0.1]).log(), crossing, 3, 2  # both beams go on from the first symbol
    for c, length, beams in [(4, 3, 2), (5, 4, 3), (3, 5, 27), (4, 4, 300), (6, 5, 2)]:
        first = (2 * torch.randn(c, generator=generator)).log_softmax(0)
        yield first, (2 * torch.randn(c, c, generator=generator)).log_softmax(1), length, beams


def _beam_fault(got: Any, first: Tensor, following: Tensor, length: int, beams: int) -> str:
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        return "a pair is expected: the sequence and its log probability"
    ids, total = got
    ids = ids.tolist() if isinstance(ids, Tensor) else ids
    total = total.item() if isinstance(total, Tensor) and total.numel() == 1 else total
    if not isinstance(ids, (tuple, list)) or not all(isinstance(i, int) for i in ids):
        return "the sequence is expected to be a list of whole numbers"
    if len(ids) != length:
        return f"a sequence of {length} symbols is expected, not of {len(ids)}"
    if not isinstance(total, float):
        return "the log probability is expected to be a number"
    right, best = _best(first, following, length, beams)
    if list(ids) != right:
        return f"{list(ids)} is not the best that {beams} {'beam finds' if beams == 1 else 'beams find'}"
    return "" if abs(total - best) < 1e-4 else f"{total:.6g} is not the log probability of {right}"


def _marked(generator: Generator) -> Cases:
    end = 2
    yield torch.tensor([[5, 6, 2, 9], [5, 2, 2, 2], [4, 4, 4, 4]]), torch.tensor([[5, 6, 2], [5, 2, 0], [4, 4, 2]]), end
    yield torch.tensor([[2, 7], [3, 2]]), torch.tensor([[2, 0, 0], [3, 3, 2]]), end
    yield torch.tensor([[3, 4, 5]]), torch.tensor([[3, 4, 5, 2]]), end  # never ended
    yield torch.tensor([[7, 9, 0, 3], [7, 0, 9, 9]]), torch.tensor([[7, 9, 0, 0], [7, 9, 0, 0]]), 0
    yield torch.tensor([[3, 2, 5], [4, 2, 6], [8, 8, 2]]), torch.tensor([[3, 2, 0], [4, 2, 0], [8, 9, 2]]), end


def _share_right(written: Tensor, answers: Tensor, end: int) -> float:
    def up_to_end(ids: list[int]) -> list[int]:
        return ids[: ids.index(end) + 1] if end in ids else ids

    rows = zip(written.tolist(), answers.tolist(), strict=True)
    return sum(up_to_end(w) == up_to_end(a) for w, a in rows) / len(answers)


def _caches(generator: Generator) -> Cases:
    yield from [(1, 1, 2, 64, 20, 11, 4), (8, 4, 6, 512, 100, 30, 2), (3, 5, 1, 16, 7, 1, 4), (1, 1, 1, 2, 3, 5, 8)]


class _Mixer(nn.Module):
    """Logits from a mean of embeddings over what each position may see; `extra` lets it see more, mode by mode."""

    def __init__(
        self, seed: int, positions: int, training: Tensor | None, evaluation: Tensor | None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        generator = Generator().manual_seed(seed)
        self.register_buffer("vectors", torch.randn(7, 7, generator=generator))
        self.positions, self.extra = positions, {True: training, False: evaluation}

    def forward(self, ids: Tensor) -> Tensor:
        sees = torch.ones(self.positions, self.positions).tril()
        extra = self.extra[self.training]
        if extra is not None:
            sees = sees + extra
        return (sees / sees.sum(1, keepdim=True)) @ self.dropout(self.vectors[ids])


def _only(t: int, i: int, j: int) -> Tensor:
    extra = torch.zeros(t, t)
    extra[i, j] = 0.5
    return extra


def _decoders(generator: Generator) -> Cases:
    t = 5
    everywhere = torch.ones(t, t).triu(1)
    settings = [
        (None, None), (everywhere, everywhere), (None, everywhere), (everywhere, None),
        (None, _only(t, 1, 2)), (_only(t, 0, 4), None), (_only(t, 3, 4), _only(t, 2, 3)), (None, None, 0.2),
    ]  # fmt: skip
    for k, extras in enumerate(settings):
        decoder = _Mixer(_seeded(generator), t, *extras).train(k % 2 == 0)
        yield decoder, torch.randint(7, (2 + k % 2, t), generator=generator)


def _leaks(decoder: nn.Module, ids: Tensor) -> list[str]:
    found, was = [], decoder.training
    for name, mode in (("training", True), ("evaluation", False)):
        decoder.train(mode)
        torch.manual_seed(0)
        logits, moves = decoder(ids), False
        for t, shift in itertools.product(range(1, ids.shape[1]), (1, 2)):
            other = ids.clone()
            other[:, t] = (other[:, t] + shift) % logits.shape[-1]
            torch.manual_seed(0)
            moves = moves or (decoder(other) - logits)[:, :t].abs().max().item() > 1e-6
        found += [name] * moves
    decoder.train(was)
    return found


def _leak_fault(got: Any, decoder: nn.Module, ids: Tensor) -> str:
    if not isinstance(got, (tuple, list)) or not all(name in ("training", "evaluation") for name in got):
        return 'a list of "training" and "evaluation" is expected'
    right = _leaks(decoder, ids)
    if sorted(got) == sorted(right) and list(got) != right:
        return f"{list(got)} is not in the order that is asked for: training, then evaluation"
    if list(got) != right:
        extra = "hidden in a few positions" if not set(right) <= set(got) else "that is none"
        return f"{list(got)} is not right: there is a leak {extra}"
    return ""


class _KeepsTargets(Function):
    """The answer must leave the lists of ids alone, the inner ones too."""

    def judge(self, answer: Any) -> Any:
        if not callable(answer):
            return super().judge(answer)

        def watched(targets: list[list[int]], *ends: int) -> Any:
            before = [list(ids) for ids in targets]
            got = answer(targets, *ends)
            if targets != before:
                targets[:] = before
                raise RuntimeError("the targets are changed; make new lists")
            return got

        verdict = super().judge(answer)
        return verdict if verdict.status != "right" else super().judge(watched)


class _KeepsMode(Function):
    """The answer must leave the module in the mode in which it was given."""

    def judge(self, answer: Any) -> Any:
        if not callable(answer):
            return super().judge(answer)

        def watched(decoder: nn.Module, ids: Tensor) -> Any:
            was = decoder.training
            got = answer(decoder, ids)
            if decoder.training != was:
                decoder.train(was)
                raise RuntimeError("the module is left in another mode than it came in")
            return got

        verdict = super().judge(answer)
        return verdict if verdict.status != "right" else super().judge(watched)


GRADERS = {
    "translation-1": Value(
        {"encoded": (32, 12), "read": (32, 11), "logits": (32, 11, 14), "answers": (32, 11)},
        "Both ends count in the length; what is read leaves out the last id, what is asked for the first.",
    ),
    "translation-2": _KeepsTargets(
        _shift, _targets, "The start goes before what is read, the end behind what is asked for; each row by itself."
    ),
    "translation-3": Function(
        lambda languages, f: 1 - (1 - f) ** (languages - 1),
        _shares,
        "How many other rows has the day? With which probability are none of them in the training part?",
    ),
    "translation-4": Function(
        lambda width, w, share: ((width * w) ** -0.5, share * w, w / share**2),
        _schedules,
        "The two branches of the minimum meet at the peak. Set each, by itself, equal to the share of the peak.",
    ),
    "translation-5": Function(
        _best,
        _chains,
        "Add log probabilities; continue every kept beginning by every symbol, and only then keep the best.",
        property_of=_beam_fault,
    ),
    "translation-6": Function(
        _share_right, _marked, "Cut each row behind its first end before you compare; rows may have different widths."
    ),
    "translation-7": Function(
        lambda batch, beams, layers, width, s, t, size: batch * beams * layers * 2 * width * (s + t) * size,
        _caches,
        "Two vectors of the width for each position, of the target and of the memory, in every layer.",
    ),
    "translation-8": _KeepsMode(
        _leaks,
        _decoders,
        "Change one position at a time to another id, and compare every answer before it, in both modes, with the same "
        "random numbers for both calls.",
        property_of=_leak_fault,
    ),
}
