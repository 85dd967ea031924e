"""The comparator: noise and formats pass, every change that means something is caught."""

import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from dlbook.book.comparator import difference, differences, read_text, shown
from dlbook.book.records import MIME

finite = st.floats(min_value=1e-30, max_value=1e30).map(lambda x: float(f"{x:.9g}"))
signs = st.sampled_from([-1.0, 1.0])

SAME = [
    ("a  b\n", "a b"),
    ("loss 0.97311234", "loss 0.97311240"),
    ("1.2345", "1.2346"),
    ("97.31%", "97.32%"),
    ("12.34ms", "12.35ms"),
    ("tensor([1., 2.])", "tensor([ 1.0000,  2.0000])"),
    ("tensor([-0., 1.])", "tensor([0., 1.])"),
    ("[1.5, 1e-9]", "[1.5, -3e-10]"),
    ("1.0000e+00", "1."),
    ("1.2346e+05", "123456."),
    ("1,024 bytes", "1024 bytes"),
    ("1,024.51", "1024.51"),
    ("nan inf -inf", "nan  inf -inf"),
    ("1.2345+2.5000j", "1.2345+2.5001j"),
    ("1", "1.001"),  # what :.4g makes of 1.0004 and 1.0006
    ("-----  ---\n0.12345", "------ ----\n0.12345"),
    ("<td>0.123456</td>", "<td>0.123457</td>"),
    ("| 0.5000 | 1.2345 |", "|0.5000|1.2345|"),
    ("tensor([[1.2345,\n         2.3456]])", "tensor([[1.2345, 2.3456]])"),
    ("\N{MINUS SIGN}1.2345", "-1.2345"),
]

CHANGED = [
    ("loss 0.9731", "loss 0.9828"),
    ("0.5", "0.505"),
    ("0.5", "0.6"),
    ("1e-10", "1.01e-10"),
    ("5.960e-08", "6.020e-08"),
    ("eps 1.1920929e-07 max 3.4028235e+38", "eps 1.2040138e-07 max 3.4028235e+38"),
    ("n = 512", "n = 513"),
    ("100000.", "100001."),
    ("16777216", "16777217"),
    ("-0.25", "0.25"),
    ("0.25", "-0.25"),
    ("1.5+2.5j", "1.5-2.5j"),
    ("tensor([1., 2.])", "tensor([1, 2])"),
    ("True", "False"),
    ("torch.float32", "torch.float64"),
    ("(2, 3)", "(2, 3, 1)"),
    ("(3,)", "(3, 1)"),
    ("nan", "0.5"),
    ("nan", "inf"),
    ("inf", "-inf"),
    ("1e400", "2e400"),
    ("v1.25", "v1.26"),
    ("2.15.0", "2.15.1"),
    ("1,024", "1,025"),
    ("1_000", "1_001"),
    ("12.34ms", "12.34us"),
    ("[0.1, 0.2]", "(0.1, 0.2)"),
    ("0x1f", "0x2f"),
    ("a1e5", "a2e5"),
    ("", "a"),
]


@pytest.mark.parametrize(("stored", "fresh"), SAME)
def test_noise_and_formats_pass(stored: str, fresh: str) -> None:
    assert difference(stored, fresh) == ""
    assert difference(fresh, stored) == ""


@pytest.mark.parametrize(("stored", "fresh"), CHANGED)
def test_changes_are_caught(stored: str, fresh: str) -> None:
    assert difference(stored, fresh)
    assert difference(fresh, stored)


@given(finite, signs, st.sampled_from(["{:.4g}", "{:.6f}", "{:.4e}", "{!r}", "x={:.5g} ms", "[1.0, {:.6g}]"]))
def test_one_percent_is_caught_and_a_millionth_passes(size: float, sign: float, form: str) -> None:
    value = sign * size
    stored, off = form.format(value), form.format(value * 1.01)
    noise = form.format(value * (1 + 1e-6))
    in_array = "[1.0" in form
    assume(stored != off and float(f"{size:.4f}") > 1e-3 if ".6f" in form else True)
    assume(not in_array or size > 1e-3)
    assert difference(stored, off)
    # a rounding border may lie between them, and then the last of at least four digits moves by one unit
    assert difference(stored, noise) == ""
    assert difference(stored, form.format(-value))


@given(st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=12), st.integers(0, 11))
def test_what_torch_prints(values: list[float], position: int) -> None:
    position %= len(values)
    stored = torch.tensor(values)
    noisy = stored * (1 + 1e-7)
    assert difference(str(stored), str(noisy)) == ""
    changed = stored.clone()
    changed[position] += 1.5
    assert difference(str(stored), str(changed))


def test_an_array_shares_its_noise_and_a_table_does_not() -> None:
    assert difference("[1e-8, 1.5]", "[3e-8, 1.5]") == ""
    assert difference("1e-8 1.5", "3e-8 1.5")
    assert difference("[1e-8] [1.5]", "[3e-8] [1.5]")


def test_a_difference_is_told_with_its_place() -> None:
    assert difference("a 1.0 b 2.5", "a 1.0 b 2.6") == "number 2 of 2: stored 2.5, now 2.6"
    assert difference("accuracy 0.97 of test", "accuracy 0.97 of train") == (
        "text: stored 'accuracy0.97of test', now 'accuracy0.97of train'"
    )


def test_numbers_are_found_where_they_stand() -> None:
    texts = {
        "float32 conv2d C3": [],
        "3x3": ["3"],
        "1.-2.": ["1.", "-2."],
        "0...9": ["0", "9"],
        ".5 and 5.": [".5", "5."],
        "1e5 1e5x 1.5E-3": ["1e5", "1", "1.5E-3"],
        "60 000": ["60", "000"],
        "2026-11-20": ["2026", "-11", "-20"],
    }
    for text, numbers in texts.items():
        assert [number.text for number in read_text(text)[1]] == numbers, text
    (number,) = read_text("-1,234.50e2")[1]
    assert (number.value, number.unit, number.whole, number.exact) == (-123450.0, 1.0, False, False)
    assert math.isinf(read_text("1e999")[1][0].value)


def out(kind: str, content: object) -> dict:
    return {"output_type": "display_data", "data": {kind: content}, "metadata": {}}


def test_outputs_are_compared_by_kind() -> None:
    stored = [{"output_type": "stream", "name": "stdout", "text": "a\n"}, out("text/plain", "1.5")]
    assert differences(stored, stored) == []
    assert differences(stored[:1], stored) == ["text/plain: stored, but did not come out"]
    assert "came out, but is not stored" in differences(stored, stored[:1])[0]
    assert "1 outputs stored, 2 came out" in differences([*stored, stored[1]], stored)[0]
    warned = [*stored, {"output_type": "stream", "name": "stderr", "text": "UserWarning"}]
    assert differences(warned, stored) == ["stderr: came out, but is not stored: 'UserWarning'"]


def test_records_and_pictures_are_not_compared() -> None:
    for kind in (MIME, "image/png", "image/svg+xml"):
        assert list(shown([out(kind, "x")])) == []
    assert list(shown([out("text/latex", ["a\n", "b"]), out("application/json", {"b": 1, "a": 2})])) == [
        ("text/latex", "a\nb"),
        ("application/json", '{"a": 2, "b": 1}'),
    ]
