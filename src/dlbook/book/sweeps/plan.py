"""What a sweep file asks for, checked before anything runs.

```yaml
title: Speed of a broadcast sum   # shown above the table
notebook: 01_tensors/broadcasting # a page
seeds: 5                          # a count (0, 1, ...) or a list
grid: {n: [64, 256, 1024]}        # every combination; or runs: [{n: 64}, {n: 256}]
set: quick                        # optional: start from a parameter set that the page declares
fixed: {device: cpu}              # optional: parameters that every run has
claims: [speed-up]                # optional: the claims to keep
```
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DlbookError
from ..notebooks.files import parameters, sets
from ..notebooks.files import read as read_notebook
from ..paths import notebook_path, page_name
from ..values import typed
from .files import load

KEYS = ("title", "notebook", "seeds", "grid", "runs", "set", "fixed", "claims")
MOST_SEED = 2**32 - 1

Parameters = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """A sweep: a page, the parameters of its runs without their seeds, the seeds, and the claims to keep."""

    name: str
    title: str
    page: str
    points: tuple[Parameters, ...]
    seeds: tuple[int, ...]
    claims: tuple[str, ...] | None = None

    def runs(self) -> list[Parameters]:
        """The parameters of every run, seed included: all seeds of the first point, then of the second, ..."""
        return [{**point, "seed": seed} for point in self.points for seed in self.seeds]


def read(file: Path) -> Plan:
    """The plan in a sweep file.

    Raises:
        DlbookError: one sentence with what is wrong in the file and what is accepted.
    """
    asked = load(file, KEYS)
    try:
        if unknown := [str(key) for key in asked if key not in KEYS]:
            raise DlbookError(f"unknown key {unknown[0]!r}: accepted are {', '.join(KEYS)}.")
        page = page_name(_typed(asked, "notebook", str, "the name of a page", required=True))
        points = _typed_points(page, _points(asked, declared_set(page, asked["set"]) if "set" in asked else {}))
        return Plan(
            name=file.stem,
            title=_typed(asked, "title", str, "a text") or file.stem,
            page=page,
            points=tuple(points),
            seeds=_seeds(asked.get("seeds")),
            claims=_claims(asked.get("claims")),
        )
    except DlbookError as error:
        raise DlbookError(f"{file}: {error}") from error


def _typed(asked: Mapping[str, Any], key: str, kind: type, accepted: str, *, required: bool = False) -> Any:
    value = asked.get(key)
    if not (isinstance(value, kind) or (value is None and key not in asked and not required)):
        given = f"{key} = {value!r}" if key in asked else f"{key} is missing"
        raise DlbookError(f"{given}: accepted is {accepted}.")
    return value


def declared_set(page: str, name: Any) -> Parameters:
    """The parameters of a set that a page declares.

    Raises:
        DlbookError: the page declares no such set; the sentence lists those that there are.
    """
    known = declared_sets(page)
    if not isinstance(name, str) or name not in known:
        raise DlbookError(f"set = {name!r}: accepted are the sets that {page} declares: {', '.join(known) or 'none'}.")
    return known[name]


def declared_sets(page: str) -> dict[str, Parameters]:
    """The parameter sets that a page declares in its metadata, besides its defaults."""
    return sets(read_notebook(notebook_path(page)))


def _points(asked: Mapping[str, Any], base: Parameters) -> list[Parameters]:
    base = {**base, **_parameters("fixed", _typed(asked, "fixed", dict, "a mapping from parameter to value") or {})}
    if "grid" in asked and "runs" in asked:
        raise DlbookError("grid and runs: accepted is one of them.")
    points = [base]
    if "grid" in asked:
        grid = _parameters("grid", _typed(asked, "grid", dict, "a mapping from parameter to a list of values"))
        for name, values in grid.items():
            if not isinstance(values, list) or not values:
                raise DlbookError(f"grid: {name} = {values!r}: accepted is a list of values.")
        points = [{**base, **dict(zip(grid, chosen, strict=True))} for chosen in itertools.product(*grid.values())]
    elif "runs" in asked:
        runs = _typed(asked, "runs", list, "a list of mappings from parameter to value")
        if not runs or not all(isinstance(run, dict) for run in runs):
            raise DlbookError(f"runs = {runs!r}: accepted is a list of mappings from parameter to value.")
        points = [{**base, **_parameters("runs", run)} for run in runs]
    return points


def _parameters(key: str, given: Mapping[Any, Any]) -> Parameters:
    for name in given:
        if not isinstance(name, str) or name == "seed":
            accepted = "names of parameters other than seed, which has the key seeds"
            raise DlbookError(f"{key}: {name!r}: accepted are {accepted}.")
    return dict(given)


def _typed_points(page: str, points: Sequence[Parameters]) -> list[Parameters]:
    """The points with every value of the type that the page declares; one that it does not accept is an error."""
    declared = parameters(read_notebook(notebook_path(page)))
    if "seed" not in declared:
        raise DlbookError(f"{page} declares no seed in a cell tagged 'parameters': it cannot be swept.")
    checked = [typed(page, declared, point) for point in points]
    if twice := _repeated(checked):
        raise DlbookError(f"the parameters {twice} stand twice: accepted is once; repetition comes from seeds.")
    return checked


def _key(value: Any) -> str:
    """A name for a value: equal where the values are, and 1 is neither True nor 1.0."""
    return json.dumps(value, sort_keys=True, default=repr)


def _repeated(values: Sequence[Any]) -> Any:
    counts = Counter(map(_key, values))
    return next((value for value in values if counts[_key(value)] > 1), None)


def _seeds(given: Any) -> tuple[int, ...]:
    def whole(value: Any, least: int) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= MOST_SEED

    if whole(given, 1):
        return tuple(range(given))
    fits = isinstance(given, list) and given and all(whole(seed, 0) for seed in given)
    if not fits or len(set(given)) < len(given):
        told = "seeds is missing" if given is None else f"seeds = {given!r}"
        raise DlbookError(f"{told}: accepted is a count from 1, or a list of different integers from 0 to {MOST_SEED}.")
    return tuple(given)


def _claims(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not given or not all(isinstance(name, str) for name in given):
        raise DlbookError(f"claims = {given!r}: accepted is a list of names of claims.")
    return tuple(given)
