"""The made-up AWS estate of one random month: what exists, what ran and what was attached when."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import times

HOUR = 3_600_000
DAY = 24 * HOUR
PERIODS = ("2016-02", "2017-02", "2016-06", "2016-12", "2017-01", "2018-07", "2015-11")
AREAS = ("website", "api-core", "integrations", "Data Science", "internal", "warehouses", "ünïcode", "a", "B")
TYPES = ("m4.large", "c4.8xlarge", "t2.small", "m1.small")
ZONES = (
    ("us-west-2", "us-west-2a"),
    ("us-east-1", "us-east-1b"),
    ("eu-west-1", "eu-west-1"),
    ("us-west-2", "us-west-2c"),
)
PREFIXES = {"us-west-2": "USW2-", "us-east-1": "", "eu-west-1": "EU-"}


@dataclass
class Instance:
    """One EC2 instance, usually a container instance."""

    id: str
    account: str
    region: str
    zone: str
    type: str
    tags: dict
    cluster: str | None = None
    container: str = ""  # the id at the end of its container instance ARN
    cpu: int = 0
    memory: int = 0
    terminated: int | None = None
    deregistered: int | None = None
    bare: bool = False  # its cluster is in no container instance ARN and in no registration
    boxed: bool = False  # the bill has a usage type that names its type


@dataclass
class Task:
    """The truth about one task."""

    arn: str
    cluster: str
    instance: Instance | None
    group: str | None
    family: str
    created: int
    started: int | None
    stopped: int | None
    cpu: int | None
    memory: int | None
    containers: list
    tags: dict
    failed: bool = False
    known: str = "full"  # how much of it the evidence tells


@dataclass
class Volume:
    """One volume and the truth about its attachments: (instance, attached, detached or None)."""

    id: str
    account: str
    zone: str
    tags: dict
    scenario: str
    spans: list = field(default_factory=list)
    deleted: int | None = None


@dataclass
class World:
    """Everything of one month."""

    random: Random
    period: str
    begin: int
    end: int
    hours: list  # the hours of the period that have usage
    payer: str
    accounts: list
    keys: list  # tag keys that occur
    services: list  # names
    clusters: list  # ARNs
    instances: list = field(default_factory=list)
    tasks: list = field(default_factory=list)
    volumes: list = field(default_factory=list)
    fold: bool = False  # tag keys are written in several cases, and the policy folds them
    features: set = field(default_factory=set)
    dialect: str = "dbr"  # dbr, cur or focus
    payers: dict = field(default_factory=dict)  # usage account -> payer, beside the DBR
    currencies: dict = field(default_factory=dict)  # usage account -> currency
    kinds: tuple = ()  # that rules ask for
    spread: bool = False  # fees are amortized beside the DBR too
    nulls: bool = False  # FOCUS writes nulls as text
    cost_columns: list = field(default_factory=list)  # those of other bases and of split costs, in a CUR
    categories: list = field(default_factory=list)  # names of cost categories
    scad: bool = False  # the policy splits by split cost allocation data

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.random.random() < probability

    def note(self, feature: str) -> None:
        """Count a feature as exercised by this month."""
        self.features.add(feature)

    def moment(self) -> int:
        """A time near the hours that have usage, odd or on a full hour."""
        base = self.random.choice(self.hours) + self.random.choice((0, 0, -HOUR, HOUR))
        style = self.random.randrange(4)
        if style == 0:
            return base
        if style == 1:
            return base + self.random.randrange(60) * 60_000
        return base + self.random.randrange(HOUR)

    def spelled(self, key: str) -> str:
        """A tag key, in any case where keys are folded."""
        return self.random.choice((key, key.upper(), key.title())) if self.fold else key

    def hex(self, digits: int) -> str:
        """Random hexadecimal digits."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def area(self) -> str:
        """Some area."""
        return self.random.choice(AREAS)

    def random_tags(self, probability: float) -> dict:
        """Values for some of the tag keys."""
        return {key: self.area() for key in self.keys if self.chance(probability)}


def make_world(seed) -> World:
    """The estate of a seed."""
    random = Random(seed)
    period = random.choice(PERIODS)
    begin, end = times.month_bounds(period)
    starts = [begin, end - DAY, begin + random.randrange(2, 25) * DAY]
    hours = []
    for start in random.sample(starts, random.randint(1, 2)):
        first = start + random.choice((0, 20)) * HOUR
        hours += [first + index * HOUR for index in range(random.randint(1, 4))]
    accounts = [f"{random.randrange(10**12):012d}" for _ in range(random.randint(1, 3))]
    accounts[0] = "0" + accounts[0][1:]
    payer = accounts[0] if random.random() < 0.5 else f"{random.randrange(10**12):012d}"
    keys = random.choice((["product_area"], ["product_area", "Team"], ["Cost Center", "product_area"]))
    services = [f"svc-{index}" for index in range(random.randint(1, 4))] + random.choice(([], ["web"], ["Wéb,x"]))
    clusters = []
    for index in range(random.randint(1, 3)):
        region = random.choice(list(PREFIXES))
        name = random.choice(("main", "main", f"c{index}"))
        clusters.append(f"arn:aws:ecs:{region}:{random.choice(accounts)}:cluster/{name}")
    clusters = sorted(set(clusters))
    world = World(random, period, begin, end, hours, payer, accounts, keys, services, clusters)
    world.fold = world.chance(0.3)
    add_instances(world)
    add_tasks(world)
    add_volumes(world)
    return world


def add_instances(world: World) -> None:
    """Two to five instances; most are container instances."""
    random = world.random
    numbers = [world.hex(32) for _ in range(5)]
    for index in range(random.randint(2, 5)):
        region, zone = random.choice(ZONES)
        one = Instance(
            id="i-" + world.hex(random.choice((8, 17))),
            account=random.choice(world.accounts),
            region=region,
            zone=zone,
            type=random.choice(TYPES),
            tags=world.random_tags(0.4),
        )
        if world.chance(0.8):
            one.cluster = random.choice(world.clusters)
            one.container = numbers[index]
            if index and world.chance(0.1) and one.cluster not in [other.cluster for other in world.instances]:
                one.container = numbers[0]  # the same id in another cluster
            one.cpu = random.choice((1024, 2048, 36864, 1000, 7))
            one.memory = random.choice((3767, 7985, 60000, 11))
        if world.chance(0.05):
            one.id = "m" + one.id
            world.note("instance:mi-")
        if world.chance(0.12):
            one.terminated = max(world.moment(), world.hours[0] + 1)
            world.note("instance:terminated")
        elif one.cluster and world.chance(0.1):
            one.deregistered = max(world.moment(), world.hours[0] + 1)
            world.note("instance:deregistered")
        world.instances.append(one)
    names = {(one.cluster.split("/")[-1], one.container): 0 for one in world.instances if one.cluster}
    if len(names) < sum(1 for one in world.instances if one.cluster):
        for one in world.instances:  # ids shared under one cluster name would be one container instance
            one.container = world.hex(32) if one.cluster else ""
    numbers = [one.container for one in world.instances]
    for one in world.instances:
        one.bare = one.cluster is not None and numbers.count(one.container) == 1 and world.chance(0.15)


def task_times(world: World, instance: Instance | None) -> tuple:
    """(created, started, stopped) of one task; borders, long runs and open ends included."""
    random = world.random
    started = world.moment()
    style = random.randrange(6)
    stopped = started + random.randrange(1, 4 * HOUR)
    if style == 0:
        started = world.begin - random.randrange(1, 3 * DAY)
        stopped = random.choice((world.moment(), world.end + random.randrange(DAY), world.begin, world.begin + 1))
        world.note("task:across month border")
    elif style == 1:
        stopped = None
        world.note("task:without stop")
    elif style == 2:
        stopped = started + random.choice((1, 2, 999, 60_000))
    if stopped is not None and stopped <= started:
        stopped = started + 1
    gone = min([instance.terminated or times.OPEN, instance.deregistered or times.OPEN] if instance else [times.OPEN])
    if gone // 1000 * 1000 > started and (stopped is None or stopped >= gone):
        stopped = None
    elif stopped is None and gone != times.OPEN:
        stopped = started + HOUR
    return started - random.randrange(1, 90_000), started, stopped


def add_tasks(world: World) -> None:
    """Up to fifteen tasks, on instances or on Fargate."""
    random = world.random
    homes = [one for one in world.instances if one.cluster]
    for _ in range(random.randint(0, 15) if world.chance(0.92) else 0):
        instance = random.choice(homes) if homes and world.chance(0.85) else None
        cluster = instance.cluster if instance else random.choice(world.clusters)
        created, started, stopped = task_times(world, instance)
        name = random.choice(world.services)
        family = random.choice(("batch", "cron", "migrate"))
        group = random.choice([f"service:{name}"] * 6 + [f"family:{family}", "my-own-group", None])
        if group is None or not group.startswith("service:"):
            world.note("task:standalone" if group is None or group.startswith("family:") else "task:custom group")
        region = cluster.split(":")[3]
        account = cluster.split(":")[4]
        task = Task(
            arn=f"arn:aws:ecs:{region}:{account}:task/{cluster.split('/')[-1]}/{world.hex(32)}",
            cluster=cluster,
            instance=instance,
            group=group,
            family=family,
            created=created,
            started=started,
            stopped=stopped,
            cpu=random.choice((256, 512, 1024, 1024, 4096, 1, 3, 0, None)),
            memory=random.choice((128, 512, 2048, 7, 2048, None)),
            containers=[],
            tags=world.random_tags(0.5) if world.chance(0.3) else {},
        )
        if not task.cpu:
            world.note("task:cpu 0 or missing")
            task.containers = random.choice(([], ["0"], ["10", "100"], ["0", "64"], [64]))
        add_trouble(world, task)
        world.tasks.append(task)


def add_trouble(world: World, task: Task) -> None:
    """Tasks that never ran, and evidence without a start."""
    random = world.random
    if world.chance(0.08):
        task.failed = True
        task.started = None
        task.stopped = task.stopped or task.created + 5_000
        world.note("task:TaskFailedToStart")
    elif world.chance(0.12):
        task.known = random.choice(("pull", "created", "pending"))
        world.note(f"task:no startedAt ({task.known})")


SCENARIOS = (
    "move",
    "move",
    "missed detach",
    "missed attach",
    "snapshot",
    "multi",
    "terminated",
    "deleted",
    "table",
    "none",
)


def add_volumes(world: World) -> None:
    """Up to four volumes, each with one story."""
    random = world.random
    for _ in range(random.randint(0, 4) if world.chance(0.92) else 0):
        scenario = random.choice(SCENARIOS)
        volume = Volume(
            id="vol-" + world.hex(random.choice((8, 17))),
            account=random.choice(world.accounts),
            zone=random.choice(ZONES)[1],
            tags=world.random_tags(0.3),
            scenario=scenario,
        )
        tell_story(world, volume)
        world.note(f"volume:{scenario}")
        world.volumes.append(volume)


def tell_story(world: World, volume: Volume) -> None:
    """The attachments of a volume: distinct moments, whole seconds, in order."""
    random = world.random
    cuts = sorted({world.moment() // 1000 * 1000 for _ in range(random.randint(2, 6))})
    if world.chance(0.4):
        cuts[0] = world.begin - random.randrange(1, 40) * DAY
    scenario = volume.scenario
    if scenario == "none":
        return
    if scenario == "terminated":
        gone = [one for one in world.instances if one.terminated]
        if not gone:
            volume.scenario = scenario = "snapshot"
        else:
            one = random.choice(gone)
            volume.spans = [(one, min(cuts[0], one.terminated - 1000) // 1000 * 1000, None)]
            return
    if scenario == "multi":
        for one in random.sample(world.instances, min(len(world.instances), random.randint(2, 3))):
            first = random.choice(cuts)
            if one.terminated and first + 1000 >= one.terminated:
                continue
            volume.spans.append((one, first, random.choice((None, first + random.randrange(1, 3 * 3600) * 1000))))
        return
    previous = None
    for index, first in enumerate(cuts):
        last = cuts[index + 1] if index + 1 < len(cuts) else None
        alive = [one for one in world.instances if not one.terminated or first + 1000 < one.terminated]
        others = [one for one in alive if one is not previous]
        if not others:
            continue
        one = random.choice(others if scenario == "missed detach" else alive)
        if last is not None and scenario != "missed detach" and world.chance(0.4):
            last = first + max(1000, (last - first) // random.choice((2, 3)) // 1000 * 1000)
            world.note("volume:detached for a while")
        volume.spans.append((one, first, last))
        previous = one
    if not volume.spans:
        volume.scenario = "none"
        return
    if scenario == "snapshot":
        one, first, _ = volume.spans[0]
        volume.spans = [(one, first, None)]
    if scenario == "deleted":
        one, first, last = volume.spans[-1]
        volume.deleted = (last or first) + random.choice((1000, 50_000, 2 * HOUR))
