"""Reports and their tables, in every frame library, exact."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
from decimal import Decimal, localcontext
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pytest
from conftest import dbr

import unblended

TINY = Decimal("12345678901234567890.123456789012345678")


@pytest.fixture(scope="module")
def tiny() -> unblended.Table:
    """A table with a cost of 38 digits and a missing owner."""
    rows = ({"UnBlendedCost": str(TINY), "user:product_area": "api"}, {"UnBlendedCost": "-0.000000000000000001"})
    return unblended.scan(dbr(*rows)).attribute().area_costs


def test_the_promise_holds(report: unblended.Report) -> None:
    totals = report.totals
    with localcontext() as context:
        context.prec = 60
        attributed = totals.areas + totals.idle + totals.unused_commitment + totals.shared + totals.unattributed
        billed = totals.billed + totals.carried_in - totals.deferred
        assert billed == attributed
        for table in (report.area_costs, report.product_area_costs, report.mechanisms, report.cells):
            assert sum(table.column("cost")) == billed


def test_a_report_bridges_from_what_was_charged_to_its_basis(bill: unblended.Bill, report: unblended.Report) -> None:
    text = (
        b"lineItem/LineItemType,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/ProductCode,"
        b"lineItem/UnblendedCost,reservation/EffectiveCost\n"
        b"DiscountedUsage,2016-06-01T00:00:00Z,2016-06-01T01:00:00Z,AmazonEC2,0,0.1\n"
    )
    policy = {"basis": "amortized", "areas": {"tag_keys": []}}
    covered = unblended.scan(text, policy=policy)
    cost = Decimal("0.1")
    row = {"kind": "DiscountedUsage", "rows": 1, "unblended": Decimal(0), "cost": cost, "difference": cost}
    assert covered.attribute(policy).bridge == [row]
    assert covered.inspect()["bridge"] == {"USD": [row]}
    assert report.bridge is None and "bridge" not in bill.inspect()


def test_a_report_says_what_it_is(report: unblended.Report, bill: unblended.Bill, policy: unblended.Policy) -> None:
    assert (report.period, report.basis, report.currency) == ("2016-06", "unblended", "USD")
    assert report.status == bill.status(report.as_of)
    assert report.as_of == "2016-08-01T00:00:00Z"
    assert report.digests["bill"] == bill.digest
    assert report.digests["policy"] == policy.digest
    assert report.payers == bill.payers and report.inputs and report.stops_early is None
    assert isinstance(report.coverage["unattributed_resources"][0]["cost"], Decimal)
    assert "2016-06" in repr(report)
    page = report._repr_html_()
    assert "unattributed" in page and "api" in page
    with pytest.raises(unblended.ConfigError):
        report.table("nothing")  # type: ignore[arg-type]


def test_reports_survive_bytes_and_pickles(report: unblended.Report) -> None:
    again = pickle.loads(pickle.dumps(report))
    assert again == report and hash(again) == hash(report)
    assert again.to_json("r") == report.to_json("r")
    assert b"unblended._" not in pickle.dumps(report)
    with pytest.raises(unblended.ConfigError):
        unblended.Report.from_bytes(b"{}")


def test_a_run_id_is_made_where_none_is_given(report: unblended.Report) -> None:
    first, second = (json.loads(report.to_json())["run_id"] for _ in range(2))
    assert first < second and len(first) == 36
    assert json.loads(report.to_json("mine"))["run_id"] == "mine"


@pytest.mark.parametrize("threads", [1, 4])
def test_the_report_has_the_bytes_of_the_command_line(
    month: unblended.DemoFiles, policy: unblended.Policy, threads: int
) -> None:
    paths = ["--policy", month.policy, "--tasks", month.tasks, "--instances", month.instances]
    paths += ["--volumes", month.volumes, "--services", month.services, "--as-of", "2016-08-01"]
    command = [sys.executable, "-m", "unblended", "rollup", month.bill, *paths]
    command += ["--threads", str(threads), "--output", "json", "--no-progress"]
    done = subprocess.run([str(part) for part in command], capture_output=True, check=True)
    run_id = json.loads(done.stdout)["run_id"]
    evidence = {"ecs": [month.tasks, month.instances], "volumes": month.volumes, "services": month.services}
    bill = unblended.scan(month.bill, policy=policy, threads=threads)
    report = bill.attribute(policy, **evidence, as_of="2016-08-01")  # type: ignore[arg-type]
    ours, theirs = report.to_json("").encode(), done.stdout.replace(run_id.encode(), b"")
    assert hashlib.sha256(ours).hexdigest() == hashlib.sha256(theirs).hexdigest()


def test_dicts_have_decimals(tiny: unblended.Table) -> None:
    assert tiny.columns == ["product_area", "row_kind", "cost"]
    assert tiny.to_dicts() == list(tiny) == [
        {"product_area": None, "row_kind": "unattributed", "cost": Decimal("-0.000000000000000001")},
        {"product_area": "api", "row_kind": "area", "cost": TINY},
    ]
    assert tiny.column("product_area") == [None, "api"]
    assert len(tiny) == 2 and repr(tiny) == "<unblended.Table of 2 rows: product_area, row_kind, cost>"
    assert str(TINY) in tiny._repr_html_()
    with pytest.raises(KeyError):
        tiny.column("price")


def test_pyarrow_takes_tables_exactly(tiny: unblended.Table) -> None:
    for table in (pyarrow.table(tiny), tiny.to_arrow()):
        assert table.schema.field("cost").type == pyarrow.decimal128(38, 18)
        assert table.to_pylist() == tiny.to_dicts()
    assert pyarrow.schema(tiny) == tiny.to_arrow().schema


def test_polars_takes_tables_exactly(tiny: unblended.Table) -> None:
    for frame in (polars.DataFrame(tiny), tiny.to_polars()):
        assert frame.schema["cost"] == polars.Decimal(38, 18)
        assert frame.to_dicts() == tiny.to_dicts()
    assert tiny.to_polars()["cost"].sum() == sum_exact(tiny)


def test_pandas_takes_tables_exactly(tiny: unblended.Table) -> None:
    frame = tiny.to_pandas()
    assert frame["cost"].tolist() == tiny.column("cost")
    assert frame["product_area"].tolist() == [None, "api"]
    typed = tiny.to_pandas(arrow_types=True)
    assert typed["cost"].sum() == sum_exact(tiny)
    from_arrow: Any = getattr(pandas.DataFrame, "from_arrow")  # noqa: B009 - newer than the stubs
    assert from_arrow(tiny)["cost"].tolist() == tiny.column("cost")


def test_duckdb_takes_tables_exactly(tiny: unblended.Table) -> None:
    with duckdb.connect() as connection:
        connection.register("tiny", tiny.to_arrow())
        assert connection.sql("select sum(cost) from tiny").fetchall() == [(sum_exact(tiny),)]
        costs = tiny
        assert connection.sql("select cost from costs where product_area = 'api'").fetchall() == [(TINY,)]
        del costs


def sum_exact(table: unblended.Table) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return sum(table.column("cost"), Decimal(0))


def test_a_capsule_that_nobody_takes_frees_its_table(tiny: unblended.Table) -> None:
    for _ in range(1000):
        tiny.__arrow_c_stream__()
        tiny.__arrow_c_schema__()


def test_costs_of_more_than_38_digits_are_no_arrow() -> None:
    table = unblended.scan(dbr({"UnBlendedCost": "170141183460469231731"})).attribute().area_costs
    assert table.to_dicts()[0]["cost"] == 170141183460469231731
    with pytest.raises(unblended.LimitError, match="money.overflow"):
        table.to_polars()


def test_every_table_is_a_frame(report: unblended.Report) -> None:
    tables = [report.area_costs, report.service_costs, report.product_area_costs, report.mechanisms, report.cells]
    for table in [*tables, report.diagnostics]:
        assert len(table) > 0
        assert table.to_arrow().to_pylist() == table.to_dicts()
        assert table.to_polars().to_dicts() == table.to_dicts()
        assert len(table.to_pandas()) == len(table)
        assert table == report.table(name_of(report, table))


def name_of(report: unblended.Report, table: unblended.Table) -> "unblended._report.TableName":
    names: list[unblended._report.TableName] = [
        "area_costs", "service_costs", "product_area_costs", "mechanisms", "reallocations", "split_check", "commitments", "cells",
        "diagnostics",
    ]  # fmt: skip
    return next(name for name in names if getattr(report, name) == table)


def test_the_rows_of_a_cell_are_listed_from_the_files_of_the_bill(
    month: unblended.DemoFiles, bill: unblended.Bill, policy: unblended.Policy, evidence: unblended.Evidence
) -> None:
    def explained(**options: Any) -> dict[str, Any]:
        return bill.explain(policy, evidence=evidence, as_of="2016-08-01", **options)

    few = explained(product="Amazon Simple Storage Service", source=month.bill, rows=3)["rows"]
    assert len(few) == 3
    assert all(row["file"].startswith(str(month.bill)) and row["row"] > 1 for row in few)
    assert all(isinstance(row["cost"], Decimal) for row in few)
    assert "rows" not in explained(product="Amazon Simple Storage Service")
    with pytest.raises(unblended.ConfigError) as error:
        explained(source=month.bill, scanned={"thread": 1})
    assert error.value.code.startswith("config.")
