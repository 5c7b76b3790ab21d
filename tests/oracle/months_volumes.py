"""Writing what became of volumes and instances: CloudTrail events, notifications, snapshots, tables."""

from __future__ import annotations

import times
from months_evidence import Documents, epoch, iso
from months_world import Volume, World


def call(world: World, out: Documents, name: str, time: int, account: str, asked: dict, answer, error=None) -> None:
    """One CloudTrail call as an EventBridge event."""
    detail = {
        "eventVersion": "1.05",
        "eventID": world.hex(16),
        "eventTime": times.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "requestParameters": asked,
        "responseElements": answer,
    }
    if error:
        detail["errorCode"] = error
        detail["errorMessage"] = "no"
    out.event("volumes", "AWS API Call via CloudTrail", time, account, "us-west-2", [], detail)
    world.note("shape:CloudTrail calls")


def attach(world: World, out: Documents, volume: Volume, instance, time: int) -> None:
    """An AttachVolume call."""
    asked = {"volumeId": volume.id, "instanceId": instance.id, "device": "/dev/sdh"}
    answer = {**asked, "requestId": world.hex(8), "status": "attaching", "attachTime": time}
    call(world, out, "AttachVolume", time, volume.account, asked, answer)


def detach(world: World, out: Documents, volume: Volume, instance, attached: int | None, time: int) -> None:
    """A DetachVolume call; the instance may be only in the answer, the attach time may be told or not."""
    answer = {"volumeId": volume.id, "instanceId": instance.id, "status": "detaching"}
    if attached is not None:
        answer["attachTime"] = attached
    asked = {"volumeId": volume.id, "force": False}
    if world.chance(0.5):
        asked["instanceId"] = instance.id
    call(world, out, "DetachVolume", time, volume.account, asked, answer)


def noise(world: World, out: Documents, volume: Volume) -> None:
    """Calls that failed, and events that say nothing about attachments."""
    instance = world.random.choice(world.instances)
    asked = {"volumeId": volume.id, "instanceId": instance.id}
    name = world.random.choice(("AttachVolume", "DetachVolume", "DeleteVolume"))
    call(world, out, name, world.moment() // 1000 * 1000, volume.account, asked, None, "Client.VolumeInUse")
    world.note("volume:failed call")
    if volume.spans:
        one = volume.spans[0][0]
        detail = {"instance-id": one.id, "state": "running"}
        sort = "EC2 Instance State-change Notification"
        out.event("volumes", sort, world.moment(), one.account, one.region, [], detail)


def attachment(world: World, volume: Volume, instance, time: int) -> dict:
    """An attachment as describe-volumes lists it."""
    return {
        "VolumeId": volume.id,
        "InstanceId": instance.id,
        "Device": "/dev/xvda",
        "State": "attached",
        "AttachTime": epoch(world, time),
        "DeleteOnTermination": True,
    }


def described(world: World, volume: Volume, spans: list) -> dict:
    """A volume as describe-volumes lists it."""
    return {
        "VolumeId": volume.id,
        "Size": 8,
        "VolumeType": "gp2",
        "State": "in-use" if spans else "available",
        "MultiAttachEnabled": volume.scenario == "multi",
        "Attachments": [attachment(world, volume, one, first) for one, first, _ in spans],
    }


def tell_volume(world: World, out: Documents, volume: Volume, rows: list, found: list) -> None:
    """One volume's story: calls into `out`, table rows into `rows`, snapshot entries into `found`."""
    scenario = volume.scenario
    if scenario == "none" and world.chance(0.5):
        return
    if scenario == "table":
        for one, first, last in volume.spans:
            detached = iso(world, last) if last else ""
            row = {"volume": volume.id, "instance": one.id, "attached": iso(world, first), "detached": detached}
            rows.append(row)
        return
    if scenario in ("snapshot", "none"):
        found.append(described(world, volume, volume.spans))
        return
    if scenario == "multi":
        found.append(described(world, volume, [span for span in volume.spans if span[2] is None]))
    for index, (one, first, last) in enumerate(volume.spans):
        final = index == len(volume.spans) - 1
        seen = scenario != "missed attach" or (final and last is None) or world.chance(0.4)
        if seen:
            attach(world, out, volume, one, first)
            lasting = (last is None or last - first > 2000) and not one.terminated and not volume.deleted
            if final and lasting and world.chance(0.15):
                attach(world, out, volume, one, first + 1000)
                world.note("volume:attach of an attached pair")
        if last is not None and (scenario != "missed detach"):
            told = None if seen and world.chance(0.2) else first
            detach(world, out, volume, one, told, last)
        elif scenario == "move" and world.chance(0.4):
            found.append(described(world, volume, [(one, first, last)]))
            world.note("volume:snapshot beside events")
    if volume.deleted:
        tell_deletion(world, out, volume)
    if world.chance(0.3):
        noise(world, out, volume)


def tell_deletion(world: World, out: Documents, volume: Volume) -> None:
    """A volume's deletion, by call or by notification."""
    if world.chance(0.5):
        call(world, out, "DeleteVolume", volume.deleted, volume.account, {"volumeId": volume.id}, {"_return": True})
        return
    arn = f"arn:aws:ec2:us-west-2:{volume.account}:volume/{volume.id}"
    detail = {"event": "deleteVolume", "result": "deleted", "cause": "", "request-id": world.hex(8)}
    out.event("volumes", "EBS Volume Notification", volume.deleted, volume.account, "us-west-2", [arn], detail)
    world.note("shape:EBS notification")


def tell_terminations(world: World, out: Documents, named: set) -> None:
    """Terminations of instances that other evidence names, by call, by notification or by both."""
    for one in world.instances:
        if not one.terminated or one.id not in named:
            continue
        style = world.random.randrange(3)
        second = one.terminated // 1000 * 1000
        if style != 1:
            items = {"instancesSet": {"items": [{"instanceId": one.id}]}}
            call(world, out, "TerminateInstances", second, one.account, items, items)
        if style != 0:
            detail = {"instance-id": one.id, "state": "terminated"}
            sort = "EC2 Instance State-change Notification"
            time = one.terminated if style == 1 else one.terminated + 61_000
            out.event("volumes", sort, time, one.account, one.region, [], detail)


def tell_volumes(world: World, out: Documents, known: set) -> None:
    """All volumes and terminations; `known` are the instances that other evidence already names."""
    rows = []
    found = []
    for volume in world.volumes:
        tell_volume(world, out, volume, rows, found)
    inner = []
    for volume in found:
        one_disk = volume["Attachments"][0] if len(volume["Attachments"]) == 1 else None
        if one_disk and not volume["MultiAttachEnabled"] and world.chance(0.3):
            ebs = {"VolumeId": volume["VolumeId"], "AttachTime": one_disk["AttachTime"], "Status": "attached"}
            inner.append(
                {"InstanceId": one_disk["InstanceId"], "BlockDeviceMappings": [{"DeviceName": "x", "Ebs": ebs}]}
            )
            world.note("shape:describe-instances")
        else:
            out.add("volumes", {"Volumes": [volume]})
            world.note("shape:describe-volumes")
    if inner:
        out.add("volumes", {"Reservations": [{"ReservationId": "r-1", "Instances": inner}]})
    out.table("volumes", ["volume", "instance", "attached", "detached"], rows)
    named = known | {span[0].id for volume in world.volumes for span in volume.spans}
    tell_terminations(world, out, named)
