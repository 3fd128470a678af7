"""slurm/submit, with a cluster that is made up: what it fills in, what it refuses."""
import os
import shlex
import subprocess
import unittest

from parmap_testing import SOURCE, ParmapTest, environment, program

SINFO = """\
lab* 2 4 12:00:00
lab* 1 8 12:00:00
short 2 4 5:00
big 100 64 infinite
"""
CUBES = ("--", "./cubemap", "--range", "1..1000000")  # 245 blocks


class SubmitTest(ParmapTest):
    def setUp(self):
        super().setUp()
        (self.folder / "slurm").symlink_to(SOURCE / "slurm")
        (self.folder / "cubemap").symlink_to(program("cubemap"))
        self.tools = self.folder / "tools"
        self.tools.mkdir()
        self.write_tool("sinfo", f"cat << 'END'\n{SINFO}END\n")
        self.write_tool("sbatch", 'printf "%s\\n" "$*" >> asked\necho $((11 + $(wc -l < asked)))\n')

    def write_tool(self, name, text):
        (self.tools / name).write_text(f"#!/bin/sh\n{text}")
        (self.tools / name).chmod(0o755)

    def submit(self, *args, **variables):
        path = f"{self.tools}:{os.environ['PATH']}"
        return subprocess.run(["slurm/submit", *args], cwd=self.folder, text=True,
                              env=environment({"PATH": path, **variables}), capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def lines(self, *args, **variables):
        """The sbatch lines of a dry run, as lists of words."""
        done = self.submit("--dry-run", *args, **variables)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertFalse((self.folder / "asked").exists(), "a dry run submits nothing")
        return [shlex.split(line) for line in done.stdout.splitlines()]

    def check_line(self, line, script, *options):
        self.assertEqual(line[0], "sbatch")
        at = line.index(f"slurm/{script}.sbatch")
        self.assertLessEqual(set(options), set(line[:at]), line)
        self.assertEqual(line[at + 1:], list(CUBES[1:]))

    def assertRefused(self, fragment, *args, **variables):
        done = self.submit(*args, **variables)
        self.assertEqual((done.returncode, done.stdout), (64, ""), done)
        errors = [line for line in done.stderr.splitlines() if line.startswith("submit: error: ")]
        self.assertEqual(len(errors), 1, done)
        self.assertIn(fragment, errors[0])
        self.assertFalse((self.folder / "asked").exists(), "something was submitted")


class FilledIn(SubmitTest):
    def test_scripts_and_sizes(self):
        """The CPUs of the partition's smallest node, shared out among the ranks."""
        for args, script, size in (
                ((), "one-node", (1, 1, 4)),
                (("--tasks-per-node", "3"), "one-node", (1, 3, 1)),
                (("--nodes=3", "--tasks-per-node=4"), "many-nodes", (3, 4, 1)),
                (("--nodes", "3", "--tasks-per-node", "2"), "hybrid", (3, 2, 2)),
                (("--cpus", "8"), "one-node", (1, 1, 8)),
                (("--nodes", "2", "--requeue"), "requeue", (2, 1, 4))):
            with self.subTest(args=args):
                line, = self.lines(*args, *CUBES)
                self.check_line(line, script, "--partition=lab", f"--nodes={size[0]}",
                                f"--ntasks-per-node={size[1]}", f"--cpus-per-task={size[2]}",
                                "--job-name=cubemap", "--export=ALL")

    def test_time(self):
        """The script's, what the partition allows if that is less, or the user's."""
        for args, expected in (((), "01:00:00"), (("--requeue",), "04:00:00"),
                               (("--partition", "short"), "5:00"), (("--time", "1-0"), None),
                               (("--partition", "big", "--time", "1-0", "--cpus", "8"), "1-0")):
            with self.subTest(args=args):
                if expected:
                    line, = self.lines(*args, *CUBES)
                    self.assertIn(f"--time={expected}", line)
                else:
                    self.assertRefused("partition lab allows 12:00:00", *args, *CUBES)

    def test_array(self):
        first, then = self.lines("--array", "7", "--mpi", "pmi2", *CUBES)
        self.check_line(first, "array", "--array=1-7", "--export=ALL,LAUNCHER=pmi2")
        self.check_line(then, "merge", "--dependency=afterok:JOB", "--kill-on-invalid-dep=yes",
                        "--export=ALL,LAUNCHER=pmi2,PARTS=7")

    def test_options_of_sbatch(self):
        line, = self.lines("--account=physics", *CUBES, SBATCH_PARTITION="short")
        self.check_line(line, "one-node", "--account=physics", "--partition=short")

    def test_from_elsewhere(self):
        """Outside the folder that holds slurm/, the job is told where it is."""
        (self.folder / "slurm").unlink()
        (self.folder / "slurm").mkdir()
        script = f'#!/bin/sh\nexec {SOURCE}/slurm/submit "$@"\n'
        (self.folder / "slurm" / "submit").write_text(script)
        (self.folder / "slurm" / "submit").chmod(0o755)
        line, = self.lines(*CUBES)
        self.assertIn(f"--export=ALL,PARMAP_SLURM={SOURCE}/slurm", line)
        self.assertIn(f"{SOURCE}/slurm/one-node.sbatch", line)

    def test_words_with_spaces(self):
        line, = self.lines("--", "./cubemap", "--output", "a b's.h5")
        self.assertEqual(line[-2:], ["--output", "a b's.h5"])

    def test_submitted(self):
        done = self.submit("--array", "4", *CUBES)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        asked = (self.folder / "asked").read_text().splitlines()
        self.assertEqual(len(asked), 2, asked)
        self.assertIn("--dependency=afterok:12", asked[1])
        self.assertEqual([f"sbatch {line}" for line in asked], done.stdout.splitlines()[:2])
        self.assertIn("submitted: jobs 12_1 to 12_4", done.stdout)


class Checked(SubmitTest):
    def test_what_the_cluster_does_not_have(self):
        for args, fragment in (
                (("--nodes", "4"), "partition lab has 3 nodes"),
                (("--tasks-per-node", "9"), "a node of partition lab has 8 CPUs"),
                (("--tasks-per-node", "3", "--cpus", "3"), "3 ranks x 3 CPUs on each node are 9"),
                (("--partition", "none"), "no partition none; there are: lab, short, big")):
            with self.subTest(args=args):
                self.assertRefused(fragment, *args, *CUBES)

    def test_times_too_short(self):
        for time in ("3", "2:59", "0:03:00", "0-0:3"):
            with self.subTest(time=time):
                self.assertRefused("nothing would be computed", "--time", time, *CUBES)
        self.lines("--time", "4", *CUBES)

    def test_wrong_usage(self):
        for args, fragment in (
                (("--nodes", "0", *CUBES), '--nodes "0": not a whole number'),
                (("--time", "1h", *CUBES), '--time "1h": write minutes'),
                (("--mpi", "x", *CUBES), "use pmix, pmi2 or mpirun"),
                (("--bogus", *CUBES), "unknown option --bogus"),
                (("--nodes",), "--nodes needs a value"),
                (("./cubemap",), "the program stands after --"),
                ((), "no program"),
                (("--", "./other"), "no program ./other")):
            with self.subTest(args=args):
                self.assertRefused(fragment, *args)

    def test_what_the_program_refuses(self):
        for args in (("--", "./cubemap", "--range", "1..1e9"),
                     ("--array", "3", "--", "./cubemap", "--range", "1..2")):
            with self.subTest(args=args):
                self.assertRefused("refuses these arguments", *args)

    def test_more_threads_than_blocks(self):
        """A warning with numbers that are better, and really enough."""
        done = self.submit("--dry-run", "--partition", "big", "--nodes", "10", "--tasks-per-node",
                           "4", *CUBES)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("10 nodes x 4 ranks x 16 threads = 640 threads", done.stderr)
        self.assertIn("245 blocks (1000000 items)", done.stderr)
        self.assertIn("better: --nodes 4 --tasks-per-node 4 --cpus 16", done.stderr)
        done = self.submit("--dry-run", "--partition", "big", "--nodes", "10", "--", "./cubemap",
                           "--range", "1..10000")
        self.assertIn("better: --nodes 1 --tasks-per-node 1 --cpus 3", done.stderr)

    def test_no_slurm(self):
        (self.tools / "sinfo").unlink()
        self.write_tool("bash", 'exec /bin/bash "$@"\n')
        done = subprocess.run(["/bin/bash", "slurm/submit", *CUBES], cwd=self.folder, text=True,
                              env=environment({"PATH": self.bare_path()}), capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 64, done)
        self.assertIn("no Slurm here", done.stderr)

    def bare_path(self):
        """What submit needs, and no sinfo."""
        for name in ("dirname", "sed", "awk", "cat"):
            (self.tools / name).symlink_to(f"/usr/bin/{name}")
        return str(self.tools)


if __name__ == "__main__":
    unittest.main()
