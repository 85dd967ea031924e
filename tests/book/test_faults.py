"""Faults planted on small pages: each check is shown to catch what it is there for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import site_checks

GOOD = """<!doctype html><html lang="en"><head><title>A page</title></head>
<body><main><h1 id="top">A page</h1><p><a href="#top">up</a></p>{more}</main></body></html>"""


def planted(folder: Path, more: str = "") -> dict[str, site_checks.Page]:
    (folder / "page.html").write_text(GOOD.format(more=more))
    return site_checks.pages(folder)


def seen(browser: Any, folder: Path, more: str, axe: str) -> tuple[site_checks.Sight, str]:
    planted(folder, more)
    with site_checks.served(folder) as address:
        (folder / "favicon.ico").write_bytes(b"")
        return site_checks.look(browser, address + "page.html", axe), address


def test_a_good_page_has_no_fault(tmp_path: Path) -> None:
    book = planted(tmp_path)
    assert (site_checks.broken_links(tmp_path, book), site_checks.external_loads(book)) == ([], [])
    assert site_checks.poor_alts(book) == []


def test_a_broken_anchor_is_caught(tmp_path: Path) -> None:
    book = planted(tmp_path, '<a href="page.html#nowhere">x</a>')
    assert site_checks.broken_links(tmp_path, book) == ["page.html: page.html#nowhere has no such anchor"]


def test_a_missing_file_is_caught(tmp_path: Path) -> None:
    book = planted(tmp_path, '<a href="gone.html">x</a>')
    assert site_checks.broken_links(tmp_path, book) == ["page.html: gone.html does not exist"]


def test_a_script_of_another_host_is_caught(tmp_path: Path) -> None:
    book = planted(tmp_path, '<script src="//cdn.example.org/x.js"></script>')
    assert site_checks.external_loads(book) == ["page.html: loads //cdn.example.org/x.js"]


def test_poor_alt_texts_are_caught(tmp_path: Path) -> None:
    bad = ['<img src="a.png">', '<img src="a.png" alt=" ">', '<img src="a.png" alt="../_images/a.png">']
    good = '<img src="a.png" alt="Strides of a 3 by 4 tensor.">'
    assert len(site_checks.poor_alts(planted(tmp_path, "".join([*bad, good])))) == 3


def test_faint_code_is_caught() -> None:
    rule = 'html[data-theme="light"] .highlight .c { color: #%s; font-style: italic }'
    assert site_checks.faint_code(rule % "515151", {"light": "#f6f8f8"}) == []
    assert site_checks.faint_code(rule % "9a9a9a", {"light": "#f6f8f8"}) == ["light .c #9a9a9a"]
    assert round(site_checks.contrast("#000000", "#ffffff")) == 21


def test_the_browser_sees_planted_faults(browser: Any, tmp_path: Path, axe: str) -> None:
    more = (
        '<script>console.error("planted")</script><script>null.field</script>'
        '<script>fetch("http://cdn.example.org/x").catch(() => 0)</script>'
        '<p style="color: #ccc; background: #fff">too faint to read</p><div style="width: 900px">wide</div>'
    )
    sight, address = seen(browser, tmp_path, more, axe)
    assert sight.outside(address) == ["http://cdn.example.org/x"]
    assert any("planted" in line for line in sight.console)
    assert any(line.startswith("page error") for line in sight.console)
    assert any("color-contrast" in line for line in sight.axe)
    assert any("phone" in line for line in sight.overflow)


def test_the_browser_finds_nothing_on_a_good_page(browser: Any, tmp_path: Path, axe: str) -> None:
    sight, address = seen(browser, tmp_path, "", axe)
    assert (sight.outside(address), sight.console, sight.axe, sight.overflow) == ([], [], [], [])
