"""Which usage a commitment covers, what of it was used, and the table of it (spec 5.6, 6.4; R56 to R62)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

import bases
import money
import times

HOURS = (
    "BoxUsage DedicatedUsage ESInstance HeavyUsage HostBoxUsage InstanceUsage LightUsage MediumUsage Multi-AZUsage "
    "Node NodeUsage"
).split()
QUARTERS = {"nano": 1, "micro": 2, "small": 4, "medium": 8, "large": 16, "xlarge": 32}
UNIT = 10**18
COVERED_KINDS = ("DiscountedUsage", "SavingsPlanCoveredUsage")
UNUSED_KINDS = ("RecurringFee", "SavingsPlanRecurringFee", "UnusedCommitment")
FEE_KINDS = (*UNUSED_KINDS, "UpfrontFee", "SavingsPlanUpfrontFee")


def sized(usage_type: str) -> tuple | None:
    """(region prefix, type, family, quarters of its size) of coverable hours, None where it cannot be read (R56)."""
    name, _, kind = usage_type.partition(":")
    if name in HOURS:
        prefix, bare = "", name
    else:
        prefix, _, bare = name.partition("-")
        if bare not in HOURS:
            return None
    if not kind and bare == "BoxUsage":
        kind = "m1.small"
    family, dot, size = kind.rpartition(".")
    many = re.fullmatch(r"([0-9]{1,3})xlarge", size)
    quarters = 32 * int(many.group(1)) if many else QUARTERS.get(size, 0)
    return (prefix, kind, family, quarters) if dot and quarters else None


def units(quantity: Fraction) -> int:
    """A quantity in 10^-18 of its unit, half-even."""
    return round(quantity * UNIT)


def covered_type(row) -> str:
    """The usage type of what ran, where the row's own is that of the reservation (DBR only)."""
    _, found, named = row.description.rpartition("; UsageType: ")
    return re.split("[; ]", named)[0] if found and row.dialect == "dbr" and row.kind == "DiscountedUsage" else ""


def number_at_end(text: str) -> Fraction | None:
    """The decimal a text ends in, commas between thousands left out."""
    digits = re.search(r"[0-9.,]*\Z", text).group().replace(",", "")
    if not re.fullmatch(r"[0-9]+\.?[0-9]*|\.[0-9]+", digits):
        return None
    return Fraction(digits if digits[-1] != "." else digits[:-1])


def hours_in(description: str) -> tuple | None:
    """(purchased, used) of "(N hours purchased, M hours used)"."""
    before, found, after = description.partition(" hours purchased,")
    used, and_used, _ = after.partition(" hours used")
    if not found or not and_used:
        return None
    numbers = (number_at_end(before), number_at_end(used))
    return None if None in numbers else numbers


def agreed(values: list):
    """What all agree on, None where they do not or there is nothing."""
    return values[0] if values and values[0] and all(one == values[0] for one in values) else None


class Stated:
    """What the rows of a fee part state."""

    def __init__(self, part, period: str):
        usage_type, zone, count = part.covers
        self.sized = agreed([sized(row.usage_type) for row in part.rows]) if part.rows else sized(usage_type)
        self.zone = agreed([row.zone for row in part.rows]) if part.rows else zone or None
        named = part.commitment.partition("subscription: ")
        is_id = part.rows[0].commitment != "" if part.rows else " " not in part.commitment
        self.id = part.commitment if is_id else re.split("[, ]", named[2])[0]
        self.quantity = sum(units(row.quantity) for row in part.rows)
        if count:
            self.quantity = units(money.exact(count))
        self.by_hours = part.kind == "RecurringFee" and part.rows != [] and part.rows[0].dialect in ("cur", "cur2")
        texts = [hours_in(row.description) for row in part.rows]
        self.summary = None
        if texts and None not in texts and sum(text[0] for text in texts) > 0:
            whole = sum(text[0] for text in texts)
            unused = sum(max(text[0] - text[1], 0) for text in texts)
            only = unused > 0 and self.quantity == unused * UNIT
            self.summary = (1, 1) if only else (whole, unused)
            self.words = (whole, unused)
        self.part, self.period, self.is_told = part, period, False

    @property
    def purchased(self) -> int | None:
        """Normalized hours that its quantity says were purchased in this period."""
        part, period = self.part, self.period
        if self.quantity > 0 and self.sized:
            whole = self.quantity * self.sized[3]
            begin, finish = times.month_bounds(period)
            window = max(min(part.end, finish) - max(part.start, begin), 0)
            if self.by_hours:
                return whole
            if part.kind == "UpfrontFee":
                return whole * window // 3_600_000
        return None


def tell_each_other(all_stated: list, parts: list) -> None:
    """Fees that do not say what they cover cover what the others of their id do, where those agree (R88)."""
    known = {}
    for stated, part in zip(all_stated, parts):
        if stated.sized and stated.id:
            known.setdefault((part.payer, part.product, stated.id), []).append((stated.sized, stated.zone))
    for stated, part in zip(all_stated, parts):
        others = known.get((part.payer, part.product, stated.id), [])
        if not stated.sized and others and len({one[0] for one in others}) == 1:
            stated.is_told = True
            zones = {one[1] for one in others}
            stated.sized, stated.zone = others[0][0], zones.pop() if len(zones) == 1 else None


@dataclass
class Group:
    """Fees that cover the same usage: positions of parts, covered charges by identity, purchased and unused hours."""

    parts: list = field(default_factory=list)
    covered: list = field(default_factory=list)
    purchased: tuple | None = None  # (whole, unused) in quarters of 10^-18 hours
    unused_cost: int = 0

    @property
    def used(self) -> int:
        """Normalized hours of what it covers."""
        return sum(one.hours for one in self.covered)


class Covered:
    """All usage intervals of one covered charge."""

    def __init__(self, charges: list):
        self.charges = sorted(charges, key=lambda one: one.span)
        self.first = charges[0]
        self.sized = sized(self.first.covered or self.first.usage_type)
        quantity = max(sum(one.quantity for one in charges), 0)
        self.hours = quantity * self.sized[3] if self.sized else 0


class Commitments:
    """The groups of a bill: key (payer, product, scope) -> group (R57)."""

    def __init__(self, parts: list, bill: list, period: str):
        self.stated = [Stated(part, period) for part in parts]
        tell_each_other(self.stated, parts)
        self.parts = parts
        self.bill = bill
        covered = {}
        for charge in bill:
            if charge.kind == "DiscountedUsage" and not charge.resource.startswith("vol-"):
                covered.setdefault(charge.untimed, []).append(charge)
        found = [Covered(charges) for charges in covered.values()]
        found = sorted((one for one in found if one.hours > 0), key=lambda one: one.first.order)
        self.all_covered = found
        self.coverable = {(one.first.payer, one.first.product) for one in found}
        naming = {(one.first.payer, one.first.product) for one in found if one.first.commitment}
        self.groups = {}
        for at, (part, stated) in enumerate(zip(parts, self.stated)):
            key = (part.payer, part.product)
            self.groups.setdefault((*key, self.scope(stated, key in naming)), Group()).parts.append(at)
        for one in found:
            for scope in self.scopes(one):
                key = (one.first.payer, one.first.product, scope)
                if key in self.groups:
                    self.groups[key].covered.append(one)
                    break
        for group in self.groups.values():
            group.purchased = self.purchased(group)

    @staticmethod
    def scope(stated: Stated, usage_names_ids: bool) -> tuple:
        """What a fee covers as far as it and the usage state it."""
        if stated.id and usage_names_ids:
            return ("id", stated.id)
        if stated.sized and stated.zone:
            return ("zone", stated.zone, stated.sized[1])
        return ("family", stated.sized[0], stated.sized[2]) if stated.sized else ("product",)

    @staticmethod
    def scopes(one: Covered) -> list:
        """What may cover a charge, the most particular first."""
        prefix, kind, family, _ = one.sized
        charge = one.first
        found = [("id", charge.commitment)] if charge.commitment else []
        found += [("zone", charge.zone, kind)] if charge.zone else []
        return [*found, ("family", prefix, family), ("product",)]

    def purchased(self, group: Group) -> tuple | None:
        """In words, else by the hours of recurring fees, else by the counts of all upfront fees (R58)."""
        stated = [self.stated[at] for at in group.parts]
        words = [one for one in stated if one.summary]
        if words:
            if not all(one.sized for one in words):
                return None
            return tuple(sum(int(one.words[at] * UNIT) * one.sized[3] for one in words) for at in (0, 1))
        hours = [one.purchased for one in ([one for one in stated if one.by_hours] or stated)]
        if None in hours or sum(hours) == 0:
            return None
        return (sum(hours), max(sum(hours) - group.used, 0))

    def halves(self, at: int, group: Group) -> dict:
        """The used and the unused part of a fee, those without weight left out."""
        whole, unused = self.stated[at].summary or group.purchased or (1, 0)
        weights = money.decimal_weights({"0used": whole - unused, "1unused": unused})
        return money.split(self.parts[at].amount, weights)

    def eligible(self) -> dict:
        """(payer, product, prefix, family) -> normalized hours that were or could have been covered."""
        sums = {}
        found = [(one.first, one.sized, one.hours) for one in self.all_covered]
        demand = {}
        for charge in self.bill:
            if charge.kind == "Usage":
                demand.setdefault(charge.untimed, []).append(charge)
        for charges in demand.values():
            kind = sized(charges[0].usage_type)
            if kind:
                found.append((charges[0], kind, max(sum(one.quantity for one in charges), 0) * kind[3]))
        for charge, kind, hours in found:
            key = (charge.payer, charge.product, kind[0], kind[2])
            sums[key] = sums.get(key, 0) + hours
        return sums

    def rows(self) -> list:
        """The table of spec 6.4."""
        found = []
        eligible = self.eligible()
        for (payer, product, scope), group in self.groups.items():
            if group.purchased is None and not group.covered:
                continue
            accounts = {self.parts[at].account for at in group.parts}
            kinds = [self.stated[at].sized for at in group.parts] + [one.sized for one in group.covered]
            classes = {(kind[0], kind[2]) for kind in kinds if kind}
            could = sum(
                hours
                for key, hours in eligible.items()
                if key[:2] == (payer, product) and (scope[0] == "product" or key[2:] in classes)
            )
            covers = None
            if scope[0] == "zone":
                covers = f"{scope[1]}:{scope[2]}"
            elif scope[0] != "product" and len(classes) == 1:
                covers = "-".join(text for text in classes.pop() if text)
            whole, unused = group.purchased or (None, None)
            found.append(
                {
                    "payer": payer,
                    "product": product,
                    "usage_account": accounts.pop() if len(accounts) == 1 else None,
                    "commitment": scope[1] if scope[0] == "id" else None,
                    "covers": covers,
                    "purchased_hours": hours_text(whole),
                    "used_hours": None if whole is None else hours_text(whole - unused),
                    "utilization": ratio(None if whole is None else whole - unused, whole),
                    "unused_cost": money.text(group.unused_cost),
                    "covered_hours": hours_text(group.used),
                    "eligible_hours": hours_text(could),
                    "coverage": ratio(group.used, could),
                }
            )
        return sorted(found, key=lambda row: money.key_bytes(tuple(row.values())))


class Spread:
    """All rows of one commitment whose fees are not set aside (R85, R98)."""

    def __init__(self, charges: list):
        together = {}
        for charge in charges:
            together.setdefault(charge.untimed, []).append(charge)
        self.covered = [Covered(own) for own in together.values() if own[0].kind in COVERED_KINDS]
        self.fees = [own for own in together.values() if own[0].kind in FEE_KINDS]
        self.used = sum(charge.amount for charge in charges if charge.kind in COVERED_KINDS)
        self.unused = sum(charge.amount for charge in charges if charge.kind in UNUSED_KINDS)

    @property
    def says_something(self) -> bool:
        """Whether it covers something or leaves something unused."""
        return bool(self.covered) or any(own[0].kind in UNUSED_KINDS for own in self.fees)

    @property
    def hours(self) -> int:
        """Normalized hours of what it covers."""
        return sum(max(one.hours, 0) for one in self.covered if not one.first.resource.startswith("vol-"))

    def purchased(self) -> int | None:
        """The hours of all its recurring fees; None where one of them does not say."""
        found = []
        for own in self.fees:
            if own[0].kind == "RecurringFee":
                kind, quantity = sized(own[0].usage_type), sum(charge.quantity for charge in own)
                says = kind and quantity > 0 and own[0].dialect in ("cur", "cur2")
                found.append(quantity * kind[3] if says else None)
        return None if not found or None in found else sum(found)

    def classes(self) -> set:
        """(product, prefix, family) of what it covers and is for."""
        found = {
            (one.first.product, one.sized[0], one.sized[2])
            for one in self.covered
            if one.hours > 0 and not one.first.resource.startswith("vol-")
        }
        for own in self.fees:
            kind = sized(own[0].usage_type)
            found |= {(own[0].product, kind[0], kind[2])} if kind else set()
        return found

    def row(self, payer: str, commitment: str, eligible: dict, has_costs: bool) -> dict:
        """Its line of the table; costs only where the basis has spread it."""
        classes, purchased = self.classes(), self.purchased()
        families = {one[1:] for one in classes}
        accounts = {own[0].account for own in self.fees}
        products = {own[0].product for own in self.fees} or {one.first.product for one in self.covered}
        could = sum(eligible.get((payer, *one), 0) for one in classes)
        used = None if purchased is None else min(purchased, self.hours)
        if purchased is not None:
            utilization = ratio(used, purchased)
        else:
            known = has_costs and self.used >= 0 and self.unused >= 0
            utilization = ratio(self.used, self.used + self.unused) if known else None
        row = {
            "payer": payer,
            "product": min(products, key=money.key_bytes),
            "usage_account": accounts.pop() if len(accounts) == 1 else None,
            "commitment": commitment or None,
            "covers": "-".join(text for text in families.pop() if text) if len(families) == 1 else None,
            "purchased_hours": hours_text(purchased),
            "used_hours": hours_text(used),
            "utilization": utilization,
            "used_cost": money.text(self.used),
            "unused_cost": money.text(self.unused) if has_costs else None,
            "covered_hours": hours_text(self.hours),
            "eligible_hours": hours_text(could),
            "coverage": ratio(self.hours, could),
        }
        if not has_costs:
            del row["used_cost"]
        return row


def table(policy, bill: list, of_fees: list) -> list:
    """The table of spec 6.4: by rows with an amortized basis and for payers whose fees are not set aside (R85, R98)."""
    is_amortized = policy.basis in bases.AMORTIZED
    payers = {charge.payer for charge in bill if is_amortized or not policy.spreads(charge)}
    rows = spread_rows(bill, payers, is_amortized) + ([] if is_amortized else of_fees)
    return sorted(rows, key=lambda row: money.key_bytes(tuple(row.values())))


def spread_rows(bill: list, payers: set, has_costs: bool) -> list:
    """By payer and id, rows without an id by product."""
    found = {}
    for charge in bill:
        if charge.payer in payers and charge.kind in (*COVERED_KINDS, *FEE_KINDS):
            product = "" if charge.commitment else charge.product
            found.setdefault((charge.payer, charge.commitment, product), []).append(charge)
    spread = {key: Spread(charges) for key, charges in found.items()}
    eligible, demand = {}, {}
    for covered in Spread([charge for charge in bill if charge.kind in COVERED_KINDS]).covered:
        if covered.hours > 0 and not covered.first.resource.startswith("vol-"):
            key = (covered.first.payer, covered.first.product, covered.sized[0], covered.sized[2])
            eligible[key] = eligible.get(key, 0) + covered.hours
    for charge in bill:
        if charge.kind == "Usage" and sized(charge.usage_type):
            demand.setdefault(charge.untimed, []).append(charge)
    for charges in demand.values():
        kind = sized(charges[0].usage_type)
        key = (charges[0].payer, charges[0].product, kind[0], kind[2])
        eligible[key] = eligible.get(key, 0) + max(sum(one.quantity for one in charges), 0) * kind[3]
    told = [(key, one) for key, one in spread.items() if one.says_something]
    if not has_costs:
        told = [(key, one) for key, one in told if one.hours > 0 or one.purchased() is not None]
    return [one.row(*key[:2], eligible, has_costs) for key, one in told]


def hours_text(quarters: int | None) -> str | None:
    """Quarters of 10^-18 hours as decimal text."""
    if quarters is None:
        return None
    digits = f"{quarters * 25:021d}"
    return f"{digits[:-20]}.{digits[-20:]}".rstrip("0").rstrip(".")


def ratio(part: int | None, whole: int | None) -> str | None:
    """A share with at most six decimals, half-even."""
    return money.text(round(Fraction(part * 10**6, whole)) * 10**12) if whole else None
