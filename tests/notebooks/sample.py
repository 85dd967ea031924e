"""A small page that has everything a page has, and ways to execute it: in a kernel, or here without one.

Its graders stand in a module beside it: importing that enters it among the book's own.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import IPython.display
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dlbook.book import records
from dlbook.book.notebooks.execute import clean
from dlbook.book.notebooks.files import code_cells, read, write
from dlbook.book.notebooks.harvest import harvest, stored_results
from dlbook.book.notebooks.weave import weave
from dlbook.book.paths import results_path

PAGE = "01_sample"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

GRADERS = '''"""Graders of the sample page; entered among the book's own on import."""
import sys
from dlbook.book.exercises.graders import Value

GRADERS = {f"sample-{i}": Value(i, "count") for i in range(1, 6)}
sys.modules["dlbook.book.exercises.sample"] = sys.modules[__name__]
'''


def code(source: str, *tags: str, **metadata: Any) -> NotebookNode:
    return new_code_cell(source, metadata={**({"tags": list(tags)} if tags else {}), **metadata})


def exercise(number: int) -> list[NotebookNode]:
    name = f"sample-{number}"
    return [
        new_markdown_cell(f"```{{exercise}} ★ Count to {number}\n:label: ex-{name}\n\nGive the number.\n```"),
        code(f'answer = ...\ncheck("{name}", answer)'),
        new_markdown_cell(f"```{{solution-start}} ex-{name}\n:class: dropdown\n```"),
        code(f'check("{name}", {number})', jupyter={"source_hidden": True}),
        new_markdown_cell("```{solution-end}\n```"),
    ]


def page(name: str = PAGE) -> NotebookNode:
    """The page, not yet executed."""
    figure = {
        "image": {"alt": "One dark pixel, drawn so that a figure stands on this page."},
        "figure": {"name": "fig-sample-pixel", "caption": "A pixel."},
    }
    cells = [
        new_markdown_cell(
            "# A sample\n\nIt holds what a page holds; see {eq}`eq-sample-strides` and {ref}`ex-sample-1`."
        ),
        code(
            'seed: int = 0  # seed of every random number\ndevice: str = "auto"  # auto, cpu or cuda\n'
            "n: int = 512  # how many numbers\nrate: float = 0.5  # a rate\nnames: list[str] = ['a', 'b']  # names",
            "parameters",
        ),
        code(
            "import sample_graders\nimport torch\nfrom IPython.display import Image, display\n\n"
            "import base64\nimport math\nfrom collections.abc import Sequence as Shape\n\n"
            "from dlbook.book import between, check, claim, mistake, say, settings, verify"
        ),
        code(
            f'run = settings("{name}", seed=seed, device=device,\n'
            '               n=between(n, 2, 4096), rate=between(rate, 0.0, 1.0),\n'
            "               names=between(len(names), 1, 9))\n"
            "generator = torch.Generator().manual_seed(run.seed)"
        ),
        new_markdown_cell(
            "## Strides\n\n$$\ns_k = \\prod_{j > k} n_j\n$$ (eq-sample-strides)\n\nThe code is the equation."
        ),
        code("", "src:dlbook.functional.shapes.row_major_strides", covers=["C-013", "q004"]),
        code(
            'verify("eq-sample-strides", row_major_strides,\n       lambda shape: torch.empty(shape).stride(),\n'
            '       on=[((2, 3),), ((5, 1, 7),), ((),)], against="torch.empty(shape).stride()")'
        ),
        code(f'display(Image(data=base64.b64decode("{PIXEL}"), format="png"))', "hide-input", mystnb=figure),
        code("x = torch.rand(run.n, generator=generator)\nprint(torch.linspace(0, 1, 7))\nprint(run.n, x.dtype)"),
        code('say(f"The root of two is {math.sqrt(2):.5f}, and {2 * run.rate:.4f} is one.")', "remove-input"),
        code('claim("mean of uniform numbers", x.mean().item())', "nbval-ignore-output"),
        code("print(torch.get_num_threads())", "nbval-ignore-output", "hardware"),
        code("if run.n == 13:\n    raise ValueError('thirteen is\\nrefused')"),
        new_markdown_cell("## Break it"),
        code('with mistake(RuntimeError, match="must match"):\n    x[:2] + torch.ones(3)'),
        new_markdown_cell("## Exercises"),
        *(cell for number in range(1, 6) for cell in exercise(number)),
    ]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "dlbook": {"sets": {"quick": {"n": 64}}},
    }
    return new_notebook(cells=cells, metadata=metadata)


def make_root(top: Path, notebook: NotebookNode | None = None, name: str = PAGE) -> Path:
    """A checkout of a book with this one page; its claim has a band already."""
    (top / "chapters").mkdir(parents=True, exist_ok=True)
    (top / "_config.yml").write_text("title: sample\n")
    (top / "_toc.yml").write_text(f"format: jb-book\nroot: intro\nchapters:\n  - file: chapters/{name}\n")
    (top / "intro.md").write_text("# Welcome\n")
    (top / "chapters" / "sample_graders.py").write_text(GRADERS)
    write(top / "chapters" / f"{name}.ipynb", notebook if notebook is not None else page(name))
    store(top, {"bands": {PARAMETER_SET: {"mean of uniform numbers": BAND}}}, name)
    return top


PARAMETER_SET = json.dumps({"n": 512, "names": 2, "rate": 0.5}, sort_keys=True)
BAND = {
    "n": 10, "mean": 0.5, "s": 0.0128, "low": 0.42, "high": 0.58, "side": "two-sided", "limit": None, "timing": False,
    "hardware": "any",
}  # fmt: skip


def store(top: Path, results: dict[str, Any], name: str = PAGE) -> None:
    path = results_path(name, top)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1))


def execute_here(top: Path, name: str = PAGE) -> NotebookNode:
    """Execute the page in this process, without a kernel, and store what comes out as `dlbook execute` does."""
    path = top / "chapters" / f"{name}.ipynb"
    notebook = read(path)
    weave(notebook, name)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with _shown_to(outputs := []):
        for number, (_, cell) in enumerate(code_cells(notebook), 1):
            outputs.clear()
            with contextlib.redirect_stdout(io.StringIO()) as stdout:
                exec(compile(cell.source, f"cell {number}", "exec"), namespace)
            printed = [new_output("stream", name="stdout", text=stdout.getvalue())] if stdout.getvalue() else []
            cell.outputs, cell.execution_count = copy.deepcopy([*outputs, *printed]), number
    clean(notebook)
    write(path, notebook)
    cost = {"seconds": 1.0, "peak_mb": 300, "device": "cpu", "threads": 1, "hardware": "any"}
    kept = stored_results(name, top).get("bands", {})
    store(top, {**harvest(notebook, name), "cost": cost, "bands": kept, "quick": {"seconds": 0.5}}, name)
    return notebook


@contextlib.contextmanager
def _shown_to(outputs: list[NotebookNode]) -> Iterator[None]:
    """Collect what the cells show, as a kernel would send it."""
    from dlbook.book import claims

    def publish(data: dict[str, Any], **_: Any) -> None:
        outputs.append(new_output("display_data", data=copy.deepcopy(data)))

    def display(shown: Any) -> None:
        data = {"text/plain": f"<{type(shown).__module__}.{type(shown).__name__} object>"}
        if isinstance(shown, IPython.display.Image):
            data["image/png"] = PIXEL
        else:
            data["text/markdown"] = shown.data
        publish(data)

    kept = IPython.display.publish_display_data, IPython.display.display, records.in_notebook, claims.in_notebook
    IPython.display.publish_display_data, IPython.display.display = publish, display
    records.in_notebook = claims.in_notebook = lambda: True
    try:
        yield
    finally:
        IPython.display.publish_display_data, IPython.display.display, records.in_notebook, claims.in_notebook = kept
