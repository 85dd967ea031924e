"""Reading the YAML of a sweep file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ..errors import DlbookError
from ..paths import root


class _Loader(yaml.SafeLoader):
    """YAML as the reader means it: 1e-3 is a number, and a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise DlbookError(f"the key {twice!r} stands twice: accepted is once.")
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def load(file: Path, keys: Sequence[str]) -> dict[Any, Any]:
    """The mapping in a sweep file.

    Raises:
        DlbookError: there is no such file, it is no YAML, or no mapping.
    """
    try:
        asked = yaml.load(file.read_text(encoding="utf8"), _Loader)
    except OSError as error:
        known = sorted(path.relative_to(root()).as_posix() for path in (root() / "experiments").glob("*.yaml"))
        accepted = ", ".join(known) or "none yet"
        raise DlbookError(f"Cannot read {file} ({error.strerror}): the sweeps of this book are {accepted}.") from error
    except DlbookError as error:
        raise DlbookError(f"{file}: {error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        raise DlbookError(f"{file}: no YAML{where}: {what}.") from error
    if not isinstance(asked, dict):
        raise DlbookError(f"{file}: {type(asked).__name__}: accepted are the keys {', '.join(keys)}.")
    return asked
