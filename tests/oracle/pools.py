"""Shared pools and providers (spec 5.7, 5.8; R43 to R45), with fractions."""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import money

WHOLE = 10**30


@dataclass
class Pool:
    """One `[[shared]]`: what it takes and how it is shared."""

    name: str
    match: dict
    tags: dict
    categories: dict
    first: str
    last: str
    method: str
    of: str = "all"
    among: str = "areas"
    shares: dict = field(default_factory=dict)
    metric: list = field(default_factory=list)


def table_rows(value, folder: str) -> list:
    """The rows of a table given inline, or in a CSV or JSON file beside the policy."""
    if not isinstance(value, str):
        return value
    path = os.path.join(folder, value)
    with open(path, encoding="utf-8-sig", newline="") as file:
        return json.load(file) if value.lower().endswith(".json") else list(csv.DictReader(file))


def sums_in(rows: list, period: str, name: str, number: str) -> dict:
    """Numbers of the rows that hold in a period, summed by name."""
    sums = defaultdict(Fraction)
    for row in rows:
        if row.get("period") in (None, "", period):
            weight = money.exact(str(row.get(number)))
            if weight < 0 or not row[name]:
                raise ValueError("config.bad_table")
            sums[row[name]] += weight
    return dict(sums)


def whole_numbers(weights: dict) -> dict:
    """Fractions as integers in the same proportion."""
    scale = 1
    for weight in weights.values():
        scale *= weight.denominator
    return {key: int(weight * scale) for key, weight in weights.items()}


def weights(pool: Pool, period: str, origin: tuple, before: list) -> dict:
    """(area, row kind, reason) -> weight of one pool for what has this (product, account)."""
    if pool.method == "fixed":
        return {(area, "area", None): share for area, share in pool.shares.items()}
    if pool.method == "metric":
        metric = whole_numbers(sums_in(pool.metric, period, "area", "weight"))
        return {(area, "area", None): weight for area, weight in metric.items()}
    if pool.method == "keep":
        return {}
    owners = defaultdict(int)
    for piece in before:
        same = {"all": True, "product": piece.product == origin[0], "account": piece.account == origin[1]}[pool.of]
        if same and (pool.among == "all" or piece.row_kind == "area"):
            owners[piece.owner] += piece.amount
    if pool.method == "even":
        return {owner: int(cost >= 0) for owner, cost in owners.items()}
    return {owner: max(cost, 0) for owner, cost in owners.items()}


def keys_in(providers: list, period: str) -> dict:
    """provider -> consumer -> key, without keys of 0 and of itself; a provider without consumers is none."""
    found = {}
    for provider, first, last, rows in providers:
        if not first <= period <= last:
            continue
        own = [row for row in rows if row.get("provider") in (None, "", provider)]
        keys = {
            consumer: key
            for consumer, key in sums_in(own, period, "consumer", "key").items()
            if key and consumer != provider
        }
        if keys:
            found[provider] = keys
    return found


def solved(keys: dict) -> dict:
    """provider -> area that keeps it -> final share: one provider after the other is put into all that name it."""
    shares = {
        provider: {consumer: key / sum(consumers.values()) for consumer, key in consumers.items()}
        for provider, consumers in keys.items()
    }
    for provider in sorted(shares):
        own = shares[provider].pop(provider, Fraction(0))
        if own == 1:
            raise ValueError("attribute.closed_cycle")
        shares[provider] = {area: share / (1 - own) for area, share in shares[provider].items()}
        for other in shares:
            passed = shares[other].pop(provider, None) if other != provider else None
            if passed is not None:
                for area, share in shares[provider].items():
                    shares[other][area] = shares[other].get(area, Fraction(0)) + passed * share
    return shares


def as_weights(shares: dict) -> dict:
    """Shares as integers of total 10**30 by largest remainder, ties to the smaller name."""
    return money.split(WHOLE, whole_numbers(shares))


def hops(keys: dict, costs: dict) -> list:
    """Every hop with what it carried, rounded half-even."""
    passed = {provider: Fraction(costs.get(provider, 0)) for provider in keys}
    names = sorted(keys)
    part = {p: {c: key / sum(keys[p].values()) for c, key in keys[p].items()} for p in names}
    # x = cost + x A, solved by Gauss-Jordan over fractions.
    matrix = [[Fraction(int(p == q)) - part[q].get(p, 0) for q in names] + [passed[p]] for p in names]
    for at in range(len(names)):
        pivot = next(row for row in range(at, len(names)) if matrix[row][at])
        matrix[at], matrix[pivot] = matrix[pivot], matrix[at]
        matrix[at] = [value / matrix[at][at] for value in matrix[at]]
        for row in range(len(names)):
            if row != at:
                matrix[row] = [a - matrix[row][at] * b for a, b in zip(matrix[row], matrix[at])]
    through = {name: matrix[at][-1] for at, name in enumerate(names)}
    return [
        {"provider": p, "consumer": c, "cost": money.text(round(through[p] * part[p][c]))}
        for p in names
        for c in sorted(part[p], key=money.key_bytes)
    ]
