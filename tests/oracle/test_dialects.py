"""Hand-derived cases of CUR, CUR 2.0 and FOCUS. Run: `python3 tests/oracle/test_dialects.py`."""

from __future__ import annotations

import glob
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bills  # noqa: E402
import classify  # noqa: E402
import compare  # noqa: E402
import money  # noqa: E402
import months  # noqa: E402
import oracle  # noqa: E402
import policy  # noqa: E402
import rollup  # noqa: E402
import rows  # noqa: E402

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SAMPLES = os.environ.get("UNBLENDED_SAMPLES")


class NameTest(unittest.TestCase):
    """Domain 2.2, R37."""

    def test_names_as_athena_folds_them(self):
        cases = {
            "lineItem/UsageAccountId": "line_item_usage_account_id",
            "reservation/ReservationARN": "reservation_reservation_a_r_n",
            "savingsPlan/SavingsPlanARN": "savings_plan_savings_plan_a_r_n",
            "resourceTags/user:costCenter": "resource_tags_user_cost_center",
            "resourceTags/user:cost-center": "resource_tags_user_cost_center",
        }
        self.assertEqual({name: rows.fold_name(name) for name in cases}, cases)

    def test_tag_keys_as_folding_dialects_name_them(self):
        cases = {"karpenter.sh/nodepool": "user_karpenter_sh_nodepool", "aws:createdBy": "aws_created_by"}
        cases |= {"Cost Center": "user_cost_center", "_x_": "user_x"}
        self.assertEqual({key: rows.folded_key(key) for key in cases}, cases)

    def test_spellings_of_a_requested_key(self):
        spelled = ("team", "user:team", "resourceTags/user:team", "resource_tags_user_team")
        self.assertEqual({policy.plain_key(key) for key in spelled}, {"team"})


class DetectionTest(unittest.TestCase):
    """Spec 2.1, R30."""

    def test_headers(self):
        cases = [
            ("lineItem/LineItemType,lineItem/UnblendedCost", "cur"),
            ("LINE_ITEM_LINE_ITEM_TYPE,x", "cur"),
            ("line_item_unblended_cost,resource_tags", "cur2"),
            ("line_item_unblended_cost,bill_payer_account_name", "cur2"),
            ("billedcost,chargecategory", "focus"),
            ("RecordType,Cost", "dbr"),
        ]
        for header, dialect in cases:
            module = bills.dialect_of(header.split(","))
            names = {name.lower() for name in header.split(",")}
            found = module.__name__
            self.assertEqual("cur2" if found == "cur" and module.is_cur2(names) else found, dialect, header)
        with self.assertRaises(ValueError):
            bills.dialect_of(["a", "b"])


class KindTest(unittest.TestCase):
    """Domain 2.3 and 7.1, R31, R32."""

    def test_cur(self):
        cases = {("RIFee", ""): "RecurringFee", ("Fee", "arn"): "UpfrontFee", ("Fee", ""): "Fee", ("Tax", ""): "Tax"}
        cases |= {("SavingsPlanNegation", ""): "SavingsPlanNegation", ("usage", ""): "Other", ("", ""): "Other"}
        self.assertEqual({one: classify.cur_kind(*one) for one in cases}, cases)

    def test_focus(self):
        # (category, frequency, commitment id, commitment category, status)
        cases = {
            ("Usage", "Usage-Based", "", "", ""): "Usage",
            ("Usage", "Usage-Based", "id", "Usage", "Used"): "DiscountedUsage",
            ("Usage", "Usage-Based", "id", "Spend", "Used"): "SavingsPlanCoveredUsage",
            ("Usage", "Usage-Based", "id", "Spend", "Unused"): "UnusedCommitment",
            ("Purchase", "One-Time", "id", "Usage", ""): "UpfrontFee",
            ("Purchase", "Recurring", "id", "", ""): "RecurringFee",
            ("Purchase", "One-Time", "id", "Spend", ""): "SavingsPlanUpfrontFee",
            ("Purchase", "Recurring", "id", "Spend", ""): "SavingsPlanRecurringFee",
            ("Purchase", "Recurring", "", "", ""): "Purchase",
            ("Purchase", "Usage-Based", "id", "", ""): "Purchase",
            ("Adjustment", "", "", "", ""): "Adjustment",
            ("Usages", "", "", "", ""): "Other",
        }
        self.assertEqual({one: classify.focus_kind(*one) for one in cases}, cases)

    def test_split_cost_rows(self):
        cases = {("i-1", "", ""): True, ("", "ECSTask-EC2", ""): True, ("null", "EKSPod-EC2", ""): True}
        cases |= {("NULL", "", ""): False, ("", "FargateTask", ""): False, ("", "ECSTask-EC2x", ""): False}
        cases |= {("", "", "USW2-ECS-EC2-GB-Hours"): True, ("", "", "USW2-Fargate-GB-Hours"): False}
        self.assertEqual({one: classify.is_split_cost(*one) for one in cases}, cases)


class StatusTest(unittest.TestCase):
    """Spec 8.1 to 8.3, R35."""

    def status(self, *given):
        found = []
        for dialect, payer, entity, invoice, amount in given:
            row = rows.Row(dialect, invoice, payer, "", "", "", "", "", "", "", None, None, 0, amount)
            row.entity = entity
            found.append(row)
        return rollup.status(found, "2026-03", 10**13)

    def test_the_least_final_entity_decides(self):
        invoiced = ("cur", "1", "AWS", "EUINES1", 5)
        cases = [
            ([invoiced], "invoiced"),
            ([("dbr", "1", "AWS", "EUINES1", 5)], "estimated"),
            ([invoiced, ("cur", "1", "AWS", "", 0)], "invoiced"),
            ([invoiced, ("cur", "1", "AWS", "", 1)], "estimated"),
            ([invoiced, ("cur", "1", "AWS Marketplace", "", 1)], "estimated"),
            ([invoiced, ("cur", "2", "AWS", None, 1)], "unknown"),
            ([invoiced, ("cur", "2", "AWS", None, 1), ("cur", "3", "AWS", "", 1)], "estimated"),
            ([invoiced, ("cur", "1", "AWS Marketplace", "", 0)], "unknown"),  # rows without evidence prove nothing
        ]
        for given, expected in cases:
            self.assertEqual(self.status(*given), expected, given)


class VectorTest(unittest.TestCase):
    """The shared vectors of whole bills."""

    def test_every_vector_gives_what_it_says(self):
        for name in ("bases", "commitments", "dialects", "end_to_end", "idle"):
            with open(os.path.join(TESTS, "vectors", f"{name}.json"), encoding="utf-8") as file:
                vectors = json.load(file)
            for vector in vectors:
                with self.subTest(vector["name"]), tempfile.TemporaryDirectory() as folder:
                    self.check(vector, folder)

    def check(self, vector, folder):
        for name, text in vector["input"]["files"].items():
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as file:
                file.write(text)
        words = vector["input"]["args"][1:-3]
        options = {"bills": [os.path.join(folder, words[0])], "as_of": "2030-01-01T00:00:00Z"}
        for name, value in zip(words[1::2], words[2::2]):
            name, path = name.removeprefix("--"), os.path.join(folder, value)
            if name in ("tasks", "instances", "volumes"):
                options.setdefault(name, []).append(path)
            else:
                options[name] = value if name in ("basis", "currency", "period") else path
        if "expect_error" in vector:
            # The oracle checks no columns and no repeated header: it only has to refuse what it reads.
            if vector["expect_error"]["code"] != "read.missing_column":
                self.assertRaises(ValueError, oracle.rollup_bill, options)
            return
        found = oracle.rollup_bill(options)
        for name, expected in vector["expect"]["output"].items():
            self.assertEqual(found.get(name), expected, name)
        self.assertEqual(compare.broken_sums(found), [])


class Months(unittest.TestCase):
    """The oracle's own sums, and one month in every form, on random months."""

    def test_sums_and_forms(self):
        with tempfile.TemporaryDirectory() as folder:
            for form in months.FORMS[1:]:
                for seed in range(9001, 9009):
                    result = oracle.rollup_bill(months.make(seed, os.path.join(folder, f"{form}{seed}"), form))
                    self.assertEqual(compare.broken_sums(result), [], (form, seed))
            for seed in range(9001, 9005):
                path = os.path.join(folder, f"crossed{seed}")
                self.assertEqual(compare.check_crossed(None, seed, path)[0], [], seed)


@unittest.skipUnless(SAMPLES, "UNBLENDED_SAMPLES is not set: the sample bills are not read")
class Samples(unittest.TestCase):
    """The sample bills, read by the oracle, against the facts that samples.py counted."""

    def test_every_csv_sample(self):
        with open(os.path.join(TESTS, "samples.json"), encoding="utf-8") as file:
            facts = json.load(file)
        for one in facts:
            path = os.path.join(SAMPLES, one["file"])
            if not path.endswith(".parquet") and glob.glob(path):
                period = one["period"] if one["several_periods"] else None
                options = {"bills": [path], "as_of": one["as_of"], "tags": [one["tag_key"]], "period": period}
                found = oracle.Rollup(options)
                with self.subTest(one["file"]):
                    self.assertEqual((found.period, found.status), (one["period"], one["status"]))
                    self.assertEqual(len(found.rows), one["rows"])
                    self.assertEqual(money.text(sum(row.amount for row in found.rows)), one["sum"])
                    kinds = {kind: {"rows": 0, "sum": 0} for kind in one["kinds"]}
                    for row in found.rows:
                        kinds[row.kind]["rows"] += 1
                        kinds[row.kind]["sum"] += row.amount
                    written = {kind: {**sums, "sum": money.text(sums["sum"])} for kind, sums in kinds.items()}
                    self.assertEqual(written, one["kinds"])


if __name__ == "__main__":
    unittest.main()
