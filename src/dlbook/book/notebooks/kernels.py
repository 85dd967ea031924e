"""Kernels that run cells: always of this environment, with the arithmetic that was asked for."""

from __future__ import annotations

import ast
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from nbformat import NotebookNode

from ..errors import DlbookError
from .files import place


class RunError(DlbookError):
    """A notebook stopped in a cell: which, and with what error."""

    exit_status = 1

    def __init__(self, page: str, cell: str, name: str, message: str) -> None:
        self.page, self.cell, self.name, self.message = page, cell, name, message
        super().__init__(page, cell, name, message)  # so that it survives the way out of a worker process

    def __str__(self) -> str:
        where = f"{self.page}: {self.cell}" if self.cell else self.page
        return f"{where}: {self.name}: {self.message}" if self.message else f"{where}: {self.name}."


def one_line(text: str, limit: int = 400) -> str:
    """The first line of a message that says something."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def kernel_manager(environment: Mapping[str, str] | None = None) -> type:
    """A class of kernel managers whose `python3` is this Python, whatever kernels the user has registered.

    Args:
        environment: variables that the kernel gets besides the inherited ones.
    """
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> Any:
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())

    class Manager(AsyncKernelManager):
        def _kernel_spec_manager_default(self) -> Any:
            return ThisPython(parent=self)

        async def start_kernel(self, **options: Any) -> None:
            # the kernel's own log goes nowhere; what cells write to stderr comes back as their output
            given = {"env": {**os.environ, **(environment or {})}, "stderr": DEVNULL}
            await super().start_kernel(**given | options)

    return Manager


def run_cells(
    notebook: NotebookNode, page: str, folder: Path, environment: Mapping[str, str], question: str = "None"
) -> tuple[float, Any]:
    """Run every cell of `notebook` in a fresh kernel, in place; nothing is written.

    Args:
        notebook: its outputs are replaced.
        page: how errors call it.
        folder: the kernel's working folder.
        environment: variables that the kernel gets besides the inherited ones.
        question: a Python expression, evaluated in the kernel after the last cell without leaving a trace.

    Returns:
        Wall seconds of the cells, and the answer (anything that JSON can carry).

    Raises:
        RunError: a cell raised, or the kernel died.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=kernel_manager(environment),
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        timeout=None,
        iopub_timeout=30,
        raise_on_iopub_timeout=True,
    )
    index = 0
    try:
        with client.setup_kernel():
            start = time.perf_counter()
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index, execution_count=client.code_cells_executed + 1)
            seconds = time.perf_counter() - start
            return seconds, _ask(client, question)
    except CellExecutionError as error:
        raise RunError(page, place(notebook, index), error.ename, one_line(error.evalue)) from None
    except DeadKernelError:
        raise RunError(
            page, place(notebook, index), "the kernel died", "does it need more memory than there is?"
        ) from None


def _ask(client: Any, question: str) -> Any:
    expression = {"answer": f"__import__('json').dumps({question})"}
    message = client.kc.execute("", silent=True, store_history=False, user_expressions=expression)
    reply = client.wait_for_reply(message)["content"]["user_expressions"]["answer"]
    if reply["status"] != "ok":
        raise RuntimeError(f"The kernel could not answer: {reply.get('evalue')}")
    return json.loads(ast.literal_eval(reply["data"]["text/plain"]))


def cost(device: str) -> dict[str, Any]:
    """Peak memory of this process in megabytes, torch included, and what results depend on besides code and seed."""
    from ...runtime import environment

    return {"peak_mb": round(_peak_bytes() / 1e6), **environment(device)}


def _peak_bytes() -> int:
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    try:  # ru_maxrss counts what the parent process held before it started this one
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
