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


def refused(name, target, *parts):
    with pytest.raises(DataError) as caught:
        data.load(name, target=target)
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


def test_files_that_are_none(tmp_path, table):
    refused(f"csv:{tmp_path / 'nowhere.csv'}", "a", "no such file", "csv:houses.csv")
    refused("csv:", "a", "no such file")
    refused(table("a,b\nü,2\n", encoding="latin1"), "a", "0xfc", "line 2", "not UTF-8")


def test_a_target_belongs_to_tables():
    with pytest.raises(DataError, match=r"target.*'iris'.*csv:PATH"):
        data.load("iris", target="species")
    with pytest.raises(DataError, match=r"size.*csv:x.*folder:PATH"):
        data.load("csv:x", size=3, target="a")


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
