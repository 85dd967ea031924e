"""Wrong answers to the exercises of the page 05_transformer/translation: mistakes that readers make."""

import torch

from dlbook.book.exercises.translation import GRADERS

SHAPES = GRADERS["translation-1"].expected


def shift(targets, start, end, pad, begin=True, close=True, left=False, equal=False):
    """Rows of starts, ids and ends, with one of the slips of the exercise."""
    longest = max(map(len, targets)) + 1
    read, answers = torch.full((len(targets), longest), pad), torch.full((len(targets), longest), pad)
    for i, ids in enumerate(targets):
        reads = [start, *ids] if begin else [*ids, end]
        asks = [start, *ids] if equal else [*ids, end] if close else list(ids)
        if left:
            read[i, longest - len(reads) :], answers[i, longest - len(asks) :] = torch.tensor(reads), torch.tensor(asks)
        else:
            read[i, : len(reads)], answers[i, : len(asks)] = torch.tensor(reads), torch.tensor(asks)
    return read, answers


def end_in_the_last_column(targets, start, end, pad):
    read, answers = shift(targets, start, end, pad)
    answers[answers == end] = pad
    answers[:, -1] = end
    return read, answers


def cut_off(targets, start, end, pad):
    """Encoded with both ends, padded, and the last and the first column cut off: reads ends."""
    longest = max(map(len, targets)) + 2
    rows = torch.tensor([[start, *ids, end] + [pad] * (longest - len(ids) - 2) for ids in targets])
    return rows[:, :-1], rows[:, 1:]


def changes_the_lists(targets, start, end, pad):
    """Right, but the reader's own targets end with an end afterwards."""
    made = shift(targets, start, end, pad)
    for ids in targets:
        ids.append(end)
    return made


def beam(first, following, length, beams, keep=None, multiply=False, forget=False, whole=True, positive=False):
    keep = keep or beams
    found = sorted(((p, [i]) for i, p in enumerate(first.tolist())), reverse=True)[:keep]
    for _ in range(length - 1 if whole else length):
        rows = []
        for total, ids in found:
            for j, p in enumerate(following[ids[-1]].tolist()):
                value = p if forget else total * p if multiply else total + p
                rows.append((value, [*ids, j]))
        found = sorted(rows, reverse=True)[:keep]
    return found[0][1], -found[0][0] if positive else found[0][0]


def one_child_each(first, following, length, beams):
    """Each beam goes on greedily by itself."""
    found = sorted(((p, [i]) for i, p in enumerate(first.tolist())), reverse=True)[:beams]
    for _ in range(length - 1):
        found = [
            (total + following[ids[-1]].max().item(), [*ids, int(following[ids[-1]].argmax())]) for total, ids in found
        ]
    return max(found)[1], max(found)[0]


def share_right(written, answers, end, mode="cut"):
    right = []
    for w, a in zip(written.tolist(), answers.tolist(), strict=True):
        if mode == "whole":
            right.append(w == a)
        elif mode == "short":
            n = min(len(w), len(a))
            right.append(w[:n] == a[:n])
        elif mode == "answer":  # what is behind the end of what was written is held against it
            n = a.index(end) + 1
            right.append(w[:n] == a[:n] or w[: n - 1] == a[: n - 1])
        elif mode == "without":
            before = [ids[: ids.index(end)] if end in ids else ids for ids in (w, a)]
            right.append(before[0] == before[1])
    return sum(right) / len(right)


def symbols_right(written, answers, end):
    n = min(written.shape[1], answers.shape[1])
    return (written[:, :n] == answers[:, :n]).double().mean().item()


def leaks(
    decoder, ids, modes=("training", "evaluation"), places=None, before="all", restore=True, together=False, seeded=True
):
    found, was = [], decoder.training
    for name in modes:
        decoder.train(name == "training")
        if seeded:
            torch.manual_seed(0)
        logits, moves = decoder(ids), False
        for t in places or range(1, ids.shape[1]):
            other = ids.clone()
            if together:
                other[:] = (other + 1) % logits.shape[-1]
            else:
                other[:, t] = (other[:, t] + 1) % logits.shape[-1]
            if seeded:
                torch.manual_seed(0)
            seen = slice(0, t) if before == "all" else slice(t - 1, t) if before == "last" else slice(0, t + 1)
            moves = moves or bool((decoder(other) - logits)[:, seen].abs().max() > 1e-6)
        found += [name] * moves
    if restore:
        decoder.train(was)
    return found


def in_its_own_mode(decoder, ids):
    return leaks(decoder, ids, ("training" if decoder.training else "evaluation",))


WRONG = {
    "translation-1": [
        SHAPES | {"encoded": (32, 10), "read": (32, 10), "logits": (32, 10, 14), "answers": (32, 10)},
        SHAPES | {"read": (32, 12), "logits": (32, 12, 14)},
        SHAPES | {"logits": (32, 14, 11)},
        SHAPES | {"answers": (32, 12)},
        SHAPES | {"answers": (32, 10)},
    ],
    "translation-2": [
        lambda *a: shift(*a, equal=True),
        lambda *a: shift(*a, begin=False),
        lambda *a: shift(*a, close=False),
        lambda *a: shift(*a, left=True),
        lambda *a: shift(*a)[::-1],
        end_in_the_last_column,
        cut_off,
        changes_the_lists,
    ],
    "translation-3": [
        lambda languages, f: 1 - (1 - f) ** languages,
        lambda languages, f: f,
        lambda languages, f: (1 - f) ** (languages - 1),
        lambda languages, f: f ** (languages - 1),
        lambda languages, f: min(1.0, (languages - 1) * f),
    ],
    "translation-4": [
        lambda width, w, share: ((width * w) ** -0.5, share * w, w / share),
        lambda width, w, share: (width**-0.5, share * w, w / share**2),
        lambda width, w, share: ((width * w) ** 0.5, share * w, w / share**2),
        lambda width, w, share: ((width * w) ** -0.5, share * w, w + w / share**2),
        lambda width, w, share: ((width * w) ** -0.5, share * w**1.5, w / share**2),
        lambda width, w, share: ((width * w) ** -0.5, w / share**2, share * w),
        lambda width, w, share: (w, share * w, w / share**2),
    ],
    "translation-5": [
        lambda *a: beam(*a, keep=1),
        lambda *a: beam(*a, keep=10_000),
        lambda *a: beam(*a, multiply=True),
        lambda *a: beam(*a, forget=True),
        lambda *a: beam(*a, whole=False),
        lambda *a: beam(*a, positive=True),
        lambda *a: beam(*a)[0],
        one_child_each,
    ],
    "translation-6": [
        lambda *a: share_right(*a, mode="whole"),
        lambda *a: share_right(*a, mode="short"),
        lambda *a: share_right(*a, mode="answer"),
        lambda *a: share_right(*a, mode="without"),
        symbols_right,
    ],
    "translation-7": [
        lambda batch, beams, layers, width, s, t, size: batch * beams * layers * width * (s + t) * size,
        lambda batch, beams, layers, width, s, t, size: batch * beams * layers * 2 * width * t * size,
        lambda batch, beams, layers, width, s, t, size: batch * layers * 2 * width * (s + t) * size,
        lambda batch, beams, layers, width, s, t, size: batch * beams * 2 * width * (s + t) * size,
        lambda batch, beams, layers, width, s, t, size: batch * beams * layers * 2 * width * (s + t),
        lambda batch, beams, layers, width, s, t, size: batch * beams * layers * 2 * width * s * t * size,
    ],
    "translation-8": [
        lambda *a: leaks(*a, modes=("training",)),
        lambda *a: leaks(*a, modes=("evaluation",)),
        lambda *a: leaks(*a, modes=("evaluation", "training")),
        lambda *a: leaks(*a, places=[4]),
        lambda *a: leaks(*a, before="last"),
        lambda *a: leaks(*a, before="own"),
        lambda *a: leaks(*a, restore=False),
        lambda *a: leaks(*a, together=True),
        lambda *a: leaks(*a, seeded=False),
        in_its_own_mode,
    ],
}
