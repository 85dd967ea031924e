"""Whether two outputs say the same: the plugin that lets nbval compare numbers as numbers.

    pytest --nbval --nbval-current-env -p dlbook.book.comparator chapters

Text is compared exactly after whitespace and number formats are unified; integers exactly; a float may differ by the
largest of 1e-4 of its value, one unit of its last printed digit (as far as that is less than half a percent: a change
of one percent never passes), and 1e-6 of the largest number beside it. "Beside it" means in the same brackets: entries
of one array share a scale and its rounding noise, while the smallest float32 and the largest in one table do not.
Images and records are not compared; memory addresses are refused by the lint.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .records import MIME

RELATIVE = 1e-4
OF_LARGEST = 1e-6
LARGEST_UNIT = 5e-3

#: Output that is not compared: pictures, records, widgets (their ids are random).
SKIPPED = ("image/", MIME, "application/vnd.jupyter.widget-view+json", "application/vnd.dlbook.")

# Digits that follow a letter belong to a word (float32, v2.1, a1b2); longer dotted runs are versions.
NUMBER = re.compile(
    r"""
    (?P<word> [^\W\d]\w* (?: \.\d+ )* )
  | (?P<dotted> \d+ (?: \.\d+ ){2,} )
  | (?P<number>
      [-+\N{MINUS SIGN}]?
      (?: (?: \d{1,3} (?: ,\d{3} )+ (?! \d ) | \d+ ) (?: \. (?! \. ) \d* )? | (?<! [\d.] ) \.\d+ )
      (?: e [-+]? \d+ (?! \w ) )?
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
MARK = "\x00"
OPENING, CLOSING = "([{", ")]}"


@dataclass(frozen=True)
class Number:
    """A number as it was printed."""

    text: str
    group: int  # the array that it stands in; every number outside brackets is alone

    @property
    def plain(self) -> str:
        """The number without thousands separators, with an ASCII sign."""
        return self.text.replace(",", "").replace("\N{MINUS SIGN}", "-")

    @property
    def value(self) -> float:
        return float(self.plain)

    @property
    def whole(self) -> bool:
        """Whether it was printed as an integer."""
        return not any(character in self.plain.lower() for character in ".e")

    @property
    def exact(self) -> bool:
        """Whether no digit behind the point was printed: an integer, or `1.`, torch's or a sentence's end."""
        return self.plain.lstrip("-+").rstrip(".").isdigit()

    @property
    def unit(self) -> float:
        """One unit of the last printed digit behind the point; 0 where there is none, as in `1.`"""
        mantissa, _, exponent = self.plain.lower().partition("e")
        digits = len(mantissa.partition(".")[2])
        return float(f"1e{int(exponent or 0) - digits}") if digits or exponent else 0.0


def read_text(text: str) -> tuple[str, list[Number]]:
    """The skeleton of a text, with a mark in place of every number and its spaces unified, and the numbers."""
    pieces, numbers, end, depth, group = [], [], 0, 0, 0
    for match in NUMBER.finditer(text):
        between = text[end : match.start()]
        pieces.append(between)
        for character in between:
            if character in OPENING:
                group += depth == 0
                depth += 1
            elif character in CLOSING:
                depth = max(depth - 1, 0)
        end = match.end()
        if not match["number"]:
            pieces.append(match[0])
            continue
        if not depth:
            group += 1
        pieces.append(MARK)
        numbers.append(Number(match["number"], group))
    return _unified("".join([*pieces, text[end:]])), numbers


def _unified(skeleton: str) -> str:
    skeleton = re.sub(r"([-=_─━])\1{2,}", r"\1\1\1", skeleton)  # rules under table heads are as wide as their column
    skeleton = re.sub(r"\s+", " ", skeleton.strip())
    return re.sub(rf" ?([{MARK}\[\](){{}},|]) ?", r"\1", skeleton)


def difference(stored: str, fresh: str) -> str:
    """What a fresh text says that the stored one does not, in one line; empty where they agree."""
    (before, old), (after, new) = read_text(stored), read_text(fresh)
    if before != after:
        return _words(before, after, old, new)
    largest: dict[int, float] = defaultdict(float)
    for number in (*old, *new):
        if not number.whole and math.isfinite(number.value):
            largest[number.group] = max(largest[number.group], abs(number.value))
    crowd = Counter(number.group for number in old)
    for position, (a, b) in enumerate(zip(old, new, strict=True), 1):
        floor = OF_LARGEST * largest[a.group] if crowd[a.group] > 1 else 0.0
        if not same(a, b, floor):
            return f"number {position} of {len(old)}: stored {a.text}, now {b.text}"
    return ""


def same(stored: Number, fresh: Number, floor: float = 0.0) -> bool:
    """Whether two printed numbers may stand for the same result."""
    if stored.plain.lstrip("+") == fresh.plain.lstrip("+"):
        return True
    if stored.exact and fresh.exact:
        return stored.whole == fresh.whole and int(stored.plain.rstrip(".")) == int(fresh.plain.rstrip("."))
    if stored.whole != fresh.whole:
        # `1` for `1.` is another type; `1` for `1.001` is what the format g makes of a float
        drawn = fresh if stored.whole else stored
        if drawn.value.is_integer() and "e" not in drawn.plain.lower():
            return False
    a, b = stored.value, fresh.value
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    unit = min((number.unit for number in (stored, fresh) if number.unit), default=0.0)
    size = max(abs(a), abs(b))
    # printed digits are decimal: one unit may come out a rounding error above one unit
    return abs(a - b) <= max(RELATIVE * size, min(unit * (1 + 1e-9), LARGEST_UNIT * size), floor)


def _words(before: str, after: str, old: list[Number], new: list[Number]) -> str:
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    return f"text: stored {_excerpt(before, start, old)!r}, now {_excerpt(after, start, new)!r}"


def _excerpt(skeleton: str, at: int, numbers: list[Number]) -> str:
    """The surroundings of one place of a skeleton, with its numbers put back."""
    start, end = max(at - 20, 0), at + 40
    queue = iter(numbers[skeleton[:start].count(MARK) :])
    return "".join(next(queue).text if character == MARK else character for character in skeleton[start:end])


def shown(outputs: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Kind and text of everything in the outputs of a cell that is compared."""
    for output in outputs:
        if output["output_type"] == "stream":
            yield output["name"], "".join(output["text"])
        elif output["output_type"] == "error":
            yield "error", f"{output['ename']}: {output['evalue']}"
        for kind, content in output.get("data", {}).items():
            if not kind.startswith(SKIPPED):
                yield kind, content if isinstance(content, str) else _text(content)


def _text(content: Any) -> str:
    if isinstance(content, list) and all(isinstance(line, str) for line in content):
        return "".join(content)
    return json.dumps(content, sort_keys=True)


def differences(fresh: Iterable[Mapping[str, Any]], stored: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the outputs of a cell say that its stored outputs do not: a line a kind of output."""
    old, new = _by_kind(stored), _by_kind(fresh)
    found = [f"{kind}: stored, but did not come out" for kind in old if kind not in new]
    found += [f"{kind}: came out, but is not stored: {new[kind][0][:200]!r}" for kind in new if kind not in old]
    for kind in (kind for kind in old if kind in new):
        if len(old[kind]) != len(new[kind]):
            found.append(f"{kind}: {len(old[kind])} outputs stored, {len(new[kind])} came out")
        else:
            lines = (difference(a, b) for a, b in zip(old[kind], new[kind], strict=True))
            found += [f"{kind}: {line}" for line in lines if line]
    return found


def _by_kind(outputs: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for kind, text in shown(outputs):
        kinds.setdefault(kind, []).append(text)
    return kinds


def pytest_configure(config: Any) -> None:
    """Fix the arithmetic of the kernels that will be started, and compare their outputs by `differences`."""
    if not (config.getoption("nbval", False) or config.getoption("nbval_lax", False)):
        return
    from ..runtime import FIXED_ARITHMETIC

    os.environ.update(FIXED_ARITHMETIC)
    os.environ.setdefault("DLBOOK_DEVICE", "cpu")
    from nbval.plugin import IPyNbCell

    def compare_outputs(self: Any, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        self.comparison_traceback = differences(test, ref)
        return not self.comparison_traceback

    IPyNbCell.compare_outputs = compare_outputs
