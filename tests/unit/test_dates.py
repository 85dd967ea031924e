"""Dates in several languages, and their split by day."""

import unicodedata
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbook.data import LANGUAGES, DataError, DatePair, date_pairs, split_by_day, write_date
from dlbook.data.dates import FIRST, FORMATS, LAST, MONTHS

LOCALES = {
    "english": "en_US", "german": "de_DE", "french": "fr_FR", "spanish": "es_ES",
    "italian": "it_IT", "dutch": "nl_NL", "polish": "pl_PL", "chinese": "zh_CN",
}  # fmt: skip
SOME_DAYS = [FIRST + timedelta(days=k) for k in range(0, (LAST - FIRST).days, 37)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_are_written_as_the_locale_repository_has_them(language):
    """Babel carries CLDR; only the French first is written otherwise, as 1er."""
    dates = pytest.importorskip("babel.dates")
    for day in SOME_DAYS:
        expected = dates.format_date(day, "long", locale=LOCALES[language])
        if language == "french" and day.day == 1:
            expected = expected.replace("1 ", "1er ", 1) if not expected.startswith("1er") else expected
        assert write_date(day, language) == expected


def test_french_begins_a_month_with_an_ordinal():
    assert write_date(date(1999, 5, 1), "french") == "1er mai 1999"
    assert write_date(date(1999, 5, 21), "french") == "21 mai 1999"
    assert write_date(date(1999, 5, 1), "italian") == "1 maggio 1999"


def test_no_text_has_two_meanings():
    """Over every day of two years, in every language: what one unambiguous format a language is for."""
    meaning = {}
    for k in range(731):
        day = date(1999, 1, 1) + timedelta(days=k)
        for language in LANGUAGES:
            assert meaning.setdefault(write_date(day, language), day) == day


def test_texts_are_composed_and_tables_are_whole():
    assert set(MONTHS) == set(FORMATS) == set(LANGUAGES)
    for language, months in MONTHS.items():
        assert len(set(months.split())) == 12
        text = months + FORMATS[language]
        assert unicodedata.normalize("NFC", text) == text


def test_pairs_are_drawn_evenly_and_by_their_seed():
    pairs = date_pairs(8000, 3)
    assert pairs == date_pairs(8000, 3) != date_pairs(8000, 4)
    assert all(p == DatePair(write_date(date.fromisoformat(p.iso), p.language), p.iso, p.language) for p in pairs)
    counts = Counter(p.language for p in pairs)
    assert set(counts) == set(LANGUAGES)
    assert all(850 < n < 1150 for n in counts.values())
    months = Counter(p.iso[5:7] for p in pairs)
    assert len(months) == 12
    assert all(500 < n < 840 for n in months.values())
    centuries = Counter(p.iso[:2] for p in pairs)
    assert set(centuries) == {"19", "20"}
    assert all(3750 < n < 4250 for n in centuries.values())


def test_first_and_last_day_are_drawn(monkeypatch):
    monkeypatch.setattr("dlbook.data.dates.FIRST", date(1999, 12, 30))
    monkeypatch.setattr("dlbook.data.dates.LAST", date(2000, 1, 1))
    days = {p.iso for p in date_pairs(100, 0)}
    assert days == {"1999-12-30", "1999-12-31", "2000-01-01"}


def test_languages_are_those_asked_for():
    assert {p.language for p in date_pairs(50, 0, ["polish"])} == {"polish"}
    assert {p.language for p in date_pairs(90, 0, ("dutch", "french"))} == {"dutch", "french"}


@given(n=st.integers(30, 300), seed=st.integers(0, 5))
def test_parts_share_no_day_and_lose_no_row(n, seed):
    few = [p._replace(iso=f"2000-01-{1 + int(p.iso[-1]):02d}") for p in date_pairs(n, seed)]  # many rows a day
    parts = split_by_day(few, 0.5, 0.2, 0.3, seed=seed)
    days = [{p.iso for p in part} for part in parts]
    assert sum(map(len, days)) == len(set().union(*days)) == len({p.iso for p in few})
    assert Counter(p for part in parts for p in part) == Counter(few)
    whole = len({p.iso for p in few})
    assert all(abs(len(d) - share * whole) <= 1 for d, share in zip(days, (0.5, 0.2, 0.3), strict=True))
    for part in parts:  # rows keep their order
        places = iter(few)
        assert all(any(row == other for other in places) for row in part)


def test_the_split_follows_its_seed():
    pairs = date_pairs(200, 0)
    assert split_by_day(pairs, 0.5, 0.5, seed=1) == split_by_day(pairs, 0.5, 0.5, seed=1)
    assert split_by_day(pairs, 0.5, 0.5, seed=1) != split_by_day(pairs, 0.5, 0.5, seed=2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: date_pairs(0, 0), "n = 0: accepted is 1 or more"),
        (lambda: date_pairs(3, 0, []), "languages: none is given; accepted are english"),
        (lambda: date_pairs(3, 0, ["latin"]), "language = 'latin': accepted is one of english"),
        (lambda: write_date(FIRST, "Latin"), "language = 'Latin': accepted is one of english"),
        (lambda: split_by_day(date_pairs(9, 0), 0.5, 0.6, seed=0), "fractions: got 0.5, 0.6"),
        (lambda: split_by_day(date_pairs(2, 0), 0.9, 0.05, 0.05, seed=0), "of 2 days leave a part empty"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(DataError) as caught:
        call()
    assert words in str(caught.value)
    assert str(caught.value).count("\n") == 0
