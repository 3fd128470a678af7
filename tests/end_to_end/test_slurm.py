"""The batch scripts of slurm/ on a real Slurm: two nodes of four CPUs each."""
# TEST seconds=240
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import slurm_lab
from parmap_testing import BIN, MPI, SOURCE, FileTest, environment, program
from slurm_lab import SlurmLab

PMI = {"openmpi": "pmix", "mpich": "pmi2"}[MPI]


class SlurmTest(FileTest):
    """A test with a lab, and a folder that its nodes share: slurm/ and the programs are in it."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(SlurmLab(2, 4))

    def setUp(self):
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="parmap-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "slurm").symlink_to(SOURCE / "slurm")
        for name in ("cubemap", "squares", "slow", "parmap"):
            (self.folder / name).symlink_to(program(name))

    def environment(self, **variables):
        # the batch scripts set what depends on the job
        return environment({"OMP_NUM_THREADS": None, "OMPI_MCA_hwloc_base_binding_policy": None,
                            "OMPI_MCA_orte_tmpdir_base": None, **variables})

    def sbatch(self, *args, **variables):
        job = self.lab.sbatch(*args, env=self.environment(**variables), folder=self.folder)
        self.addCleanup(self.lab.run, "scancel", job, check=False)
        return job

    def written(self, job):
        """What a job has written."""
        return (self.folder / f"parmap-{job}.out").read_text()

    def complete(self, job, timeout=60):
        """Waits for a job, which has to end well; returns what it wrote."""
        state = self.lab.wait(job, timeout)
        text = self.written(job)
        self.assertEqual(state, "COMPLETED", f"job {job}\n{text}\n{self.lab.logs()}")
        return text


class Starts(SlurmTest):
    def test_one_node(self):
        """Without a launcher named, srun with what fits the program."""
        job = self.sbatch("--cpus-per-task=3", "slurm/one-node.sbatch", "./cubemap",
                          OMP_NUM_THREADS="1")
        text = self.complete(job)
        self.assertIn(f"1 nodes, 1 ranks x 3 threads, by {PMI}", text)
        self.assertIn("1 node, 1 rank x 3 threads", text)
        self.check_file("cubemap.h5", "cubemap", 1, 1000000)

    def test_all_layouts_by_srun_and_mpirun(self):
        layouts = {"hybrid": ("--cpus-per-task=2", "2 nodes, 4 ranks x 2 threads"),
                   "many-nodes": ("--ntasks-per-node=3", "2 nodes, 6 ranks x 1 thread")}
        for name, (size, words) in layouts.items():
            for launcher in (PMI, "mpirun"):
                with self.subTest(script=name, launcher=launcher):
                    path = f"{name}-{launcher}.h5"
                    job = self.sbatch(size, f"slurm/{name}.sbatch", "./squares", "--range",
                                      "1..2000000", "--output", path, LAUNCHER=launcher)
                    self.assertIn(words, self.complete(job))
                    self.check_file(path, "squares", 1, 2000000)


class Stops(SlurmTest):
    """What ends a job early."""

    def done(self, path):
        """How many blocks an unfinished run has done."""
        found = re.search(r"^done: (\d+) of ", self.launch("parmap", "info", path, ranks=0).out,
                          re.MULTILINE)
        return int(found.group(1)) if found else 0

    def start_slow(self, script, *args, count=4000, **variables):
        """Submits a slow run, and returns when a part of it is done."""
        job = self.sbatch(*args, f"slurm/{script}.sbatch", "./slow", "--range", f"1..{count}",
                          "--output", "slow.h5", **variables)
        self.lab.wait_until(lambda: self.done("slow.h5") > 5, f"job {job} has done something")
        return job

    def test_requeue(self):
        """Told that its time is nearly over, a job is started again until it is complete."""
        for launcher in (PMI, "mpirun"):
            with self.subTest(launcher=launcher):
                job = self.start_slow("requeue", "--nodes=2", "--cpus-per-task=1",
                                      LAUNCHER=launcher)
                self.lab.run("scancel", "--batch", "--signal=USR1", job)
                text = self.complete(job)
                self.assertIn("restart 1 of at most 20", text)
                self.assertEqual(self.lab.job(job)["Restarts"], "1", text)
                self.check_file("slow.h5", "slow", 1, 4000)
                (self.folder / "slow.h5").unlink()


if __name__ == "__main__":
    slurm_lab.main()
