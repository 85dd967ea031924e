"""The parameters of a notebook: checked where they enter, and known to every claim that depends on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from ..runtime import resolve_device
from .errors import SettingError
from .records import emit


@dataclass(frozen=True)
class Checked:
    """A value with the rule it is held to: made by `between`, `one_of` and `flag`, read by `settings`."""

    value: Any
    accepted: str
    fits: bool


def between(value: Any, low: int | float, high: int | float) -> Checked:
    """An integer from `low` to `high` where both are integers, else a number."""
    whole = isinstance(low, int) and isinstance(high, int)
    kinds = int if whole else (int, float)
    fits = isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
    return Checked(value, f"{'an integer' if whole else 'a number'} from {low} to {high}", fits)


def one_of(value: Any, *options: Any) -> Checked:
    """One of the named options (of the same type: `1` is not `True`)."""
    fits = any(type(value) is type(option) and value == option for option in options)
    return Checked(value, f"one of {', '.join(map(repr, options))}", fits)


def flag(value: Any) -> Checked:
    """`True` or `False`."""
    return Checked(value, "True or False", isinstance(value, bool))


@dataclass(frozen=True)
class Settings:
    """The settings of one run of a page; every parameter is an attribute (`run.seed`, `run.device`, `run.rows`)."""

    page: str
    seed: int
    device: torch.device
    values: Mapping[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        values = object.__getattribute__(self, "values")
        if name in values:
            return values[name]
        raise AttributeError(f"The page {self.page} has no parameter {name!r}: it has {', '.join(values) or 'none'}.")

    @property
    def set(self) -> str:
        """The parameter set: everything but seed and device, as canonical JSON."""
        return parameter_set(self.values)


def parameter_set(parameters: Mapping[str, Any]) -> str:
    """Canonical JSON of the parameters that results depend on besides chance and hardware."""
    kept = {name: value for name, value in parameters.items() if name not in ("seed", "device")}
    return json.dumps(kept, sort_keys=True)


# The one piece of state in this wing: a kernel runs one page, and its claims must know with which parameters.
_current: list[Settings] = []


def current() -> Settings | None:
    """The settings of the page that this process runs, if its `settings(...)` cell has run."""
    return _current[-1] if _current else None


def settings(page: str, *, seed: Any, device: Any, **parameters: Any) -> Settings:
    """Check the parameters of a notebook, and tell the checks that follow which set of parameters this run has.

    Raises:
        SettingError: one sentence with the parameter, what was given and what is accepted.
    """
    for name, checked in {"seed": between(seed, 0, 2**32 - 1), **parameters}.items():
        if not isinstance(checked, Checked):
            raise SettingError(f"{name} has no rule: pass between({name}, ...), one_of({name}, ...) or flag({name}).")
        if not checked.fits:
            raise SettingError(f"{name} = {checked.value!r}: accepted is {checked.accepted}.")
    try:
        where = resolve_device(device)
    except ValueError as error:
        raise SettingError(str(error)) from None
    run = Settings(page, seed, where, {name: checked.value for name, checked in parameters.items()})
    _current[:] = [run]
    shown = ", ".join(f"{name} = {value!r}" for name, value in {"seed": seed, **run.values}.items())
    record = {"kind": "settings", "page": page, "set": run.set, "seed": seed, "device": where.type}
    emit(record, "▸", page, shown, style="settings")
    return run
