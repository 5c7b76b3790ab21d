"""Commitment fees over their terms and the reservation book (spec 5.2, 6.1, 6.2; R21, R24, R25)."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass

import classify
import money
import times

DAY = 86_400_000


@dataclass
class FeePart:
    """This period's part of one entry of the book."""

    payer: str
    account: str
    product: str
    kind: str
    commitment: str
    start: int
    end: int  # exclusive
    rows: list  # of this bill; none where it is carried in
    amount: int
    covers: tuple = ("", "", "")  # usage type, zone and count, where it is carried in and the book says them


def term_end(start: int, end: int) -> int:
    """The exclusive end of a term: an inclusive end gets one second more (spec 6.1).

    It is inclusive exactly when its seconds are not 0 and end + 1 s is start plus whole calendar months or falls on
    a whole hour.
    """
    after = end + 1000
    if times.to_datetime(end).second == 0:
        return end
    if after % 3_600_000 == 0:
        return after
    first, last = times.to_datetime(start), times.to_datetime(after)
    months = (last.year - first.year) * 12 + last.month - first.month
    return after if months > 0 and times.add_months(first, months) == last else end


def known_term(start: int | None, end: int | None) -> bool:
    """A fee row has a known term only if its interval spans at least 28 days (spec 6.1)."""
    return start is not None and end is not None and term_end(start, end) - start >= 28 * DAY


def elapsed_share(fee: int, start: int, end: int, at: int) -> int:
    """floor(|fee| * s(t) / S): the units of a fee elapsed by a moment (spec 6.1), `end` being exclusive."""
    total = (end - start) // 1000
    seconds = min(max(at // 1000 - start // 1000, 0), total)
    return abs(fee) * seconds // total


def part_of(fee: int, start: int, end: int, begin: int, finish: int) -> int:
    """The part of a fee that belongs to [begin, finish); `end` as printed (spec 6.1)."""
    exclusive = term_end(start, end)
    size = elapsed_share(fee, start, exclusive, finish) - elapsed_share(fee, start, exclusive, begin)
    return -size if fee < 0 else size


def fee_entries(rows: list, period: str) -> dict:
    """The entries of a scan: fee rows of known term, equal keys added up (spec 6.2, R21).

    The key is (payer, billing period, usage account, product, kind, commitment id, start, end, currency), start
    and end as printed; the commitment id is the subscription, reservation or savings plan id, else the description.
    """
    entries = {}
    for row in rows:
        if row.kind in classify.FEES and known_term(row.start, row.end):
            key = key_of(row, period)
            entries[key] = entries.get(key, 0) + row.amount
    return entries


def key_of(row, period: str) -> tuple | None:
    """The entry a fee row of known term belongs to, None of any other row."""
    if row.kind not in classify.FEES or not known_term(row.start, row.end):
        return None
    commitment = row.commitment or row.description
    return (row.payer, period, row.account, row.product, row.kind, commitment, row.start, row.end, row.currency)


def read_book(path: str | None) -> tuple[dict, dict]:
    """The entries of a reservation book table (CSV or a JSON array of objects), and what each of them covers."""
    if not path:
        return {}, {}
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    table = json.loads(text) if text.lstrip()[:1] == "[" else csv.DictReader(io.StringIO(text, newline=""))
    entries, covers = {}, {}
    for row in table:
        key = (
            row["payer"],
            row["billing_period"],
            row["usage_account"],
            row["product"],
            row["kind"],
            row["commitment_id"],
            times.parse(row["start"]),
            times.parse(row["end"]),
            row["currency"],
        )
        entries[key] = entries.get(key, 0) + money.parse(row["fee"])
        covers[key] = tuple(row.get(name) or "" for name in ("usage_type", "zone", "count"))
    return entries, covers


class Fees:
    """This period's parts of all fees, and what is deferred and carried in (R21)."""

    def __init__(self, rows: list, period: str, known: tuple, unknown_term: str, currency: str = "USD"):
        book, covers = known
        begin, finish = times.month_bounds(period)
        scanned = fee_entries(rows, period)
        payers = {row.payer for row in rows}
        carried = {key: fee for key, fee in book.items() if key[0] in payers and key[1] < period and key[8] == currency}
        self.parts = []
        self.deferred = 0
        self.carried_in = 0
        for own, entries in ((True, scanned), (False, carried)):
            for key, fee in entries.items():
                start, end = key[6], key[7]
                # What elapsed before the period of billing is that period's too: nothing else would carry it (R21).
                since = min(start, begin) if own else begin
                part = part_of(fee, start, end, since, finish)
                if own:
                    self.deferred += fee - part
                else:
                    self.carried_in += part
                if start < finish and since < term_end(start, end):
                    rows_of = [row for row in rows if own and key_of(row, period) == key]
                    names = (key[0], key[2], key[3], key[4], key[5])
                    said = ("", "", "") if own else covers[key]
                    self.parts.append(FeePart(*names, start, term_end(start, end), rows_of, part, said))
        self.unknown = [row for row in rows if row.kind in classify.FEES and not known_term(row.start, row.end)]
        if self.unknown and unknown_term == "error":
            raise ValueError("fee.unknown_term")
