"""Hand-derived cases that pin the oracle itself. Run: `python3 tests/oracle/test_oracle.py`."""

from __future__ import annotations

import glob
import json
import os
import random
import sys
import tempfile
import unittest
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import amortize  # noqa: E402
import classify  # noqa: E402
import compare  # noqa: E402
import money  # noqa: E402
import months  # noqa: E402
import oracle  # noqa: E402
import rows  # noqa: E402
import services  # noqa: E402
import times  # noqa: E402
import volumes  # noqa: E402
from test_bills import ContainerTest, StageTest  # noqa: E402, F401  (run with the rest)

CLUSTER = "arn:aws:ecs:us-west-2:111111111111:cluster/main"
SAMPLES = os.environ.get("UNBLENDED_SAMPLES")


def ms(text: str) -> int:
    """A time."""
    return times.parse(text)


class MoneyTest(unittest.TestCase):
    """Spec 1.2 and 1.4."""

    def test_split_gives_leftovers_to_largest_remainders(self):
        # 10/7: 1 r 3/7, 2 r 6/7, 5 r 5/7; the two leftover units go to b and c.
        self.assertEqual(money.split(10, {"a": 1, "b": 2, "c": 4}), {"a": 1, "b": 3, "c": 6})

    def test_split_ties_go_to_the_smaller_key(self):
        # 10/3 three times: 3 r 1/3 each, one unit left: it goes to "a", however the keys are given.
        self.assertEqual(money.split(10, {"c": 1, "b": 1, "a": 1}), {"a": 4, "b": 3, "c": 3})
        # Bytewise: "B" (0x42) before "a" (0x61) before "é" (0xC3).
        self.assertEqual(money.split(1, {"é": 5, "a": 5, "B": 5}), {"B": 1, "a": 0, "é": 0})
        self.assertEqual(money.split(1, {("x", "b"): 1, ("x", None): 1}), {("x", None): 1, ("x", "b"): 0})

    def test_split_of_a_negative_amount_mirrors_the_positive(self):
        self.assertEqual(money.split(-10, {"a": 1, "b": 1, "c": 1}), {"a": -4, "b": -3, "c": -3})

    def test_a_weight_of_zero_makes_no_part_and_a_part_of_zero_stays(self):
        self.assertEqual(money.split(0, {"a": 0, "b": 2}), {"b": 0})
        with self.assertRaises(ValueError):
            money.split(1, {"a": 0})

    def test_text_is_read_exactly_and_rounded_half_even(self):
        self.assertEqual(money.parse("+1.5E-3"), 15 * 10**14)
        self.assertEqual(money.parse("0.0000000000000000005"), 0)  # half of a unit: to the even 0
        self.assertEqual(money.parse("0.0000000000000000015"), 2)  # one and a half: to the even 2
        self.assertEqual(money.parse("-0.0000000000000000015"), -2)
        self.assertEqual(money.parse("0.00000000000000000051"), 1)

    def test_text_is_written_without_exponent_or_trailing_zeros(self):
        self.assertEqual([money.text(n) for n in (0, 1, -5 * 10**17)], ["0", "0.000000000000000001", "-0.5"])
        self.assertEqual(money.text(12 * 10**18), "12")


class TimeTest(unittest.TestCase):
    """Spec 3.7 and R17."""

    def test_forms(self):
        same = {
            times.parse_any(one)
            for one in ("2016-12-01T00:00:01.234Z", "2016-12-01 00:00:01.234999", "2016/12/01 02:00:01.234+02:00")
        }
        same.add(times.parse_any(json.loads("1480550401.234", parse_float=times.Decimal)))
        same.add(times.parse_any(1480550401234))
        self.assertEqual(same, {1480550401234})


class ClassifyTest(unittest.TestCase):
    """Spec 3.1, 3.2, R3."""

    def test_table(self):
        # (record type, usage type, operation, description, reserved, resource, amount) -> kind
        cases = [
            (("Rounding", "", "", "Tax", "N", "", 1), "Rounding"),
            (("CBRounding", "", "", "", "N", "r", 1), "CbRounding"),
            (("Discount", "", "", "Refund", "N", "", -1), "Discount"),
            (("LineItem", "HeavyUsage:m4.large", "", "Sign up charge for subscription: 1", "N", "", 1), "UpfrontFee"),
            (("LineItem", "", "", "A Sign up charge", "N", "", 1), "Usage"),  # a prefix, not a substring
            (("LineItem", "", "", "sign up charge", "N", "", 1), "Usage"),  # case matters
            (("LineItem", "", "", "Sign up charge", "N", "i-1", 1), "Usage"),  # only without resource
            (("LineItem", "BoxUsage", "", "(744 hours purchased, 0 hours used)", "Y", "", 1), "RecurringFee"),
            (("LineItem", "EU-LightUsage:x", "", "", "N", "", 1), "RecurringFee"),
            (("LineItem", "HeavyUsage:x", "", "", "Y", "i-1", 1), "DiscountedUsage"),
            (("LineItem", "", "", "US Sales tax.", "N", "", 1), "Tax"),
            (("LineItem", "", "gst", "", "N", "", 1), "Tax"),
            (("LineItem", "", "", "VAT-free refund", "N", "", 1), "Tax"),  # tax before refund
            (("LineItem", "", "", "Taxes and vats", "N", "", 1), "Usage"),  # whole words only
            (("LineItem", "", "x-REFUND", "", "N", "", 1), "Refund"),
            (("LineItem", "", "", "accredited", "N", "", -1), "Credit"),  # a substring, and negative
            (("LineItem", "", "", "Credit", "Y", "", 0), "DiscountedUsage"),
            (("", "", "", "", "N", "", 1), "Usage"),
        ]
        for arguments, kind in cases:
            self.assertEqual(classify.kind_of(*arguments), kind, arguments)

    def test_only_three_record_types_are_excluded(self):
        types = ("InvoiceTotal", "AccountTotal", "StatementTotal", "LineItem", "")
        found = [name for name in types if classify.is_excluded(name)]
        self.assertEqual(found, ["InvoiceTotal", "AccountTotal", "StatementTotal"])

    def test_ids_and_regions(self):
        self.assertEqual(rows.bare_id("arn:aws:ec2:us-west-2:1:instance/i-0ab"), "i-0ab")
        self.assertEqual(rows.bare_id("arn:aws-cn:ec2:cn-north-1:1:volume/vol-1"), "vol-1")
        for kept in ("arn:aws:ec2:us-west-2:1:snapshot/snap-1", "x/i-0ab", "arn:aws:rds:us-west-2:1:instance/i-1"):
            self.assertEqual(rows.bare_id(kept), kept)
        self.assertEqual([rows.region_of(z) for z in ("us-east-1b", "us-east-1", "")], ["us-east-1", "us-east-1", ""])


class AmortizeTest(unittest.TestCase):
    """Spec 6.1; vector A9 of domain 3.5."""

    START, END = "2017-06-09 21:21:37", "2018-06-09 21:21:36"

    def test_a9_by_month_sums_exactly(self):
        fee = money.parse("9832.500000")
        parts = {}
        for index in range(14):
            period = f"{2017 + (4 + index) // 12}-{(4 + index) % 12 + 1:02d}"
            begin, finish = times.month_bounds(period)
            parts[period] = amortize.part_of(fee, ms(self.START), ms(self.END), begin, finish)
        self.assertEqual(sum(parts.values()), fee)
        # The term has 365 d = 31,536,000 s. June 2017 has the seconds from the 9th 21:21:37 to the month's end:
        # 30 d * 86400 - (8 d * 86400 + 76897) = 1,823,903; 9832.5 * 1823903 / 31536000 = 568.668386843607...
        exact = Fraction(98325, 10) * 1823903 / 31536000
        self.assertEqual(parts["2017-06"], exact.numerator * 10**18 // exact.denominator)
        twelve = {month: round(part, -6) // 10**6 for month, part in parts.items()}
        self.assertEqual(twelve["2017-06"], 568668386843607)
        for month in ("2017-07", "2017-08", "2017-10", "2017-12", "2018-01", "2018-03", "2018-05"):
            self.assertEqual(twelve[month], 835089041095890, month)
        for month in ("2017-09", "2017-11", "2018-04"):
            self.assertEqual(twelve[month], 808150684931507, month)
        self.assertEqual(twelve["2018-02"], 754273972602740)
        self.assertEqual(twelve["2018-06"], 239482298087900)
        self.assertEqual((parts["2017-05"], parts["2018-06"] > 0), (0, True))

    def test_a_negative_fee_mirrors_the_positive(self):
        begin, finish = times.month_bounds("2017-06")
        plus = amortize.part_of(10**18 + 1, ms(self.START), ms(self.END), begin, finish)
        self.assertEqual(amortize.part_of(-(10**18) - 1, ms(self.START), ms(self.END), begin, finish), -plus)

    def test_inclusive_ends(self):
        cases = [
            ("2017-06-09 21:21:37", "2018-06-09 21:21:36", 1),  # start + 12 months
            ("2017-06-01 00:00:00", "2017-06-30 23:59:59", 1),  # a whole hour
            ("2017-06-09 21:21:37", "2018-06-09 21:21:37", 0),  # exclusive already: +1 s is nothing
            ("2017-06-09 21:21:01", "2018-06-09 21:21:00", 0),  # seconds are 0
            ("2017-06-09 21:21:37", "2018-06-10 21:21:36", 0),  # no whole months
            ("2017-02-28 10:00:30", "2017-03-28 10:00:29", 1),  # one month
            ("2016-02-29 10:00:30", "2017-02-28 10:00:29", 1),  # a day the month lacks is its last day
        ]
        for start, end, added in cases:
            self.assertEqual(amortize.term_end(ms(start), ms(end)) - ms(end), added * 1000, (start, end))

    def test_known_terms(self):
        self.assertTrue(amortize.known_term(ms("2017-02-01"), ms("2017-02-28 23:59:59")))  # 28 d with the last second
        self.assertFalse(amortize.known_term(ms("2017-02-01"), ms("2017-02-28 23:59:00")))
        self.assertFalse(amortize.known_term(None, ms("2017-02-28")))


class VolumeTest(unittest.TestCase):
    """Spec 4.4, R18. Times are plain numbers."""

    def intervals(self, *records):
        """The intervals of volume v."""
        return volumes.VolumeEvidence(list(records)).intervals().get("v", {})

    @staticmethod
    def attach(time, instance, sort="attach"):
        return (sort, {"time": time, "volume": "v", "instance": instance})

    @staticmethod
    def detach(time, instance, attached=None):
        return ("detach", {"time": time, "volume": "v", "instance": instance, "attached": attached})

    def test_move_and_gap(self):
        found = self.intervals(self.detach(20, "i1", 10), self.attach(10, "i1"), self.attach(25, "i2"))
        self.assertEqual(found, {"i1": [(10, 20)], "i2": [(25, times.OPEN)]})

    def test_missed_detach(self):
        found = self.intervals(self.attach(10, "i1"), self.attach(25, "i2"), self.attach(30, "i1"))
        self.assertEqual(found, {"i1": [(10, 25), (30, times.OPEN)], "i2": [(25, 30)]})

    def test_missed_attach_opens_at_the_attach_time_and_ends_the_one_before(self):
        found = self.intervals(self.attach(10, "i1"), self.detach(30, "i2", 20))
        self.assertEqual(found, {"i1": [(10, 20)], "i2": [(20, 30)]})
        self.assertEqual(self.intervals(self.detach(30, "i2")), {})

    def test_attach_of_an_attached_pair_is_a_duplicate(self):
        ends = (self.detach(20, "i1", 15), self.detach(20, "i1", 10))
        found = self.intervals(self.attach(10, "i1"), self.attach(15, "i1"), *ends)
        self.assertEqual(found, {"i1": [(10, 20)]})

    def test_again_at_the_moment_of_the_detach(self):
        found = self.intervals(self.attach(10, "i1"), self.detach(20, "i1"), self.attach(20, "i1"))
        self.assertEqual(found, {"i1": [(10, 20), (20, times.OPEN)]})

    def test_multi_attach_deletion_and_termination(self):
        multi = ("multi", {"volume": "v"})
        gone = ("terminate", {"instance": "i1", "time": 40})
        deleted = ("delete", {"volume": "v", "time": 50})
        found = self.intervals(multi, self.attach(10, "i1"), self.attach(20, "i2", "attachment"), gone, deleted)
        self.assertEqual(found, {"i1": [(10, 40)], "i2": [(20, 50)]})


class ServiceMapTest(unittest.TestCase):
    """Spec 4.5."""

    def load(self, text, name="map.json"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return services.load(path)

    def test_base64_only_if_every_value_is(self):
        cases = [
            ('{"a": "d2Vic2l0ZQ==", "b": "aW50ZWdyYXRpb25z"}', ["website", "integrations"]),
            ('{"a": "d2Vic2l0ZQ==", "b": "website"}', ["d2Vic2l0ZQ==", "website"]),
            ('{"a": "data"}', ["data"]),  # decodes to bytes that are no words
        ]
        for text, areas in cases:
            self.assertEqual([one.area for one in self.load(text)], areas)

    def test_most_specific_entry_in_force(self):
        rows = "service,area,cluster,account,from,to\nw,one,,,,\nw,two,,111111111111,,2016-11\n"
        rows += "w,three,main,,2016-12-02,\nw,four,main,111111111111,,2016-11-30\n"
        entries = self.load(rows, "map.csv")
        self.assertEqual(services.area_of(entries, "w", CLUSTER, "2016-11"), "four")
        self.assertEqual(services.area_of(entries, "w", CLUSTER, "2016-12"), "one")
        self.assertEqual(services.area_of(entries, "w", CLUSTER, "2017-01"), "three")
        self.assertEqual(services.area_of(entries, "w", "other", "2016-11"), "one")
        self.assertIsNone(services.area_of(entries, "x", CLUSTER, "2016-11"))


class RandomMonths(unittest.TestCase):
    """The oracle's own sums, and its independence of order, on random months."""

    def test_sums_and_order(self):
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(9001, 9041):
                options = months.make(seed, os.path.join(folder, str(seed)))
                result = oracle.rollup_bill(options)
                self.assertEqual(compare.broken_sums(result), [], seed)
                shuffled = dict(options)
                for name in ("bills", "tasks", "instances", "volumes"):
                    if name in options:
                        shuffled[name] = random.Random(seed).sample(options[name], len(options[name]))
                self.assertEqual(oracle.rollup_bill(shuffled), result, seed)


@unittest.skipUnless(SAMPLES, "UNBLENDED_SAMPLES is not set: the sample bills are not read")
class Samples(unittest.TestCase):
    """The sample bills in $UNBLENDED_SAMPLES (a folder with dbr/ and events/)."""

    def test_sum_of_june_2016(self):
        bill = glob.glob(os.path.join(SAMPLES, "dbr", "*2016-06.csv.zip"))
        events = {
            "tasks": [os.path.join(SAMPLES, "events", "tasks.jsonl")],
            "instances": [os.path.join(SAMPLES, "events", "instances.json")],
            "volumes": [os.path.join(SAMPLES, "events", "volumes.jsonl")],
            "services": os.path.join(SAMPLES, "events", "services.json"),
        }
        result = oracle.rollup_bill({"bills": bill, "tags": ["team"], "as_of": "2016-08-01T00:00:00Z", **events})
        self.assertEqual(result["totals"]["billed"], "1464.4553141627")
        self.assertEqual((result["period"], result["status"]), ("2016-06", "estimated"))
        self.assertEqual(compare.broken_sums(result), [])

    def test_the_published_sample(self):
        # Domain 8: 8 LineItem rows, EC2 0.08800464, S3 0.00005500, SQS 0.
        bill = glob.glob(os.path.join(SAMPLES, "dbr", "real-2014-09*.csv"))
        result = oracle.rollup_bill({"bills": bill, "tags": ["Name"], "as_of": "2016-08-01T00:00:00Z"})
        self.assertEqual(result["totals"]["billed"], "0.08805964")
        self.assertEqual((result["period"], result["status"]), ("2014-09", "invoiced"))


if __name__ == "__main__":
    if not SAMPLES:
        print("UNBLENDED_SAMPLES is not set: the sample bills are not read", file=sys.stderr)
    unittest.main()
