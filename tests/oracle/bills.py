"""Reading bills of every dialect: csv, csv.gz, csv.zip; their rows and their period (spec 2.1, 2.2, 2.8)."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zipfile
from collections import Counter

import cur
import dbr
import focus
import times

csv.field_size_limit(10**9)
FILE_PERIOD = re.compile(r"(\d{4}-\d\d)\.csv(\.zip|\.gz)?\Z")
USAGE = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage")


def file_period(path: str) -> str | None:
    """The period a file name carries, if any (spec 2.8)."""
    match = FILE_PERIOD.search(os.path.basename(path))
    return match.group(1) if match else None


def unpack(path: str) -> list[str]:
    """The CSV texts inside a file: one, or one per zip entry. A byte order mark is no text."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        return [gzip.decompress(data).decode("utf-8-sig")]
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [archive.read(name).decode("utf-8-sig") for name in archive.namelist() if not name.endswith("/")]
    return [data.decode("utf-8-sig")]


def dialect_of(header: list):
    """The module that reads a header (spec 2.1)."""
    names = {name.lower() for name in header}
    for dialect in (cur, focus, dbr):
        if dialect.reads(names):
            return dialect
    raise ValueError("read.unknown_dialect")


def read_text(content: str, basis: str) -> list:
    """All rows of one CSV text."""
    reader = csv.reader(io.StringIO(content, newline=""))
    header = next(reader, None)
    if not header:
        return []
    dialect = dialect_of(header).Reader(header, basis)
    return [dialect.row(cells) for cells in reader if cells]


def read_file(path: str, basis: str) -> list:
    """The rows of one file; those that name no billing period have that of the file name."""
    rows = [row for content in unpack(path) for row in read_text(content, basis)]
    for row in rows:
        row.period = row.period or file_period(path)
    return rows


def read_bill(paths: list[str], asked_period: str | None, basis: str = "unblended") -> tuple[str, list]:
    """The period and the rows of the bill in it (spec 2.8).

    `asked_period` keeps the rows whose evidence says that month and labels those without evidence. Without it the
    evidence decides; without evidence, the month most usage rows start in. Several months are an error.
    """
    rows = [row for path in paths for row in read_file(path, basis)]
    if asked_period is not None:
        kept = [row for row in rows if row.period in (None, asked_period)]
        if rows and not kept:
            raise ValueError("read.period_mismatch")
        return asked_period, kept
    periods = {row.period for row in rows if row.period is not None}
    if len(periods) > 1:
        raise ValueError(f"several periods: {sorted(periods)}")
    if periods:
        return periods.pop(), rows
    months = Counter(times.month_of(row.start) for row in rows if row.kind in USAGE and row.start is not None)
    best = max(months.values())
    return min(month for month, count in months.items() if count == best), rows

