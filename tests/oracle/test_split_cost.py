"""AWS's formula for one instance: its examples as fractions (domain 4.2, 4.3), and the shared vectors."""

import json
import unittest
from fractions import Fraction
from pathlib import Path

import money
import split_cost

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "split_cost.json").read_text())


class Examples(unittest.TestCase):
    def totals(self, at: int) -> dict:
        _, found = split_cost.shares(VECTORS[at]["input"])
        return {name: sum(split.values()) + sum(given.values()) for name, (split, given) in found.items()}

    def test_four_pods_are_the_fractions_of_the_page(self):
        wanted = {"P1": Fraction(146, 637), "P2": Fraction(255, 637), "P3": Fraction(118, 637), "P4": Fraction(118, 637)}
        self.assertEqual(self.totals(0), wanted)
        _, found = split_cost.shares(VECTORS[0]["input"])
        splits = {name: sum(split.values()) for name, (split, _) in found.items()}
        self.assertEqual(splits["P2"], Fraction(489, 1274))
        self.assertEqual(sum(found["P1"][1].values()), Fraction(1, 91))

    def test_accelerators_are_those_of_the_page_to_ten_decimals(self):
        printed = {"1": "1.9088870770", "2": "3.2643701590", "3": "2.4133713820", "4": "2.4133713820"}
        totals = {name: round(10 * total, 10) for name, total in self.totals(1).items()}
        self.assertEqual(totals, {name: Fraction(text) for name, text in printed.items()})


class Vectors(unittest.TestCase):
    def test_every_vector(self):
        for vector in VECTORS:
            answer = split_cost.split_cost(vector["input"])
            self.assertEqual(answer, vector["expect"], vector["name"])
            kept = sum(money.parse(cost) for cost in answer["unused"].values())
            total = kept + sum(money.parse(task["total"]) for task in answer["tasks"])
            self.assertEqual(total, money.parse(str(vector["input"]["cost"])), vector["name"])
