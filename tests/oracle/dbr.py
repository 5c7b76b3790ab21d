"""Reading Detailed Billing Reports: csv, csv.gz, csv.zip (spec 2.1 to 2.3, 2.8, 2.9; domain 1)."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

import classify
import money
import times

csv.field_size_limit(10**9)
FILE_PERIOD = re.compile(r"(\d{4}-\d\d)\.csv(\.zip|\.gz)?\Z")
EC2_ARN = re.compile(r"arn:[^:]+:ec2:[^:]*:[^:]*:(?:instance/(m?i-[^:/]+)|volume/(vol-[^:/]+))\Z")


@dataclass
class Row:
    """One input row, amounts and times parsed, everything else as written."""

    invoice: str
    payer: str
    account: str
    record_type: str
    product: str
    subscription: str
    usage_type: str
    operation: str
    region: str
    reserved: str
    description: str
    start: int | None
    end: int | None
    quantity: Fraction
    amount: int
    resource: str
    tags: list = field(default_factory=list)  # (tag key as written, value), sorted
    excluded: bool = False
    kind: str = ""


def bare_id(resource: str) -> str:
    """Exact EC2 instance and volume ARNs reduced to the bare id, anything else as written (spec 3.7)."""
    match = EC2_ARN.match(resource)
    return (match.group(1) or match.group(2)) if match else resource


def region_of(zone: str) -> str:
    """The availability zone without its final letter, otherwise as written (R1)."""
    return zone[:-1] if re.search(r"\d[a-z]\Z", zone) else zone


def file_period(path: str) -> str | None:
    """The period a DBR file name carries, if any (spec 2.8)."""
    match = FILE_PERIOD.search(os.path.basename(path))
    return match.group(1) if match else None


def unpack(path: str) -> list[str]:
    """The CSV texts inside a file: one, or one per zip entry."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        return [gzip.decompress(data).decode("utf-8")]
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [archive.read(name).decode("utf-8") for name in archive.namelist() if not name.endswith("/")]
    return [data.decode("utf-8")]


def tag_name(column: str) -> str | None:
    """The tag key of a column: `user:KEY` is KEY, `aws:KEY` stays as it is, other columns are no tags (spec 2.9)."""
    if column.startswith("user:"):
        return column[len("user:") :]
    return column if column.startswith("aws:") else None


def read_text(content: str) -> list[Row]:
    """All rows of one CSV text, columns found by name (spec 2.3), case-insensitively except tags."""
    reader = csv.reader(io.StringIO(content, newline=""))
    header = next(reader, None)
    if header is None:
        return []
    columns = {name.lower(): index for index, name in enumerate(header) if tag_name(name) is None}
    tags = [(tag_name(name), index) for index, name in enumerate(header) if tag_name(name) is not None]
    return [read_row(cells, columns, tags) for cells in reader if cells]


def read_row(cells: list, columns: dict, tags: list) -> Row:
    """One row; the amount is UnBlendedCost, else Cost (R2); the usage account is the linked one, else the payer."""

    def cell(name: str) -> str:
        return cells[columns[name]] if name in columns else ""

    cost = cell("unblendedcost") if "unblendedcost" in columns else cell("cost")
    row = Row(
        invoice=cell("invoiceid"),
        payer=cell("payeraccountid"),
        account=cell("linkedaccountid") or cell("payeraccountid"),
        record_type=cell("recordtype"),
        product=cell("productname"),
        subscription=cell("subscriptionid"),
        usage_type=cell("usagetype"),
        operation=cell("operation"),
        region=region_of(cell("availabilityzone")),
        reserved=cell("reservedinstance"),
        description=cell("itemdescription"),
        start=times.parse(cell("usagestartdate")),
        end=times.parse(cell("usageenddate")),
        quantity=money.exact(cell("usagequantity") or "0"),
        amount=money.parse(cost or "0"),
        resource=bare_id(cell("resourceid")),
        tags=sorted((key, cells[index]) for key, index in tags if cells[index] != ""),
    )
    row.excluded = classify.is_excluded(row.record_type)
    if not row.excluded:
        row.kind = classify.kind_of(
            row.record_type, row.usage_type, row.operation, row.description, row.reserved, row.resource, row.amount
        )
    return row


def read_bill(paths: list[str], asked_period: str | None) -> tuple[str, list[Row]]:
    """The period and the rows of the bill in it (spec 2.8).

    `asked_period` keeps the files whose name says that month and labels those whose name says nothing. Without it
    the names decide; without names, the month most usage rows start in. Several months are an error.
    """
    named = [(file_period(path), path) for path in paths]
    if asked_period is not None:
        kept = [path for period, path in named if period in (None, asked_period)]
        if not kept:
            raise ValueError("read.period_mismatch")
        return asked_period, read_files(kept)
    periods = {period for period, _ in named if period is not None}
    if len(periods) > 1:
        raise ValueError(f"several periods: {sorted(periods)}")
    rows = read_files(paths)
    if periods:
        return periods.pop(), rows
    usage = [row for row in rows if row.kind in ("Usage", "DiscountedUsage") and row.start is not None]
    months = Counter(times.month_of(row.start) for row in usage)
    best = max(months.values())
    return min(month for month, count in months.items() if count == best), rows


def read_files(paths: list[str]) -> list[Row]:
    """The rows of several files, one after the other."""
    rows = []
    for path in paths:
        for content in unpack(path):
            rows.extend(read_text(content))
    return rows
