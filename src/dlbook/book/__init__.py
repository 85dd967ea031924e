"""What makes a page verifiable: `settings`, `verify`, `claim`, `say`, `table`, `mistake` and `check`.

Each name is imported when it is first used, so that the command line answers without waiting for torch.
"""

import importlib
from typing import Any

_HOMES = {
    "SilentMistake": "claims", "claim": "claims", "mistake": "claims", "say": "claims", "table": "claims",
    "verify": "equations", "check": "exercises",
    "between": "parameters", "flag": "parameters", "one_of": "parameters", "settings": "parameters",
}  # fmt: skip

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
