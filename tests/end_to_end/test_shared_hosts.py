"""Shared objects between ranks on several hosts, which talk over TCP.  test_full_shared_hosts.py runs
more programs."""
# TEST seconds=300
import os
import tempfile
import unittest

from hosts import Hosts
from parmap_testing import MPI, MPIEXEC, TIMEOUT_S, ParmapTest, Running, environment, program

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

    def on_hosts(self, *args, window=None, ranks_each=1, timeout=TIMEOUT_S):
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
        self.run_programs(["value", "lock", "queue", "wait"], ranks_each=1)
        self.run_programs(["stress"], ranks_each=2)

    def test_rma(self):
        self.run_programs(["value", "queue"], window="rma")

    def test_msg(self):
        self.run_programs(["value", "queue"], window="msg")


# MPICH 4.0 over TCP can hang in MPI_Finalize with three hosts or more
@unittest.skipIf(MPI == "mpich", "two hosts at most with MPICH")
class ThreeHosts(SharedHosts):
    count = 3

    def test_nothing_set(self):
        self.run_programs(["value", "stress"])


if __name__ == "__main__":
    unittest.main()
