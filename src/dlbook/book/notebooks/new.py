"""The skeleton of a new page: everything that the contract of a page asks for, in its order, with `...` to fill."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from ..errors import DlbookError
from ..paths import notebook_path
from .files import write

NAME = re.compile(r"(?:appendix/[a-z][a-z0-9_]*(?:/[a-z][a-z0-9_]*)?|\d\d_[a-z][a-z0-9_]*(?:/[a-z][a-z0-9_]*)?)")


def new(page: str, title: str, top: Path) -> Path:
    """Write the skeleton of a page, and return its path; the table of contents is not touched.

    Raises:
        DlbookError: the page is there already, or the name is no page name.
    """
    if not NAME.fullmatch(page):
        raise DlbookError(f"PAGE = {page!r}: accepted are names such as '03_cnn', '03_cnn/training', 'appendix/faq'.")
    if not title.strip():
        raise DlbookError("TITLE is empty: accepted is the heading of the page.")
    path = notebook_path(page, top)
    if path.exists():
        raise DlbookError(f"The page {page} is there already: {path.relative_to(top).as_posix()}.")
    write(path, skeleton(page, title.strip()))
    return path


def advice(page: str, top: Path) -> str:
    """What is left to do for a new page, with the lines to copy."""
    entry = notebook_path(page, top).relative_to(top).with_suffix("").as_posix()
    stem = exercise_stem(page)
    return (
        f"Add to _toc.yml:              - file: {entry}\n"
        f"Write a grader for {stem}-1 in:  src/dlbook/book/exercises/{stem}.py\n"
        f"Then:                         dlbook execute {page}; dlbook bands {page}; dlbook lint {page}"
    )


def exercise_stem(page: str) -> str:
    """What the exercises of a page are called after: its name without folder and number."""
    return re.sub(r"^\d+_", "", page.rpartition("/")[2])


def skeleton(page: str, title: str) -> NotebookNode:
    """A notebook that obeys the contract of a page but for what only its author can fill in."""
    stem = exercise_stem(page)
    label = stem.replace("_", "-")
    cells = [
        new_markdown_cell(
            f"# {title}\n\n...: the question that this page answers, in a sentence.\n\n"
            "**You will be able to**\n\n- ...\n- ...\n- ...\n\n**You need** ...: links to the pages that come before."
        ),
        new_code_cell(
            "seed: int = 0  # seed of every random number\n"
            'device: str = "auto"  # auto, cpu or cuda\n'
            "n: int = 256  # ...: what a reader would vary",
            metadata={"tags": ["parameters"]},
        ),
        new_code_cell(
            "import torch\n\nfrom dlbook import plots\n"
            "from dlbook.book import between, check, mistake, say, settings, verify\n"
            "from dlbook.runtime import seed_everything"
        ),
        new_code_cell(
            f'run = settings(\n    "{page}", seed=seed, device=device, n=between(n, 2, 4096)\n)\n'
            "generator = seed_everything(run.seed)"
        ),
        new_markdown_cell("## ...: one idea\n\n...: a concrete case or a picture first."),
        new_code_cell(
            "x = torch.linspace(0, 1, run.n, dtype=torch.float64)\n"
            'plots.lines(x, {"x²": x**2}, xlabel="x", ylabel="x²")',
            metadata={
                "mystnb": {
                    "image": {"alt": "...: what the figure shows, for a reader who does not see it"},
                    "figure": {"name": f"fig-{label}-1", "caption": "...: the one message of the figure."},
                },
                "tags": ["hide-input"],
                "covers": [],
            },
        ),
        new_markdown_cell(f"...: the idea in words, every symbol named.\n\n$$\ny = x^2\n$$ (eq-{label}-1)"),
        new_code_cell("def square(x):\n    return x * x"),
        new_code_cell(
            f'verify(\n    "eq-{label}-1",\n    square,\n    lambda x: x.pow(2),\n    on=[(x,), (-x[:3],)],\n'
            '    against="torch.pow(x, 2)",\n    kind="equal",\n)'
        ),
        new_code_cell(
            'say(f"The mean of the squares is {square(x).mean():.4f}: ...")', metadata={"tags": ["remove-input"]}
        ),
        new_markdown_cell("## Break it\n\n...: a usual mistake, its symptom, and the check that would have caught it."),
        new_code_cell('with mistake(RuntimeError, match="must match"):\n    x[:2] + x[:3]'),
        new_markdown_cell("## Exercises"),
        new_markdown_cell(f"```{{exercise}} ★ ...\n:label: ex-{stem}-1\n\n...: what is asked for.\n```"),
        new_code_cell(f'answer_1 = ...\ncheck("{stem}-1", answer_1)'),
        new_markdown_cell(f"```{{solution-start}} ex-{stem}-1\n:class: dropdown\n```"),
        new_code_cell(
            f'answer_1 = ...  # the solution\ncheck("{stem}-1", answer_1)',
            metadata={"jupyter": {"source_hidden": True}},
        ),
        new_markdown_cell("```{solution-end}\n```"),
        new_markdown_cell("## Summary\n\n- ..."),
        new_markdown_cell("## PyTorch on this page\n\n- ...: each function met, linked to its documentation."),
        new_markdown_cell("## Further reading\n\n- ...: with citations."),
        new_markdown_cell(f"## Experiments\n\n```bash\ndlbook run {page} -p n 1024 -p seed 1\n```"),
    ]
    for number, cell in enumerate(cells):
        cell.id = hashlib.sha256(f"{page}:{number}".encode()).hexdigest()[:8]
    return new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "dlbook": {"sets": {"quick": {"n": 64}}},
        },
    )
