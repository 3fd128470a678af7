"""Runs the programs of a build as a user does, and judges the files they leave.

The environment says which build: PARMAP_BIN (folder of the programs), PARMAP_MPI (openmpi or
mpich), PARMAP_MPIEXEC (the launcher), PARMAP_SOURCE (the source tree).  What is expected is
computed here by numpy and Python's integers, never by parmap.
"""
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import h5py
import numpy

SOURCE = Path(os.environ.get("PARMAP_SOURCE", Path(__file__).resolve().parents[2]))
BIN = Path(os.environ.get("PARMAP_BIN", SOURCE / "build" / "openmpi" / "bin")).resolve()
MPI = os.environ.get("PARMAP_MPI", "openmpi")
MPIEXEC = os.environ.get("PARMAP_MPIEXEC", shutil.which(f"mpiexec.{MPI}") or "mpiexec")

HOST = socket.gethostname()
CORES = len(os.sched_getaffinity(0))
MIB = 1 << 20
TIMEOUT_S = 120  # of one run; only a hang takes that long

INT128 = numpy.dtype([("lo", "<u8"), ("hi", "<i8")])


# ---- running ---------------------------------------------------------------------------------


def scratch_root():
    """$TMPDIR, else /dev/shm when it has room for the tests' files."""
    if os.environ.get("TMPDIR"):
        return os.environ["TMPDIR"]
    if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 1 << 30:
        return "/dev/shm"
    return None


class Build:
    """Programs built with one MPI, and its launcher."""

    def __init__(self, folder, mpi, mpiexec):
        self.folder, self.mpi, self.mpiexec = folder, mpi, mpiexec

    def program(self, name):
        """The path of a program, or of a test program."""
        path = self.folder / name
        return str(path if path.exists() else self.folder / "tests" / name)


THIS = Build(BIN, MPI, MPIEXEC)


def program(name):
    return THIS.program(name)


def launch_environment():
    """tests/launch.env: what running as root and with more ranks than cores takes."""
    lines = (SOURCE / "tests" / "launch.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def environment(extra=None, session=None):
    """This process's environment without what steers parmap, MPI or OpenMP, and with launch.env.
    A value of None in `extra` removes a name."""
    steering = ("PARMAP_", "OMPI_", "PRTE_", "ORTE_", "PMI", "HYDRA_", "MPI", "SLURM_", "OMP_")
    result = {k: v for k, v in os.environ.items() if not k.startswith(steering)}
    result.update(launch_environment(), OMP_NUM_THREADS="1")
    if session:  # what a killed run of MPI leaves goes with the scratch folder
        result.update(OMPI_MCA_orte_tmpdir_base=str(session), UCX_POSIX_DIR=str(session),
                      OMPI_MCA_btl_vader_backing_directory=str(session),
                      PRTE_MCA_prte_tmpdir_base=str(session))
    for name, value in (extra or {}).items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def command_line(args, ranks, threads=None, inside=(), outside=(), build=THIS):
    """`outside mpiexec -np RANKS inside PROGRAM ...`; ranks = 0: alone, without mpiexec."""
    args = [str(a) for a in args]
    line = [*inside, build.program(args[0]), *args[1:]]
    if threads:
        line += ["--threads", str(threads)]
    if ranks:
        line = [build.mpiexec, "-np", str(ranks), *line]
    return [*outside, *line]


class Run:
    """What a program that has ended returned and wrote."""

    def __init__(self, command, code, out, err, seconds):
        self.command, self.code, self.out, self.err = command, code, out, err
        self.seconds = seconds

    def __str__(self):
        return (f"\n$ {' '.join(self.command)}\ncode {self.code}, {self.seconds:.1f} s\n"
                f"--- stdout\n{self.out}--- stderr\n{self.err}---")

    def messages(self, kind):
        """The texts of the stderr lines `program: KIND: text`; with the line below that shows a place
        in a formula."""
        return re.findall(rf"^\w+(?: map)?: {kind}: (.*(?:\n +.*\^.*)?)$", self.err, re.MULTILINE)

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def status(self):
        """The words after the program's name in the text summary."""
        found = re.search(r"^\w+(?: map)?: (complete|already complete|verified|stopped)$", self.out,
                          re.MULTILINE)
        return found.group(1) if found else None

    @property
    def findings(self):
        """What parmap doctor says: (verdict, check, text without its line ends) each."""
        found = re.findall(r"^  (ok|warning|wrong) +(\w+) +(.*(?:\n {20}\S.*)*)$", self.out,
                           re.MULTILINE)
        return [(verdict, check, re.sub(r"\n +", " ", text)) for verdict, check, text in found]

    @property
    def summary(self):
        """The lines of the text summary as a dictionary."""
        return dict(re.findall(r"^  (\w+) +(.*)$", self.out, re.MULTILINE))


class Running:
    """A program that runs, in a session of its own, with its output in files."""

    def __init__(self, command, env, cwd):
        self.command = command
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=self._out,
            stderr=self._err, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def wait(self, timeout=TIMEOUT_S):
        """The Run, once it has ended.  A run that does not end is killed and fails the test."""
        try:
            self.process.wait(timeout)
            hung = False
        except subprocess.TimeoutExpired:
            hung = True
            self.kill()
        result = Run(self.command, self.process.returncode, self.text(self._out),
                     self.text(self._err), time.monotonic() - self._began)
        if hung:
            raise AssertionError(f"did not end within {timeout} s{result}")
        return result

    def kill(self):
        """Kills the process and everything below it."""
        if self.process.poll() is None:
            for pid in descendants(self.pid) + [self.pid]:
                send(pid, signal.SIGKILL)
            self.process.wait(30)

    def close(self):
        self.kill()
        self._out.close()
        self._err.close()

    def stdout_so_far(self):
        return self.text(self._out)

    def stderr_so_far(self):
        return self.text(self._err)

    @staticmethod
    def text(stream):
        """What the process has written; its own place in the file is not moved."""
        size = os.fstat(stream.fileno()).st_size
        return os.pread(stream.fileno(), size, 0).decode("utf-8", "replace")


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def descendants(pid):
    """The pids below a process, parents first."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()
                children.setdefault(int(fields[1]), []).append(int(entry))
            except OSError:
                pass  # it has ended meanwhile
    found = list(children.get(pid, []))
    for parent in found:  # grows while it is walked
        found += children.get(parent, [])
    return found


def ranks_of(running, name, build=THIS):
    """The pids of the processes of a run, the launcher's children or alone, that are in `name`."""
    path = os.path.realpath(build.program(name))
    found = []
    for pid in [running.pid, *descendants(running.pid)]:
        try:
            if os.readlink(f"/proc/{pid}/exe") == path:
                found.append(pid)
        except OSError:
            pass
    return found


def run(args, ranks=1, threads=None, env=None, timeout=TIMEOUT_S, cwd=None, session=None,
        inside=(), outside=(), build=THIS):
    """Runs `args` (program name first) under the launcher, or alone with ranks=0; see Run."""
    running = Running(command_line(args, ranks, threads, inside, outside, build),
                      environment(env, session), cwd)
    try:
        return running.wait(timeout)
    finally:
        running.close()


def preloaded(*paths):
    """The command that starts a program with these libraries in front of all others."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return ["env", f"LD_PRELOAD={':'.join(map(str, paths))}",
            f"ASAN_OPTIONS={options}:verify_asan_link_order=0"]


def preload(*names):
    """The same with libraries of tests/preload."""
    return preloaded(*(program(f"{name}.so") for name in names))


def namespace():
    """The command that gives a program mounts of its own, or None where that is not allowed."""
    for command in (["unshare", "-m"], ["unshare", "-r", "-m"]):
        try:
            trial = subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/tmp"], timeout=20,
                                   stdin=subprocess.DEVNULL, capture_output=True)
        except OSError:
            return None
        if trial.returncode == 0:
            return command
    return None


def vectors():
    """The vector units of this processor, in parmap's words."""
    text = Path("/proc/cpuinfo").read_text()
    found = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    flags = set(found.group(1).split()) if found else set()
    v3 = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}
    v4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    return ["baseline"] + ["v3"] * (v3 <= flags) + ["v4"] * (v3 | v4 <= flags)


class ParmapTest(unittest.TestCase):
    """A test with a scratch folder, which is also the working folder of its runs."""

    def setUp(self):
        if not Path(program("cubemap")).exists():
            self.fail(f"no programs in {BIN}: build first, and set PARMAP_BIN")
        root = Path(tempfile.mkdtemp(prefix="parmap-", dir=scratch_root()))
        self.addCleanup(shutil.rmtree, root, ignore_errors=True)
        self.folder = root / "work"
        self.session = root / "mpi"
        for folder in (root, self.folder, self.session):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        self.session.chmod(0o1777)

    def launch(self, *args, **settings):
        """run() in the scratch folder."""
        settings.setdefault("cwd", self.folder)
        return run(args, session=self.session, **settings)

    def start(self, *args, ranks=0, threads=None, env=None, inside=(), cwd=None, build=THIS):
        """Starts a program in the scratch folder; it is gone when the test ends."""
        running = Running(command_line(args, ranks, threads, inside, build=build),
                          environment(env, self.session), cwd or self.folder)
        self.addCleanup(running.close)
        return running

    def make(self, *args, **settings):
        """launch() of a run that has to end well."""
        result = self.launch(*args, **settings)
        self.assertEqual(result.code, 0, result)
        return result

    preload = staticmethod(preload)

    def files(self):
        return sorted(p.name for p in self.folder.iterdir())

    def state(self, path):
        return self.launch("parmap", "info", "--state", path, ranks=0).out.strip()

    def wait_until(self, condition, what, timeout=60, running=None):
        """Waits for condition() to hold, as long as `running` runs."""
        end = time.monotonic() + timeout
        while not condition():
            if running and running.process.poll() is not None:
                self.fail(f"ended before {what}{running.wait()}")
            if time.monotonic() > end:
                self.fail(f"waited {timeout} s for {what}")
            time.sleep(0.05)

    def wait_until_writing(self, running, path, size=MIB):
        """Waits until a run holds its file and the file, with data of `size` bytes, is laid out."""
        path = self.folder / path
        self.wait_until(lambda: path.exists() and path.stat().st_size >= size,
                        f"{path} is laid out", running=running)
        self.wait_until(lambda: self.state(path) == "running", f"{path} is running",
                        running=running)

    def assertError(self, result, code, *fragments, out=""):
        """The exit code, and one sentence on one line that holds the fragments; nothing else on
        stdout."""
        self.assertEqual(result.code, code, result)
        errors = result.messages("error")
        self.assertEqual(len(errors), 1, f"one error line{result}")
        for fragment in fragments:
            self.assertIn(fragment, errors[0], result)
        if out is not None:
            self.assertEqual(result.out, out, result)


# ---- judging ---------------------------------------------------------------------------------


KERNELS = {  # program: kernel, its version (None: any), data set, type of the results, formula
    "cubemap": ("cube", None, "cubes", None, lambda x: x * x * x),
    "squares": ("square", None, "squares", None, lambda x: x * x),
    "slow": ("slow", None, "slow", "int64", lambda x: x),
    "nap": ("nap", None, "nap", "int64", lambda x: x),
    "doze": ("doze", None, "doze", "int64", lambda x: x),
    "parabola": ("parabola", 2, "parabola", "float64", lambda x: 0.3 * x * x + x * 1.7),
    "thirds": ("thirds", None, "thirds", "float64", lambda x: x / 3.0),
    "items": ("items", None, "items", "int64", lambda x: x * x + 1),
}
LIMITS = {  # the least and the greatest value of a type; float64: of whole numbers without gaps
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
    "int128": (-(2**127), 2**127 - 1),
    "float64": (-(2**53), 2**53),
}
POWERS = {"cubemap": 3, "squares": 2}


def root(value, power):
    """The greatest whole number whose power is at most `value`."""
    low, high = 0, 1 << (value.bit_length() // power + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**power <= value else (low, middle - 1)
    return low


def domain(name, value_type):
    """The inputs whose powers fit exactly into a type, by Python's integers."""
    low, high = LIMITS[value_type]
    power = POWERS[name]
    greatest = root(high, power)
    if value_type == "uint64":
        return 0, greatest
    return -root(-low, power) if power % 2 else -greatest, greatest


def inputs(first, last, step=1):
    return range(first, last + (1 if step > 0 else -1), step)


def expected(name, xs, value_type="int64"):
    """The results as a numpy array with the data set's type."""
    formula = KERNELS[name][4]
    if value_type == "int128":
        values = [formula(x) for x in xs]
        result = numpy.zeros(len(values), INT128)
        result["lo"] = [v & (2**64 - 1) for v in values]
        result["hi"] = [v >> 64 for v in values]
        return result
    x = numpy.arange(xs.start, xs.stop, xs.step, dtype=numpy.int64)
    if value_type == "uint64":
        x = x.astype(numpy.uint64)
    if value_type == "float64" or KERNELS[name][3] == "float64":
        x = x.astype(numpy.float64)
    return formula(x)


def integers(values):
    """The values of a data set as Python integers."""
    if values.dtype == INT128:
        return [int(v["hi"]) * 2**64 + int(v["lo"]) for v in values]
    return [int(v) for v in values]


_xxhash = None


def xxhash(data, seed):
    """XXH3_64bits_withSeed"""
    global _xxhash
    if _xxhash is None:
        _xxhash = ctypes.CDLL("libxxhash.so.0").XXH3_64bits_withSeed
        _xxhash.restype = ctypes.c_uint64
        _xxhash.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
    return _xxhash(data, len(data), seed)


def checksum(values, block_items):
    """The sum over blocks of XXH3_64bits(bytes of the block, seed = number of the block)."""
    total = 0
    for block, start in enumerate(range(0, len(values), block_items)):
        total += xxhash(values[start:start + block_items].tobytes(), block)
    return total % 2**64


def attributes(node):
    """Attributes with texts as str and numbers as Python's."""
    result = {}
    for name, value in node.attrs.items():
        value = value.item() if hasattr(value, "item") else value
        result[name] = value.decode() if isinstance(value, bytes) else value
    return result


class FileTest(ParmapTest):
    """A test that judges files."""

    H5_TYPES = {"int64": h5py.h5t.STD_I64LE, "uint64": h5py.h5t.STD_U64LE,
                "float64": h5py.h5t.IEEE_F64LE}

    def check_file(self, path, name, first, last, step=1, value_type="int64", dataset=None,
                   stats=False, hashed=True, rounding=0):
        """Everything that a complete file promises; returns the attributes of its data set."""
        kernel, version, default_dataset, result_type, _ = KERNELS[name]
        path = self.folder / path
        xs = inputs(first, last, step)
        self.assertEqual(list(path.parent.glob(path.name + ".journal*")), [], "a journal is left")
        with h5py.File(path, "r") as file:
            data = file["/" + (dataset or default_dataset)]
            self.check_layout(data, result_type or value_type, len(xs))
            values, attrs = data[:], attributes(data)
        numpy.testing.assert_array_equal(values, expected(name, xs, value_type))
        for name_, value in dict(kernel=kernel, type=value_type, count=len(xs), complete=1,
                                 rounding=rounding).items():
            self.assertEqual(attrs[name_], value, name_)
        if xs[-1] == last and (step == 1 or len(xs) > 1):
            self.assertEqual(attrs["range"], f"{first}..{last}" + f":{step}" * (step != 1))
        if version is not None:
            self.assertEqual(attrs["kernel_version"], version)
        self.assertGreaterEqual(attrs["block_items"], 1)
        self.assertEqual("checksum" in attrs, hashed)
        if hashed:
            self.assertEqual(attrs["checksum"], checksum(values, attrs["block_items"]))
        self.check_stats(values, attrs, stats)
        return attrs

    def check_layout(self, data, value_type, count):
        self.assertEqual(data.shape, (count,))
        self.assertEqual(data.id.get_create_plist().get_layout(), h5py.h5d.CONTIGUOUS)
        if data.id.get_storage_size() >= 65536:  # smaller ones are not worth a file of a MiB
            self.assertEqual(data.id.get_offset() % MIB, 0, "not at a multiple of 1 MiB")
        if value_type == "int128":
            self.assertEqual(data.dtype, INT128)
        else:
            self.assertTrue(data.id.get_type().equal(self.H5_TYPES[value_type]), data.dtype)

    def check_stats(self, values, attrs, stats):
        if not stats:
            self.assertEqual({"min", "max", "sum"} & set(attrs), set())
            return
        if values.dtype.kind == "f":
            self.assertEqual(float(attrs["min"]), values.min())
            self.assertEqual(float(attrs["max"]), values.max())
        else:
            self.assertEqual(int(attrs["min"]), min(integers(values)))
            self.assertEqual(int(attrs["max"]), max(integers(values)))
        if values.dtype == INT128:
            self.assertNotIn("sum", attrs)
        elif values.dtype.kind == "f" and not (
                (values == numpy.floor(values)) & (abs(values) <= 2**53)).all():
            self.assertEqual(attrs["sum"], "not exact")
        else:
            self.assertEqual(attrs["sum"], str(sum(integers(values))))
