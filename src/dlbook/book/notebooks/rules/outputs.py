"""Rules about stored outputs: executed in order, clean, and free of what differs between machines."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from ...comparator import read_text, shown
from ..files import code_cells
from ..harvest import cell_class
from ..lint import Fault, Page, rule

LARGEST_IMAGE = 100_000  # bytes
LEAST_DIGITS = 4

ABSOLUTE = re.compile(
    r"(?<![\w./~:-])/(?:home|Users|root|tmp|var|opt|mnt|media|srv|usr|etc|private|content|work|workspace|data|app)/[\w.@-]+"
    r"|(?<!\w)[A-Za-z]:\\{1,2}\w[\w.-]*\\|file:///\S+|(?<![\w~])~/[\w.]+"
)
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
DEVICE = re.compile(r"\b(?:cuda|mps|xla):\d+|device=['\"](?!cpu)\w+(?::\d+)?['\"]")
VERSION = re.compile(r"(?<![\w.])v?\d+\.\d+\.\d+(?:\.\w+|\+\w+)*(?![\w.]*\.\d)|\+cu\d{2,}|\bPython \d+\.\d+")
SHORT_FORMAT = re.compile(
    r":[^{}:\n'\"]{0,8}\.(?P<a>[0-3])(?P<b>[efgEFG%])\}"
    r"|%[-+ #0-9]*\.(?P<c>[0-3])(?P<d>[efg])"
    r"|\bround\([^()\n]*,\s*(?P<e>[0-3])\s*\)"
)


@rule("execution-count")
def execution_count(page: Page) -> Iterator[Fault]:
    """Every code cell was executed, in order: a cell without a count is not compared at all."""
    for expected, (index, cell) in enumerate(code_cells(page.notebook), 1):
        if cell.execution_count != expected:
            found = "no execution count" if cell.execution_count is None else f"execution count {cell.execution_count}"
            yield Fault(index, f"{found} where {expected} is due", f"Run `dlbook execute {page.name}`.")
            return


@rule("error-output")
def error_output(page: Page) -> Iterator[Fault]:
    """No stored errors, and nothing on stderr."""
    for index, cell in code_cells(page.notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                mend = "Make a mistake on purpose inside `with mistake(...):`."
                yield Fault(index, f"a stored error output ({output.ename})", mend)
            elif output.output_type == "stream" and output.name == "stderr":
                first = output.text.strip().partition("\n")[0][:80]
                yield Fault(index, f"output on stderr: {first!r}", "Mend what warns, or catch it with `mistake`.")


@rule("absolute-path", excusable=True)
def absolute_path(page: Page) -> Iterator[Fault]:
    """No absolute path, in no source and no output: it is true on one machine only."""
    for index, cell in enumerate(page.notebook.cells):
        texts = [cell.source, *(text for _, text in shown(cell.get("outputs", [])))]
        for text in texts:
            here = str(page.top)
            if match := ABSOLUTE.search(text) or re.search(re.escape(here) + r"\b", text):
                yield Fault(index, f"the absolute path {match[0]}", "Name the file relative to the notebook.")
                break


def compared_texts(page: Page) -> Iterator[tuple[int, NotebookNode, str]]:
    """Index, cell and text of everything that is compared."""
    for index, cell in code_cells(page.notebook):
        if cell_class(page.notebook, index) == "compared":
            for _, text in shown(cell.outputs):
                yield index, cell, text


@rule("memory-address")
def memory_address(page: Page) -> Iterator[Fault]:
    """No memory address in a compared output: it differs in every run."""
    for index, _, text in compared_texts(page):
        if match := ADDRESS.search(text):
            yield Fault(index, f"the memory address {match[0]}", "Print what the address shows, such as `a is b`.")


@rule("device-name")
def device_name(page: Page) -> Iterator[Fault]:
    """No name of an accelerator in a compared output: another machine has another."""
    for index, _, text in compared_texts(page):
        if match := DEVICE.search(text):
            yield Fault(
                index, f"the device {match[0]!r} in a compared output", "Print values, or `.device.type == ...`."
            )


@rule("version-number", excusable=True)
def version_number(page: Page) -> Iterator[Fault]:
    """No version number in a compared output: it changes with the lock."""
    for index, _, text in compared_texts(page):
        if match := VERSION.search(text):
            yield Fault(index, f"the version {match[0]!r} in a compared output", "Leave it to the cost stamp.")


@rule("image-size")
def image_size(page: Page) -> Iterator[Fault]:
    """No image above 100 kB."""
    for index, cell in code_cells(page.notebook):
        for output in cell.outputs:
            for kind, content in output.get("data", {}).items():
                if kind.startswith("image/"):
                    size = len(content.encode()) if kind == "image/svg+xml" else len(base64.b64decode(content))
                    if size > LARGEST_IMAGE:
                        what = f"an image of {size / 1000:.0f} kB; at most {LARGEST_IMAGE // 1000} kB are accepted"
                        yield Fault(index, what, "Draw it smaller, or with fewer points.")


@rule("digits", excusable=True)
def digits(page: Page) -> Iterator[Fault]:
    """A float that is compared and was rounded by its cell shows at least 4 significant digits, or a wrong one passes.

    What was not rounded (a literal such as 0.5, a tensor as torch prints it) shows all there is to compare: only
    numbers that look as a short format of their own cell (`:.2f`, `round(x, 2)`) would print them are refused.
    """
    for index, cell, text in compared_texts(page):
        formats = {
            (int(m["a"] or m["c"] or m["e"]), (m["b"] or m["d"] or "f").lower())
            for m in SHORT_FORMAT.finditer(cell.source)
        }
        for number in read_text(text)[1]:
            shown_digits = _significant(number.plain)
            if number.value and shown_digits < LEAST_DIGITS and any(_printed(number.plain, *one) for one in formats):
                what = f"{number.text} is rounded to {shown_digits} significant digits"
                yield Fault(index, what, f"Show at least {LEAST_DIGITS}: `:.{LEAST_DIGITS}g`, `:.{LEAST_DIGITS}f`.")
                break


def _printed(plain: str, digits: int, kind: str) -> bool:
    """Whether a format with so many digits, `f`, `e`, `g` or `%`, may have printed this number."""
    mantissa, exponent, _ = plain.lower().partition("e")
    _, point, decimals = mantissa.partition(".")
    if kind == "g":
        return bool(point or exponent) and _significant(plain) <= max(digits, 1)
    return bool(point) and len(decimals) == digits and bool(exponent) == (kind == "e")


def _significant(plain: str) -> int:
    mantissa = plain.lower().partition("e")[0].lstrip("+-").replace(".", "")
    return len(mantissa.lstrip("0"))
