"""What the suite says must be true: sums that differ are told, and a gate is met or not."""

import sys
import unittest

from . import compare, gates, inputs, measure

HEADER = b"month,account,product,tag,cost\n"


def contestant(name, cpu=1.0, peak=0, output=b"", mode="exact", errors=b""):
    return measure.Contestant(name, [], mode, runs=[measure.Run(cpu, cpu, peak, output, errors)])


class Sums(unittest.TestCase):
    def test_groups_in_another_order_and_with_zeros_at_the_end_are_equal(self):
        ours = compare.groups(HEADER + b"2016-06,1,S3,,0.1\n2016-06,2,S3,web,1\n")
        theirs = compare.groups(HEADER + b"2016-06,2,S3,web,1.000\n2016-06,1,S3,,0.10\n")
        self.assertEqual(compare.difference(ours, theirs), "equal in 2 groups")

    def test_the_last_digit_of_a_large_sum_is_a_difference(self):
        ours = compare.groups(HEADER + b"2016-06,1,S3,,123456789012345678.000000000000000001\n")
        theirs = compare.groups(HEADER + b"2016-06,1,S3,,123456789012345678.000000000000000002\n")
        self.assertEqual(compare.difference(ours, theirs), "off by 1.0e-18 in 1 of 1 groups")

    def test_a_missing_group_of_zero_is_a_difference(self):
        ours = compare.groups(HEADER + b"2016-06,1,S3,,0\n")
        self.assertIn("1 of 1", compare.difference(ours, {}))

    def test_a_rollup_is_compared_by_what_was_billed(self):
        sums = HEADER + b"2016-06,1,S3,,0.7\n2016-06,2,S3,web,0.05\n"
        for billed, said in [(b"0.75", "equal in all"), (b"0.750000000000000001", "off by 1.0e-18 in all")]:
            ours = contestant(inputs.ROLLUP, output=b'{"totals": {"billed": "%s"}}' % billed)
            found = inputs.Input("x", "x", [], [ours, contestant(inputs.SUMS, output=sums)])
            self.assertEqual(compare.judge(found)[id(ours)], said)


class Gates(unittest.TestCase):
    def test_a_ratio_over_its_limit_is_not_met(self):
        for cpu, must, stretch in [(0.4, False, False), (0.3, True, False), (0.2, True, True)]:
            ours = contestant(inputs.ROLLUP, cpu)
            found = inputs.Input("dbr-6m", "DBR", [], [ours, contestant("polars"), contestant("duckdb", 9.0)])
            polars, duckdb = gates.of_input(found)
            self.assertEqual((polars.must_met, polars.stretch_met), (must, stretch), cpu)
            self.assertTrue(duckdb.must_met)

    def test_the_best_peer_counts_and_floats_do_not(self):
        peers = [contestant("polars", 3.0), contestant("chdb", 2.0), contestant("duckdb", 0.1, mode="float")]
        found = inputs.Input("cur", "CUR", [], [contestant(inputs.ROLLUP, 1.0), *peers])
        (gate,) = gates.of_input(found)
        self.assertEqual(gate.measured, "0.50 CPU, 0.50 wall")

    def test_without_a_peer_there_is_no_gate(self):
        self.assertEqual(gates.of_input(inputs.Input("cur", "CUR", [], [contestant(inputs.ROLLUP)])), [])

    def test_memory_is_allowed_by_charges(self):
        found = inputs.Input("dbr-6m", "DBR", [], [contestant(inputs.ROLLUP, peak=25 << 20)])
        self.assertFalse(gates.of_memory(found, 1023)[0].must_met)
        self.assertTrue(gates.of_memory(found, 1024)[0].must_met)


class Processes(unittest.TestCase):
    def test_cpu_memory_and_output_of_a_process_are_its_own(self):
        code = "print('x'); a = bytearray(64 << 20); b = sum(range(3_000_000))"
        run = measure.run([sys.executable, "-c", code])
        self.assertEqual(run.output, b"x\n")
        self.assertGreater(run.peak, 64 << 20)
        self.assertGreater(run.cpu, 0.01)

    @unittest.skipUnless(measure.GNU_TIME, "GNU time is not installed")
    def test_the_memory_of_this_process_is_not_counted(self):
        ballast = bytearray(96 << 20)
        self.assertLess(measure.run(["true"]).peak, 8 << 20)
        del ballast

    def test_a_process_that_fails_is_an_error_with_its_last_words(self):
        with self.assertRaisesRegex(RuntimeError, "went wrong"):
            measure.run([sys.executable, "-c", "import sys; sys.exit('it went wrong')"])


if __name__ == "__main__":
    unittest.main()
