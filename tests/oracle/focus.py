"""FOCUS 1.0 and 1.2 as CSV (spec 2.1, 3.1; domain 7)."""

from __future__ import annotations

import bases
import classify
import money
import times
from cur import json_map
from rows import Cells, Row, bare_id, region_of


def reads(names: set) -> bool:
    """Whether a header, in lower case, is that of this dialect."""
    return "billedcost" in names and ("chargecategory" in names or "chargeperiodstart" in names)


class Reader:
    """The rows of one file."""

    def __init__(self, header: list, basis: str = "unblended"):
        self.basis = basis
        self.columns = {name.lower(): at for at, name in enumerate(header)}

    def row(self, cells: list) -> Row:
        """One row in the basis; a cell with exactly `NULL` is null."""
        cell = Cells(self.columns, ["" if text == "NULL" else text for text in cells])
        begin = times.parse(cell("BillingPeriodStart"))
        commitment = cell("CommitmentDiscountId")
        category = cell("ChargeCategory")
        kind = classify.focus_kind(
            category,
            cell("ChargeFrequency"),
            commitment,
            cell("CommitmentDiscountCategory"),
            cell("CommitmentDiscountStatus"),
        )
        billed = money.parse(cell("BilledCost") or "0")
        effective = bases.of_focus(self.basis, kind, cell)
        return Row(
            dialect="focus",
            invoice=cell("InvoiceId") if cell.has("InvoiceId") else None,
            payer=cell("BillingAccountId"),
            account=cell("SubAccountId", "BillingAccountId"),
            entity=cell("InvoiceIssuerName") or "AWS",
            currency=cell("BillingCurrency") or None,
            product=cell("ServiceName", "x_ServiceCode"),
            usage_type=cell("x_UsageType"),
            operation=cell("x_Operation"),
            region=cell("RegionId") or region_of(cell("AvailabilityZone")),
            resource=bare_id(cell("ResourceId")),
            description=cell("ChargeDescription"),
            start=times.parse(cell("ChargePeriodStart")),
            end=times.parse(cell("ChargePeriodEnd")),
            quantity=money.exact(cell("ConsumedQuantity") or "0"),
            amount=billed if effective is None else effective,
            charged=billed,
            commitment=commitment,
            period=times.month_of(begin) if begin is not None else None,
            tags=focus_tags(cell("Tags")),
            categories=sorted(json_map(cell("x_CostCategories")).items()),
            kind=kind,
            unknown=category if kind == classify.UNKNOWN else None,
            correction=cell("ChargeClass") == "Correction",
        )


def focus_tags(text: str) -> list:
    """The tags of a row; `user:K` names the key K where the map has no K itself."""
    found = json_map(text)
    plain = {key: value for key, value in found.items() if not key.startswith("user:")}
    prefixed = {key.removeprefix("user:"): value for key, value in found.items() if key.startswith("user:")}
    return sorted({**prefixed, **plain}.items())
