"""Writing the evidence of a made-up month: events, snapshots, tables and the service map, in every shape."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import os
from decimal import Decimal

import times
from months_world import HOUR, World


def iso(world: World, ms: int) -> str:
    """A time as events write it: Z, an offset, with or without milliseconds, or digits finer than those."""
    style = world.random.randrange(5)
    if style == 0:
        moment = times.to_datetime(ms + 2 * HOUR)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}+02:00"
    text = times.to_datetime(ms).strftime("%Y-%m-%dT%H:%M:%S")
    if style == 1:
        return text + f".{ms % 1000:03d}{world.random.randrange(10**6):06d}Z"
    if ms % 1000 == 0 and style > 2:
        return text + "Z"
    return text + f".{ms % 1000:03d}Z"


def epoch(world: World, ms: int):
    """A time as the CLI may print it: epoch seconds with decimals, or ISO text."""
    return Decimal(ms) / 1000 if world.chance(0.5) else iso(world, ms)


class Documents:
    """JSON documents and CSV tables of the month, each with the option that names its file."""

    def __init__(self, world: World, folder: str):
        self.world = world
        self.folder = folder
        self.documents = {"tasks": [], "instances": [], "volumes": []}
        self.paths = {"tasks": [], "instances": [], "volumes": []}
        self.number = 0

    def event(self, option: str, sort: str, time: int, account: str, region: str, resources: list, detail) -> None:
        """One EventBridge event, sometimes delivered twice or in a file of another kind of evidence."""
        world = self.world
        document = {
            "version": "0",
            "id": world.hex(12),
            "detail-type": sort,
            "source": "aws.ecs" if sort.startswith("ECS") else "aws.ec2",
            "account": account,
            "time": iso(world, time),
            "region": region,
            "resources": resources,
            "detail": detail,
        }
        if world.chance(0.05):
            option = world.random.choice(("tasks", "instances", "volumes"))
            world.note("shape:mixed evidence in one file")
        self.add(option, document)
        if world.chance(0.15):
            self.add(option, document)
            world.note("shape:duplicate event")

    def add(self, option: str, document) -> None:
        """One JSON document."""
        self.documents[option].append(document)

    def write(self, option: str, text: str, extension: str) -> None:
        """One file, gzip or plain, to be given by an option."""
        self.number += 1
        path = os.path.join(self.folder, f"{option}{self.number}.{extension}")
        if self.world.chance(0.25):
            self.world.note("shape:gzip")
            path += ".gz"
            with open(path, "wb") as file:
                middle = len(text) // 2 if self.world.chance(0.3) else len(text)
                for piece in (text[:middle], text[middle:]):
                    if piece or middle:
                        file.write(gzip.compress(piece.encode("utf-8"), mtime=0))
        else:
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        self.paths[option].append(path)

    def table(self, option: str, columns: list, rows: list) -> None:
        """A normalized table: CSV, or a JSON array of the same names."""
        if not rows:
            return
        if self.world.chance(0.6):
            self.write(option, csv_text(self.world, columns, rows), "csv")
            self.world.note(f"shape:{option} table csv")
        else:
            self.write(option, json.dumps(rows), "json")
            self.world.note(f"shape:{option} table json")

    def flush(self) -> dict:
        """All documents, shuffled, cut into files of random shapes; the paths by option."""
        for option, documents in self.documents.items():
            self.world.random.shuffle(documents)
            while documents:
                count = self.world.random.randint(1, max(1, len(documents)))
                chunk, documents[:count] = documents[:count], []
                self.write_shape(option, chunk)
        return {option: paths for option, paths in self.paths.items() if paths}

    def write_shape(self, option: str, chunk: list) -> None:
        """Some documents as one file."""
        style = self.world.random.choice(("lines", "array", "pretty", "concatenated", "one"))
        texts = [dump(one) for one in chunk]
        if style == "lines":
            self.write(option, "\n".join(texts) + self.world.random.choice(("", "\n", "\n\n")), "jsonl")
        elif style == "array":
            self.write(option, "[" + ",".join(texts) + "]", "json")
        elif style == "pretty":
            self.write(option, "[\n  " + ",\n  ".join(dump(one, 2) for one in chunk) + "\n]\n", "json")
        elif style == "concatenated":
            self.write(option, "".join(texts), "json")
        else:
            for text in texts[1:]:
                self.write(option, text, "json")
            self.write(option, dump(chunk[0], 1) + "\n", "json")
        self.world.note(f"shape:{style}")


def dump(document, indent=None) -> str:
    """JSON text with Decimal numbers written as they are."""
    marks = []

    def plain(value):
        marks.append(str(value))
        return f"\x00{len(marks) - 1}\x00"

    text = json.dumps(document, default=plain, indent=indent, ensure_ascii=bool(len(str(document)) % 2))
    for index, number in enumerate(marks):
        text = text.replace(f'"\\u0000{index}\\u0000"', number)
    return text


def csv_text(world: World, columns: list, rows: list) -> str:
    """CSV with a header in any order of columns."""
    columns = world.random.sample(columns, len(columns))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "" if row.get(name) is None else row[name] for name in columns})
    return out.getvalue()


def container_arn(world: World, one, long: bool | None = None) -> str:
    """A container instance's ARN in its long or short form."""
    region, account = one.cluster.split(":")[3:5]
    middle = one.cluster.split("/")[-1] + "/"
    if one.bare or not (world.chance(0.6) if long is None else long):
        middle = ""
        world.note("shape:short container instance ARN")
    return f"arn:aws:ecs:{region}:{account}:container-instance/{middle}{one.container}"


def tell_instances(world: World, out: Documents) -> set:
    """Container instances by events, snapshot or table; returns the ids of instances with a known registration."""
    style = world.random.choice(("events", "events", "describe", "both", "table"))
    known = set()
    rows = []
    snapshot = []
    for one in world.instances:
        if not one.cluster or world.chance(0.05):
            continue
        known.add(one.id)
        if style in ("events", "both"):
            tell_registrations(world, out, one)
        if style in ("describe", "both"):
            snapshot.append(registration(world, one, one.cpu + (5 if style == "both" else 0), one.memory, 3, "ACTIVE"))
        if style == "table":
            rows.append(
                {
                    "container_instance": container_arn(world, one, long=True),
                    "cluster": world.random.choice((one.cluster, one.cluster.split("/")[-1])),
                    "instance": one.id,
                    "cpu": one.cpu,
                    "memory": one.memory,
                }
            )
        elif one.deregistered and style == "describe":
            deregister(world, out, one)
    if snapshot:
        out.add("instances", {"containerInstances": snapshot, "failures": []})
        world.note("shape:describe-container-instances")
    out.table("instances", ["container_instance", "cluster", "instance", "cpu", "memory"], rows)
    return known


def registration(world: World, one, cpu: int, memory: int, version: int, status: str) -> dict:
    """The detail of a container instance."""
    resources = [
        {"name": "CPU", "type": "INTEGER", "integerValue": cpu},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": memory},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375"]},
    ]
    long = world.chance(0.6)
    detail = {
        "containerInstanceArn": container_arn(world, one, long),
        "ec2InstanceId": one.id,
        "status": status,
        "agentConnected": True,
        "version": version,
        "registeredResources": resources,
        "remainingResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 1}],
    }
    if one.bare:
        world.note("shape:container instance without cluster")
    elif not long or world.chance(0.5):
        detail["clusterArn"] = one.cluster
    return detail


def deregister(world: World, out: Documents, one) -> None:
    """The event of a deregistration."""
    detail = registration(world, one, one.cpu, one.memory, 90, "INACTIVE")
    sort = "ECS Container Instance State Change"
    out.event("instances", sort, one.deregistered, one.account, one.region, [], detail)


def tell_registrations(world: World, out: Documents, one) -> None:
    """State change events of a container instance, sometimes with changing capacity."""
    moments = sorted({world.moment() for _ in range(world.random.randint(1, 3))})
    if world.chance(0.5):
        moments[0] = world.begin - HOUR
    version = 1
    for moment in moments:
        if one.deregistered and moment >= one.deregistered:
            continue
        detail = registration(world, one, one.cpu, one.memory, version, "ACTIVE")
        out.event("instances", "ECS Container Instance State Change", moment, one.account, one.region, [], detail)
        world.note("shape:container instance events")
        version += 1
        if world.chance(0.4):
            one.cpu += world.random.choice((1, 1024))
            one.memory += world.random.choice((1, 1000))
            world.note("instance:capacity changes")
    if one.deregistered:
        deregister(world, out, one)


def task_detail(world: World, task, version: int, status: str, describe: bool) -> dict:
    """The fields of a task at one state."""
    when = epoch if describe else iso
    detail = {
        "taskArn": task.arn,
        "clusterArn": task.cluster,
        "taskDefinitionArn": f"arn:aws:ecs:us-west-2:1:task-definition/{task.family}:{world.random.randint(1, 3)}",
        "launchType": "EC2" if task.instance else "FARGATE",
        "lastStatus": status,
        "desiredStatus": "STOPPED" if status == "STOPPED" else "RUNNING",
        "createdAt": when(world, task.created),
        "version": version,
        "containers": [{"name": f"c{index}", "cpu": cpu} for index, cpu in enumerate(task.containers)],
    }
    if task.group is not None:
        detail["group"] = task.group
    if task.cpu is not None:
        detail["cpu"] = str(task.cpu)
    if task.memory is not None:
        detail["memory"] = str(task.memory)
    if task.instance:
        detail["containerInstanceArn"] = container_arn(world, task.instance)
    if task.tags:
        detail["tags"] = [{"key": world.spelled(key), "value": value} for key, value in task.tags.items()]
        world.note("task:own tags")
    ran = status in ("RUNNING", "STOPPED") and not task.failed
    if ran and task.known == "full":
        detail["startedAt"] = when(world, task.started)
    if ran and task.known == "pull":
        detail["pullStoppedAt"] = when(world, task.started - 10)
    if status == "STOPPED":
        detail["stoppedAt"] = when(world, task.stopped)
        detail["stopCode"] = "TaskFailedToStart" if task.failed else "EssentialContainerExited"
    return detail


def states_of(world: World, task) -> list:
    """The (version, status, time) that events tell, some of them missing."""
    begin = task.started or task.created
    states = [(1, "PENDING", task.created), (3, "RUNNING", begin)]
    if task.stopped:
        states.append((6, "STOPPED", task.stopped))
    if task.failed:
        states = [states[0], states[-1]]
    if task.known == "pending":
        return states[:1]
    if len(states) > 1 and world.chance(0.3):
        states.remove(world.random.choice(states[:-1]))
    return states


def tell_tasks(world: World, out: Documents) -> None:
    """Tasks by events, by describe-tasks, by both or by table."""
    rows = []
    snapshot = []
    for task in world.tasks:
        style = world.random.choice(("events", "events", "events", "describe", "both", "table"))
        states = states_of(world, task)
        unfit = task.instance is None or task.failed or task.known != "full" or task.tags
        if style == "table" and (unfit or (task.stopped is None and task.instance.deregistered)):
            style = "events"
        if style in ("events", "both"):
            for version, status, time in states:
                detail = task_detail(world, task, version, status, False)
                if version == 1 and world.chance(0.1):
                    detail["cpu"] = "99"  # an older version's value that a newer one corrects or keeps
                account, region = task.cluster.split(":")[4], task.cluster.split(":")[3]
                out.event("tasks", "ECS Task State Change", time, account, region, [task.arn], detail)
                if world.chance(0.05):
                    other = {**detail, "cpu": world.random.choice(("96", "2048", "300")), "group": detail.get("group")}
                    out.event("tasks", "ECS Task State Change", time, account, region, [task.arn], other)
                    world.note("task:equal versions that differ")
            world.note("shape:task events")
        if style in ("describe", "both"):
            version, status, _ = states[-1]
            version += 1 if world.chance(0.5) else 0
            snapshot.append(task_detail(world, task, version, status, True))
            world.note("shape:describe-tasks")
        if style == "table":
            rows.append(task_row(world, task))
    for start in range(0, len(snapshot), 3):
        out.add("tasks", {"tasks": snapshot[start : start + 3], "failures": []})
    out.table("tasks", ["task", "cluster", "service", "instance", "cpu", "memory", "started", "stopped"], rows)


def task_row(world: World, task) -> dict:
    """A task as a row of the normalized table."""
    group = task.group or ""
    service = group.removeprefix("service:") if group.startswith("service:") else f"family:{task.family}"
    return {
        "task": task.arn,
        "cluster": world.random.choice((task.cluster, task.cluster.split("/")[-1])),
        "service": service,
        "instance": task.instance.id,
        "cpu": None if task.cpu is None else str(task.cpu),
        "memory": None if task.memory is None else str(task.memory),
        "started": iso(world, task.started),
        "stopped": iso(world, task.stopped) if task.stopped else "",
    }


def tell_services(world: World, folder: str) -> str | None:
    """The service map in one of its forms; the path, or None."""
    random = world.random
    if world.chance(0.1):
        return None
    mapped = [name for name in [*world.services, "family:cron", "family:batch"] if world.chance(0.75)] or ["other"]
    areas = [area for area in ("website", "api-core", "internal", "warehouses", "Data Science", "a") for _ in (0, 1)]
    plain = {name: random.choice(areas) for name in mapped}
    if world.chance(0.35):
        plain = {name: base64.b64encode(area.encode()).decode() for name, area in plain.items()}
        world.note("map:base64")
    else:
        plain.setdefault("zz-other", "api-core")  # no base64: the whole map is plain
        world.note("map:plain")
    style = random.choice(("json", "json", "toml", "array", "csv"))
    world.note(f"map:{style}")
    path = os.path.join(folder, "services." + ("json" if style == "array" else style))
    rows = [{"service": name, "area": area} for name, area in plain.items()]
    if style in ("array", "csv"):
        rows += extra_entries(world, rows)
        random.shuffle(rows)
    with open(path, "w", encoding="utf-8") as file:
        if style == "json":
            file.write(json.dumps(plain))
        elif style == "toml":
            file.write("[services]\n" + "".join(f"{json.dumps(k)} = {json.dumps(v)}\n" for k, v in plain.items()))
        elif style == "array":
            file.write(json.dumps(rows))
        else:
            file.write(csv_text(world, ["service", "area", "cluster", "account", "from", "to"], rows))
    return path


def extra_entries(world: World, rows: list) -> list:
    """More specific entries, and validity dates on some; at most one entry per service and specificity."""
    random = world.random
    extra = []
    areas = [row["area"] for row in rows]
    for row in rows:
        cluster = random.choice(world.clusters)
        if world.chance(0.3):
            named = random.choice((cluster, cluster.split("/")[-1]))
            extra.append({"service": row["service"], "area": random.choice(areas), "cluster": named})
            world.note("map:cluster")
        if world.chance(0.2):
            account = random.choice(world.accounts)
            extra.append({"service": row["service"], "area": random.choice(areas), "account": account})
            world.note("map:account")
        if world.chance(0.15):
            both = {"cluster": cluster, "account": cluster.split(":")[4]}
            extra.append({"service": row["service"], "area": random.choice(areas), **both})
            world.note("map:cluster and account")
    for row in [*rows, *extra]:
        if world.chance(0.25):
            first = ("2015-01", world.period, world.period + "-01", world.period + "-02", "2019-05-01")
            row["from"] = random.choice(first)
            world.note("map:dates")
        if world.chance(0.2):
            last = random.choice(("2019-01", world.period, world.period + "-02", "2015-01-15"))
            # An entry that ends before it starts is refused by the program.
            row["to"] = last if last >= row.get("from", "") else "2019-06"
    return extra
