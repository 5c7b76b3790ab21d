"""Bills: what they hold, adding up, saving, pickling, explaining."""

from __future__ import annotations

import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import dbr

import unblended


def test_a_bill_says_what_it_holds(bill: unblended.Bill, month: unblended.DemoFiles) -> None:
    assert (bill.period, bill.basis, bill.currencies) == ("2016-06", "unblended", ["USD"])
    assert bill.billed() == month.total
    assert bill.rows >= month.rows > bill.charges > 0
    assert bill.excluded_rows > 0
    assert bill.payers and bill.tag_keys == ["product_area"]
    assert bill.status("2016-06-15") == "open"
    assert repr(bill).startswith("<unblended.Bill 2016-06")
    assert "billed USD" in bill._repr_html_()


def test_inspection_has_exact_decimals(bill: unblended.Bill) -> None:
    found = bill.inspect("2016-08-01T00:00:00Z")
    assert found["status"] == bill.status("2016-08-01")
    assert sum(total["cost"] for total in found["totals"]) == bill.billed()
    assert isinstance(found["tag_keys"][0]["cost"]["USD"], Decimal)
    assert found["digest"] == bill.digest


def test_parts_add_up_in_any_order() -> None:
    parts = [unblended.scan(dbr({"UnBlendedCost": cost, "ResourceId": cost})) for cost in ("1", "0.5", "0.25")]
    one, two, three = parts
    assert one + (two + three) == (three + one) + two == sum(parts, unblended.Bill())
    assert one.merge(two).billed() == Decimal("1.5")
    assert one + unblended.Bill() == one
    assert hash(one + unblended.Bill()) == hash(one)
    other = unblended.scan(dbr({}), tag_keys=[])
    with pytest.raises(unblended.ConfigError, match="bill.incompatible"):
        one + other
    with pytest.raises(TypeError):
        one + 1  # type: ignore[operator]


def test_bills_survive_files_bytes_and_pickles(bill: unblended.Bill, tmp_path: Path) -> None:
    bill.save(tmp_path / "june.bill")
    assert unblended.Bill.load(tmp_path / "june.bill") == bill
    assert unblended.Bill.from_bytes(bill.to_bytes()) == bill
    again = pickle.loads(pickle.dumps(bill))
    assert again == bill and again.digest == bill.digest
    assert b"unblended._" not in pickle.dumps(bill)
    (tmp_path / "june.bill").write_bytes(bill.to_bytes()[:-3])
    with pytest.raises(unblended.InputError, match="bill.bad_file.*june.bill"):
        unblended.Bill.load(tmp_path / "june.bill")
    with pytest.raises(unblended.IoError, match="read.io"):
        unblended.Bill.load(tmp_path / "july.bill")


def test_the_empty_bill_has_no_period() -> None:
    empty = unblended.Bill()
    assert empty.period is None
    assert [empty.rows, empty.billed()] == [0, 0]
    assert "Bill of None" in empty._repr_html_()
    with pytest.raises(unblended.InputError, match="read.no_input"):
        empty.attribute()


def test_explanations_sum_to_the_cells(
    bill: unblended.Bill, policy: unblended.Policy, evidence: unblended.Evidence, report: unblended.Report
) -> None:
    areas = {(row["product_area"], row["row_kind"]): row["cost"] for row in report.area_costs}
    why = bill.explain(policy, product_area="api", row_kind="area", evidence=evidence, as_of="2016-08-01")
    assert why["cost"] == areas["api", "area"]
    assert sum(part["amount"] for part in why["contributions"]) == why["cost"]
    assert why["digests"] == report.digests
    assert isinstance(why["contributions"][0]["charge"]["billed"], Decimal)
    with pytest.raises(unblended.ConfigError):
        bill.explain(policy, row_kind="nothing")


def test_allocated_charges_sum_to_the_report(
    bill: unblended.Bill, policy: unblended.Policy, evidence: unblended.Evidence, report: unblended.Report
) -> None:
    charges = bill.allocated_charges(policy, evidence=evidence, as_of="2016-08-01")
    totals = report.totals
    assert sum(row["BilledCost"] for row in charges) == totals.billed + totals.carried_in - totals.deferred
    assert {"unblended/ecs-cpu-seconds", None} <= {row["AllocatedMethodId"] for row in charges}
    hours = [row for row in charges if row["ConsumedUnit"] == "Hours"]
    assert sum(row["ConsumedQuantity"] for row in hours) > 0
    assert all(row["ConsumedQuantity"] is None for row in charges if row["ConsumedUnit"] is None)


def test_evidence_is_given_once(bill: unblended.Bill, evidence: unblended.Evidence) -> None:
    with pytest.raises(TypeError):
        bill.attribute(evidence=evidence, services={"web": "api"})
