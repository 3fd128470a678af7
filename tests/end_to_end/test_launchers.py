"""The launcher of another MPI, Slurm's variables, and ranges past 2^31."""
import shutil
import unittest

from parmap_testing import MPI, FileTest, command_line, program

OTHER = {"openmpi": "mpich", "mpich": "openmpi"}[MPI]


class Launchers(FileTest):
    def test_launcher_of_the_other_mpi(self):
        launcher = shutil.which(f"mpiexec.{OTHER}")
        if not launcher:
            self.skipTest(f"mpiexec.{OTHER} is not installed")
        run = self.launch(launcher, "-np", 8, *command_line(["cubemap"], 0), ranks=0)
        self.assertNotEqual(run.code, 0, run)
        errors = run.messages("error")
        self.assertEqual(len(errors), 1, f"one error line{run}")
        self.assertIn("started 8 processes, but MPI sees only this one", errors[0], run)
        self.assertEqual((run.out, self.files()), ("", []), run)

    def test_one_process_of_the_other_mpi(self):
        """Started as a single process, it really is one."""
        launcher = shutil.which(f"mpiexec.{OTHER}")
        if not launcher:
            self.skipTest(f"mpiexec.{OTHER} is not installed")
        run = self.launch(launcher, "-np", 1, *command_line(["cubemap"], 0), ranks=0)
        self.assertEqual(run.code, 0, run)
        self.check_file("cubemap.h5", "cubemap", 1, 1000000)

    def test_srun_without_its_mpi_plugin(self):
        run = self.launch("cubemap", ranks=0, env={"SLURM_STEP_NUM_TASKS": "4"})
        self.assertError(run, 71, "started 4 processes, but MPI sees only this one")
        self.assertEqual(self.files(), [])

    def test_other_variables_of_slurm_mean_nothing(self):
        """A batch shell has SLURM_NTASKS, and mpiexec within a step has SLURM_STEP_NUM_TASKS."""
        for ranks, env in ((0, {"SLURM_NTASKS": "4"}), (0, {"SLURM_STEP_NUM_TASKS": "1"}),
                           (1, {"SLURM_STEP_NUM_TASKS": "4"}),
                           (2, {"SLURM_STEP_NUM_TASKS": "1"})):
            with self.subTest(ranks=ranks, env=env):
                self.make("cubemap", "--force", ranks=ranks, env=env)
                self.check_file("cubemap.h5", "cubemap", 1, 1000000)

    def test_by_path_name_and_link(self):
        """Started through a link, as the ones that make leaves in the top folder."""
        (self.folder / "linked").symlink_to(program("cubemap"))
        self.make(self.folder / "linked", "--output", "a.h5", ranks=2)
        self.check_file("a.h5", "cubemap", 1, 1000000)


class Large(FileTest):
    COUNT = 2300000000

    def test_more_than_2_to_the_31_elements(self):
        """Counted, and summed exactly: n(n+1)(2n+1)/6."""
        n = self.COUNT
        run = self.make("squares", "--range", f"1..{n}", "--output", "none", "--checksum", "off",
                        "--stats", "--summary", "json", ranks=2)
        found = run.json
        self.assertEqual((found["elements"], found["bytes"]), (n, 8 * n), run)
        self.assertEqual(found["sum"], str(n * (n + 1) * (2 * n + 1) // 6), run)
        self.assertEqual((found["min"], found["max"]), ("1", str(n**2)), run)
        self.assertEqual(found["checksum"], None)

    def test_summary_of_as_many(self):
        run = self.make("squares", "--range", f"1..{self.COUNT}", "--output", "none",
                        "--checksum", "off", ranks=0, threads=2)
        self.assertEqual(run.summary["elements"], "2300000000 (int64, 18.4 GB)", run)


if __name__ == "__main__":
    unittest.main()
