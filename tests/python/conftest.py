"""A demo month, and small bills made by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import unblended

COLUMNS = [
    "InvoiceID", "PayerAccountId", "LinkedAccountId", "RecordType", "RecordId", "ProductName", "SubscriptionId",
    "UsageType", "Operation", "AvailabilityZone", "ReservedInstance", "ItemDescription", "UsageStartDate",
    "UsageEndDate", "UsageQuantity", "UnBlendedRate", "UnBlendedCost", "ResourceId", "user:product_area",
]  # fmt: skip
USUAL = {
    "InvoiceID": "81234567",
    "PayerAccountId": "111111111111",
    "LinkedAccountId": "111111111111",
    "RecordType": "LineItem",
    "ProductName": "Amazon Simple Storage Service",
    "UsageType": "TimedStorage-ByteHrs",
    "UsageStartDate": "2016-06-01 00:00:00",
    "UsageEndDate": "2016-06-01 01:00:00",
    "UsageQuantity": "1",
    "UnBlendedCost": "1",
}

Csv = Callable[..., bytes]


def dbr(*rows: dict[str, Any], without: tuple[str, ...] = ()) -> bytes:
    """A Detailed Billing Report; each row says what differs from the usual one."""
    columns = [column for column in COLUMNS if column not in without]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({**USUAL, **row})
    return text.getvalue().encode()


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> unblended.DemoFiles:
    """A demo month of some thousand rows."""
    return unblended.demo(tmp_path_factory.mktemp("demo"), rows=6_000)


@pytest.fixture(scope="session")
def evidence(month: unblended.DemoFiles) -> unblended.Evidence:
    return unblended.Evidence([month.tasks, month.instances], month.volumes, month.services, as_of="2016-08-01")


@pytest.fixture(scope="session")
def policy(month: unblended.DemoFiles) -> unblended.Policy:
    return unblended.Policy.from_file(month.policy)


@pytest.fixture(scope="session")
def bill(month: unblended.DemoFiles, policy: unblended.Policy) -> unblended.Bill:
    return unblended.scan(month.bill, policy=policy)


@pytest.fixture(scope="session")
def report(bill: unblended.Bill, policy: unblended.Policy, evidence: unblended.Evidence) -> unblended.Report:
    return bill.attribute(policy, evidence=evidence, as_of="2016-08-01")


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bill that takes a scan a while."""
    return unblended.demo(tmp_path_factory.mktemp("large"), rows=400_000).bill
