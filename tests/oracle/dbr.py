"""Detailed Billing Reports (spec 2.1, 2.3, 2.9; domain 1)."""

from __future__ import annotations

import classify
import money
import times
from rows import Cells, Row, bare_id, region_of


def reads(names: set) -> bool:
    """Whether a header, in lower case, is that of this dialect."""
    return "recordtype" in names


def tag_name(column: str) -> str | None:
    """The tag key of a column: `user:KEY` is KEY, `aws:KEY` stays as it is, other columns are no tags (spec 2.9)."""
    if column.startswith("user:"):
        return column[len("user:") :]
    return column if column.startswith("aws:") else None


class Reader:
    """The rows of one file, columns found by name, case-insensitively except tags (spec 2.3)."""

    def __init__(self, header: list, basis: str = "unblended"):
        if basis != "unblended":
            raise ValueError("config.basis_unavailable")
        self.columns = {name.lower(): at for at, name in enumerate(header) if tag_name(name) is None}
        self.tags = [(tag_name(name), at) for at, name in enumerate(header) if tag_name(name) is not None]

    def row(self, cells: list) -> Row:
        """One row; the amount is UnBlendedCost, else Cost (R2); the usage account is the linked one, else the payer."""
        cell = Cells(self.columns, cells)
        cost = cell("UnBlendedCost") if cell.has("UnBlendedCost") else cell("Cost")
        record_type = cell("RecordType")
        row = Row(
            dialect="dbr",
            invoice=cell("InvoiceID") if cell.has("InvoiceID") else None,
            payer=cell("PayerAccountId"),
            account=cell("LinkedAccountId", "PayerAccountId"),
            product=cell("ProductName"),
            usage_type=cell("UsageType"),
            operation=cell("Operation"),
            region=region_of(cell("AvailabilityZone")),
            zone=cell("AvailabilityZone"),
            resource=bare_id(cell("ResourceId")),
            description=cell("ItemDescription"),
            start=times.parse(cell("UsageStartDate")),
            end=times.parse(cell("UsageEndDate")),
            quantity=money.exact(cell("UsageQuantity") or "0"),
            amount=money.parse(cost or "0"),
            commitment=cell("SubscriptionId"),
            tags=sorted((key, cells[at]) for key, at in self.tags if cells[at] != ""),
            excluded=classify.is_excluded(record_type),
        )
        if not row.excluded:
            reserved = cell("ReservedInstance")
            row.kind = classify.kind_of(
                record_type, row.usage_type, row.operation, row.description, reserved, row.resource, row.amount
            )
        return row
