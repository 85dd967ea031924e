"""The verbs `dlbook data ...`."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    help="Data by name: list, download, verify.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("names")
def data_names() -> None:
    """List the data that a notebook may ask for."""
    from ..data import names

    entries = names()
    width = max(len(name) for name, _ in entries)
    print("\n".join(f"{name:{width}}  {about}" for name, about in entries))


@app.command("fetch")
def data_fetch(name: Annotated[list[str], typer.Argument(metavar="NAME...")]) -> None:
    """Download data that are not there yet, and verify them."""
    from ..data import fetch

    for one in name:
        print("\n".join(map(str, fetch(one))) or f"{one}: nothing to download")


@app.command("verify")
def data_verify(
    name: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...")] = None,
    target: Annotated[str | None, typer.Option(help="The column to predict, for csv:PATH.")] = None,
    classes: Annotated[bool, typer.Option("--classes", help="Its numbers are classes, for csv:PATH.")] = False,
) -> None:
    """Load data and compare them with what they must be; without NAME, everything that needs no download."""
    from ..data import verify
    from ..data.catalogue import BUNDLED

    for one in name or list(BUNDLED):
        print(verify(one, target, classes))
