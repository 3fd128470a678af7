"""What surrounds shared objects: too small a /dev/shm, what is left in it, what was not freed, and
that a failed PARMAP_MUST is heard of."""
# TEST seconds=240
import re
import signal
import tempfile
import unittest
from pathlib import Path

from parmap_testing import (ParmapTest, Running, command_line, environment, namespace, ranks_of,
                            send)

WINDOWS = ("shm", "rma", "msg")


class SharedMemoryTest(ParmapTest):
    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory(prefix="parmap-", dir="/var/tmp")  # not in /dev/shm
        self.addCleanup(scratch.cleanup)
        self.folder = self.session = Path(scratch.name)
        self.folder.chmod(0o1777)

    def with_own_shm(self, size):
        """The command that gives a program a /dev/shm of its own, of this size; afterwards what is
        left there of parmap's is told on stdout, `left: NAME` each."""
        spaces = namespace()
        if spaces is None:
            self.skipTest("needs mounts of its own (unshare -m)")
        script = (f'mount -t tmpfs -o size={size} none /dev/shm || exit 99; "$@"; code=$?; '
                  'for name in $(ls -A /dev/shm | grep parmap); do echo "left: $name"; done; '
                  'exit $code')
        return [*spaces, "sh", "-c", script, "sh"]

    def share(self, *args, window, size, ranks=2, env=None):
        # Open MPI's own messages do not go through /dev/shm then
        env = {"PARMAP_WINDOW": window, "OMPI_MCA_btl_vader_backing_directory": str(self.session),
               **(env or {})}
        run = self.launch("sharing", *args, ranks=ranks, env=env, outside=self.with_own_shm(size))
        self.assertNotEqual(run.code, 99, run)
        self.assertNotIn("left:", run.out, run)
        return run


class SmallShm(SharedMemoryTest):
    def test_too_small_to_start(self):
        """One sentence that says what there is and what to set."""
        for window, size in (("shm", "100k"), ("rma", "20m")):
            with self.subTest(window=window):
                run = self.share(window=window, size=size)
                self.assertIn(run.code, (71, 87), run)
                self.assertError(run, run.code, "/dev/shm", "MiB free", "--shm-size", "PARMAP_HEAP")

    def test_too_small_for_what_is_made(self):
        """The call that needs the memory fails, not an access later; the job goes on."""
        run = self.share("fill", 20, window="shm", size="12m")
        self.assertEqual(run.code, 0, run)
        lines = run.out.splitlines()
        self.assertEqual(len(lines), 2, run)
        for line in lines:
            self.assertRegex(line, r"rank \d: PARMAP_NO_MEMORY after \d+ MiB: .*/dev/shm", run)
        filled = sum(int(mib) for mib in re.findall(r"after (\d+) MiB", run.out))
        self.assertTrue(5 <= filled <= 12, run)

    def test_a_smaller_heap_fits(self):
        for window in ("shm", "rma"):
            with self.subTest(window=window):
                run = self.share("fill", 2, window=window, size="16m", env={"PARMAP_HEAP": "3M"})
                self.assertEqual((run.code, run.out.count("PARMAP_OK after 2 MiB")), (0, 2), run)

    def test_msg_does_not_need_it(self):
        run = self.share("fill", 20, window="msg", size="100k")
        self.assertEqual((run.code, run.out.count("PARMAP_OK after 20 MiB")), (0, 2), run)


class Leftovers(SharedMemoryTest):
    def test_nothing_after_a_normal_end(self):
        for window in WINDOWS:
            with self.subTest(window=window):
                run = self.share(window=window, size="1g", ranks=3)
                self.assertEqual((run.code, run.out), (0, f"{window} 3 of 3\n"), run)

    def test_nothing_after_a_killed_rank(self):
        for window in WINDOWS:
            with self.subTest(window=window):
                line = command_line(["sharing", "hold"], 3, outside=self.with_own_shm("1g"))
                running = Running(line, environment({"PARMAP_WINDOW": window}, self.session),
                                  self.folder)
                self.addCleanup(running.close)
                self.wait_until(lambda: "holding" in running.stderr_so_far(), "it holds the lock",
                                running=running)
                send(ranks_of(running, "sharing")[1], signal.SIGKILL)
                run = running.wait()
                self.assertNotEqual(run.code, 0, run)
                self.assertNotIn("left:", run.out, run)


class Leaks(ParmapTest):
    def test_what_was_not_freed(self):
        for window in WINDOWS:
            with self.subTest(window=window):
                run = self.make("sharing", "leak", ranks=2, env={"PARMAP_WINDOW": window})
                found = set(re.findall(r"rank (\d) did not free: (\d+) x (.*)", run.err))
                if run.out == "release\n":  # debug builds only
                    self.assertEqual(found, set(), run)
                    continue
                self.assertLessEqual({("0", "2", "lock"), ("0", "1", "event"), ("1", "1", "queue")},
                                     found, run)
                self.assertNotIn(("1", "2", "queue"), found, run)


class Must(ParmapTest):
    def test_its_message_arrives(self):
        """Launchers may forget what a rank wrote just before it ended the job."""
        for _ in range(10):
            run = self.launch("sharing", "fail", ranks=4)
            self.assertEqual(run.code, 64, run)
            self.assertRegex(run.err, r"sharing\.c:\d+: rank 3: parmap_lock_acquire: .*created", run)


if __name__ == "__main__":
    unittest.main()
