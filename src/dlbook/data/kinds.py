"""What `load` gives: a `DataSet` of examples, one `Picture`, or a `Text`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from jaxtyping import Int, Shaped, UInt8
from torch import Tensor


class DataError(ValueError):
    """Data that cannot be had as asked; one sentence says which, what was expected and what to do."""


@dataclass(frozen=True, eq=False, repr=False)
class DataSet:
    """Examples `x` with their answers `y`; row `i` of one belongs to row `i` of the other.

    x: tables float32 `(n, features)`, in the units of the origin; images uint8 `(n, C, H, W)`.
    y: classes int64 `(n,)`, values `0 ... len(classes) - 1`; regression float32 `(n,)` or `(n, targets)`.
    classes: name of each class, empty for regression. features: name of each column of a table, empty for images.
    targets: name of each column of a regression's `y`, empty for classes.
    source: origin and licence in one line. test: the official test split, where the origin has one.
    """

    name: str
    x: Shaped[Tensor, "n ..."]
    y: Shaped[Tensor, "m ..."]  # m == n, checked below
    source: str
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    test: DataSet | None = None

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise DataError(
                f"{self.name}: x has {len(self.x)} rows and y has {len(self.y)}: give every example one answer."
            )

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        kinds = f", {len(self.classes)} classes" if self.classes else ""
        test = f", test {len(self.test)}" if self.test is not None else ""
        return f"DataSet({self.name}: x {_brief(self.x)}, y {_brief(self.y)}{kinds}{test})"

    def take(self, rows: Int[Tensor, " m"]) -> DataSet:
        """The examples at `rows` (a copy), without the official test split."""
        return replace(self, x=self.x[rows], y=self.y[rows], test=None)

    def with_test(self, test: DataSet) -> DataSet:
        """The same examples with `test` as their official test split."""
        return replace(self, test=test)


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """One photograph: `x` uint8 `(C, H, W)` with C = 3 (red, green, blue), values 0 to 255."""

    name: str
    x: UInt8[Tensor, "c h w"]
    source: str

    def __repr__(self) -> str:
        return f"Picture({self.name}: x {_brief(self.x)})"


@dataclass(frozen=True, repr=False)
class Text:
    """Text in separate documents; `text` is all of it, documents joined by two empty lines."""

    name: str
    documents: tuple[str, ...]
    source: str

    @cached_property
    def text(self) -> str:
        return "\n\n\n".join(self.documents)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Every character that occurs, once, in the order of their code points."""
        return tuple(sorted(set(self.text)))

    def __len__(self) -> int:
        return len(self.text)

    def __repr__(self) -> str:
        return (
            f"Text({self.name}: {len(self):,} characters, {len(self.symbols)} different ones, "
            f"{len(self.documents):,} document{'' if len(self.documents) == 1 else 's'})"
        )


def _brief(x: Tensor) -> str:
    """`float32 (150, 4)`."""
    return f"{str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}"
