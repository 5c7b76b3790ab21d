"""The three tables and totals of one period (spec 7.1, 11.2) and its status (spec 8)."""

from __future__ import annotations

import re
from collections import defaultdict

import bases
import money
import times


STATES = ("open", "estimated", "unknown", "invoiced")  # least final first


def status(rows: list, period: str, as_of: int) -> str:
    """The least final status of all (payer, billing entity) of a bill (spec 8.1 to 8.3), from every counting row."""
    if as_of < times.month_bounds(period)[1]:
        return "open"
    entities = defaultdict(list)
    for row in rows:
        entities[row.payer, row.entity].append(row)
    found = [entity_status(own) for own in entities.values()]
    return min(found, key=STATES.index, default="unknown")


def entity_status(rows: list) -> str:
    """The status of one payer's bill of one entity for a period that is over; rows without evidence prove nothing."""
    said = {invoice_state(row) for row in rows}
    if "estimated" in said:
        return "estimated"
    return "invoiced" if "invoiced" in said and "unknown" not in said else "unknown"


def invoice_state(row) -> str:
    """What the invoice id of one row says (spec 8.2)."""
    if row.invoice is None:
        return "unknown"
    if row.invoice == "":
        return "estimated" if row.unblended != 0 else "ignored"
    if row.dialect == "dbr" and not re.fullmatch(r"[0-9]+", row.invoice):
        return "estimated"
    return "invoiced"


def table(pieces: list, names: tuple, keys) -> list:
    """Rows of summed costs by a key, nulls first, then bytewise."""
    sums = defaultdict(int)
    for piece in pieces:
        sums[keys(piece)] += piece.amount
    rows = []
    for key in sorted(sums, key=money.key_bytes):
        row = dict(zip(names, key))
        # Only rows of kept pools have a pool, only idle ones a reason.
        said = {name: row[name] for name in row if name not in ("pool", "reason") or row[name]}
        rows.append(said | {"cost": money.text(sums[key])})
    return rows


def total(pieces: list, row_kind: str) -> int:
    """What went to one row kind."""
    return sum(piece.amount for piece in pieces if piece.row_kind == row_kind)


def result(state: tuple, rows: list, excluded: list, fees, pieces: list) -> dict:
    """The JSON object of spec 11.2, without run id and diagnostics. `state`: period, status, basis, currency."""
    period, status_now, basis, currency = state
    kinds = {
        "areas": "area",
        "idle": "idle",
        "unused_commitment": "unused_commitment",
        "shared": "shared",
        "unattributed": "unattributed",
    }
    totals = {
        "billed": sum(row.amount for row in rows),
        "carried_in": fees.carried_in,
        "deferred": fees.deferred,
        "excluded": sum(row.amount for row in excluded),
        **{name: total(pieces, row_kind) for name, row_kind in kinds.items()},
    }
    owned = [piece for piece in pieces if piece.service is not None]
    return {
        "period": period,
        "status": status_now,
        "basis": basis,
        "currency": currency,
        "totals": {name: money.text(value) for name, value in totals.items()},
        "area_costs": table(
            pieces,
            ("product_area", "row_kind", "pool", "reason"),
            lambda one: (one.area, one.row_kind, one.pool, one.reason),
        ),
        "service_costs": table(owned, ("cluster", "service", "product_area"), lambda one: (*one.service, one.area)),
        "product_area_costs": table(
            pieces,
            ("product", "product_area", "row_kind", "pool", "reason"),
            lambda one: (one.product, one.area, one.row_kind, one.pool, one.reason),
        ),
        "mechanisms": table(pieces, ("mechanism",), lambda one: (one.mechanism,)),
        **({} if basis == "unblended" else {"bridge": bases.bridge(rows)}),
    }
