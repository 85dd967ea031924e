"""Run the checks that a change must pass, two at a time, and end with one line: how many passed and failed.

A step that passes shows one line; a step that fails shows all it had to say. All of it is kept in `_build/checks/`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = (sys.executable, "-m", "pytest", "--verbosity=-1", "-rs", "-p", "no:cacheprovider")
DEVICES = ("cpu", "cuda")
KINDS = ("passed", "failed", "skipped")


@dataclass(frozen=True)
class Step:
    """One command of the checks; `name` is its kind, `part` tells the parts of one kind apart."""

    name: str
    command: tuple[str, ...]
    part: str = ""

    @property
    def title(self) -> str:
        """The name under which the step is reported and its log kept."""
        return self.name + self.part


@dataclass(frozen=True)
class Result:
    """What became of a step: its exit status, all it printed, and the seconds it took."""

    step: Step
    status: int
    output: str
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """How many checks passed, failed and were skipped; a step that is no pytest run is one check."""
        found = closing_counts(self.output) if "pytest" in self.step.command else {}
        failed = found.get("failed", 0) + found.get("error", 0)
        if self.status and not failed:
            failed = 1
        passed = found.get("passed", 0) if found else int(not self.status)
        return {"passed": passed, "failed": failed, "skipped": found.get("skipped", 0)}


def closing_counts(output: str) -> dict[str, int]:
    """The numbers of pytest's closing line (`3 passed, 1 skipped in 2.00s`) by kind; empty where there is none."""
    closing = re.compile(r"^(?:=+ )?(?:\d+ [a-z]+(?:, )?)+ in [\d.]+s.*$", re.MULTILINE)
    lines = closing.findall(output)
    pairs = re.findall(r"(\d+) ([a-z]+)", lines[-1].partition(" in ")[0]) if lines else []
    return {kind.rstrip("s") if kind.startswith("error") else kind: int(number) for number, kind in pairs}


def notebooks(root: Path) -> list[str]:
    """Every notebook of the book, found on disk rather than listed, relative to `root`."""
    folders = (root / "chapters", root / "appendix")
    found = (path.relative_to(root) for folder in folders for path in folder.rglob("*.ipynb"))
    return sorted(path.as_posix() for path in found if not re.search(r"(^|/)[._]", path.as_posix()))


def steps(books: list[str], *, lax: bool = False, everything: bool = False, jobs: int = 2) -> list[Step]:
    """The steps in the order in which they start: what answers at once first, then the longest.

    Args:
        books: the notebooks whose stored outputs are compared, shared out over `jobs` runs.
        lax: run every cell but compare only those that ask for it.
        everything: the tests marked `weekly` too.
        jobs: how many steps run at a time.
    """
    pytest = (*PYTEST, "-m", "" if everything else "not weekly")
    typed = (*pytest, "--jaxtyping-packages=dlbook,beartype.beartype")
    compare = "--nbval-lax" if lax else "--nbval"
    nbval = (*PYTEST, compare, "--nbval-current-env", "-p", "dlbook.book.comparator")
    shares = [share for job in range(jobs) if (share := books[job::jobs])] or [["chapters"]]
    return [
        Step("ruff", (sys.executable, "-m", "ruff", "check", "src", "tests", "tools")),
        Step("lint", (str(Path(sys.executable).with_name("dlbook")), "lint")),
        Step("notebooks", (*pytest, "tests/notebooks")),
        *(Step("nbval", (*nbval, *share), f"-{number}") for number, share in enumerate(shares, 1)),
        Step("book", (*pytest, "tests/book")),
        Step("unit", (*typed, "tests/unit", "tests/parity", "tests/exercises")),
    ]


def surroundings(device: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables of every step: fixed arithmetic, this device, UTF-8, and the environment's commands first."""
    from dlbook.runtime import FIXED_ARITHMETIC

    path = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", "")])
    fixed = {"DLBOOK_DEVICE": device, "DLBOOK_ROOT": str(ROOT), "PYTHONUTF8": "1", "PATH": path}
    return {**inherited, **FIXED_ARITHMETIC, **fixed}


def run(step: Step, environment: Mapping[str, str], log: Path) -> Result:
    """Run one step to its end and keep what it printed in the file `log`."""
    print(f"{step.title:12} started", flush=True)
    start = time.perf_counter()
    with log.open("wb") as file:
        done = subprocess.run(
            step.command, cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    result = Result(step, done.returncode, log.read_text("utf8", "replace"), time.perf_counter() - start)
    print(report(result), flush=True)
    return result


def report(result: Result) -> str:
    """One line for a step that passed, with the reasons of what it skipped; all it printed where it failed."""
    counts = ", ".join(f"{number} {kind}" for kind, number in result.counts.items() if number)
    verdict = "FAILED" if result.status else "passed"
    line = f"{result.step.title:12} {verdict} in {result.seconds:.1f} s: {counts}"
    if result.status:
        return f"{line}\n{result.output.rstrip()}\n{'-' * 12} end of {result.step.title}"
    skipped = [text for text in result.output.splitlines() if text.startswith("SKIPPED")]
    return "\n".join([line, *(f"{'':12} {text}" for text in skipped)])


def summary(results: list[Result], seconds: float) -> str:
    """The closing lines: which steps failed, then the numbers."""
    counts = {kind: sum(result.counts[kind] for result in results) for kind in KINDS}
    failed = [result.step.title for result in results if result.status]
    verdict = f"FAILED: {', '.join(failed)}" if failed else "All checks passed."
    return f"{verdict}\n{', '.join(f'{number} {kind}' for kind, number in counts.items())} in {seconds:.0f} s"


def refuse(sentence: str) -> int:
    """Say why nothing was run, and the exit status for it."""
    print(f"dlbook: {sentence}", file=sys.stderr)
    return 2


def main(arguments: list[str]) -> int:
    """Obey the command line; exit status 0: every step passed, 1: one failed, 2: nothing was run."""
    parser = argparse.ArgumentParser(prog="checks.py", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="STEP", help="only these steps (default: all)")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda (notebooks are then run, not compared)")
    parser.add_argument("--all", action="store_true", help="the tests marked weekly too")
    parser.add_argument("--lax", action="store_true", help="run the notebooks, compare no outputs")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="steps at a time")
    options = parser.parse_args(arguments)
    if options.device not in DEVICES:
        return refuse(f"DEVICE = {options.device}: accepted are {' and '.join(DEVICES)}.")
    if options.jobs < 1:
        return refuse(f"--jobs {options.jobs}: accepted is a number from 1.")
    lax = options.lax or options.device == "cuda"
    plan = steps(notebooks(ROOT), lax=lax, everything=options.all, jobs=options.jobs)
    known = list(dict.fromkeys(step.name for step in plan))
    if unknown := [name for name in options.names if name not in known]:
        return refuse(f"Step {unknown[0]} is not known: accepted are {', '.join(known)}.")
    if options.device == "cuda" and not has_gpu():
        return refuse("DEVICE = cuda: torch finds no GPU on this machine; use DEVICE=cpu.")
    plan = [step for step in plan if step.name in (options.names or known)]
    logs = ROOT / "_build" / "checks"
    logs.mkdir(parents=True, exist_ok=True)
    environment, start = surroundings(options.device, os.environ), time.perf_counter()
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda step: run(step, environment, logs / f"{step.title}.log"), plan))
    print(summary(results, time.perf_counter() - start))
    return int(any(result.status for result in results))


def has_gpu() -> bool:
    """Whether torch can use a CUDA device."""
    import torch

    return torch.cuda.is_available()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
