"""Build the book on plain current Sphinx, without Jupyter Book: the way out, should its last 1.x release stop working.

Run by the Python of `.venv`. The newest Sphinx and extensions go into an environment of their own under
`_build/plain`; of `.venv` it borrows what the API reference imports. A warning is an error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "sphinx", "myst-nb", "sphinx-book-theme", "sphinx-togglebutton", "sphinx-copybutton", "sphinx-external-toc",
    "sphinx-multitoc-numbering", "sphinx-exercise", "sphinx-proof", "sphinxcontrib-bibtex",
)  # fmt: skip
DROPPED = ("jupyter_book", "sphinx_comments", "sphinx_thebe", "sphinx_jupyterbook_latex")
DROPPED_KEYS = ("comments_config", "thebe_config", "use_jupyterbook_latex", "use_multitoc_numbering")


def plain_settings(settings: dict[str, object]) -> dict[str, object]:
    """The settings that Jupyter Book makes of `_config.yml`, without its own extensions and their keys."""
    kept = {key: value for key, value in settings.items() if key not in DROPPED_KEYS}
    return {**kept, "extensions": [name for name in settings["extensions"] if name not in DROPPED]}


def prepare(folder: Path) -> Path:
    """Make the environment with the newest Sphinx, and return its Python."""
    venv.create(folder, clear=True, with_pip=True)
    windows = sys.platform == "win32"
    python = folder / ("Scripts/python.exe" if windows else "bin/python")
    subprocess.run([python, "-I", "-m", "pip", "install", "--quiet", "--upgrade", *PACKAGES], check=True)
    ask = [python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip())
    borrowed = [sysconfig.get_path("purelib"), str(ROOT / "src")]  # last on the path: only what is not there already
    (own / "borrowed.pth").write_text("\n".join(borrowed) + "\n", "utf8")
    return python


def build(settings: Path, out: Path) -> int:
    """Build the book with the Sphinx that is importable here; the number of problems."""
    import sphinx
    from sphinx.application import Sphinx

    print(f"Sphinx {sphinx.__version__}", flush=True)
    overrides = json.loads(settings.read_text("utf8"))
    app = Sphinx(
        ROOT, None, out, out.with_name("doctrees"), "html", confoverrides=overrides, freshenv=True,
        warningiserror=True, keep_going=True, status=None,
    )  # fmt: skip
    app.setup_extension("sphinx_multitoc_numbering")
    app.build(force_all=True)
    print(out / "index.html")
    return app.statuscode


def main() -> int:
    """Prepare, build, and return the exit status."""
    from dlbook.book.build import sphinx_config, vendor_mathjax

    folder = ROOT / "_build" / "plain"
    folder.mkdir(parents=True, exist_ok=True)
    vendor_mathjax(ROOT / "_vendor")
    settings = folder / "settings.json"
    settings.write_text(json.dumps(plain_settings(sphinx_config(ROOT))), "utf8")
    python = prepare(folder / ".venv")
    return subprocess.call([python, __file__, "--build", str(settings), str(folder / "html")])


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[2]), Path(sys.argv[3])) if sys.argv[1:2] == ["--build"] else main())
