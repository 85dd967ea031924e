"""Dates as people write them in several languages, beside ISO 8601: a small task of translation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import torch
from torch import Generator

from dlbook.data.kinds import DataError
from dlbook.data.splits import require_shares

# The long form of each language in the Unicode Common Locale Data Repository (CLDR).
FORMATS = {
    "english": "{month} {day}, {year}",
    "german": "{day}. {month} {year}",
    "french": "{day} {month} {year}",
    "spanish": "{day} de {month} de {year}",
    "italian": "{day} {month} {year}",
    "dutch": "{day} {month} {year}",
    "polish": "{day} {month} {year}",
    "chinese": "{year}年{month}{day}日",
}
MONTHS = {
    "english": "January February March April May June "
    "July August September October November December",
    "german": "Januar Februar März April Mai Juni "
    "Juli August September Oktober November Dezember",
    "french": "janvier février mars avril mai juin "
    "juillet août septembre octobre novembre décembre",
    "spanish": "enero febrero marzo abril mayo junio "
    "julio agosto septiembre octubre noviembre diciembre",
    "italian": "gennaio febbraio marzo aprile maggio giugno "
    "luglio agosto settembre ottobre novembre dicembre",
    "dutch": "januari februari maart april mei juni "
    "juli augustus september oktober november december",
    "polish": "stycznia lutego marca kwietnia maja czerwca "
    "lipca sierpnia września października listopada grudnia",  # of January, ...
    "chinese": "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
}
LANGUAGES = tuple(FORMATS)
FIRST, LAST = date(1900, 1, 1), date(2099, 12, 31)


class DatePair(NamedTuple):
    """A date as it is written in a language, and the same day in ISO 8601."""

    source: str  # "3. März 1987"
    iso: str  # "1987-03-03"
    language: str  # "german"


def write_date(day: date, language: str) -> str:
    """The day as people write it in that language, in Unicode's composed form (NFC).

    Raises:
        DataError: a language that is not among LANGUAGES.
    """
    require_languages([language])
    number = "1er" if language == "french" and day.day == 1 else str(day.day)
    month = MONTHS[language].split()[day.month - 1]
    return FORMATS[language].format(day=number, month=month, year=day.year)


def date_pairs(
    n: int, seed: int, languages: Sequence[str] = LANGUAGES
) -> list[DatePair]:
    """Days drawn evenly from 1900 to 2099, each in a language drawn evenly.

    Raises:
        DataError: n below 1, no language, or one that is not among LANGUAGES.
    """
    require_languages(languages)
    if n < 1:
        raise DataError(f"n = {n}: accepted is 1 or more.")
    own = Generator().manual_seed(seed)
    ends = FIRST.toordinal(), LAST.toordinal() + 1
    days = [
        date.fromordinal(k) for k in torch.randint(*ends, (n,), generator=own).tolist()
    ]
    which = torch.randint(len(languages), (n,), generator=own).tolist()
    return [
        DatePair(write_date(day, languages[k]), day.isoformat(), languages[k])
        for day, k in zip(days, which, strict=True)
    ]


def split_by_day(
    pairs: Sequence[DatePair], *fractions: float, seed: int
) -> tuple[list[DatePair], ...]:
    """Parts that share no day, whatever the language; rows keep their order.

    Part i has `fractions[i]` of the days, to within one.

    Raises:
        DataError: fractions that are not positive or do not add up to 1, or a part that
            stays empty.
    """
    require_shares(fractions)
    days = list(dict.fromkeys(pair.iso for pair in pairs))
    order = torch.randperm(len(days), generator=Generator().manual_seed(seed)).tolist()
    ends = [round(sum(fractions[: i + 1]) * len(days)) for i in range(len(fractions))]
    parts = []
    for start, end in zip([0, *ends], ends, strict=False):
        mine = {days[k] for k in order[start:end]}
        parts.append([pair for pair in pairs if pair.iso in mine])
    if not all(parts):
        raise DataError(
            f"fractions of {len(days)} days leave a part empty: give larger fractions, "
            "or more pairs."
        )
    return tuple(parts)


def require_languages(languages: Sequence[str]) -> None:
    """Refuse languages that dates are not written in here.

    Raises:
        DataError: none, or one that is not among LANGUAGES.
    """
    known = ", ".join(LANGUAGES)
    if not languages:
        raise DataError(f"languages: none is given; accepted are {known}.")
    for language in languages:
        if language not in FORMATS:
            raise DataError(f"language = {language!r}: accepted is one of {known}.")
