"""Dates as sources write them -> moments in UTC. The weekday's name is not looked at: it tells nothing new.

Read are RFC 822, ISO 8601, Unix times, and dates in words in English, German, French, Spanish, Portuguese and Italian.
Entry points: `moment_of` for a text that is a date, `find_day` for one that holds a date, `day_of_file` for a name.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_LONGEST = 100
_MONTHS = tuple(
    names.split()
    for names in (
        "january januar janner janvier enero janeiro gennaio",
        "february februar feber fevrier febrero fevereiro febbraio",
        "march marz maerz mrz mars marzo marco",
        "april avril abril aprile",
        "may mai mayo maio maggio",
        "june juni juin junio junho giugno",
        "july juli juillet julio julho luglio",
        "august aout agosto",
        "september septembre septiembre setiembre setembro settembre",
        "october oktober octobre octubre outubro ottobre",
        "november novembre noviembre novembro",
        "december dezember decembre diciembre dezembro dicembre",
    )
)
_HOURS = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "mez": 1, "cest": 2, "mesz": 2,
    "eet": 2, "eest": 3, "msk": 3, "jst": 9, "kst": 9, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip
_WORD = r"[^\W\d_]{3,12}"
_OF = r"(?:(?:de|of|di)\s+)?"
_DAY_OF_MONTH = r"(\d{1,2})(?:\.|st|nd|rd|th|er|º|°)?"
_DATE = (
    rf"(?:{_DAY_OF_MONTH}[\s-]+{_OF}({_WORD})\.?,?[\s-]+{_OF}(\d{{4}}|\d\d(?=\s+\d{{1,2}}:))"  # 2 November 2026
    rf"|({_WORD})\.?\s+{_DAY_OF_MONTH},?\s+(\d{{4}})"  # November 2, 2026
    r"|(\d{4})\s?[-./年]\s?(\d{1,2})\s?[-./月]\s?(\d{1,2})日?"  # 2026-11-02
    r"|(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}))"  # 2.11.2026
)
_WHOLE = re.compile(
    rf"(?:[^\d]{{1,30}}[\s,])??{_DATE}"
    r"(?:(?:\s*[,T]\s*|\s+(?:[-–]\s+)?)(?:[^\W\d]{1,4}\s+)?(\d{1,2})[:h](\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?"
    r"(?:\s?([ap])\.?m\.?|\s?(?:uhr|h))?)?"
    r"(?:\s*(?:\(?([a-z]{1,4})\)?|(?:gmt|utc)?\s?([+-])(\d{1,2}):?(\d{2})?(?:\s*\([^()]*\))?))?",
    re.IGNORECASE,
)
_WITHIN = re.compile(rf"(?<!\d)(?<!\d[.\-/]){_DATE}(?!\d|[-.]\d)", re.IGNORECASE)
_IN_NAME = re.compile(r"(?<!\d)20\d\d([-._])\d\d?\1\d\d?(?!\d)")


def moment_of(value: object) -> datetime | None:
    """The moment that a text or a number is; None for anything else. A time without a zone is taken as UTC."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _unix(str(int(value))) if abs(value) < 1e15 else None
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) in {10, 13}:
        return _unix(text)
    try:
        return _in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        pass
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    day = _day(found.groups()[:12])
    hour, minute, second, half, name, sign, hours, minutes = found.groups()[12:]
    offset = _HOURS.get((name or "utc").lower())
    if day is None or offset is None:
        return None
    shift = timedelta(hours=offset) if not sign else timedelta(hours=int(hours), minutes=int(minutes or 0))
    try:
        moment = day.replace(hour=_hour(hour, half), minute=int(minute or 0), second=min(int(second or 0), 59))
        return _in_utc(moment.replace(tzinfo=timezone(-shift if sign == "-" else shift)))
    except (ValueError, OverflowError):
        return None


def find_day(text: str) -> tuple[datetime, int] | None:
    """The first day of this century that is written in a line, at midnight UTC, and of how many characters it is."""
    if "20" not in text:
        return None
    for found in _WITHIN.finditer(text[: 40 * _LONGEST]):
        day = _day(found.groups())
        if day is not None and 2000 <= day.year < 2100:
            return day, len(found[0])
    return None


def day_of_file(name: str) -> datetime | None:
    """The day of this century in a file's name, at midnight UTC: `12-2026-11-02.md`, `letter_2026_11_02.md`, too."""
    found = _IN_NAME.search(name)
    written = found[0].replace("_", "-") if found else name
    day = find_day(written)
    return day[0] if day else None


def _unix(digits: str) -> datetime | None:
    """Seconds or milliseconds since 1970."""
    if len(digits) not in {10, 13}:
        return None
    return datetime.fromtimestamp(int(digits[:10]), UTC)


def _in_utc(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _day(groups: tuple[str | None, ...]) -> datetime | None:
    day_1, month_1, year_1, month_2, day_2, year_2, year_3, month_3, day_3, day_4, month_4, year_4 = groups
    month = _month(month_1 or month_2 or "") or int(month_3 or month_4 or 0)
    year = int(year_1 or year_2 or year_3 or year_4 or 0)
    if year_1 and len(year_1) == 2:
        year += 2000 if year < 70 else 1900  # RFC 2822 4.3
    try:
        return datetime(
            year,
            month,
            int(day_1 or day_2 or day_3 or day_4 or 0),
            tzinfo=UTC,
        )
    except ValueError:
        return None


def _hour(hour: str | None, half: str | None) -> int:
    number = int(hour or 0)
    if half is None:
        return number
    return number % 12 + (12 if half.lower() == "p" else 0)


@lru_cache(512)
def _month(word: str) -> int:
    """The number of the month that has this name, or a name that begins so; 0 where there is none, or several."""
    letters = "".join(char for char in unicodedata.normalize("NFKD", word.casefold()) if char.isalpha())
    if not letters:
        return 0
    found = {number for number, names in enumerate(_MONTHS, 1) if any(name.startswith(letters) for name in names)}
    return found.pop() if len(found) == 1 else 0
