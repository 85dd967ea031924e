"""What makes a page verifiable: `settings`, `verify`, `claim`, `say`, `mistake` and `check`.

Each name is imported when it is first used: the command line answers without waiting for torch.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

_HOMES = {
    "SilentMistake": "claims", "claim": "claims", "mistake": "claims", "say": "claims", "table": "claims",
    "verify": "equations", "check": "exercises",
    "between": "settings", "flag": "settings", "one_of": "settings", "settings": "settings",
}  # fmt: skip

__all__ = [
    "SilentMistake",
    "between",
    "check",
    "claim",
    "flag",
    "mistake",
    "one_of",
    "say",
    "settings",
    "table",
    "verify",
]


class _Book(ModuleType):
    """This package: importing its module `settings` must not hide the function of that name."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HOMES and isinstance(value, ModuleType):
            return
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Book
