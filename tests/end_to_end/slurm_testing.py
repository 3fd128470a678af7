"""What the tests on a real Slurm share."""
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from parmap_testing import MPI, SOURCE, FileTest, environment, program
from slurm_lab import SlurmLab

PMI = {"openmpi": "pmix", "mpich": "pmi2"}[MPI]


class SlurmTest(FileTest):
    """A test with a lab, and a folder that its nodes share: slurm/ and the programs are in it."""
    LAB = {}  # its settings

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(SlurmLab(2, 4, **cls.LAB))

    def setUp(self):
        super().setUp()
        # /dev/shm is no folder that nodes share
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
        """What a job has written so far."""
        path = self.folder / f"parmap-{job}.out"
        return path.read_text() if path.exists() else ""

    def complete(self, job, timeout=60):
        """Waits for a job, which has to end well; returns what it wrote."""
        state = self.lab.wait(job, timeout)
        text = self.written(job)
        self.assertEqual(state, "COMPLETED", f"job {job}\n{text}\n{self.lab.logs()}")
        return text

    def resumed(self, text):
        """How many elements were there before the last attempt in a job's output."""
        return int(re.findall(r"^  resumed +(\d+) of them", text, re.MULTILINE)[-1])

    def done(self, path):
        """How many elements an unfinished run has done."""
        info = self.launch("parmap", "info", path, ranks=0).out
        found = dict(re.findall(r"^(done|block_items): (\d+)", info, re.MULTILINE))
        return int(found.get("done", 0)) * int(found.get("block_items", 0))


def main():
    """The tests of a file that needs a lab; where there can be none, 77, which ctest shows as
    skipped."""
    reason = SlurmLab.reason_against()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main()
