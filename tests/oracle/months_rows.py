"""The rows of a made-up month as facts, before a dialect spells them: those of the DBR, and those only others have."""

from __future__ import annotations

import amortize
import classify
import money
import rows
import times
from months_bill import EC2, amount, spans
from months_world import HOUR, PREFIXES, World

# The kind of a DBR row -> the line item type a CUR gives it; other kinds have no equal.
TYPES = {
    "Usage": "Usage",
    "DiscountedUsage": "DiscountedUsage",
    "UpfrontFee": "Fee",
    "RecurringFee": "RIFee",
    "Tax": "Tax",
    "Refund": "Refund",
    "Credit": "Credit",
    "Discount": "Discount",
}
DISCOUNTS = (
    "EdpDiscount",
    "PrivateRateDiscount",
    "BundledDiscount",
    "RiVolumeDiscount",
    "SppDiscount",
    "DistributorDiscount",
    "Discount",
)
PLANS = "Savings Plans for AWS Compute usage"
NEW_TYPES = ("FutureFlatRate", "usage")
CURRENCIES = ("EUR", "CNY")


def share_out(world: World, crossed: bool) -> None:
    """Which payer and which currency each usage account has."""
    last = world.accounts[-1]
    world.payers = {account: world.payer for account in world.accounts}
    world.currencies = {account: "USD" for account in [*world.accounts, world.payer]}
    if crossed or len(world.accounts) < 2:
        return
    if world.chance(0.35) and last != world.payer:
        world.payers[last] = "000000000042"
        world.note("bill:several payers")
    if world.chance(0.3):
        world.currencies[world.accounts[1]] = world.random.choice(CURRENCIES)
        world.note("bill:several currencies")


def fact(world: World, account: str, span: tuple, **cells) -> dict:
    """One row with defaults for what is not said."""
    account = account or world.payer
    base = {
        "invoice": "7",
        "payer": world.payers.get(account, world.payer),
        "account": account,
        "entity": "AWS",
        "currency": world.currencies[account],
        "type": "Usage",
        "product": EC2,
        "usage_type": "",
        "operation": "",
        "zone": "",
        "resource": "",
        "description": "some usage",
        "start": span[0],
        "end": span[1],
        "quantity": "1",
        "cost": amount(world),
        "commitment": "",
        "parent": "",
        "tags": {},
    }
    return {**base, **cells}


def fact_of_dbr(world: World, cells: dict) -> dict | None:
    """A DBR row as a fact; None for totals and kinds that a CUR has not."""

    def get(name: str) -> str:
        return cells.get(name, "")

    if classify.is_excluded(get("RecordType")):
        return None
    texts = (get("RecordType"), get("UsageType"), get("Operation"), get("ItemDescription"), get("ReservedInstance"))
    kind = classify.kind_of(*texts, rows.bare_id(get("ResourceId")), money.parse(cells["cost"]))
    if kind not in TYPES:
        return None
    span = (times.parse(get("UsageStartDate")), times.parse(get("UsageEndDate")))
    subscription = get("SubscriptionId")
    arn = f"arn:aws:ec2:us-west-2:{world.payer}:reserved-instances/{subscription}"
    return fact(
        world,
        get("LinkedAccountId"),
        span,
        type=TYPES[kind],
        invoice="" if get("InvoiceID") == "Estimated" else get("InvoiceID"),
        product=get("ProductName"),
        usage_type=get("UsageType"),
        operation=get("Operation"),
        zone=get("AvailabilityZone"),
        resource=get("ResourceId"),
        description=get("ItemDescription"),
        quantity=get("UsageQuantity"),
        cost=cells["cost"],
        commitment=arn if subscription and kind in classify.COMMITTED else "",
        tags=cells["tags"],
    )


def is_crossed(cells: dict) -> bool:
    """Whether a DBR row says only what every form can say."""
    return cells["RecordType"] == "LineItem"


def dbr_of_fact(one: dict) -> dict:
    """A crossed fact as a DBR row again: the row it was made of, or one that was added as usage."""

    def stamp(ms: int | None) -> str:
        return "" if ms is None else times.to_datetime(ms).strftime("%Y-%m-%d %H:%M:%S")

    return {
        "InvoiceID": one["invoice"],
        "LinkedAccountId": one["account"],
        "RecordType": "LineItem",
        "ProductName": one["product"],
        "SubscriptionId": one["commitment"].rsplit("/", 1)[-1],
        "UsageType": one["usage_type"],
        "Operation": one["operation"],
        "AvailabilityZone": one["zone"],
        "ReservedInstance": "Y" if one["type"] == "DiscountedUsage" else "N",
        "ItemDescription": one["description"],
        "UsageStartDate": stamp(one["start"]),
        "UsageEndDate": stamp(one["end"]),
        "UsageQuantity": one["quantity"],
        "ResourceId": one["resource"],
        "cost": one["cost"],
        "tags": one["tags"],
    }


def of_instance(world: World, one, span: tuple, **cells) -> dict:
    """A row that names an instance."""
    tags = one.tags if world.chance(0.6) else {}
    return fact(world, one.account, span, resource=one.id, zone=one.zone, tags=tags, **cells)


def plan_facts(world: World) -> list:
    """Savings plan rows: covered usage of an instance, its negation, fees, and what is unused."""
    random = world.random
    plan = f"arn:aws:savingsplans::{world.payer}:savingsplan/{world.hex(8)}"
    one = random.choice(world.instances)
    usage = f"{PREFIXES[one.region]}BoxUsage:{one.type}"
    one.boxed = True
    common = {"usage_type": usage, "operation": "RunInstances", "commitment": plan}
    found = []
    for span in spans(world):
        covered = of_instance(world, one, span, type="SavingsPlanCoveredUsage", **common)
        found.append(covered)
        cost = covered["cost"].lstrip("+-")
        if not covered["cost"].startswith("-"):
            cost = "-" + cost
        if world.chance(0.8):
            found.append(fact(world, one.account, span, type="SavingsPlanNegation", cost=cost, **common))
    account = random.choice(world.accounts)
    hour = (world.hours[0], world.hours[0] + HOUR)
    unused = {"type": "Unused", "resource": plan, "commitment": plan, "product": PLANS}
    found.append(fact(world, account, hour, **unused))
    for name in ("SavingsPlanRecurringFee", "SavingsPlanUpfrontFee"):
        if world.chance(0.6):
            found.append(fact(world, account, hour, type=name, commitment=plan, product=PLANS, usage_type="ComputeSP"))
    return found


def odd_facts(world: World) -> list:
    """Discounts, Marketplace, fees without reservation, purchases, corrections and types nobody knows."""
    random = world.random
    month = (world.begin, world.end)
    found = []
    for name in random.sample(DISCOUNTS, random.randint(0, 3)):
        cells = {"type": name, "cost": amount(world, 0.9), "description": f"{name} of 7 %"}
        if world.chance(0.4):
            hour = random.choice(world.hours)
            one = random.choice(world.instances)
            found.append(of_instance(world, one, (hour, hour + HOUR), usage_type="BoxUsage-less", **cells))
        else:
            found.append(fact(world, random.choice(world.accounts), month, **cells))
    kinds = ("market", "market", "fee", "purchase", "recurring purchase", "correction", "new", "credit")
    kinds += ("tax", "refund")
    for name in random.sample(kinds, random.randint(2, 6)):
        cells = {"tags": world.random_tags(0.3), "cost": amount(world, 0.4)}
        if name == "market":
            cells |= {"entity": "AWS Marketplace", "product": 'Red "Hat", Linux', "invoice": random.choice(("9", ""))}
            cells |= {"type": random.choice(("Usage", "Fee", "Tax"))}
            world.note("row:Marketplace")
        elif name == "new":
            cells |= {"type": random.choice(NEW_TYPES)}
            world.note("row:unknown type")
        elif name == "correction":
            cells |= {"type": random.choice(("Usage", "Tax")), "class": "Correction"}
        else:
            types = {"fee": "Fee", "purchase": "Purchase", "recurring purchase": "Monthly", "credit": "Credit"}
            cells |= {"type": types.get(name, name.title()), "product": random.choice(("AWS Support (Business)", EC2))}
        found.append(fact(world, random.choice(world.accounts), month, **cells))
    return found


def split_facts(world: World) -> list:
    """Split cost allocation rows, which are excluded, and rows that only look like them."""
    random = world.random
    found = []
    for task in world.tasks[: random.randint(0, 3)]:
        one = task.instance or random.choice(world.instances)
        hour = random.choice(world.hours)
        for size in ("vCPU", "GB"):
            parent, operation = random.choice(((one.id, "ECSTask-EC2"), (one.id, ""), ("null", "EKSPod-EC2")))
            cells = {"resource": task.arn, "usage_type": f"USW2-ECS-EC2-{size}-Hours", "tags": task.tags}
            span = (hour, hour + HOUR)
            found.append(fact(world, one.account, span, parent=parent, operation=operation, **cells))
            world.note("row:split cost")
    if world.chance(0.3):
        one = random.choice(world.instances)
        hour = random.choice(world.hours)
        found.append(of_instance(world, one, (hour, hour + HOUR), parent="null", operation="ECSTask-EC2-not"))
        world.note("row:looks like split cost")
    return found


def all_facts(world: World, dbr_rows: list, crossed: bool) -> list:
    """All rows of the month; a crossed one has only what every dialect can say."""
    found = [one for one in (fact_of_dbr(world, cells) for cells in dbr_rows) if one]
    if not crossed:
        extra = odd_facts(world)
        if world.chance(0.6):
            extra += plan_facts(world)
        if world.dialect != "focus":
            extra += split_facts(world)
        for cells in [one for one in extra if world.chance(0.1)]:
            extra.append({**cells, "cost": amount(world, 0.5)})
        for cells in extra:
            if cells["invoice"] == "7" and world.chance(0.2):
                cells["invoice"] = world.random.choice([one["invoice"] for one in found] or ["7"])
        found += extra
    # A key that no map has is refused, so each is on some row.
    for key in [*world.keys, "env"]:
        if not any(one["tags"].get(key) for one in found if one["type"] == "Usage" and not one["parent"]):
            cells = {"product": "Amazon Route 53", "tags": {key: world.area()}}
            found.append(fact(world, world.accounts[0], (world.hours[0], world.hours[0] + HOUR), **cells))
    world.random.shuffle(found)
    return found


def has_unknown_terms(found: list) -> bool:
    """Whether some row may be a commitment fee without a known term."""
    fees = [one for one in found if one["type"] in ("Fee", "RIFee", "Purchase", "Monthly", "SavingsPlanUpfrontFee")]
    return any(not amortize.known_term(one["start"], one["end"]) for one in fees)
