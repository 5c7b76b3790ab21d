"""Runs and finalized versions from Python."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from conftest import dbr

import unblended


def months_end(cost: str, invoice: str = "81234567") -> unblended.Bill:
    rows = [{"UsageStartDate": f"2016-06-{day:02} 00:00:00", "UsageEndDate": f"2016-06-{day:02} 23:00:00",
             "UnBlendedCost": cost, "InvoiceID": invoice} for day in range(1, 31)]  # fmt: skip
    return unblended.scan(dbr(*rows))


def test_runs_are_added_and_read_back(tmp_path: Path, report: unblended.Report, bill: unblended.Bill) -> None:
    with unblended.Store.open(tmp_path / "s.sqlite") as store:
        first, second = store.append(report, bill), store.append(report, bill)
        runs = store.runs(period="2016-06")
        assert [run["id"] for run in runs] == [first, second]
        assert runs[0]["totals"]["billed"] == report.totals.billed
        assert isinstance(runs[0]["totals"]["billed"], Decimal)
        assert store.runs(period="2016-07") == []
        again = store.run(first)
        assert again.to_json("r") == report.to_json("r")
        with pytest.raises(unblended.StateError, match="store.not_found"):
            store.run("none")
        assert isinstance(store.reservations, unblended.Reservations)
    with pytest.raises(unblended.IoError, match="store.io"):
        store.runs()
    store.close()


def test_a_month_is_finalized_once(tmp_path: Path) -> None:
    bill = months_end("1")
    with unblended.Store.open(tmp_path / "s.sqlite") as store:
        run_id = store.append(bill.attribute(), bill)
        assert store.finalize(run_id) == 1
        assert store.finalize(period="2016-06") == 1
        other = months_end("2")
        later = store.append(other.attribute(), other)
        with pytest.raises(unblended.StateError) as caught:
            store.finalize(later)
        assert caught.value.code == "finalize.restated"
        assert [found["change"] for found in caught.value.differences] == [30]
        assert store.finalize(later, restate="refunds") == 2
        versions = store.finalized()
        assert [(version["version"], version["is_live"]) for version in versions] == [(1, False), (2, True)]


def test_estimates_are_not_finalized(tmp_path: Path) -> None:
    bill = months_end("1", "Estimated")
    with unblended.Store(tmp_path / "s.sqlite") as store:
        run_id = store.append(bill.attribute(), bill)
        with pytest.raises(unblended.StateError, match="finalize.not_final") as caught:
            store.finalize(run_id)
        assert caught.value.differences == []


def test_a_store_that_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(unblended.IoError, match="store.io"):
        unblended.Store.open(tmp_path / "none.sqlite", create=False)
    (tmp_path / "text.sqlite").write_text("no store at all, but long enough to be looked at" * 50)
    with pytest.raises(unblended.StateError, match="store.schema"):
        unblended.Store.open(tmp_path / "text.sqlite")


def test_fees_of_a_table_are_kept_for_later_runs(tmp_path: Path) -> None:
    path = tmp_path / "fees.csv"
    path.write_text(
        "payer,billing_period,usage_account,product,kind,commitment_id,start,end,currency,fee\n"
        "111111111111,2015-12,111111111111,Amazon Elastic Compute Cloud,UpfrontFee,1,"
        "2015-12-06 00:00:00,2016-12-05 23:59:59,USD,366\n"
    )
    bill = months_end("1")
    with unblended.Store.open(tmp_path / "s.sqlite") as store:
        store.add_reservations(unblended.Reservations(path))
        assert len(store.reservations) == 1
        report = bill.attribute(reservations=store.reservations)
        assert report.totals.carried_in == 30
        assert store.append(report, bill, run_id="mine") == "mine"
        with pytest.raises(unblended.ConfigError, match="config.bad_value"):
            store.append(report, bill, run_id="mine")
