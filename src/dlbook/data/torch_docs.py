"""`torch_docs`: the documentation that the installed torch carries, as text for language models."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType

from dlbook.data.kinds import Text

# Pages of torch's public reference, in this order. What depends on the machine is left out: devices, torch.distributed.
PAGES = (
    "torch", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.nn.utils", "torch.optim",
    "torch.optim.lr_scheduler", "torch.autograd", "torch.func", "torch.linalg", "torch.fft", "torch.special",
    "torch.signal.windows", "torch.distributions", "torch.utils.data",
)  # fmt: skip


def torch_docs() -> Text:
    """Every docstring with a body on `PAGES`, each once, below the first name that carries it.

    The order is that of `PAGES`, then the alphabet: it depends on the installed torch alone, not on the hash seed,
    on what else was imported, or on the version of Python.
    """
    import torch

    names: dict[str, str] = {}  # docstring -> name
    for page in PAGES:
        for name, docstring in _documented(importlib.import_module(page)):
            names.setdefault(docstring, f"{page}.{name}")
    return Text(
        "torch_docs",
        documents=tuple(f"{name}\n\n{docstring}" for docstring, name in names.items()),
        source=f"Docstrings of PyTorch {torch.__version__.split('+')[0]} as installed; BSD-3-Clause",
    )


def _documented(page: ModuleType) -> Iterator[tuple[str, str]]:
    """Public names of one module with their docstrings, indentation removed, in alphabetical order."""
    for name in sorted(getattr(page, "__all__", None) or vars(page)):
        thing = vars(page).get(name)
        docstring = getattr(thing, "__doc__", None)
        if name.startswith("_") or isinstance(thing, ModuleType) or not isinstance(docstring, str):
            continue
        docstring = inspect.cleandoc(docstring)
        if _is_torchs_own(thing) and "\n\n" in docstring:  # one paragraph alone: aliases, made by machines
            yield name, docstring


def _is_torchs_own(thing: object) -> bool:
    """Whether torch defines it; functions written in C++ may not say where they come from."""
    module = getattr(thing, "__module__", None)
    return module is None or module.split(".")[0] == "torch"
