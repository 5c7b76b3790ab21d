"""A random policy for a made-up month, written as TOML (spec 12)."""

from __future__ import annotations

import json
import os
from random import Random

from months_world import AREAS, World

KINDS = (
    "Usage",
    "DiscountedUsage",
    "UpfrontFee",
    "RecurringFee",
    "Tax",
    "Refund",
    "Credit",
    "Rounding",
    "Discount",
    "CbRounding",
)
OTHER_KINDS = (
    "SavingsPlanCoveredUsage",
    "SavingsPlanNegation",
    "SavingsPlanRecurringFee",
    "Fee",
    "EdpDiscount",
    "*Discount",
    "usage",
    "Future*",
    "Purchase",
    "Adjustment",
    "UnusedCommitment",
    "Tax",
    "Usage",
    "UpfrontFee",
)


def toml(value) -> str:
    """A value as TOML: text, number, list, or inline table; numbers as texts in `Bare` stay bare."""
    if isinstance(value, Bare):
        return value.text
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


class Bare:
    """A number written without quotes."""

    def __init__(self, text: str):
        self.text = text


def some(world: World, values: list):
    """One value, or a list of some."""
    if world.chance(0.3):
        world.note("rule:list")
        return world.random.sample(values, min(len(values), 2))
    return world.random.choice(values)


def match_fields(world: World) -> dict:
    """The fields a rule may ask for, each with a likely value."""
    resources = [one.id for one in [*world.instances, *world.volumes]]
    globs = ["logs-*", "i-?*", "vol-*", "*-prod*", "bucket?"]
    return {
        "account": some(world, world.accounts),
        "product": some(world, ["Amazon Elastic Compute Cloud", "Amazon Simple*", "*Database*", "AWS Support*"]),
        "usage_type": some(
            world, ["*DataTransfer*", "*BoxUsage:*", "*EBS:*", "USW2-*", "*boxusage*", "*:VolumeUsage.gp2"]
        ),
        "operation": some(world, ["RunInstances", "PutObject", "Run*", "CreateVolume*"]),
        "region": some(world, ["us-west-2", "us-*", "eu-west-1"]),
        "resource": some(world, [world.random.choice(globs), world.random.choice(resources)]),
        "tag": {
            world.spelled(world.random.choice([*world.keys, "env"])): some(
                world, ["web*", "?", "prod", "api-core", "internal"]
            )
        },
        "kind": some(world, list(world.kinds or KINDS)),
    }


def rule(world: World, index: int) -> dict:
    """One rule."""
    random = world.random
    fields = match_fields(world)
    if world.chance(0.3):
        chosen = random.sample(["account", "product", "kind"], random.randint(1, 2))
    else:
        chosen = random.sample(list(fields), random.choice((1, 1, 2, 2, 3)))
    for name in chosen:
        world.note(f"rule:{name}")
    table = {"id": f"rule-{index}", "match": {name: fields[name] for name in chosen}}
    if world.chance(0.4):
        table["from"] = random.choice(("2010-01", world.period, "2018-01"))
        world.note("rule:dates")
    if world.chance(0.3):
        last = random.choice(("2019-01", world.period, "2016-01"))
        # A rule that ends before it starts is refused by the program.
        table["to"] = last if last >= table.get("from", "") else "2019-01"
    if world.chance(0.5):
        table["area"] = random.choice(AREAS)
        world.note("rule:area")
    else:
        shares = random.choice((("0.7", "0.3"), ("0.3333", "0.3333", "0.3334"), ("1", "0"), ("0.000001", "0.999999")))
        table["split"] = dict(zip(random.sample(AREAS, len(shares)), shares))
        world.note("rule:split")
    return table


def containers(world: World, known: set) -> tuple[dict, bool]:
    """The `[containers]` table; the capacities it needs are known by registration or stated here."""
    random = world.random
    table = {
        "window": random.choice(("usage", "usage", "period")),
        "idle": random.choice(("spread", "spread", "separate")),
    }
    weights = random.choice((None, None, ("1", "0"), ("9", "1"), ("0.7", "0.35"), ("0", "1"), ("0.001", "2.5")))
    if weights:
        table["weights"] = {"cpu": Bare(weights[0]), "memory": Bare(weights[1])}
    memory = bool(weights) and weights[1] != "0"
    if world.chance(0.3):
        table["default_cpu"] = random.choice((1, 64, 200))
        world.note("containers:default_cpu")
    if table["idle"] == "separate" and Random(f"idle {world.period} {weights} {world.keys}").random() < 0.4:
        table["idle"] = "proportional"
    for name in ("window", "idle"):
        world.note(f"containers:{name} {table[name]}")
    if memory:
        world.note("containers:memory weight")
    capacity = {}
    if memory or table["idle"] == "separate" or world.chance(0.2):
        for one in world.instances:
            if one.id not in known or world.chance(0.2):
                by_type = one.boxed and world.chance(0.5)
                sizes = {"cpu": random.choice((1024, 4096, 5)), "memory": random.choice((1000, 8192, 3))}
                capacity.setdefault(one.type if by_type else one.id, sizes)
                world.note("containers:capacity by " + ("type" if by_type else "id"))
    if world.scad:
        table["split"] = "scad"
    if capacity:
        table["capacity"] = capacity
    return table, memory


def areas(world: World) -> dict:
    """The `[areas]` tables."""
    random = world.random
    table = {"tag_keys": random.sample(world.keys, random.randint(1, len(world.keys)))}
    if world.fold:
        table["case_insensitive"] = True
        world.note("areas:case_insensitive")
    table["tag_keys"] = [world.spelled(key) for key in table["tag_keys"]]
    if world.chance(0.3):
        table["tag_keys"] = ["user:" + key for key in table["tag_keys"]]
    if world.chance(0.6):
        table["aliases"] = {"Data Science": "data", random.choice(("WEBSITE", "website")): "site", "a": "b"}
        world.note("areas:aliases")
    if world.chance(0.4):
        table["accounts"] = {account: random.choice(AREAS) for account in world.accounts if world.chance(0.6)}
        world.note("areas:accounts")
    return table


def categories_of(world: World, seed: str) -> list:
    """Cost categories that name areas, by a generator of their own, so that the rest of a month is as it was."""
    random = Random(f"categories {seed}")
    names = random.sample(world.categories, random.randint(0, len(world.categories)))
    if names:
        world.note("areas:cost_categories")
    return names


def account_map(world: World, seed: str, inline: dict, folder: str) -> list:
    """`account_map`, by a generator of its own: rows with dates, inline or in a file."""
    random = Random(f"account map {seed}")
    if random.random() < 0.6:
        return []
    table = []
    for account in [*world.accounts, "000000000000"]:
        if account in inline or random.random() < 0.3:
            continue
        if random.random() < 0.5:
            table.append({"account": account, "area": random.choice(AREAS)})
            continue
        before, later = random.choice((("2001-01", "2001-02"), (world.period, "2038-01"), ("2000-01", world.period)))
        table += [{"account": account, "area": random.choice(AREAS), "to": before}]
        table += [{"account": account, "area": random.choice(AREAS), "from": later}]
    if not table:
        return []
    random.shuffle(table)
    world.note("areas:account_map")
    if random.random() < 0.5:
        return ["account_map = [" + ", ".join(toml(row) for row in table) + "]"]
    with open(os.path.join(folder, "accounts.csv"), "w", encoding="utf-8") as file:
        lines = ["to,account,area,from"]
        lines += [f'{row.get("to", "")},{row["account"]},{row["area"]},{row.get("from", "")}' for row in table]
        file.write("\n".join(lines) + "\n")
    return ['account_map = "accounts.csv"']


def category_rules(world: World, seed: str) -> list:
    """A rule that asks for a cost category, by a generator of its own."""
    random = Random(f"category rules {seed}")
    if not world.categories or random.random() < 0.5:
        return []
    match = {"cost_category": {random.choice(world.categories): random.choice(("we*", "*a*", ["A", "?"]))}}
    world.note("rule:cost_category")
    return ["[[rules]]", 'id = "category"', f"match = {toml(match)}", f"area = {toml(random.choice(AREAS))}"]


def line_items(world: World) -> list:
    """The `[line_items]` table: kinds of types nobody knows; strict only where none is left unknown."""
    lines = []
    has_unknown = "row:unknown type" in world.features
    if world.chance(0.4):
        kind = world.random.choice(("Usage", "Tax", "Credit"))
        lines = ["[line_items.kinds]", f'FutureFlatRate = "{kind}"', 'usage = "Usage"']
        world.note("line_items:kinds")
    if world.chance(0.3) and (lines or not has_unknown):
        lines = ["[line_items]", "strict = true", *lines]
        world.note("line_items:strict")
    return lines


def keys_of(random: Random, providers: list, provider: str) -> dict:
    """Consumers with keys; one of them keeps what it gets, so that no cycle is closed."""
    sinks = [area for area in [*AREAS, "nobody"] if area not in providers]
    consumers = random.sample([*AREAS, *providers], random.randint(1, 4)) + [random.choice(sinks)]
    return {consumer: random.choice(("1", "2.5", "0.333", "7", "1000000.000001")) for consumer in consumers}


def pools(world: World, seed: str, folder: str) -> list:
    """`[[shared]]` and `[[providers]]`, by a generator of their own, so that the rest of a month is as it was."""
    random = Random(seed)
    lines = []
    for index in range(random.choice((0, 0, 1, 2, 3))):
        kinds = random.sample(list(world.kinds or KINDS), 2)
        match = random.choice(({"kind": kinds}, {"kind": kinds}, {"product": "*a*"}, {"account": random.choice(world.accounts)}))
        lines += ["[[shared]]", f"match = {toml(match)}"]
        if random.random() < 0.3:
            lines.append(f'name = "pool {index}"')
        if random.random() < 0.2:
            lines.append(f'from = "{random.choice(("2010-01", world.period, "2038-01"))}"')
        method = random.choice(("keep", "proportional", "proportional", "proportional", "even", "fixed", "metric"))
        lines.append(f'method = "{method}"')
        world.note(f"shared:{method}")
        if method in ("proportional", "even"):
            lines.append(f'of = "{random.choice(("all", "account", "product"))}"')
        if method == "proportional":
            lines.append(f'among = "{random.choice(("areas", "all"))}"')
        if method == "fixed":
            lines.append(f'shares = {toml(dict(zip(random.sample(AREAS, 3), ("0.3333", "0.3333", "0.3334"))))}')
        if method == "metric":
            rows = [{"area": area, "weight": random.choice(("0", "1", "0.07", "12345"))} for area in AREAS]
            rows += [{"area": AREAS[0], "weight": "3", "period": period} for period in (world.period, "2001-01")]
            lines.append("metric = [" + ", ".join(toml(row) for row in rows) + "]")
    providers = random.sample(AREAS, random.choice((0, 0, 1, 2, 3)))
    rows = []
    for provider in providers:
        lines += ["[[providers]]", f'area = "{provider}"', 'keys = "keys.csv"']
        if random.random() < 0.3:
            date = random.choice(("from", "to"))
            lines.append(f'{date} = "{random.choice(("2001-01", world.period, "2038-01"))}"')
            world.note("providers:dates")
        rows += [f'{provider},{consumer},{key}' for consumer, key in keys_of(random, providers, provider).items()]
        world.note("providers:" + ("one" if len(providers) == 1 else "several"))
    if providers:
        with open(os.path.join(folder, "keys.csv"), "w", encoding="utf-8") as file:
            file.write("\n".join(["provider,consumer,key", *random.sample(rows, len(rows))]) + "\n")
    return lines


def unused(world: World, seed: str, table: str, key: str) -> list:
    """Who pays for what nobody used, or nothing said; by a generator of its own, so that the rest is as it was."""
    value = Random(seed + key).choice((None, "owner", "separate", "proportional"))
    if value is None:
        return []
    world.note(f"{table}:{key} {value}")
    return [f'{key} = "{value}"']


def write_policy(world: World, folder: str, known: set, fees_unknown: bool) -> str:
    """The policy file; returns its path."""
    random = world.random
    lines = []
    if world.chance(0.3):
        lines.append('basis = "unblended"')
    table = areas(world)
    inner = {name: table.pop(name) for name in ("aliases", "accounts") if name in table}
    lines.append("[areas]")
    lines += [f"{name} = {toml(value)}" for name, value in table.items()]
    seed = f"{world.period} {json.dumps(table)} {json.dumps(inner)}"
    names = categories_of(world, seed)
    if names:
        lines.append(f"cost_categories = {toml(names)}")
    lines += account_map(world, seed, inner.get("accounts", {}), folder)
    for name, values in inner.items():
        lines.append(f"[areas.{name}]")
        lines += [f"{json.dumps(key)} = {toml(value)}" for key, value in values.items()]
    for index in range(random.randint(0, 3) if world.chance(0.6) else 0):
        lines.append("[[rules]]")
        lines += [f"{name} = {toml(value)}" for name, value in rule(world, index).items()]
    lines += category_rules(world, seed)
    lines.append("[containers]")
    lines += [f"{name} = {toml(value)}" for name, value in containers(world, known)[0].items()]
    seed = "\n".join(lines)
    lines += unused(world, seed, "containers", "empty_host")
    lines += ["[volumes]", *unused(world, seed, "volumes", "detached")]
    if world.chance(0.3):
        follow = world.chance(0.5)
        lines.append(f"follow_attachments = {toml(follow)}")
        world.note(f"volumes:follow {follow}")
    if world.dialect != "dbr" and world.kinds == OTHER_KINDS:
        lines += line_items(world)
    lines.append("[commitments]")
    if world.spread:
        lines.append("spread = true")
        world.note("commitments:spread")
    share = random.choice(("cost", "auto"))
    own = Random(f"commitments {world.period} {lines}")
    share = own.choice((share, "auto", "usage"))
    paid_by = own.choice(("central", "owner", "proportional"))
    lines += [f'share = "{share}"', f'unused = "{paid_by}"']
    world.note(f"commitments:share {share}")
    world.note(f"commitments:unused {paid_by}")
    if world.chance(0.6):
        among = random.choice(("all", "areas"))
        lines.append(f'among = "{among}"')
        world.note(f"commitments:among {among}")
    if world.chance(0.5):
        lines.append(f'unknown_term = "{"expense" if fees_unknown or world.chance(0.5) else "error"}"')
    lines += pools(world, "\n".join(lines), folder)
    path = os.path.join(folder, "policy.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path
