"""Finds the MPI libraries, builds the reference programs with them, starts programs.

A program is started the same way whether it is ours or a reference: same launcher, same
environment, same clock around it.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REFERENCE = HERE / "reference"
INCLUDE = HERE.parents[1] / "src" / "include"
LAUNCH = HERE.parent / "launch.env"  # what mpirun needs; the tests read it too
FLAGS = ["-std=gnu11", "-O3", "-march=native", "-fno-math-errno", "-Wall", "-Wextra"]
USER_FLAGS = ["-std=gnu11", "-O3", "-Wall", "-Wextra", "-ffp-contract=off", "-fno-math-errno",
              "-fno-trapping-math", "-fopenmp-simd", "-DPARMAP_EXACT_FLAGS"]
MPI_PROGRAMS = ("compute", "write", "bare", "contend", "calls", "stall", "cubes", "irregular", "stream")
PLAIN_PROGRAMS = ("peak", "warm", "threads")
OUR_PROGRAMS = {"shared": ("contend", "queue", "pipe", "operations", "stall", "idle"),
                "pool": ("apply", "tasks", "cubes", "irregular", "start", "terminate"),
                "map": ("loops", "root", "arch", "product"),
                "programs": ("items",)}  # of the tests
TIME_LIMIT_S = 300


class CannotRun(Exception):
    """A program that should run is not there, fails, or takes too long."""


@dataclass
class Mpi:
    """One MPI library: its compilers, its launcher, its own build of the references."""

    name: str
    mpicc: str
    h5pcc: str | None
    mpirun: str
    programs: Path
    references: Path

    def ours(self, name):
        program = self.programs / name
        if not program.exists():
            raise CannotRun(f"{program} is missing; run `make` first")
        return program

    def reference(self, name):
        return self.references / name

    def built_here(self, group, name):
        """One of our programs that stand here and not in jobs/: see build_group."""
        return self.references / "ours" / group / name

    def launch(self, ranks, command):
        """The command line for so many ranks; ranks 0 = alone, without the launcher."""
        return [self.mpirun, "-np", str(ranks), *command] if ranks else command


@dataclass
class Sample:
    """One run: what the program says of itself and what the clock on the wall says."""

    output: str
    wall_s: float

    def said(self, name):
        """A number of the one line of JSON that the programs print."""
        return json.loads(self.output)[name]

    @property
    def seconds(self):
        return self.said("seconds")


def environment(threads, settings):
    """The user's, without what would steer our programs only, with launch.env and `settings`."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PARMAP_")}
    env.pop("OMP_NUM_THREADS", None)
    for line in LAUNCH.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            env.setdefault(name, value)
    if threads:
        env["OMP_NUM_THREADS"] = str(threads)
    return {**env, **(settings or {})}


def run(command, threads=None, settings=None):
    """Runs to the end; threads None leaves the choice to the program."""
    command = [str(part) for part in command]
    start = time.monotonic()
    try:
        done = subprocess.run(command, env=environment(threads, settings),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIME_LIMIT_S, check=False)
    except OSError as error:
        raise CannotRun(f"cannot start {command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"`{' '.join(command)}` ran longer than {TIME_LIMIT_S} s") from error
    wall_s = time.monotonic() - start
    if done.returncode:
        said = (done.stderr or done.stdout).strip() or "nothing said"
        raise CannotRun(f"`{' '.join(command)}` ended with {done.returncode}: {said}")
    return Sample(done.stdout, wall_s)


def installed(*names):
    return next((name for name in names if shutil.which(name)), None)


def plain_mpi():
    """Which MPI the plain names `mpicc` and `mpirun` stand for."""
    if not (shutil.which("mpicc") and shutil.which("mpirun")):
        return None
    said = run(["mpirun", "--version"]).output
    return "openmpi" if "Open MPI" in said or "OpenRTE" in said else "mpich"


def find_mpis(build, wanted):
    """Both MPI libraries where installed side by side, else the one with the plain names."""
    found, plain = [], plain_mpi()
    for name in wanted:
        suffix = f".{name}" if shutil.which(f"mpicc.{name}") else ""
        if not suffix and plain != name:
            continue
        found.append(Mpi(name, f"mpicc{suffix}", installed(f"h5pcc{suffix}"), f"mpirun{suffix}",
                         build / name / "bin", build / "bench" / name))
    return found


def compile_one(compiler, source, target, *flags):
    run([compiler, *FLAGS, *flags, source, "-lm", "-o", target])


def build_references(mpi):
    mpi.references.mkdir(parents=True, exist_ok=True)
    for name in PLAIN_PROGRAMS:
        compile_one("gcc", REFERENCE / f"{name}.c", mpi.references / name, "-pthread")
    for name in MPI_PROGRAMS:
        compile_one(mpi.mpicc, REFERENCE / f"{name}.c", mpi.references / name, "-fopenmp")
    if mpi.h5pcc:
        build_hdf5_reference(mpi)


def build_hdf5_reference(mpi):
    """h5pcc leaves object files where it stands, so it stands in the build folder."""
    command = [mpi.h5pcc, "-shlib", *FLAGS, REFERENCE / "hdf5.c", "-o", mpi.references / "hdf5"]
    done = subprocess.run(command, cwd=mpi.references, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRun(f"{mpi.h5pcc} cannot build hdf5.c: {done.stderr.strip()}")


def build_group(mpi, group, folder=HERE):
    """Programs that use the built library as a program of a user would."""
    library = mpi.programs.parent / "lib"
    if not (library / "libparmap.so").exists():
        raise CannotRun(f"{library}/libparmap.so is missing; run `make` first")
    for name in OUR_PROGRAMS[group]:
        program = mpi.built_here(group, name)
        program.parent.mkdir(parents=True, exist_ok=True)
        run(["gcc", *USER_FLAGS, f"-I{INCLUDE}", folder / group / f"{name}.c", f"-L{library}",
             "-lparmap", "-lm", f"-Wl,-rpath,{library}", "-o", program])


def build_global_arrays(mpi):
    """Whether there are Global Arrays for this MPI; as Debian installs them, one for each."""
    for config in Path("/usr/lib").glob(f"*/ga/{mpi.name}/bin/ga-config"):
        try:
            flags = run([config, "--cppflags", "--libs", "--flibs"]).output.split()
            compile_one(mpi.mpicc, REFERENCE / "read_inc.c", mpi.reference("read_inc"), *flags)
        except CannotRun:
            continue
        return True
    return False


def has_module(name):
    return subprocess.run([sys.executable, "-c", f"import {name}"], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False).returncode == 0


def mpi4py_is_of(mpi):
    code = ("import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI; "
            "print(MPI.Get_library_version())")
    return ("Open MPI" in run([sys.executable, "-c", code]).output) == (mpi.name == "openmpi")


def peak_kib(output):
    """The largest of the ranks, as `peak` prints it."""
    return max(int(kib) for kib in re.findall(r"peak_kib (\d+)", output))
