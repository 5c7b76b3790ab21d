"""Split cost allocation data: sums by instance and service, a split by them, and the comparison with ours (R67 to R69)."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import containers
import money
import services
from policy import Policy

TASK_ARN = re.compile(r"(arn:[^:]*:ecs:[^:]*:[^:]*):task/(?:([^/]*)/)?[^/]*\Z")
ROUNDED = Fraction(10**10)  # 10^-8 in units
HOUR = 3_600_000
KIND = 5  # where the identity of a charge has the type as written, mapped or not
COVERED = ("DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation")


@dataclass
class SplitRow:
    """What one excluded row says (R67)."""

    parent: str
    cluster: str
    service: str
    split: int
    unused: int


def of_cells(basis: str, cell, tag, bare_id) -> SplitRow:
    """The columns of a row; in net bases net cells first, then gross ones."""
    net = basis.startswith("net_")

    def amount(name: str) -> int:
        names = ((f"splitLineItem/Net{name}",) if net else ()) + (f"splitLineItem/{name}",)
        return money.parse(cell(*names) or "0")

    parent = cell("splitLineItem/ParentResourceId")
    parent = "" if parent.lower() == "null" else bare_id(parent)
    return SplitRow(parent, tag("aws:ecs:clusterName"), tag("aws:ecs:serviceName"), amount("SplitCost"), amount("UnusedCost"))


def cluster_of(name: str, task: str) -> str:
    """The cluster's ARN by the task's, with the name of the tag where there is one."""
    match = TASK_ARN.match(task)
    if not match:
        return name
    name = name or match.group(2) or ""
    return f"{match.group(1)}:cluster/{name}" if name else ""


def service_of(row, evidence) -> tuple[str, str]:
    """Cluster and service of a row: tag, the task's run, else the task itself."""
    said = row.split_data
    if said.service:
        return cluster_of(said.cluster, row.resource), said.service
    for run in [*evidence.runs, *evidence.owners.values()]:
        if row.resource and run.task == row.resource:
            return run.cluster, run.service
    return cluster_of(said.cluster, row.resource), row.resource


class AwsSplit:
    """Weights of services by instance (R68)."""

    def __init__(self, rows: list, evidence, entries: list, policy: Policy, period: str):
        self.entries, self.period = entries, period
        sums = defaultdict(lambda: defaultdict(int))
        for row in rows:
            if row.split_data.parent:
                key = self.key(row, service_of(row, evidence), policy)
                sums[row.split_data.parent][key] += row.split_data.split + row.split_data.unused
        self.weights = {
            instance: {key: max(sum_, 0) for key, sum_ in found.items()}
            for instance, found in sums.items()
            if any(sum_ > 0 for sum_ in found.values())
        }

    def key(self, row, service: tuple, policy: Policy) -> tuple:
        """(cluster, service, area of the row's own tags where the map names none)."""
        cluster, name = service
        if services.area_of(self.entries, name, cluster, self.period) is not None:
            return (cluster, name, "")
        values = [policy.row_tag(row, key) for key in policy.tag_keys]
        value = ([value for value in values if value] + [""])[0]
        return (cluster, name, policy.area(value) if value else "")

    def share(self, amount: int, instance: str) -> dict | None:
        """An amount on an instance by service key; None where the data says nothing of the instance."""
        weights = self.weights.get(instance)
        return money.split(amount, weights, containers.weight_order) if weights else None


def short(cluster: str) -> str:
    """A cluster's name."""
    return cluster.rsplit("/", 1)[-1]


@dataclass
class Sums:
    """One service on one instance."""

    ours: int | None = None
    scad: int | None = None
    cpu: int = 0
    rows: int = 0


@dataclass
class Host:
    """One instance."""

    sums: dict = field(default_factory=lambda: defaultdict(Sums))
    covered: bool = False
    idle: bool = False
    empty: bool = False


class Check:
    """Our split beside AWS's (R69)."""

    def __init__(self, rows: list, evidence, policy: Policy):
        self.policy = policy
        self.hosts = defaultdict(Host)
        self.others = defaultdict(int)
        for row in rows:
            cluster, service = service_of(row, evidence)
            sums = self.hosts[row.split_data.parent].sums[(short(cluster), service)]
            total = row.split_data.split + row.split_data.unused
            sums.scad = (sums.scad or 0) + total
            sums.cpu += total if row.usage_type.endswith("vCPU-Hours") else 0
            sums.rows += 1

    @staticmethod
    def covers(charge, instance: str) -> bool:
        """Whether AWS's data covers what the charge is for."""
        kind = charge.untimed[KIND]
        usage = kind in ("Usage", *COVERED) or kind.endswith("Discount")
        return charge.resource == instance and usage and containers.running_type(charge.usage_type)[0]

    def service(self, charge, instance: str, key: tuple, amount: int) -> None:
        """A part that went to a service."""
        who = (short(key[0]), key[1])
        if instance and self.covers(charge, instance):
            sums = self.hosts[instance].sums[who]
            sums.ours = (sums.ours or 0) + amount
        else:
            self.others[who] += amount

    def idle(self, charge, instance: str, amount: int, ran: bool) -> None:
        """A part of an instance's own charge that is kept apart though tasks ran."""
        if ran and amount != 0 and self.covers(charge, instance):
            self.hosts[instance].idle = True

    def charge(self, charge, instance: str, places: containers.Containers) -> None:
        """What an instance's own charge may be split otherwise for."""
        if not self.covers(charge, instance):
            return
        host = self.hosts[instance]
        host.covered |= charge.untimed[KIND] in COVERED
        start, end = charge.interval or (None, None)
        if start is None or end is None:
            return
        counts = self.policy.window == "period" or places.overlapping(instance, [(start, end)])
        first, last = start // HOUR, max(end - 1, start - 1) // HOUR
        if counts and any(
            not places.overlapping(instance, [(hour * HOUR, (hour + 1) * HOUR)]) for hour in range(first, last + 1)
        ):
            host.empty = True

    def table(self) -> list:
        """The rows, sorted."""
        found = defaultdict(lambda: [None, None, set()])
        for host in self.hosts.values():
            for who, sums in host.sums.items():
                row = found[who]
                row[0] = row[0] if sums.ours is None else (row[0] or 0) + sums.ours
                row[1] = row[1] if sums.scad is None else (row[1] or 0) + sums.scad
                row[2] |= set(self.reasons(host, who, sums))
        for who in self.others:
            found[who]
        rows = []
        for who in sorted(found, key=money.key_bytes):
            ours, scad, why = found[who]
            difference = (ours or 0) - (scad or 0)
            if len(why) > 1 or difference == 0:
                why = why - {"rounding"}
            costs = {"ours": ours or 0, "ours_volumes": self.others.get(who, 0), "scad": scad or 0, "difference": difference}
            texts = {name: money.text(cost) for name, cost in costs.items()}
            rows.append({"cluster": who[0], "service": who[1], **texts, "why": sorted(why)})
        return rows

    def reasons(self, host: Host, who: tuple, sums: Sums) -> list:
        """Why the two differ for a service on one instance."""
        difference = (sums.ours or 0) - (sums.scad or 0)
        if abs(difference) <= sums.rows * ROUNDED:
            return ["rounding"] if difference else []
        if sums.ours is None:
            return ["only_scad"]
        if sums.scad is None:
            return ["only_ours"]
        every = list(host.sums.values())
        total = sum(one.ours or 0 for one in every)
        found = []
        if abs(total - sum(one.scad or 0 for one in every)) > sum(one.rows for one in every) * ROUNDED:
            known = {
                "basis": host.covered and self.policy.basis not in ("amortized", "net_amortized"),
                "idle": host.idle,
                "host_hours_without_tasks": host.empty,
            }
            found += [name for name, holds in known.items() if holds] or ["instance_cost"]
        if self.unlike(host, who, total, sums, lambda one: one.scad or 0):
            alone = [name for name, side in (("only_ours", "scad"), ("only_scad", "ours")) if any(getattr(one, side) is None for one in every)]
            found += alone or self.shares(host, who, total, sums)
        return found or ["rounding"]

    def shares(self, host: Host, who: tuple, total: int, sums: Sums) -> list:
        """Why shares of one cost differ."""
        as_aws = self.policy.cpu_weight == 9 * self.policy.memory_weight
        if as_aws or all(one.scad == one.cpu for one in host.sums.values()):
            return ["shares"]
        return ["memory"] + (["shares"] if self.unlike(host, who, total, sums, lambda one: one.cpu) else [])

    @staticmethod
    def unlike(host: Host, who: tuple, total: int, sums: Sums, weight) -> bool:
        """Whether ours is another part of a cost than weights give."""
        weights = {key: max(weight(one), 0) for key, one in host.sums.items()}
        parts = money.split(total, weights) if sum(weights.values()) else {}
        return abs(sums.ours - parts.get(who, 0)) > sums.rows * ROUNDED
