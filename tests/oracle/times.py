"""Times as integer milliseconds since 1970 in UTC, months, and interval arithmetic (spec 3.7, 6.1, R17)."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
OPEN = 10**18  # the end of what never ended: later than any time

TIME = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?\s*(Z|z|[+-]\d\d:?\d\d)?\Z", re.ASCII
)


def parse(text: str) -> int | None:
    """A time as written: space or T, no zone (UTC), Z or an offset; digits finer than milliseconds are cut (R17).

    Empty text is no time.
    """
    text = text.strip()
    if not text:
        return None
    match = TIME.match(text)
    if not match:
        raise ValueError(f"not a time: {text!r}")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    moment = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=timezone.utc
    )
    ms = whole_ms(moment) + int((fraction or "").ljust(3, "0")[:3])
    if zone and zone not in "Zz":
        offset = (int(zone[1:3]) * 60 + int(zone[-2:])) * 60_000
        ms += offset if zone[0] == "-" else -offset
    return ms


def parse_any(value) -> int | None:
    """A time of a JSON document: ISO text, or a number: epoch milliseconds from 10**11 on, else epoch seconds."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, Decimal)):
        number = Decimal(value)
        return int(number) if number >= 10**11 else int(number * 1000)
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return parse_any(Decimal(value))
    return parse(value)


def whole_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of a datetime, exact."""
    delta = moment - EPOCH
    return (delta.days * 86400 + delta.seconds) * 1000 + delta.microseconds // 1000


def to_datetime(ms: int) -> datetime:
    """The UTC datetime of a time."""
    return EPOCH + timedelta(milliseconds=ms)


def month_of(ms: int) -> str:
    """The calendar month YYYY-MM (UTC) a time lies in."""
    return to_datetime(ms).strftime("%Y-%m")


def month_bounds(period: str) -> tuple[int, int]:
    """[start, end) of a billing period YYYY-MM."""
    year, month = int(period[:4]), int(period[5:7])
    start = datetime(year, month, 1, tzinfo=timezone.utc)
    return whole_ms(start), whole_ms(add_months(start, 1))


def add_months(moment: datetime, months: int) -> datetime:
    """A datetime plus whole calendar months; a day the month lacks becomes its last day (domain 3.5)."""
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)


def union(intervals: list) -> list:
    """The same set of moments as disjoint, sorted, non-empty [start, end) intervals."""
    merged = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def intersect(left: list, right: list) -> list:
    """The moments two lists of intervals share, as disjoint sorted intervals."""
    pieces = []
    for a_start, a_end in union(left):
        for b_start, b_end in union(right):
            pieces.append((max(a_start, b_start), min(a_end, b_end)))
    return union(pieces)


def length(intervals: list) -> int:
    """Milliseconds covered by a list of intervals."""
    return sum(end - start for start, end in union(intervals))
