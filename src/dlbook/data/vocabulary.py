"""Characters as whole numbers: a vocabulary from training texts, and batches of texts with padding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Int
from torch import Tensor

PAD, START, END = 0, 1, 2  # ids that no character has
SPECIAL = 3  # how many of them there are


@dataclass(frozen=True)
class Vocabulary:
    """Ids of characters: 0 pads, 1 starts a text, 2 ends it; characters from 3 on."""

    characters: tuple[str, ...]

    def __post_init__(self) -> None:
        wrong = [c for c in self.characters if len(c) != 1]
        if wrong or len(set(self.characters)) < len(self.characters):
            raise ValueError(
                "characters: accepted are single characters, each of them once."
            )

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Vocabulary":
        """The characters of these texts, sorted. Give it the training texts alone.

        Raises:
            TypeError: one text in place of several, whose characters would be texts.
            ValueError: there is no character in them.
        """
        if isinstance(texts, str):
            raise TypeError("texts: one text is given; accepted is a list of texts.")
        characters = tuple(sorted(set("".join(texts))))
        if not characters:
            raise ValueError("texts: there is no character in them.")
        return cls(characters)

    def __len__(self) -> int:
        return SPECIAL + len(self.characters)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {c: i for i, c in enumerate(self.characters, SPECIAL)}

    def encode(self, text: str, *, ends: bool = False) -> list[int]:
        """The ids of a text; with `ends`, a start before them and an end behind.

        Raises:
            ValueError: a character that the training texts did not have.
        """
        ids = []
        for place, character in enumerate(text, 1):
            if character not in self._ids:
                raise ValueError(
                    f"text = {text!r}: character {place}, {character!r} "
                    f"(U+{ord(character):04X}), is unknown; accepted are the "
                    f"{len(self.characters)} characters of the training texts."
                )
            ids.append(self._ids[character])
        return [START, *ids, END] if ends else ids

    def decode(self, ids: Iterable[int] | Tensor) -> str:
        """The text up to the first end, without starts and padding.

        Raises:
            ValueError: an id that no character has.
        """
        text = []
        for i in ids.tolist() if isinstance(ids, Tensor) else ids:
            if not 0 <= i < len(self):
                raise ValueError(f"id = {i}: accepted are 0 to {len(self) - 1}.")
            if i == END:
                break
            if i not in (PAD, START):
                text.append(self.characters[i - SPECIAL])
        return "".join(text)

    def batch(
        self, texts: Sequence[str], *, start: bool = False, end: bool = False
    ) -> tuple[Int[Tensor, "n longest"], Int[Tensor, " n"]]:
        """Ids of texts, one a row, padded behind to the longest; and their lengths.

        With `start` each row begins with the start, with `end` its last id is the end;
        both count in its length.

        Raises:
            TypeError: one text in place of several.
            ValueError: no text, an empty one without start and end, or an unknown
                character.
        """
        if isinstance(texts, str):
            raise TypeError("texts: one text is given; accepted is a list of texts.")
        if not texts:
            raise ValueError("texts: there is none; accepted is one or more.")
        rows = [[START] * start + self.encode(t) + [END] * end for t in texts]
        lengths = [len(row) for row in rows]
        if 0 in lengths:
            raise ValueError(
                f"texts: number {lengths.index(0)} (from 0) is an empty source; "
                "accepted is a text of one character or more."
            )
        ids = torch.full((len(rows), max(lengths)), PAD)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
        return ids, torch.tensor(lengths)
