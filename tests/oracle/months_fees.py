"""Commitment fees of a made-up month, in the bill and in a reservation book."""

from __future__ import annotations

import os
from random import Random

import money
import times
from months_evidence import csv_text
from months_world import DAY, HOUR, PREFIXES, World

PRODUCTS = ("Amazon Elastic Compute Cloud", "Amazon RDS Service", "Amazon ElastiCache")


def stamp(ms: int) -> str:
    """A time as a DBR prints it."""
    return times.to_datetime(ms).strftime("%Y-%m-%d %H:%M:%S")


def term(world: World) -> tuple[int, int]:
    """(start, end as printed) of an upfront fee's term bought in this month."""
    random = world.random
    start = world.begin + random.randrange(0, world.end - world.begin, 1000)
    style = random.randrange(6)
    if style == 0:
        start = start // HOUR * HOUR
    first = times.to_datetime(start)
    months = random.choice((12, 12, 36, 1, 2))
    end = times.whole_ms(times.add_months(first, months))
    if style == 5:
        end = start + random.choice((28 * DAY, 28 * DAY + 777_000, 400 * DAY + 1000))
        world.note("fee:odd term")
    elif style != 1:
        end -= 1000
        world.note("fee:inclusive end")
    return start, end


def fee_rows(world: World, amount) -> tuple[list, bool]:
    """Fee rows of the bill, as dictionaries of DBR columns; whether some have no known term."""
    random = world.random
    rows = []
    unknown = False
    for _ in range(random.choice((0, 0, 1, 2, 3))):
        subscription = str(random.randrange(10**9))
        own = Random(f"subscription {subscription}")
        if own.random() < 0.4:
            subscription = own.choice("012")
        base = {
            "LinkedAccountId": random.choice(world.accounts),
            "ProductName": random.choice(PRODUCTS),
            "SubscriptionId": random.choice((subscription, "")),
            "UsageQuantity": "1",
        }
        if world.chance(0.5):
            start, end = term(world)
            base |= {"ItemDescription": f"Sign up charge for subscription: {subscription}, planId: 7", "UsageType": ""}
            if world.chance(0.25):
                end = start + random.choice((HOUR, 27 * DAY, 0))
                unknown = True
                world.note("fee:unknown term")
            base |= {"UsageStartDate": stamp(start), "UsageEndDate": stamp(end)}
            if world.chance(0.15):
                base |= {"UsageStartDate": "", "UsageEndDate": ""}
                unknown = True
                world.note("fee:unknown term")
            world.note("fee:upfront")
        else:
            base |= recurring(world)
        base["cost"] = amount(world, 0.25)
        if base["cost"].startswith("-"):
            world.note("fee:negative")
        base |= commitment(world, base)
        rows.append(base)
        if world.chance(0.3):
            rows.append({**base, "cost": amount(world, 0.2)})
            world.note("fee:equal keys")
    return rows + siblings(world, rows), unknown


def siblings(world: World, rows: list) -> list:
    """Monthly fees that name the id and say the type of fees that do not, by a generator of their own."""
    random = Random(f"siblings {world.period} {rows}")
    found = []
    for base in rows:
        text = base["ItemDescription"]
        if not text.startswith("Sign up") or base["UsageType"] or random.random() < 0.5:
            continue
        named = text.partition("subscription: ")[2].partition(",")[0]
        for _ in range(random.choice((1, 1, 2))):
            host = random.choice(world.instances)
            cells = {"SubscriptionId": base["SubscriptionId"] or named, "ItemDescription": "HeavyUsage fee"}
            cells |= {"UsageType": f"{PREFIXES[host.region]}HeavyUsage:{host.type}", "cost": str(random.randrange(99))}
            cells |= {"UsageStartDate": stamp(world.begin), "UsageEndDate": stamp(world.end - 1000)}
            cells["AvailabilityZone"] = random.choice((host.zone, "", ""))
            found.append({**base, **cells})
    return found


def commitment(world: World, base: dict) -> dict:
    """What a fee states of its commitment, by a generator of its own, so that the rest of a month is as it was."""
    random = Random(f"commitment {world.period} {base}")
    if random.random() < 0.3:
        return {}
    found = {"ProductName": PRODUCTS[0], "UsageQuantity": random.choice(("1", "2", "150.0", "744", "0"))}
    host = random.choice(world.instances)
    style = random.choice(("id", "zone", "family", "product"))
    if style == "id":
        found["SubscriptionId"] = random.choice("012")
        return found | ({} if base["UsageType"] else {"UsageType": random.choice(("", "HeavyUsage:c4.large"))})
    found["SubscriptionId"] = ""
    if style != "product":
        found["UsageType"] = PREFIXES[host.region] + random.choice(("HeavyUsage:", "BoxUsage:")) + host.type
        if not base["ItemDescription"].startswith("Sign up"):
            hours = random.choice(((744, 644), (1488, 0), (100, 100), (10, 12), (3, 1)))
            found["ItemDescription"] = f"Linux, reserved ({hours[0]} hours purchased, {hours[1]} hours used)"
            found["UsageQuantity"] = str(random.choice((hours[0], max(hours[0] - hours[1], 0))))
            found["ItemDescription"] = random.choice((found["ItemDescription"], "HeavyUsage fee"))
        if random.random() < 0.4:
            found["ItemDescription"] = "HeavyUsage fee"
            found["UsageType"] = PREFIXES[host.region] + "HeavyUsage:" + host.type
    if style == "zone":
        found["AvailabilityZone"] = host.zone
    return found


def recurring(world: World) -> dict:
    """The columns of a monthly fee: the whole month with an inclusive or an exclusive end."""
    random = world.random
    world.note("fee:recurring")
    end = random.choice((world.end - 1000, world.end - 1000, world.end))
    texts = random.choice(
        (
            ("USW2-HeavyUsage:m4.large", "USD 0.1 hourly fee per Linux, m4.large instance"),
            ("BoxUsage:m4.large", "Linux, m4.large (744 hours purchased, 0 hours used)"),
            ("LightUsage", "monthly"),
        )
    )
    return {
        "UsageType": texts[0],
        "ItemDescription": texts[1],
        "UsageStartDate": stamp(world.begin),
        "UsageEndDate": stamp(end),
        "Operation": "RunInstances",
    }


def say_what_is_covered(world: World, rows: list) -> None:
    """Usage type, zone and count of some entries, by a generator of their own; ids that other fees name too."""
    random = Random(f"covers {world.period} {rows[0]['commitment_id']}")
    if random.random() < 0.4:
        return
    for row in rows:
        one = random.choice(world.instances)
        usage_type = f"{PREFIXES[one.region]}{random.choice(('BoxUsage', 'HeavyUsage'))}:{one.type}"
        row["usage_type"] = random.choice((usage_type, usage_type, "odd", ""))
        row["zone"] = random.choice((one.zone, "", ""))
        row["count"] = random.choice(("1", "2.5", "150", ""))
        if random.random() < 0.3:
            row["commitment_id"] = random.choice("012")
    world.note("book:what is covered")


def write_book(world: World, folder: str, amount) -> str | None:
    """A reservation book table with fees of other periods; some of this period are to be replaced by the scan."""
    random = world.random
    if world.chance(0.5):
        return None
    rows = []
    for index in range(random.randint(1, 4)):
        back = random.choice((1, 2, 5, 11, 12, 13, 0))
        billed = times.add_months(times.to_datetime(world.begin), -back)
        first = times.whole_ms(billed) + random.randrange(0, 27 * DAY, 1000)
        end = times.whole_ms(times.add_months(times.to_datetime(first), random.choice((12, 36)))) - random.choice(
            (0, 1000)
        )
        world.note("book:this period's own entry" if back == 0 else "book:other period")
        payer = world.payer if world.chance(0.85) else "999999999999"
        rows.append(
            {
                "payer": payer,
                "billing_period": billed.strftime("%Y-%m"),
                "usage_account": random.choice(world.accounts),
                "product": random.choice(PRODUCTS),
                "kind": random.choice(("UpfrontFee", "UpfrontFee", "RecurringFee")),
                "commitment_id": f"{world.random.randrange(10**8)}{index}",
                "start": stamp(first),
                "end": stamp(end),
                # The table is our own export: never more than 18 decimals.
                "fee": money.text(money.parse(amount(world, 0.15))),
                "currency": "USD",
            }
        )
    say_what_is_covered(world, rows)
    path = os.path.join(folder, "book.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(csv_text(world, list(rows[0]), rows))
    return path
