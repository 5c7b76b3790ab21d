"""Python values ↔ texts of the native part: amounts, instants, paths. No floats for money."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Union

Amount = Union[Decimal, int, str]
Instant = Union[str, date, datetime]
Path = Union[str, "os.PathLike[str]"]

# Keys whose values are amounts, wherever they stand in an answer.
_AMOUNTS = frozenset(
    {"amount", "billed", "candidate", "change", "cost", "difference", "fee", "finalized", "share", "totals", "unblended"}
)


def amount_text(amount: Amount) -> str:
    """An exact amount as text.

    Raises:
        TypeError: for a float, which is not exact.
    """
    if isinstance(amount, bool) or not isinstance(amount, (Decimal, int, str)):
        raise TypeError(f"an amount is a Decimal, an int or decimal text, not {type(amount).__name__}")
    return str(amount)


def instant_text(instant: Instant | None) -> str:
    """RFC 3339 text of an instant; now for None. Without a zone it is UTC; a date is its midnight."""
    if instant is None:
        instant = datetime.now(timezone.utc)
    if isinstance(instant, str):
        return instant
    if not isinstance(instant, datetime):
        instant = datetime(instant.year, instant.month, instant.day)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=timezone.utc)
    return instant.isoformat()


def with_decimals(value: Any, key: str = "") -> Any:
    """An answer of the native part with `decimal.Decimal` for the text of each amount."""
    if isinstance(value, list):
        return [with_decimals(item) for item in value]
    if isinstance(value, Mapping):
        inside = key in _AMOUNTS
        return {name: with_decimals(item, key if inside and isinstance(item, str) else name) for name, item in value.items()}
    if isinstance(value, str) and key in _AMOUNTS:
        return Decimal(value)
    return value
