"""`dlbook run`: what it refuses before anything runs, what it keeps, and what it says."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest
import sample
from nbformat.v4 import new_code_cell, new_notebook

from dlbook.book.errors import DlbookError, SettingError
from dlbook.book.notebooks.files import write
from dlbook.book.run import RunError, check_parameters, name_of, run_notebook


@pytest.fixture
def page(checkout: Path) -> Path:
    return checkout / "chapters" / f"{sample.PAGE}.ipynb"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"m": "3"}, "has no parameter 'm'"),
        ({"sede": "3"}, "did you mean 'seed'? Accepted are seed, device, n, rate, names."),
        ({"n": "abc"}, "n = 'abc': accepted is an integer (int), as in 512."),
        ({"n": 1.5}, "n = 1.5: accepted is an integer"),
        ({"rate": "fast"}, "rate = 'fast': accepted is a number (float), as in 0.5."),
        ({"names": 3}, "names = 3: accepted is list[str]"),
        ({"device": 0}, "device = 0: accepted is a text (str)"),
        ({"device": "gpu"}, "device = 'gpu': accepted are 'auto', 'cpu'"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(page: Path, tmp_path: Path, given: dict, words: str) -> None:
    with pytest.raises(SettingError) as caught:
        run_notebook(page, given, tmp_path / "out" / "x.ipynb", fixed=True)
    assert words in str(caught.value)
    assert str(caught.value).count("\n") == 0
    assert not (tmp_path / "out").exists()


def test_texts_are_read_as_the_type_of_the_parameter(page: Path) -> None:
    given = {"n": "0x10", "rate": "1e-3", "names": "a,b", "device": "cpu"}
    assert check_parameters(page, given) == {"n": 16, "rate": 0.001, "names": ["a", "b"], "device": "cpu"}


def test_cuda_where_there_is_none(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(SettingError, match="this machine has 0 CUDA devices"):
        run_notebook(page, {"device": "cuda"}, tmp_path / "x.ipynb", fixed=True)
    monkeypatch.setenv("DLBOOK_DEVICE", "cuda")
    with pytest.raises(SettingError, match="DLBOOK_DEVICE = 'cuda'"):
        run_notebook(page, {}, tmp_path / "x.ipynb", fixed=True)


def test_a_run_is_kept_under_its_parameters_and_told(checkout: Path, call) -> None:
    asked = ("-p", "seed", "1", "-p", "rate", "1.0", "--set", "quick", "--fixed")
    status, out, err = call("run", sample.PAGE, *asked, top=checkout)
    assert status == 0, err
    output = checkout / "build" / "runs" / sample.PAGE / "n=64,seed=1,rate=1.0.ipynb"
    assert out.splitlines()[-1] == str(output.relative_to(checkout))
    assert "1 equations verified: eq-sample-strides" in out
    assert "no band for these parameters" in out
    assert "42/42" in err  # cells done of total
    assert [path.name for path in output.parent.iterdir()] == [output.name]
    records = [o["data"] for c in json.loads(output.read_text())["cells"] for o in c.get("outputs", []) if "data" in o]
    settings = next(
        r["application/vnd.dlbook.record+json"] for r in records if "application/vnd.dlbook.record+json" in r
    )
    assert (settings["seed"], json.loads(settings["set"])["n"]) == (1, 64)


def test_a_run_that_fails_is_one_sentence_and_keeps_what_it_did(checkout: Path, call) -> None:
    status, _, err = call("run", sample.PAGE, "-p", "n", "13", "--output", "mine", top=checkout)
    assert status == 1
    message = err.splitlines()[-1]
    assert message == (
        f"dlbook: {sample.PAGE}: cell 13 (In [11]): ValueError: thirteen is "
        f"[{os.path.join('mine', 'n=13.failed.ipynb')}]"
    )
    assert "Traceback" not in err
    assert [path.name for path in (checkout / "mine").iterdir()] == ["n=13.failed.ipynb"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["09_nowhere"], "There is no page '09_nowhere': accepted are 01_sample."),
        ([sample.PAGE, "--set", "slow"], "declares no set 'slow': accepted are quick."),
        ([sample.PAGE, "-p", "n"], "-p n: accepted are a name and a value"),
        ([sample.PAGE, "-p", "n", "-4.5"], "n = '-4.5': accepted is an integer"),
        (["bare.ipynb"], "bare has no cell tagged 'parameters'"),
        (["broken.ipynb"], "broken.ipynb is no notebook"),
    ],
)
def test_bad_requests_are_one_sentence(checkout: Path, arguments: list[str], words: str, call) -> None:
    write(checkout / "bare.ipynb", new_notebook(cells=[new_code_cell("x = 1")]))
    (checkout / "broken.ipynb").write_text("<html>404</html>")
    status, _, err = call("run", *arguments, top=checkout)
    assert status == 2
    assert words in err
    assert err.startswith("dlbook: ")
    assert len(err.splitlines()) == 1
    assert not (checkout / "build").exists()


def test_names_of_outputs_are_safe_and_distinct() -> None:
    assert name_of({}) == "default"
    assert name_of({"n": 256, "seed": 1}) == "n=256,seed=1"
    assert name_of({"sizes": [1, 2]}) == "sizes=[1,2]"
    unsafe = name_of({"data": "folder:/tmp/x"}), name_of({"data": "folder:_tmp_x"})
    assert len(set(unsafe)) == 2
    assert not any(set('/\\:*?"<>|') & set(name) for name in unsafe)
    assert len(name_of({"text": "x" * 500})) <= 120


def test_an_error_survives_the_way_out_of_a_worker() -> None:
    error = pickle.loads(pickle.dumps(RunError("01_x", "cell 3 (In [2])", "ValueError", "no")))
    assert str(error) == "01_x: cell 3 (In [2]): ValueError: no"
    assert isinstance(error, DlbookError)
