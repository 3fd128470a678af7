"""The batch scripts of slurm/ on a real Slurm: two nodes of four CPUs each."""
# TEST seconds=360
import re

import slurm_testing
from parmap_testing import program
from slurm_testing import PMI, SlurmTest


class Starts(SlurmTest):
    def test_one_node(self):
        """Without a launcher named, srun with what fits the program; a thread for each CPU."""
        job = self.sbatch("--cpus-per-task=3", "slurm/one-node.sbatch", "./cubemap",
                          OMP_NUM_THREADS="1")
        text = self.complete(job)
        self.assertIn(f"ranks 1, threads of each 3, started by {PMI}", text)
        self.assertIn("1 node, 1 rank x 3 threads", text)
        self.check_file("cubemap.h5", "cubemap", 1, 1000000)

    def test_many_nodes_and_hybrid(self):
        """One by srun, one by mpirun; Stops has the others."""
        layouts = {"hybrid": (PMI, "--cpus-per-task=2", "2 nodes, 4 ranks x 2 threads"),
                   "many-nodes": ("mpirun", "--ntasks-per-node=3", "2 nodes, 6 ranks x 1 thread")}
        jobs = {name: self.sbatch(size, f"slurm/{name}.sbatch", "./squares", "--range",
                                  "1..2000000", "--output", f"{name}.h5", LAUNCHER=launcher)
                for name, (launcher, size, _) in layouts.items()}
        for name, job in jobs.items():
            with self.subTest(script=name):
                self.assertIn(layouts[name][2], self.complete(job))
                self.check_file(f"{name}.h5", "squares", 1, 2000000)

    def test_mistakes(self):
        """The exit codes, which is what --dependency=afterok goes by."""
        mistakes = ((66, "no program ./other in ", ("slurm/one-node.sbatch", "./other")),
                    (64, "--bogus", ("slurm/one-node.sbatch", "./cubemap", "--bogus")),
                    (64, "with --array=1-N", ("--array=2", "slurm/array.sbatch", "./cubemap")),
                    (64, "how many parts?", ("slurm/merge.sbatch", "./cubemap")))
        jobs = [self.sbatch("--cpus-per-task=1", "--output=%A.said", *args)
                for _, _, args in mistakes]
        for (code, words, args), job in zip(mistakes, jobs):
            with self.subTest(args=args):
                self.lab.wait(job)
                text = (self.folder / f"{job}.said").read_text()
                self.assertEqual(self.lab.job(job)["ExitCode"], f"{code}:0", text)
                self.assertIn(words, text)

    def test_code_of_a_launcher_that_fails_late(self):
        """As MPICH's over TCP: the run is complete, and that is what counts."""
        (self.folder / "late").write_text(
            f'#!/bin/bash\n{program("cubemap")} "$@"\ncode=$?\n'
            '[[ " $* " = *" --print-plan "* ]] && exit $code\nexit 255\n')
        (self.folder / "late").chmod(0o755)
        self.complete(self.sbatch("--cpus-per-task=1", "slurm/one-node.sbatch", "./late",
                                  LAUNCHER=PMI))
        self.check_file("cubemap.h5", "cubemap", 1, 1000000)


class Submits(SlurmTest):
    """Through slurm/submit, which asks this Slurm what it has."""

    def submit(self, *args):
        """The numbers of the jobs."""
        done = self.lab.run("slurm/submit", *args, env=self.environment(), folder=self.folder)
        self.assertEqual(done.stderr, "")
        return [int(n) for n in re.findall(r"\bjobs? (\d+)", done.stdout)]

    def test_hybrid(self):
        job, = self.submit("--nodes", "2", "--tasks-per-node", "2", "--", "./cubemap")
        self.assertEqual(self.lab.wait(job), "COMPLETED")
        text = (self.folder / f"cubemap-{job}.out").read_text()
        self.assertIn("2 nodes, 4 ranks x 2 threads", text)
        self.check_file("cubemap.h5", "cubemap", 1, 1000000)

    def test_array_and_merge(self):
        """The file is that of one run of the whole range."""
        array, merge = self.submit("--array", "3", "--cpus", "2", "--", "./cubemap", "--range",
                                   "-5..1000000")
        self.assertEqual(self.lab.wait(merge), "COMPLETED",
                         "\n".join(path.read_text() for path in self.folder.glob("*.out")))
        self.assertEqual([self.lab.state(f"{array}_{task}") for task in (1, 2, 3)],
                         ["COMPLETED"] * 3)
        self.check_file("cubemap.h5", "cubemap", -5, 1000000)

    def test_merge_without_a_part(self):
        """It says what to submit."""
        array = self.sbatch("--array=1,3", "--cpus-per-task=2", "slurm/array.sbatch", "./cubemap",
                            PARTS="3")
        self.lab.wait_until(lambda: len(list(self.folder.glob("cubemap.?-of-3.h5"))) == 2
                            and self.lab.run("squeue", "-h", "-j", array).stdout == "",
                            "two parts are done")
        job = self.sbatch(f"--output={self.folder}/said", "slurm/merge.sbatch", "./cubemap",
                          PARTS="3")
        self.assertEqual(self.lab.wait(job), "FAILED")
        self.assertIn("PARTS=3 sbatch --array=2 slurm/array.sbatch ./cubemap",
                      (self.folder / "said").read_text())
        self.assertFalse((self.folder / "cubemap.h5").exists())


class Stops(SlurmTest):
    """What ends a job early, and what the next attempt makes of it."""
    COUNT = 12000

    def submit_slow(self, script, launcher):
        return self.sbatch("--nodes=2", "--ntasks-per-node=2", "--cpus-per-task=1",
                           f"slurm/{script}.sbatch", "./slow", "--range", f"1..{self.COUNT}",
                           "--output", f"{launcher}.h5", LAUNCHER=launcher)

    def interrupt(self, script, *scancel):
        """A job for each launcher, to which scancel does something once some of it is done."""
        jobs = {launcher: self.submit_slow(script, launcher) for launcher in (PMI, "mpirun")}
        waiting = dict(jobs)

        def watch():
            for launcher, job in list(waiting.items()):
                if self.done(f"{launcher}.h5") > 50:
                    self.lab.run("scancel", *scancel, job)
                    del waiting[launcher]
            return not waiting
        self.lab.wait_until(watch, f"something of each of {list(jobs)} is done")
        return jobs

    def test_requeue(self):
        """Told that its time is nearly over, a job is started again, and continues."""
        for launcher, job in self.interrupt("requeue", "--batch", "--signal=USR1").items():
            with self.subTest(launcher=launcher):
                text = self.complete(job)
                self.assertIn("restart 1 of at most 20", text)
                stopped = re.search(r"^  elements +(\d+)", text, re.MULTILINE).group(1)
                self.assertEqual(self.resumed(text), int(stopped), text)
                self.check_file(f"{launcher}.h5", "slow", 1, self.COUNT)

    def test_cancel(self):
        """A cancelled job is not started again; what it has done is not computed again."""
        done, again = {}, {}
        for launcher, job in self.interrupt("requeue").items():
            path = f"{launcher}.h5"
            self.assertEqual(self.lab.wait(job), "CANCELLED")
            self.assertEqual(self.lab.job(job)["Restarts"], "0")
            self.lab.wait_until(lambda: self.state(path) == "incomplete", "the run lets go")
            done[launcher] = self.done(path)
            again[launcher] = self.submit_slow("hybrid", launcher)
        for launcher, job in again.items():
            with self.subTest(launcher=launcher):
                text = self.complete(job)
                self.assertEqual(self.resumed(text), done[launcher], text)
                self.check_file(f"{launcher}.h5", "slow", 1, self.COUNT)


if __name__ == "__main__":
    slurm_testing.main()
