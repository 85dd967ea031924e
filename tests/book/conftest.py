"""The built book, a browser, and what the browser saw: each made once for all the checks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import site_checks

from dlbook.book.build import build
from dlbook.book.paths import root

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built book; building it fails where there is any warning."""
    return build(root(), quiet=True).parent


@pytest.fixture(scope="session")
def book(site: Path) -> dict[str, site_checks.Page]:
    """Every page of the built book, read."""
    return site_checks.pages(site)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium: the one that DLBOOK_CHROMIUM names, the first on the path, or Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = os.environ.get("DLBOOK_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        with playwright.sync_playwright() as started:
            own = Path(started.chromium.executable_path)
        found = str(own) if own.is_file() else None
    if found is None:
        sentence = "No Chromium found: install it, or name one in DLBOOK_CHROMIUM, to check the book in a browser."
        pytest.fail(sentence) if os.environ.get("CI") else pytest.skip(sentence)
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium."""
    with site_checks.launched(chromium) as started:
        yield started


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The book over http on this machine."""
    with site_checks.served(site) as url:
        yield url


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe."""
    package = pytest.importorskip("axe_playwright_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text("utf8")


@pytest.fixture(scope="session")
def sights(chromium: str, address: str, book: dict[str, site_checks.Page], axe: str) -> dict[str, site_checks.Sight]:
    """What the browser saw of every page, at both widths, in light and in dark (of the listings of source code, which
    come from one template: of one)."""
    listings = [name for name in book if name.startswith("_modules/dlbook")]
    return site_checks.look_at_all(chromium, address, [name for name in book if name not in listings[1:]], axe)
