"""ECS task runs and container instances (spec 4.1 to 4.3; R13, R15, R17, R19)."""

from __future__ import annotations

import json
from dataclasses import dataclass

import times
from policy import Policy

BEGAN = ("RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED")


@dataclass
class Run:
    """One task's time on its instance: [start, end), with its sizes and owner."""

    task: str
    cluster: str | None
    service: str
    tags: list  # (key, value) of the task
    instance: str | None
    start: int
    end: int
    cpu: int  # CPU units
    memory: int  # MiB


def field_text(value) -> str:
    """The text two values of equal version are compared by (R17)."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


class Task:
    """All that is known of one task ARN: per field the value of the highest version that carries it (R17)."""

    def __init__(self, arn: str):
        self.arn = arn
        self.best = {}  # field -> (version, text, value)
        self.statuses = set()

    def learn(self, fields: dict) -> None:
        """Take in one event, snapshot or table row."""
        version = int(fields.get("version") or 0)
        self.statuses.add(fields.get("lastStatus"))
        for name, value in fields.items():
            if value is None or value == "" or value == []:
                continue
            candidate = (version, field_text(value).encode("utf-8"))
            if name not in self.best or candidate > self.best[name][:2]:
                self.best[name] = (*candidate, value)

    def get(self, name: str):
        """The value of a field, None if no event carried it."""
        return self.best[name][2] if name in self.best else None

    def began(self) -> int | None:
        """When the run began; None if the task never ran (spec 4.1)."""
        started = times.parse_any(self.get("startedAt"))
        if started is not None:
            return started
        if not self.statuses & set(BEGAN) or self.get("stopCode") == "TaskFailedToStart":
            return None
        pulled = times.parse_any(self.get("pullStoppedAt"))
        return pulled if pulled is not None else times.parse_any(self.get("createdAt"))

    def service(self) -> str:
        """NAME of `service:NAME`; else family:NAME from the group or from the task definition (4.3, R19)."""
        group = self.get("group") or ""
        if group.startswith("service:"):
            return group[len("service:") :]
        if group.startswith("family:"):
            return group
        definition = self.get("taskDefinitionArn") or ""
        return "family:" + definition.split("/")[-1].split(":")[0]

    def cpu(self, default: int) -> int:
        """Task CPU units; missing or 0: the sum over its containers, else the default (spec 4.1)."""
        own = int(self.get("cpu") or 0)
        inner = sum(int(one.get("cpu") or 0) for one in self.get("containers") or [])
        return own or inner or default

    def memory(self) -> int:
        """Task memory in MiB; missing or 0: the sum over its containers of what is deducted (domain 5.3)."""
        containers = self.get("containers") or []
        inner = sum(int(one.get("memoryReservation") or one.get("memory") or 0) for one in containers)
        return int(self.get("memory") or 0) or inner

    def tags(self) -> list:
        """The task's own tags as (key, value)."""
        return [(tag["key"], tag["value"]) for tag in self.get("tags") or []]


class Registrations:
    """Container instances: which EC2 instance each is, when it was deregistered, and capacities (4.2; R13)."""

    def __init__(self, records: list[dict]):
        self.instances = {}  # (cluster name or None, id) -> EC2 instance
        self.gone = {}  # (cluster name or None, id) -> times of deregistration
        self.capacities = {}  # EC2 instance -> list of (time, version, {CPU, MEMORY})
        for record in records:
            self.learn(record)

    def learn(self, record: dict) -> None:
        """Take in one event, snapshot entry or table row."""
        instance = record.get("ec2InstanceId")
        if not instance:
            return
        key = registration_key(record["containerInstanceArn"], record.get("clusterArn"))
        self.instances[key] = instance
        if record.get("status") == "INACTIVE" and record["time"] is not None:
            self.gone.setdefault(key, set()).add(record["time"])
        amounts = {
            one["name"]: int(one["integerValue"])
            for one in record.get("registeredResources") or []
            if one["name"] in ("CPU", "MEMORY")
        }
        if amounts:
            at = -1 if record["time"] is None else record["time"]
            entry = (at, int(record.get("version") or 0), sorted(amounts.items()))
            self.capacities.setdefault(instance, []).append(entry)

    def find(self, table: dict, key: tuple):
        """The entry of a container instance; a side whose cluster is unknown joins by the id alone."""
        if key in table:
            return table[key]
        for (cluster, number), value in table.items():
            if number == key[1] and None in (cluster, key[0]):
                return value
        return None

    def registered(self, instance: str, at: int) -> dict:
        """The newest registration at or before a time, else the earliest; a snapshot is older than events (R13)."""
        entries = sorted(self.capacities.get(instance, []))
        before = [entry for entry in entries if entry[0] <= at]
        if before:
            return dict(before[-1][2])
        return dict(entries[0][2]) if entries else {}


def registration_key(arn: str, cluster: str | None) -> tuple:
    """Last segment of the ARN plus the cluster's name, from the cluster ARN or the long ARN form (domain 5.2)."""
    segments = arn.split("/")
    if cluster:
        return (cluster.split("/")[-1], segments[-1])
    return (segments[1] if len(segments) == 3 else None, segments[-1])


def merge_tasks(records: list[dict]) -> dict[str, Task]:
    """All tasks by ARN."""
    tasks = {}
    for record in records:
        arn = record["taskArn"]
        tasks.setdefault(arn, Task(arn)).learn(record)
    return tasks


def is_fargate(task: Task) -> bool:
    """Whether a task ran on Fargate, where rows of the bill carry its ARN (R15): it says so, or it has no host."""
    if task.get("launchType"):
        return task.get("launchType") == "FARGATE"
    return not task.get("containerInstanceArn") and not task.get("instance")


def end_of(task: Task, start: int, instance: str | None, registrations: Registrations, terminated: dict) -> int:
    """Where a run ends: its stop, else deregistration or termination where known, else it stays open (spec 4.1)."""
    stopped = times.parse_any(task.get("stoppedAt"))
    if stopped is not None:
        return stopped
    ends = set(terminated.get(instance, set()))
    container = task.get("containerInstanceArn")
    if container:
        ends |= registrations.find(registrations.gone, registration_key(container, task.get("clusterArn"))) or set()
    return min((end for end in ends if end > start), default=times.OPEN)


def run_of(task: Task, instance: str | None, start: int, end: int, default_cpu: int) -> Run:
    """A task as a run of the given extent."""
    return Run(
        task.arn,
        task.get("clusterArn"),
        task.service(),
        task.tags(),
        instance,
        start,
        end,
        task.cpu(default_cpu),
        task.memory(),
    )


def build_runs(tasks: dict, registrations: Registrations, terminated: dict, policy: Policy) -> list[Run]:
    """The runs of all tasks that ran; `terminated` says when instances were terminated."""
    runs = []
    for task in tasks.values():
        start = task.began()
        if start is None:
            continue
        instance = task.get("instance")
        container = task.get("containerInstanceArn")
        if not instance and container:
            key = registration_key(container, task.get("clusterArn"))
            instance = registrations.find(registrations.instances, key)
        end = end_of(task, start, instance, registrations, terminated)
        runs.append(run_of(task, instance, start, end, policy.default_cpu))
    return runs
