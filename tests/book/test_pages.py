"""The files of the built book: links, pictures, numbers, downloads, size on disk."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import site_checks

from dlbook.book import site as extension
from dlbook.book.paths import notebook_path, pages, results_path, root


def test_every_link_and_anchor_resolves(site: Path, book: dict[str, site_checks.Page]) -> None:
    assert site_checks.broken_links(site, book) == []


def test_no_page_loads_from_another_host(book: dict[str, site_checks.Page]) -> None:
    assert site_checks.external_loads(book) == []


def test_every_image_says_in_words_what_it_shows(book: dict[str, site_checks.Page]) -> None:
    assert site_checks.poor_alts(book) == []


def test_each_notebook_is_a_page_and_can_be_downloaded(site: Path, book: dict[str, site_checks.Page]) -> None:
    for page in pages():
        document = notebook_path(page).relative_to(root()).with_suffix("").as_posix()
        links = [link for link in book[f"{document}.html"].links if link.endswith(".ipynb")]
        assert links, f"{page}: no link to the notebook"
        target = ((site / f"{document}.html").parent / links[0]).resolve()
        nbformat.validate(nbformat.read(target, as_version=4))
        assert target.read_bytes() == notebook_path(page).read_bytes()


def test_each_notebook_carries_its_stamp(site: Path) -> None:
    for page in pages():
        document = notebook_path(page).relative_to(root()).with_suffix(".html")
        text = (site / document).read_text("utf8")
        assert text.count('class="dlbook-stamp docutils container"') == 1, page
        assert "dlbook run " + page in re.sub(r"<[^>]+>", "", text), page


def test_a_section_is_numbered_below_its_chapter(site: Path) -> None:
    text = (site / "chapters/01_tensors/broadcasting.html").read_text("utf8")
    heading = re.sub(r"<[^>]+>", "", re.search(r"<h1>(<span.*?)</h1>", text, re.S)[1])
    assert heading.startswith("1.1 Broadcasting")


def test_only_pages_carry_numbers(site: Path) -> None:
    for page in pages():
        text = (site / notebook_path(page).relative_to(root()).with_suffix(".html")).read_text("utf8")
        assert re.search(r'<h1><span class="section-number">\d', text), page
        assert not re.search(r'<h[2-6]><span class="section-number">', text), page
        assert not re.search(r'href="#[^"]+"[^>]*>\s*\d+\.\d+[. ]', text), f"{page}: a number in its contents"


def test_woven_definitions_are_named_in_their_order(site: Path) -> None:
    text = (site / "chapters/02_autograd.html").read_text("utf8")
    line = re.search(r'class="dlbook-woven-caption">([^\n]*autograd\.mul.*?)</p>', text, re.S)[1]
    names = re.findall(r"dlbook\.autograd\.(\w+)</", line)
    assert names == ["add", "mul", "matmul", "other_factor"]


def test_a_verification_shows_the_number_of_its_equation(site: Path) -> None:
    for page in pages():
        text = (site / notebook_path(page).relative_to(root()).with_suffix(".html")).read_text("utf8")
        for label in json.loads(results_path(page).read_text("utf8"))["equations"]:
            equation = re.search(rf'id="equation-{label}".*?class="eqno">\((\d+\.\d+)\)', text, re.S)
            line = re.search(rf'verified <a href="#equation-{label}">\((\d+\.\d+)\)</a>', text)
            assert equation[1] == line[1], label


def test_the_api_reference_has_every_public_module(book: dict[str, site_checks.Page]) -> None:
    pages = ("api", "api_functional", "api_data", "api_plots", "api_book")
    anchors = {a for name in pages for a in book[f"appendix/{name}.html"].anchors}
    missing = [name for name in extension.public_modules() if f"module-{name}" not in anchors]
    assert missing == []
    assert "dlbook.book.paths" in extension.public_modules()


def test_nothing_heavy_is_left(site: Path) -> None:
    heavy = {path.relative_to(site).as_posix(): path.stat().st_size for path in site.rglob("*") if path.is_file()}
    assert not [name for name in heavy if name.endswith(".map")]
    large = {name for name, size in heavy.items() if size > 600_000}
    assert large <= {"vendor/mathjax/tex-chtml-full.js"}


def test_the_glossary_is_bilingual(site: Path) -> None:
    text = (site / "appendix/glossary.html").read_text("utf8")
    terms = re.findall(r'<dt id="term-[^"]*">', text)
    assert len(terms) >= 70
    assert text.count('lang="zh"') == len(terms)


def test_code_stands_out_in_light_and_dark(site: Path) -> None:
    style = (site / "_static/book.css").read_text("utf8")
    light, dark = re.findall(r"--book-code: (#[0-9a-f]{6});", style)[:2]
    rules = (site / "_static/pygments.css").read_text("utf8")
    assert site_checks.faint_code(rules, {"light": light, "dark": dark}) == []
