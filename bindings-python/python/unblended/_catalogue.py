"""What there is: error codes, JSON Schemas, the demo month and the command line program."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from . import _native
from ._values import Path


class ErrorInfo(NamedTuple):
    """One error code: the code, its class (`input`, `config`, `limit`, `io`, `state`, `internal`), what it means."""

    code: str
    error_class: str
    meaning: str


def error_codes() -> dict[str, ErrorInfo]:
    """Every error code there is, by code, in the order of the catalogue (spec 10.3)."""
    known = json.loads(_native.error_codes())
    return {info["code"]: ErrorInfo(info["code"], info["class"], info["meaning"]) for info in known}


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas of policy, requests and outputs, by name (spec 11.3)."""
    known: dict[str, dict[str, Any]] = json.loads(_native.schemas())
    return known


class DemoFiles(NamedTuple):
    """The files of a demo month, how many line items the bill has, and its exact total in USD.

    `bill` is that of the first dialect asked for, `bills` has the path of each. `rounding` is what the Rounding rows of a
    Detailed Billing Report add: the other dialects have none, and say exactly `total - rounding` but for costs kept as
    binary doubles.
    """

    bill: FilePath
    bills: dict[str, FilePath]
    tasks: FilePath
    instances: FilePath
    volumes: FilePath
    services: FilePath
    policy: FilePath
    readme: FilePath
    rows: int
    total: Decimal
    rounding: Decimal


def demo(
    dir: Path,
    *,
    period: str = "2016-06",
    rows: int = 50_000,
    seed: int = 1,
    instances: int | None = None,
    areas: Sequence[str] | None = None,
    dialects: Sequence[str] | None = None,
    savings_plan: bool = False,
    split_costs: bool = False,
) -> DemoFiles:
    """Writes a realistic month: bill, events, service map and policy; the same arguments, the same bytes.

    Args:
        dir: folder, made where it does not exist.
        period: month of the bill, `YYYY-MM`.
        rows: line items, about; fewer than the month's resources in daily rows cannot be.
        seed: chooses ids, tags, tasks and quantities.
        instances: EC2 instances with evidence, at least 4; 12 where None.
        areas: product areas.
        dialects: formats of the bill, a Detailed Billing Report where None: `dbr`, `cur`, `cur-parquet`,
            `cur-parquet-decimal`, `cur2`, `cur2-parquet`, `focus` (1.0), `focus-1.2`, or `all`.
        savings_plan: whether a savings plan covers instances; `dbr` has none.
        split_costs: whether Cost and Usage Reports have split cost allocation data of ECS tasks beside the line items.

    Raises:
        ConfigError: `config.bad_value` where an area cannot stand on a tag, a dialect does not exist or `dbr` is to have
            a savings plan.
            `config.unsupported` for Parquet in a build without it.
        IoError: `output.io`.
    """
    request = {
        "period": period,
        "seed": seed,
        "rows": rows,
        "instances": instances,
        "areas": areas,
        "dialects": dialects,
        "savings_plan": savings_plan,
        "split_costs": split_costs,
    }
    files = json.loads(_native.demo(dir, json.dumps(request, default=list)))
    written, bills = files.pop("rows"), {name: FilePath(path) for name, path in files.pop("bills").items()}
    total, rounding = Decimal(files.pop("total")), Decimal(files.pop("rounding"))
    paths: dict[str, Any] = {name: FilePath(path) for name, path in files.items()}
    return DemoFiles(**paths, bills=bills, rows=written, total=total, rounding=rounding)


def run_cli(argv: Sequence[str] | None = None) -> int:
    """Runs the command line program in this process; returns its exit status (spec 11.4).

    Args:
        argv: arguments without the program's name; those of the process where None.
    """
    arguments = sys.argv[1:] if argv is None else argv
    return _native.run_cli(["unblended", *arguments])
