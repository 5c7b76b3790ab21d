"""The charges of one billing period."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from . import _native
from ._evidence import EcsSource, Evidence, Reservations, ServiceSource, VolumeSource
from ._html import html_facts
from ._policy import Policy, policy_of
from ._report import Report
from ._table import Table
from ._values import Instant, Path, instant_text, with_decimals


class Bill:
    """The charges of one billing period: scanned once, asked many times (spec 3.5, 3.6).

    Made by `scan`, `Bill.load` or `Bill.from_bytes`; `Bill()` is the empty bill. Immutable; pickles. Bills of parts
    of the same month add up with `+`, in any order, so that a month can be reduced on a cluster.
    """

    __slots__ = ("_head", "_native")

    def __init__(self) -> None:
        self._native = _native.Bill()
        self._head: dict[str, Any] = json.loads(self._native.head())

    @classmethod
    def _of(cls, native: _native.Bill) -> Bill:
        bill = cls.__new__(cls)
        bill._native = native
        bill._head = json.loads(native.head())
        return bill

    @property
    def period(self) -> str | None:
        """Billing period, `YYYY-MM`; None for the empty bill."""
        return None if self._head["period"] is None else str(self._head["period"])

    @property
    def basis(self) -> str:
        """Cost basis of the amounts (spec 3.4)."""
        return str(self._head["basis"])

    @property
    def rows(self) -> int:
        """Counting rows: line items without total rows."""
        return int(self._head["rows"])

    @property
    def excluded_rows(self) -> int:
        """Total rows, which are not counted (spec 3.2)."""
        return int(self._head["excluded_rows"])

    @property
    def charges(self) -> int:
        """Distinct charges the rows were summed to."""
        return int(self._head["charges"])

    @property
    def tag_keys(self) -> list[str]:
        """Tag keys whose values were kept, in order."""
        return list(self._head["tag_keys"])

    @property
    def cost_categories(self) -> list[str]:
        """Cost categories whose values were kept, in order."""
        return list(self._head["cost_categories"])

    @property
    def currencies(self) -> list[str]:
        """Currencies that occur, sorted."""
        return list(self._head["currencies"])

    @property
    def payers(self) -> list[str]:
        """Payer accounts that occur, sorted."""
        return list(self._head["payers"])

    @property
    def digest(self) -> str:
        """Hash of the charges: equal bills have equal digests however they were delivered (spec 3.8)."""
        return self._native.digest

    def billed(self, currency: str = "USD") -> Decimal:
        """Exact sum of the counting rows of one currency."""
        return Decimal(self._native.billed(currency))

    def status(self, as_of: Instant | None = None) -> str:
        """How final the bill is: `open`, `estimated`, `unknown` or `invoiced` (spec 8).

        Args:
            as_of: instant of the question; now where None.
        """
        return self._native.status(instant_text(as_of))

    def inspect(self, as_of: Instant | None = None) -> dict[str, Any]:
        """What the bill holds: status and invoices, totals, tag coverage, gaps, digests, findings (spec 11.3).

        Args:
            as_of: instant the status is judged at; now where None.

        Returns:
            The object of `unblended inspect --output json`, amounts as Decimal.
        """
        answer: dict[str, Any] = with_decimals(json.loads(self._native.inspect(instant_text(as_of))))
        return answer

    def attribute(
        self,
        policy: Policy | Mapping[str, Any] | None = None,
        *,
        ecs: EcsSource | None = None,
        volumes: VolumeSource | None = None,
        services: ServiceSource | None = None,
        evidence: Evidence | None = None,
        reservations: Reservations | Path | None = None,
        currency: str | None = None,
        as_of: Instant | None = None,
    ) -> Report:
        """Attributes the bill to product areas, exactly (spec 5).

        Args:
            policy: how; the classic method where None.
            ecs: task runs, read now. For many questions read them once: `Evidence`.
            volumes: attachments, read now.
            services: service map, read now.
            evidence: the three together, read before.
            reservations: fees billed in other periods.
            currency: which currency, where the bill has several.
            as_of: instant that status and open runs are judged at; now where None.

        Raises:
            ConfigError: `attribute.not_scanned` where policy or evidence needs what the scan did not keep;
                `config.currency`, `config.basis_unavailable`.
            InputError: `evidence.*`, `attribute.unknown_capacity`, `fee.unknown_term`.
            InternalError: `reconcile.residual` where parts would not sum to the bill.
        """
        job = _Job(policy, ecs, volumes, services, evidence, reservations, currency, as_of)
        return Report(self._native.attribute(job.evidence, job.reservations, json.dumps(job.request)))

    def allocated_charges(
        self,
        policy: Policy | Mapping[str, Any] | None = None,
        *,
        ecs: EcsSource | None = None,
        volumes: VolumeSource | None = None,
        services: ServiceSource | None = None,
        evidence: Evidence | None = None,
        reservations: Reservations | Path | None = None,
        currency: str | None = None,
        as_of: Instant | None = None,
    ) -> Table:
        """Every charge replaced by its parts, as allocated charges of FOCUS 1.3 (spec 11.1).

        Args:
            policy: as for `attribute`, like all that follow.

        Returns:
            One row for each part. Its `BilledCost` (`EffectiveCost` with an amortized basis) sums to the report's
            `billed + carried_in - deferred`, exactly. `ConsumedQuantity` is the part's instance hours, which sum to those
            of the charge; None where the bill keeps none, and of sums.
        """
        job = _Job(policy, ecs, volumes, services, evidence, reservations, currency, as_of)
        return Table(self._native.allocated_charges(job.evidence, job.reservations, json.dumps(job.request)))

    def explain(
        self,
        policy: Policy | Mapping[str, Any] | None = None,
        *,
        product: str | None = None,
        usage_account: str | None = None,
        product_area: str | None = None,
        row_kind: str | None = None,
        pool: str | None = None,
        reason: str | None = None,
        mechanism: str | None = None,
        cluster: str | None = None,
        service: str | None = None,
        source: Path | Iterable[Path] | None = None,
        rows: int = 100,
        scanned: Mapping[str, Any] | None = None,
        ecs: EcsSource | None = None,
        volumes: VolumeSource | None = None,
        services: ServiceSource | None = None,
        evidence: Evidence | None = None,
        reservations: Reservations | Path | None = None,
        currency: str | None = None,
        as_of: Instant | None = None,
    ) -> dict[str, Any]:
        """Why cells are what they are: the charges, mechanisms and rules that made them (spec 5.10).

        Args:
            policy: as for `attribute`, like all that follow the filters.
            product: only cells of this AWS product, and so on; all cells where nothing is said. An empty
                `product_area` or `service` is cost without one.
            source: the files that the bill was scanned from, to list rows of them.
            rows: the first so many rows, by file and place.
            scanned: options of that scan which are no defaults and which the bill does not know: `format`,
                `tags_case_insensitive`, `currency`, `max_bad_rows`, `allow_duplicates`.

        Returns:
            `contributions` (one dict for each charge and cell), their exact sum `cost`, `digests` and `inputs`; where
            shared pools gave to the cells `pools` with their charges, and where providers did `reallocations`; with
            `source`, `rows` with `file`, `row` and `cost`.

        Raises:
            ConfigError: `config.bad_value` where the files do not hold exactly the rows of the charges.
        """
        job = _Job(policy, ecs, volumes, services, evidence, reservations, currency, as_of)
        cells = {
            "product": product,
            "usage_account": usage_account,
            "product_area": product_area,
            "row_kind": row_kind,
            "pool": pool,
            "reason": reason,
            "mechanism": mechanism,
            "cluster": cluster,
            "service": service,
        }
        read = None
        if source is not None:
            paths = [source] if isinstance(source, (str, os.PathLike)) else list(source)
            read = {"scan": {**(scanned or {}), "paths": [os.fspath(path) for path in paths]}, "most": rows}
        request = json.dumps({"attribute": job.request, "cells": cells, "rows": read})
        answer: dict[str, Any] = with_decimals(
            json.loads(self._native.explain(job.evidence, job.reservations, request))
        )
        return answer

    def merge(self, other: Bill) -> Bill:
        """Both bills as one; also `bill + other` and `sum(bills, Bill())` (spec 3.5).

        Raises:
            ConfigError: `bill.incompatible` where period, basis or tag keys differ.
        """
        return Bill._of(self._native.merge(other._native))

    def __add__(self, other: Bill) -> Bill:
        return self.merge(other) if isinstance(other, Bill) else NotImplemented

    def save(self, path: Path) -> None:
        """Writes the bill to a file that is whole or absent.

        Raises:
            IoError: `output.io`.
        """
        self._native.save(path)

    @classmethod
    def load(cls, path: Path) -> Bill:
        """Reads a bill that was saved.

        Raises:
            IoError: `read.io`.
            InputError: `bill.bad_file`.
        """
        return cls._of(_native.Bill.load(path))

    def to_bytes(self) -> bytes:
        """The bill as `save` writes it."""
        return self._native.to_bytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Bill:
        """Reads what `to_bytes` or `save` wrote.

        Raises:
            InputError: `bill.bad_file`.
        """
        return cls._of(_native.Bill.from_bytes(content))

    def __reduce__(self) -> tuple[Any, ...]:
        return Bill.from_bytes, (self.to_bytes(),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bill) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<unblended.Bill {self.period}: {self.rows} rows in {self.charges} charges>"

    def _repr_html_(self) -> str:
        facts: list[tuple[str, object]] = [
            ("status", self.status()),
            ("basis", self.basis),
            ("rows", f"{self.rows:,}"),
            ("charges", f"{self.charges:,}"),
            ("tag keys", ", ".join(self.tag_keys)),
            ("payers", ", ".join(self.payers)),
        ]
        facts += [(f"billed {currency}", f"{self.billed(currency):,f}") for currency in self.currencies]
        return html_facts(f"Bill of {self.period}", facts)


class _Job:
    """The arguments of an attribution as the native part takes them."""

    def __init__(
        self,
        policy: Policy | Mapping[str, Any] | None,
        ecs: EcsSource | None,
        volumes: VolumeSource | None,
        services: ServiceSource | None,
        evidence: Evidence | None,
        reservations: Reservations | Path | None,
        currency: str | None,
        as_of: Instant | None,
    ) -> None:
        content = policy_of(policy).to_dict()
        now = instant_text(as_of)
        if evidence is None:
            default_cpu = content["containers"]["default_cpu"]
            evidence = Evidence(ecs, volumes, services, default_cpu=default_cpu, as_of=now)
        elif not (ecs is None and volumes is None and services is None):
            raise TypeError("`evidence` stands for `ecs`, `volumes` and `services`; give either")
        book = reservations if isinstance(reservations, Reservations) else Reservations(reservations)
        self.evidence = evidence._native
        self.reservations = book._native
        self.request = {"policy": content, "currency": currency, "as_of": now}
