# TEST seconds=300
"""parmap kernels and parmap compile: kernel files in C and C++, their mistakes, and compilers that
are missing, broken, slow; what is compiled once is not compiled again."""
import os
import re
import shutil
import signal
import stat
import subprocess
import unittest
from pathlib import Path

from parmap_testing import SOURCE, ParmapTest

KERNELS = SOURCE / "tests" / "kernels"
TIMES = """#include <parmap.h>
PARMAP_KERNEL(times, int64_t, x, int64_t) { return FACTOR * x; }
PARMAP_DOMAIN(times, int64_t, -1000, 1000, .version = FACTOR);
PARMAP_EXPORT(&times);
"""


class KernelFileTest(ParmapTest):
    """A test with a compiler that counts its runs, a cache and a TMPDIR of its own."""

    def setUp(self):
        super().setUp()
        self.cache, self.tmp, self.runs = (self.folder / n for n in ("cache", "tmp", "runs"))
        self.tmp.mkdir()
        self.counting = self.script("counting", f'echo run >> {self.runs}; exec cc "$@"')

    def script(self, name, body):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return str(path)

    def env(self, **more):
        return {"PARMAP_CACHE": str(self.cache), "TMPDIR": str(self.tmp), "CC": None,
                "PARMAP_CC": self.counting, "PARMAP_CXX": None, **more}

    def parmap(self, *args, **env):
        return self.launch("parmap", *args, ranks=0, env=self.env(**env))

    def good(self, *args, **env):
        result = self.parmap(*args, **env)
        self.assertEqual((result.code, result.err), (0, ""), result)
        self.assertEqual(list(self.tmp.iterdir()), [], "nothing is left in TMPDIR")
        return result.out

    def bad(self, code, *args, says=(), **env):
        result = self.parmap(*args, **env)
        errors = re.findall(r"(?m)^parmap: error: (.*)$", result.err)  # the compiler has its own
        self.assertEqual((result.code, len(errors), result.out), (code, 1, ""), result)
        for words in says:
            self.assertIn(words, errors[0], result)
        self.assertEqual(list(self.tmp.iterdir()), [], "nothing is left in TMPDIR")
        return result

    def count(self):
        return len(self.runs.read_text().split()) if self.runs.exists() else 0

    def write(self, name, text, age=10):
        """A file that was written some time ago, as files of people are."""
        path = self.folder / name
        path.write_text(text)
        then = path.stat().st_mtime - age
        os.utime(path, (then, then))
        return name

    def times(self, name="times.c", factor=3):
        return self.write(name, f"#define FACTOR {factor}\n{TIMES}")


class Kernels(KernelFileTest):
    SHAPES = """\
gauss: a bell curve
  version: 2
  type: float64 -> float64, exact for -1000000..1000000
  parameter: sigma = 0.3, float64, 1e-09 to 1000000000; width of the peak
  parameter: order = 2, int32, 1 to 10; factor in front
root
  version: 0
  cost: 1e-06 s for each item
  type: float64 -> float64, exact for -1000000..1000000; items can fail
cube
  version: 0
  type: int64 -> int64, exact for -2097152..2097151
  type: uint64 -> uint64, exact for 0..2642245
  type: int128 -> int128, exact for -5541191377756..5541191377756
  type: float64 -> float64, exact for -208063..208063
unit
  version: 0
  type: {x: float64, y: float64, weights: float32[3]} -> float64[2]
negate
  version: 0
  type: int8 -> int16, exact for every int8
"""

    def test_source_and_object(self):
        self.assertEqual(self.good("kernels", KERNELS / "shapes.c"), self.SHAPES)
        self.assertEqual(self.good("compile", KERNELS / "shapes.c", "-o", "shapes.so"),
                         "shapes.so: gauss, root, cube, unit, negate\n")
        self.assertEqual(self.good("kernels", "shapes.so", PATH="", PARMAP_CC=None), self.SHAPES)
        self.assertEqual(self.count(), 1)

    def test_cxx(self):
        listed = self.good("kernels", KERNELS / "lengths.cc")
        self.assertEqual(listed, "length\n  version: 3\n  type: {x: float64, y: float64} -> float64\n"
                                 "median\n  version: 0\n"
                                 "  type: int64 -> int64, exact for -1000..1000; items can fail\n")
        self.good("compile", KERNELS / "lengths.cc", "-o", "lengths.so")
        self.assertEqual(self.good("kernels", "lengths.so"), listed)

    def test_clang(self):
        for variable, source in (("PARMAP_CC", "shapes.c"), ("PARMAP_CXX", "lengths.cc")):
            compiler = shutil.which("clang" if variable == "PARMAP_CC" else "clang++")
            if not compiler:
                self.skipTest("there is no clang")
            with self.subTest(compiler=compiler):
                self.assertEqual(self.good("kernels", KERNELS / source, **{variable: compiler}),
                                 self.good("kernels", KERNELS / source))

    def test_usage(self):
        self.times()
        for args in (["kernels"], ["kernels", "a.c", "b.c"], ["kernels", "--help"], ["compile"],
                     ["compile", "times.c"], ["compile", "-o", "x.so"], ["compile", "times.c", "-o"],
                     ["compile", "times.c", "-o", "x"], ["compile", "times.c", "-o", "times.c"],
                     ["compile", "times.c", "times.c", "-o", "a.so"],
                     ["compile", "times.c", "-x", "a.so"],
                     ["kernels", "x*x"], ["kernels", "times.txt"]):
            with self.subTest(args=args):
                self.bad(64, *args)
        self.assertEqual(self.count(), 0)
        self.assertEqual(sorted(self.files()), ["counting", "times.c", "tmp"])

    def test_what_is_no_kernel_file(self):
        self.write("text.so", "a text\n" * 100)
        self.write("empty.so", "")
        self.write("empty.c", "")
        (self.folder / "folder.so").mkdir()
        shutil.copy(shutil.which("true"), self.folder / "program.so")
        self.good("compile", self.times(), "-o", "whole.so")
        whole = (self.folder / "whole.so").read_bytes()
        (self.folder / "half.so").write_bytes(whole[:len(whole) // 2])
        for name, code, words in (("text.so", 65, "no shared object"),
                                  ("empty.so", 65, "no shared object"),
                                  ("empty.c", 65, "PARMAP_EXPORT"), ("folder.so", 65, "a folder"),
                                  ("half.so", 65, "cut short"), ("program.so", 71, "cannot be loaded"),
                                  ("missing.so", 66, "No such file"),
                                  ("missing.c", 66, "No such file"),
                                  ("no/such.c", 66, "No such file")):
            with self.subTest(name=name):
                self.bad(code, "kernels", name, says=[name, words])

    def test_other_objects(self):
        self.write("plain.c", "int f(void) { return 1; }\n")
        subprocess.run(["cc", "-shared", "-fPIC", "plain.c", "-o", "plain.so"], check=True,
                       cwd=self.folder)
        self.bad(65, "kernels", "plain.so", says=["plain.so offers no kernels", "PARMAP_EXPORT"])
        self.bad(65, "compile", "plain.c", "-o", "other.so", says=["PARMAP_EXPORT"])
        self.assertFalse((self.folder / "other.so").exists())

    def test_other_version_of_parmap(self):
        shutil.copytree(SOURCE / "src" / "include", self.folder / "include")
        header = self.folder / "include" / "parmap_abi.h"
        text = header.read_text()
        ours = int(re.search(r"#define PARMAP_KERNEL_ABI (\d+)", text).group(1))
        header.write_text(text.replace(f"PARMAP_KERNEL_ABI {ours}", f"PARMAP_KERNEL_ABI {ours + 1}"))
        self.bad(65, "kernels", self.times(), PARMAP_INCLUDE="include",
                 says=[f"ABI {ours + 1}, this parmap has {ours}", "compile it again"])
        self.good("kernels", self.times())
        self.bad(64, "kernels", self.times(), PARMAP_INCLUDE="nowhere", says=["PARMAP_INCLUDE"])


class Mistakes(KernelFileTest):
    def test_the_compiler_s_words(self):
        self.write("mine.c", TIMES.replace("FACTOR * x", "3 * y").replace("FACTOR", "1"))
        result = self.bad(65, "kernels", "mine.c", says=["mine.c does not compile: mine.c:2:", "'y'"])
        self.assertIn("3 * y", result.err)
        self.assertRegex(result.err, r"(?m)^mine\.c:2:\d+: error: 'y' undeclared")
        self.assertRegex(result.err, r"(?m)^ .*\^")
        result = self.bad(65, "compile", "mine.c", "-o", "mine.so", says=["mine.c:2:"])
        self.assertFalse((self.folder / "mine.so").exists())

    def test_in_another_language(self):
        self.write("mine.c", "nonsense\n")
        self.bad(65, "kernels", "mine.c", says=["mine.c:1:1: error: "], LC_ALL="de_DE.UTF-8",
                 LANGUAGE="de")

    def test_mistyped_function(self):
        self.write("mine.c", TIMES.replace("FACTOR * x", "abz(x)").replace("FACTOR", "1"))
        self.bad(65, "kernels", "mine.c", says=["mine.c:2:", "'abz'"])

    def test_in_cxx(self):
        self.write("mine.cc", "#include <parmap.h>\nint f() { return nothing; }\n")
        self.bad(65, "kernels", "mine.cc", says=["mine.cc:2:", "'nothing'"])

    def test_warnings_do_not_hinder(self):
        self.write("mine.c", "#define FACTOR 2\n#warning look here\n" + TIMES)
        result = self.parmap("kernels", "mine.c")
        self.assertEqual(result.code, 0, result)
        self.assertRegex(result.err, r"(?m)^mine\.c:2:2: warning: .*look here")
        self.assertIn("version: 2", result.out)

    def test_what_the_linker_does_not_find(self):
        self.write("mine.c", "long nowhere(long);\n" +
                   "#define FACTOR nowhere(1)\n" + TIMES.replace(".version = FACTOR", ".version = 1"))
        self.bad(65, "kernels", "mine.c", says=["mine.c needs nowhere,"])

    def test_control_characters(self):
        self.write("mine.c", "int f = \"\x1b[31m\x07\";\nnonsense\n")
        result = self.bad(65, "kernels", "mine.c")
        self.assertNotRegex(result.err, r"[\x00-\x08\x0b-\x1f\x7f]")


class Compilers(KernelFileTest):
    def test_none(self):
        self.times()
        for path in ("", "/nowhere", str(self.tmp)):
            with self.subTest(PATH=path):
                self.bad(71, "kernels", "times.c", PARMAP_CC=None, PATH=path,
                         says=["install gcc", "PARMAP_CC", "parmap compile"])
        self.bad(71, "kernels", self.times("times.cc"), PATH="", says=["install g++", "PARMAP_CXX"])

    def test_wrong_words(self):
        self.times()
        self.bad(64, "kernels", "times.c", PARMAP_CC="/no/such/cc", says=["PARMAP_CC=/no/such/cc"])
        self.bad(64, "kernels", "times.c", PARMAP_CC="no-such-cc -O2", says=["no program no-such-cc"])
        self.bad(65, "kernels", "times.c", PARMAP_CC="cc --no-such-option",
                 says=["--no-such-option"])
        self.bad(71, "kernels", "times.c", PARMAP_CC=shutil.which("false"), says=["said nothing"])
        self.bad(71, "kernels", "times.c", PARMAP_CC=shutil.which("true"), says=["no shared object"])
        self.good("kernels", "times.c", CC="/no/such/cc", PARMAP_CC=None)
        self.write("named.c", TIMES)
        self.assertIn("version: 7", self.good("kernels", "named.c", PARMAP_CC="cc  -DFACTOR=7"))

    def test_no_shell(self):
        """Nothing in names or variables is a command."""
        name = self.times("a b;touch owned;$(touch owned).c")
        self.good("kernels", name)
        self.bad(65, "kernels", name, PARMAP_CC="cc ; touch owned")
        self.assertFalse((self.folder / "owned").exists())

    def test_that_hangs(self):
        self.times()
        hanging = self.script("hanging", "sleep 1000 & echo $! > pid; wait")
        running = self.start("parmap", "kernels", "times.c", env=self.env(PARMAP_CC=hanging))
        pid = self.folder / "pid"
        self.wait_until(lambda: pid.exists() and pid.read_text(), "it hangs", running=running)
        self.assertEqual(len(list(self.tmp.iterdir())), 1)
        running.process.send_signal(signal.SIGTERM)
        self.assertError(running.wait(30), 75, "SIGTERM", "times.c")
        self.assertEqual(list(self.tmp.iterdir()), [])
        self.wait_until(lambda: not self.runs_still(int(pid.read_text())), "the compiler is gone")

    @staticmethod
    def runs_still(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def test_that_says_megabytes(self):
        self.times()
        talking = self.script("talking", "yes 'a line of words' | head -c 5000000 >&2; exit 1")
        result = self.bad(65, "kernels", "times.c", PARMAP_CC=talking, says=["a line of words"])
        self.assertLess(len(result.err), 70000)


class Outputs(KernelFileTest):
    def test_mode_and_replacement(self):
        self.good("compile", self.times(factor=1), "-o", "a.so")
        mode = stat.S_IMODE((self.folder / "a.so").stat().st_mode)
        self.assertEqual(mode & 0o500, 0o500)
        self.assertEqual(mode & 0o022, 0)
        self.good("compile", self.times(factor=2), "--output", "a.so")
        self.assertIn("version: 2", self.good("kernels", "a.so"))
        self.assertEqual([f for f in self.files() if f.startswith("a.so")], ["a.so"])

    def test_where_it_cannot_be_written(self):
        self.times()
        (self.folder / "b.so").mkdir()
        self.bad(73, "compile", "times.c", "-o", "no/such/a.so", says=["no/such/a.so"])
        self.bad(74, "compile", "times.c", "-o", "b.so", says=["b.so"])
        self.assertEqual([f for f in self.files() if "so" in f], ["b.so"])
        self.assertEqual(list((self.folder / "b.so").iterdir()), [])


class Cache(KernelFileTest):
    def check(self, runs, *args, **env):
        before = self.count()
        self.good("kernels", *(args or ["times.c"]), **env)
        self.assertEqual(self.count() - before, runs)

    def test_second_run(self):
        self.times()
        self.check(1)
        self.check(0)
        self.times(factor=4)
        self.check(1)
        self.check(0)
        entries = list(self.cache.iterdir())
        self.assertEqual(len(entries), 1)
        self.assertEqual(stat.S_IMODE(self.cache.stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(entries[0].stat().st_mode), 0o600)

    def test_headers(self):
        self.write("factor.h", "#define FACTOR 5\n")
        self.write("times.c", '#include "factor.h"\n' + TIMES)
        self.check(1)
        self.check(0)
        self.write("factor.h", "#define FACTOR 6\n")
        self.check(1)
        self.assertIn("version: 6", self.good("kernels", "times.c"))

    def test_compiler_changes(self):
        self.times()
        self.check(1)
        self.script("counting", f'echo run >> {self.runs};  exec cc "$@"')
        self.check(1)
        self.check(0)
        self.check(1, PARMAP_CC=f"{self.counting} -DX")

    def test_off(self):
        self.times()
        self.check(1, PARMAP_CACHE="off")
        self.check(1, PARMAP_CACHE="off")
        self.assertFalse(self.cache.exists())

    def test_damaged_entry(self):
        self.times()
        self.check(1)
        entry, = self.cache.iterdir()
        good = entry.read_bytes()
        for damaged in (b"", good[:-1], good[:-5000] + bytes([good[-5000] ^ 1]) + good[-4999:]):
            entry.write_bytes(damaged)
            self.check(1)
            self.check(0)

    def test_entry_that_others_can_change(self):
        self.times()
        self.check(1)
        entry, = self.cache.iterdir()
        entry.chmod(0o666)
        self.check(1)
        self.check(0)
        self.cache.chmod(0o777)
        self.check(1)
        self.check(1)

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_entry_of_another_owner(self):
        self.times()
        self.check(1)
        entry, = self.cache.iterdir()
        os.chown(entry, 12345, 12345)
        self.check(1)
        self.check(0)
        os.chown(self.cache, 12345, 12345)
        self.check(1)

    def test_home(self):
        self.times()
        home = self.folder / "home"
        home.mkdir()
        for name, runs, env in (("HOME", 1, {"HOME": str(home)}), ("HOME", 0, {"HOME": str(home)}),
                                ("XDG", 1, {"XDG_CACHE_HOME": str(home / "xdg")}),
                                ("read-only", 1, {"HOME": "/proc"}), ("none", 1, {"HOME": None})):
            with self.subTest(name=name):
                self.check(runs, PARMAP_CACHE=None, **{"XDG_CACHE_HOME": None, **env})
        self.assertEqual(len(list((home / ".cache" / "parmap").iterdir())), 1)
        self.assertEqual(len(list((home / "xdg" / "parmap").iterdir())), 1)

    def test_many_at_once(self):
        self.times()
        all_of_them = [self.start("parmap", "kernels", "times.c", env=self.env())
                       for _ in range(6)]
        for running in all_of_them:
            result = running.wait()
            self.assertEqual((result.code, result.err), (0, ""), result)
        self.assertEqual(len(list(self.cache.iterdir())), 1)
        self.check(0)


if __name__ == "__main__":
    unittest.main()
