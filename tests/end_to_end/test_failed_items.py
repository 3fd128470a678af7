# TEST seconds=240
"""Kernels whose items fail: statuses, values, lists and messages; retries; runs that stop."""
import json
import unittest

import h5py
import numpy

from failing import FAILED, GOOD, FailedItems, fails, how_many


class Layouts(FailedItems):
    def test_every_layout_gives_the_same(self):
        """Data, statuses and list, by ranks, threads and schedule."""
        seen = set()
        for ranks, threads, schedule in ((0, 1, "static"), (0, 3, "dynamic"), (1, 2, "dynamic"),
                                         (2, 1, "static"), (3, 2, "dynamic"), (4, 1, "static"),
                                         (4, 1, "dynamic"), (7, 1, "dynamic")):
            with self.subTest(ranks=ranks, threads=threads, schedule=schedule):
                run = self.fallible("--schedule", schedule, "--force", "--summary", "json",
                                    which="3", ranks=ranks, threads=threads)
                attrs = self.check_halves("3")
                self.assertEqual(run.json["failed"], attrs["failed"], run)
                self.assertEqual(run.json["elements"], 5000, run)
                seen.add(json.dumps(attrs, sort_keys=True))
        self.assertEqual(len(seen), 1)

    def test_all_and_none_fail(self):
        for which in ("all", "none"):
            with self.subTest(which=which):
                self.fallible("--force", which=which, ranks=3)
                self.check_halves(which)

    def test_statistics_leave_failed_items_out(self):
        self.fallible("--stats", which="negative", ranks=2)
        attrs = self.check_halves("negative")
        self.assertEqual((float(attrs["min"]), float(attrs["max"])), (0, 4749 / 2))
        self.fallible("--stats", which="3", ranks=2, first=1, last=100000, expect=73)

    def test_a_million_items_of_which_one_in_a_hundred_fails(self):
        self.fallible(which="1", first=1, last=10**6, ranks=3)
        self.check_halves("1", 1, 10**6)

    def test_more_failures_than_are_recorded(self):
        run = self.fallible(which="all", first=1, last=25000, ranks=0)
        self.check_halves("all", 1, 25000, recorded=False)
        lines = self.make("parmap", "info", "--failed", "fallible.h5", ranks=0).out.splitlines()
        self.assertEqual(sum("no half of" in line for line in lines), 10000)
        self.assertEqual(sum("not recorded" in line for line in lines), 15000)
        with h5py.File(self.folder / "fallible.h5") as file:
            self.assertEqual(len(file["parmap/failed"]), 10000)
        self.assertIn("25000 of 25000 items failed, 24990 more than are shown",
                      run.messages("error")[0])

    def test_without_checksum_and_without_journal(self):
        for option in ("--checksum", "--journal"):
            with self.subTest(option=option):
                self.fallible(option, "off", "--force", which="3", ranks=2)
                with h5py.File(self.folder / "fallible.h5") as file:
                    self.assertEqual(len(file["parmap/failed"]), how_many("3"))
                self.assertEqual(bool(self.journals()), option == "--checksum")

    def test_other_data_sets_and_types(self):
        self.fallible("--dataset", "a/b", "--output", "x.h5", which="3", ranks=2)
        with h5py.File(self.folder / "x.h5") as file:
            self.assertEqual((file["a/b_status"][:] == FAILED).sum(), how_many("3"))


class Messages(FailedItems):
    def test_the_first_ten_are_shown(self):
        run = self.fallible(which="negative", ranks=3, last=100)
        warnings = run.messages("warning")
        shown = [w for w in warnings if w.startswith("item ")]
        self.assertEqual(len(shown), 10, run)
        for i, line in enumerate(shown):
            self.assertRegex(line, rf"^item {i} \(x = {i - 250}\) failed on rank 0, \S+, after "
                                   rf"1 attempt: no half of {i - 250} in call 1$")
        self.assertError(run, 1, "250 of 351 items failed, 240 more than are shown; parmap info "
                         "--failed fallible.h5 lists all, --rerun-failed computes", out=None)
        self.assertEqual(run.summary["failed"], "250 of them", run)
        again = self.fallible(which="negative", ranks=2, last=100)
        self.assertEqual(again.status, "already complete", again)
        self.assertEqual([w for w in again.messages("warning") if w.startswith("item ")], shown)
        self.assertEqual(again.messages("error"), run.messages("error"))

    def test_without_a_file(self):
        run = self.fallible("--output", "none", which="3", ranks=3, first=1, last=199)
        shown = [w for w in run.messages("warning") if w.startswith("item ")]
        self.assertEqual([w.split(")")[0] for w in shown],
                         [f"item {x - 1} (x = {x}" for x in (1, 2, 100, 101, 102)])
        self.assertError(run, 1, "5 of 199 items failed", out=None)
        self.assertNotIn("shown", run.messages("error")[0])

    def test_retries(self):
        run = self.fallible("--retries", "1", which="5", calls=2, ranks=2, first=1, last=1000)
        self.check_halves("5", 1, 1000, attempts=2)
        self.assertIn("after 2 attempts: no half of 1 in call 2", run.err)
        self.fallible("--retries", "2", "--force", which="5", calls=2, ranks=3, first=1, last=1000,
                      expect=0)
        self.check_halves("none", 1, 1000)

    def test_misuse(self):
        self.assertError(self.launch("cubemap", "--rerun-failed", ranks=0), 64,
                         "items of cube cannot fail; leave out --rerun-failed")
        self.assertError(self.launch("fallible", "--rerun-failed", "--force", ranks=2), 64,
                         "--rerun-failed", "force")
        self.assertError(self.launch("fallible", "--rerun-failed", "--output", "none", ranks=0), 64,
                         "--rerun-failed needs the file")
        self.assertError(self.launch("fallible", "--rerun-failed", ranks=2), 73,
                         "it was not begun; leave out --rerun-failed")
        self.assertEqual(self.files(), [])

    def test_verify(self):
        self.fallible(which="3", ranks=2)
        self.assertEqual(self.launch("fallible", "--verify", "fallible.h5", ranks=2,
                                     env={"FALLIBLE": "3"}).code, 0)
        self.assertEqual(self.launch("fallible", "--verify", "fallible.h5", ranks=0,
                                     env={"FALLIBLE": "none"}).code, 0)
        self.assertError(self.launch("fallible", "--verify", "fallible.h5", ranks=3,
                                     env={"FALLIBLE": "4"}), 65,
                         "first at index 47 (x = -203), "
                         f"{how_many('4') - how_many('3')} of 5000 elements")
        with h5py.File(self.folder / "fallible.h5", "r+") as file:
            file["halves_status"][17] = FAILED
        self.assertError(self.launch("parmap", "verify", "fallible.h5", ranks=0), 65,
                         "the data was changed")

    def test_an_ordinary_file_has_none(self):
        self.make("cubemap", "--range", "1..1000", ranks=0)
        self.assertEqual(self.make("parmap", "info", "--failed", "cubemap.h5", ranks=0).out, "")


class Stops(FailedItems):
    def stopped(self, *args, ranks, which="10", **settings):
        """A run of some seconds that --on-error ends; how many items failed, as it says."""
        run = self.fallible(*args, which=which, ms=1, ranks=ranks, first=1, last=40000, expect=1,
                            **settings)
        self.assertEqual(run.status, "stopped", run)
        self.assertError(run, 1, "stopped by --on-error after", "of 40000 elements", "failed; run "
                         "the same command with --on-error continue to go on", out=None)
        self.assertEqual(self.state("fallible.h5"), "incomplete")
        with h5py.File(self.folder / "fallible.h5") as file:
            statuses = file["halves_status"][:]
            self.assertEqual(len(file["parmap/failed"]), 0)
        xs = numpy.arange(1, 40001)
        done = statuses != 0
        failed = numpy.array([fails(int(x), which) for x in xs])
        numpy.testing.assert_array_equal(statuses[done], numpy.where(failed[done], FAILED, GOOD))
        listed = self.make("parmap", "info", "--failed", "fallible.h5", ranks=0).out.splitlines()
        self.assertEqual([int(line.split("\t")[0]) for line in listed],
                         list(numpy.flatnonzero(statuses == FAILED)))
        count = int(run.messages("error")[0].split(" elements: ")[1].split(" ")[0])
        self.assertEqual(count, (statuses == FAILED).sum(), run)
        self.assertIn(f"failed: {count} so far",
                      self.make("parmap", "info", "fallible.h5", ranks=0).out)
        return count, run

    def test_stop(self):
        for ranks, threads in ((0, 2), (3, 1)):
            with self.subTest(ranks=ranks):
                count, _ = self.stopped("--on-error", "stop", "--force", ranks=ranks,
                                        threads=threads)
                self.assertGreaterEqual(count, 1)
        again, run = self.stopped("--on-error", "stop", ranks=2)
        self.assertEqual(again, count)  # nothing more was computed
        self.assertIn("stopped by --on-error after", run.messages("error")[0])

    def test_fail_after(self):
        for limit, least in (("fail-after:25", 25), ("fail-after=25", 25), ("fail-after 25", 25),
                             ("fail-after:0.1%", 40)):
            with self.subTest(limit=limit):
                count, _ = self.stopped("--on-error", limit, "--force", ranks=3)
                self.assertGreaterEqual(count, least)

    def test_the_count_goes_on_where_it_was(self):
        first, _ = self.stopped("--on-error", "fail-after:20", ranks=2)
        second, run = self.stopped("--on-error", f"fail-after:{first + 15}", ranks=3)
        self.assertGreaterEqual(second, first + 15)
        self.assertIn("continuing fallible.h5", run.err)

    def test_go_on_and_go_on_with_those_that_failed(self):
        self.fallible("--on-error", "stop", which="10", ms=1, first=1, last=2000, ranks=2)
        self.fallible("--on-error", "continue", which="10", first=1, last=2000, ranks=3)
        self.check_halves("10", 1, 2000)
        self.fallible("--on-error", "stop", "--force", which="10", ms=1, first=1, last=2000,
                      ranks=2)
        self.fallible("--rerun-failed", which="none", first=1, last=2000, ranks=3)
        self.check_halves("none", 1, 2000)

    def test_complete_before_the_limit(self):
        run = self.fallible("--on-error", f"fail-after:{how_many('3') + 1}", which="3", ranks=3)
        self.assertEqual(run.status, "complete", run)
        self.check_halves("3")


if __name__ == "__main__":
    unittest.main()
