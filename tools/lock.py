"""Make requirements.lock again from pyproject.toml, with uv from a throwaway environment.

`--upgrade` takes the newest versions; without it, pins that still fit stay. Standard library only.
"""

import os
import shutil
import sys
import tempfile

from environment import LOCK, OLDEST, ROOT, Refused, base_python, run, this_python, venv_python


def compile_command(python: str, output: str, project: str, upgrade: bool) -> list:
    """The command that resolves `project` into `output`: one lock for every platform and accepted Python.

    Neither index addresses nor paths of this machine get into the file.
    """
    options = ["--universal", "--generate-hashes", "--all-extras", "--no-header", "--no-annotate", "--quiet"]
    options += ["--python-version", "{}.{}".format(*OLDEST), *(["--upgrade"] if upgrade else [])]
    return [python, "-m", "uv", "--no-config", "pip", "compile", *options, "-o", output, project]


def relock(root: str, upgrade: bool, execute=run) -> None:
    """Make the lock of the folder `root` again; `execute` runs one command.

    Raises:
        Refused: this Python is unsuitable, or a command failed; the old lock then stands untouched.
    """
    if this_python():
        raise Refused(this_python())
    lock = os.path.join(root, LOCK)
    with tempfile.TemporaryDirectory() as folder:
        python, new = venv_python(folder), os.path.join(folder, LOCK)
        if os.path.exists(lock):
            shutil.copyfile(lock, new)
        execute([base_python(), "-m", "venv", os.path.join(folder, ".venv")])
        execute([python, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"])
        execute(compile_command(python, new, os.path.join(root, "pyproject.toml"), upgrade))
        shutil.copyfile(new, lock + ".part")
    os.replace(lock + ".part", lock)


if __name__ == "__main__":
    try:
        relock(ROOT, "--upgrade" in sys.argv[1:])
    except Refused as refusal:
        sys.exit(f"dlbook: {refusal}")
