"""What a DBR row is (spec 3.1, 3.2; reading R3)."""

from __future__ import annotations

import re

EXCLUDED = ("InvoiceTotal", "AccountTotal", "StatementTotal")
ADJUSTMENTS = {"Rounding": "Rounding", "CBRounding": "CbRounding", "Discount": "Discount"}
FEES = ("UpfrontFee", "RecurringFee")
RESERVED_USAGE = ("HeavyUsage", "MediumUsage", "LightUsage")


def is_excluded(record_type: str) -> bool:
    """Total rows are statement evidence, they never count (spec 3.2)."""
    return record_type in EXCLUDED


def words(text: str) -> set:
    """The maximal runs of ASCII letters and digits of a text, in lower case (R3)."""
    return {word.lower() for word in re.findall(r"[A-Za-z0-9]+", text)}


def kind_of(record_type, usage_type, operation, description, reserved, resource, amount) -> str:
    """The line item kind of a counting row; the first match decides (spec 3.1)."""
    if record_type in ADJUSTMENTS:
        return ADJUSTMENTS[record_type]
    if resource == "":
        if description.startswith("Sign up charge"):
            return "UpfrontFee"
        if "hours purchased," in description or any(name in usage_type for name in RESERVED_USAGE):
            return "RecurringFee"
        if (words(description) | words(operation)) & {"tax", "vat", "gst"}:
            return "Tax"
        if "refund" in description.lower() or "refund" in operation.lower():
            return "Refund"
        if amount < 0 and ("credit" in description.lower() or "credit" in operation.lower()):
            return "Credit"
    return "DiscountedUsage" if reserved == "Y" else "Usage"
