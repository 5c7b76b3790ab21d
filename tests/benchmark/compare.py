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
            billed, sums = Decimal(names.billed(output)), sum(ours.values())
            said[id(contestant)] = "equal in all" if billed == sums else f"off by {abs(billed - sums):.1e} in all"
        else:
            said[id(contestant)] = difference(ours, groups(output))
    said[id(reference)] = f"{len(ours)} groups"
    return said

