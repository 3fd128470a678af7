"""How programs with a pool end: well, early, by accident; none of them hangs, and each says what
happened and on which rank."""
# TEST seconds=300
import re
import signal
import unittest

from parmap_testing import MPI, ParmapTest, send

SOON_S = 30  # nothing here may take longer, with a machine that is busy
WINDOWS = ("shm", "msg")
PLACES = ((0, "shm"), (2, "shm"), (0, "msg"), (1, "msg"))  # the rank of three where it happens


class PoolTest(ParmapTest):
    def pooling(self, *args, ranks=3, window=None):
        """A run that has to end soon."""
        return self.launch("pooling", *args, ranks=ranks, timeout=SOON_S,
                           env={"PARMAP_WINDOW": window} if window else None)


class Ends(PoolTest):
    def test_well(self):
        for ranks in (1, 2, 3):
            run = self.pooling("cubes", ranks=ranks)
            self.assertEqual((run.code, run.err), (0, ""), run)
            self.assertEqual(run.out, "0 1 8 27 64 125 216 343 512 729 2025\n", run)

    def test_nothing_is_left_in_the_heap(self):
        """Debug builds list it."""
        for window in ("shm", "rma", "msg"):
            run = self.pooling("cubes", window=window)
            self.assertNotIn("did not free", run.err, run)

    def test_too_early_and_too_late(self):
        run = self.pooling("early")
        self.assertEqual(run.code, 0, run)
        lines = run.out.splitlines()
        self.assertEqual(len(lines), 2, run)
        for line in lines:
            self.assertRegex(line, "^PARMAP_(USAGE|CLOSED): .", run)
        self.assertIn("parmap_serve", lines[0], run)

    def test_neither_closed_nor_joined(self):
        """The tasks are dropped, which is said; the exit code is main's."""
        for ranks in (1, 2, 3):
            for window in WINDOWS:
                with self.subTest(ranks=ranks, window=window):
                    run = self.pooling("drop", ranks=ranks, window=window)
                    self.assertEqual((run.code, run.out), (0, ""), run)
                    self.assertRegex(
                        run.err, rf"^parmap: rank 0: a pool of {ranks} workers was neither closed "
                        "nor joined", run)

    def test_closed_and_not_joined(self):
        """The tasks that were given are done."""
        for ranks in (1, 2, 3):
            with self.subTest(ranks=ranks):
                run = self.pooling("close", ranks=ranks)
                self.assertEqual((run.code, run.out, run.err), (0, "", ""), run)
                self.assertGreater(run.seconds, 200 * 0.02 / ranks)

    def test_main_returns_without_finish(self):
        for ranks in (1, 2, 3):
            with self.subTest(ranks=ranks):
                run = self.pooling("return", ranks=ranks)
                self.assertNotEqual(run.code, 0, run)
                self.assertRegex(run.err, r"parmap: rank 0: .*without parmap_finish", run)


class Accidents(PoolTest):
    def test_a_task_calls_exit(self):
        for where, window in PLACES:
            with self.subTest(where=where, window=window):
                run = self.pooling("exit", where, window=window)
                self.assertNotEqual(run.code, 0, run)
                self.assertRegex(
                    run.err, rf"parmap: rank {where}: PoolWorker-{where + 1} called exit", run)

    def test_a_task_ends_its_worker(self):
        for where, window in PLACES:
            with self.subTest(where=where, window=window):
                run = self.pooling("leave", where, window=window)
                self.assertEqual(run.code, 71, run)
                self.assertRegex(
                    run.err, rf"parmap: rank {where}: a task ended .*PoolWorker-{where + 1}", run)

    def test_an_initializer_ends_its_worker(self):
        for ranks in (1, 2, 3):
            with self.subTest(ranks=ranks):
                run = self.pooling("begin", ranks=ranks)
                self.assertNotEqual(run.code, 0, run)
                self.assertIn(f"rank {ranks - 1}", run.err, run)
                self.assertIn(f"PoolWorker-{ranks}", run.err, run)

    def test_a_task_fails_a_must(self):
        for where, window in PLACES:
            with self.subTest(where=where, window=window):
                run = self.pooling("must", where, window=window)
                self.assertEqual(run.code, 64, run)
                self.assertRegex(run.err, rf"pooling\.c:\d+: rank {where}, "
                                          rf"PoolWorker-{where + 1}: parmap_lock_acquire", run)

    def test_a_task_crashes(self):
        for where, window in PLACES:
            with self.subTest(where=where, window=window):
                run = self.pooling("abort", where, window=window)
                self.assert_dead(run, where, signal.SIGABRT)

    def test_a_rank_is_killed(self):
        for where, window in PLACES:
            with self.subTest(where=where, window=window):
                run = self.kill(where, window)
                self.assert_dead(run, where, signal.SIGKILL)

    def kill(self, where, window):
        """A run whose rank `where` is killed when its task runs."""
        running = self.start("pooling", "compute", where, ranks=3, env={"PARMAP_WINDOW": window})
        pattern = rf"running on rank {where} as (\d+)"
        self.wait_until(lambda: re.search(pattern, running.stderr_so_far()), "it computes",
                        running=running)
        send(int(re.search(pattern, running.stderr_so_far()).group(1)), signal.SIGKILL)
        return running.wait(SOON_S)

    def assert_dead(self, run, where, number):
        """Launchers end the job at once; only Open MPI's says which rank it was."""
        self.assertNotEqual(run.code, 0, run)
        if MPI == "openmpi":
            self.assertRegex(run.err, rf"process rank {where}\b.*signal {int(number)}\b", run)
        else:
            self.assertIn("BAD TERMINATION", run.out, run)


class Deaf(PoolTest):
    def test_a_task_that_does_not_end(self):
        """Main ends, and then the job, for the worker does not come back."""
        for where, window in PLACES[1:3]:
            with self.subTest(where=where, window=window):
                run = self.pooling("drop-deaf", where, window=window)
                self.assertEqual(run.code, 71, run)
                self.assertIn("neither closed nor joined", run.err, run)
                self.assertRegex(run.err, rf"PoolWorker-{where + 1} on rank {where} .*terminated",
                                 run)


if __name__ == "__main__":
    unittest.main()
