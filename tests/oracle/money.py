"""Exact money: signed integers of 10**-18 currency units (spec 1.1 to 1.4, 11.2)."""

from __future__ import annotations

import re
from fractions import Fraction

UNITS = 10**18

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)


def exact(text: str) -> Fraction:
    """The exact value of decimal text; scientific notation and a leading `+` are read (spec 1.2)."""
    text = text.strip()
    if not NUMBER.match(text):
        raise ValueError(f"not a decimal number: {text!r}")
    return Fraction(text)


def parse(text: str) -> int:
    """Decimal text as units of 10**-18; digits past the 18th decimal are rounded half-even (spec 1.2)."""
    return round(exact(text) * UNITS)  # Fraction rounds half to even


def text(units: int) -> str:
    """Decimal text without exponent or trailing zeros (spec 11.2)."""
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), UNITS)
    decimals = f"{rest:018d}".rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def key_bytes(key):
    """A sort key that compares text bytewise, with null before any text; tuples part by part (spec 1.4, 11.2)."""
    if isinstance(key, tuple):
        return tuple(key_bytes(part) for part in key)
    if key is None:
        return (0, b"")
    return (1, key.encode("utf-8"))


def split(amount: int, weights: dict, order=key_bytes) -> dict:
    """Split an amount by non-negative integer weights (spec 1.4).

    Each part is floor(|amount| * w / sum); the leftover units go one each to the largest remainders, ties to the
    smaller key; the sign is put back. Keys of weight 0 get no part at all (reading R4). `order` makes the key that
    ties are compared by. All weights 0 is an error of the caller.
    """
    total = sum(weights.values())
    if total <= 0 or min(weights.values()) < 0:
        raise ValueError("no split: weights are all 0 or one is negative")
    size = abs(amount)
    sign = -1 if amount < 0 else 1
    parts = {}
    remainders = {}
    for key, weight in weights.items():
        if weight == 0:
            continue
        share = Fraction(size * weight, total)
        parts[key] = share.numerator // share.denominator
        remainders[key] = share - parts[key]
    leftover = size - sum(parts.values())
    ranking = sorted(parts, key=lambda key: (-remainders[key], order(key)))
    for key in ranking[:leftover]:
        parts[key] += 1
    return {key: sign * part for key, part in parts.items()}


def decimal_weights(named: dict) -> dict:
    """Decimal texts or numbers scaled by one common factor to integers, as weights of `split`."""
    values = {key: exact(str(value)) for key, value in named.items()}
    scale = 1
    for value in values.values():
        scale = scale * value.denominator
    return {key: int(value * scale) for key, value in values.items()}
