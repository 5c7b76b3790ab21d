"""The pieces notebooks use on their own: splitting, amortizing, allocation of instances, finality."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple, overload

from . import _native
from ._values import Amount, Instant, amount_text, instant_text


@overload
def split(amount: Amount, weights: Mapping[str, int]) -> dict[str, Decimal]: ...
@overload
def split(amount: Amount, weights: Iterable[tuple[str, int]]) -> list[tuple[str, Decimal]]: ...
def split(
    amount: Amount, weights: Mapping[str, int] | Iterable[tuple[str, int]]
) -> dict[str, Decimal] | list[tuple[str, Decimal]]:
    """Splits an amount by weights so that the parts sum to it exactly (spec 1.4).

    Units of 10⁻¹⁸ that are left go to the largest remainders, ties to the smaller key.

    Args:
        amount: Decimal, int or decimal text.
        weights: key → whole number of at most 128 bits, as a mapping or as pairs.

    Returns:
        The parts: a dict for a mapping, pairs in the given order for pairs.

    Raises:
        ConfigError: `config.bad_value` where a weight is no whole number or all are 0.
        LimitError: `money.overflow`.
    """
    if isinstance(weights, Mapping):
        return dict(split(amount, weights.items()))
    pairs = [(key, str(weight)) for key, weight in weights]
    return [(key, Decimal(part)) for key, part in _native.split(amount_text(amount), pairs)]


def amortize(fee: Amount, start: Instant, end: Instant) -> dict[str, Decimal]:
    """The parts of a fee that belong to each billing period its term touches; they sum to the fee (spec 6.1).

    Args:
        fee: Decimal, int or decimal text.
        start: start of the term as the bill prints it.
        end: its end; printed as the last second of the term or as the instant after it, both are understood.

    Returns:
        Billing period `YYYY-MM` → part.

    Raises:
        InputError: `fee.unknown_term` where the term spans less than 28 days.
    """
    parts = _native.amortize(amount_text(fee), instant_text(start), instant_text(end))
    return {period: Decimal(part) for period, part in parts}


def allocate_cpu(
    cost: Amount,
    start: Instant,
    end: Instant,
    runs: Iterable[Mapping[str, Any]],
    *,
    capacity: int | None = None,
) -> dict[str, Decimal] | None:
    """Splits the cost of one instance in one interval over services by CPU-seconds (spec 5.4).

    Args:
        cost: Decimal, int or decimal text.
        start: start of the usage interval.
        end: its end.
        runs: what ran: `service`, `cpu` (units, 1024 = 1 vCPU), `started`, and `stopped` (None while it runs).
        capacity: CPU units of the instance: what no run reserved is then idle, under the key `""`; None spreads
            the whole cost over the runs.

    Returns:
        Service → part; None where nothing ran and no capacity is given.

    Raises:
        ConfigError: `config.bad_value` where a run has another key or a bad value.
        LimitError: `money.overflow`.
    """

    def written(run: Mapping[str, Any]) -> dict[str, Any]:
        row = dict(run)
        for key in ("started", "stopped"):
            if row.get(key) is not None:
                row[key] = instant_text(row[key])
        return row

    request = {
        "cost": amount_text(cost),
        "start": instant_text(start),
        "end": instant_text(end),
        "runs": [written(run) for run in runs],
        "capacity": capacity,
    }
    parts = _native.allocate_cpu(json.dumps(request))
    return None if parts is None else {service: Decimal(part) for service, part in parts}


def split_cost(
    cost: Amount,
    capacity: Mapping[str, Amount],
    tasks: Iterable[Mapping[str, Any]],
    *,
    weights: Mapping[str, Amount] | None = None,
    unused: Literal["shared", "kept"] = "shared",
) -> dict[str, Any]:
    """Splits the cost of one instance over its tasks as AWS's split cost allocation data does (spec 5.4).

    A task's total is the exact share rounded once, as `split` rounds; its parts are rounded so that they sum to it.

    Args:
        cost: Decimal, int or decimal text.
        capacity: what the instance has: `vcpu`, `memory` (GiB), `gpu`; any may be left out.
        tasks: `task` (a name), `reserved` and `actual` (both as `capacity`): the larger of the two counts. vCPU-hours
            do as well as vCPUs.
        weights: relative cost of a unit of each resource; AWS's where None: vCPU 9, memory 1, or with accelerators
            gpu 9, vCPU 0.9, memory 0.1.
        unused: whether tasks pay for what nobody took in proportion to what they took, or it stays apart.

    Returns:
        `tasks` in the given order, each with `task`, `split` and `unused` by resource and `total`; and what stays
        apart, `unused` by resource. Totals and what stays apart sum to the cost.

    Raises:
        ConfigError: `config.bad_value` where a quantity is negative, a name occurs twice or nothing has a weight.
        LimitError: `money.overflow`.
    """

    def quantities(given: Mapping[str, Amount] | None) -> dict[str, str] | None:
        return None if given is None else {key: amount_text(value) for key, value in given.items()}

    def written(task: Mapping[str, Any]) -> dict[str, Any]:
        return {key: quantities(value) if key in ("reserved", "actual") else value for key, value in task.items()}

    request = {
        "cost": amount_text(cost),
        "capacity": quantities(capacity),
        "tasks": [written(task) for task in tasks],
        "weights": quantities(weights),
        "unused": unused,
    }
    answer = json.loads(_native.split_cost(json.dumps(request)))

    def decimals(costs: dict[str, str]) -> dict[str, Decimal]:
        return {key: Decimal(cost) for key, cost in costs.items()}

    return {
        "tasks": [
            {
                "task": task["task"],
                "split": decimals(task["split"]),
                "unused": decimals(task["unused"]),
                "total": Decimal(task["total"]),
            }
            for task in answer["tasks"]
        ],
        "unused": decimals(answer["unused"]),
    }


class Finality(NamedTuple):
    """Whether rows are final, and why.

    `is_final`: the period is over and every counting row is invoiced. `estimated_rows`: rows that are estimates.
    `unknown_rows`: rows without invoice information. `is_over`: whether the period is over.
    """

    is_final: bool
    estimated_rows: int
    unknown_rows: int
    is_over: bool


def is_final(
    rows: Iterable[tuple[str | None, Amount]],
    period: str,
    as_of: Instant | None = None,
    format: Literal["dbr", "cur", "cur2", "focus"] = "dbr",
) -> Finality:
    """Is this final? Only invoice ids say so (spec 8.2, 8.3).

    Args:
        rows: invoice id as written (None where the bill has no such column) and cost of each counting row of one
            payer and billing entity.
        period: billing period, `YYYY-MM`.
        as_of: instant of the question; now where None.
        format: billing format, which says what an invoice id looks like: an integer in a Detailed Billing Report.

    Raises:
        InputError: `parse.bad_time` where the period is none.
    """
    table = [{"invoice_id": invoice, "cost": amount_text(cost), "format": format} for invoice, cost in rows]
    return Finality(**json.loads(_native.is_final(json.dumps(table), period, instant_text(as_of))))


def new_run_id() -> str:
    """A fresh run id (UUIDv7): ids sort by the time they were made."""
    return _native.new_run_id()
