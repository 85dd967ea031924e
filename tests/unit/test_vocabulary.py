"""Characters as ids, and batches of texts with padding."""

import unicodedata

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlbook.data import END, PAD, START, Vocabulary

TEXTS = ["beda", "cab", "äb 7"]
TEXT = st.text(alphabet="abcdeä 7", max_size=9)
VOCABULARY = Vocabulary.of(TEXTS)


def test_ids_follow_the_sorted_characters():
    assert VOCABULARY.characters == tuple(sorted("abcdeä 7"))
    assert (PAD, START, END) == (0, 1, 2)
    assert len(VOCABULARY) == 3 + 8
    assert VOCABULARY.encode(" 7a") == [3, 4, 5]
    assert VOCABULARY.encode("b", ends=True) == [START, 6, END]
    assert VOCABULARY.encode("") == []
    assert Vocabulary.of(reversed(TEXTS)) == VOCABULARY  # neither the order of texts nor their number counts


@given(text=TEXT)
def test_decoding_undoes_encoding(text):
    for ids in (VOCABULARY.encode(text), VOCABULARY.encode(text, ends=True)):
        assert VOCABULARY.decode(ids) == VOCABULARY.decode(torch.tensor(ids, dtype=torch.int64)) == text


def test_decoding_stops_at_the_end_and_leaves_padding_out():
    assert VOCABULARY.decode([START, PAD, 5, PAD, 6, END, 7, END]) == "ab"
    assert VOCABULARY.decode([]) == VOCABULARY.decode([END]) == ""


@given(texts=st.lists(TEXT, min_size=1, max_size=5), start=st.booleans(), end=st.booleans())
def test_batches_are_padded_behind(texts, start, end):
    if not (start or end) and not all(texts):
        return
    ids, lengths = VOCABULARY.batch(texts, start=start, end=end)
    assert ids.dtype == lengths.dtype == torch.int64
    assert lengths.tolist() == [len(t) + start + end for t in texts]
    assert ids.shape == (len(texts), max(lengths.tolist()))
    for row, n, text in zip(ids.tolist(), lengths.tolist(), texts, strict=True):
        assert row[:n] == [START] * start + VOCABULARY.encode(text) + [END] * end
        assert row[n:] == [PAD] * (len(row) - n)


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        VOCABULARY.characters = ("a",)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: VOCABULARY.encode("baß"), ValueError, "text = 'baß': character 3, 'ß' (U+00DF), is unknown"),
        (
            lambda: VOCABULARY.encode(unicodedata.normalize("NFD", "ä")), ValueError,
            "(U+0308), is unknown; accepted are the 8 characters of the training texts.",
        ),
        (lambda: VOCABULARY.batch(["a", "x"]), ValueError, "character 1, 'x' (U+0078), is unknown"),
        (lambda: VOCABULARY.batch(["a", ""]), ValueError, "number 1 (from 0) is an empty source"),
        (lambda: VOCABULARY.batch([]), ValueError, "texts: there is none"),
        (lambda: VOCABULARY.batch("ab"), TypeError, "texts: one text is given"),
        (lambda: Vocabulary.of("ab"), TypeError, "texts: one text is given"),
        (lambda: Vocabulary.of([]), ValueError, "texts: there is no character"),
        (lambda: Vocabulary.of([""]), ValueError, "texts: there is no character"),
        (lambda: Vocabulary(("a", "bc")), ValueError, "characters: accepted are single characters"),
        (lambda: Vocabulary(("a", "a")), ValueError, "characters: accepted are single characters"),
        (lambda: VOCABULARY.decode([11]), ValueError, "id = 11: accepted are 0 to 10"),
        (lambda: VOCABULARY.decode([-1]), ValueError, "id = -1: accepted are 0 to 10"),
    ],
)  # fmt: skip
def test_what_is_refused(call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    assert words in str(caught.value)
    assert str(caught.value).count("\n") == 0
