"""What is checked about the built book: pure functions over its files, and a visitor with a browser."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

# Chromium resolves no host but this machine's own: a page that needs another one cannot hide it.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "link": "href",
}
STATES = {
    "phone light": (360, "light"),
    "phone dark": (360, "dark"),
    "desktop dark": (1280, "dark"),
    "desktop light": (1280, "light"),
}
RESIZED = 450  # milliseconds: the theme waits that long after a resize before it sees which boxes scroll
# Both themes and both widths are met wholly here; in the other two states, what surrounds the text is looked at again.
FULL_AXE = ("desktop light", "phone dark")
# In the reference, whose hundreds of entries come from one template, axe looks at the first modules.
LEFT_OUT = ["article section > section:nth-of-type(n+4):has(dl.py)", "table.genindextable ~ table.genindextable"]
# The colours of code are checked in the style sheet, wholly; here thousands of coloured words become plain text.
PLAIN = """() => { document.querySelectorAll('.highlight pre').forEach(one => { one.textContent = one.textContent; });
                   document.querySelectorAll('mjx-container').forEach(one => one.replaceChildren()); }"""


# --- files ----------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Anchors, links, loaded files and images of one HTML page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.images: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag defines and what it points to."""
        values = dict(attrs)
        self.anchors |= {values[key] or "" for key in ("id", "name") if key in values}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        if tag in LOADED and values.get(LOADED[tag]):
            self.loads.append(values[LOADED[tag]] or "")
        if tag == "img":
            self.images.append((values.get("src") or "", values.get("alt")))


def pages(folder: Path) -> dict[str, Page]:
    """Every page of a built book, by its path; the page that only leads to the first one is left out."""
    found = {path.relative_to(folder).as_posix(): path.read_text("utf8") for path in sorted(folder.rglob("*.html"))}
    return {
        name: Page(text)
        for name, text in found.items()
        if 'http-equiv="Refresh"' not in text and "_static/" not in name[:8]
    }


def external(url: str) -> bool:
    """Whether a URL leads out of the book."""
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def external_loads(book: dict[str, Page]) -> list[str]:
    """Files of other hosts that pages load."""
    return [f"{name}: loads {url}" for name, page in book.items() for url in page.loads if external(url)]


def broken_links(folder: Path, book: dict[str, Page]) -> list[str]:
    """Links and loaded files inside the book that do not exist, and anchors that their page does not have."""
    faults = []
    for name, page in book.items():
        for url in dict.fromkeys(page.links + page.loads):
            if external(url) or url.startswith("data:"):
                continue
            parts = urlsplit(url)
            target = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
            anchor = unquote(parts.fragment)
            key = target.resolve().relative_to(folder.resolve()).as_posix() if target.exists() else None
            if key is None:
                faults.append(f"{name}: {url} does not exist")
            elif anchor and key in book and anchor not in book[key].anchors:
                faults.append(f"{name}: {url} has no such anchor")
    return faults


def poor_alts(book: dict[str, Page]) -> list[str]:
    """Images without a text in words: none, or the path of the file."""
    path_like = re.compile(r"\.(png|svg|jpe?g|gif)$|_build/|_images/")
    return [
        f"{name}: {source} has the alt text {alt!r}"
        for name, page in book.items()
        for source, alt in page.images
        if alt is None or not alt.strip() or path_like.search(alt)
    ]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours `#rrggbb`, as WCAG defines it: 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def faint_code(pygments_css: str, background: dict[str, str]) -> list[str]:
    """Colours of code, by theme, that stand out from the background less than 4.5 to 1."""
    rules = re.findall(
        r'data-theme="(\w+)"\] \.highlight (\S+) \{[^}]*?(?<![-\w])color: (#[0-9A-Fa-f]{6})', pygments_css
    )
    assert rules, "no colours found"
    words = [rule for rule in rules if "linenos" not in rule[1]]  # line numbers have a background of their own
    return [f"{theme} {token} {colour}" for theme, token, colour in words if contrast(colour, background[theme]) < 4.5]


# --- pages in a browser ---------------------------------------------------------------------------------------------


@dataclass
class Sight:
    """What a browser saw of one page in all states."""

    requests: set[str] = field(default_factory=set)
    console: list[str] = field(default_factory=list)
    axe: list[str] = field(default_factory=list)
    overflow: list[str] = field(default_factory=list)
    maths: int = 0
    bad_maths: int = 0
    raw_maths: bool = False

    def outside(self, base: str) -> list[str]:
        """Requests to anything but the book itself."""
        return sorted(url for url in self.requests if not url.startswith((base, "data:", "blob:", "about:")))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over http on this machine alone."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@contextmanager
def launched(chromium: str) -> Iterator[Any]:
    """A headless Chromium with an empty profile, started from this path."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Any) -> Iterator[tuple[Any, Sight]]:
    """A fresh tab, and what it sees while it is open."""
    sight = Sight()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    tab = context.new_page()
    tab.on("request", lambda request: sight.requests.add(request.url))
    tab.on("pageerror", lambda error: sight.console.append(f"page error: {error}"))
    tab.on(
        "console", lambda line: line.type == "error" and sight.console.append(f"{line.text} ({line.location['url']})")
    )
    try:
        yield tab, sight
    finally:
        context.close()


def settle(tab: Any) -> None:
    """Wait until the mathematics of a page is set."""
    tab.wait_for_function("() => !window.MathJax || !MathJax.startup || !MathJax.startup.promise || window.bookSet"
                          " || (MathJax.startup.promise.then(() => { window.bookSet = true; }), false)")  # fmt: skip


def look(browser: Any, url: str, axe: str) -> Sight:
    """Open a page once, then look at it in each state."""
    with watched(browser) as (tab, sight):
        tab.set_viewport_size({"width": 360, "height": 900})
        tab.goto(url)
        settle(tab)
        sight.maths = tab.locator("mjx-container").count()
        sight.bad_maths = tab.locator("mjx-merror").count()
        sight.raw_maths = tab.locator(".math").count() > 0
        if (wide := tab.evaluate("document.documentElement.scrollWidth")) > 360:
            sight.overflow.append(f"phone: {wide} pixels wide")
        tab.evaluate(PLAIN)
        tab.evaluate(axe)
        before = 360
        for state, (width, scheme) in STATES.items():
            tab.set_viewport_size({"width": width, "height": 900})
            tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            tab.wait_for_timeout(RESIZED if width != before else 50)
            before = width
            left_out = LEFT_OUT if state in FULL_AXE else [*LEFT_OUT, ".bd-article"]
            sight.axe += [f"{state}: {fault}" for fault in violations(tab, left_out)]
    return sight


def look_at_all(chromium: str, base: str, names: list[str], axe: str, browsers: int = 2) -> dict[str, Sight]:
    """Look at pages, shared out to some browsers that work side by side, each in a thread of its own."""
    left = iter(names)  # shared: each name goes to one thread

    def work() -> dict[str, Sight]:
        seen = {}
        with launched(chromium) as browser:
            for name in left:
                seen[name] = look(browser, base + name, axe)
        return seen

    with ThreadPoolExecutor(browsers) as pool:
        parts = [pool.submit(work) for _ in range(browsers)]
        found = {name: sight for part in parts for name, sight in part.result().items()}
    return {name: found[name] for name in names}


def violations(tab: Any, left_out: list[str]) -> list[str]:
    """What axe finds on the page as it stands: rule, and the first element that breaks it."""
    context = {"exclude": [[one] for one in left_out]}
    options = {"resultTypes": ["violations"], "preload": False}  # with preload axe itself requests style sheets
    found = tab.evaluate("([context, options]) => axe.run(context, options)", [context, options])["violations"]
    return [f"{one['id']} ({len(one['nodes'])}): {one['nodes'][0]['html'][:160]}" for one in found]
