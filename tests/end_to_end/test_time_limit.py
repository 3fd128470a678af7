"""A run that ends before its time is over: the user's, or the Slurm job's."""
# TEST seconds=240
import os
import time
import unittest

from parmap_testing import FileTest

LAST = 200000  # items of a millisecond


class TimeLimitTest(FileTest):
    def check_stopped(self, run, program="slow"):
        self.assertEqual((run.code, run.status), (75, "stopped"), run)
        self.assertRegex(run.messages("error")[0],
                         rf"^stopped \d+\.\d s before the time limit after \d+ of \d+ elements, "
                         rf"{program}\.h5 is incomplete; ")
        self.assertEqual(self.state(f"{program}.h5"), "incomplete")

    def slurm(self, left_s, **more):
        """The variables of a job; `left_s` None: Slurm before 23.02."""
        env = {"SLURM_JOB_ID": "4711"}
        if left_s is not None:
            env["SLURM_JOB_END_TIME"] = str(int(time.time() + left_s))
        return {**env, **more}

    def squeue(self, script):
        """Variables of a job where squeue is this script."""
        path = self.folder.parent / "bin" / "squeue"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return self.slurm(None, PATH=f"{path.parent}:{os.environ['PATH']}")


class Option(TimeLimitTest):
    def test_it_stops(self):
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                run = self.launch("slow", "--range", f"1..{LAST}", "--time-limit", "4s",
                                  ranks=ranks)
                self.check_stopped(run)
                self.assertEqual(run.err.count("slow: to continue: "), 1, run)
                self.assertIn("--time-limit 4s", run.err)

    def test_margin(self):
        run = self.launch("slow", "--range", f"1..{LAST}", "--time-limit", "1000",
                          "--time-margin", "997", ranks=2)
        self.check_stopped(run)
        self.assertRegex(run.messages("error")[0], r"^stopped 99\d\.\d s before")

    def test_blocks_that_do_not_fit_are_not_begun(self):
        """Items of a second: there is no time for more than eight."""
        run = self.launch("doze", "--range", "1..30", "--time-limit", "8.9s", "--time-margin", "0",
                          "--threads", "1", ranks=0, env={"DOZE_MS": "1000"})
        self.check_stopped(run, "doze")
        self.assertLessEqual(int(run.summary["elements"].split()[0]), 8, run)

    def test_enough_time(self):
        run = self.make("slow", "--range", "1..500", "--time-limit", "10:00", ranks=2)
        self.assertEqual(run.status, "complete", run)
        self.check_file("slow.h5", "slow", 1, 500)

    def test_over_before_it_begins(self):
        for args, code, text in ((["--time-limit", "0"], 64, "time-limit (option) is 0"),
                                 (["--time-limit", "60", "--time-margin", "60"], 64, "time-margin"),
                                 (["--time-limit", "60", "--time-margin", "59.999"], 75,
                                  "before anything was computed")):
            for ranks in (0, 2):
                with self.subTest(args=args, ranks=ranks):
                    self.assertError(self.launch("slow", *args, ranks=ranks), code, text)
                    self.assertEqual(self.files(), [])

    def test_verify_and_compute(self):
        """Nothing is written, so there is nothing to continue."""
        run = self.launch("slow", "--range", f"1..{LAST}", "--time-limit", "2s", "--output", "none",
                          ranks=2)
        self.assertEqual((run.code, run.status), (75, "stopped"), run)
        self.assertNotIn("to continue", run.err)
        self.make("slow", "--range", "1..1000", ranks=0, threads=40)
        run = self.launch("slow", "--verify", "slow.h5", "--threads", "1", "--time-limit", "0.7s",
                          "--time-margin", "0", ranks=0)
        self.assertEqual(run.code, 75, run)
        self.check_file("slow.h5", "slow", 1, 1000)


class Slurm(TimeLimitTest):
    def test_end_time(self):
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                env = [f"{k}={v}" for k, v in self.slurm(6).items()]
                run = self.launch("slow", "--range", f"1..{LAST}", ranks=ranks,
                                  inside=["env", *env])
                self.check_stopped(run)
                self.assertIn("scontrol requeue 4711", run.err)

    def test_none(self):
        run = self.make("slow", "--range", "1..100", "--time-limit", "none", ranks=0,
                        env=self.slurm(-60))
        self.assertEqual(run.status, "complete", run)

    def test_it_is_over(self):
        run = self.launch("slow", ranks=0, env=self.slurm(-60))
        self.assertError(run, 75, "before anything was computed")

    def test_no_job_or_no_number(self):
        for env in ({"SLURM_JOB_END_TIME": "1000000000"}, self.slurm(0, SLURM_JOB_END_TIME="x")):
            with self.subTest(env=env):
                run = self.make("slow", "--range", "1..100", "--force", ranks=0, env=env)
                self.assertEqual(run.status, "complete", run)

    def test_squeue(self):
        """Older Slurm says it when asked, by the job or the task of an array."""
        env = self.squeue('[ "$*" = "-h -j 4711 -o %L" ] && echo 0:06')
        self.check_stopped(self.launch("slow", "--range", f"1..{LAST}", ranks=0, env=env))
        env = self.squeue('[ "$*" = "-h -j 4700_3 -o %L" ] && echo 1-00:00:00')
        env.update(SLURM_ARRAY_JOB_ID="4700", SLURM_ARRAY_TASK_ID="3")
        run = self.make("slow", "--range", "1..100", "--verbose", "--force", ranks=0, env=env)
        self.assertRegex(run.err, r"time limit: the Slurm job ends in (1d 00:00:00|23:59:\d\d)")

    def test_squeue_that_does_not_know(self):
        """No limit, an error, no answer: the run goes on, a long one after two seconds."""
        for script in ("echo UNLIMITED", "echo 0:01; exit 1", "exit 0", "exec sleep 100",
                       "echo 0:01; exec sleep 100"):
            with self.subTest(script=script):
                run = self.make("slow", "--range", "1..100", "--force", ranks=0,
                                env=self.squeue(script))
                self.assertEqual(run.status, "complete", run)
                self.assertLess(run.seconds, 60, run)

    def test_no_squeue(self):
        folder = self.folder.parent / "bin"
        folder.mkdir()
        (folder / "ssh").symlink_to("/bin/true")  # Open MPI does not start without one
        run = self.make("slow", "--range", "1..100", "--verbose", ranks=0,
                        env=self.slurm(None, PATH=str(folder)))
        self.assertIn("cannot ask squeue", run.err)
        self.assertEqual(run.status, "complete", run)


if __name__ == "__main__":
    unittest.main()
