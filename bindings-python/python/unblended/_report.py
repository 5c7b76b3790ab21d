"""The result of attributing a bill."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from . import _native
from ._html import html_facts
from ._pure import new_run_id
from ._table import Table
from ._values import with_decimals

TableName = Literal[
    "area_costs", "service_costs", "product_area_costs", "mechanisms", "reallocations", "split_check", "commitments",
    "coverage", "unattributed", "wins", "cells", "diagnostics",
]  # fmt: skip


class Totals(NamedTuple):
    """Sums of a report, exact, in its currency (spec 0.1).

    `billed + carried_in - deferred == areas + idle + unused_commitment + shared + unattributed`; the excluded total
    rows stand beside it.
    """

    billed: Decimal
    carried_in: Decimal
    deferred: Decimal
    excluded: Decimal
    areas: Decimal
    idle: Decimal
    unused_commitment: Decimal
    shared: Decimal
    unattributed: Decimal


class Report:
    """The result of attributing one bill in one currency, checked to sum to the bill exactly (spec 0.1, 7).

    Made by `Bill.attribute` or `Store.run`. Immutable; pickles.
    """

    __slots__ = ("_head", "_native")

    def __init__(self, native: _native.Report) -> None:
        self._native = native
        self._head: dict[str, Any] = json.loads(native.head())

    @property
    def period(self) -> str:
        """Billing period, `YYYY-MM`."""
        return str(self._head["period"])

    @property
    def status(self) -> str:
        """How final the bill is at `as_of`: `open`, `estimated`, `unknown` or `invoiced` (spec 8.1)."""
        return str(self._head["status"])

    @property
    def as_of(self) -> str:
        """Instant the status was judged at, RFC 3339."""
        return str(self._head["as_of"])

    @property
    def basis(self) -> str:
        """Cost basis (spec 3.4)."""
        return str(self._head["basis"])

    @property
    def currency(self) -> str:
        """Currency of every amount."""
        return str(self._head["currency"])

    @property
    def payers(self) -> list[str]:
        """Accounts that are invoiced."""
        return list(self._head["payers"])

    @property
    def stops_early(self) -> str | None:
        """Where the usage rows end, if 24 hours or more before the period (spec 2.7)."""
        return None if self._head["stops_early"] is None else str(self._head["stops_early"])

    @property
    def totals(self) -> Totals:
        """Sums, exact."""
        return Totals(**{name: Decimal(text) for name, text in self._head["totals"].items()})

    @property
    def bridge(self) -> list[dict[str, Any]] | None:
        """Kind, rows, unblended, cost in the basis and difference of each kind of rows; None where unblended (spec 3.4)."""
        bridge: list[dict[str, Any]] | None = with_decimals(self._head["bridge"])
        return bridge

    @property
    def coverage(self) -> dict[str, Any]:
        """How much has an owner and what would raise it most (spec 5.9).

        Lists of dicts: `mechanisms` and `unattributed_products` with cost and share, `unattributed_resources`,
        `missing_tags` and `wins`; empty for a report of a store. The tables `coverage`, `unattributed` and `wins` are the
        first, the second and the last.
        """
        coverage: dict[str, Any] = with_decimals(self._head["coverage"])
        return coverage

    @property
    def digests(self) -> dict[str, str]:
        """Hashes of bill, policy, evidence and reservations it was made of (spec 7.2)."""
        return dict(self._head["digests"])

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """Bytes and hash of the files the bill was read from."""
        return [dict(file) for file in self._head["inputs"]]

    def table(self, name: TableName) -> Table:
        """One table by its name.

        Raises:
            ConfigError: `config.bad_value` where there is no such table.
        """
        return Table(self._native.table(name))

    @property
    def area_costs(self) -> Table:
        """Product area and row kind → cost; sums to `billed + carried_in - deferred` (spec 7.1)."""
        return self.table("area_costs")

    @property
    def service_costs(self) -> Table:
        """Cluster, service and product area → cost (spec 7.1)."""
        return self.table("service_costs")

    @property
    def product_area_costs(self) -> Table:
        """AWS product, product area and row kind → cost; sums to `billed + carried_in - deferred` (spec 7.1)."""
        return self.table("product_area_costs")

    @property
    def mechanisms(self) -> Table:
        """What named the owner → cost; sums to `billed + carried_in - deferred` (spec 5)."""
        return self.table("mechanisms")

    @property
    def reallocations(self) -> Table:
        """Provider and consumer → what was passed on (spec 5.8)."""
        return self.table("reallocations")

    @property
    def unattributed(self) -> Table:
        """AWS product → what nobody owns of it, with its share, largest first (spec 5.9)."""
        return self.table("unattributed")

    @property
    def wins(self) -> Table:
        """What would raise the attributed share, largest first; actions overlap (spec 5.9)."""
        return self.table("wins")

    @property
    def split_check(self) -> Table:
        """Cluster and service → our split of instances, AWS's own, and why they differ; empty without both (spec 5.4)."""
        return self.table("split_check")

    @property
    def commitments(self) -> Table:
        """Commitment → normalized hours purchased, used, covered and eligible, and what was unused (spec 6.4)."""
        return self.table("commitments")

    @property
    def cells(self) -> Table:
        """The finest amounts: product, usage account, area, row kind, mechanism, cluster, service → cost."""
        return self.table("cells")

    @property
    def diagnostics(self) -> Table:
        """Findings of all stages: code, severity, count, message."""
        return self.table("diagnostics")

    def to_json(self, run_id: str | None = None) -> str:
        """The JSON of `unblended rollup --output json`, byte for byte but for the run id (spec 11.2).

        Args:
            run_id: id to write; a fresh one where None.
        """
        return self._native.to_json(new_run_id() if run_id is None else run_id)

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict, amounts as decimal text."""
        content: dict[str, Any] = json.loads(self.to_json(""))
        del content["run_id"]
        return content

    def to_bytes(self) -> bytes:
        """The whole report with its cells, for `from_bytes` of the same version."""
        return self._native.dump().encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Report:
        """Reads what `to_bytes` wrote.

        Raises:
            ConfigError: `config.bad_value` where the bytes are no report.
        """
        return cls(_native.Report.parse(content.decode(errors="replace")))

    def __reduce__(self) -> tuple[Any, ...]:
        return Report.from_bytes, (self.to_bytes(),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Report) and self._native.dump() == other._native.dump()

    def __hash__(self) -> int:
        return hash(self._native.dump())

    def __repr__(self) -> str:
        return f"<unblended.Report {self.period} {self.status}: {self.totals.billed} {self.currency}>"

    def _repr_html_(self) -> str:
        facts = [(name.replace("_", " "), f"{total:,f}") for name, total in self.totals._asdict().items()]
        title = f"{self.period} · {self.status} at {self.as_of} · {self.basis} · {self.currency}"
        return html_facts(title, facts) + self.area_costs._repr_html_()
