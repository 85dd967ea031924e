"""The built book in a browser: every page, desktop and phone, light and dark; with no other host within reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import site_checks

FIRST_VIEW = 1_500_000  # bytes, uncompressed, all but the mathematics
CHAPTER = "chapters/01_tensors.html"
SECTION = "chapters/01_tensors/broadcasting.html"


def faults(sights: dict[str, site_checks.Sight], key: str) -> dict[str, list[str]]:
    """The pages where something was seen that should not be."""
    return {name: getattr(sight, key) for name, sight in sights.items() if getattr(sight, key)}


def test_nothing_is_requested_from_another_host(sights: dict[str, site_checks.Sight], address: str) -> None:
    assert {name: found for name, sight in sights.items() if (found := sight.outside(address))} == {}


def test_the_console_is_silent(sights: dict[str, site_checks.Sight]) -> None:
    assert faults(sights, "console") == {}


def test_axe_finds_no_violation(sights: dict[str, site_checks.Sight]) -> None:
    assert faults(sights, "axe") == {}


def test_no_page_is_wider_than_a_phone(sights: dict[str, site_checks.Sight]) -> None:
    assert faults(sights, "overflow") == {}


def test_mathematics_is_set_wherever_there_is_any(sights: dict[str, site_checks.Sight]) -> None:
    unset = [name for name, sight in sights.items() if sight.raw_maths and not sight.maths]
    assert unset == []
    assert faults(sights, "bad_maths") == {}
    assert sights[CHAPTER].maths > 0


def test_the_first_view_of_a_chapter_page_is_light(sights: dict[str, site_checks.Sight], site: Path) -> None:
    for name in (CHAPTER, SECTION):
        paths = {urlsplit(url).path.lstrip("/") for url in sights[name].requests if url.startswith("http")}
        sizes = {
            path: (site / path).stat().st_size for path in paths if (site / path).is_file() and "mathjax" not in path
        }
        heaviest = sorted(sizes.items(), key=lambda item: -item[1])[:6]
        assert sum(sizes.values()) <= FIRST_VIEW, f"{name}: {sum(sizes.values())} bytes; the heaviest: {heaviest}"


@pytest.fixture(params=["http", "file"])
def base(request: pytest.FixtureRequest, address: str, site: Path) -> str:
    """The address of the book, over http and from the disk."""
    return address if request.param == "http" else site.as_uri() + "/"


def test_search_finds_a_word(browser: Any, base: str) -> None:
    with site_checks.watched(browser) as (tab, sight):
        tab.goto(base + "intro.html")
        tab.locator(".search-button__button:visible").first.click()
        tab.locator("#pst-search-dialog input[type=search]").fill("stride")
        tab.keyboard.press("Enter")
        tab.wait_for_selector("#search-results li a")
        found = tab.locator("#search-results li a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        assert any("01_tensors" in link or "glossary" in link for link in found)
        assert sight.outside(base) == []


def test_a_page_works_without_any_server(browser: Any, site: Path) -> None:
    base = site.as_uri() + "/"
    with site_checks.watched(browser) as (tab, sight):
        tab.goto(base + CHAPTER)
        site_checks.settle(tab)
        assert tab.locator("mjx-container").count() > 0
        assert tab.evaluate("document.fonts.ready.then(() => [...document.fonts].some(f => f.status == 'loaded'))")
        assert (sight.outside(base), sight.console) == ([], [])


def test_a_cell_can_be_copied(browser: Any, base: str) -> None:
    with site_checks.watched(browser) as (tab, _):
        tab.goto(base + CHAPTER)
        cell = tab.locator("div.cell_input div.highlight:visible").first
        cell.hover()
        cell.locator("button.copybtn").click()
        tab.wait_for_selector("button.copybtn.success")


def test_solutions_unfold(browser: Any, base: str) -> None:
    with site_checks.watched(browser) as (tab, _):
        tab.goto(base + CHAPTER)
        solution = tab.locator(".solution.dropdown").first
        body = solution.locator("> :not(.admonition-title)").first
        assert not body.is_visible()
        solution.locator("> .admonition-title").click()
        assert body.is_visible()


def test_hidden_cells_unfold(browser: Any, base: str) -> None:
    with site_checks.watched(browser) as (tab, _):
        tab.goto(base + CHAPTER)
        details = tab.locator("details.hide")
        if not details.count():
            pytest.skip("The page hides no cell.")
        details.first.locator("summary").click()
        assert details.first.get_attribute("open") is not None


def test_the_theme_follows_the_system_and_the_button(browser: Any, address: str) -> None:
    with site_checks.watched(browser) as (tab, _):
        tab.emulate_media(color_scheme="dark")
        tab.goto(address + CHAPTER)
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
        tab.emulate_media(color_scheme="light")
        tab.wait_for_function("document.documentElement.dataset.theme == 'light'")
        tab.locator(".theme-switch-button:visible").first.click()
        assert tab.evaluate("document.documentElement.dataset.mode") != "auto"


def test_paper_shows_no_controls(browser: Any, address: str) -> None:
    with site_checks.watched(browser) as (tab, _):
        tab.goto(address + CHAPTER)
        tab.emulate_media(media="print")
        for control in (".copybtn", ".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer"):
            assert not any(one.is_visible() for one in tab.locator(control).all()), control
