"""The numbers in the file against numpy and Python's integers: ranks, threads, ranges, types."""
import unittest

import h5py
import numpy

from parmap_testing import KERNELS, POWERS, FileTest, attributes, domain, expected, inputs, integers

TYPES = ("int64", "uint64", "int128", "float64")


class DefaultRuns(FileTest):
    def check_default(self, name, ranks, threads):
        (self.folder / f"{name}.h5").unlink(missing_ok=True)
        run = self.make(name, ranks=ranks, threads=threads)
        self.check_file(f"{name}.h5", name, 1, 1000000)
        self.assertEqual(self.files(), [f"{name}.h5"], "nothing else is left")
        self.assertEqual(run.status, "complete", run)

    def test_cubemap(self):
        for ranks, threads in ((0, 1), (0, 4), (1, 2), (2, 1), (3, 2), (4, 1), (7, 1), (8, 1)):
            with self.subTest(ranks=ranks, threads=threads):
                self.check_default("cubemap", ranks, threads)

    def test_squares(self):
        for ranks, threads in ((0, 2), (3, 2)):
            with self.subTest(ranks=ranks, threads=threads):
                self.check_default("squares", ranks, threads)

    def test_without_any_setting(self):
        """Not even OMP_NUM_THREADS, and without mpiexec."""
        self.make("cubemap", ranks=0, env={"OMP_NUM_THREADS": None, "OMP_WAIT_POLICY": None})
        self.check_file("cubemap.h5", "cubemap", 1, 1000000)

    def test_summary_says_what_the_file_says(self):
        run = self.make("cubemap", "--stats", ranks=2)
        attrs = self.check_file("cubemap.h5", "cubemap", 1, 1000000, stats=True)
        summary = run.summary
        self.assertEqual(summary["elements"], "1000000 (int64, 8.00 MB)", run)
        self.assertEqual(summary["checksum"], f"{attrs['checksum']:016x}", run)
        self.assertEqual(summary["min"], "1", run)
        self.assertEqual(summary["max"], str(10**18), run)
        self.assertEqual(summary["sum"], str((10**6 * (10**6 + 1) // 2) ** 2), run)
        self.assertEqual(summary["file"], "cubemap.h5, data set /cubes", run)
        self.assertRegex(summary["time"], r"^[\d.]+ s$", run)
        self.assertRegex(summary["rate"], r"^[\d.]+ \w? ?elements/s, [\d.]+ [kMGT]?B/s$", run)
        self.assertRegex(summary["balance"], r"^\d+\.\d\d \(slowest rank over mean\)$", run)


class Ranges(FileTest):
    RANGES = (  # text, first, last, step
        ("-1000..1000", -1000, 1000, 1),
        ("0..0", 0, 0, 1),
        ("-5..-5", -5, -5, 1),
        ("1..3", 1, 3, 1),
        ("-7..200:3", -7, 200, 3),
        ("3..10:4", 3, 10, 4),
        ("500..-480:-7", 500, -480, -7),
        ("100..-51:-7", 100, -51, -7),
        ("9..9:-7", 9, 9, -7),
        ("5..6:1000000", 5, 6, 1000000),
        ("1..2^20", 1, 2**20, 1),
        ("1..1_048_577", 1, 2**20 + 1, 1),
        ("1..4095", 1, 4095, 1),
        ("1..4097", 1, 4097, 1),
        ("1..300007:3", 1, 300007, 3),
        ("1_000..1e4", 1000, 10000, 1),
        ("2^4..2^10", 16, 1024, 1),
        ("-2^10..1.5e3", -1024, 1500, 1),
        ("-2097151..2097151:2^11", -2097151, 2097151, 2048),
    )

    def test_alone(self):
        for text, first, last, step in self.RANGES:
            with self.subTest(range=text):
                self.make("cubemap", "--range", text, "--force", "--stats", ranks=0, threads=2)
                self.check_file("cubemap.h5", "cubemap", first, last, step, stats=True)

    def test_over_ranks(self):
        """Among them more ranks than elements."""
        for ranks, (text, first, last, step) in ((4, self.RANGES[1]), (8, self.RANGES[3]),
                                                 (3, self.RANGES[6]), (7, self.RANGES[11])):
            with self.subTest(range=text, ranks=ranks):
                self.make("cubemap", f"--range={text}", "--force", "--stats", ranks=ranks)
                self.check_file("cubemap.h5", "cubemap", first, last, step, stats=True)

    def test_block_boundaries(self):
        """One item less and one more than whole blocks, for the block size of the file."""
        self.make("squares", "--range", "1..1e6", ranks=0)
        with h5py.File(self.folder / "squares.h5") as file:
            items = attributes(file["squares"])["block_items"]
        for count in (items - 1, items, items + 1, 3 * items + 1):
            if count > 0:
                with self.subTest(count=count):
                    self.make("squares", "--range", f"1..{count}", "--force", ranks=0, threads=3)
                    self.check_file("squares.h5", "squares", 1, count)


class Types(FileTest):
    def test_both_ends_of_every_domain(self):
        """The last 20000 inputs at both ends, and across zero."""
        ranks = 0
        for name in POWERS:
            for value_type in TYPES:
                low, high = domain(name, value_type)
                for first, last in {(low, low + 20000), (high - 20000, high)}:
                    with self.subTest(program=name, type=value_type, first=first):
                        ranks = 2 if ranks == 0 and value_type == "int128" else 0
                        self.make(name, "--type", value_type, "--range", f"{first}..{last}",
                                  "--stats", "--force", ranks=ranks, threads=2)
                        self.check_file(f"{name}.h5", name, first, last, value_type=value_type,
                                        stats=True)

    def test_steps_across_the_whole_domain(self):
        for name, value_type, step in (("cubemap", "int128", 1234567890123),
                                       ("squares", "int128", -(10**15 + 37)),
                                       ("squares", "uint64", 42949),
                                       ("cubemap", "float64", -97),
                                       ("squares", "int64", 60741)):
            low, high = domain(name, value_type)
            first, last = (low, high) if step > 0 else (high, low)
            with self.subTest(program=name, type=value_type):
                self.make(name, "--type", value_type, "--range", f"{first}..{last}:{step}",
                          ranks=0, threads=4)
                self.check_file(f"{name}.h5", name, first, last, step, value_type)
                with h5py.File(self.folder / f"{name}.h5") as file:
                    values = integers(file[KERNELS[name][2]][:])
                self.assertEqual(values, [x ** POWERS[name] for x in inputs(first, last, step)])
                (self.folder / f"{name}.h5").unlink()

    def test_one_past_each_end_is_refused(self):
        for name in POWERS:
            kernel = KERNELS[name][0]
            for value_type in TYPES:
                low, high = domain(name, value_type)
                problem = "is not exact in" if value_type == "float64" else "overflows"
                cases = [(high - 5, high + 1, 1, high + 1), (low + 5, low - 1, -1, low - 1)]
                if (name, value_type) == ("cubemap", "int128"):
                    cases += [(high + 7, high + 9, 1, high + 7), (high - 3, high + 11, 7, high + 4)]
                for first, last, step, bad in cases:
                    with self.subTest(program=name, type=value_type, bad=bad):
                        run = self.launch(name, "--type", value_type, "--range",
                                          f"{first}..{last}:{step}", ranks=0)
                        self.assertError(run, 64,
                                         f"{kernel} {problem} {value_type} at x = {bad};")
                        if bad > high:
                            self.assertIn(f"largest exact x is {high}", run.err)
                        self.assertEqual(self.files(), [], "no file is made")

    def test_refusal_names_the_way_out(self):
        run = self.launch("cubemap", "--range", "1..2097152", ranks=3)
        self.assertError(run, 64, "cube overflows int64 at x = 2097152; "
                         "largest exact x is 2097151;", "--type int128")
        run = self.launch("cubemap", "--range", "1..208064", "--type", "float64", ranks=0)
        self.assertError(run, 64, "cube is not exact in float64 at x = 208064;",
                         "--allow-rounding")
        self.assertEqual(self.files(), [])


class Rounding(FileTest):
    def test_rounded_as_numpy_does(self):
        for name, first, last, step in (("cubemap", 208000, 300000, 1),
                                        ("cubemap", -(2**53), 2**53, 2**53 // 50001),
                                        ("squares", 94906000, 94999999, 1)):
            with self.subTest(program=name, first=first):
                self.make(name, "--type", "float64", "--allow-rounding", "--force", "--stats",
                          "--range", f"{first}..{last}:{step}", ranks=2)
                self.check_file(f"{name}.h5", name, first, last, step, "float64", rounding=1,
                                stats=True)

    def test_rounding_does_not_lift_the_limits_of_whole_types(self):
        run = self.launch("cubemap", "--allow-rounding", "--range", "1..2097152", ranks=0)
        self.assertError(run, 64, "cube overflows int64 at x = 2097152")


class Kernels(FileTest):
    """Programs as a user writes them."""

    def test_formula_that_rounds(self):
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                self.make("parabola", "--force", "--stats", ranks=ranks, threads=2)
                self.check_file("parabola.h5", "parabola", -500000, 500000, value_type="float64",
                                stats=True)

    def test_results_of_another_type_than_the_inputs(self):
        self.make("thirds", "--range", "-100000..100001", "--stats", ranks=2)
        with h5py.File(self.folder / "thirds.h5") as file:
            data, attrs = file["thirds"], attributes(file["thirds"])
            self.check_layout(data, "float64", 200002)
            numpy.testing.assert_array_equal(data[:], expected("thirds", range(-100000, 100002)))
            self.assertEqual(attrs["sum"], "not exact")
            self.assertEqual(float(attrs["min"]), -100000 / 3.0)

    def test_type_that_the_kernel_does_not_have(self):
        run = self.launch("parabola", "--type", "int64", ranks=0)
        self.assertError(run, 64, "int64", "float64")
        self.assertEqual(self.files(), [])


if __name__ == "__main__":
    unittest.main()
