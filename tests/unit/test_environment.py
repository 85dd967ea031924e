"""The environment that `make` sets up: from which Python, by which commands, and when again."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import environment  # noqa: E402
import lock as locking  # noqa: E402

LOCK = (ROOT / "requirements.lock").read_text("utf8")
SMALL_LOCK = """\
cuda-toolkit==13.2.2 ; sys_platform == 'linux' \\
    --hash=sha256:aa
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:dd
nvidia-cublas==13.4.1.3 ; sys_platform == 'linux' \\
    --hash=sha256:ee
torch==2.15.0 \\
    --hash=sha256:ff
torchvision==0.29.2 \\
    --hash=sha256:11
tornado==6.6.1 \\
    --hash=sha256:22
triton==3.9.0 ; sys_platform == 'linux' \\
    --hash=sha256:33
"""


# --- which Python ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9), (3, 14, 1)])
def test_accepted_pythons(version):
    assert environment.unsuitable(version, "CPython", 64, True) == ""


@pytest.mark.parametrize(
    ("version", "implementation", "bits", "complete", "says"),
    [
        ((3, 10, 13), "CPython", 64, True, "3.10.13"),
        ((3, 15, 0), "CPython", 64, True, "3.15.0"),
        ((2, 7, 18), "CPython", 64, True, "2.7.18"),
        ((3, 11, 4), "PyPy", 64, True, "PyPy"),
        ((3, 12, 0), "CPython", 32, True, "32 bit"),
        ((3, 12, 0), "CPython", 64, False, "python3-venv"),
    ],
)
def test_unsuitable_python_is_one_sentence(version, implementation, bits, complete, says):
    sentence = environment.unsuitable(version, implementation, bits, complete)
    assert says in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_tool_parses_on_old_pythons():
    ast.parse((ROOT / "tools" / "environment.py").read_text("utf8"), feature_version=(3, 7))


# --- what is installed -----------------------------------------------------------------------------------------------


def test_without_cuda_drops_torch_and_what_only_cuda_needs():
    kept = environment.without_cuda(SMALL_LOCK)
    assert re.findall(r"^[a-z]\S+", kept, re.MULTILINE) == ["numpy==2.4.6", "numpy==2.5.5", "tornado==6.6.1"]
    assert re.findall(r"sha256:(\w+)", kept) == ["bb", "cc", "dd", "22"]
    assert "python_full_version >= '3.12'" in kept


def test_without_cuda_keeps_all_else_of_the_real_lock():
    dropped = environment.entries(LOCK).keys() - environment.entries(environment.without_cuda(LOCK)).keys()
    assert {"torch", "torchvision", "triton", "cuda-toolkit", "nvidia-cublas"} <= dropped
    assert all(re.fullmatch(r"torch|torchvision|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+", name) for name in dropped)


def test_cpu_pair_is_pinned_by_the_lock():
    assert environment.cpu_pair(SMALL_LOCK) == ["torch==2.15.0", "torchvision==0.29.2"]
    with pytest.raises(environment.Refused, match="pins torch 2 times"):
        environment.cpu_pair(SMALL_LOCK + SMALL_LOCK)
    with pytest.raises(environment.Refused, match="pins torchvision 0 times"):
        environment.cpu_pair("torch==2.15.0\n")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a lock and a project file, and outside CI."""
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "requirements.lock").write_text(SMALL_LOCK, "utf8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", "utf8")
    return tmp_path


class FakePip:
    """Records commands, and makes what `python -m venv` would make; fails at the command that holds `fails_at`."""

    def __init__(self, root, fails_at=None):
        self.root, self.fails_at, self.commands = root, fails_at, []

    def __call__(self, command):
        self.commands.append(command)
        if self.fails_at in command:
            raise environment.Refused("planted")
        if "venv" in command:
            shutil.rmtree(self.root / ".venv", ignore_errors=True)
            python = Path(environment.venv_python(str(self.root)))
            python.parent.mkdir(parents=True)
            python.touch()


def install(project, torch="", this_version_only=False, fails_at=None):
    """Set up with a pip that records; what had changed, and the arguments after `install` of each pip command."""
    pip = FakePip(project, fails_at)
    differs = environment.set_up(str(project), torch, this_version_only, execute=pip)
    return differs, [c[c.index("install") + 1 :] for c in pip.commands if "install" in c]


def test_default_wheels_come_with_hashes_then_the_project(project):
    _, (locked, itself) = install(project)
    assert locked[-3:] == ["--require-hashes", "-r", str(project / "requirements.lock")]
    assert itself[-4:] == ["--no-deps", "--no-build-isolation", "-e", str(project)]
    assert "--index-url" not in locked


def test_cpu_wheels_come_from_their_own_index_by_version(project):
    _, (pair, rest, itself) = install(project, torch="cpu")
    assert pair[-5:] == [
        "--no-deps", "--index-url", environment.CPU_INDEX, "torch==2.15.0", "torchvision==0.29.2",
    ]  # fmt: skip
    assert rest[-4:-1] == ["--no-deps", "--require-hashes", "-r"]
    assert Path(rest[-1]).read_text("utf8") == environment.without_cuda(SMALL_LOCK)
    assert "-e" in itself


def test_second_call_does_nothing_and_keeps_the_choice_of_wheels(project):
    install(project, torch="cpu")
    assert install(project) == ([], [])
    assert install(project, torch="cpu") == ([], [])
    assert install(project, torch="pypi")[0] == ["torch"]


def test_interrupted_installation_is_repeated(project):
    with pytest.raises(environment.Refused, match="planted"):
        install(project, fails_at="--require-hashes")
    assert not environment.read_stamp(str(project))
    assert len(install(project)[1]) == 2
    assert install(project) == ([], [])


def test_failed_renewal_leaves_no_valid_stamp(project):
    install(project)
    (project / "requirements.lock").write_text(SMALL_LOCK.replace("6.6.1", "6.6.2"), "utf8")
    with pytest.raises(environment.Refused, match="planted"):
        install(project, fails_at="--require-hashes")
    assert not environment.read_stamp(str(project))


def test_changes_are_noticed(project, monkeypatch):
    install(project)
    (project / "requirements.lock").write_bytes(SMALL_LOCK.replace("\n", "\r\n").encode())
    assert install(project) == ([], [])  # git's line ends on Windows are no change
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n", "utf8")
    differs, ((*_, dash_e, _),) = install(project)
    assert (differs, dash_e) == (["project"], "-e")  # the project alone is installed again
    (project / "requirements.lock").write_text(SMALL_LOCK.replace("6.6.1", "6.6.2"), "utf8")
    assert install(project)[0] == ["lock"]
    Path(environment.venv_python(str(project))).unlink()
    assert "python" in install(project)[0]


def test_another_python_is_kept_unless_one_was_named(project):
    install(project)
    stamp = environment.read_stamp(str(project))
    environment.write_stamp(str(project), {**stamp, "python": "3.99"})
    assert install(project) == ([], [])
    assert install(project, this_version_only=True)[0] == ["python"]


def test_moved_folder_is_another_environment(project):
    install(project)
    moved = project.parent / f"{project.name}-moved"
    project.rename(moved)
    assert install(moved)[0] == ["folder"]


@pytest.mark.parametrize("damage", ["", "{", "[]", "null"])
def test_damaged_stamp_is_no_stamp(project, damage):
    install(project)
    (project / ".venv" / ".installed").write_text(damage, "utf8")
    assert environment.read_stamp(str(project)) == {}


def test_unsuitable_python_installs_nothing(project, monkeypatch):
    monkeypatch.setattr(environment, "this_python", lambda: "This is too old.")
    with pytest.raises(environment.Refused, match="too old"):
        install(project)
    assert not (project / ".venv").exists()


def test_failing_command_is_one_sentence():
    with pytest.raises(environment.Refused, match=r"^`.*` failed with status 3 .*\.$"):
        environment.run([sys.executable, "-c", "raise SystemExit(3)"])


def test_unknown_wheels_are_refused(capsys):
    assert environment.main(["--torch", "gpu"]) == 2
    assert re.fullmatch(r"dlbook: TORCH = gpu: accepted are cpu .*, pypi .*\.\n", capsys.readouterr().err)


def test_relock_keeps_the_old_lock_where_it_fails(project):
    calls = []

    def fail_at_uv(command):
        calls.append(command)
        if "compile" in command:
            raise environment.Refused("planted")

    with pytest.raises(environment.Refused, match="planted"):
        locking.relock(str(project), False, execute=fail_at_uv)
    assert (project / "requirements.lock").read_text("utf8") == SMALL_LOCK
    assert {"--universal", "--generate-hashes", "--all-extras"} <= set(calls[-1])
    assert "--upgrade" not in calls[-1]
