"""Runs and finalized versions, in one file."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

from . import _native
from ._bill import Bill
from ._catalogue import error_codes
from ._errors import StateError, class_of
from ._evidence import Reservations
from ._pure import new_run_id
from ._report import Report
from ._values import Path, with_decimals


class Store:
    """A store of rollup runs, which is only added to, and of finalized versions (spec 7).

    A context manager: `with Store.open("unblended.sqlite") as store: ...`.

    Args:
        url: path of a SQLite file, or `sqlite:PATH`.
        create: whether it is made where it does not exist.

    Raises:
        IoError: `store.io`.
        StateError: `store.schema` where the file is no store, or of a newer version.
    """

    __slots__ = ("_native",)

    def __init__(self, url: Path, *, create: bool = True) -> None:
        self._native = _native.Store(str(url), create)

    @classmethod
    def open(cls, url: Path, *, create: bool = True) -> Store:
        """Opens a store; see the class."""
        return cls(url, create=create)

    def close(self) -> None:
        """Closes the file; what comes after is `store.io`. Closing again does nothing."""
        self._native.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, report: Report, bill: Bill, *, run_id: str | None = None) -> str:
        """Adds a report as a new run, with the fees of its bill, whole or not at all; returns the run's id.

        Args:
            report: the result.
            bill: the bill it was made of.
            run_id: an id that was shown before, as by `report.to_json`; a fresh one where None.

        Raises:
            InternalError: `reconcile.residual` where the report does not sum up.
            ConfigError: `config.bad_value` where the id is taken.
            IoError: `store.io`.
        """
        run_id = new_run_id() if run_id is None else run_id
        self._native.append(run_id, report._native, bill._native)
        return run_id

    def add_reservations(self, table: Reservations) -> None:
        """Keeps the fees of a table for later runs, before a scan's own fees are appended (spec 6.2).

        Raises:
            InputError: `reservations.conflict` where the store has a fee with another amount.
            IoError: `store.io`.
        """
        self._native.add_reservations(table._native)

    def runs(
        self,
        *,
        period: str | None = None,
        basis: str | None = None,
        payer: str | None = None,
        currency: str | None = None,
    ) -> list[dict[str, Any]]:
        """The runs that match, oldest first: id, period, status, digests, totals as Decimal and more (spec 7.2)."""
        found: list[dict[str, Any]] = with_decimals(
            json.loads(self._native.runs(_query(None, period, basis, payer, currency)))
        )
        return found

    def run(self, run_id: str) -> Report:
        """The report of one run.

        Raises:
            StateError: `store.not_found`.
        """
        return Report(self._native.run(run_id)[1])

    def finalized(self) -> list[dict[str, Any]]:
        """All finalized versions: payer, period, basis, version, run, reasons, and whether it is the live one."""
        versions: list[dict[str, Any]] = json.loads(self._native.finalized())
        return versions

    def finalize(
        self,
        run_id: str | None = None,
        *,
        period: str | None = None,
        basis: str | None = None,
        payer: str | None = None,
        currency: str | None = None,
        restate: str | None = None,
        assert_invoiced: str | None = None,
        allow_incomplete: str | None = None,
    ) -> int:
        """Makes a run what boards read, if its bill is final, complete and reconciled (spec 7.4).

        Args:
            run_id: the run; else the latest that matches period, basis, payer and currency.
            restate: reason to replace the live version.
            assert_invoiced: reason to take a bill without invoice information as invoiced.
            allow_incomplete: reason to take a bill that stops early as complete.

        Returns:
            The live version's number; unchanged where it has the same content.

        Raises:
            StateError: `finalize.not_final`, `finalize.incomplete`, `finalize.restated`, `finalize.recomputed`, with
                `differences`; `store.not_found`.
            ConfigError: `config.bad_value` where several scopes match.
        """
        terms = {"restate": restate, "assert_invoiced": assert_invoiced, "allow_incomplete": allow_incomplete}
        query = _query(run_id, period, basis, payer, currency)
        outcome = json.loads(self._native.finalize(query, json.dumps(terms)))
        refusal = outcome.pop("refused", None)
        if refusal is not None:
            error = class_of(error_codes()[refusal["code"]].error_class)(refusal["message"], refusal["code"])
            if isinstance(error, StateError):
                error.differences = with_decimals(refusal["differences"])
            raise error
        (version,) = outcome.values()
        return int(version["version"])

    @property
    def reservations(self) -> Reservations:
        """Fees the store keeps of earlier scans (spec 6.2)."""
        return Reservations._of(self._native.reservations())


def _query(
    run_id: str | None, period: str | None, basis: str | None, payer: str | None, currency: str | None
) -> str:
    return json.dumps({"id": run_id, "period": period, "basis": basis, "payer": payer, "currency": currency})
