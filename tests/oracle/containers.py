"""How an amount on an instance is shared by its services (spec 5.4; R9 to R16)."""

from __future__ import annotations

import re
from collections import defaultdict

import money
import services
import times
from policy import Policy

RUNNING_TYPES = (
    "BoxUsage",
    "SpotUsage",
    "DedicatedUsage",
    "HostBoxUsage",
    "HeavyUsage",
    "MediumUsage",
    "LightUsage",
)
# Idle rows by reason; what is unreserved sorts before every service in ties (R5).
EMPTY_HOST = ("empty_host",)
UNRESERVED = ("unreserved",)
IDLE = (EMPTY_HOST, UNRESERVED)


def running_type(usage_type: str) -> tuple[bool, str]:
    """Whether a usage type says that an instance ran (R12), and the instance type it names (R13)."""
    for text in (usage_type, re.sub(r"\A[^-]*-", "", usage_type, count=1)):
        name, _, size = text.partition(":")
        if name in RUNNING_TYPES:
            return True, size or ("m1.small" if name == "BoxUsage" else "")
    return False, ""


def weight_order(key: tuple):
    """What is unreserved first, then (cluster, service, tag area or empty), bytewise one after the other (R5)."""
    return (0, ()) if key == UNRESERVED else (1, money.key_bytes(key))


class Containers:
    """Runs by instance, with the service map, capacities and running times that splits ask for."""

    def __init__(self, evidence, entries: list, charges: list, policy: Policy, period: str):
        self.policy = policy
        self.period = period
        self.bounds = [times.month_bounds(period)]
        self.registrations = evidence.registrations
        self.tasks = evidence.owners  # task ARN -> the task's owner (R15)
        self.entries = entries
        self.runs = defaultdict(list)
        for run in evidence.runs:
            if run.instance:
                self.runs[run.instance].append(run)
        self.running_charges = defaultdict(list)
        for charge in charges:
            if running_type(charge.usage_type)[0] and charge.resource:
                self.running_charges[charge.resource].append(charge)

    def overlapping(self, instance: str, window: list) -> list:
        """The runs on an instance that overlap a window by at least 1 ms, with the overlap."""
        found = []
        for run in self.runs.get(instance, []):
            shared = times.length(times.intersect([(run.start, run.end)], window))
            if shared > 0:
                found.append((run, shared))
        return found

    def has_runs(self, instance: str) -> bool:
        """An instance "with task runs" (R9)."""
        return bool(self.overlapping(instance, self.bounds))

    def window(self, intervals: list) -> list:
        """The window of a charge whose own (or attachment) intervals are given (R9)."""
        return self.bounds if self.policy.window == "period" else times.union(intervals)

    def mapped(self, run) -> str | None:
        """The area the service map gives to a run's service."""
        return services.area_of(self.entries, run.service, run.cluster, self.period)

    def tag_area(self, run) -> str:
        """The area of the task's own tags, only for a service the map does not name; else empty (R10)."""
        if self.mapped(run) is not None:
            return ""
        for key in self.policy.tag_keys:
            value = self.policy.tag_of(run.tags, key)
            if value:
                return self.policy.area(value)
        return ""

    def service_key(self, run) -> tuple:
        """What weights are collected by (R10)."""
        return (run.cluster, run.service, self.tag_area(run))

    def owner(self, key: tuple) -> str | None:
        """The area of a service part: the service map, else the task's own tag, else nobody (R16)."""
        cluster, service, tag_area = key
        mapped = services.area_of(self.entries, service, cluster, self.period)
        return mapped if mapped is not None else (tag_area or None)

    def weights(self, instance: str, window: list, resource: str) -> dict:
        """Sum over the runs of size times milliseconds inside the window, per service key (R10, R14)."""
        sums = defaultdict(int)
        for run, shared in self.overlapping(instance, window):
            size = run.cpu if resource == "cpu" else run.memory
            sums[self.service_key(run)] += size * shared
        return dict(sums)

    def running_ms(self, instance: str, window: list) -> int:
        """How long an instance ran inside a window, from its own rows' hours (R12)."""
        whole = times.length(window)
        total = 0
        found = False
        for charge in self.running_charges.get(instance, []):
            if charge.interval is None or None in charge.interval:
                continue
            start, end = charge.interval
            overlap = times.length(times.intersect([charge.interval], window))
            if overlap > 0:
                found = True
                total += charge.hours_ms * overlap // (end - start)
        return min(total, whole) if found else whole

    def capacity(self, instance: str, window: list, resource: str) -> int:
        """CPU units or MiB of an instance (R13); unknown is an error."""
        name = {"cpu": "CPU", "memory": "MEMORY"}[resource]
        registered = self.registrations.registered(instance, window[0][0])
        if name in registered:
            return registered[name]
        sizes = {running_type(charge.usage_type)[1] for charge in self.running_charges.get(instance, [])}
        for key in [instance, *sorted(sizes)]:
            if resource in self.policy.capacity.get(key, {}):
                return int(self.policy.capacity[key][resource])
        raise ValueError(f"no {resource} capacity of {instance} is known")

    def pools(self, amount: int, instance: str, window: list) -> dict:
        """The CPU and the memory pool of an amount (R14); without a memory weight all of it is CPU."""
        policy = self.policy
        if policy.memory_weight == 0:
            return {"cpu": amount}
        weights = {
            "cpu": policy.cpu_weight * self.capacity(instance, window, "cpu"),
            "memory": policy.memory_weight * self.capacity(instance, window, "memory"),
        }
        return money.split(amount, weights)

    def share_pool(self, amount: int, instance: str, window: list, resource: str) -> dict | None:
        """One pool over services and idle; None in `spread` if no run has any weight (R10, R11, R14)."""
        weights = self.weights(instance, window, resource)
        if self.policy.idle == "spread":
            return money.split(amount, weights, weight_order) if sum(weights.values()) > 0 else None
        used = sum(weights.values())
        room = self.capacity(instance, window, resource) * self.running_ms(instance, window)
        weights[UNRESERVED] = max(room - used, 0)
        if sum(weights.values()) == 0:
            return {UNRESERVED: amount}
        return money.split(amount, weights, weight_order)

    def share(self, amount: int, instance: str, window: list) -> list[tuple]:
        """An amount on an instance as (service key, EMPTY_HOST, UNRESERVED or None for "goes by tags", part).

        Nothing ran in the window: by tags, or all idle where the policy says so (R11, R63).
        """
        if not self.overlapping(instance, window):
            is_row = self.policy.empty_host != "owner"
            return [(EMPTY_HOST if is_row else None, amount)]
        found = []
        for resource, pool in self.pools(amount, instance, window).items():
            parts = self.share_pool(pool, instance, window, resource)
            found.extend([(None, pool)] if parts is None else parts.items())
        return found
