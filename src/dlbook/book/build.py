"""Build the static HTML book from the stored outputs: warnings are errors, and nothing points outside the folder."""

from __future__ import annotations

import hashlib
import io
import logging
import re
import shutil
import sys
import warnings
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DlbookError
from .paths import write_atomic

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MATHJAX = "sphinx-mathjax-offline"  # the package that carries MathJax; only what a page loads is taken from it
UNUSED = ("_static/locales", "_static/images", "_static/webpack-macros.html", "_static/sbt-webpack-macros.html")


class BookError(DlbookError):
    """The book could not be built without a warning; the message holds every warning."""


def build(root: Path, out: Path | None = None, *, quiet: bool = False) -> Path:
    """Build the book of the folder `root` into `out` (default `_build/html`) and return its index page.

    A second call reads only the pages that changed. Unless `quiet`, progress and then the path of the index page are
    printed.

    Raises:
        BookError: any warning or error; what was read is forgotten, so that the next call reports it again.
    """
    root = Path(root).resolve()
    out = Path(out).resolve() if out else root / "_build" / "html"
    if not (root / "_toc.yml").is_file() or not (root / "_config.yml").is_file():
        raise BookError(f"{root} holds no book: _config.yml and _toc.yml are expected there.")
    vendor_mathjax(root / "_vendor")
    trees = out.parent / f".doctrees-{out.name}"
    _forget_if_changed(root, out, trees)
    problems = _run_sphinx(root, out, trees, quiet)
    if problems:
        (trees / "environment.pickle").unlink(missing_ok=True)
        raise BookError(f"the book has {len(problems)} warning(s):\n" + "\n".join(problems))
    slim(out)
    index = out / "index.html"
    if not quiet:
        print(index)
    return index


def vendor_mathjax(folder: Path) -> None:
    """Copy the one script and the fonts that the pages load, about 1.7 MB, where Sphinx takes them from.

    Raises:
        BookError: the package that carries them is not installed.
    """
    target = folder / "vendor" / "mathjax"
    wanted = ("tex-chtml-full.js", "output/chtml/fonts/woff-v2", "LICENSE")
    try:
        source = Path(str(distribution(MATHJAX).locate_file(f"{MATHJAX}/static/mathjax")))
    except PackageNotFoundError as error:
        raise BookError(f"The package {MATHJAX} is not installed: it carries the mathematics of the pages.") from error
    for name in wanted:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        elif (source / name).is_file() and not (target / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)


def sphinx_config(root: Path) -> dict[str, object]:
    """The Sphinx settings that Jupyter Book makes of `_config.yml`, and `_toc.yml` as the table of contents."""
    _import_jsonschema()
    from jupyter_book.config import get_final_config

    config, _ = get_final_config(
        user_yaml=root / "_config.yml",
        cli_config={"latex_individualpages": False, "nitpicky": True},
        sourcedir=root,
        raise_on_invalid=True,
    )
    config.pop("comments_config", None)  # belongs to an extension that is left out
    return config


def _import_jsonschema() -> None:
    """Import jsonschema without its checker of international addresses: compiling those grammars takes a second."""
    if "jsonschema" not in sys.modules and "rfc3987_syntax" not in sys.modules:
        sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # as if it were not installed
        try:
            import jsonschema  # noqa: F401
        finally:
            del sys.modules["rfc3987_syntax"]


def _run_sphinx(root: Path, out: Path, trees: Path, quiet: bool) -> list[str]:
    """Run Sphinx in this process; the warnings, one string each."""
    from sphinx.application import Sphinx
    from sphinx.util.console import color_terminal, nocolor
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    status = io.StringIO() if quiet else sys.stdout
    if not color_terminal():
        nocolor()
    caught = io.StringIO()
    path = list(sys.path)
    try:
        with warnings.catch_warnings(), patch_docutils(str(root)), docutils_namespace():
            warnings.simplefilter("ignore")  # what the tools warn each other about is not the book's concern
            config = sphinx_config(root)
            app = Sphinx(
                root, None, out, trees, "html", confoverrides=config, status=status, warning=caught,
                warningiserror=True, keep_going=True, parallel=1,
            )  # fmt: skip
            app.setup_extension("sphinx_multitoc_numbering")
            app.build()
            _remove_left_over(out, app)
    except Exception as error:
        caught.write(f"{type(error).__name__}: {error}\n")
    finally:
        sys.path[:] = path
    plain = re.sub(r"\x1b\[[0-9;]*m", "", caught.getvalue())
    return [line for line in plain.splitlines() if line.strip()]


def _forget_if_changed(root: Path, out: Path, trees: Path) -> None:
    """Start anew where what shapes every page has changed: settings, templates, this package's part in them."""
    shaping = [root / "_config.yml", *sorted((root / "_templates").rglob("*.html"))]
    shaping += sorted(Path(__file__).parent.glob("*site*.py"))
    fingerprint = hashlib.sha256(b"\0".join(path.read_bytes() for path in shaping)).hexdigest()
    noted = trees / "shaped-by"
    if not noted.is_file() or noted.read_text("utf8") != fingerprint:
        shutil.rmtree(trees, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)
        write_atomic(noted, fingerprint)


def _remove_left_over(out: Path, app: Sphinx) -> None:
    """Remove the pages of an earlier build whose source is gone."""
    known = {*app.env.found_docs, "index", "genindex", "py-modindex", "search", "_modules/index"}
    known |= {f"_modules/{name.replace('.', '/')}" for name in getattr(app.env, "_viewcode_modules", {})}
    for path in out.rglob("*.html"):
        if path.relative_to(out).with_suffix("").as_posix() not in known:
            path.unlink()


# --- what a book does not need ---------------------------------------------------------------------------------------


def slim(out: Path) -> None:
    """Remove from a built book what no page uses: source maps, translations, the icon library but for a few icons."""
    static = out / "_static"
    for path in [*out.rglob("*.map"), *static.glob("scripts/fontawesome.js*"), *static.glob("scripts/*.LICENSE.txt")]:
        path.unlink(missing_ok=True)
    for name in UNUSED:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    style = static / "styles" / "pydata-sphinx-theme.css"
    fonts = static / "vendor" / "fontawesome" / "webfonts"
    if style.is_file() and (fonts / "fa-solid-900.ttf").is_file():
        _slim_icons(style, fonts, _icons_used(out))


def _icons_used(out: Path) -> set[str]:
    """Names of the icons in the pages and scripts: `fa-bars`, `fa-list`, ..."""
    texts = (path.read_text("utf8", "replace") for path in [*out.rglob("*.html"), *out.glob("_static/scripts/*.js")])
    return {name for text in texts for name in re.findall(r"\bfa-[a-z0-9-]+", text)}


def _slim_icons(style: Path, fonts: Path, used: set[str]) -> None:
    """Cut the icon font and its style rules down to the icons in `used` and those that the style sheet itself shows."""
    text = style.read_text("utf8")

    def keep(rule: re.Match[str]) -> str:
        return rule[0] if used & set(re.findall(r"fa-[a-z0-9-]+", rule[1])) else ""

    text = re.sub(r'((?:\.fa-[a-z0-9-]+:{1,2}before,?)+)\{content:"[^"]*"\}', keep, text)
    shown = {chr(int(code, 16)) for code in re.findall(r'"\\([ef][0-9a-f]{3})\s?"', text)} | set(
        re.findall("[\ue000-\uf8ff]", text)
    )
    faces = list(re.finditer(r"@font-face\{[^}]*Awesome[^}]*\}", text))
    for face in reversed(faces):
        text = text[: face.start()] + text[face.end() :]
    text += (
        '@font-face{font-display:block;font-family:"Font Awesome 6 Free";font-style:normal;font-weight:900;'
        "src:url(../vendor/fontawesome/webfonts/book-icons.woff) format('woff')}"
    )
    _subset_font(fonts / "fa-solid-900.ttf", fonts / "book-icons.woff", shown)
    for path in [*fonts.glob("fa-*.ttf"), *fonts.glob("fa-*.woff2")]:
        path.unlink()
    style.write_text(text, "utf8")


def _subset_font(source: Path, target: Path, characters: set[str]) -> None:
    """Write the glyphs of `characters` as a web font."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    font = TTFont(source)
    subsetter = Subsetter(Options(notdef_outline=True, name_IDs=["*"]))
    subsetter.populate(unicodes=[ord(character) for character in characters])
    subsetter.subset(font)
    font.flavor = "woff"
    font.save(target)
