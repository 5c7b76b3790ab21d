"""Whether two programs say the same, to the last digit."""

import csv
import decimal
import io
from collections import defaultdict
from decimal import Decimal

from . import inputs as names

# Enough for every sum of 18 decimals: nothing here is ever rounded.
EXACT = decimal.Context(prec=80, traps=[decimal.Inexact, decimal.InvalidOperation])
decimal.setcontext(EXACT)


def groups(output):
    """The groups that a program printed."""
    sums = defaultdict(Decimal)
    for row in csv.DictReader(io.StringIO(output.decode())):
        sums[row["month"], row["account"], row["product"], row["tag"]] += Decimal(row["cost"] or "0")
    return dict(sums)


def difference(ours, theirs):
    """How two sets of groups differ, in words."""
    keys = ours.keys() | theirs.keys()
    off = {key: abs(ours.get(key, Decimal(0)) - theirs.get(key, Decimal(0))) for key in keys}
    differ = [key for key in keys if off[key] or (key in ours) != (key in theirs)]
    if not differ:
        return f"equal in {len(ours)} groups"
    return f"off by {sum(off.values()):.1e} in {len(differ)} of {len(keys)} groups"


def judge(found):
    """For every contestant of an input, how its sums compare with ours."""
    reference = found.of(names.SUMS)
    if not reference.runs:
        return {}
    ours = groups(reference.runs[0].output)
    said = {}
    for contestant in found.contestants:
        if not contestant.runs or contestant is reference or not contestant.mode:
            continue
        output = contestant.runs[0].output
        if contestant.name == names.ROLLUP:
            said[id(contestant)] = difference(by_product(ours), products(output)).replace("groups", "products")
        else:
            said[id(contestant)] = difference(ours, groups(output))
    said[id(reference)] = f"{len(ours)} groups"
    return said


def by_product(sums):
    """Groups added up by product."""
    total = defaultdict(Decimal)
    for (_, _, product, _), cost in sums.items():
        total[product] += cost
    return dict(total)


def products(rollup):
    """What a rollup says of each product."""
    total = defaultdict(Decimal)
    for product, cost in names.product_sums(rollup):
        total[product] += Decimal(cost)
    return dict(total)
