"""The facts of the sample bills, counted with `csv` and `Decimal` alone: `tests/samples.json`.

    python3 tests/oracle/samples.py $UNBLENDED_SAMPLES > tests/samples.json

It shares no code with the program, nor with the oracle's readers. The Parquet sample needs the package pyarrow.
`sum` adds what the program keeps of each row (18 decimals, half-even), `exact_sum` the cells as they stand.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import sys
import zipfile
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Context, Decimal, setcontext

setcontext(Context(prec=60, rounding=ROUND_HALF_EVEN))
UNIT = Decimal(1).scaleb(-18)
AS_OF = "2027-01-01T00:00:00Z"

# File, dialect, tag key and its column or map, billing period where the file has several.
DBR_JUNE = "dbr/123456789012-aws-billing-detailed-line-items-with-resources-and-tags-2016-06.csv.zip"
SAMPLES = (
    (DBR_JUNE, "dbr", "team", "user:team", None),
    ("dbr/real-2014-09-detailed-with-tags.csv", "dbr", "Role", "user:Role", None),
    ("cur/cur-2026-09.csv.gz", "cur", "environment", "resourceTags/user:environment", None),
    ("cur/cur-2026-09-finalized.csv.gz", "cur", "environment", "resourceTags/user:environment", None),
    ("cur/workshop-cur-2018-10.snappy.parquet", "cur", "department", "resource_tags_user_department", None),
    ("focus/focus-1.0-aws-400.csv", "focus", "application", "Tags", None),
    ("focus/focus-1.0-other-providers-30.csv", "focus", "application", "Tags", "2024-09"),
    ("focus/focus-1.0-other-providers-30.csv", "focus", "application", "Tags", "2024-10"),
    ("focus/focus-1.2-aws-synthetic-1000.csv", "focus", "Environment", "Tags", None),
)

# Dialect -> the columns of payer, cost, currency, billing entity, invoice id and begin of the billing period.
COLUMNS = {
    "dbr": ("PayerAccountId", "UnBlendedCost", None, None, "InvoiceID", None),
    "cur": (
        "bill/PayerAccountId",
        "lineItem/UnblendedCost",
        "lineItem/CurrencyCode",
        "bill/BillingEntity",
        "bill/InvoiceId",
        "bill/BillingPeriodStartDate",
    ),
    "focus": (
        "BillingAccountId",
        "BilledCost",
        "BillingCurrency",
        "InvoiceIssuerName",
        "InvoiceId",
        "BillingPeriodStart",
    ),
}


def table(path: str) -> list[dict]:
    """The rows of a file by column name, as text."""
    if path.endswith(".parquet"):
        import pyarrow.parquet

        found = pyarrow.parquet.read_table(path, columns=list(PARQUET)).to_pylist()
        return [{PARQUET[name]: cell(value) for name, value in row.items()} for row in found]
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".zip"):
        archive = zipfile.ZipFile(io.BytesIO(data))
        data = archive.read(archive.namelist()[0])
    elif path.endswith(".gz"):
        data = gzip.decompress(data)
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


# Parquet column -> the CSV column that the rest speaks of.
PARQUET = {
    "bill_payer_account_id": "bill/PayerAccountId",
    "line_item_unblended_cost": "lineItem/UnblendedCost",
    "line_item_currency_code": "lineItem/CurrencyCode",
    "bill_billing_entity": "bill/BillingEntity",
    "bill_invoice_id": "bill/InvoiceId",
    "bill_billing_period_start_date": "bill/BillingPeriodStartDate",
    "line_item_line_item_type": "lineItem/LineItemType",
    "line_item_operation": "lineItem/Operation",
    "resource_tags_user_department": "resource_tags_user_department",
}


def cell(value) -> str:
    """A value of an Arrow column: doubles as their shortest decimal text."""
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def kind(dialect: str, row: dict) -> str | None:
    """The kind of a row of these files, None where it is excluded; a type they do not have is an error."""
    if dialect == "dbr":
        totals = {"InvoiceTotal", "AccountTotal", "StatementTotal"}
        if row["RecordType"] in totals:
            return None
        if row["ItemDescription"].startswith("Sign up charge") and row["ResourceId"] == "":
            return "UpfrontFee"
        fee_like = r"(?i)tax|vat|gst|refund|credit|sign up|purchased|(heavy|medium|light)usage"
        if row["RecordType"] != "LineItem" or re.search(fee_like, row["ItemDescription"] + row["UsageType"]):
            raise ValueError(f"look at this row: {row}")
        return "DiscountedUsage" if row["ReservedInstance"] == "Y" else "Usage"
    if dialect == "cur":
        if row.get("splitLineItem/ParentResourceId", "") or row["lineItem/Operation"] in ("ECSTask-EC2", "EKSPod-EC2"):
            raise ValueError(f"look at this row: {row}")
        names = {one: one for one in ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage")}
        names["RIFee"] = "RecurringFee"
        return names[row["lineItem/LineItemType"]]
    category = row["ChargeCategory"]
    if category == "Usage":
        status, spend = row["CommitmentDiscountStatus"], row["CommitmentDiscountCategory"] == "Spend"
        used = "SavingsPlanCoveredUsage" if spend else "DiscountedUsage"
        return {"Used": used, "Unused": "UnusedCommitment"}.get(status, "Usage")
    if category == "Purchase" and row["CommitmentDiscountId"] not in ("", "NULL"):
        plan = "SavingsPlan" if row["CommitmentDiscountCategory"] == "Spend" else ""
        return plan + {"One-Time": "UpfrontFee", "Recurring": "RecurringFee"}[row["ChargeFrequency"]]
    return {"Purchase": "Purchase", "Tax": "Tax", "Adjustment": "Adjustment"}[category]


def tag(dialect: str, row: dict, key: str, column: str) -> str:
    """A row's own value of the tag key, "" for none."""
    if dialect != "focus":
        return row[column]
    text = row[column]
    return (json.loads(text) or {}).get(key, "") if text not in ("", "NULL") else ""


def month(path: str, dialect: str, row: dict) -> str:
    """The billing period of a row."""
    if dialect == "dbr":
        return re.search(r"(?:tags|real)-(\d{4}-\d\d)", path).group(1)
    return row[COLUMNS[dialect][5]][:7]


def status(dialect: str, entities: dict) -> str:
    """The least final status of all payers and billing entities, all periods being over."""
    found = set()
    for rows in entities.values():
        if any(invoice is None for invoice, _ in rows):
            found.add("unknown")
        elif any(cost != 0 if invoice == "" else dialect == "dbr" and not invoice.isdigit() for invoice, cost in rows):
            found.add("estimated")
        else:
            found.add("invoiced" if any(invoice for invoice, _ in rows) else "unknown")
    return min(found, key=["estimated", "unknown", "invoiced"].index)


def text(amount: Decimal) -> str:
    """Decimal text without exponent or trailing zeros."""
    plain = f"{amount:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("", "-0") else plain


def shown(tags: dict) -> list:
    """No value, and the ten that cost most."""
    largest = sorted((value for value in tags if value), key=lambda value: (-abs(tags[value]), value))[:10]
    return sorted({""} & set(tags) | set(largest))


def facts(folder: str, file: str, dialect: str, key: str, column: str, period: str | None) -> dict:
    """What one sample holds in one billing period."""
    payer_name, cost_name, currency_name, entity_name, invoice_name, _ = COLUMNS[dialect]
    rows = table(os.path.join(folder, file))
    months = {month(file, dialect, row) for row in rows}
    if period is None and len(months) != 1:
        raise ValueError(f"several periods: {months}")
    rows = [row for row in rows if period in (None, month(file, dialect, row))]
    kinds, tags, entities = defaultdict(list), defaultdict(Decimal), defaultdict(list)
    exact, excluded, cut = Decimal(0), [], 0
    for row in rows:
        full = Decimal("0" if row[cost_name] in ("", "NULL") else row[cost_name])
        cost = full.quantize(UNIT)
        name = kind(dialect, row)
        if name is None:
            excluded.append(cost)
            continue
        exact += full
        cut += cost != full
        kinds[name].append(cost)
        tags[tag(dialect, row, key, column)] += cost
        entity = row[entity_name] if entity_name else "AWS"
        invoice = row[invoice_name] if invoice_name in row else None
        entities[row[payer_name], entity].append((invoice, cost))
    seen = [one for own in entities.values() for one in own]
    return {
        "file": file,
        "dialect": dialect,
        "period": period or months.pop(),
        "several_periods": period is not None,
        "as_of": AS_OF,
        "tag_key": key,
        "rows": len(seen),
        "excluded_rows": len(excluded),
        "sum": text(sum(cost for _, cost in seen)),
        "exact_sum": text(exact),
        "rounded_rows": cut,
        "excluded_sum": text(sum(excluded, Decimal(0))),
        "kinds": {name: {"rows": len(own), "sum": text(sum(own))} for name, own in sorted(kinds.items())},
        "tag_value_count": len(tags),
        "tag_values": {value: text(tags[value]) for value in shown(tags)},
        "status": status(dialect, entities),
        "payers": sorted({payer for payer, _ in entities}),
        "billing_entities": sorted({entity for _, entity in entities}),
        "currencies": sorted({row[currency_name] for row in rows} if currency_name else {"USD"}),
        "invoice_ids": sorted({one for one, _ in seen if one and (dialect != "dbr" or one.isdigit())}),
    }


if __name__ == "__main__":
    print(json.dumps([facts(sys.argv[1], *sample) for sample in SAMPLES], indent=2, ensure_ascii=False))
