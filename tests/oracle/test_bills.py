"""Hand-derived small bills that pin the oracle's stages. Run with `python3 tests/oracle/test_oracle.py`."""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import attribute  # noqa: E402
import compare  # noqa: E402
import containers  # noqa: E402
import oracle  # noqa: E402
import policy  # noqa: E402
import times  # noqa: E402

EC2 = "Amazon Elastic Compute Cloud"
CLUSTER = "arn:aws:ecs:us-west-2:111111111111:cluster/main"
H = 3_600_000


def ms(text: str) -> int:
    """A time."""
    return times.parse(text)


def stamp(hour: float) -> str:
    """An hour of the bill's first day as written in tables."""
    return times.to_datetime(ms("2016-12-01") + int(hour * H)).strftime("%Y-%m-%d %H:%M:%S")


class SmallBill(unittest.TestCase):
    """A bill of December 2016 in a folder, built row by row."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.rows = []
        self.options = {"as_of": "2017-02-01T00:00:00Z", "period": "2016-12"}

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def row(self, cost, resource="", usage_type="", hours=(0, 1), area="", **cells):
        """A row of the first day, from one hour to another."""
        stamps = [stamp(hour) for hour in hours]
        base = {"InvoiceID": "1", "PayerAccountId": "9", "RecordType": "LineItem", "ProductName": EC2}
        base["UnBlendedCost"] = cost
        base |= {"UsageType": usage_type, "ResourceId": resource, "UsageQuantity": "1", "user:product_area": area}
        self.rows.append({**base, "UsageStartDate": stamps[0], "UsageEndDate": stamps[1], **cells})

    def tasks(self, *rows):
        """Task table rows: (service, instance, cpu, memory, from hour, to hour)."""
        texts = []
        for index, (service, instance, cpu, memory, first, last) in enumerate(rows):
            stamps = [stamp(hour) for hour in (first, last)]
            texts.append(f"t{index},{CLUSTER},{service},{instance},{cpu},{memory},{stamps[0]},{stamps[1]}")
        header = "task,cluster,service,instance,cpu,memory,started,stopped\n"
        self.options["tasks"] = [self.write("tasks.csv", header + "\n".join(texts) + "\n")]

    def run_it(self, policy_text=""):
        """The result."""
        names = sorted({name for row in self.rows for name in row})
        path = os.path.join(self.folder.name, "bill.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.rows)
        self.options["bills"] = [path]
        self.options["policy"] = self.write("policy.toml", policy_text)
        result = oracle.rollup_bill(self.options)
        self.assertEqual(compare.broken_sums(result), [])
        return result

    def services_of(self, result):
        return {row["service"]: row["cost"] for row in result["service_costs"]}

    def areas_of(self, result):
        return {(row["product_area"], row["row_kind"]): row["cost"] for row in result["area_costs"]}

    def mechanisms_of(self, result):
        return {row["mechanism"]: row["cost"] for row in result["mechanisms"]}


class ContainerTest(SmallBill):
    """Spec 5.4; vectors of domain 4.6: 36 vCPU (36864 units), 60 GiB (61440 MiB), $1.80 for the hour."""

    HOST = '[containers]\nidle = "separate"\ncapacity = { "c4.8xlarge" = { cpu = 36864, memory = 61440 } }\n'

    def test_cpu_only_separate(self):
        # 1024/36864 * 1.80 = .05; 4096: .20; 8192: .40; idle 23552 units: 1.15.
        self.row("1.80", "i-1", "USW2-BoxUsage:c4.8xlarge", area="host")
        self.tasks(("a", "i-1", 1024, 1, 0, 1), ("b", "i-1", 4096, 1, 0, 1), ("c", "i-1", 8192, 1, 0, 2))
        result = self.run_it(self.HOST)
        self.assertEqual(self.services_of(result), {"a": "0.05", "b": "0.2", "c": "0.4"})
        self.assertEqual(self.areas_of(result), {(None, "unattributed"): "0.65", ("host", "idle"): "1.15"})

    def test_weighted_nine_to_one(self):
        # CPU pool 1.80 * 324/384 = 1.51875, memory pool 0.28125; 1 vCPU + 2 GiB: 1.51875/36 + 0.28125 * 2/60.
        self.row("1.80", "i-1", "BoxUsage:c4.8xlarge")
        self.tasks(("a", "i-1", 1024, 2048, 0, 1))
        result = self.run_it(self.HOST + "weights = { cpu = 9, memory = 1 }\n")
        self.assertEqual(self.services_of(result), {"a": "0.0515625"})
        self.assertEqual(self.mechanisms_of(result)["idle"], "1.7484375")

    def test_a_quarter_of_an_hour(self):
        # 4096 units for 15 of 60 minutes: .20 / 4 = .05.
        self.row("1.80", "i-1", "BoxUsage:c4.8xlarge")
        self.tasks(("a", "i-1", 4096, 1, 0.5, 0.75))
        self.assertEqual(self.services_of(self.run_it(self.HOST)), {"a": "0.05"})

    def test_running_time_is_the_hours_of_the_rows(self):
        # Half an hour of running: capacity-seconds are 36864 * 1800, the task's 4096 * 900: 1/18 of 1.80 = .1.
        self.row("1.80", "i-1", "BoxUsage:c4.8xlarge", UsageQuantity="0.5")
        self.tasks(("a", "i-1", 4096, 1, 0.5, 0.75))
        self.assertEqual(self.services_of(self.run_it(self.HOST)), {"a": "0.1"})

    def test_oversubscribed_has_no_idle(self):
        # 2 * 36864 units on 36864: idle weight 0 makes no row, each half.
        self.row("1.80", "i-1", "BoxUsage:c4.8xlarge")
        self.tasks(("a", "i-1", 36864, 1, 0, 1), ("b", "i-1", 36864, 1, 0, 1))
        result = self.run_it(self.HOST)
        self.assertEqual(self.services_of(result), {"a": "0.9", "b": "0.9"})
        self.assertNotIn("idle", self.mechanisms_of(result))

    def test_spread_window_and_ecs_idle(self):
        # Hour 0: a alone. Hour 1: a 30 min * 100 against b 60 min * 100: 1/3, 2/3. Hour 2: nothing ran: the tag.
        for hour in range(3):
            self.row("0.000000000000000010", "i-1", "BoxUsage:m4.large", hours=(hour, hour + 1), area="host")
        self.tasks(("a", "i-1", 100, 1, 0, 1.5), ("b", "i-1", 100, 1, 1, 2))
        self.options["services"] = self.write("map.json", '{"a": "x-1"}')
        result = self.run_it()
        # 10 units: 3 r 1/3 and 6 r 2/3: the leftover unit goes to b.
        self.assertEqual(self.services_of(result), {"a": "0.000000000000000013", "b": "0.000000000000000007"})
        self.assertEqual(self.mechanisms_of(result)["ecs_idle"], "0.00000000000000001")
        # The classic method: CPU-seconds of the period, a 1.5 h against b 1 h: 10 units are 6 and 4, three times.
        result = self.run_it('[containers]\nwindow = "period"\n')
        self.assertEqual(self.services_of(result), {"a": "0.000000000000000018", "b": "0.000000000000000012"})

    def test_equal_rows_are_summed_before_the_split(self):
        # Two rows of 1 unit over two equal services: one charge of 2 units, 1 each (not 1 + 1 to the smaller key).
        for _ in range(2):
            self.row("0.000000000000000001", "i-1", "BoxUsage:m4.large")
        self.tasks(("a", "i-1", 100, 1, 0, 1), ("b", "i-1", 100, 1, 0, 1))
        self.assertEqual(set(self.services_of(self.run_it()).values()), {"0.000000000000000001"})

    def test_usage_types_of_running_hours(self):
        self.assertEqual(containers.running_type("USW2-BoxUsage:m4.large"), (True, "m4.large"))
        self.assertEqual(containers.running_type("BoxUsage"), (True, "m1.small"))
        self.assertEqual(containers.running_type("EU-HeavyUsage:c1.medium"), (True, "c1.medium"))
        self.assertEqual(containers.running_type("USW2-EBS:VolumeUsage.gp2"), (False, ""))
        self.assertEqual(containers.running_type("USW2-UnusedBoxUsage:m4.large"), (False, ""))


class StageTest(SmallBill):
    """Volumes, tags, rules and fees (spec 5.1, 5.3, 5.5, 5.6)."""

    def attachments(self, *rows):
        """Volume table rows: (instance, from hour, to hour)."""
        texts = ["volume,instance,attached,detached"]
        for instance, first, last in rows:
            stamps = [stamp(hour) for hour in (first, last)]
            texts.append(f"vol-1,{instance},{stamps[0]},{stamps[1]}")
        self.options["volumes"] = [self.write("volumes.csv", "\n".join(texts) + "\n")]

    def test_a_volume_moves_within_its_interval(self):
        # 4 h: 1 h on i-1 (tag one), 2 h on i-2 (no tag: the volume's own), 1 h detached (the volume's own, `tag`).
        self.row("8", "vol-1", "EBS:VolumeUsage", hours=(0, 4), area="disk")
        self.row("1", "i-1", "BoxUsage:m4.large", area="one")
        self.attachments(("i-1", 0, 1), ("i-2", 1, 3))
        result = self.run_it()
        self.assertEqual(self.areas_of(result), {("disk", "area"): "6", ("one", "area"): "3"})
        self.assertEqual(self.mechanisms_of(result), {"tag": "3", "volume": "6"})

    def test_detached_wins_the_tie(self):
        # 1 unit over 1 h detached and 1 h attached: equal remainders, the detached part gets it.
        self.row("0.000000000000000001", "vol-1", "EBS:VolumeUsage", hours=(0, 2), area="disk")
        self.row("0", "i-1", "BoxUsage:m4.large", area="one")
        self.attachments(("i-1", 0, 1))
        self.assertEqual(self.mechanisms_of(self.run_it()), {"tag": "0.000000000000000001", "volume": "0"})

    def test_a_moved_part_is_split_over_the_runs_of_its_attachment(self):
        # Attached in hours 0 and 1 of 2; only b ran then on i-1 (a ran in hour 2, outside).
        self.row("6", "vol-1", "EBS:VolumeUsage", hours=(0, 2))
        self.tasks(("a", "i-1", 100, 1, 2, 3), ("b", "i-1", 100, 1, 1, 2))
        self.attachments(("i-1", 0, 2))
        self.assertEqual(self.services_of(self.run_it()), {"b": "6"})

    def test_tags_inherit_one_value_only(self):
        self.row("1", "r1", area="x")
        self.row("2", "r1")  # inherits x
        self.row("4", "r2", area="x")
        self.row("8", "r2", area="y")
        self.row("16", "r2")  # x and y: inherits none; the account's default
        self.row("32")  # no resource: inherits nothing; the account's default
        result = self.run_it('[areas.accounts]\n"9" = "home"\n[areas.aliases]\ny = "z"\n')
        self.assertEqual(self.areas_of(result), {("home", "area"): "48", ("x", "area"): "7", ("z", "area"): "8"})
        self.assertEqual(self.mechanisms_of(result), {"account": "48", "tag": "15"})

    def test_rules_split_a_charge_once(self):
        # Two rows of one charge, 1 unit each: 2 units by halves are 1 and 1. One row of another charge: a gets it.
        self.row("0.000000000000000001", "b1", "A")
        self.row("0.000000000000000001", "b1", "A")
        self.row("0.000000000000000001", "b1", "B")
        text = '[[rules]]\nid = "r"\nmatch = { resource = "b?" }\nsplit = { b = "0.5", a = "0.5" }\n'
        areas = self.areas_of(self.run_it(text))
        self.assertEqual(areas, {("a", "area"): "0.000000000000000002", ("b", "area"): "0.000000000000000001"})

    def test_fees_are_shared_by_cost(self):
        # December's recurring fee of 10 units over owners of the product: nobody 1, x 1, y -5 (weight 0): 5 and 5.
        # The upfront fee of another product finds nobody.
        self.row("1", "r1")
        self.row("1", "r2", area="x")
        self.row("-5", "r3", area="y")
        self.row("0.000000000000000011", usage_type="HeavyUsage:m4.large", hours=(0, 744))
        self.row("7", ItemDescription="Sign up charge", hours=(0, 24), ProductName="RDS")  # one day: no known term
        self.row("744", ItemDescription="Sign up charge", hours=(0, 744 * 2), ProductName="Redshift")
        result = self.run_it()
        # 11 units: 5 r 1/2 each; the tie goes to null, which sorts first.
        self.assertEqual(
            self.areas_of(result),
            {
                (None, "unattributed"): "8.000000000000000006",
                (None, "unused_commitment"): "372",
                ("x", "area"): "1.000000000000000005",
                ("y", "area"): "-5",
            },
        )
        self.assertEqual(result["totals"]["deferred"], "372")
        self.assertEqual(self.mechanisms_of(result)["reservation"], "0.000000000000000005")
        areas = self.run_it('[commitments]\namong = "areas"\n')
        self.assertEqual(self.areas_of(areas)[("x", "area")], "1.000000000000000011")

    def test_the_book_carries_in_and_the_scan_replaces(self):
        header = "payer,billing_period,usage_account,product,kind,commitment_id,start,end,fee,currency\n"
        # 31 of 61 days of 61 are December's; the entry billed in December is replaced by the (empty) scan.
        rows = f"9,2016-11,9,{EC2},UpfrontFee,1,2016-11-01 00:00:00,2016-12-31 23:59:59,61,USD\n"
        rows += f"9,2016-12,9,{EC2},UpfrontFee,2,2016-12-01 00:00:00,2017-11-30 23:59:59,365,USD\n"
        self.options["reservations"] = self.write("book.csv", header + rows)
        self.row("1", "r1", area="x")
        result = self.run_it()
        self.assertEqual((result["totals"]["carried_in"], result["totals"]["deferred"]), ("31", "0"))
        self.assertEqual(self.areas_of(result), {("x", "area"): "32"})

    def test_status(self):
        self.row("1", "r1")
        self.row("0", "r2", InvoiceID="")
        self.assertEqual(self.run_it()["status"], "invoiced")
        self.row("1", "r2", InvoiceID="")
        self.row("-1", "r2", InvoiceID="")
        self.assertEqual(self.run_it()["status"], "estimated")
        self.options["as_of"] = "2016-12-31T23:59:59Z"
        self.assertEqual(self.run_it()["status"], "open")

    def test_patterns(self):
        self.assertTrue(attribute.matches("*Nat?ateway*", "USW2-NatGateway-Hours"))
        self.assertFalse(attribute.matches("nat*", "NatGateway"))
        self.assertFalse(attribute.matches("[a]", "a"))

    def test_rule_percentages_sum_to_one(self):
        with self.assertRaises(ValueError):
            policy.read_rule({"id": "r", "match": {}, "split": {"a": "0.7", "b": "0.2"}})
