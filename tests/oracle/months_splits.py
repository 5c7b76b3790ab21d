"""Split cost allocation data of a random month, by a generator of its own, so that the rest of a month is as it was."""

from __future__ import annotations

from random import Random

import containers
import months_rows
from months_world import HOUR, World

COSTS = ("splitLineItem/SplitCost", "splitLineItem/UnusedCost")
NET = ("splitLineItem/NetSplitCost", "splitLineItem/NetUnusedCost")
TAGS = ("resourceTags/aws:ecs:clusterName", "resourceTags/aws:ecs:serviceName")


def cost(random: Random) -> str:
    """A cost that AWS may write, or not."""
    return random.choice(("0.0192307692", "0.1730769231", "1.5e-3", "0", "", "12.5", "-0.25", "0.0000000000000000012"))


def rows_of(random: Random, world: World, task, hour: int, only: tuple) -> list:
    """The rows of one task in one hour."""
    one = task.instance
    parent = random.choice((one.id, one.id, f"arn:aws:ec2:{one.region}:{one.account}:instance/{one.id}"))
    service = (task.group or "").removeprefix("service:") if (task.group or "").startswith("service:") else ""
    tags = {TAGS[0]: task.cluster.split("/")[-1], TAGS[1]: service if random.random() < 0.8 else ""}
    found = []
    for size in random.choice((("vCPU", "GB"), ("vCPU", "GB"), ("vCPU",), ("vCPU", "GB", "GPU"))):
        cells = {"resource": task.arn, "usage_type": f"USW2-ECS-EC2-{size}-Hours", "operation": "ECSTask-EC2", "cost": "0"}
        cells |= tags | {name: cost(random) for name in only}
        span = (hour, hour + HOUR)
        found.append(months_rows.fact(world, one.account, span, parent=parent, tags=task.tags, **cells))
    return found


def ran_ms(task, span: tuple) -> int:
    """How long a task ran in a span, in truth."""
    if task.started is None or None in span:
        return 0
    return max(min(task.stopped or span[1], span[1]) - max(task.started, span[0]), 0)


def fair_rows(random: Random, world: World, facts: list) -> list:
    """For some hours of instances the cost as our own split gives it, or nearly: CPU-seconds of what ran."""
    found = []
    for row in facts:
        if row["type"] != "Usage" or not containers.running_type(row["usage_type"])[0]:
            continue
        ran = [
            task
            for task in world.tasks
            if task.instance and task.instance.id == row["resource"] and task.cpu and (task.group or "").startswith("service:")
        ]
        span = (row["start"], row["end"])
        weights = [task.cpu * ran_ms(task, span) for task in ran]
        for task, weight in zip(ran, weights):
            if weight == 0:
                continue
            part = float(row["cost"]) * weight / sum(weights)
            tags = dict(zip(TAGS, (task.cluster.split("/")[-1], task.group.removeprefix("service:"))))
            cells = {"resource": task.arn, "operation": "ECSTask-EC2", "cost": "0", **tags}
            cells |= {"usage_type": "USW2-ECS-EC2-vCPU-Hours", COSTS[0]: f"{part:.9f}7", COSTS[1]: "0"}
            found.append(months_rows.fact(world, row["account"], span, parent=row["resource"], **cells))
    return found


def give_splits(world: World, seed: str, facts: list) -> None:
    """Rows, columns and, where it says so, the policy that splits by them."""
    random = Random(seed)
    if world.dialect != "cur" or random.random() < 0.2:
        return
    only = COSTS + (NET if random.random() < 0.5 else ())
    tags = TAGS if random.random() < 0.8 else ()
    world.cost_columns = [*world.cost_columns, *only, *tags]
    tasks = [task for task in world.tasks if task.instance]
    extra = []
    if random.random() < 0.5:
        extra = fair_rows(random, world, facts)
        world.note("split:fair")
    else:
        for task in tasks:
            for hour in random.sample(world.hours, min(2, len(world.hours))):
                extra += rows_of(random, world, task, hour, only)
    facts += extra
    random.shuffle(facts)
    for one in facts:
        if one["parent"] or one["operation"] in ("ECSTask-EC2", "EKSPod-EC2"):
            world.note("split:row")
    is_sure = any(one["usage_type"].endswith("ECS-EC2-vCPU-Hours") for one in facts)
    world.scad = is_sure and random.random() < 0.35
    if world.scad:
        world.note("containers:scad")
