"""Policies, evidence and fees of other periods as Python objects."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import dbr

import unblended

RUN = {"task": "t1", "cluster": "main", "service": "web", "instance": "i-1", "cpu": 1024, "memory": 512,
       "started": "2016-06-01T00:00:00Z", "stopped": "2016-06-02T00:00:00Z"}  # fmt: skip


def test_a_policy_is_a_value(tmp_path: Path) -> None:
    policy = unblended.Policy({"areas": {"tag_keys": ["team"]}})
    assert policy == unblended.Policy.from_toml('[areas]\ntag_keys = ["team"]')
    assert policy == unblended.Policy.from_json(policy.to_json()) == pickle.loads(pickle.dumps(policy))
    assert hash(policy) == hash(unblended.Policy(policy.to_dict()))
    assert policy != unblended.Policy() and policy.digest != unblended.Policy().digest
    assert (policy.basis, policy.tag_keys) == ("unblended", ["team"])
    (tmp_path / "p.toml").write_text('[areas]\ntag_keys = ["team"]')
    (tmp_path / "p.json").write_text(policy.to_json())
    assert unblended.Policy.from_file(tmp_path / "p.toml") == policy == unblended.Policy.from_file(tmp_path / "p.json")


def test_replacing_keeps_what_is_not_named() -> None:
    policy = unblended.Policy({"containers": {"idle": "separate"}})
    changed = policy.replace(containers={"window": "period"}, basis="amortized")
    assert changed.to_dict()["containers"] == {**policy.to_dict()["containers"], "window": "period"}
    assert changed.basis == "amortized" and policy.basis == "unblended"
    with pytest.raises(unblended.ConfigError, match="config.unknown_key.*containers"):
        policy.replace(container={})


def test_unknown_keys_are_refused_with_place_and_suggestion(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text("[areas]\ntag_kyes = []")
    with pytest.raises(unblended.ConfigError, match="did you mean `tag_keys`") as caught:
        unblended.Policy.from_file(path)
    assert caught.value.location == {"file": str(path), "row": 2}
    with pytest.raises(unblended.IoError, match="read.io"):
        unblended.Policy.from_file(tmp_path / "none.toml")


def test_evidence_from_paths_and_texts(tmp_path: Path, month: unblended.DemoFiles) -> None:
    path = tmp_path / "runs.json"
    path.write_text(json.dumps([RUN]))
    usage = unblended.EcsUsage.from_text(json.dumps([RUN]), name="runs.json")
    for given in (path, [path], unblended.EcsUsage(path), unblended.EcsUsage([str(path)]), usage):
        found = unblended.Evidence(given, services={"web": "api"})
        assert [(run["service"], run["cpu"]) for run in found.task_runs] == [("web", 1024)]
        assert found.service_owners[0]["area"] == "api"
        assert found.resources == ["i-1"]
    assert unblended.EcsUsage(path) == unblended.EcsUsage(path) != unblended.EcsUsage()
    assert hash(unblended.EcsUsage(path)) == hash(unblended.EcsUsage(path))
    table = "volume,instance,attached,detached\nvol-1,i-1,2016-06-01T00:00:00Z,\n"
    attached = unblended.Evidence(volumes=unblended.VolumeAttachments.from_text(table, name="v.csv")).attachments
    assert attached == [
        {"volume": "vol-1", "instance": "i-1", "attached": "2016-06-01T00:00:00Z", "detached": None}
    ]
    shown = '{"Volumes": [{"VolumeId": "vol-2", "State": "available", "Attachments": []}]}'
    found = unblended.Evidence(volumes=unblended.VolumeAttachments.from_text(shown, name="v.json"))
    assert found.unattached == ["vol-2"] == found.resources
    whole = unblended.Evidence([month.tasks, month.instances], month.volumes, month.services)
    assert len(whole.task_runs) > 10 and len(whole.attachments) > 3 and len(whole.digest) == 64
    with pytest.raises(unblended.InputError, match="evidence.bad_json.*x.jsonl"):
        unblended.Evidence(unblended.EcsUsage.from_text("{", name="x.jsonl"))


def test_service_maps_in_base64() -> None:
    for encoding, area in (("auto", "api"), ("base64", "api"), ("plain", "YXBp")):
        services = unblended.ServiceMap({"web": "YXBp"}, encoding=encoding)  # type: ignore[arg-type]
        assert unblended.Evidence(services=services).service_owners[0]["area"] == area


def test_fees_of_other_periods(tmp_path: Path) -> None:
    path = tmp_path / "fees.csv"
    path.write_text(
        "payer,billing_period,usage_account,product,kind,commitment_id,start,end,currency,fee\n"
        "111111111111,2015-12,111111111111,Amazon Elastic Compute Cloud,UpfrontFee,1,"
        "2015-12-06 00:00:00,2016-12-05 23:59:59,USD,366\n"
    )
    book = unblended.Reservations(path)
    assert len(book) == 1 and book.to_dicts()[0]["fee"] == 366
    assert book.combine(unblended.Reservations()).digest == book.digest
    bill = unblended.scan(dbr({}))
    for given in (book, path):
        assert bill.attribute(reservations=given).totals.carried_in == 30
    with pytest.raises(unblended.IoError):
        unblended.Reservations(tmp_path / "none.csv")


def test_idle_rows_say_their_reason() -> None:
    row = {"ResourceId": "vol-1", "user:product_area": "data", "UsageType": "EBS:VolumeUsage.gp2"}
    table = "volume,instance,attached,detached\nvol-1,i-1,2016-05-01T00:00:00Z,2016-06-01T00:30:00Z\n"
    evidence = unblended.Evidence(volumes=unblended.VolumeAttachments.from_text(table, name="v.csv"))
    bill = unblended.scan(dbr(row))
    policy = {"volumes": {"detached": "separate"}}
    assert bill.attribute(policy, evidence=evidence).area_costs.to_dicts() == [
        {"product_area": "data", "row_kind": "area", "reason": None, "cost": Decimal("0.5")},
        {"product_area": "data", "row_kind": "idle", "reason": "detached", "cost": Decimal("0.5")},
    ]
    explained = bill.explain(policy, evidence=evidence, reason="detached")
    assert (explained["cost"], explained["contributions"][0]["reason"]) == (Decimal("0.5"), "detached")


def test_pools_and_providers_with_tables_of_files_and_objects(tmp_path: Path) -> None:
    (tmp_path / "keys.csv").write_text("consumer,key\nweb,1\nops,3\n")
    tax = {"ItemDescription": "Tax for product code AmazonS3", "UsageType": "", "UnBlendedCost": "4"}
    refund = {"ItemDescription": "Refund", "UsageType": "", "UnBlendedCost": "-1"}
    bill = unblended.scan(dbr({"user:product_area": "it", "UnBlendedCost": "8"}, tax, refund))
    content = {
        "shared": [
            {"match": {"kind": "Tax"}, "method": "metric", "metric": [{"area": "it", "weight": 1}]},
            {"name": "refunds", "match": {"kind": "Refund"}, "method": "keep"},
        ],
        "providers": [{"area": "it", "keys": str(tmp_path / "keys.csv")}],
    }
    report = bill.attribute(content)
    assert report.area_costs.to_dicts() == [
        {"product_area": None, "row_kind": "shared", "pool": "refunds", "cost": Decimal(-1)},
        {"product_area": "ops", "row_kind": "area", "pool": None, "cost": Decimal(9)},
        {"product_area": "web", "row_kind": "area", "pool": None, "cost": Decimal(3)},
    ]
    hops = [(hop["consumer"], hop["cost"]) for hop in report.reallocations]
    assert hops == [("ops", Decimal(9)), ("web", Decimal(3))]
    (tmp_path / "p.json").write_text(json.dumps({**content, "providers": [{"area": "it", "keys": "keys.csv"}]}))
    policy = unblended.Policy.from_file(tmp_path / "p.json")
    assert bill.attribute(policy).digests == report.digests
    assert bill.explain(policy, pool="refunds")["pools"][0]["charges"][0]["kind"] == "Refund"
    closed = [{"area": "a", "keys": [{"consumer": "b", "key": 1}]}, {"area": "b", "keys": [{"consumer": "a", "key": 1}]}]
    with pytest.raises(unblended.ConfigError, match="attribute.closed_cycle"):
        unblended.Policy({"providers": closed})
