"""Evidence files of any shape, cut into records (spec 4; R17).

A record is (sort, content): `task` (fields of one task at one version), `registration` (a container instance),
`attach`, `detach`, `terminate`, `delete`, `attachment` (a snapshot's), `multi` (a Multi-Attach volume), `volume_row`
(normalized table), `name` (a resource merely named).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from decimal import Decimal

import rows
import times


def read_bytes(path: str) -> str:
    """The text of a file, gzip or plain."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return data.decode("utf-8")


def documents(text: str) -> list:
    """The JSON documents of a text: one per line, an array, or concatenated; else the rows of a CSV table."""
    if text.lstrip()[:1] not in ("{", "["):
        return list(csv.DictReader(io.StringIO(text, newline="")))
    decoder = json.JSONDecoder(parse_float=Decimal)
    found = []
    position = 0
    while True:
        position = re.compile(r"[\s,]*").match(text, position).end()
        if position == len(text):
            return found
        document, position = decoder.raw_decode(text, position)
        found.extend(document if isinstance(document, list) else [document])


def records(paths: list[str]) -> list[tuple[str, dict]]:
    """All records of all files; each goes to the evidence it belongs to, whatever option named its file (R17)."""
    found = []
    for path in paths:
        for document in documents(read_bytes(path)):
            found.extend(dispatch(document))
    return found


def dispatch(document: dict) -> list[tuple[str, dict]]:
    """The records of one document, by its shape."""
    if "detail-type" in document:
        return from_event(document)
    if "Records" in document:
        return [record for event in document["Records"] for record in from_call(event, event.get("eventTime"))]
    if "tasks" in document:
        return [("task", task) for task in document["tasks"]]
    if "containerInstances" in document:
        return [("registration", {"time": None, **one}) for one in document["containerInstances"]]
    if "Volumes" in document:
        return [record for volume in document["Volumes"] for record in from_volume(volume)]
    if "Reservations" in document:
        instances = [one for reservation in document["Reservations"] for one in reservation["Instances"]]
        return [record for instance in instances for record in from_instance(instance)]
    if "container_instance" in document:
        return [("registration", registration_row(document))]
    if "task" in document:
        return [("task", task_row(document))]
    if "volume" in document:
        return [("volume_row", document)]
    return []


def from_event(event: dict) -> list[tuple[str, dict]]:
    """The records of one EventBridge event (domain 5, 6)."""
    detail = event["detail"]
    sort = event["detail-type"]
    if sort == "ECS Task State Change":
        return [("task", detail)]
    if sort == "ECS Container Instance State Change":
        return [("registration", {**detail, "time": times.parse_any(event["time"])})]
    if sort == "EC2 Instance State-change Notification":
        if detail["state"] == "terminated":
            return [("terminate", {"instance": detail["instance-id"], "time": times.parse_any(event["time"])})]
        return [("name", {"resource": detail["instance-id"]})]
    if sort == "EBS Volume Notification":
        if detail.get("event") == "deleteVolume" and detail.get("result") == "deleted":
            time = times.parse_any(event["time"])
            return [("delete", {"volume": rows.bare_id(name), "time": time}) for name in event["resources"]]
        return []
    if sort == "AWS API Call via CloudTrail":
        return from_call(detail, detail.get("eventTime") or event["time"])
    return []


def from_call(call: dict, time) -> list[tuple[str, dict]]:
    """The records of one CloudTrail call; failed calls say nothing (spec 4.4)."""
    if call.get("errorCode"):
        return []
    asked = call.get("requestParameters") or {}
    answer = call.get("responseElements") or {}
    at = times.parse_any(time)
    if call["eventName"] in ("AttachVolume", "DetachVolume"):
        record = {
            "volume": answer.get("volumeId") or asked.get("volumeId"),
            "instance": answer.get("instanceId") or asked.get("instanceId"),
            "time": at,
            "attached": times.parse_any(answer.get("attachTime")),
        }
        return [("attach" if call["eventName"] == "AttachVolume" else "detach", record)]
    if call["eventName"] == "TerminateInstances":
        items = (asked.get("instancesSet") or answer.get("instancesSet") or {}).get("items", [])
        return [("terminate", {"instance": item["instanceId"], "time": at}) for item in items]
    if call["eventName"] == "DeleteVolume":
        return [("delete", {"volume": asked["volumeId"], "time": at})]
    return []


def from_volume(volume: dict) -> list[tuple[str, dict]]:
    """The records of one volume of describe-volumes."""
    found = [("name", {"resource": volume["VolumeId"]})]
    found.append(("state", {"volume": volume["VolumeId"], "state": volume.get("State")}))
    if volume.get("MultiAttachEnabled"):
        found.append(("multi", {"volume": volume["VolumeId"]}))
    for attachment in volume.get("Attachments", []):
        if not attachment.get("InstanceId") or attachment.get("State") == "detached":
            continue
        time = times.parse_any(attachment["AttachTime"])
        one = {"volume": volume["VolumeId"], "instance": attachment["InstanceId"], "time": time}
        found.append(("attachment", one))
    return found


def from_instance(instance: dict) -> list[tuple[str, dict]]:
    """The records of one instance of describe-instances."""
    found = [("name", {"resource": instance["InstanceId"]})]
    for mapping in instance.get("BlockDeviceMappings", []):
        if "Ebs" in mapping:
            time = times.parse_any(mapping["Ebs"]["AttachTime"])
            one = {"volume": mapping["Ebs"]["VolumeId"], "instance": instance["InstanceId"], "time": time}
            found.append(("attachment", one))
    return found


def task_row(row: dict) -> dict:
    """A row of the normalized task table as the fields of a task at version 0 (R17)."""
    service = row.get("service") or ""
    named = service.startswith("family:") or not service
    return {
        "taskArn": row["task"],
        "clusterArn": row.get("cluster"),
        "group": service if named else f"service:{service}",
        "instance": row.get("instance"),
        "cpu": row.get("cpu"),
        "memory": row.get("memory"),
        "startedAt": row.get("started"),
        "stoppedAt": row.get("stopped"),
        "version": 0,
    }


def registration_row(row: dict) -> dict:
    """A row of the normalized instance table as an untimed registration (R13)."""
    resources = [
        {"name": name, "integerValue": int(row[column])}
        for name, column in (("CPU", "cpu"), ("MEMORY", "memory"))
        if row.get(column) not in (None, "")
    ]
    return {
        "containerInstanceArn": row["container_instance"],
        "clusterArn": row.get("cluster"),
        "ec2InstanceId": row["instance"],
        "registeredResources": resources,
        "time": None,
    }
