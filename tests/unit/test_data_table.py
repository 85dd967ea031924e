"""A reader's own table."""

import re

import pytest
import torch
from typer.testing import CliRunner

from dlbook import data
from dlbook.book.cli_data import app
from dlbook.data import DataError

SOUND = "size,rooms,price\n50,2,100.5\n80,3,150\n\n65, 2 ,1e2\n"


@pytest.fixture
def table(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "houses.csv"
        path.write_bytes(text.encode(encoding))
        return f"csv:{path}"

    return write


def refused(name, target, *parts, **options):
    with pytest.raises(DataError) as caught:
        data.load(name, target=target, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(name)
    assert not [part for part in parts if part not in message], message


def test_a_regression(table):
    found = data.load(table(SOUND), target="price")
    assert (found.x.dtype, found.y.dtype) == (torch.float32, torch.float32)
    assert found.x.tolist() == [[50, 2], [80, 3], [65, 2]]
    assert found.y.tolist() == [100.5, 150, 100]
    assert (found.features, found.targets, found.classes) == (("size", "rooms"), ("price",), ())
    assert found.name.endswith("houses.csv")


def test_classes_in_alphabetical_order(table):
    text = 'colour,"weight, kg"\nred,1\n blue ,2\nred,-3.5\n'
    found = data.load(table(text), target="colour")
    assert (found.classes, found.y.tolist(), found.y.dtype) == (("blue", "red"), [1, 0, 1], torch.int64)
    assert (found.features, found.targets) == (("weight, kg",), ())
    assert found.x.tolist() == [[1], [2], [-3.5]]


def test_windows_files(table):
    found = data.load(table(SOUND.replace("\n", "\r\n"), encoding="utf-8-sig"), target="size")
    assert found.features == ("rooms", "price")


@pytest.mark.parametrize(
    ("text", "target", "parts"),
    [
        ("", "a", ["no text"]),
        ("a,b\n", "a", ["no row below the header"]),
        ("1,2\n3,4\n", "a", ["line 1 holds numbers", "name the columns"]),
        ("a,,c\n1,2,3\n", "a", ["column 2 has no name"]),
        ("a,b,a\n1,2,3\n", "a", ["'a' more than once"]),
        ("a;b\n1;2\n", "a", ["one column", "';'", "commas"]),
        ("a,b\n1,2\n3\n", "a", ["line 3 has 1 cells", "header has 2"]),
        ("a,b\n1,2,3\n", "a", ["line 2 has 3 cells"]),
        ("a,b\n1,2\n\n3,\n", "a", ["line 4, column 'b'", "empty"]),
        ("a,b\n1,2\n,3\n", "a", ["line 3, column 'a'", "empty"]),
        ("a,b\n1,two\n", "a", ["line 2, column 'b'", "'two'", "no number"]),
        ("a,b\n1,1_000\n", "a", ["'1_000'", "no number"]),
        ("a,b\n1,nan\n", "a", ["line 2, column 'b'", "'nan'", "no finite"]),
        ("a,b\n1,2\n-inf,2\n", "a", ["line 3, column 'a'", "'-inf'", "no finite"]),
        ("a,b\n1,1e39\n", "a", ["'1e39'", "no finite float32"]),
        ("a,b\n1,3.5e38\n", "a", ["'3.5e38'", "no finite float32"]),
        ("a,b\n1,16777217\n", "a", ["line 2, column 'b'", "'16777217'", "to 16777216", "write 16777217.0"]),
        ("a,b\n-1700000001,1\n", "a", ["line 2, column 'a'", "'-1700000001'", "to -1700000000"]),
        ("a,y\n1,2\n,\n3,4\n", "y", ["line 3, column 'a'", "empty"]),
        ("a,y\n1,2\n , \n3,4\n", "y", ["line 3, column 'a'", "empty"]),
        ('a,y\n1,2\n""\n3,4\n', "y", ["line 3 has 1 cells"]),
        (",\n,\n", "y", ["holds no row"]),
        (",\na,y\n1,2\n", "y", ["column 1 has no name"]),
        ("\n\n1,2\n3,4\n", "a", ["line 3 holds numbers, no header"]),
        ("m;kg, net;y\n1;2,5\n", "y", ["no column 'y'", "the header holds ';'", "commas", "points"]),
        ("m;kg, net;y\n1;2,5;3,5\n", "y", ["line 2 has 3 cells", "the header holds ';'"]),
        ("a,b\nx,2\ny,3\n4,4\n", "a", ["line 2, column 'a' holds 'x'", "line 4 the number 4"]),
        ("a,b\nx,2\n,3\n", "a", ["line 3, column 'a'", "empty"]),
        ("a,b\nx,2\nx,3\n", "a", ["column 'a'", "one class only", "'x'"]),
        ("a\n1\n", "a", ["'a' is the only column"]),
        ("price,rooms\n1,2\n", "prize", ["no column 'prize'", "did you mean 'price'", "'rooms'"]),
        ("price,rooms\n1,2\n", "zzz", ["no column 'zzz'", "'price', 'rooms'"]),
        ("price,rooms\n1,2\n", None, ["Give target=", "'price', 'rooms'"]),
        ('a,b\n1,"2\n3,4\n', "a", ["not CSV", "quotes"]),
    ],
)
def test_every_fault_is_named(table, text, target, parts):
    refused(table(text), target, *parts)


def test_empty_lines_and_empty_rows_at_the_end_are_skipped(table):
    found = data.load(table("\na,y\n\n1,2\n  \n3,4\n,\n\n,,,\n"), target="y")
    assert (found.x.tolist(), found.y.tolist()) == ([[1], [3]], [2, 4])


def test_what_float32_holds_is_read(table):
    found = data.load(table("a,y\n16777216,1\n16777218,-3.4028235e38\n16777217.0,1e-50\n6.02e23,1\n"), target="y")
    assert found.x[:, 0].tolist() == [16777216, 16777218, 16777216, torch.tensor(6.02e23).item()]
    assert found.y.tolist()[1] == torch.finfo(torch.float32).min


def test_numbers_as_classes(table):
    text = "a,y\n1,10\n2,9\n3, 10\n4,-1\n"
    found = data.load(table(text), target="y", classes=True)
    assert (found.classes, found.y.tolist(), found.y.dtype) == (("-1", "9", "10"), [2, 1, 2, 0], torch.int64)
    assert found.targets == ()
    assert data.load(table(text), target="y").targets == ("y",)
    mixed = data.load(table("a,y\n1,10\n2,9b\n"), target="y", classes=True)
    assert mixed.classes == ("10", "9b")
    words = data.load(table("a,y\n1,x\n2,w\n"), target="y", classes=True)
    assert words.classes == ("w", "x")
    assert data.load(table("a,y\n1,16777217\n2,3\n"), target="y", classes=True).classes == ("3", "16777217")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,y\n1,1\n2,1.0\n", ["column 'y' holds '1' and '1.0'", "in one way"]),
        ("a,y\n1,1\n2,nan\n", ["line 3, column 'y'", "'nan'", "no class"]),
        ("a,y\n1,1\n2,\n", ["line 3, column 'y'", "empty"]),
        ("a,y\n1,1\n2,1\n", ["one class only"]),
    ],
)
def test_classes_that_are_none(table, text, parts):
    refused(table(text), "y", *parts, classes=True)


def test_files_that_are_none(tmp_path, table):
    refused(f"csv:{tmp_path / 'nowhere.csv'}", "a", "no such file", "csv:houses.csv")
    refused("csv:", "a", "no such file")
    refused(table("a,b\nü,2\n", encoding="latin1"), "a", "0xfc", "line 2", "not UTF-8")


def test_a_target_belongs_to_tables():
    with pytest.raises(DataError, match=r"target.*'iris'.*csv:PATH"):
        data.load("iris", target="species")
    with pytest.raises(DataError, match=r"size.*csv:x.*folder:PATH"):
        data.load("csv:x", size=3, target="a")
    with pytest.raises(DataError, match=r"classes.*'iris'.*csv:PATH"):
        data.load("iris", classes=True)


def test_names_fetch_and_the_command_line(table):
    name = table(SOUND)
    assert data.fetch(name) == []
    assert re.search(r"float32 \(3, 2\), y float32 \(3,\)", data.verify(name, "price"))
    listed = CliRunner().invoke(app, ["names"])
    assert "csv:PATH" in listed.output
    assert "target" in listed.output
    told = CliRunner().invoke(app, ["verify", name, "--target", "price"])
    assert told.exit_code == 0
    assert "x float32 (3, 2)" in told.output
    told = CliRunner().invoke(app, ["verify", name, "--target", "price", "--classes"])
    assert "y int64 (3,), 3 classes" in told.output
