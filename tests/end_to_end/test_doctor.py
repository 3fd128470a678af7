"""parmap doctor: what it finds on a good machine, and on one where things are wrong."""
# TEST seconds=300
import glob
import os
import re
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

from parmap_testing import (CORES, HOST, MPI, MPIEXEC, ParmapTest, command_line, namespace,
                            preloaded)

OTHER = {"openmpi": "mpich", "mpich": "openmpi"}[MPI]
LIBRARY = {"openmpi": "Open MPI", "mpich": "MPICH"}[MPI]
WIDTH = 100
UNITS = {"bytes": 1, **{unit: 1024**n for n, unit in enumerate(("KiB", "MiB", "GiB", "TiB"), 1)}}


def number_of_bytes(text):
    value, unit = text.split()
    return float(value) * UNITS[unit]


class DoctorTest(ParmapTest):
    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory(prefix="parmap-", dir="/var/tmp")  # not in /dev/shm
        self.addCleanup(scratch.cleanup)
        for name in ("work", "mpi"):
            (Path(scratch.name) / name).mkdir()
        self.folder, self.session = Path(scratch.name) / "work", Path(scratch.name) / "mpi"

    def doctor(self, *args, code=0, ranks=0, env=None, **settings):
        """A run of the doctor; its findings are {check: [(verdict, text), ...]}."""
        # Open MPI's own messages do not go through /dev/shm
        env = {"OMPI_MCA_btl_vader_backing_directory": str(self.session), **(env or {})}
        self.result = self.launch("parmap", "doctor", *args, ranks=ranks, env=env, **settings)
        self.assertEqual(self.result.code, code, self.result)
        self.check_looks(self.result)
        found = {}
        for verdict, check, text in self.result.findings:
            found.setdefault(check, []).append((verdict, text))
        return found

    def check_looks(self, run):
        """Nothing but findings and one last line, which counts them; and no file is left."""
        lines = run.out.splitlines()
        for line in lines[:-1]:
            self.assertRegex(line, r"^  (ok     |warning|wrong  )  \w+ *  \S|^ {20}\S", run)
            self.assertTrue(len(line) <= WIDTH or " " not in line[20:], f"{len(line)} wide{run}")
        verdicts = [verdict for verdict, _, _ in run.findings]
        wrong, warnings = verdicts.count("wrong"), verdicts.count("warning")
        self.assertEqual(lines[-1], "parmap doctor: " + (
            f"{wrong} wrong, {warnings} warning" + "s" * (warnings != 1) if wrong or warnings
            else "all is well"), run)
        self.assertEqual(run.code, 71 if wrong else 0, run)
        self.assertEqual([name for name in os.listdir(self.folder) if "doctor" in name], [], run)

    def only(self, found, check, verdict, *fragments):
        """The one finding of a check."""
        self.assertEqual([v for v, _ in found.get(check, [])], [verdict], self.result)
        for fragment in fragments:
            self.assertIn(fragment, found[check][0][1], self.result)
        return found[check][0][1]

    def mounted(self, script):
        """The command that starts a program where the shell commands have mounted something."""
        spaces = namespace()
        if spaces is None:
            self.skipTest("needs mounts of its own (unshare -m)")
        return [*spaces, "sh", "-c", f'{script} || exit 99; exec "$@"', "sh"]

    def limited(self, *limits):
        if not shutil.which("prlimit"):
            self.skipTest("needs prlimit (package util-linux)")
        return ["prlimit", *limits, "--"]


class GoodMachine(DoctorTest):
    def test_alone(self):
        found = self.doctor()
        self.assertEqual(self.result.err, "", self.result)
        self.only(found, "mpi", "ok", f"{LIBRARY} ", "without a launcher: 1 rank on 1 node",
                  "thread level SERIALIZED")
        self.only(found, "nodes", "ok", f"{HOST}: 1 rank")
        self.only(found, "shm", "ok", "not needed")
        self.only(found, "hdf5", "ok", "headers and library agree")
        self.only(found, "locks", "ok", "locks work")
        self.assertRegex(self.only(found, "window", "ok"), r"^shm .*works.* add takes \d+ ns$")
        self.assertEqual({"shared", "clock", "slurm"} & set(found), set(), self.result)

    def test_under_the_launcher(self):
        """Rank 0 alone speaks."""
        for ranks in (1, 2, 4):
            with self.subTest(ranks=ranks):
                found = self.doctor(ranks=ranks)
                self.only(found, "mpi", "ok", f"started by {LIBRARY}'s mpirun",
                          f"{ranks} rank{'s' * (ranks > 1)} on 1 node")
                self.only(found, "nodes", "ok", f"{HOST}: {ranks} rank")
                window = found["window"][0][1]
                self.assertEqual("to rank 1 on" in window, ranks > 1, self.result)

    def test_the_folder(self):
        """Type and size as the system tells them."""
        found = self.doctor("--output", self.folder / "x.h5")
        text = self.only(found, "folder", "ok", f"{self.folder}: ")
        kind, total = re.search(r": (\w+) \(.* free of |: (\w+) \(.* of (.*) free", text).group(2, 3)
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
        here = max((m for m in mounts if (str(self.folder) + "/").startswith(m[1].rstrip("/") + "/")),
                   key=lambda m: len(m[1]))
        self.assertEqual(kind, re.sub("ext[234]", "ext4", here[2]), self.result)
        self.assertAlmostEqual(number_of_bytes(total) / shutil.disk_usage(self.folder).total, 1,
                               delta=0.006)
        self.assertRegex(found["speed"][0][1], r"^[\d.]+ MiB written and synced in .*B/s")

    def test_each_window(self):
        """Time is not judged here: a busy machine may be slow to answer."""
        for window in ("shm", "rma", "msg"):
            with self.subTest(window=window):
                found = self.doctor(ranks=2, env={"PARMAP_WINDOW": window})
                self.assertNotEqual(found["window"][0][0], "wrong", self.result)
                self.assertRegex(found["window"][0][1], rf"^{window} \(as PARMAP_WINDOW says\): .*"
                                 r"add takes .* to rank 1 on .* while that rank computes")

    def test_settings_from_the_environment(self):
        """As the programs take them; an option is stronger."""
        found = self.doctor(env={"PARMAP_OUTPUT": "none", "PARMAP_THREADS": str(16 * CORES)})
        self.only(found, "folder", "ok", "nothing is written")
        self.only(found, "cores", "warning", f"1 rank x {16 * CORES} threads")
        found = self.doctor("--output=.", "--threads=1", env={"PARMAP_OUTPUT": "/nowhere/x.h5",
                                                              "PARMAP_THREADS": str(16 * CORES)})
        self.only(found, "folder", "ok", str(self.folder))
        self.only(found, "cores", "ok", "1 rank x 1 thread")

    def test_usage(self):
        for ranks in (0, 2):
            for args in (["--threads", "many"], ["--thread", "x"], ["--threads"], ["--output"],
                         ["--outputs", "x"], ["x.h5"], ["--help"]):
                with self.subTest(ranks=ranks, args=args):
                    run = self.launch("parmap", "doctor", *args, ranks=ranks)
                    self.assertError(run, 64)
        self.assertIn("parmap doctor", self.launch("parmap", "--help", ranks=0).out)


class Libraries(DoctorTest):
    def test_launcher_of_the_other_mpi(self):
        launcher = shutil.which(f"mpiexec.{OTHER}")
        if not launcher:
            self.skipTest(f"mpiexec.{OTHER} is not installed")
        run = self.launch(launcher, "-np", 3, *command_line(["parmap", "doctor"], 0), ranks=0)
        self.assertEqual(run.code, 71, run)
        self.check_looks(run)
        self.assertEqual(len(run.findings), 1, run)
        self.assertEqual(run.findings[0][:2], ("wrong", "mpi"), run)
        self.assertIn("started 3 processes, but MPI sees only this one", run.findings[0][2], run)

    def test_srun_without_its_mpi_plugin(self):
        found = self.doctor(code=71, env={"SLURM_STEP_NUM_TASKS": "4"})
        self.only(found, "mpi", "wrong", "srun started 4 processes", "--mpi=pmi")
        self.assertEqual(list(found), ["mpi"])

    def test_two_mpi_libraries(self):
        """As a parallel HDF5 of the other MPI brings them."""
        name = {"openmpi": "libmpich.so.*", "mpich": "libmpi.so.*"}[MPI]
        paths = glob.glob(f"/usr/lib/*/{name}")
        if not paths:
            self.skipTest(f"no library of {OTHER}")
        found = self.doctor(code=71, inside=preloaded(paths[0]))
        self.only(found, "hdf5", "wrong", "two MPI libraries", "libmpich.so", "libmpi.so",
                  "HDF5_ROOT")
        self.assertEqual(list(found), ["hdf5"])

    def test_another_hdf5_than_that_of_the_headers(self):
        found = self.doctor(code=71, inside=[*self.preload("odd"), "ODD_HDF5=1"])
        self.only(found, "hdf5", "wrong", "built with the headers of HDF5", "libhdf5")

    def test_a_window_that_there_is_not(self):
        found = self.doctor(code=71, ranks=2, env={"PARMAP_WINDOW": "sea"})
        self.only(found, "window", "wrong", "PARMAP_WINDOW", "shm, rma or msg")


class Machine(DoctorTest):
    def test_more_threads_than_cores(self):
        found = self.doctor("--threads", 4 * CORES)
        self.only(found, "cores", "warning", f"1 rank x {4 * CORES} threads", "use --threads ")
        found = self.doctor("--threads", CORES, ranks=4)
        self.only(found, "cores", "warning", f"4 ranks x {CORES} thread", "fewer ranks")

    def test_bound_to_one_core(self):
        if not shutil.which("taskset") or CORES < 2:
            self.skipTest("needs taskset (package util-linux) and two cores")
        core = min(os.sched_getaffinity(0))
        bind = ["taskset", "-c", str(core)]
        found = self.doctor("--threads", 2, inside=bind)
        self.only(found, "cores", "warning", "all threads of a rank are bound to one core")
        found = self.doctor("--threads", 1, ranks=2, inside=bind)
        self.only(found, "cores", "warning", "several ranks are bound to the same core",
                  "mpirun", "bind-to none")
        found = self.doctor("--threads", 1, inside=bind)
        self.only(found, "cores", "ok", "1 rank x 1 thread on 1 core", "affinity mask")

    def cgroup(self):
        """A cgroup of both versions that allows one core and 20 MiB."""
        return self.mounted(
            "mount -t tmpfs none /sys/fs/cgroup && cd /sys/fs/cgroup && mkdir cpu memory && "
            "echo 100000 100000 > cpu.max && echo 20971520 > memory.max && "
            "echo 100000 | tee cpu/cpu.cfs_quota_us > cpu/cpu.cfs_period_us && "
            "echo 20971520 > memory/memory.limit_in_bytes && cd - > /dev/null")

    def test_cgroup(self):
        found = self.doctor("--threads", 2, outside=self.cgroup())
        self.only(found, "memory", "warning", "cgroup limit 20.0 MiB", "--mem")
        if CORES > 1:
            self.only(found, "cores", "warning", "1 core", "all that the cgroup allows")

    def test_shared_memory(self):
        """3 ranks; the numbers are those of tmpfs."""
        for size, code, verdict, *words in (
                ("24m", 0, "warning", "24.0 MiB", "193 MiB", "PARMAP_HEAP=", "--shm-size"),
                ("600k", 71, "wrong", "/dev/shm", "--shm-size")):
            with self.subTest(size=size):
                outside = self.mounted(f"mount -t tmpfs -o size={size} none /dev/shm")
                found = self.doctor(code=code, ranks=3, outside=outside)
                self.only(found, "shm", verdict, *words)
        found = self.doctor(ranks=3, env={"PARMAP_HEAP": "1M"},
                            outside=self.mounted("mount -t tmpfs -o size=24m none /dev/shm"))
        self.only(found, "shm", "ok", "of 24.0 MiB free")

    def test_shared_memory_that_cannot_be_written(self):
        outside = self.mounted("mount -t tmpfs -o ro none /dev/shm")
        self.only(self.doctor(code=71, ranks=2, outside=outside), "shm", "wrong",
                  "cannot be written", "mount -t tmpfs")

    @unittest.skipIf(MPI == "openmpi", "Open MPI starts with any")
    def test_too_little_shared_memory_for_mpich(self):
        """Its reason is told before it ends the job."""
        outside = self.mounted("mount -t tmpfs -o size=6m none /dev/shm")
        run = self.launch("parmap", "doctor", ranks=3, outside=outside,
                          env={"UCX_POSIX_DIR": None})
        self.assertNotEqual(run.code, 0, run)
        self.assertRegex(run.out, r"^  warning  shm +/dev/shm has 6.00 MiB; to start 3 ranks MPICH")

    def test_limits(self):
        found = self.doctor(inside=self.limited("--fsize=67108864"))
        self.only(found, "limits", "warning", "64.0 MiB", "ulimit -f unlimited")
        found = self.doctor(code=71, inside=self.limited("--fsize=1000000"))
        self.only(found, "limits", "wrong", "977 KiB", "ulimit -f unlimited")
        self.assertEqual(list(found), ["limits"], "MPI is not started")
        found = self.doctor(inside=self.limited("--cpu=3600"))
        self.only(found, "limits", "warning", "1:00:00", "ulimit -t unlimited")

    def test_a_limit_of_one_rank(self):
        both = command_line(["parmap", "doctor"], 0)
        run = self.launch(MPIEXEC, "-np", 1, *both, ":", "-np", 1,
                          *self.limited("--fsize=67108864"), *both, ranks=0,
                          env={"PARMAP_HEAP": "1M"})  # which are files as well
        self.assertEqual(run.code, 0, run)
        self.assertIn("limits", [check for verdict, check, _ in run.findings if verdict != "ok"])


class Folder(DoctorTest):
    def test_a_folder_that_is_not_there(self):
        for output in ("no/x.h5", "no/such/", "/nowhere/at/all/x.h5"):
            for ranks in (0, 2):
                with self.subTest(output=output, ranks=ranks):
                    found = self.doctor("--output", output, code=71, ranks=ranks)
                    self.only(found, "folder", "wrong", "create it")
                    self.assertEqual({"locks", "speed"} & set(found), set())

    def test_a_link_to_nothing(self):
        (self.folder / "x.h5").symlink_to("nowhere/y.h5")
        found = self.doctor("--output", "x.h5", code=71)
        self.only(found, "folder", "wrong", "leads to nothing")

    def test_a_link_to_a_folder(self):
        (self.folder / "real").mkdir()
        (self.folder / "link").symlink_to("real")
        found = self.doctor("--output", "link")
        self.only(found, "folder", "ok", f"{self.folder}/real: ")

    def on_small(self, options, *args, inside=(), **settings):
        """With the output on a small file system of its own."""
        small = self.folder / "small"
        small.mkdir(exist_ok=True)
        outside = self.mounted(f"mount -t tmpfs -o {options} none {small}")
        return self.doctor("--output", "small/x.h5", *args, outside=outside, inside=inside,
                           **settings)

    def test_read_only(self):
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                found = self.on_small("ro", code=71, ranks=ranks)
                self.only(found, "folder", "wrong", "Read-only file system", "another --output")

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_not_ours(self):
        (self.folder / "theirs").mkdir(mode=0o555)
        found = self.doctor("--output", "theirs/x.h5", code=71)
        self.only(found, "folder", "wrong", "Permission denied")

    def test_hardly_any_room(self):
        found = self.on_small("size=4m")
        self.only(found, "folder", "warning", "tmpfs (local, in memory", "4.00 MiB free",
                  "make room")
        self.only(found, "speed", "warning", "no room for a test file")

    def test_the_test_file_takes_little_of_a_small_disk(self):
        found = self.on_small("size=40m")
        self.only(found, "speed", "ok", "5.00 MiB written")

    def test_hardly_any_inodes(self):
        self.only(self.on_small("nr_inodes=30"), "folder", "warning", "room for 2", "files",
                  "make room")
        self.only(self.on_small("nr_inodes=1", code=71), "folder", "wrong", "No space left")

    def test_a_disk_that_is_full_without_saying_so(self):
        """As with a quota."""
        found = self.on_small("size=20m", code=71, inside=self.preload("plenty"))
        self.only(found, "speed", "wrong", "No space left on device", "make room on the disk")

    def test_locks_that_do_not_work(self):
        for locks, words in (("refused", "refused there (No locks available)"),
                             ("none", "no effect")):
            with self.subTest(locks=locks):
                found = self.doctor(ranks=2,
                                    inside=[*self.preload("odd"), f"ODD_LOCKS={locks}"])
                self.only(found, "locks", "warning", words, "a lease in the journal", "60 s")

    def test_a_slow_disk(self):
        """The test ends long before 64 MiB are written."""
        found = self.doctor(inside=[*self.preload("odd"), "ODD_SYNC=2"])
        self.only(found, "speed", "warning", "1.00 MiB written", "faster file system")
        self.assertLess(self.result.seconds, 30, self.result)

    def test_stopped_by_a_signal(self):
        running = self.start("parmap", "doctor", inside=[*self.preload("odd"), "ODD_SYNC=3"])
        self.wait_until(lambda: " locks " in running.stdout_so_far(), "the disk is being measured",
                        running=running)
        os.kill(running.pid, signal.SIGTERM)
        run = running.wait()
        self.assertEqual(run.code, 75, run)
        self.assertTrue(run.out.endswith("parmap doctor: stopped by a signal\n"), run)
        self.assertEqual(self.files(), [], run)


class Slurm(DoctorTest):
    def in_job(self, job, ranks=0, left="1:00:00", **variables):
        """The findings on Slurm, where scontrol answers `job` and squeue `left`; None: there is
        neither."""
        tools = self.session / "tools"
        tools.mkdir(exist_ok=True)
        for tool, arguments, answer in (("scontrol", "--oneliner show job 4711", job),
                                        ("squeue", "-h -j 4711 -o %L", job and left)):
            script = tools / tool
            script.write_text("#!/bin/sh\n" + ("exit 1\n" if answer is None else
                              f'test "$*" = "{arguments}" && echo "{answer}"\n'))
            script.chmod(0o755)
        found = self.doctor("--threads", 1, ranks=ranks, inside=[
            "env", f"PATH={tools}:{os.environ['PATH']}", "SLURM_JOB_ID=4711",
            *(f"SLURM_{name}={value}" for name, value in variables.items())])
        return found["slurm"]

    def test_no_job(self):
        self.assertNotIn("slurm", self.doctor())

    def test_a_good_job(self):
        job = "JobId=4711 JobName=x Requeue=1 Restarts=0 BatchFlag=1 Partition=lab"
        found = self.in_job(job, ranks=2, NTASKS=2, JOB_NUM_NODES=1, CPUS_PER_TASK=1)
        self.assertEqual(found, [("ok", "job 4711, 1 node, 2 tasks, 1 CPU per task, 1:00:00 left, "
                                  "requeue on")], self.result)

    def test_what_can_be_wrong_with_one(self):
        once, again = "JobId=4711 Requeue=0 BatchFlag=1", "JobId=4711 Requeue=1 BatchFlag=1"
        for job, left, variables, words in (
                (again, "1:30", {}, ("the job ends in 1:30", "#SBATCH --time")),
                (None, None, {"JOB_END_TIME": 1}, ("the job ends in 0:00", "#SBATCH --time")),
                (once, "1-00:00:00", {}, ("nothing starts the job again", "#SBATCH --requeue")),
                (again, "UNLIMITED", {"NTASKS": 4},
                 ("the job has 4 tasks, but only 1 rank runs", "srun")),
                (again, "20:00", {"NTASKS": 1, "JOB_NUM_NODES": 3},
                 ("3 nodes, but all ranks are on 1",)),
                (again, "20:00", {"CPUS_PER_TASK": 16 * CORES},
                 (f"--cpus-per-task is {16 * CORES}", "SRUN_CPUS_PER_TASK"))):
            with self.subTest(words=words):
                found = self.in_job(job, left=left, **variables)
                self.assertEqual([verdict for verdict, _ in found], ["ok", "warning"], self.result)
                for word in words:
                    self.assertIn(word, found[1][1], self.result)

    def test_more_ranks_and_threads_than_asked_for(self):
        found = self.in_job(None, ranks=3, NTASKS=2)
        self.assertIn("3 ranks run in a job of 2 tasks", found[1][1], self.result)
        found = self.doctor("--threads", 2, inside=["env", "SLURM_JOB_ID=4711",
                                                    "SLURM_CPUS_PER_TASK=1"])
        self.assertIn("2 threads a rank, but --cpus-per-task is 1", found["slurm"][1][1])

    def test_a_controller_that_says_nothing(self):
        found = self.in_job(None, NTASKS=1)
        self.assertEqual(found, [("ok", "job 4711, 1 task")], self.result)


if __name__ == "__main__":
    unittest.main()
