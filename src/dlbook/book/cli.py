"""The command `dlbook`. Every verb imports what it needs when it is called, so that `dlbook --help` answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .cli_data import app as data_app
from .errors import DlbookError
from .paths import page_name, pages, root

HELP = {"help_option_names": ["-h", "--help"]}
OPTIONS = {
    "no_args_is_help": True, "add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None,
    "context_settings": HELP,
}  # fmt: skip

app = typer.Typer(help="Every Equation Runs: run, check and build the book.", **OPTIONS)
app.add_typer(data_app, name="data")

Pages = Annotated[list[str] | None, typer.Argument(metavar="[PAGE]...", show_default=False)]
PageName = Annotated[str, typer.Argument(metavar="PAGE", help="a page such as 01_tensors, or a path to a notebook")]


def _chosen(given: list[str] | None) -> list[str]:
    """The pages that were named, or every page."""
    return [page_name(name) for name in given] if given else pages()


def paired(arguments: list[str]) -> list[str]:
    """The command line with every `-p NAME VALUE` as `-p NAME=VALUE`, since typer knows no options in pairs."""
    found, rest = [], list(arguments)
    while rest:
        found.append(rest.pop(0))
        if found[-1] in ("-p", "--parameter") and rest:
            name = rest.pop(0)
            found.append(f"{name}={rest.pop(0)}" if rest and "=" not in name else name)
    return found


def _pair(given: str) -> tuple[str, str]:
    name, sign, value = given.partition("=")
    if not name or not sign:
        raise DlbookError(f"-p {given}: accepted are a name and a value, as in `-p n 256`.")
    return name, value


@app.command()
def run(
    page: PageName,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME VALUE", help="a parameter and its value; may be given again"),
    ] = None,
    set_name: Annotated[str | None, typer.Option("--set", metavar="NAME", help="a set the notebook declares")] = None,
    output: Annotated[Path | None, typer.Option(metavar="DIR", help="where to [build/runs/PAGE]")] = None,
    fixed: Annotated[bool, typer.Option("--fixed", help="compute as the stored outputs were")] = False,
) -> None:
    """Run a page with other parameters; the book is not changed."""
    from .run import run_page

    run_page(page, [_pair(given) for given in parameter or []], output, set_name=set_name, fixed=fixed)


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="experiments/NAME.yaml")],
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="a Dask scheduler, tcp://...")] = None,
    workers: Annotated[int | None, typer.Option(help="processes on this machine [one a core]")] = None,
) -> None:
    """Run a page over a grid or list of parameters and seeds; finished runs are not repeated."""
    from .sweeps import sweep

    sweep(file, scheduler=scheduler, workers=workers)


@app.command()
def bands(
    page: PageName,
    set_name: Annotated[str | None, typer.Option("--set", metavar="NAME", help="only this set [all declared]")] = None,
    runs: Annotated[int, typer.Option(help="seeds a set")] = 10,
) -> None:
    """Record the bands of a page's claims: run it over seeds."""
    from .sweeps import record_bands

    record_bands(page_name(page), set_name=set_name, runs=runs)


@app.command()
def execute(
    page: Pages = None,
    everything: Annotated[bool, typer.Option("--all", help="every page, stale or not")] = False,
) -> None:
    """Execute pages and store their outputs and results; without PAGE, those whose stored results are stale."""
    from .notebooks.execute import execute_pages, out_of_date

    chosen = _chosen(page)
    if not page and not everything:
        chosen = out_of_date(chosen, root())
        if not chosen:
            print("Every page is up to date; `dlbook execute --all` executes them again.")
    execute_pages(chosen, root())


@app.command()
def lint(
    page: Pages = None,
    rules: Annotated[bool, typer.Option("--rules", help="list the rules")] = False,
) -> None:
    """Check pages by every rule of the lint; the exit status is 1 if anything was found."""
    from .notebooks.lint import lint
    from .notebooks.lint import rules as table

    if rules:
        print("\n".join(f"{name:20} {entry.about}" for name, entry in sorted(table().items())))
        return
    chosen = _chosen(page)
    findings = lint(root(), chosen if page else None)
    for finding in findings:
        print(finding)
    print(f"{len(chosen)} pages, {len(table())} rules, {len(findings)} findings")
    raise typer.Exit(1 if findings else 0)


@app.command()
def weave(page: Pages = None) -> None:
    """Fill the cells tagged src:NAME with the package's own text of NAME."""
    from .notebooks.weave import weave_page

    for name in _chosen(page):
        changed = [str(index + 1) for index in weave_page(name, root())]
        if changed:
            print(f"{name}: {'cell' if len(changed) == 1 else 'cells'} {', '.join(changed)} woven; execute it again")


@app.command()
def new(
    page: Annotated[str, typer.Argument(metavar="PAGE", help="a new name, such as 03_cnn/training")],
    title: Annotated[str, typer.Option(help="the heading of the page")],
) -> None:
    """Begin a page: a skeleton with everything that a page has, and what to do next."""
    from .notebooks.new import advice, new

    print(new(page, title, root()))
    print(advice(page, root()))


@app.command("to-text")
def to_text(page: PageName, file: Annotated[Path, typer.Argument(metavar="FILE.py")]) -> None:
    """Write a page as a Python script with `# %%` cells, to edit it anywhere."""
    from .notebooks.text import to_text

    to_text(page_name(page), file, root())


@app.command("from-text")
def from_text(file: Annotated[Path, typer.Argument(metavar="FILE.py")], page: PageName) -> None:
    """Bring an edited script back into its page; cells that did not change keep their outputs."""
    from .notebooks.text import from_text

    name = page if page not in pages() else page_name(page)
    changed = from_text(file, name.removesuffix(".ipynb").removeprefix("chapters/"), root())
    print(f"{name}: {len(changed)} code cells to execute" + (f": dlbook execute {name}" if changed else ""))


@app.command()
def build(
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="where to [_build/html]")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="only warnings")] = False,
) -> None:
    """Build the static HTML book from the stored outputs; print the path of its index page."""
    from .build import build

    build(root(), out, quiet=quiet)


@app.command()
def bench(
    measure: Annotated[
        bool, typer.Option("--measure", help="run every notebook rather than quote its results")
    ] = False,
    tests: Annotated[bool, typer.Option("--tests", help="time `make test` as well")] = False,
) -> None:
    """Print times and sizes as JSON lines; no test depends on them."""
    from .bench import bench

    bench(root(), measure=measure, tests=tests)


@app.command()
def version() -> None:
    """Print the version of the package, and of what it computes with."""
    from importlib.metadata import version

    print(f"dlbook {version('dlbook')}, torch {version('torch')}, Python {sys.version.partition(' ')[0]}")


def main() -> None:
    """Obey the command line. What the reader can mend is told in a sentence: status 2, or 1 if a run failed."""
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else every kernel warns of its frozen modules
    try:
        app(paired(sys.argv[1:]))
    except DlbookError as error:
        _refuse(str(error), getattr(error, "exit_status", 2))
    except ValueError as error:
        from ..data import DataError

        if not isinstance(error, DataError):
            raise
        _refuse(str(error), 2)
    except KeyboardInterrupt:
        _refuse("interrupted; nothing was half-written.", 130)


def _refuse(sentence: str, status: int) -> None:
    print(f"dlbook: {sentence}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
