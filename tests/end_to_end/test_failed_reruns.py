# TEST seconds=240
"""Failed items that are computed again, and kills of runs that have some."""
import collections
import os
import signal
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy

from failing import FAILED, FailedItems, fails, how_many
from hosts import Hosts
from parmap_testing import MPI, MPIEXEC, Running, environment, program, ranks_of, send

PROBES = 64


class Reruns(FailedItems):
    def logged(self, *args, **settings):
        """A run, and how often each x was computed in it but for the probes."""
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        run = self.fallible(*args, log=log, **settings)
        calls = collections.Counter(int(x) for x in log.read_text().split())
        first, last = settings.get("first", -250), settings.get("last", 4749)
        for i in range(PROBES):
            calls[first + (last - first) * i // (PROBES - 1)] -= 1
        return run, +calls

    def test_only_failed_items_are_computed_again(self):
        self.fallible(which="7", ranks=3)
        for ranks, before, after, attempts in ((2, "7", "4", 2), (0, "4", "4", 3), (4, "4", "1", 4),
                                               (3, "1", "none", 5)):
            with self.subTest(before=before, after=after):
                run, calls = self.logged("--rerun-failed", which=after, ranks=ranks)
                self.assertEqual(calls, {x: 1 for x in range(-250, 4750) if fails(x, before)}, run)
                self.check_halves(after, attempts=attempts, calls=1)
        run, calls = self.logged("--rerun-failed", which="1", ranks=2, expect=0)
        self.assertEqual(calls, {})
        self.assertIn("fallible.h5 has no failed items", run.err)
        self.assertEqual(run.status, "already complete", run)

    def test_without_checksum(self):
        """Nothing proves then what else is in a block: one with failed items is computed whole."""
        self.fallible("--checksum", "off", which="7", ranks=2)
        run, calls = self.logged("--checksum", "off", "--rerun-failed", which="2", ranks=3)
        self.assertEqual(set(calls.values()), {1})
        self.assertLessEqual({x for x in range(-250, 4750) if fails(x, "7")}, set(calls))
        self.assertIn("no checksum to compare them with", run.err)
        self.logged("--checksum", "off", "--rerun-failed", which="none", ranks=0)
        with h5py.File(self.folder / "fallible.h5") as file:
            numpy.testing.assert_array_equal(file["halves"][:], numpy.arange(-250, 4750) * 0.5)

    def test_with_statistics_and_all_blocks_read_again(self):
        self.fallible("--stats", which="negative", ranks=2)
        _, calls = self.logged("--stats", "--rerun-failed", which="none", ranks=3)
        self.assertEqual(calls, {x: 1 for x in range(-250, 0)})
        attrs = self.check_halves("none")
        self.assertEqual(attrs["sum"], "not exact")
        self.assertEqual(float(attrs["min"]), -125)

    def test_a_damaged_block_is_computed_whole(self):
        self.fallible(which="7", ranks=2)
        with h5py.File(self.folder / "fallible.h5") as file:
            offset, block = file["halves"].id.get_offset(), file["halves"].attrs["block_items"]
        with open(self.folder / "fallible.h5", "r+b") as file:
            file.seek(offset + 8 * 300)  # x = 50, in a block with failed items (0 .. 6)
            file.write(b"\0" * 8)
        begin = 300 // block * block - 250
        run, calls = self.logged("--rerun-failed", which="1", ranks=2)
        whole = set(range(begin, begin + block))
        expected = {x: 1 for x in range(-250, 4750) if fails(x, "7") or x in whole}
        self.assertEqual(calls, expected, run)
        self.assertIn("lost or damaged", run.err)

    def test_a_lost_journal(self):
        self.fallible(which="7", ranks=2)
        for name in self.journals():
            (self.folder / name).unlink()
        run = self.fallible("--rerun-failed", which="1", ranks=2, expect=73)
        self.assertError(run, 73, "its journal is gone", "--force")
        self.assertEqual(self.fallible(which="7", ranks=2).status, "already complete")

    def test_the_journal_of_an_unfinished_run_keeps_the_records(self):
        """Of several nodes, too."""
        reason = Hosts.reason_against()
        if reason:
            self.skipTest(reason)
        shared = tempfile.TemporaryDirectory(prefix="parmap-", dir="/var/tmp")
        self.addCleanup(shared.cleanup)
        self.folder = Path(shared.name)
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)
        with Hosts(2) as hosts:
            line = hosts.launcher(MPI, MPIEXEC, 2)
            env = environment({"FALLIBLE": "3"}, "/tmp")
            if MPI == "openmpi":
                line[-2:-2] = ["-x", "FALLIBLE"]
            running = Running([*line, program("fallible"), "--range", "-250..4749"], env,
                              self.folder)
            self.addCleanup(running.close)
            run = running.wait(60)
        self.assertEqual(run.code, 1, run)
        self.check_halves("3")
        self.assertEqual(self.journals(), ["fallible.h5.journal-0", "fallible.h5.journal-1"])
        _, calls = self.logged("--rerun-failed", which="2", ranks=3)
        self.assertEqual(calls, {x: 1 for x in range(-250, 4750) if fails(x, "3")})
        self.check_halves("2", attempts=2, calls=1)
        self.assertEqual(self.journals(), ["fallible.h5.journal-0"])


class Kills(FailedItems):
    def kill_in(self, *args, which, after, ranks=3, ms=2):
        """A run that is killed when so many items are done."""
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        running = self.start("fallible", "--range=-250..4749", *args, ranks=ranks,
                             env={"FALLIBLE": which, "FALLIBLE_MS": str(ms),
                                  "FALLIBLE_LOG": str(log)})
        self.wait_until(lambda: log.exists() and log.read_text().count("\n") > PROBES + after,
                        f"{after} items are done", running=running)
        for pid in [*ranks_of(running, "fallible"), running.pid]:
            send(pid, signal.SIGKILL)
        running.wait()
        self.wait_until(lambda: self.state("fallible.h5") != "running", "the run is dead")

    def test_resume(self):
        for ranks, after in ((2, 500), (4, 2500)):
            with self.subTest(after=after):
                self.kill_in("--force", which="7", after=after)
                self.assertEqual(self.state("fallible.h5"), "incomplete")
                run = self.fallible(which="7", ranks=ranks)
                self.assertIn("continuing", run.err)
                self.check_halves("7", recorded=False)
                with h5py.File(self.folder / "fallible.h5") as file:
                    self.assertEqual(len(file["parmap/failed"]), how_many("7"))

    def test_rerun_is_killed(self):
        """And done again, or finished without it."""
        for again in (["--rerun-failed"], []):
            with self.subTest(again=again):
                self.fallible("--force", which="40", ranks=2)
                self.kill_in("--rerun-failed", which="20", after=700)
                self.assertEqual(self.state("fallible.h5"), "incomplete")
                run = self.fallible(*again, which="20", ranks=4, expect=1)
                self.assertEqual(run.status, "complete", run)
                with h5py.File(self.folder / "fallible.h5") as file:
                    statuses, data = file["halves_status"][:], file["halves"][:]
                xs = numpy.arange(-250, 4750)
                least = numpy.array([fails(int(x), "20") for x in xs])
                most = numpy.array([fails(int(x), "40") for x in xs])
                failed = statuses == FAILED
                self.assertTrue((failed >= least).all() and (failed <= most).all())
                numpy.testing.assert_array_equal(data, numpy.where(failed, numpy.nan, xs * 0.5))
                if again:
                    self.check_halves("20", recorded=False)
                else:
                    self.assertGreater(failed.sum(), least.sum())
                    self.assertIn("matches",
                                  self.make("parmap", "verify", "fallible.h5", ranks=0).out)
                self.fallible("--rerun-failed", which="none", ranks=3)
                self.check_halves("none")


if __name__ == "__main__":
    unittest.main()
