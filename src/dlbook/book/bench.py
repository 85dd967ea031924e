"""Times and sizes of the book as JSON lines: printed, never a test, since machines differ."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .notebooks.files import read, write
from .notebooks.harvest import stored_results
from .paths import notebook_path, pages

Line = dict[str, Any]

#: Budgets on two cores: seconds, and megabytes.
BUDGETS = {
    "book build, cold": 15.0, "book build, one page touched": 5.0, "notebook seconds": 40.0, "notebook memory": 1000.0,
    "make test": 360.0, "page weight": 1.5, "import dlbook over torch": 0.3, "engine step over NumPy step": 3.0,
    "engine learns the digits": 20.0, "optimiser step over torch's": 2.0,
    "recurrent step over torch's cells": 1.5,
}  # fmt: skip
#: What a page loads for its formulas only.
MATHS = re.compile(r"mathjax", re.IGNORECASE)
IMPORTS_MEASURED = 5


def bench(top: Path, *, measure: bool = False, tests: bool = False) -> None:
    """Print a line a measurement as soon as it is made: name, value, unit, budget, and whether it is kept."""
    for line in (
        *builds(top),
        *notebooks(top, measure),
        *([make_test(top)] if tests else []),
        *weights(top),
        imports(),
        *engine(),
        *optimizers(),
        *recurrence(),
        *images(),
        *autoencoders(),
    ):
        print(json.dumps(line, ensure_ascii=False), flush=True)


def line(name: str, value: float, unit: str, budget: str, **more: Any) -> Line:
    """One measurement beside its budget."""
    limit = BUDGETS[budget]
    return {"name": name, "value": round(value, 3), "unit": unit, "budget": limit, "ok": value <= limit, **more}


def builds(top: Path) -> Iterator[Line]:
    """Seconds of a build from nothing, and of another after one page was touched; made in a copy of the book."""
    skipped = shutil.ignore_patterns(".git", ".venv", "_build", "build", "cache", "__pycache__", ".*_cache")
    with tempfile.TemporaryDirectory(prefix="dlbook-bench-") as folder:
        copy = Path(folder) / "book"
        shutil.copytree(top, copy, ignore=skipped)
        yield line("book build, cold", _build_seconds(copy), "s", "book build, cold")
        for page in pages(copy)[:1]:
            path = notebook_path(page, copy)
            notebook = read(path)
            # a word in its last text: a new title would change the navigation of every page
            [cell for cell in notebook.cells if cell.cell_type == "markdown"][-1].source += "\n\nTouched."
            write(path, notebook)
            seconds = _build_seconds(copy)
            yield line("book build, one page touched", seconds, "s", "book build, one page touched", page=page)


def _build_seconds(top: Path) -> float:
    code = "import pathlib, sys; from dlbook.book.build import build; build(pathlib.Path(sys.argv[1]), quiet=True)"
    return _seconds([sys.executable, "-c", code, str(top)])


def _seconds(command: list[str], **options: Any) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    return time.perf_counter() - start


def notebooks(top: Path, measure: bool) -> Iterator[Line]:
    """Seconds and peak memory of each notebook on one core: as stored with its results, or measured now."""
    for page in pages(top):
        cost = _measured(page, top) if measure else stored_results(page, top).get("cost")
        if cost:
            origin = {"page": page, "measured": measure, "hardware": cost["hardware"]}
            yield line("notebook seconds", cost["seconds"], "s", "notebook seconds", **origin)
            yield line("notebook memory", cost["peak_mb"], "MB", "notebook memory", **origin)


def _measured(page: str, top: Path) -> dict[str, Any]:
    from .notebooks.execute import QUESTION, STORED
    from .notebooks.kernels import run_cells

    path = notebook_path(page, top)
    seconds, cost = run_cells(read(path), page, path.parent, {**STORED, "DLBOOK_ROOT": str(top)}, QUESTION)
    return {"seconds": seconds, **cost}


def make_test(top: Path) -> Line:
    """Seconds of `make test`; its verdict is told, too."""
    start = time.perf_counter()
    done = subprocess.run(["make", "test"], cwd=top, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return line("make test", time.perf_counter() - start, "s", "make test", passed=done.returncode == 0)


def weights(top: Path) -> Iterator[Line]:
    """Megabytes that the first view of each page loads, maths excepted, with what weighs most; as built last."""
    built = top / "_build" / "html"
    for page in pages(top):
        html = built / notebook_path(page, top).relative_to(top).with_suffix(".html")
        if html.is_file():
            sizes = loaded(html, built)
            heaviest = sorted(sizes, key=lambda name: -sizes[name])[:4]
            largest = {name: round(sizes[name] / 1e6, 3) for name in heaviest}
            yield line("page weight", sum(sizes.values()) / 1e6, "MB", "page weight", page=page, largest=largest)


class _Resources(HTMLParser):
    """The files that a browser fetches with a page, as they are written there."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        fetched = {"stylesheet", "icon", "preload", "modulepreload", "shortcut"} & set((given.get("rel") or "").split())
        if (tag == "link" and fetched) or tag in ("script", "img", "source", "iframe"):
            self.found.append(given.get("href" if tag == "link" else "src") or "")


def loaded(html: Path, built: Path) -> dict[str, int]:
    """Bytes of a page and of each file that it loads; every font of its style sheets counts, used or not."""
    parser = _Resources()
    parser.feed(html.read_text(encoding="utf8"))
    sizes = {html.relative_to(built).as_posix(): html.stat().st_size}
    waiting = [(html.parent, reference) for reference in parser.found]
    while waiting:
        folder, reference = waiting.pop()
        parts = urlsplit(reference)
        path = (folder / unquote(parts.path)).resolve()
        if parts.scheme or parts.netloc or MATHS.search(parts.path) or not path.is_file():
            continue
        name = path.relative_to(built.resolve()).as_posix()
        if name not in sizes:
            sizes[name] = path.stat().st_size
            if path.suffix == ".css":
                style = path.read_text(encoding="utf8")
                fonts = re.findall(r"url\([\"']?([^\"')]+\.woff2|[^\"')]+\.css)[^)]*\)", style)
                waiting += [(path.parent, font) for font in fonts]
    return sizes


def imports() -> Line:
    """Seconds that `import dlbook` and its wings add to `import torch`: median of five fresh processes."""
    modules = "dlbook, dlbook.book, dlbook.runtime, dlbook.functional.shapes, dlbook.data"
    code = (
        "import time, torch; start = time.perf_counter(); "
        f"import {modules}; from dlbook.book import check, claim, settings, verify; print(time.perf_counter() - start)"
    )
    values = []
    for _ in range(IMPORTS_MEASURED):
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        values.append(float(done.stdout))
    return line("import dlbook over torch", statistics.median(values), "s", "import dlbook over torch")


def engine() -> Iterator[Line]:
    """On one core: a training step of `dlbook.autograd` beside the same in NumPy, and how long it learns the digits."""
    code = (
        "import json; from dlbook.book.bench_steps import engine_on_digits, engine_over_numpy; "
        "print(json.dumps([engine_over_numpy(), *engine_on_digits()]))"
    )
    ratio, seconds, score = _on_one_core(code)
    yield line("engine step over NumPy step", ratio, "times", "engine step over NumPy step")
    yield line("engine learns the digits", seconds, "s", "engine learns the digits", test_accuracy=round(score, 4))


def optimizers() -> Iterator[Line]:
    """On one core: a step of each optimiser of `dlbook.optim` beside the for-each step of `torch.optim`."""
    code = "import json; from dlbook.book.bench_steps import optimizer_steps; print(json.dumps(optimizer_steps()))"
    for name, ratio in _on_one_core(code).items():
        yield line("optimiser step over torch's", ratio, "times", "optimiser step over torch's", optimiser=name)


def recurrence() -> Iterator[Line]:
    """On one core: a training step of `dlbook.layers` beside a loop over torch's cell, and its fused layer."""
    code = "import json; from dlbook.book.bench_steps import recurrent_steps; print(json.dumps(recurrent_steps()))"
    for kind, (over_cells, over_fused) in _on_one_core(code).items():
        name, fused = "recurrent step over torch's cells", round(over_fused, 3)
        yield line(name, over_cells, "times", name, layer=kind, times_fused=fused)


def images() -> Iterator[Line]:
    """On two cores: how long the network of section 3.1 learns all of Fashion-MNIST; skipped where it is not."""
    yield from _on_cores(2, "import json; from dlbook.book.bench_images import images; print(json.dumps(images()))")


def autoencoders() -> Iterator[Line]:
    """On two cores: how soon the book's autoencoder has the bound of a widely used one; or skipped."""
    code = "import json; from dlbook.book.bench_vae import autoencoders; print(json.dumps(autoencoders()))"
    yield from _on_cores(2, code)


def _on_one_core(code: str) -> Any:
    """What the code prints, as JSON, in a process with one thread."""
    return _on_cores(1, code)


def _on_cores(cores: int, code: str) -> Any:
    """What the code prints, as JSON, in a process with so many threads."""
    threads = {**os.environ, "OMP_NUM_THREADS": str(cores), "OPENBLAS_NUM_THREADS": str(cores)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=threads)
    return json.loads(done.stdout)
