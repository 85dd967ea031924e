"""Parameters from outside: names and types are checked against the parameters cell before anything runs."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from typing import Any

from .errors import SettingError
from .notebooks.files import Parameter

KINDS = {"int": "an integer", "float": "a number", "bool": "true or false", "str": "a text", "None": "None"}


def typed(page: str, declared: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The given parameters, each of the type that its annotation names; texts are read as that type.

    Raises:
        SettingError: an unknown name (with the nearest), or a value of another type; one sentence.
    """
    for name in given:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise SettingError(f"{page} has no parameter {name!r}: {hint}Accepted are {', '.join(declared)}.")
    return {name: _typed(declared[name], value) for name, value in given.items()}


def _typed(parameter: Parameter, value: Any) -> Any:
    annotation = parameter.annotation or type(parameter.default).__name__.replace("NoneType", "object")
    kind = ast.parse(annotation.strip("'\""), mode="eval").body
    try:
        return _fit(value, kind)
    except (ValueError, SyntaxError, TypeError):
        accepted = f"{_words(kind)}, as in {parameter.default!r}"
        raise SettingError(f"{parameter.name} = {value!r}: accepted is {accepted}.") from None


def _fit(value: Any, kind: ast.expr) -> Any:
    """`value` as this kind; a text is read, anything else must be of the kind. Raises ValueError."""
    if isinstance(kind, ast.BinOp):
        try:
            return _fit(value, kind.left)
        except (ValueError, SyntaxError, TypeError):
            return _fit(value, kind.right)
    name, inner = ast.unparse(kind).rpartition(".")[2], []
    if isinstance(kind, ast.Subscript):
        name = ast.unparse(kind.value).rpartition(".")[2]
        inner = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
    if name in SIMPLE:
        return SIMPLE[name](value)
    if name == "Literal":
        return _option(value, [ast.literal_eval(option) for option in inner])
    if name == "Optional":
        return _fit(value, ast.BinOp(ast.Name("None"), ast.BitOr(), inner[0]))
    if name in ("list", "tuple", "Sequence"):
        return _series(value, inner, fixed=name == "tuple" and "..." not in ast.unparse(kind))
    return _literal(value)


def _integer(value: Any) -> int:
    if isinstance(value, str):
        return int(value, 0) if value.lower().startswith(("0x", "0b", "0o")) else int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError
    return float(value)


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else _refuse()


def _string(value: Any) -> str:
    return value if isinstance(value, str) else _refuse()


def _nothing(value: Any) -> None:
    return None if value in (None, "None", "none", "null") else _refuse()


def _refuse() -> Any:
    raise ValueError


SIMPLE = {"int": _integer, "float": _number, "bool": _truth, "str": _string, "None": _nothing}


def _option(value: Any, options: list[Any]) -> Any:
    for option in options:
        if (type(value) is type(option) and value == option) or (isinstance(value, str) and value == str(option)):
            return option
    raise ValueError


def _literal(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value


def _series(value: Any, inner: list[ast.expr], *, fixed: bool) -> list[Any]:
    """A list; from a text `[1, 2]`, `(1, 2)` or `1,2`. Each entry is of the kind named in the brackets."""
    if isinstance(value, str):
        found = _literal(value if value.strip().startswith(("[", "(")) else f"[{value}]")
        value = [part.strip() for part in value.split(",")] if isinstance(found, str) else found
    if not isinstance(value, (list, tuple)):
        raise ValueError
    if fixed and inner and len(value) != len(inner):
        raise ValueError
    kinds = inner if fixed and inner else inner[:1] * len(value)
    if not kinds:
        return list(value)
    return [_fit(part, kind) for part, kind in zip(value, kinds, strict=True)]


def _words(kind: ast.expr) -> str:
    """A kind in the words of a sentence, with its name in Python."""
    if isinstance(kind, ast.BinOp):
        return f"{_words(kind.left)} or {_words(kind.right)}"
    name = ast.unparse(kind)
    return f"{KINDS[name]} ({name})" if name in KINDS and name != "None" else KINDS.get(name, name)
