# TEST seconds=240
"""`make install`, and a user's programs against what it leaves: found by CMake and by pkg-config, in
C and C++, run at 1 and 2 ranks, their results compared with numpy's."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy

from parmap_testing import BIN, MPI, MPIEXEC, SOURCE, Build, ParmapTest, scratch_root

BUILD = BIN.parent
SOURCES = SOURCE / "tests" / "installed"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
LANGUAGES = {"c11": "c", "c++17": "cpp", "c++20": "cpp"}


def cached(name):
    """What the build's CMake decided."""
    found = re.search(rf"^{name}:[^=]*=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found.group(1) if found else ""


def version():
    text = (SOURCE / "src" / "include" / "parmap.h").read_text()
    return re.search(r'PARMAP_VERSION "([0-9.]+)"', text).group(1)


def c_compiler():
    return cached("CMAKE_C_COMPILER")


def cxx_compiler():
    """That of the same family as the build's C compiler, or None."""
    folder, name = os.path.split(c_compiler())
    for cxx in (re.sub("clang", "clang++", name), re.sub("gcc", "g++", name), "c++"):
        if cxx != name and shutil.which(cxx):
            return cxx
    return None


def build_flags():
    """A sanitized library needs a sanitized program."""
    sanitize = cached("PARMAP_SANITIZE")
    return ([f"-fsanitize={sanitize}"] if sanitize else []) + (
        ["--coverage"] if cached("PARMAP_COVERAGE") == "ON" else [])


def install(prefix, **environment):
    return subprocess.run(["cmake", "--install", str(BUILD), "--prefix", str(prefix)],
                          env={**os.environ, **environment}, capture_output=True, text=True)


def setUpModule():
    """One installed copy for all tests, which was moved after it was installed."""
    global ROOT, PREFIX
    ROOT = Path(tempfile.mkdtemp(prefix="parmap-installed-", dir=scratch_root()))
    PREFIX = ROOT / "moved"
    result = install(ROOT / "first")
    if result.returncode != 0:
        raise AssertionError(result.stdout + result.stderr)
    (ROOT / "first").rename(PREFIX)


def tearDownModule():
    shutil.rmtree(ROOT, ignore_errors=True)


class InstalledTest(ParmapTest):
    def call(self, *command, code=0, **environment):
        """The output of a command that has to end with this code."""
        result = subprocess.run([str(word) for word in command], cwd=self.folder, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env={**os.environ, **environment})
        text = f"$ {' '.join(map(str, command))}\n{result.stdout}"
        self.assertEqual(result.returncode != 0, code != 0, text)
        return result.stdout

    def configure(self, source, *definitions, code=0):
        flags = " ".join(build_flags())
        return self.call("cmake", "-S", source, "-B", self.folder / "build",
                         f"-DCMAKE_PREFIX_PATH={PREFIX}", f"-DCMAKE_C_COMPILER={c_compiler()}",
                         f"-DCMAKE_CXX_COMPILER={cxx_compiler() or ''}",
                         f"-DCMAKE_C_FLAGS={flags}", f"-DCMAKE_CXX_FLAGS={flags}",
                         *definitions, code=code)

    def pkg_config(self, *words):
        (folder,) = {path.parent for path in PREFIX.rglob("parmap.pc")}
        return self.call("pkg-config", *words, "parmap", PKG_CONFIG_PATH=str(folder)).split()


class Files(InstalledTest):
    def test_only_what_is_parmaps(self):
        found = {str(path.relative_to(PREFIX)) for path in PREFIX.rglob("*") if not path.is_dir()}
        self.assertEqual({name for name in found if name.startswith("bin/")},
                         {"bin/parmap", "bin/cubemap", "bin/squares"})
        self.assertEqual({name for name in found if name.startswith("include/")},
                         {f"include/{path.name}" for path in (SOURCE / "src/include").glob("*.h")})
        for name in found:
            self.assertRegex(name, r"^(bin/|include/parmap|lib[^/]*/(.*/)?(lib)?parmap|"
                                   r"share/(doc/parmap/|man/man[1357]/|bash-completion/completions/|"
                                   r"zsh/site-functions/|fish/vendor_completions.d/))")

    def test_soname(self):
        (library,) = PREFIX.rglob("libparmap.so")
        numbers = version().split(".")
        interface = ".".join(numbers[:2]) if numbers[0] == "0" else numbers[0]
        self.assertEqual(os.readlink(library), f"libparmap.so.{interface}")
        self.assertEqual(os.readlink(library.with_name(f"libparmap.so.{interface}")),
                         f"libparmap.so.{version()}")
        text = self.call("readelf", "-d", library)
        self.assertIn(f"Library soname: [libparmap.so.{interface}]", text)

    def test_destdir(self):
        result = install("/usr", DESTDIR=str(self.folder / "stage"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue((self.folder / "stage/usr/bin/parmap").exists())
        self.assertEqual(os.listdir(self.folder / "stage"), ["usr"])
        (pc,) = (self.folder / "stage").rglob("parmap.pc")
        self.assertNotIn(str(self.folder), pc.read_text())

    def test_kernel_files(self):
        """They are compiled with the installed headers, wherever these are now."""
        for name in ("shapes.c", "lengths.cc"):
            command = (PREFIX / "bin/parmap", "kernels", SOURCE / "tests/kernels" / name)
            self.call(*command, PARMAP_CACHE="off", PARMAP_INCLUDE="")
            header = PREFIX / "include/parmap.h"
            header.rename(header.with_suffix(".gone"))
            try:
                text = self.call(*command, code=71, PARMAP_CACHE="off", PARMAP_INCLUDE="")
            finally:
                header.with_suffix(".gone").rename(header)
            self.assertIn("set PARMAP_INCLUDE", text)

    def test_examples(self):
        """Those jobs that are not installed as programs are there as sources, and build."""
        flags = self.pkg_config("--cflags", "--libs")
        (source,) = PREFIX.rglob("examples/pool.c")
        self.call(c_compiler(), *build_flags(), source, "-o", "pool", *flags)
        result = self.make("pool", ranks=2, build=Build(self.folder, MPI, MPIEXEC))
        self.assertIn("[0, 1, 8, 27, 64, 125, 216, 343, 512, 729]", result.out)


class Versions(InstalledTest):
    """What find_package takes, and what it refuses in words."""

    def find(self, words, code=0):
        shutil.rmtree(self.folder / "asks", ignore_errors=True)
        (self.folder / "asks").mkdir()
        (self.folder / "asks" / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.20)\nproject(asks LANGUAGES NONE)\n"
            f"find_package(parmap {words} REQUIRED)\n"
            'message(STATUS "${parmap_MPI} ${parmap_MPIEXEC} ${parmap_MPICC}")\n')
        return self.configure(self.folder / "asks", code=code)

    def test_taken(self):
        major, minor, _ = version().split(".")
        for words in ("", f"{major}.{minor}", f"{version()} EXACT", f"COMPONENTS {MPI}"):
            self.assertIn(f"-- {MPI} {MPIEXEC} ", self.find(words))

    def test_refused(self):
        major, minor, _ = (int(number) for number in version().split("."))
        other = "mpich" if MPI == "openmpi" else "openmpi"
        for words, text in ((f"{major}.{minor + 1}", "compatible with requested version"),
                            (f"{major + 1}", "compatible with requested version"),
                            (f"COMPONENTS {other}", f"has no component {other}"),
                            ("COMPONENTS gpu", "has no component gpu")):
            self.assertIn(text, " ".join(self.find(words, code=1).split()))

    def test_optional_component(self):
        self.find("OPTIONAL_COMPONENTS gpu")

    def test_pkg_config(self):
        self.assertEqual(self.pkg_config("--modversion"), [version()])
        for name, value in (("mpi", MPI), ("mpiexec", MPIEXEC), ("mpicc", cached("MPI_C_COMPILER"))):
            self.assertEqual(self.pkg_config(f"--variable={name}"), [value])
        flags = self.pkg_config("--cflags")
        for flag in ("-ffp-contract=off", "-fopenmp-simd", "-DPARMAP_EXACT_FLAGS"):
            self.assertIn(flag, flags)


class Programs(InstalledTest):
    """The programs of tests/installed, built in both ways."""

    def setUp(self):
        super().setUp()
        self.languages = [name for name, suffix in LANGUAGES.items()
                          if suffix == "c" or cxx_compiler()]

    def check(self, folder, language, *ranks):
        """The programs of one language at these rank counts; of the others one result each."""
        for count in ranks:
            with self.subTest(language=language, ranks=count):
                self.check_objects(f"objects_{language}", count, folder)
                self.check_kernels(f"kernels_{language}", count, folder)
        for other in self.languages:
            if other != language:
                with self.subTest(language=other):
                    self.check_objects(f"objects_{other}", 0, folder)
                    found = self.results(f"kernels_{other}", "measure", ranks=0, folder=folder)
                    numpy.testing.assert_array_equal(found["area"], 3.0 * numpy.arange(1003)**2)

    def check_objects(self, name, ranks, folder):
        result = self.make(name, ranks=ranks, build=Build(folder, MPI, MPIEXEC))
        numbers = numpy.arange(101)
        self.assertEqual(result.out.splitlines(), [
            f"sum {sum(range(102))}, total {sum(range(102))}, mean {numpy.mean(numbers + 1):g}, "
            "exit code 0",
            f"squares and doubles {numpy.sum(numbers**2 + 2 * numbers)}, "
            f"scaled and widths {numpy.sum(numbers / 2 + 1.5 * numbers):g}",
            "array 1.5 1 1.25 8"])

    def results(self, program, kernel, *options, ranks, folder):
        """What a kernel of a program writes."""
        self.make(program, kernel, "--force", *options, ranks=ranks,
                  build=Build(folder, MPI, MPIEXEC))
        with h5py.File(self.folder / "results.h5") as file:
            return file["results"][:]

    def check_kernels(self, name, ranks, folder):
        def results(kernel, *options):
            return self.results(name, kernel, *options, ranks=ranks, folder=folder)

        same = numpy.testing.assert_array_equal
        x = numpy.arange(1, 1001)
        same(results("cube"), x**3)

        x = numpy.arange(-500.0, 503.0)
        same(results("gauss"), 1 / (1 + x * x / (2.0 * 2.0)))
        peak = 1 / (1 + x * x / (0.5 * 0.5))
        same(results("gauss", "--param", "sigma=0.5", "--param", "order=3"), 1.0 * peak * peak * peak)

        x = numpy.arange(1003)
        found = results("measure")
        self.assertEqual(found.dtype.names, ("area", "radius", "parts"))
        self.assertEqual([found.dtype[name].str for name in ("area", "radius")], ["<f8", "<i4"])
        same(found["area"], 3.0 * x * x)
        same(found["radius"], x)
        same(found["parts"], numpy.array([x, x / 2, x / 4], numpy.float32).T)

        x = numpy.arange(-7.0, 1000.0)
        same(results("power"), numpy.array([[x**0, x], [x * x, x * x * x]]).transpose(2, 0, 1))

        data = self.data()
        same(results("norm", "--input", "data.h5:/points"),
             numpy.sqrt(data["points"]["x"]**2 + data["points"]["y"]**2) * data["points"]["weight"])
        same(results("turn", "--input", "data.h5:/rows"), data["rows"][:, ::-1])

        self.make_failing(name, "root", ranks=ranks, folder=folder)

    def data(self):
        """Inputs, from a seed; a prime number of points."""
        random = numpy.random.default_rng(6)
        points = numpy.zeros(997, [("x", "<f8"), ("y", "<f8"), ("weight", "<i2")])
        points["x"], points["y"] = random.normal(size=(2, 997))
        points["weight"] = random.integers(-1000, 1000, 997)
        data = {"points": points, "rows": random.normal(size=(131, 3)).astype(numpy.float32)}
        with h5py.File(self.folder / "data.h5", "w") as file:
            for name, values in data.items():
                file[name] = values
        return data

    def make_failing(self, program, kernel, ranks, folder):
        """Two items of 103 fail."""
        result = self.launch(program, kernel, "--force", ranks=ranks,
                             build=Build(folder, MPI, MPIEXEC))
        self.assertEqual(result.code, 1, result)
        self.assertIn("no root of -2", result.err)
        with h5py.File(self.folder / "results.h5") as file:
            numpy.testing.assert_array_equal(file["results"][2:], numpy.sqrt(numpy.arange(101.0)))
            self.assertEqual(list(file["results_status"]), [2, 2] + 101 * [1])


@unittest.skipUnless(shutil.which("cmake"), "no cmake")
class ByCMake(Programs):
    def test_programs(self):
        text = self.configure(SOURCES, f"-DVERSION={'.'.join(version().split('.')[:2])}",
                              f"-DCOMPONENT={MPI}", f"-DNO_CXX={'' if cxx_compiler() else 'ON'}")
        self.assertIn(f"-- parmap {version()} with {MPI}, {MPIEXEC}", text)
        text = self.call("cmake", "--build", self.folder / "build", "--parallel", "2")
        self.assertIn(f"parmap {version()}\n", text)
        self.check(self.folder / "build", "c11", 1, 2)


@unittest.skipUnless(shutil.which("pkg-config"), "no pkg-config")
class ByPkgConfig(Programs):
    def test_programs(self):
        flags = self.pkg_config("--cflags", "--libs")
        for language in self.languages:
            suffix = LANGUAGES[language]
            for name in ("kernels", "objects"):
                self.call(c_compiler() if suffix == "c" else cxx_compiler(), f"-std={language}",
                          "-O1", *WARNINGS, *build_flags(), SOURCES / f"{name}.{suffix}",
                          "-o", f"{name}_{language}", *flags, "-lm")
        self.check(self.folder, self.languages[-1], 2)


if __name__ == "__main__":
    unittest.main()
