"""What a row is (spec 3.1 to 3.3; reading R3; the tables of domain 2.3 and 7.1)."""

from __future__ import annotations

import re

EXCLUDED = ("InvoiceTotal", "AccountTotal", "StatementTotal")
ADJUSTMENTS = {"Rounding": "Rounding", "CBRounding": "CbRounding", "Discount": "Discount"}
# Fees that can be set aside; the recurring fee of a savings plan stays in its hour (R33).
FEES = ("UpfrontFee", "RecurringFee", "SavingsPlanUpfrontFee")
RESERVED_USAGE = ("HeavyUsage", "MediumUsage", "LightUsage")

# Kinds whose reservation or savings plan id is part of the charge (R1).
COMMITTED = (
    *FEES,
    "DiscountedUsage",
    "UnusedCommitment",
    "SavingsPlanCoveredUsage",
    "SavingsPlanNegation",
    "SavingsPlanRecurringFee",
)

# CUR types whose kind has the same name; RIFee and Fee are decided below.
CUR_KINDS = (
    "Usage DiscountedUsage SavingsPlanCoveredUsage SavingsPlanNegation SavingsPlanRecurringFee SavingsPlanUpfrontFee "
    "Credit Refund Tax EdpDiscount RiVolumeDiscount PrivateRateDiscount BundledDiscount SppDiscount "
    "DistributorDiscount Discount"
).split()
FOCUS_KINDS = ("Tax", "Credit", "Adjustment")
SPLIT_OPERATIONS = ("ECSTask-EC2", "EKSPod-EC2")
SPLIT_USAGE = tuple(f"{kind}-EC2-{unit}-Hours" for kind in ("ECS", "EKS") for unit in ("vCPU", "GB"))
UNKNOWN = "Other"


def is_excluded(record_type: str) -> bool:
    """Total rows are statement evidence, they never count (spec 3.2)."""
    return record_type in EXCLUDED


def is_split_cost(parent: str, operation: str, usage_type: str) -> bool:
    """Whether a CUR row is split cost allocation data, which repeats cost (spec 3.3)."""
    return (
        parent.lower() not in ("", "null") or operation in SPLIT_OPERATIONS or usage_type.endswith(SPLIT_USAGE)
    )


def words(text: str) -> set:
    """The maximal runs of ASCII letters and digits of a text, in lower case (R3)."""
    return {word.lower() for word in re.findall(r"[A-Za-z0-9]+", text)}


def kind_of(record_type, usage_type, operation, description, reserved, resource, amount) -> str:
    """The line item kind of a counting DBR row; the first match decides (spec 3.1)."""
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


def cur_kind(line_item_type: str, reservation: str) -> str:
    """The kind of a CUR row; a type that is not known is `Other`."""
    if line_item_type == "RIFee":
        return "RecurringFee"
    if line_item_type == "Fee":
        return "UpfrontFee" if reservation else "Fee"
    return line_item_type if line_item_type in CUR_KINDS else UNKNOWN


def focus_kind(category: str, frequency: str, commitment: str, commitment_category: str, status: str) -> str:
    """The kind of a FOCUS row (R31); a charge category that is not known is `Other`."""
    if category == "Usage":
        used = "SavingsPlanCoveredUsage" if commitment_category == "Spend" else "DiscountedUsage"
        return {"Used": used, "Unused": "UnusedCommitment"}.get(status, "Usage")
    if category == "Purchase":
        plan = "SavingsPlan" if commitment_category == "Spend" else ""
        fees = {"One-Time": plan + "UpfrontFee", "Recurring": plan + "RecurringFee"}
        return fees.get(frequency, "Purchase") if commitment else "Purchase"
    return category if category in FOCUS_KINDS else UNKNOWN
