"""The independent slow oracle: one rollup straight from the spec (docs/spec.md and decision 0002).

    python3 tests/oracle/oracle.py BILL... --period P --policy F --tag K --tasks P... --instances P... \
        --volumes P... --services P --reservations P --currency C --as-of T

prints the object of spec 11.2 without `run_id` and `diagnostics`. It shares no code with the program under test.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import allocated  # noqa: E402
import amortize  # noqa: E402
import bills  # noqa: E402
import charges  # noqa: E402
import classify  # noqa: E402
import commitments  # noqa: E402
import policy as policy_module  # noqa: E402
import rollup  # noqa: E402
import services  # noqa: E402
import shapes  # noqa: E402
import split_data  # noqa: E402
import tasks  # noqa: E402
import times  # noqa: E402
import volumes  # noqa: E402
from attribute import Attribution  # noqa: E402
from containers import Containers  # noqa: E402


class Evidence:
    """All evidence outside the bill (spec 4), from any mix of files."""

    def __init__(self, paths: list[str], policy):
        records = shapes.records(paths)
        self.volumes = volumes.VolumeEvidence(records)
        self.attached = self.volumes.intervals()
        self.registrations = tasks.Registrations([one for sort, one in records if sort == "registration"])
        self.tasks = tasks.merge_tasks([one for sort, one in records if sort == "task"])
        self.runs = tasks.build_runs(self.tasks, self.registrations, self.volumes.terminated, policy)
        fargate = {arn: task for arn, task in self.tasks.items() if tasks.is_fargate(task)}
        self.owners = {arn: tasks.run_of(task, None, 0, 0, policy.default_cpu) for arn, task in fargate.items()}
        self.named = self.names(records)

    def names(self, records: list) -> set:
        """The instances and volumes that the evidence names: their charges keep usage intervals (spec 3.5)."""
        named = set()
        for sort, one in records:
            named |= {one.get("instance"), one.get("volume"), one.get("ec2InstanceId"), one.get("resource")}
        return named - {None, ""}


class Rollup:
    """One bill attributed: the JSON object, and what led to it. Options: `bills`, and `period`, `policy`, `tags`,
    `tasks`, `instances`, `volumes`, `services`, `reservations`, `basis`, `currency`, `bill_currency`, `as_of` as on
    the command line."""

    def __init__(self, options: dict):
        policy = policy_module.load(options.get("policy"), options.get("tags"))
        policy.basis = options.get("basis") or policy.basis
        self.period, rows = bills.read_bill(options["bills"], options.get("period"), policy.basis)
        for row in rows:
            row.line_item_kind = row.kind
            row.currency = row.currency or options.get("bill_currency", "USD")
            if not re.fullmatch("[A-Z]{3}", row.currency):
                raise ValueError("parse.bad_currency")
            policy.settle(row)
        counting = [row for row in rows if not row.excluded]
        self.currency = chosen_currency(counting, options.get("currency"), options.get("bill_currency", "USD"))
        self.rows = [row for row in counting if row.currency == self.currency]
        self.excluded = [row for row in rows if row.excluded and row.currency == self.currency]
        paths = [*options.get("tasks", []), *options.get("instances", []), *options.get("volumes", [])]
        evidence = Evidence(paths, policy)
        book = amortize.read_book(options.get("reservations"))
        fees = amortize.Fees(
            [row for row in self.rows if policy.spreads(row)], self.period, book, policy.unknown_term, self.currency
        )
        # Tags, running times and the status are facts of the whole bill; amounts are those of one currency (1.6).
        bill = charges.build([row for row in counting if not is_set_aside(row, policy)], policy, evidence.named)
        entries = services.load(options.get("services"))
        containers = Containers(evidence, entries, bill, policy, self.period)
        attached = evidence.attached if policy.follow_attachments else {}
        if policy.follow_attachments and policy.detached == "separate":
            attached = {**attached, **{volume: {} for volume in evidence.volumes.unattached()}}
        self.unattached = [row for row in self.rows if attached.get(row.resource) == {}]
        tags = charges.ResourceTags(counting, policy)
        said = [row for row in rows if row.split_data]
        own = [row for row in said if row.currency == self.currency]
        aws = check = None
        if policy.split == "scad":
            if not said:
                raise ValueError("attribute.no_split_data")
            aws = split_data.AwsSplit(own, evidence, entries, policy, self.period)
        if own and (evidence.runs or evidence.owners):
            check = split_data.Check(own, evidence, policy)
        chosen = [charge for charge in bill if charge.currency == self.currency]
        if check and aws:
            # Ours is what CPU-seconds would give, whatever was chosen (R94).
            try:
                Attribution(policy, self.period, chosen, fees, tags, containers, attached, None, check).run()
            except ValueError as error:
                if not str(error).endswith("is known"):
                    raise
                check = None
        def attributed(bill: list, check) -> Attribution:
            return Attribution(policy, self.period, bill, fees, tags, containers, attached, aws, check)

        attribution = attributed(chosen, None if aws else check)
        self.pieces = attribution.run()
        self.allocated = lambda: allocated.rows(policy, attribution, attributed(allocated.in_hours(chosen), None))
        self.status = rollup.status(counting, self.period, times.parse(options["as_of"]))
        state = (self.period, self.status, policy.basis, self.currency)
        self.result = rollup.result(state, self.rows, self.excluded, fees, self.pieces)
        self.commitments = attribution.commitments
        self.spread_by = attribution.spread_by
        self.uses = uses = commitments.table(policy, chosen, attribution.commitments.rows())
        if uses:
            self.result["commitments"] = uses
        if attribution.hops:
            self.result["reallocations"] = attribution.hops
        if check:
            self.result["split_check"] = check.table()
        self.split = policy.split


    def commitment_features(self) -> set:
        """What the month says of commitments."""
        groups = self.commitments.groups
        found = {f"covered by {key[2][0]}" for key, group in groups.items() if group.covered}
        found |= {"purchased" for group in groups.values() if group.purchased}
        found |= {"told by its id" for stated in self.commitments.stated if stated.is_told}
        found |= {f"spread by its {way}" for way in self.spread_by}
        found |= {"used by hours" if use["purchased_hours"] else "used by cost" for use in self.uses if "used_cost" in use}
        found |= {"used as billed" for use in self.uses if use["unused_cost"] is None and use["utilization"]}
        return found | {"by usage" for group in groups.values() if group.unused_cost != 0}


def chosen_currency(rows: list, asked: str | None, default: str) -> str:
    """The currency that is attributed: the asked one, else the only one (spec 1.6, 11.2)."""
    found = {row.currency for row in rows}
    if asked is not None and asked not in found or asked is None and len(found) > 1:
        raise ValueError("config.currency")
    return asked or (found.pop() if found else default)


def rollup_bill(options: dict) -> dict:
    """The rollup of one bill as the object of spec 11.2 without `run_id` and `diagnostics`."""
    return Rollup(options).result


def is_set_aside(row, policy) -> bool:
    """Fee rows of known term are amortized, not attributed as charges, where fees are spread (spec 5.2, R21)."""
    return policy.spreads(row) and row.kind in classify.FEES and amortize.known_term(row.start, row.end)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    found.add_argument("bills", nargs="+")
    for name in ("period", "policy", "services", "reservations", "basis", "currency"):
        found.add_argument(f"--{name}")
    for name in ("tasks", "instances", "volumes"):
        found.add_argument(f"--{name}", nargs="*", action="extend", default=[])
    found.add_argument("--tag", dest="tags", action="append")
    found.add_argument("--as-of", required=True)
    return found


if __name__ == "__main__":
    given = {name: value for name, value in vars(parser().parse_args()).items() if value is not None}
    print(json.dumps(rollup_bill(given), indent=1, ensure_ascii=False))
