"""Ranks on several hosts, which talk over TCP."""
import json
import os
import tempfile
import unittest
from pathlib import Path

import h5py

from hosts import Hosts
from parmap_testing import MPI, MPIEXEC, FileTest, Running, environment, program

# MPICH 4.0 over TCP can hang in MPI_Finalize with three hosts or more
HOSTS = 2 if MPI == "mpich" else 3


class SeveralHosts(FileTest):
    @classmethod
    def setUpClass(cls):
        reason = Hosts.reason_against()
        if reason:
            raise unittest.SkipTest(reason)
        cls.hosts = Hosts(HOSTS)
        cls.enterClassContext(cls.hosts)

    def setUp(self):
        super().setUp()
        # every host has a /dev/shm of its own; what all share is on the disk
        shared = tempfile.TemporaryDirectory(prefix="parmap-", dir="/var/tmp")
        self.addCleanup(shared.cleanup)
        self.folder = Path(shared.name)

    def on_hosts(self, *args, timeout=60):
        before = os.getcwd()
        os.chdir(self.folder)  # where the launcher, and so the ranks, start
        self.addCleanup(os.chdir, before)
        line = self.hosts.launcher(MPI, MPIEXEC, 2)
        running = Running([*line, program(args[0]), *args[1:]], environment(session="/tmp"),
                          self.folder)
        self.addCleanup(running.close)
        return running.wait(timeout)

    def test_both_schedules_write_the_same_file(self):
        for schedule in ("static", "dynamic"):
            path = f"{schedule}.h5"
            result = self.on_hosts("cubemap", "--schedule", schedule, "--output", path)
            self.assertEqual(result.code, 0, result)
            self.assertIn(f"{HOSTS} nodes, {2 * HOSTS} ranks", result.err)
            self.check_file(path, "cubemap", 1, 1000000)
            with h5py.File(self.folder / path) as file:
                self.assertEqual(file["parmap"].attrs["nodes"], HOSTS)

    def test_slow_blocks_are_shared_out_once_each(self):
        result = self.on_hosts("slow", "--range", "1..3001", "--schedule", "dynamic", "--output",
                               "slow.h5", "--summary", "json")
        self.assertEqual(result.code, 0, result)
        self.assertEqual(json.loads(result.out)["elements"], 3001)
        self.check_file("slow.h5", "slow", 1, 3001)

    def test_a_folder_that_is_not_shared_is_an_error(self):
        result = self.on_hosts("cubemap", "--output", "/dev/shm/elsewhere.h5")
        self.assertNotEqual(result.code, 0, result)
        errors = result.messages("error")
        self.assertEqual(len(errors), 1, result)
        self.assertIn("one that all nodes share", errors[0], result)


if __name__ == "__main__":
    unittest.main()
