"""Time limits, nodes that die and signals at any moment, on a real Slurm.  Slurm looks at time
limits every 30 seconds only, so this takes minutes."""
# TEST seconds=900 label=full
import random
import re
import time

import slurm_testing
from slurm_testing import PMI, SlurmTest


class FullTest(SlurmTest):
    LAB = {"slurmd_timeout_s": 10}
    jobs = 0

    def submit_slow(self, count, *options, arguments=(), **variables):
        """A job over both nodes that goes on until it is complete, and the path of its file."""
        self.jobs += 1
        path = f"slow-{self.jobs}.h5"
        return path, self.sbatch(
            "--nodes=2", "--cpus-per-task=1", *options, "slurm/requeue.sbatch", "./slow",
            "--range", f"1..{count}", "--output", path, *arguments, **variables)

    def check_complete(self, job, path, count, timeout=120):
        text = self.complete(job, timeout)
        self.check_file(path, "slow", 1, count)
        return text


class TimeLimits(FullTest):
    COUNT = 160000  # 80 seconds for two ranks

    def test_one_minute(self):
        """Jobs of one minute, started again until they are complete: told by Slurm's signal, by
        the end of the job that the program knows, or stopped by Slurm at the end itself."""
        no_signal, no_limit = "--signal=B:CONT@1", ("--time-limit", "none")
        jobs = {
            "signal": self.submit_slow(self.COUNT, "--time=1", "--signal=B:USR1@20",
                                       arguments=no_limit),
            "known": self.submit_slow(self.COUNT, "--time=1", no_signal, LAUNCHER="mpirun"),
            "end": self.submit_slow(self.COUNT, "--time=1", no_signal, arguments=no_limit)}
        for name, (path, job) in jobs.items():
            with self.subTest(name):
                text = self.check_complete(job, path, self.COUNT, 300)
                self.assertIn("restart 1 of at most 20", text)
                self.assertGreater(self.resumed(text), 10000, text)


class Nodes(FullTest):
    COUNT = 20000

    def start_slow(self, launcher):
        path, job = self.submit_slow(self.COUNT, LAUNCHER=launcher)
        self.lab.wait_until(lambda: self.done(path) > 50, "something is done")
        return path, job

    def check_continued(self, path, job):
        text = self.check_complete(job, path, self.COUNT)
        self.assertGreater(self.resumed(text), 50, text)
        self.assertEqual(self.lab.job(job)["Restarts"], "1", text)

    def test_taken_away(self):
        """Slurm takes a node from a job, and starts it again when the node is back."""
        for launcher in (PMI, "mpirun"):
            with self.subTest(launcher=launcher):
                path, job = self.start_slow(launcher)
                self.lab.run("scontrol", "update", "nodename=h2", "state=down", "reason=test")
                self.lab.wait_until(lambda: self.lab.state(job) == "PENDING", "it is requeued")
                self.check_continued(path, job)

    def test_rank_dies(self):
        """The run broke off, but had got further."""
        for launcher in (PMI, "mpirun"):
            with self.subTest(launcher=launcher):
                path, job = self.start_slow(launcher)
                pids = self.lab.run("pgrep", "-x", "slow").stdout.split()
                self.lab.run("kill", "-KILL", pids[-1])
                self.check_continued(path, job)

    def test_dies(self):
        """A node dies and comes back."""
        for launcher in (PMI, "mpirun"):
            with self.subTest(launcher=launcher):
                path, job = self.start_slow(launcher)
                self.lab.kill_node("h2")
                self.lab.wait_until(lambda: self.lab.state(job) == "PENDING", "it is requeued")
                self.lab.start_node("h2")
                self.check_continued(path, job)


class Signals(FullTest):
    def test_at_any_moment(self):
        """Also before the ranks are there, and while the last of them end."""
        draw = random.Random(1)
        for number in range(8):
            launcher = draw.choice((PMI, "mpirun"))
            delay_s = draw.uniform(0, 2)
            with self.subTest(number=number, launcher=launcher, delay_s=delay_s):
                path, job = self.submit_slow(2000, LAUNCHER=launcher)
                self.lab.wait_until(lambda: f"job {job}" in self.written(job), "it runs")
                time.sleep(delay_s)
                self.lab.run("scancel", "--batch", "--signal=USR1", job, check=False)
                self.check_complete(job, path, 2000)

    def test_restarts_are_bounded(self):
        path, job = self.submit_slow(8000, MAX_RESTARTS="1")
        for attempt in range(2):
            self.lab.wait_until(
                lambda: len(re.findall(r"(?m)^slow: 2 nodes", self.written(job))) > attempt,
                "the ranks run")
            self.lab.run("scancel", "--batch", "--signal=USR1", job)
        self.assertEqual(self.lab.wait(job), "FAILED")
        self.assertEqual(self.lab.job(job)["ExitCode"], "75:0", self.written(job))
        self.assertIn("not started again after 1 restarts", self.written(job))
        self.assertEqual(self.state(path), "incomplete")


if __name__ == "__main__":
    slurm_testing.main()
