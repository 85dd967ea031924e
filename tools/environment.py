"""Make `.venv` from requirements.lock: exactly, once, and again only where something has changed.

Standard library only, and it parses on Python 3.6, so that an old Python answers with a sentence.
`.venv/.installed` (the stamp) is written last: an interrupted installation has none, and is repeated.
"""

import argparse
import hashlib
import json
import os
import re
import sys

OLDEST, NEWEST = (3, 11), (3, 14)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCK = "requirements.lock"
PAIR = ("torch", "torchvision")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_ONLY = re.compile(r"(nvidia-.*|cuda-.*|triton)$")  # only a CUDA build of torch asks for them
TORCH_CHOICES = {"pypi": "PyPI's wheels, for CPU and GPU", "cpu": "CPU-only wheels of PyTorch's own index"}


class Refused(Exception):
    """What was asked for cannot be done; the message is one sentence for the reader."""


# --- what fits ------------------------------------------------------------------------------------------------


def unsuitable(version: tuple, implementation: str, bits: int, has_ensurepip: bool) -> str:
    """Why this Python cannot carry the book, as one sentence; empty if it can.

    `version` is (major, minor, micro), `bits` the width of a pointer.
    """
    accepted = "CPython {}.{} to {}.{}, 64 bit".format(*OLDEST, *NEWEST)
    given = "{} {}, {} bit".format(implementation, ".".join(map(str, version[:3])), bits)
    if not OLDEST <= tuple(version[:2]) <= NEWEST or implementation != "CPython" or bits != 64:
        minor = "{}.{}".format(*NEWEST)
        return f"This is {given}; accepted is {accepted}: name one, as in `make book PYTHON=python{minor}`."
    if not has_ensurepip:
        return f"This is {given}, without venv or ensurepip: install them (on Debian and Ubuntu: python3-venv)."
    return ""


def this_python() -> str:
    """`unsuitable` for the Python that runs this file."""
    import importlib.util
    import platform

    complete = all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
    bits = 64 if sys.maxsize > 2**32 else 32
    return unsuitable(tuple(sys.version_info), platform.python_implementation(), bits, complete)


def digest(path: str) -> str:
    """SHA-256 of a text file, the same whatever line ends git has given it."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read().replace(b"\r\n", b"\n")).hexdigest()


def wanted(root: str, torch: str, version: tuple) -> dict:
    """The stamp of a complete environment: all that it depends on. A moved folder is another environment."""
    return {
        "folder": os.path.realpath(root),
        "lock": digest(os.path.join(root, LOCK)),
        "project": digest(os.path.join(root, "pyproject.toml")),
        "python": "{}.{}".format(*version[:2]),
        "torch": torch,
    }


def venv_python(root: str) -> str:
    """The path of the environment's own Python."""
    return os.path.join(root, ".venv", *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))


def read_stamp(root: str) -> dict:
    """The stamp of `.venv`; empty where there is none, it is damaged, or the environment's Python is gone."""
    try:
        with open(os.path.join(root, ".venv", ".installed"), encoding="utf8") as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and os.path.exists(venv_python(root)) else {}


def write_stamp(root: str, stamp: dict) -> None:
    """Write the stamp wholly or not at all."""
    path = os.path.join(root, ".venv", ".installed")
    with open(path + ".part", "w", encoding="utf8") as file:
        json.dump(stamp, file, indent=1)
    os.replace(path + ".part", path)


def missing(root: str, torch: str, this_version_only: bool) -> tuple:
    """In which keys the stamp of `.venv` differs from the wanted one (all where there is none), and the wanted one.

    An empty `torch` keeps what is installed; an environment of another Python stays unless `this_version_only`.
    """
    stamp = read_stamp(root)
    wish = wanted(root, torch or stamp.get("torch", "pypi"), sys.version_info)
    if stamp and not this_version_only:
        wish["python"] = stamp.get("python")
    return [key for key in wish if stamp.get(key) != wish[key]], wish


# --- what is installed ----------------------------------------------------------------------------------------


def entries(lock: str) -> dict:
    """The lock's entries by package name, each a list: one text (pin, marker, hashes) for each marker."""
    found = {}
    for text in re.split(r"\n(?=[A-Za-z0-9])", "\n" + lock):
        match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)==", text)
        if match:
            found.setdefault(match.group(1).lower(), []).append(text.strip() + "\n")
    return found


def without_cuda(lock: str) -> str:
    """The lock without torch, torchvision and all that only a CUDA build of them needs."""
    found = entries(lock).items()
    return "".join("".join(texts) for name, texts in found if name not in PAIR and not CUDA_ONLY.match(name))


def cpu_pair(lock: str) -> list:
    """torch and torchvision as the lock pins them: `["torch==2.15.0", ...]`.

    Raises:
        Refused: the lock does not pin each of them once.
    """
    found = entries(lock)
    for name in PAIR:
        times = len(found.get(name, []))
        if times != 1:
            raise Refused(f"{LOCK} pins {name} {times} times; TORCH=cpu needs exactly one version of it.")
    return [found[name][0].split()[0] for name in PAIR]


def commands(root: str, torch: str, lock: str) -> list:
    """The commands that fill a new environment, in order, each a list of arguments."""
    python = venv_python(root)
    install = [python, "-I", "-m", "pip", "install", "--disable-pip-version-check"]
    if os.environ.get("CI"):
        install += ["--quiet", "--progress-bar", "off"]
    if torch == "cpu":
        filtered = os.path.join(root, ".venv", "requirements-cpu.lock")
        steps = [
            [*install, "--no-deps", "--index-url", CPU_INDEX, *cpu_pair(lock)],
            [*install, "--no-deps", "--require-hashes", "-r", filtered],
        ]
    else:
        steps = [[*install, "--require-hashes", "-r", os.path.join(root, LOCK)]]
    return [*steps, project_command(root), [python, "-I", "-c", "import torch, torchvision"]]


def project_command(root: str) -> list:
    """The command that installs the project itself, editable, with the locked setuptools."""
    pip = [venv_python(root), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    return [*pip, "--no-deps", "--no-build-isolation", "-e", root]


# --- doing it -------------------------------------------------------------------------------------------------


def run(command: list) -> None:
    """Run a command in the project's folder.

    Raises:
        Refused: it failed (what it had to say stands above).
    """
    import subprocess

    status = subprocess.call(command, cwd=ROOT)
    if status:
        shown = " ".join(os.path.relpath(part, ROOT) if os.path.isabs(part) else part for part in command)
        raise Refused(f"`{shown}` failed with status {status} (see above); the next call starts afresh.")


def base_python() -> str:
    """The Python outside any environment: `.venv` can be replaced while it is active."""
    return getattr(sys, "_base_executable", None) or sys.executable


def set_up(root: str, torch: str, this_version_only: bool, execute=run) -> list:
    """Bring `.venv` in line with the lock and return what had changed (empty: nothing to do).

    `torch` and `this_version_only` as in `missing`; `execute` runs one command (tests hand in one that records).

    Raises:
        Refused: this Python is unsuitable, the lock is incomplete, or a command failed.
    """
    differs, wish = missing(root, torch, this_version_only)
    if not differs:
        return []
    if differs == ["project"]:
        execute(project_command(root))
        write_stamp(root, wish)
        return differs
    if this_python():
        raise Refused(this_python())
    wish["python"] = "{}.{}".format(*sys.version_info[:2])
    with open(os.path.join(root, LOCK), encoding="utf8") as file:
        lock = file.read()
    steps = commands(root, wish["torch"], lock)
    size = "2 GB" if wish["torch"] == "cpu" else "up to 7 GB"
    print(f"dlbook: installing the locked packages into .venv (some minutes, {size}) ...", flush=True)
    execute([base_python(), "-m", "venv", "--clear", os.path.join(root, ".venv")])
    if wish["torch"] == "cpu":
        with open(os.path.join(root, ".venv", "requirements-cpu.lock"), "w", encoding="utf8") as file:
            file.write(without_cuda(lock))
    for step in steps:
        execute(step)
    write_stamp(root, wish)
    return differs


def main(arguments: list) -> int:
    """Obey the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="environment.py", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; status 0 if .venv fits, else 1")
    parser.add_argument("--torch", default="", metavar="pypi|cpu", help="default: as installed, else pypi")
    parser.add_argument("--this-python", action="store_true", help="accept no .venv of another Python version")
    options = parser.parse_args(arguments)
    try:
        if options.torch and options.torch not in TORCH_CHOICES:
            known = ", ".join(f"{name} ({what})" for name, what in sorted(TORCH_CHOICES.items()))
            raise Refused(f"TORCH = {options.torch}: accepted are {known}.")
        if options.check:
            return 1 if missing(ROOT, options.torch, options.this_python)[0] else 0
        set_up(ROOT, options.torch, options.this_python)
    except Refused as refusal:
        print(f"dlbook: {refusal}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
