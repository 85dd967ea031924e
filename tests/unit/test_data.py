"""Data by name: what each set is, the bundled subset, and names that do not exist."""

import hashlib
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dlbook import data
from dlbook.data import DataError, DataSet, Picture, Text, fashion, official, places, series

ROOT = Path(__file__).parents[2]
FULL_FASHION = Path(os.environ.get("DLBOOK_DATA", "/nowhere")) / "FashionMNIST" / "raw" / "train-images-idx3-ubyte.gz"
IMAGES = {"fashion_mini": (10_000, 1, 28, 28), "digits": (1_797, 1, 8, 8)}
CLASSES = {"iris": (150, 4, 3), "wine": (178, 13, 3), "breast_cancer": (569, 30, 2)}
REGRESSIONS = {"diabetes": ((442, 10), (442,)), "linnerud": ((20, 3), (20, 3)), "sunspots": ((309, 1), (309,))}
FILES = {"fashion_mini": fashion, "sunspots": series}  # what is bundled here, and the module that knows it


def in_new_process(code: str, **variables: str) -> str:
    """What a fresh interpreter prints."""
    run = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(run, env=os.environ | variables, text=True, capture_output=True, check=True).stdout.strip()


# ---------------------------------------------------------------- each name


@pytest.mark.parametrize("name", IMAGES)
def test_images(name):
    found = data.load(name)
    assert (found.x.dtype, tuple(found.x.shape)) == (torch.uint8, IMAGES[name])
    assert (found.y.dtype, tuple(found.y.shape)) == (torch.int64, IMAGES[name][:1])
    assert found.y.unique().tolist() == list(range(len(found.classes))) == list(range(10))
    assert found.x.min() == 0
    assert found.x.max() == (16 if name == "digits" else 255)


def test_digits_agree_with_scikit_learn():
    from sklearn.datasets import load_digits

    raw, found = load_digits(), data.load("digits")
    assert np.array_equal(found.x[:, 0].numpy(), raw.images)
    assert np.array_equal(found.y.numpy(), raw.target)


@pytest.mark.parametrize("name", CLASSES)
def test_tables_with_classes(name):
    n, features, classes = CLASSES[name]
    found = data.load(name)
    assert (found.x.dtype, tuple(found.x.shape)) == (torch.float32, (n, features))
    assert (found.y.dtype, tuple(found.y.shape)) == (torch.int64, (n,))
    assert (len(found.features), len(found.classes), found.targets) == (features, classes, ())
    assert found.y.unique().tolist() == list(range(classes))


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressions(name):
    shapes = REGRESSIONS[name]
    found = data.load(name)
    assert (found.x.dtype, found.y.dtype) == (torch.float32, torch.float32)
    assert (tuple(found.x.shape), tuple(found.y.shape)) == shapes
    assert len(found.features) == shapes[0][1]
    assert found.classes == ()
    assert len(found.targets) == (found.y.shape[1] if found.y.ndim > 1 else 1)


def test_diabetes_is_in_raw_units():
    found = data.load("diabetes")
    age = found.x[:, found.features.index("age")]
    assert age.min() >= 19
    assert age.max() <= 79


@pytest.mark.parametrize("name", ["china", "flower"])
def test_photographs(name):
    from sklearn.datasets import load_sample_image

    found = data.load(name)
    assert isinstance(found, Picture)
    assert found.x.is_contiguous()
    assert found.x.dtype == torch.uint8
    assert tuple(found.x.shape) == (3, 427, 640)
    assert np.array_equal(found.x.permute(1, 2, 0).numpy(), load_sample_image(f"{name}.jpg"))


def test_torch_docs():
    found = data.load("torch_docs")
    assert isinstance(found, Text)
    assert 1_300_000 < len(found.text) < 2_000_000
    assert 900 < len(found.documents) == len(set(found.documents))
    assert all(text.startswith("torch.") for text in found.documents)
    assert " at 0x" not in found.text  # an address would differ from run to run
    assert any(text.startswith("torch.nn.Conv2d\n\n") for text in found.documents)
    assert found.symbols == tuple(sorted(set(found.text)))
    assert len(found.symbols) < 150


def test_torch_docs_of_the_locked_torch():
    if torch.__version__.split("+")[0] != "2.15.0":
        pytest.skip(f"the text is pinned for torch 2.15.0; this is {torch.__version__}")
    text = data.load("torch_docs").text
    assert hashlib.sha256(text.encode()).hexdigest().startswith("5d9f661d939f99bd")


def test_torch_docs_are_the_same_in_every_process():
    load = "import dlbook.data, hashlib as h; print(h.sha256(dlbook.data.load('torch_docs').text.encode()).hexdigest())"
    others = "import torch._dynamo, torchvision, torch.distributed, torch.onnx; "
    here = hashlib.sha256(data.load("torch_docs").text.encode()).hexdigest()
    assert in_new_process(load, PYTHONHASHSEED="1") == here
    assert in_new_process(others + load, PYTHONHASHSEED="22") == here


def test_names_are_all_there():
    listed = dict(data.names())
    assert len(listed) == len(data.names())
    assert all(listed.values())
    assert {*IMAGES, *CLASSES, *REGRESSIONS, "china", "flower", "torch_docs", "fashion_mnist", "mnist", "cifar10"} == {
        name for name in listed if ":" not in name
    }
    assert {"folder:PATH", "text:PATH", "csv:PATH"} == {name for name in listed if ":" in name}


@pytest.mark.parametrize("name", [*IMAGES, *CLASSES, *REGRESSIONS, "china", "flower", "torch_docs"])
def test_offline_names_have_a_source_and_fetch_nothing(name):
    found = data.load(name)
    assert found.name == name
    assert len(found.source) > 20
    assert "\n" not in found.source
    assert re.search(r"CC BY|MIT|BSD|public domain", found.source)
    assert data.fetch(name) == ([places.bundled(FILES[name].FILE)] if name in FILES else [])
    assert data.verify(name).startswith(f"{type(found).__name__}({name}: ")


def test_import_is_light():
    heavy = "('sklearn', 'torchvision', 'PIL', 'scipy', 'matplotlib')"
    code = f"import torch, sys, dlbook.data; print([m for m in {heavy} if m in sys.modules])"
    assert in_new_process(code) == "[]"


# ---------------------------------------------------------------- the bundled subset


def test_fashion_mini_is_stratified():
    found = data.load("fashion_mini")
    assert found.y.bincount().tolist() == [1_000] * 10
    assert found.test.y.bincount().tolist() == [200] * 10
    assert tuple(found.test.x.shape) == (2_000, 1, 28, 28)
    assert found.y[:100].unique().numel() == 10  # classes are mixed


def test_readme_states_the_same_checksum_and_size():
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\b[0-9a-f]{64}\b", readme) == [module.SHA256 for module in FILES.values()]
    for module in FILES.values():
        assert f"{(ROOT / 'data' / module.FILE).stat().st_size:,} bytes" in readme
    assert all(name in readme for name in fashion.CLASSES)


def test_the_drawing_script_writes_the_same_bytes_each_time():
    script = runpy.run_path(str(ROOT / "data" / "make_fashion_mini.py"))
    arrays = {"a": np.arange(35, dtype=np.uint8).reshape(5, 7), "b": np.arange(3, dtype=np.int32)}
    assert script["npz"](arrays) == script["npz"](arrays)
    labels = np.array([0, 1] * 50, dtype=np.uint8)
    rows = script["drawn"](labels, "train", 7)
    assert np.bincount(labels[rows]).tolist() == [7, 7]
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert rows.tolist() != script["drawn"](labels, "test", 7).tolist()


@pytest.mark.skipif(not FULL_FASHION.is_file(), reason="DLBOOK_DATA names no folder with the full Fashion-MNIST")
def test_fashion_mini_comes_from_the_official_files():
    full, mini = data.load("fashion_mnist"), data.load("fashion_mini")
    assert full.classes == mini.classes == fashion.CLASSES
    with np.load(places.bundled(fashion.FILE)) as file:
        rows = {part: torch.from_numpy(file[f"{part}_rows"]).long() for part in ("train", "test")}
    for part, whole, drawn in (("train", full, mini), ("test", full.test, mini.test)):
        assert torch.equal(whole.x[rows[part]], drawn.x)
        assert torch.equal(whole.y[rows[part]], drawn.y)
    script = runpy.run_path(str(ROOT / "data" / "make_fashion_mini.py"))
    assert np.array_equal(script["drawn"](full.y.numpy(), "train", 1_000), rows["train"].numpy())
    assert np.array_equal(script["drawn"](full.test.y.numpy(), "test", 200), rows["test"].numpy())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["truncated", "one bit", "missing"])
def test_a_harmed_bundled_file_is_refused(name, harm, tmp_path, monkeypatch):
    module = FILES[name]
    content = bytearray(places.bundled(module.FILE).read_bytes())
    content[len(content) // 2] ^= harm == "one bit"
    copy = tmp_path / module.FILE
    if harm != "missing":
        copy.write_bytes(content[:1000] if harm == "truncated" else content)
    monkeypatch.setattr(places, "bundled", lambda file: tmp_path / file)
    expected = "cannot be read" if harm == "missing" else f"truncated or corrupt.*{module.SHA256}"
    with pytest.raises(DataError, match=rf"{re.escape(str(copy))}.*{expected}.*git checkout"):
        data.load(name)


def test_sunspots_are_a_year_a_row():
    found = data.load("sunspots")
    assert torch.equal(found.x[:, 0], torch.arange(1700.0, 2009))
    assert (found.features, found.targets) == (("year",), ("sunspots",))
    assert (found.y[0], found.y.min(), found.x[found.y.argmax(), 0]) == (5, 0, 1957)  # the known greatest of the table


def test_the_script_takes_the_sunspots_unchanged(tmp_path):
    script = runpy.run_path(str(ROOT / "data" / "make_sunspots.py"))
    here = places.bundled(series.FILE).read_text()
    there = tmp_path / script["INSIDE"]
    there.parent.mkdir(parents=True)
    there.write_text(here.replace(script["HEADERS"][1], script["HEADERS"][0]))
    assert script["made"](tmp_path / "statsmodels") == here.encode()
    there.write_text(here)
    with pytest.raises(ValueError, match="expected the header"):
        script["made"](tmp_path / "statsmodels")


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("fashion-mnist", "fashion_mnist"), ("Iris", "iris"), ("cifar", "cifar10"), ("torchdoc", "torch_docs"), ("z", "")],
)
@pytest.mark.parametrize("verb", [data.load, data.fetch, data.verify])
def test_unknown_names(verb, wrong, near):
    with pytest.raises(DataError) as caught:
        verb(wrong)
    message = str(caught.value)
    assert repr(wrong) in message
    assert "\n" not in message
    assert all(name in message for name, _ in data.names())
    assert (f"did you mean {near!r}" in message) if near else ("did you mean" not in message)


@pytest.mark.parametrize("name", ["folder", "text", ""])
def test_a_path_is_asked_for(name):
    with pytest.raises(DataError, match=r"folder:PATH.*text:PATH"):
        data.load(name)


def test_size_belongs_to_folders():
    with pytest.raises(DataError, match=r"size.*'iris'.*folder:PATH"):
        data.load("iris", size=5)


def test_where_data_lie(monkeypatch, tmp_path):
    monkeypatch.delenv("DLBOOK_DATA", raising=False)
    assert data.home() == ROOT / "data" / "cache"
    monkeypatch.setenv("DLBOOK_DATA", str(tmp_path))
    assert data.home() == tmp_path
    monkeypatch.setenv("DLBOOK_DATA", "../elsewhere")
    assert data.home() == ROOT.parent / "elsewhere"
    monkeypatch.setenv("DLBOOK_DATA", "")
    monkeypatch.setattr(places, "__file__", str(tmp_path / "a" / "b" / "c" / "places.py"))
    with pytest.raises(DataError, match="clone of the repository"):
        data.home()


def test_a_data_set_needs_as_many_answers_as_examples():
    with pytest.raises(DataError, match="x has 5 rows and y has 7"):
        DataSet("toy", torch.zeros(5, 2), torch.zeros(7), source="made here")


def test_addresses_and_checksums_are_torchvisions():
    import torchvision.datasets as known

    assert [(r.file, r.md5) for r in official.remotes("fashion_mnist")] == known.FashionMNIST.resources
    assert [(r.file, r.md5) for r in official.remotes("cifar10")] == [(known.CIFAR10.filename, known.CIFAR10.tgz_md5)]
    assert all(len(r.urls) == len(known.MNIST.mirrors) for r in official.remotes("mnist"))
