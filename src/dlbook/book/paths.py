"""Where things are in a checkout of the book, and how files are written: wholly or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import DlbookError


def root() -> Path:
    """The folder that holds `_toc.yml`: DLBOOK_ROOT, else upward from the working folder, else from this package.

    Raises:
        DlbookError: none of them is a checkout of the book.
    """
    if given := os.environ.get("DLBOOK_ROOT"):
        if (Path(given) / "_toc.yml").is_file():
            return Path(given).resolve()
        raise DlbookError(f"DLBOOK_ROOT = {given!r} holds no _toc.yml: it must name the folder of the book.")
    for start in (Path.cwd(), Path(__file__).resolve()):
        for folder in (start, *start.parents):
            if (folder / "_toc.yml").is_file() and (folder / "_config.yml").is_file():
                return folder.resolve()
    raise DlbookError("No folder above this one holds _toc.yml: call dlbook inside a checkout of the book.")


def pages(top: Path | None = None) -> list[str]:
    """Every page that is a notebook, by name: `01_tensors`, `01_tensors/broadcasting`, ..., `appendix/faq`."""
    top = top or root()
    found = [
        path.relative_to(top)
        for part in ("chapters", "appendix")
        for path in (top / part).rglob("*.ipynb")
        if not any(piece.startswith((".", "_")) for piece in path.relative_to(top).parts)
    ]
    return sorted(_name(path) for path in found)


def _name(relative: Path) -> str:
    return relative.with_suffix("").as_posix().removeprefix("chapters/")


def page_name(given: str | Path, top: Path | None = None) -> str:
    """The page that `given` means: a page name, or a path to its notebook.

    Raises:
        DlbookError: there is no such page; the sentence lists those that there are.
    """
    top = top or root()
    known = pages(top)
    text = Path(given).as_posix().removesuffix(".ipynb").removeprefix("./")
    for candidate in (text, text.removeprefix("chapters/")):
        if candidate in known:
            return candidate
    path = Path(given)
    inside = path.is_file() and path.resolve().is_relative_to(top)
    if inside and (name := _name(path.resolve().relative_to(top))) in known:
        return name
    raise DlbookError(f"There is no page {str(given)!r}: accepted are {', '.join(known) or 'none yet'}.")


def notebook_path(page: str, top: Path | None = None) -> Path:
    """The notebook of a page."""
    folder = "" if page.startswith("appendix/") else "chapters/"
    return (top or root()) / f"{folder}{page}.ipynb"


def results_path(page: str, top: Path | None = None) -> Path:
    """The harvested results of a page."""
    return (top or root()) / "results" / f"{page}.json"


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new, never a part.

    Raises:
        DlbookError: the folder cannot be written to.
    """
    path = Path(path)
    data = content.encode("utf8") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise DlbookError(f"Cannot write {path}: {error.strerror or error}.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DlbookError(f"Cannot write {path}: {error.strerror or error}.") from error
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
