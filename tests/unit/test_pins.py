"""Lock, pyproject.toml, environment.yml, the workflows and the tools say the same; the workflows fit their schema."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import environment  # noqa: E402
import plain_sphinx  # noqa: E402

LOCK = (ROOT / "requirements.lock").read_text("utf8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

# --- all files agree -------------------------------------------------------------------------------------------------


def pins():
    """Every pin of the lock as (name, version, marker)."""
    for name, texts in environment.entries(LOCK).items():
        for text in texts:
            requirement = Requirement(text.partition("\\")[0])
            yield name, Version(next(iter(requirement.specifier)).version), requirement.marker


def declared():
    """Every dependency of pyproject.toml, extras included."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"].values()
    listed = itertools.chain(project["dependencies"], *extras, PYPROJECT["build-system"]["requires"])
    return [Requirement(text) for text in listed]


def pythons():
    """The accepted minor versions, as `3.11`."""
    return [f"3.{minor}" for minor in range(environment.OLDEST[1], environment.NEWEST[1] + 1)]


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_lock_satisfies_every_dependency_on_every_python(requirement):
    found = [(version, marker) for name, version, marker in pins() if name == canonicalize_name(requirement.name)]
    assert all(requirement.specifier.contains(version) for version, _ in found), found
    for python in pythons():
        there = {"python_version": python, "python_full_version": f"{python}.9"}
        chosen = [version for version, marker in found if marker is None or marker.evaluate(there)]
        assert len(chosen) == 1, f"{requirement} on Python {python}: the lock has {chosen}"


def test_lock_is_hashed_throughout_and_names_no_index():
    assert all("--hash=sha256:" in text for texts in environment.entries(LOCK).values() for text in texts)
    assert sum(map(len, environment.entries(LOCK).values())) == len(re.findall(r"^\S", LOCK, re.MULTILINE))
    assert not re.search(r"://|--(extra-)?index-url|--find-links|@ ", LOCK)


def test_python_ranges_agree():
    accepted = SpecifierSet(PYPROJECT["project"]["requires-python"])
    versions = [f"3.{minor}" for minor in range(6, 30)]
    assert [version for version in versions if f"{version}.1" in accepted] == pythons()
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf8"))["dependencies"]
    assert SpecifierSet(next(d for d in conda if str(d).startswith("python>"))[len("python") :]) == accepted
    assert "pip" in conda
    assert {"pip": ["-r requirements.lock"]} in conda
    matrix = workflow("test")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == [pythons()[0], pythons()[-1]]


# --- CI --------------------------------------------------------------------------------------------------------------


def workflow(name):
    """A workflow; YAML reads its key `on` as True."""
    read = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf8"))
    return {("on" if key is True else key): value for key, value in read.items()}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_fits_the_schema_and_the_rules(path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    content = workflow(path.stem)
    assert content["permissions"] == {"contents": "read"}
    assert "concurrency" in content
    for job in content["jobs"].values():
        assert job["timeout-minutes"] > 0
        actions = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in actions)
        assert all(v in pythons() for v in re.findall(r"python-version': '([\d.]+)", str(job["steps"])))


def test_gpu_runner_never_runs_a_pull_request():
    assert set(workflow("gpu")["on"]) == {"push", "schedule"}
    job = workflow("gpu")["jobs"]["test"]
    assert job["runs-on"] == ["self-hosted", "gpu"]
    assert any("make test DEVICE=cuda" in step.get("run", "") for step in job["steps"])


def test_matrix_is_three_systems_and_weekly_runs_by_hand_too():
    systems = workflow("test")["jobs"]["test"]["strategy"]["matrix"]["os"]
    assert {name.split("-")[0] for name in systems} == {"ubuntu", "macos", "windows"}
    assert {"pull_request", "push"} <= set(workflow("test")["on"])
    assert set(workflow("weekly")["on"]) == {"schedule", "workflow_dispatch"}
    assert "make test-all" in json.dumps(workflow("weekly"))


def test_plain_sphinx_drops_only_what_is_jupyter_books_own():
    settings = {"extensions": ["jupyter_book", "myst_nb", "sphinx_thebe"], "thebe_config": {}, "numfig": True}
    assert plain_sphinx.plain_settings(settings) == {"extensions": ["myst_nb"], "numfig": True}


@pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="a POSIX bash is needed")
def test_ci_run_parses_and_can_be_executed():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0
    assert "set -euo pipefail" in script.read_text("utf8")
