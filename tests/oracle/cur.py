"""Cost and Usage Reports: legacy with both header spellings, and CUR 2.0, as CSV (spec 2.1, 3.1, 3.3; domain 2)."""

from __future__ import annotations

import json

import bases
import classify
import money
import split_data
import times
from rows import Cells, Row, bare_id, fold_name, region_of

MAPS = ("resource_tags", "product", "cost_category", "discount")
ONLY_CUR2 = (*MAPS, "bill_payer_account_name", "line_item_usage_account_name")
MARKS = ("lineItem/LineItemType", "lineItem/UnblendedCost", "identity/LineItemId")
TAG_PREFIX = "resource_tags_"
CATEGORY_PREFIXES = ("costCategory/", "cost_category_")


def reads(names: set) -> bool:
    """Whether a header, in lower case, is that of a CUR in any spelling."""
    return any(mark.lower() in names or fold_name(mark) in names for mark in MARKS)


def is_cur2(names: set) -> bool:
    """Whether a CUR header, in lower case, is that of Data Exports CUR 2.0."""
    return any(name in names for name in ONLY_CUR2)


def json_map(text: str) -> dict:
    """A map cell: a JSON object as text; nulls and empty texts are no values."""
    found = json.loads(text, parse_float=str, parse_int=str) if text else {}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in found.items()}
    return {key: value for key, value in texts.items() if found[key] not in (None, "")}


class Reader:
    """The rows of one file: columns by their legacy name or its folded form."""

    def __init__(self, header: list, basis: str = "unblended"):
        self.basis = basis
        self.columns = {name.lower(): at for at, name in enumerate(header)}
        self.dialect = "cur2" if is_cur2(set(self.columns)) else "cur"
        self.tags = []  # (key, column), and whether AWS folded the keys
        self.folded = self.dialect == "cur2"
        self.categories = []  # (name, column)
        for at, name in enumerate(header):
            if name.lower().startswith("resourcetags/"):
                key = name.split("/", 1)[1]
                self.tags.append((key.removeprefix("user:"), at))
            elif name.lower().startswith(TAG_PREFIX):
                self.tags.append((name.lower()[len(TAG_PREFIX) :], at))
                self.folded = True
            for prefix in CATEGORY_PREFIXES:
                if name.startswith(prefix):
                    self.categories.append((name[len(prefix) :], at))

    def row(self, cells: list) -> Row:
        """One row in the basis."""
        by_name = Cells(self.columns, cells)

        def cell(*names: str) -> str:
            return by_name(*[spelled for name in names for spelled in (name, fold_name(name))])

        def has(name: str) -> bool:
            return by_name.has(name) or by_name.has(fold_name(name))

        product = json_map(by_name("product")) if self.dialect == "cur2" else {}
        reservation = cell("reservation/ReservationARN")
        begin = times.parse(cell("bill/BillingPeriodStartDate"))
        row = Row(
            dialect=self.dialect,
            invoice=cell("bill/InvoiceId") if has("bill/InvoiceId") else None,
            payer=cell("bill/PayerAccountId"),
            account=cell("lineItem/UsageAccountId", "bill/PayerAccountId"),
            entity=cell("bill/BillingEntity") or "AWS",
            currency=cell("lineItem/CurrencyCode") or None,
            product=cell("product/ProductName") or product.get("product_name") or cell("lineItem/ProductCode"),
            usage_type=cell("lineItem/UsageType"),
            operation=cell("lineItem/Operation"),
            region=cell("product/region")
            or product.get("region")
            or cell("product/regionCode")
            or region_of(cell("lineItem/AvailabilityZone")),
            resource=bare_id(cell("lineItem/ResourceId")),
            description=cell("lineItem/LineItemDescription"),
            start=times.parse(cell("lineItem/UsageStartDate")),
            end=times.parse(cell("lineItem/UsageEndDate")),
            quantity=money.exact(cell("lineItem/UsageAmount") or "0"),
            amount=money.parse(cell("lineItem/UnblendedCost") or "0"),
            commitment=reservation or cell("savingsPlan/SavingsPlanARN"),
            period=times.month_of(begin) if begin is not None else None,
            tags=self.tags_of(by_name, cells),
            categories=self.categories_of(by_name, cells),
            folded=self.folded,
            excluded=classify.is_split_cost(
                cell("splitLineItem/ParentResourceId"), cell("lineItem/Operation"), cell("lineItem/UsageType")
            ),
        )
        if row.excluded and (has("splitLineItem/SplitCost") or has("splitLineItem/UnusedCost")):

            def managed(key: str) -> str:
                wanted = fold_name(key)
                return ([value for name, value in row.tags if fold_name(name) == wanted] + [""])[0]

            row.split_data = split_data.of_cells(self.basis, cell, managed, bare_id)
        if not row.excluded:
            line_item_type = cell("lineItem/LineItemType")
            row.kind = classify.cur_kind(line_item_type, reservation)
            row.unknown = line_item_type if row.kind == classify.UNKNOWN else None
            cost = bases.of_cur(self.basis, row.kind, cell("lineItem/ProductCode"), cell, has)
            if cost is not None:
                row.charged, row.amount = row.amount, cost
        return row

    def categories_of(self, by_name: Cells, cells: list) -> list:
        """The cost categories of a row: columns, or the entries of the map."""
        if self.dialect == "cur2" and by_name.has("cost_category"):
            return sorted(json_map(by_name("cost_category")).items())
        return sorted((name, cells[at]) for name, at in self.categories if cells[at] != "")

    def tags_of(self, by_name: Cells, cells: list) -> list:
        """The tags of a row: columns, or the entries of the map."""
        if self.dialect == "cur2" and by_name.has("resource_tags"):
            return sorted(json_map(by_name("resource_tags")).items())
        return sorted((key, cells[at]) for key, at in self.tags if cells[at] != "")
