"""One run of a notebook with other parameters: checked before it starts, kept beside the others, told in a table."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..runtime import FIXED_ARITHMETIC, resolve_device
from .errors import DlbookError, SettingError
from .notebooks.files import Parameter, parameters_cell, place, read, sets, text_of
from .notebooks.files import parameters as declared_parameters
from .notebooks.kernels import RunError, kernel_manager, one_line
from .paths import notebook_path, page_name, root, write_atomic
from .records import harvest
from .told import report
from .values import typed

__all__ = ["RunError", "check_parameters", "run_notebook", "run_page"]

LONGEST_NAME = 120  # characters of a file name


def run_notebook(
    path: Path, parameters: dict[str, Any], output: Path, *, fixed: bool, progress: bool = False
) -> list[dict[str, Any]]:
    """Run a notebook with papermill in its own folder, and return the records that its checks left.

    Args:
        path: the notebook; it is not changed.
        parameters: values for some of its parameters; names and types are checked first.
        output: where the executed notebook goes, once every cell ran.
        fixed: with the fixed arithmetic in which outputs are stored, else as this machine computes.
        progress: show on stderr how many cells are done.

    Raises:
        SettingError: an unknown or ill-typed parameter, or a device that this machine lacks: nothing was run.
        RunError: a cell raised. The executed part lies beside `output`, as `....failed.ipynb`.
    """
    path, output = Path(path).resolve(), Path(output).resolve()
    given = check_parameters(path, parameters)
    part = _beside(output)
    try:
        notebook = _papermill(path, given, part, fixed, progress)
    except RunError:
        os.replace(part, failed_path(output))
        raise
    else:
        notebook.metadata.papermill.output_path = str(output)
        write_atomic(output, text_of(notebook))
        failed_path(output).unlink(missing_ok=True)
        return [dict(record) for _, record in harvest(notebook)]
    finally:
        part.unlink(missing_ok=True)


def check_parameters(path: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with their types, if a run of this notebook with them may start; texts are read.

    Raises:
        DlbookError: no parameters cell, an unknown name, a value of another type, or a device that is not there.
    """
    declared = _declared(read(Path(path)), Path(path).stem)
    given = typed(Path(path).stem, declared, parameters)
    require_device(given.get("device", declared["device"].default if "device" in declared else "cpu"))
    return given


def failed_path(output: Path) -> Path:
    """Where the executed part of a run that failed is kept."""
    return output.with_name(output.name.removesuffix(".ipynb") + ".failed.ipynb")


def _beside(output: Path) -> Path:
    """An empty file in the folder of `output`, which is made."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".run-", suffix=".ipynb", dir=output.parent)
    except OSError as error:
        raise DlbookError(f"Cannot write {output}: {error.strerror or error}.") from error
    os.close(handle)
    return Path(name)


def _declared(notebook: Any, page: str) -> dict[str, Parameter]:
    if parameters_cell(notebook) is None:
        raise DlbookError(f"{page} has no cell tagged 'parameters': there is nothing in it that could be set.")
    return declared_parameters(notebook)


def require_device(name: Any) -> None:
    """Refuse a device that this machine lacks before a kernel is started.

    Raises:
        SettingError: one sentence with what was asked for and what there is.
    """
    try:
        resolve_device(name)
    except ValueError as error:
        raise SettingError(str(error)) from None


def _papermill(path: Path, given: dict[str, Any], part: Path, fixed: bool, progress: bool) -> Any:
    """Run with papermill into the file `part`; raises RunError, with `part` as far as it came."""
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook

    try:
        return execute_notebook(
            str(path),
            str(part),
            given,
            kernel_name="python3",
            cwd=str(path.parent),
            progress_bar=progress,
            request_save_on_cell_execute=False,
            kernel_manager_class=kernel_manager(FIXED_ARITHMETIC if fixed else None),
        )
    except PapermillExecutionError as error:
        # papermill puts the given values into a cell of its own, after the parameters cell
        index = error.cell_index - (1 if given else 0)
        raise RunError(path.stem, place(read(path), index), error.ename, one_line(error.evalue)) from None
    except DeadKernelError:
        raise RunError(path.stem, "", "the kernel died", "does it need more memory than there is?") from None


def run_page(
    page: str,
    given: Sequence[tuple[str, Any]] = (),
    folder: Path | None = None,
    *,
    set_name: str | None = None,
    fixed: bool = False,
    progress: bool = True,
) -> Path:
    """Run a page, or any other notebook with a parameters cell, and print where the output is and what it found.

    Args:
        page: a page name, or a path to a notebook.
        given: names and values; texts are read as the type of the parameter.
        folder: where the output goes, named after the parameters; default `build/runs/<page>/`.
        set_name: a parameter set that the notebook declares; `given` is laid over it.
        fixed: with the fixed arithmetic in which outputs are stored.
        progress: show how many cells are done.

    Raises:
        DlbookError: an unknown page, set or parameter, or a value of another type: nothing was run.
        RunError: a cell raised.
    """
    name, path = _find(page)
    notebook = read(path)
    parameters = _chosen_set(notebook, name, set_name) | dict(given)
    parameters = typed(name, _declared(notebook, name), parameters)
    output = (folder or root() / "build" / "runs" / name) / f"{name_of(parameters)}.ipynb"
    try:
        records = run_notebook(path, parameters, output, fixed=fixed, progress=progress)
    except RunError as error:
        raise RunError(name, error.cell, error.name, f"{error.message} [{_shown(failed_path(output))}]") from None
    print("\n".join(report(records, name)))
    print(_shown(output))
    return output


def _find(given: str) -> tuple[str, Path]:
    path = Path(given)
    try:
        name = page_name(given)
    except DlbookError:
        if path.suffix == ".ipynb" and path.is_file():
            return path.stem, path
        raise
    return name, notebook_path(name)


def _chosen_set(notebook: Any, page: str, name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    declared = sets(notebook)
    if name not in declared:
        raise DlbookError(f"{page} declares no set {name!r}: accepted are {', '.join(declared) or 'none'}.")
    return declared[name]


def name_of(parameters: Mapping[str, Any]) -> str:
    """A file name that says with what parameters a run was made: `n=256,seed=1`; `default` where none were given."""
    text = ",".join(f"{name}={value}" for name, value in parameters.items()) or "default"
    safe = re.sub(r"[^\w.,=+\[\]() -]", "_", text).replace(" ", "")
    if safe == text.replace(" ", "") and len(safe) <= LONGEST_NAME:
        return safe
    digest = hashlib.sha256(text.encode("utf8")).hexdigest()[:8]  # two texts that look alike as file names
    return f"{safe[: LONGEST_NAME - 9]}-{digest}"


def _shown(path: Path) -> str:
    """A path relative to the working folder where it lies in it."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
