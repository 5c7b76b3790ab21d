"""Random nasty months, reproducible by seed: `make(seed, folder)` writes one and returns its command line."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import months_bill  # noqa: E402
import months_evidence  # noqa: E402
import months_fees  # noqa: E402
import months_policy  # noqa: E402
import months_volumes  # noqa: E402
import months_world  # noqa: E402
import times  # noqa: E402
from months_world import DAY, HOUR  # noqa: E402


def make(seed: int, folder: str) -> dict:
    """Write the month of a seed into a folder.

    The result has the options of `oracle.rollup_bill` (bills, period, policy, tags, tasks, instances, volumes,
    services, reservations, as_of) and `features`, the sorted names of what the month exercises.
    """
    os.makedirs(folder, exist_ok=True)
    world = months_world.make_world(seed)
    fees, unknown = months_fees.fee_rows(world, months_bill.amount)
    rows = months_bill.all_rows(world, fees)
    bills, period = months_bill.write_bill(world, folder, rows)
    out = months_evidence.Documents(world, folder)
    known = months_evidence.tell_instances(world, out)
    months_evidence.tell_tasks(world, out)
    months_volumes.tell_volumes(world, out, set(known))
    options = {"bills": bills, **out.flush()}
    options["policy"] = months_policy.write_policy(world, folder, known, unknown)
    options["period"] = period
    options["services"] = months_evidence.tell_services(world, folder)
    options["reservations"] = months_fees.write_book(world, folder, months_bill.amount)
    if world.chance(0.25):
        keys = world.random.sample(world.keys, world.random.randint(1, len(world.keys)))
        options["tags"] = [("user:" + key if world.chance(0.3) else key) for key in keys]
        world.note("option:tag")
    moments = (
        world.end,
        world.end - 1000,
        world.begin + 3 * HOUR,
        world.end + 9 * DAY,
        world.end + DAY,
        world.end + DAY,
    )
    options["as_of"] = times.to_datetime(world.random.choice(moments)).strftime("%Y-%m-%dT%H:%M:%SZ")
    options["features"] = sorted(world.features)
    return {name: value for name, value in options.items() if value is not None}


def arguments(options: dict) -> list[str]:
    """The options as command line arguments of `unblended rollup`."""
    found = list(options["bills"])
    for name in ("period", "policy", "services", "reservations", "as_of"):
        if options.get(name):
            found += ["--" + name.replace("_", "-"), options[name]]
    for name in ("tasks", "instances", "volumes"):
        for path in options.get(name, []):
            found += ["--" + name, path]
    for key in options.get("tags", []):
        found += ["--tag", key]
    return found


if __name__ == "__main__":
    print("\n".join(arguments(make(int(sys.argv[1]), sys.argv[2]))))
