"""The shared vectors of tests/vectors, run through the Python API. A stage without an adapter fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import dbr

import unblended
from unblended import _native

VECTORS = Path(__file__).parents[1] / "vectors"
Vector = dict[str, Any]


def text(amount: Decimal) -> str:
    """Canonical text: no exponent, no trailing zeros."""
    plain = f"{amount:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("", "-0") else plain


def only(given: dict[str, Any], *keys: str) -> list[Any]:
    """Values by key; a key that is missing or left over fails."""
    assert set(given) == set(keys), f"keys {sorted(given)} instead of {sorted(keys)}"
    return [given[key] for key in keys]


def hook(stage: str, given: Any) -> Any:
    """What the package does not offer: classification, parsing of amounts, the length of a term."""
    return json.loads(_native._vector(stage, json.dumps(given)))


def money(given: dict[str, Any]) -> Any:
    if "sum" in given:
        (terms,) = only(given, "sum")
        return hook("sum", terms)
    (number,) = only(given, "text")
    return hook("money", number)


def split(given: dict[str, Any]) -> Any:
    amount, weights = only(given, "amount", "weights")
    try:
        parts = unblended.split(amount, [(key, int(weight)) for key, weight in weights])
    except unblended.ConfigError:
        assert all(int(weight) == 0 for _, weight in weights)
        return {"parts": None}
    return {"parts": [text(part) for _, part in parts]}


def split_cost(given: dict[str, Any]) -> Any:
    options = {key: given[key] for key in ("weights", "unused") if key in given}
    only(given, "cost", "capacity", "tasks", *options)
    costs = unblended.split_cost(given["cost"], given["capacity"], given["tasks"], **options)

    def texts(part: dict[str, Decimal]) -> dict[str, str]:
        return {key: text(cost) for key, cost in part.items()}

    tasks = [
        {"task": task["task"], "split": texts(task["split"]), "unused": texts(task["unused"]), "total": text(task["total"])}
        for task in costs["tasks"]
    ]
    return {"tasks": tasks, "unused": texts(costs["unused"])}


def classify(given: dict[str, Any]) -> Any:
    return hook("classify", given)


def amortization(given: dict[str, Any]) -> Any:
    fee, start, end, periods = only(given, "fee", "start", "end", "periods")
    seconds = hook("term_seconds", [start, end])
    if seconds is None:
        with pytest.raises(unblended.InputError, match="fee.unknown_term"):
            unblended.amortize(fee, start, end)
        return {"term_seconds": None}
    parts = unblended.amortize(fee, start, end)
    return {"term_seconds": seconds, "parts": {period: text(parts.get(period, Decimal(0))) for period in periods}}


COLUMN_OF = {
    "invoice_id": "InvoiceID",
    "cost": "UnBlendedCost",
    "payer_account": "PayerAccountId",
    "line_item_type": "RecordType",
    "description": "ItemDescription",
}


def finality(given: dict[str, Any]) -> Any:
    period, as_of, rows = only(given, "period", "as_of", "rows")
    without = ("InvoiceID",) if any(row["invoice_id"] is None for row in rows) else ()
    content = dbr(*({COLUMN_OF[key]: value for key, value in row.items()} for row in rows), without=without)
    found = unblended.scan(content, period=period).inspect(as_of)
    return {
        "status": found["status"],
        "invoice_ids": sorted(invoice for entity in found["entities"] for invoice in entity["invoice_ids"]),
        "estimated_rows": sum(k["rows"] for entity in found["entities"] for k in entity["estimated"].values()),
    }


def read_evidence(given: dict[str, Any]) -> unblended.Evidence:
    as_of, default_cpu, files = only(given, "as_of", "default_cpu", "files")
    usage = unblended.EcsUsage()
    for name, content in files:
        if isinstance(content, list):
            content = "\n".join(json.dumps(event) for event in content)
        elif not isinstance(content, str):
            content = json.dumps(content)
        usage = usage.with_text(content, name=name)
    return unblended.Evidence(usage, default_cpu=default_cpu, as_of=as_of)


def codes(evidence: unblended.Evidence) -> list[str]:
    return sorted({found["code"] for found in evidence.diagnostics})


def ecs_runs(given: dict[str, Any]) -> Any:
    evidence = read_evidence(given)
    runs = [
        {
            "task": run["task"].rsplit("/", 1)[-1],
            **{key: run[key] for key in ("service", "instance", "cpu", "memory")},
            "start": run["started"],
            "end": run["stopped"],
        }
        for run in evidence.task_runs
    ]
    return {"runs": runs, "diagnostics": codes(evidence)}


def volumes(given: dict[str, Any]) -> Any:
    evidence = read_evidence(given)
    attachments = [
        {"volume": at["volume"], "instance": at["instance"], "start": at["attached"], "end": at["detached"]}
        for at in evidence.attachments
    ]
    return {"attachments": attachments, "diagnostics": codes(evidence)}


class Failed(Exception):
    code: str


def end_to_end(given: dict[str, Any], folder: Path, expect: dict[str, Any]) -> Any:
    args, files = only(given, "args", "files")
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8", newline="")
    done = subprocess.run(
        [sys.executable, "-m", "unblended", *args], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode == 2:
        assert done.stdout == ""
        error = Failed(done.stderr)
        error.code = next(code for code in unblended.error_codes() if code in done.stderr)
        raise error
    output = json.loads(done.stdout)
    got: dict[str, Any] = {"exit": done.returncode, "output": {key: output[key] for key in expect["output"]}}
    if "counts" in expect:
        found = output["diagnostics"]
        got["counts"] = {code: sum(one["count"] for one in found if one["code"] == code) for code in expect["counts"]}
    return got


ADAPTERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "money": money,
    "split": split,
    "split_cost": split_cost,
    "classify": classify,
    "amortization": amortization,
    "finality": finality,
    "ecs_runs": ecs_runs,
    "volumes": volumes,
}


COMMANDS = ("bases", "categories", "commitments", "dialects", "end_to_end", "idle")


def run(vector: Vector, folder: Path) -> Any:
    if vector["stage"] in COMMANDS:
        return end_to_end(vector["input"], folder, vector.get("expect") or {})
    return ADAPTERS[vector["stage"]](vector["input"])


def test_every_vector_gives_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failures: list[str] = []
    counts: dict[str, int] = {}
    for file in sorted(VECTORS.glob("*.json")):
        vectors: list[Vector] = json.loads(file.read_text())
        for at, vector in enumerate(vectors):
            assert vector["stage"] == file.stem
            assert set(vector) <= {"name", "why", "stage", "clause", "input", "expect", "expect_error"}
            folder = tmp_path / f"{file.stem}-{at}"
            folder.mkdir()
            try:
                got = run(vector, folder)
            except (unblended.UnblendedError, Failed) as error:
                got = error.code
            expected = vector["expect_error"]["code"] if vector.get("expect_error") else vector["expect"]
            counts[file.stem] = counts.get(file.stem, 0) + 1
            if got != expected:
                failures.append(f"{file.stem}: {vector['name']}: {got!r} instead of {expected!r}")
    with capsys.disabled():
        print()
        for stage, count in counts.items():
            print(f"{stage}: {count} vectors")
    assert not failures, "\n".join(failures)
    assert counts.keys() == {*ADAPTERS, *COMMANDS}
