"""AWS's formula for the cost of one instance by task, in fractions (spec 5.4, R93; domain 4.1)."""

from __future__ import annotations

from fractions import Fraction

import money

RESOURCES = ("vcpu", "memory", "gpu")


def quantities(given: dict | None) -> dict:
    """Of each resource, 0 where nothing is said."""
    return {name: money.exact(str((given or {}).get(name, "0"))) for name in RESOURCES}


def unit_costs(capacity: dict, given: dict | None) -> dict:
    """Relative cost of a unit of each resource."""
    if given is not None:
        return quantities(given)
    if capacity["gpu"]:
        return {"vcpu": Fraction(9, 10), "memory": Fraction(1, 10), "gpu": Fraction(9)}
    return {"vcpu": Fraction(9), "memory": Fraction(1), "gpu": Fraction(0)}


def shares(request: dict) -> tuple[dict, dict]:
    """What is kept by resource, and of each task what it took and what it is given, as fractions of the cost."""
    capacity = quantities(request["capacity"])
    units = unit_costs(capacity, request.get("weights"))
    whole = sum(units[name] * capacity[name] for name in RESOURCES)
    allocated = {}
    for task in request["tasks"]:
        reserved, actual = quantities(task.get("reserved")), quantities(task.get("actual"))
        allocated[task["task"]] = {name: max(reserved[name], actual[name]) for name in RESOURCES}
    kept = dict.fromkeys(RESOURCES, Fraction(0))
    found = {name: ({}, {}) for name in allocated}
    for resource in RESOURCES:
        pool = units[resource] * capacity[resource] / whole
        taken = sum(one[resource] for one in allocated.values())
        available = max(capacity[resource], taken)
        unused = pool * max(capacity[resource] - taken, 0) / available if available else Fraction(0)
        is_kept = request.get("unused") == "kept" or taken == 0
        kept[resource] = unused if is_kept else Fraction(0)
        for name, one in allocated.items():
            split, given = found[name]
            split[resource] = pool * one[resource] / available if available else Fraction(0)
            given[resource] = Fraction(0) if is_kept else unused * one[resource] / taken
    return kept, found


def rounded(whole: int, sum_: int, exact: list) -> list:
    """Shares of a whole, rounded down, then up for the largest remainders until they sum; ties to the earlier."""
    parts = [whole * share for share in exact]
    floors = [part.numerator // part.denominator for part in parts]
    ranking = sorted(range(len(parts)), key=lambda at: (floors[at] - parts[at], at))
    for at in ranking[: sum_ - sum(floors)]:
        floors[at] += 1
    return floors


def split_cost(request: dict) -> dict:
    """The answer as the facade gives it."""
    cost = money.parse(str(request["cost"]))
    sign, whole = (-1 if cost < 0 else 1), abs(cost)
    kept, found = shares(request)
    names = sorted(found, key=money.key_bytes)
    groups = [list(kept.values())] + [list(found[name][0].values()) + list(found[name][1].values()) for name in names]
    totals = rounded(whole, whole, [sum(group) for group in groups])
    parts = [rounded(whole, total, group) for total, group in zip(totals, groups)]

    def texts(values: list) -> dict:
        return {name: money.text(sign * value) for name, value in zip(RESOURCES, values)}

    by_name = dict(zip(names, zip(totals[1:], parts[1:])))
    tasks = []
    for task in request["tasks"]:
        total, of_task = by_name[task["task"]]
        costs = {"split": texts(of_task[:3]), "unused": texts(of_task[3:]), "total": money.text(sign * total)}
        tasks.append({"task": task["task"], **costs})
    return {"tasks": tasks, "unused": texts(parts[0])}
