"""Ranks on several hosts, which talk over TCP."""
import json
import os
import random
import re
import signal
import tempfile
import unittest
from pathlib import Path

import h5py

from hosts import Hosts
from parmap_testing import (MPI, MPIEXEC, FileTest, Running, environment, program, ranks_of,
                            send)

# MPICH 4.0 over TCP can hang in MPI_Finalize with three hosts or more
HOSTS = 2 if MPI == "mpich" else 3
BLOCK = 8  # items of a block of the kernel slow


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
        return self.begin_on_hosts(*args).wait(timeout)

    def begin_on_hosts(self, *args):
        before = os.getcwd()
        os.chdir(self.folder)  # where the launcher, and so the ranks, start
        self.addCleanup(os.chdir, before)
        line = self.hosts.launcher(MPI, MPIEXEC, 2)
        running = Running([*line, program(args[0]), *args[1:]], environment(session="/tmp"),
                          self.folder)
        self.addCleanup(running.close)
        return running

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

    def test_what_all_hosts_have_done_is_kept(self):
        """Each host has a journal; the next run brings them together, here or there."""
        command = ("slow", "--range", "1..30000", "--output", "kept.h5", "--schedule", "dynamic")
        running = self.begin_on_hosts(*command)
        self.wait_until(lambda: self.marks("kept.h5") > 100, "blocks are marked", running=running)
        send(random.choice(ranks_of(running, "slow")), signal.SIGKILL)
        self.assertNotEqual(running.wait(60).code, 0)
        self.wait_until(lambda: self.state(self.folder / "kept.h5") == "incomplete", "all have gone")
        self.assertEqual(len(list(self.folder.glob("kept.h5.journal-*"))), HOSTS)
        running = self.begin_on_hosts(*command)
        before = self.done_before(running)
        self.assertGreater(before, 100 * BLOCK)
        self.wait_until(lambda: self.marks("kept.h5") > before // BLOCK + 50, "it goes on",
                        running=running)
        for pid in ranks_of(running, "slow"):
            send(pid, signal.SIGKILL)
        running.wait(60)
        self.wait_until(lambda: self.state(self.folder / "kept.h5") == "incomplete", "all have gone")
        alone = self.make(*command, ranks=0, threads=40)
        self.assertGreater(int(re.search(r"resumed +(\d+)", alone.out)[1]), before)
        self.check_file("kept.h5", "slow", 1, 30000)

    def marks(self, name):
        """How many blocks are marked, in all journals."""
        found = re.search(r"(?m)^done: (\d+) of", self.make("parmap", "info", name, ranks=0).out) \
            if (self.folder / name).exists() else None
        return int(found[1]) if found else 0

    def done_before(self, running):
        pattern = r"continuing .*: (\d+) of \d+ elements"
        self.wait_until(lambda: re.search(pattern, running.stderr_so_far()), "it says so",
                        running=running)
        return int(re.search(pattern, running.stderr_so_far())[1])

    def test_a_folder_that_is_not_shared_is_an_error(self):
        result = self.on_hosts("cubemap", "--output", "/dev/shm/elsewhere.h5")
        self.assertNotEqual(result.code, 0, result)
        errors = result.messages("error")
        self.assertEqual(len(errors), 1, result)
        self.assertIn("one that all nodes share", errors[0], result)


if __name__ == "__main__":
    unittest.main()
