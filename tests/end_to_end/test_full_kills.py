"""Killed at random moments: a file never says complete when it is not, and running again heals."""
# TEST seconds=1800 label=full
import random
import signal
import time
import unittest

import h5py

from parmap_testing import FileTest, attributes, expected, inputs, ranks_of, send


class Kills(FileTest):
    def check_truth(self, name, dataset, first, last):
        """The state of what is there; a file that says complete has every number."""
        path = self.folder / f"{name}.h5"
        self.wait_until(lambda: self.state(path) != "running", "the run lets go of its file")
        state = self.state(path)
        self.assertIn(state, ("missing", "incomplete", "complete"))
        if state == "complete":
            with h5py.File(path) as file:
                self.assertEqual(attributes(file[dataset])["complete"], 1)
                self.assertEqual(file[dataset][:].tobytes(),
                                 expected(name, inputs(first, last)).tobytes())
        return state

    def kill_at_random(self, name, dataset, last, rounds, span_s, ranks_list):
        draw = random.Random(4711)
        seen = set()
        for number in range(rounds):
            ranks = draw.choice(ranks_list)
            running = self.start(name, "--range", f"1..{last}", ranks=ranks, threads=2)
            time.sleep(draw.uniform(0, span_s))
            victims = ranks_of(running, name) if ranks else [running.pid]
            if victims:
                send(draw.choice(victims), signal.SIGKILL)
            run = running.wait()
            with self.subTest(number=number, ranks=ranks, code=run.code):
                state = self.check_truth(name, dataset, 1, last)
                seen.add(state)
                if state != "incomplete" or draw.random() < 0.5:
                    self.make(name, "--range", f"1..{last}", ranks=draw.choice(ranks_list),
                              threads=2)
                    self.check_file(f"{name}.h5", name, 1, last)
                    (self.folder / f"{name}.h5").unlink()
        self.assertIn("incomplete", seen, "no run was caught in the middle")

    def test_slow_kernel(self):
        self.kill_at_random("slow", "slow", 1500, 25, 2.0, (0, 0, 2, 3))

    def test_fast_kernel(self):
        self.kill_at_random("squares", "squares", 40000000, 25, 1.2, (0, 0, 2))

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
                state = self.check_truth("slow", "slow", 1, 800)
                self.assertEqual(state == "complete", run.code == 0, run)
                for path in self.folder.glob("slow.h5*"):
                    path.unlink()


if __name__ == "__main__":
    unittest.main()
