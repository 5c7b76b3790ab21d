"""What a row costs in each basis (spec 3.4; R50 to R52)."""

from __future__ import annotations

from fractions import Fraction

import classify
import money

BASES = ("unblended", "net_unblended", "amortized", "net_amortized")
AMORTIZED = ("amortized", "net_amortized")
UNUSED = ("RecurringFee", "SavingsPlanRecurringFee", "UnusedCommitment")
NOT_SPREAD = ("UpfrontFee", "SavingsPlanUpfrontFee", "SavingsPlanNegation")

# Kind -> the gross columns whose sum is its amortized cost.
GROSS = {
    "DiscountedUsage": ("reservation/EffectiveCost",),
    "RecurringFee": (
        "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
        "reservation/UnusedRecurringFee",
    ),
    "SavingsPlanCoveredUsage": ("savingsPlan/SavingsPlanEffectiveCost",),
}
TOTAL, USED = "savingsPlan/TotalCommitmentToDate", "savingsPlan/UsedCommitment"
UNBLENDED, NET_UNBLENDED = "lineItem/UnblendedCost", "lineItem/NetUnblendedCost"
FRACTIONS = (
    (NET_UNBLENDED, UNBLENDED),
    (
        "savingsPlan/NetAmortizedUpfrontCommitmentForBillingPeriod",
        "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod",
    ),
)


def net_name(name: str) -> str:
    """The net column beside a gross one."""
    group, plain = name.split("/")
    return f"{group}/Net{plain}"


def first(names: tuple, cell, has) -> int | None:
    """The first column that is filled; a header that has none of them lacks the basis."""
    if not any(has(name) for name in names):
        raise ValueError("config.basis_unavailable")
    text = cell(*names)
    return money.parse(text) if text else None


def of_cur(basis: str, kind: str, code: str, cell, has) -> int | None:
    """A CUR row's cost in a basis; None where that is its unblended cost."""
    net = basis.startswith("net_")
    if basis == "unblended" or kind == classify.UNKNOWN:
        return None
    if basis in AMORTIZED:
        if kind in NOT_SPREAD or (kind == "Refund" and code == "ComputeSavingsPlans"):
            return 0
        if kind == "SavingsPlanRecurringFee":
            return unused_plan(net, cell, has)
        if kind in GROSS:
            parts = [first((net_name(name), name) if net else (name,), cell, has) for name in GROSS[kind]]
            filled = [part for part in parts if part is not None]
            return sum(filled) if filled else None
    if not net:
        return None
    if kind.endswith("Discount"):
        return 0 if has(NET_UNBLENDED) else None
    return first((NET_UNBLENDED, UNBLENDED), cell, has)


def unused_plan(net: bool, cell, has) -> int | None:
    """What nothing used of a savings plan's commitment."""
    total, used = first((TOTAL,), cell, has), first((USED,), cell, has)
    if total is None and used is None:
        return None
    unused = (total or 0) - (used or 0)
    for above, below in FRACTIONS if net else ():
        if cell(above) and cell(below) and money.parse(cell(below)) != 0:
            return round(Fraction(unused * money.parse(cell(above)), money.parse(cell(below))))
    return unused


def of_focus(basis: str, kind: str, cell) -> int | None:
    """A FOCUS row's cost in a basis; None where that is its billed cost."""
    if basis.startswith("net_") or (basis == "amortized" and not cell.has("EffectiveCost")):
        raise ValueError("config.basis_unavailable")
    if basis == "unblended" or kind == classify.UNKNOWN:
        return None
    return money.parse(cell("EffectiveCost"))


def bridge(rows: list) -> list:
    """Rows, unblended cost, cost in the basis and their difference by kind."""
    found = []
    for kind in sorted({row.line_item_kind for row in rows}):
        own = [row for row in rows if row.line_item_kind == kind]
        unblended, cost = sum(row.unblended for row in own), sum(row.amount for row in own)
        sums = {"unblended": unblended, "cost": cost, "difference": cost - unblended}
        found.append({"kind": kind, "rows": len(own), **{name: money.text(value) for name, value in sums.items()}})
    return found
