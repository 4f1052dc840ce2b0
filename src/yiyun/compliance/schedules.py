"""Times of the clock and lengths of time, as backups write them."""

import re
from datetime import date, timedelta
from functools import lru_cache

from yiyun.compliance.facts import Map, Unevaluated

_SHORT = {"@yearly": 365, "@annually": 365, "@monthly": 31, "@weekly": 7, "@daily": 1, "@midnight": 1, "@hourly": 1}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIRST = date(2027, 1, 1)
_SPAN = 4 * 366
"""Days that are tried: a leap year is among them."""


def longest_pause(holder: Map, key: str) -> int:
    """Most days between two runs of a schedule in cron's form, with seconds before it or without.

    Raises Unevaluated for what is no such schedule.
    """
    text = holder.text(key).strip()
    if text in _SHORT:
        return _SHORT[text]
    try:
        return _pause(tuple(text.lower().split()))
    except ValueError:
        raise Unevaluated(f"{holder.at(key)}: is no schedule of five or six fields") from None


@lru_cache(maxsize=1024)
def _pause(fields: tuple[str, ...]) -> int:
    """Raises ValueError."""
    if len(fields) not in (5, 6):
        raise ValueError(fields)
    of_month, of_year = _values(fields[-3], 1, 31, ()), _values(fields[-2], 1, 12, _MONTHS)
    of_week = _values(fields[-1], 0, 7, _DAYS)
    either = fields[-3][0] not in "*?" and fields[-1][0] not in "*?"
    last, most = None, 0
    for offset in range(_SPAN):
        day = _FIRST + timedelta(days=offset)
        month, week = day.day in of_month, bool({day.isoweekday(), day.isoweekday() % 7} & of_week)
        if day.month in of_year and ((month or week) if either else (month and week)):
            most = max(most, offset - last if last is not None else offset)
            last = offset
    return max(most, _SPAN - (last or 0))


def _values(field: str, first: int, last: int, names: tuple[str, ...]) -> set[int]:
    """Numbers that one field of a schedule means. Raises ValueError."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, dash, high = span.partition("-")
        if span in ("*", "?"):
            begin, end = first, last
        else:
            begin = _number(low, first, names)
            end = _number(high, first, names) if dash else (last if step else begin)
        if not first <= begin <= end <= last or (step and not step.isdecimal()):
            raise ValueError(part)
        found |= set(range(begin, end + 1, max(1, int(step or 1))))
    return found


def _number(text: str, first: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + first
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise ValueError(text)
    return int(text)


_UNITS = {"w": 7 * 24, "d": 24, "h": 1, "m": 1 / 60, "s": 1 / 3600}


def days(holder: Map, key: str, *, months: bool = False) -> float | None:
    """A length of time such as `30d` or `720h0m0s` in days, None when absent; with `months`, `m` is a month of 28 days."""
    text = holder.text(key).strip()
    if not text:
        return None
    parts = re.findall(r"(\d{1,9}(?:\.\d+)?)([wdhms])", text)
    if "".join(amount + unit for amount, unit in parts) != text:
        raise Unevaluated(f"{holder.at(key)}: must be a length of time such as 30d or 720h")
    units = {**_UNITS, "m": 28 * 24} if months else _UNITS
    return sum(float(amount) * units[unit] for amount, unit in parts) / 24
