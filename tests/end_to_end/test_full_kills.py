"""Killed very often: what test_kills.py does, at every call and for every kind of it, many times at
random; and with kernels that are faster than the disk, whose files are large."""
# TEST seconds=3600 label=full
import random
import signal
import time
import unittest

import h5py

from durable_testing import EveryCall, RandomKills
from parmap_testing import FileTest, attributes, expected, inputs, ranks_of, send


class Calls(EveryCall):
    def test_one_thread(self):
        for what in ("kill-before", "kill-half", "kill-after"):
            self.kill_at_each(what, 1)

    def test_two_threads(self):
        for what in ("kill-before", "kill-half", "kill-after"):
            self.kill_at_each(what, 2)


class Moments(RandomKills):
    def test_random_kills(self):
        self.kill_at_random(200, seed=815)


class LargeFiles(FileTest):
    def test_fast_kernel(self):
        """The file tells the truth at every moment, and running again heals it."""
        draw, last, seen = random.Random(4711), 40_000_000, set()
        for number in range(25):
            running = self.start("squares", "--range", f"1..{last}", ranks=draw.choice((0, 0, 2)),
                                 threads=2)
            time.sleep(draw.uniform(0, 1.2))
            victims = ranks_of(running, "squares")
            if victims:
                send(draw.choice(victims), signal.SIGKILL)
            run = running.wait()
            with self.subTest(number=number, code=run.code):
                seen.add(self.check_truth("squares", 1, last))
                if draw.random() < 0.7:
                    self.make("squares", "--range", f"1..{last}", ranks=draw.choice((0, 2)))
                    self.check_file("squares.h5", "squares", 1, last)
                    (self.folder / "squares.h5").unlink()
        self.assertIn("incomplete", seen, "no run was caught in the middle")

    def check_truth(self, name, first, last):
        """The state of what is there; a file that says complete has every number."""
        path = self.folder / f"{name}.h5"
        self.wait_until(lambda: self.state(path) != "running", "the run lets go of its file")
        state = self.state(path)
        self.assertIn(state, ("missing", "incomplete", "complete"))
        if state == "complete":
            with h5py.File(path) as file:
                self.assertEqual(attributes(file[name])["complete"], 1)
                self.assertEqual(file[name][:].tobytes(),
                                 expected(name, inputs(first, last)).tobytes())
        return state

    def test_random_stops_heal_too(self):
        """TERM at random moments, before MPI is up among them: 75 or 0, nothing else."""
        draw = random.Random(815)
        for number in range(30):
            running = self.start("slow", "--range", "1..800", threads=2)
            time.sleep(draw.uniform(0.02, 1.2))
            send(running.pid, draw.choice((signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)))
            run = running.wait()
            with self.subTest(number=number):
                # -signal: it came before the first statement of main
                self.assertIn(run.code, (0, 75, -2, -10, -15), run)
                state = self.check_truth("slow", 1, 800)
                self.assertEqual(state == "complete", run.code == 0, run)
                if state == "complete" or draw.random() < 0.5:
                    self.make("slow", "--range", "1..800", threads=40, ranks=0)
                    self.check_file("slow.h5", "slow", 1, 800)
                    (self.folder / "slow.h5").unlink()


if __name__ == "__main__":
    unittest.main()
