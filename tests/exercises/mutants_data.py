"""Wrong answers to the exercises of the page 02_autograd/data: mistakes that readers make."""

import math

import torch
import torch.nn.functional as F


def collate(items, most, last=True, left=True, longest=None, labels=torch.int64):
    kept = [(x[-most:] if last else x[:most]) for x, _ in items]
    width = longest(kept, most) if longest else max(map(len, kept))
    rows = torch.stack([F.pad(x, (width - len(x), 0) if left else (0, width - len(x))) for x in kept])
    return rows, torch.tensor([label for _, label in items], dtype=labels)


def first_bad(rows, names, first=2, finite=True, lengths=True):
    for line, row in enumerate(rows, start=first):
        if lengths and len(row) != len(names):
            return line, ""
        for cell, name in zip(row, names, strict=False):
            try:
                value = float(cell)
            except ValueError:
                return line, name
            if finite and not math.isfinite(value):
                return line, name
    return "sound"


def lengths_first(rows, names):
    for line, row in enumerate(rows, start=2):
        if len(row) != len(names):
            return line, ""
    return first_bad(rows, names)


def first_bad_by(bad):
    def answer(rows, names):
        for line, row in enumerate(rows, start=2):
            if len(row) != len(names):
                return line, ""
            for cell, name in zip(row, names, strict=True):
                try:
                    if bad(cell, float(cell)):
                        return line, name
                except ValueError:
                    return line, name
        return "sound"

    return answer


def same_after(*views):
    def answer(train, test):
        known = torch.cat([train, train.flip(3), *(view(train) for view in views)])
        return (test[:, None] == known).flatten(2).all(2).any(1).nonzero().flatten()

    return answer


def in_columns(rows, names):
    for i, name in enumerate(names):
        for line, row in enumerate(rows, start=2):
            if len(row) != len(names):
                return line, ""
            try:
                if not math.isfinite(float(row[i])):
                    return line, name
            except ValueError:
                return line, name
    return "sound"


def statistics(parts, scale=255, correction=0, pooled=True, channels=(0, 2, 3)):
    if pooled:
        x = torch.cat(parts).double() / scale
        return x.mean(channels), x.std(channels, correction=correction)
    each = [part.double() / scale for part in parts]
    means = torch.stack([x.mean(channels) for x in each]).mean(0)
    return means, torch.stack([x.std(channels, correction=0) for x in each]).mean(0)


WRONG = {
    "data-1": [
        lambda n, size: (n // size, n % size, n % size),
        lambda n, size: (-(-n // size), n % size, n % size),
        lambda n, size: (-(-n // size), n % size or size, n % size or size),
        lambda n, size: (n // size + 1, n % size, n % size),
        lambda n, size: [-(-n // size), n % size or size, 0],
    ],
    "data-2": [
        lambda items, most: collate(items, most, left=False),
        lambda items, most: collate(items, most, last=False),
        lambda items, most: collate(items, most, longest=lambda kept, most: most),
        lambda items, most: collate(items, most, labels=torch.float32),
        lambda items, most: collate(items, most)[0],
    ],
    "data-3": [
        lambda labels, shares: (1 / labels.bincount())[labels],
        lambda labels, shares: shares[labels],
        lambda labels, shares: shares / labels.bincount(),
        lambda labels, shares: (shares * labels.bincount() / len(labels))[labels],
        lambda labels, shares: len(labels) * (shares / labels.bincount())[labels],
    ],
    "data-4": [
        lambda q, risk: math.ceil(risk / q),
        lambda q, risk: math.log(risk) / math.log(1 - q),
        lambda q, risk: math.floor(math.log(risk) / math.log(1 - q)),
        lambda q, risk: math.ceil(math.log(risk) / math.log(q)),
        lambda q, risk: math.ceil(1 / q),
        lambda q, risk: math.floor(math.log(risk) / math.log(1 - q)) + 1,
    ],
    "data-5": [
        lambda n, k, K: (k * (n // K), (k + 1) * (n // K)),
        lambda n, k, K: (k * -(-n // K), min(n, (k + 1) * -(-n // K))),
        lambda n, k, K: (k * (n // K), n if k == K - 1 else (k + 1) * (n // K)),
        lambda n, k, K: (k * n / K, (k + 1) * n / K),
        lambda n, k, K: (n * k // K, n * (k + 1) // K - 1),
        lambda n, k, K: (k, n),
        lambda n, k, K: (n * k // K, n * (k + 1) // K) if k % 2 else (-(-n * k // K), -(-n * (k + 1) // K)),
        lambda n, k, K: (-(-n * k // K), -(-n * (k + 1) // K)) if k % 2 else (n * k // K, n * (k + 1) // K),
        lambda n, k, K: (n * k // K, -(-n * (k + 1) // K)),
        lambda n, k, K: range(n * k // K, n * (k + 1) // K),
        lambda n, k, K: (n - n * (k + 1) // K, n - n * k // K),
    ],
    "data-6": [
        lambda parts: statistics(parts, pooled=False),
        lambda parts: statistics(parts, correction=1),
        lambda parts: statistics(parts, scale=1),
        lambda parts: statistics(parts, channels=(0, 1, 2, 3)),
        lambda parts: tuple(value.float() for value in statistics(parts)),
    ],
    "data-7": [
        lambda H, W, row, column, h, w: 1 - h * w / (H * W),
        lambda H, W, row, column, h, w: min(h, H) * min(w, W) / (H * W),
        lambda H, W, row, column, h, w: 1 - min(row + h // 2, H) * min(column + w // 2, W) / (H * W),
        lambda H, W, row, column, h, w: (
            (min(row + h // 2, H) - max(row - h // 2, 0))
            * (min(column + w // 2, W) - max(column - w // 2, 0))
            / (H * W)
        ),
    ],
    "data-8": [
        lambda train, test: (test[:, None] == train).flatten(2).all(2).any(1).nonzero().flatten(),
        lambda train, test: (
            (test[:, None] == torch.cat([train, train.flip(2)])).flatten(2).all(2).any(1).nonzero()[:, 0]
        ),
        lambda train, test: (test[:, None] == torch.cat([train, train.flip(3)])).flatten(2).all(2).any(1),
        lambda train, test: (
            (train[:, None] == torch.cat([test, test.flip(3)])).flatten(2).all(2).any(1).nonzero()[:, 0]
        ),
        lambda train, test: (
            (test[:, None] == torch.cat([train, train.flip(3)])).flatten(2).any(2).any(1).nonzero()[:, 0]
        ),
        lambda train, test: same_after()(train[:, :1], test[:, :1]),
        lambda train, test: same_after()(train[:, -1:], test[:, -1:]),
        same_after(lambda x: x.flip(2, 3)),
        same_after(lambda x: x.flip(1)),
        same_after(lambda x: x.flip(2)),
    ],
    "data-9": [
        lambda rows, names: first_bad(rows, names, first=1),
        lambda rows, names: first_bad(rows, names, finite=False),
        lambda rows, names: first_bad(rows, names, lengths=False),
        in_columns,
        lengths_first,
        first_bad_by(lambda cell, value: cell in ("", "nan", "inf")),
        first_bad_by(lambda cell, value: value != value or value == math.inf),
        first_bad_by(lambda cell, value: cell.strip("+-") in ("nan", "inf")),
        lambda rows, names: "sound",
    ],
}
