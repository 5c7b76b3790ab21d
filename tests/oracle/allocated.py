"""Every charge as its parts, with their hours: allocated charges of FOCUS 1.3 (spec 11.1; R79 to R81, R96)."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace

import bases
import charges as charges_module
import commitments
import containers
import money

COLUMNS = ("BillingAccountId", "SubAccountId", "InvoiceId", "ServiceName", "RegionId", "ResourceId", "ChargeCategory")
COLUMNS += ("x_UsageType", "x_Operation", "x_ProductArea", "x_RowKind", "x_Mechanism", "x_Reason", "x_Rule", "x_Pool")
COLUMNS += ("x_Provider", "AllocatedMethodId", "AllocatedResourceName", "AllocatedResourceId", "ConsumedUnit")
# What a row without a charge leaves open: sums of several charges say little.
OPEN_IN_SUMS = ("BillingAccountId", "ChargeCategory", "AllocatedResourceId")
USAGE = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "UnusedCommitment", "Discount")
USAGE += ("BundledDiscount", "DistributorDiscount", "EdpDiscount", "PrivateRateDiscount", "SppDiscount")
PURCHASES = ("Fee", "Purchase", "RecurringFee", "RiVolumeDiscount", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee")
PURCHASES += ("UpfrontFee",)


def has_hours(charge) -> bool:
    """Whether the bill keeps the instance hours of a charge (R96)."""
    name = charge.usage_type.partition(":")[0]
    counts = name in commitments.HOURS or name.partition("-")[2] in commitments.HOURS
    return charge.untimed[5] in ("Usage", "DiscountedUsage") and counts


def in_hours(charges: list) -> list:
    """The same charges with hours in place of cost: by hours run, else by length, else evenly over the intervals."""
    found = defaultdict(list)
    for charge in charges:
        found[charge.untimed].append(charge)
    made = []
    for own in found.values():
        if not has_hours(own[0]):
            made += own
            continue
        hours = sum(one.quantity for one in own)
        order = {str(at): own[at].span for at in range(len(own))}
        for weigh in (running_ms, lambda one: one.span[1] - one.span[0], lambda one: 1):
            weights = {str(at): weigh(one) for at, one in enumerate(own)}
            if sum(weights.values()) > 0:
                parts = money.split(hours, weights, order.get)
                made += [replace(one, amount=parts.get(str(at), 0)) for at, one in enumerate(own)]
                break
    return made


def running_ms(charge) -> int:
    """Milliseconds that a charge's instance ran in its interval; 0 where it is of none."""
    runs = containers.running_type(charge.usage_type)[0] and charges_module.is_instance(charge.resource)
    return max(charge.hours_ms, 0) if runs else 0


def category(charge, basis: str) -> str:
    """The charge category of FOCUS (R81), of a type that is mapped as of any that is not known."""
    kind = charge.untimed[5]
    if kind in USAGE or basis in bases.AMORTIZED and kind in bases.UNUSED:
        return "Usage"
    if kind in PURCHASES:
        return "Purchase"
    return kind if kind in ("Tax", "Credit") else "Adjustment"


def part_of(piece) -> tuple:
    """What tells the parts of one origin apart."""
    of = piece.source.get
    owner = (piece.area or "", piece.row_kind, piece.reason or "", piece.mechanism, piece.service)
    return (*owner, of("instance"), of("rule"), of("pool"), of("provider"), of("commitment"))


def origin_of(piece) -> tuple:
    """A charge, or a sum of a product and account: of fees, a rule's fees, a pool, or a provider."""
    of = piece.source.get
    if of("charge") and not of("commitment"):
        return ("charge", of("charge").untimed)
    taken = of("provider") is not None and of("provider") == piece.area
    return ("sum", of("provider"), of("pool"), of("rule"), piece.product, piece.account, taken)


def method_of_charge(policy, piece, count: int) -> str | None:
    """How a charge was split, None where it is whole in one row that is its own (R80)."""
    resource, instance = piece.source["charge"].resource, piece.source.get("instance")
    if count == 1 and not piece.service and instance in (None, resource):
        return None
    if piece.source.get("rule"):
        return "rule-percentages"
    if piece.service and instance is None:
        return "ecs-task"
    if not piece.service and instance != resource and piece.reason not in ("unreserved", "empty_host"):
        return "volume-attachments"
    if policy.split == "scad":
        return "ecs-split-cost-allocation-data"
    return "ecs-cpu-and-memory-seconds" if policy.memory_weight else "ecs-cpu-seconds"


def method_of_sum(piece, count: int) -> str | None:
    """How a sum was split."""
    of = piece.source.get
    if of("provider") and piece.row_kind == "area":
        return "provider-keys"
    if piece.row_kind == "shared":
        return None
    if of("pool") and not of("provider"):
        return "shared-pool"
    if of("rule"):
        return "rule-percentages" if count > 1 else None
    return None if piece.row_kind == "unused_commitment" and count == 1 else "commitment-fees"


def resource_of(piece) -> str | None:
    """The service, the instance a volume's part moved to, or the charge's own resource."""
    if piece.service:
        cluster, service = piece.service
        prefix, mark, name = cluster.partition(":cluster/")
        named = mark and not service.startswith("family:")
        return f"{prefix}:service/{name}/{service}" if named else f"{cluster}/{service}"
    return piece.source.get("instance") or piece.source["charge"].resource or None


def row_of(policy, piece, kind: str, count: int) -> dict:
    """The columns of a piece that are compared."""
    of = piece.source.get
    row = dict.fromkeys(COLUMNS)
    row |= {"SubAccountId": piece.account, "ServiceName": piece.product, "x_ProductArea": piece.area}
    row |= {"x_RowKind": piece.row_kind, "x_Mechanism": piece.mechanism, "x_Reason": piece.reason}
    row |= {"x_Rule": of("rule"), "x_Pool": of("pool"), "x_Provider": of("provider")}
    method = method_of_charge(policy, piece, count) if kind == "charge" else method_of_sum(piece, count)
    if method:
        row |= {"AllocatedMethodId": f"unblended/{method}", "AllocatedResourceName": piece.service and piece.service[1]}
    if kind == "charge":
        charge = of("charge")
        row |= {"BillingAccountId": charge.payer, "InvoiceId": charge.untimed[3], "RegionId": charge.region}
        row |= {"ResourceId": charge.resource, "x_UsageType": charge.usage_type, "x_Operation": charge.operation}
        row["ChargeCategory"] = category(charge, policy.basis)
        row["AllocatedResourceId"] = resource_of(piece) if method else None
        row["ConsumedUnit"] = "Hours" if has_hours(charge) else None
    return {name: value or None for name, value in row.items()}


def rows(policy, attribution, of_hours) -> dict:
    """The rows by all that is compared of them: (cost, hours) in units; what is 0 is left out."""
    # Idle hours go where idle cost went.
    of_hours.areas_of_charges = attribution.areas_of_charges
    of_hours.run()
    hours = defaultdict(int)
    costs, first = defaultdict(lambda: defaultdict(int)), {}
    for piece in attribution.pieces + attribution.replaced:
        key = origin_of(piece), part_of(piece)
        first.setdefault(key, piece)
        costs[key[0]][key[1]] += piece.amount
    for piece in of_hours.pieces + of_hours.replaced:
        kind, *_ = origin = origin_of(piece)
        if kind == "charge" and has_hours(piece.source["charge"]):
            key = origin, part_of(piece)
            hours[key] += piece.amount
            # Who has hours that cost nothing has a part too.
            first.setdefault(key, piece)
            costs[origin][key[1]] += 0
    found = defaultdict(lambda: [0, 0])
    for origin, parts in costs.items():
        for part, amount in parts.items():
            row = row_of(policy, first[origin, part], origin[0], len(parts))
            sums = found[tuple(row.items())]
            sums[0] += amount
            sums[1] += hours.get((origin, part), 0)
    return {key: tuple(sums) for key, sums in found.items() if any(sums)}


def features(found: dict) -> set:
    """What the rows of a month exercise."""
    names = set()
    for key, (_, hours) in found.items():
        method = dict(key)["AllocatedMethodId"]
        names.add((method or "whole").removeprefix("unblended/"))
        names |= {"hours", "split-hours" if method else "hours"} if hours else set()
    return {f"allocated:{name}" for name in names}


def read(path: str) -> tuple[dict, int]:
    """The same of the program's file, and its sum."""
    found, total = defaultdict(lambda: [0, 0]), 0
    with open(path, encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            cost = money.parse(line.get("BilledCost") or line["EffectiveCost"])
            row = {name: line[name] or None for name in COLUMNS}
            if row["ConsumedUnit"] is None and line["ConsumedQuantity"]:
                row["ConsumedUnit"] = "missing"
            if is_sum(line):
                row |= dict.fromkeys(OPEN_IN_SUMS)
            sums = found[tuple(row.items())]
            sums[0] += cost
            sums[1] += money.parse(line["ConsumedQuantity"] or "0")
            total += cost
    return {key: tuple(sums) for key, sums in found.items() if any(sums)}, total


def is_sum(line: dict) -> bool:
    """Whether a row is of a sum, not of a charge: it has no tags of its own, not even none."""
    return line["Tags"] == ""


def texts(sums: tuple | None) -> list | None:
    """Cost and hours as text."""
    return None if sums is None else [money.text(one) for one in sums]


def differences(expected: dict, path: str, due: int) -> list[str]:
    """How the program's allocated charges differ."""
    got, total = read(path)
    found = [f"allocated charges sum to {money.text(total)}, not {money.text(due)}"] if total != due else []
    for key in sorted({*expected, *got}, key=str):
        if expected.get(key) != got.get(key):
            told = {name: value for name, value in key if value}
            wanted, actual = texts(expected.get(key)), texts(got.get(key))
            found.append(f"allocated {told}: oracle {wanted}, program {actual}")
    return found
