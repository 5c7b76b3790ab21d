"""Charges: rows summed before anything is split (spec 3.5; R1, R24), and values of tags by resource (5.5; R8, R20)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import classify
import commitments
from policy import Policy, scanned_categories


@dataclass
class Charge:
    """The sum of the rows that agree on everything of R1."""

    payer: str
    account: str
    currency: str
    kind: str
    product: str
    usage_type: str
    operation: str
    region: str
    resource: str
    tags: tuple  # own value of each scanned key, "" for none
    keys: tuple  # the scanned keys
    interval: tuple | None  # (start, end) where kept
    categories: dict  # scanned cost category -> own value, "" for none
    untimed: tuple  # what it agrees on besides the interval
    commitment: str = ""  # id, of kinds that belong to a commitment
    zone: str = ""  # of fees and covered usage of a DBR
    covered: str = ""  # usage type of what ran, where a reservation's stands in its place
    order: tuple = ()  # as charges are sorted
    quantity: int = 0  # in 10^-18 of its unit
    amount: int = 0
    dialect: str = ""
    hours_ms: int = 0  # usage quantity as hours, in milliseconds (R12)

    @property
    def span(self) -> tuple:
        """The interval as charges sort it: none is (0, 0), and none ends before it starts (R28)."""
        start, end = self.interval or (0, 0)
        return (0, 0) if start is None or end is None else (start, max(start, end))

    def own(self, key: str, policy: Policy) -> str:
        """The row's own value of a tag key, "" for none."""
        for name, value in zip(self.keys, self.tags):
            if policy.fold(name) == policy.fold(key):
                return value
        return ""


def is_volume(resource: str) -> bool:
    """A volume charge has a resource id vol-..."""
    return resource.startswith("vol-")


def is_instance(resource: str) -> bool:
    """An instance charge has a resource id i-... or mi-..."""
    return resource.startswith(("i-", "mi-"))


def build(rows: list, policy: Policy, named: set) -> list[Charge]:
    """All counting rows but fees of known term, as charges.

    `named` are the instances and volumes that the evidence names: their rows keep their usage interval. `hours_ms`
    adds each row's hours, each rounded half-even to milliseconds (R12).
    """
    keys = tuple(policy.scanned_keys())
    found = {}
    for row in rows:
        kept = row.resource in named and (is_volume(row.resource) or is_instance(row.resource))
        interval = (row.start, row.end) if kept else None
        own = tuple(policy.row_tag(row, key) for key in keys)
        categories = {name: policy.row_category(row, name) for name in scanned_categories(policy)}
        fee = row.kind in classify.FEES
        committed = row.commitment if row.kind in classify.COMMITTED else ""
        zone = row.zone if fee or row.kind == "DiscountedUsage" else ""
        covered = commitments.covered_type(row)
        identity = (
            row.payer,
            row.account,
            row.entity,
            row.invoice,
            row.currency,
            row.kind if row.unknown is None else row.unknown,
            row.correction,
            row.product,
            row.usage_type,
            row.operation,
            row.region,
            row.resource,
            committed,
            zone,
            covered,
            own,
            tuple(categories.values()),
            (row.description, row.start, row.end) if fee else None,
        )
        if (identity, interval) not in found:
            found[identity, interval] = Charge(
                row.payer,
                row.account,
                row.currency,
                row.kind,
                row.product,
                row.usage_type,
                row.operation,
                row.region,
                row.resource,
                own,
                keys,
                interval,
                categories,
                identity,
                committed,
                zone,
                covered,
                order_of(row, committed, zone, covered, own),
                dialect=row.dialect,
            )
        found[identity, interval].amount += row.amount
        found[identity, interval].quantity += commitments.units(row.quantity)
        found[identity, interval].hours_ms += round(Fraction(row.quantity) * 3_600_000)
    return list(found.values())


def order_of(row, committed: str, zone: str, covered: str, own: tuple) -> tuple:
    """Usage as charges are sorted: its texts one after the other, then where each ends (R60)."""
    texts = [row.payer, row.account, row.entity, row.invoice or "", row.product, row.usage_type, row.operation]
    texts += [row.region, row.resource, committed, "", row.unknown or "", zone, covered, *own]
    ends = []
    for text in texts:
        ends.append((ends[-1] if ends else 0) + len(text.encode()))
    return ("".join(texts).encode(), ends)


class ResourceTags:
    """The distinct non-empty values each resource carries of each key, over the whole bill (spec 5.5; R8, R20)."""

    def __init__(self, rows: list, policy: Policy):
        self.values = {}
        for row in rows:
            if row.resource == "" or row.excluded:
                continue
            for key in policy.tag_keys:
                value = policy.row_tag(row, key)
                if value:
                    self.values.setdefault((row.resource, policy.fold(key)), set()).add(value)
        self.policy = policy

    def single(self, resource: str, key: str) -> str:
        """The value of a key that a resource's rows agree on, "" if none or several."""
        values = self.values.get((resource, self.policy.fold(key)), set())
        return min(values) if len(values) == 1 else ""

    def area_of_resource(self, resource: str) -> str | None:
        """R8: for each key in order the single value; none or several: the next key."""
        for key in self.policy.tag_keys:
            value = self.single(resource, key)
            if value:
                return self.policy.area(value)
        return None

    def area_of_charge(self, charge: Charge) -> str | None:
        """R20: for each key in order the row's own value, then the inherited one; then the next key."""
        for key in self.policy.tag_keys:
            value = charge.own(key, self.policy) or self.single(charge.resource, key)
            if value:
                return self.policy.area(value)
        return None
