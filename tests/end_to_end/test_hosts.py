"""Ranks on several hosts, which talk over TCP."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
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

    def on_hosts(self, *args, inside=(), timeout=60):
        return self.begin_on_hosts(*args, inside=inside).wait(timeout)

    def begin_on_hosts(self, *args, inside=()):
        before = os.getcwd()
        os.chdir(self.folder)  # where the launcher, and so the ranks, start
        self.addCleanup(os.chdir, before)
        line = self.hosts.launcher(MPI, MPIEXEC, 2)
        running = Running([*line, *inside, program(args[0]), *args[1:]],
                          environment(session="/tmp"), self.folder)
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

    def doctor(self, *args, inside=()):
        """The run, and its findings by check; one of each is expected."""
        result = self.on_hosts("parmap", "doctor", *args, inside=inside, timeout=100)
        self.assertEqual(os.listdir(self.folder), [], "a test file is left")
        found = {check: (verdict, text) for verdict, check, text in result.findings}
        self.assertEqual(len(found), len(result.findings), result)
        return result, found

    def test_doctor_finds_nothing(self):
        result, found = self.doctor()
        self.assertEqual(result.code, 0, result)
        self.assertNotIn("wrong", [verdict for verdict, _ in found.values()], result)
        names = ", ".join(f"h{i + 1}" for i in range(HOSTS))
        self.assertEqual(found["nodes"], ("ok", f"{names}: 2 ranks on each"), result)
        self.assertIn(f"{2 * HOSTS} ranks on {HOSTS} nodes", found["mpi"][1], result)
        self.assertEqual(found["shared"], ("ok", "all nodes see what h1 writes there"), result)
        self.assertIn("also between nodes", found["locks"][1], result)
        self.assertEqual(found["clock"][0], "ok", result)
        self.assertRegex(found["window"][1], r"(rma|msg) \(.*to rank 2 on h2 ", result)

    def test_doctor_of_a_folder_that_is_not_shared(self):
        result, found = self.doctor("--output", "/dev/shm")
        self.assertEqual(result.code, 71, result)
        self.assertEqual(found["shared"][0], "wrong", result)
        self.assertRegex(found["shared"][1], "h2.* not see what h1 writes.*all nodes share", result)
        self.assertNotIn("between nodes", found["locks"][1], result)

    def test_doctor_of_a_folder_that_is_missing_on_a_host(self):
        """What is mounted on the first host only."""
        mount = [*self.hosts.inside("h1"), "mount", "-t", "tmpfs", "none"]
        folder = tempfile.mkdtemp(prefix="parmap-", dir="/var/tmp")
        self.addCleanup(os.rmdir, folder)
        subprocess.run([*mount, folder], check=True, timeout=30)
        (Path("/proc") / str(self.hosts.keepers["h1"].pid) / "root" / folder[1:] / "sub").mkdir()
        for output, message in ((folder, "on tmpfs here but on another file system on h2"),
                                (folder + "/sub", "cannot be reached on h2")):
            with self.subTest(output=output):
                result, found = self.doctor("--output", output)
                self.assertEqual((result.code, found["folder"][0]), (71, "wrong"), result)
                self.assertIn(message, found["folder"][1], result)

    def test_doctor_of_a_host_where_things_are_odd(self):
        self.session = self.folder.parent / f"{self.folder.name}-odd"  # where all hosts see it
        self.session.mkdir()
        self.addCleanup(shutil.rmtree, self.session)
        result, found = self.doctor(inside=[*self.preload("odd"), "ODD_HOST=h2", "ODD_CLOCK=20",
                                            "ODD_LOCKS=none"])
        self.assertEqual(result.code, 0, result)
        self.assertRegex(found["clock"][1], r"clock of h2 is (19|20)\.\d s ahead of that of h1", result)
        self.assertEqual((found["clock"][0], found["locks"][0]), ("warning", "warning"), result)
        self.assertRegex(found["locks"][1], "locks of h1 have no effect on h2.*lease", result)


if __name__ == "__main__":
    unittest.main()
