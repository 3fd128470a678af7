"""Shared objects between ranks on several hosts, which talk over TCP."""
# TEST seconds=240
import os
import tempfile
import unittest

from hosts import Hosts
from parmap_testing import MPI, MPIEXEC, ParmapTest, Running, environment, program

# what runs with the window that parmap chooses, and with each that may be asked for
PROGRAMS = ["value_race", "array_distributed", "lock", "condition", "barrier", "queue_race", "wait",
            "heap", "stress"]
FEW_PROGRAMS = ["value", "queue", "stress"]


class SharedHosts(ParmapTest):
    """Tests on `count` hosts; the classes below say how many."""

    count = None

    @classmethod
    def setUpClass(cls):
        if cls.count is None:
            raise unittest.SkipTest("no test by itself")
        reason = Hosts.reason_against()
        if reason:
            raise unittest.SkipTest(reason)
        cls.hosts = Hosts(cls.count)
        cls.enterClassContext(cls.hosts)

    def setUp(self):
        super().setUp()
        # every host has a /dev/shm of its own; what all share is on the disk
        shared = tempfile.TemporaryDirectory(prefix="parmap-", dir="/var/tmp")
        self.addCleanup(shared.cleanup)
        before = os.getcwd()
        os.chdir(shared.name)  # where the launcher, and so the ranks, start
        self.addCleanup(os.chdir, before)

    def on_hosts(self, *args, window=None, ranks_each=1, timeout=60):
        """The window is asked for by environment; without one nothing is set."""
        line = self.hosts.launcher(MPI, MPIEXEC, ranks_each)
        env = environment({"PARMAP_WINDOW": window}, session="/tmp")
        running = Running([*line, program(args[0]), *args[1:]], env, os.getcwd())
        self.addCleanup(running.close)
        return running.wait(timeout)

    def run_programs(self, names, **settings):
        for name in names:
            with self.subTest(program=name, **settings):
                result = self.on_hosts(f"test_shared_{name}", **settings)
                self.assertEqual(result.code, 0, result)
                self.assertIn("ok - ", result.out, result)
                self.assertNotIn("not ok", result.out, result)


class TwoHosts(SharedHosts):
    count = 2

    def test_the_window_is_one_that_crosses_hosts(self):
        for ranks_each in (1, 2):
            result = self.on_hosts("sharing", ranks_each=ranks_each)
            self.assertEqual(result.code, 0, result)
            window, sum_, _, size = result.out.split()
            self.assertIn(window, ("rma", "msg"), result)
            self.assertEqual((sum_, size), (str(2 * ranks_each),) * 2, result)

    def test_the_window_asked_for_is_taken(self):
        for window in ("rma", "msg"):
            result = self.on_hosts("sharing", window=window, ranks_each=2)
            self.assertEqual((result.code, result.out), (0, f"{window} 4 of 4\n"), result)

    def test_shm_is_refused_in_words(self):
        result = self.on_hosts("sharing", window="shm")
        self.assertError(result, 64, "PARMAP_WINDOW=shm", "one node", "rma or msg")

    def test_nothing_set(self):
        self.run_programs(PROGRAMS, ranks_each=2)

    def test_one_rank_on_each(self):
        self.run_programs(FEW_PROGRAMS, ranks_each=1)

    def test_rma(self):
        self.run_programs(FEW_PROGRAMS, window="rma", ranks_each=2)

    def test_msg(self):
        self.run_programs(FEW_PROGRAMS, window="msg", ranks_each=2)


# MPICH 4.0 over TCP can hang in MPI_Finalize with three hosts or more
@unittest.skipIf(MPI == "mpich", "two hosts at most with MPICH")
class ThreeHosts(SharedHosts):
    count = 3

    def test_nothing_set(self):
        self.run_programs(FEW_PROGRAMS, ranks_each=1)

    def test_two_ranks_on_each(self):
        self.run_programs(["queue_race", "stress"], ranks_each=2)


if __name__ == "__main__":
    unittest.main()
