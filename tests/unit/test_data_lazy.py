"""Data that are read when they are asked for, and the checks before a model sees them."""

import math
import pickle
from dataclasses import replace

import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from dlbook.data import DataError, DataSet, ImageFolder, TextLines, load, require_sound


@pytest.fixture
def pets(tmp_path):
    for i, name in enumerate(["dogs/b.png", "dogs/a.png", "cats/z.png"]):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (7, 5), (i, 10, 200)).save(path)
    return tmp_path / "pets"


def test_a_lazy_folder_is_the_whole_one(pets):
    lazy, whole = ImageFolder(str(pets)), load(f"folder:{pets}")
    assert (len(lazy), lazy.classes) == (3, whole.classes)
    assert torch.equal(torch.stack([x for x, _ in (lazy[i] for i in range(3))]), whole.x)
    assert [y for _, y in lazy] == whole.y.tolist()  # ends with an IndexError, as a loop expects
    small = ImageFolder(str(pets), size=(2, 3), transform=lambda x: x.float() / 255)
    assert (tuple(small[0][0].shape), small[0][0].dtype) == ((3, 2, 3), torch.float32)


def test_files_are_read_when_asked_for(pets):
    lazy = ImageFolder(str(pets))
    (pets / "dogs" / "a.png").write_bytes(b"broken")
    (pets / "cats" / "z.png").unlink()
    assert lazy[2][1] == 1
    with pytest.raises(DataError, match=r"a\.png is not a readable image"):
        lazy[1]
    with pytest.raises(DataError, match=r"z\.png is missing"):
        lazy[0]


def test_folders_fail_at_once(pets):
    (pets / "birds").mkdir()
    with pytest.raises(DataError, match="birds has no images"):
        ImageFolder(str(pets))
    with pytest.raises(DataError, match="no such folder"):
        ImageFolder(str(pets / "nowhere"))
    with pytest.raises(DataError, match="size: got 0"):
        ImageFolder(str(pets / ".."), size=0)


def test_workers_can_import_and_copy_them(pets, tmp_path):
    again = pickle.loads(pickle.dumps(ImageFolder(str(pets))))
    assert again.__class__.__module__ == "dlbook.data.lazy"
    assert again[0][1] == 0


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_lines_come_once_with_any_workers(tmp_path, workers):
    path = tmp_path / "lines.txt"
    lines = ["Über", "", "two ", "three", "four"]
    path.write_bytes(("\ufeff" + "\r\n".join(lines)).encode())
    loader = DataLoader(TextLines(str(path)), batch_size=2, num_workers=workers)
    found = [line for batch in loader for line in batch]
    assert sorted(found) == sorted(lines)
    assert workers > 1 or found == lines


@pytest.mark.parametrize("content", ["", "a", "a\n", "\ufeffa\rb\r\nc\n\nd \x0b\x85e\r\r\nf"])
def test_lines_end_where_those_of_text_do(tmp_path, content):
    path = tmp_path / "lines.txt"
    path.write_bytes(content.encode())
    expected = load(f"text:{path}").text.removesuffix("\n").split("\n") if content else []
    assert list(TextLines(str(path))) == expected


def test_lines_that_are_none(tmp_path):
    with pytest.raises(DataError, match=r"no file .*nowhere\.txt"):
        TextLines(str(tmp_path / "nowhere.txt"))
    path = tmp_path / "latin.txt"
    path.write_bytes("eins\nzwei\nfünf".encode("latin1"))
    lines = iter(TextLines(str(path)))
    assert [next(lines), next(lines)] == ["eins", "zwei"]
    with pytest.raises(DataError, match="line 3 is not UTF-8"):
        next(lines)
    path.write_bytes(b"eins\rzwei\r\xed\xa0\x80")  # half of a pair, which UTF-8 does not have
    with pytest.raises(DataError, match="line 3 is not UTF-8"):
        list(TextLines(str(path)))


def flawed(**changes) -> DataSet:
    return replace(load("iris"), **changes)


def test_sound_data_pass():
    for name in ("iris", "diabetes", "linnerud", "digits"):
        assert require_sound(load(name)) is None


def test_values_that_are_not_finite_are_named():
    x = load("iris").x.clone()
    x[17, 2], x[20, 0], x[20, 1] = math.nan, math.inf, math.inf
    with pytest.raises(DataError, match=r"iris: x holds nan in row 17, column 'petal length \(cm\)' .*value: 2\)"):
        require_sound(flawed(x=x))
    pictures = torch.zeros(6, 2, 3, 5)
    pictures[4, 1, 2, 0] = -math.inf
    with pytest.raises(DataError, match=r"x holds -inf in row 4, position \(1, 2, 0\) \(rows"):
        require_sound(DataSet("toy", pictures, torch.zeros(6), "made here"))
    with pytest.raises(DataError, match=r"x holds -inf in row 4, position \(1, 2, 0\) \(rows"):
        require_sound(DataSet("toy", pictures, torch.zeros(6), "made here", features=("a",)))
    y = torch.zeros(5)
    y[3] = math.nan
    with pytest.raises(DataError, match="y holds nan in row 3, column 'price'"):
        require_sound(DataSet("toy", torch.zeros(5, 2), y, "made here", targets=("price",)))


def test_columns_without_a_name_have_a_number():
    x, y = torch.zeros(5, 3), torch.zeros(5)
    x[3, 2] = y[4] = math.nan
    with pytest.raises(DataError, match=r"x holds nan in row 3, column 2 \(rows"):
        require_sound(DataSet("toy", x, y, "made here", features=("a", "b")))
    with pytest.raises(DataError, match=r"y holds nan in row 4 \(rows"):
        require_sound(DataSet("toy", torch.zeros(5, 3), y, "made here"))


def test_the_test_split_is_looked_at():
    iris, x = load("iris"), load("iris").x.clone()
    x[17, 2] = math.nan
    with pytest.raises(DataError, match=r"^iris, test: x holds nan in row 17, column 'petal length"):
        require_sound(iris.with_test(flawed(x=x)))
    with pytest.raises(DataError, match=r"^iris, test: there is no row"):
        require_sound(iris.with_test(iris.take(torch.tensor([], dtype=torch.int64))))


def test_labels_and_classes_are_named():
    y = load("iris").y.clone()
    y[3], y[9] = 3, -1
    with pytest.raises(DataError, match=r"row 3 has the label 3, and the classes are 0 to 2 .*label: 2\)"):
        require_sound(flawed(y=y))
    with pytest.raises(DataError, match="the class 'virginica' has no example"):
        require_sound(load("iris").take((load("iris").y < 2).nonzero().flatten()))
    with pytest.raises(DataError, match=r"iris: y has shape \(150, 1\); give classes as \(150,\)\."):
        require_sound(flawed(y=load("iris").y[:, None]))
    with pytest.raises(DataError, match=r"y is torch.float32; give classes as int64"):
        require_sound(flawed(y=load("iris").y.float()))
    with pytest.raises(DataError, match="there is no row"):
        require_sound(DataSet("toy", torch.zeros(0, 2), torch.zeros(0), "made here"))
