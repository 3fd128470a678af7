"""parmap info and verify, --verify, and the stock tools: what they say of good and bad files."""
import re
import shutil
import subprocess
import unittest

import h5py
import numpy

from parmap_testing import HOST, MPI, FileTest, attributes, expected, inputs, integers


class CommandTest(FileTest):
    def parmap(self, *args, ranks=0):
        return self.launch("parmap", *args, ranks=ranks)

    def damage(self, path, element, dataset="cubes", count=1):
        """Flips a bit of the elements element .. element+count-1, behind HDF5's back."""
        with h5py.File(self.folder / path) as file:
            data = file[dataset]
            start, size = data.id.get_offset() + element * data.dtype.itemsize, data.dtype.itemsize
        with open(self.folder / path, "r+b") as file:
            file.seek(start)
            bits = bytearray(file.read(size * count))
            for i in range(0, len(bits), size):
                bits[i] ^= 0x10
            file.seek(start)
            file.write(bits)

    def make_incomplete(self, path="cubemap.h5"):
        self.make("cubemap", "--output", path, "--force", ranks=0)
        with h5py.File(self.folder / path, "r+") as file:
            file["cubes"].attrs.modify("complete", numpy.int64(0))

    def make_foreign(self):
        """Files that are not parmap's: text, empty, HDF5 of somebody else."""
        (self.folder / "text.h5").write_text("not HDF5\n" * 100)
        (self.folder / "empty.h5").touch()
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["cubes"] = numpy.arange(10)
        return "text.h5", "empty.h5", "other.h5"


class Attributes(CommandTest):
    DATA = {"kernel": str, "kernel_version": int, "type": str, "input_type": str, "range": str,
            "rounding": int, "count": int, "block_items": int, "cost_s": float, "probe": int, "checksum": int,
            "checksum_method": str, "complete": int}
    RUN = {"format": int, "version": str, "build": str, "mpi": str, "hdf5": str, "dataset": str,
           "nodes": int, "ranks": int, "threads": int, "schedule": str, "vector": str,
           "host": str, "command": str, "started": str, "ended": str, "seconds": float,
           "sessions": int, "slurm_job_id": str}

    def test_all_of_them(self):
        self.make("cubemap", "--range", "-100..100:2", "--schedule", "dynamic", ranks=2, threads=2,
                  env={"SLURM_JOB_ID": None})
        with h5py.File(self.folder / "cubemap.h5") as file:
            data, run = file["cubes"], file["parmap"]
            what, how = attributes(data), attributes(run)
            for node in (data, run):
                for name, value in node.attrs.items():
                    if isinstance(value, (numpy.integer, numpy.floating)):
                        kind = numpy.dtype("<u8" if name in ("probe", "checksum") else
                                           "<f8" if name in ("cost_s", "seconds") else "<i8")
                        self.assertEqual(node.attrs.get_id(name).dtype, kind, name)
                        self.assertEqual(node.attrs.get_id(name).shape, (), name)
        for found, kinds in ((what, self.DATA), (how, self.RUN)):
            self.assertEqual({n: type(v) for n, v in found.items()}, kinds)
        self.check_run(how)
        self.assertRegex(what["checksum_method"], "XXH3")
        self.assertEqual((what["range"], what["count"]), ("-100..100:2", 101))

    def check_run(self, how):
        self.assertEqual((how["format"], how["nodes"], how["ranks"], how["threads"]), (1, 1, 2, 4))
        self.assertEqual(how["schedule"], "dynamic")
        self.assertIn(how["vector"], ("baseline", "v3", "v4"))
        self.assertIn({"openmpi": "Open MPI", "mpich": "MPICH"}[MPI], how["mpi"])
        self.assertRegex(how["hdf5"], r"\d+\.\d+\.\d+")
        self.assertEqual(how["host"], HOST)
        self.assertRegex(how["command"], r"cubemap.* --range -100\.\.100:2")
        self.assertEqual(how["slurm_job_id"], "")
        time = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$"
        self.assertRegex(how["started"], time)
        self.assertRegex(how["ended"], time)
        self.assertLessEqual(how["started"], how["ended"])
        self.assertGreaterEqual(how["seconds"], 0)

    def test_number_of_the_slurm_job(self):
        self.make("squares", ranks=0, env={"SLURM_JOB_ID": "4711"})
        with h5py.File(self.folder / "squares.h5") as file:
            self.assertEqual(attributes(file["parmap"])["slurm_job_id"], "4711")


class Info(CommandTest):
    def test_lines(self):
        self.make("squares", "--range", "7..77:7", "--stats", ranks=2)
        result = self.parmap("info", "squares.h5")
        self.assertEqual(result.code, 0, result)
        lines = result.out.splitlines()
        for line in lines:
            self.assertRegex(line, r"^[\w ]+: ?", result)
        with h5py.File(self.folder / "squares.h5") as file:
            hashed = attributes(file["squares"])["checksum"]
        for value in ("square", "int64", "7..77:7", "11", "5929", f"{hashed:016x}", HOST):
            self.assertRegex(result.out, rf"(?m)^[\w ]+:.*\b{re.escape(value)}\b", result)
        self.assertRegex(result.out, r"(?m): *complete\b", result)

    def test_states(self):
        self.make("cubemap", ranks=0)
        foreign = self.make_foreign()
        self.make_incomplete("half.h5")
        for path, state, code in (("cubemap.h5", "complete", 0), ("half.h5", "incomplete", 0),
                                  ("no.h5", "missing", 66), ("no/such.h5", "missing", 66),
                                  *((name, "foreign", 65) for name in foreign)):
            with self.subTest(path=path):
                result = self.parmap("info", "--state", path)
                self.assertEqual((result.out, result.code), (state + "\n", code), result)

    def test_bad_files(self):
        foreign = self.make_foreign()
        for path, code in (("no.h5", 66), *((name, 65) for name in foreign)):
            with self.subTest(path=path):
                self.assertError(self.parmap("info", path), code, path)

    def test_usage(self):
        for args in ([], ["inof", "x.h5"], ["info"], ["verify"], ["info", "--stat", "x.h5"],
                     ["info", "a.h5", "b.h5"]):
            with self.subTest(args=args):
                self.assertError(self.parmap(*args), 64)


class Verify(CommandTest):
    """parmap verify: by the checksum alone."""

    def test_good_file(self):
        for path, *args in (("a.h5",), ("b.h5", "--type", "int128", "--range", "1..70001")):
            self.make("cubemap", "--output", path, *args, ranks=2)
            with h5py.File(self.folder / path) as file:
                hashed = attributes(file["cubes"])["checksum"]
            result = self.parmap("verify", path)
            self.assertEqual(result.code, 0, result)
            self.assertEqual(result.out, f"{path}: checksum {hashed:016x} matches\n", result)

    def test_damaged_files(self):
        for element in (0, 54321, 999999):
            with self.subTest(element=element):
                self.make("cubemap", "--force", ranks=0)
                self.damage("cubemap.h5", element)
                result = self.parmap("verify", "cubemap.h5")
                self.assertEqual(result.code, 65, result)
                self.assertRegex(result.out + result.err, r"cubemap\.h5.* differs", result)

    def test_swapped_blocks(self):
        """The number of a block is in its checksum."""
        self.make("squares", ranks=0)
        with h5py.File(self.folder / "squares.h5", "r+") as file:
            data = file["squares"]
            items = attributes(data)["block_items"]
            self.assertGreaterEqual(len(data), 2 * items, "the test needs two blocks")
            values = data[:]
            data[:items], data[items:2 * items] = values[items:2 * items], values[:items]
        self.assertEqual(self.parmap("verify", "squares.h5").code, 65)

    def test_cut_file(self):
        self.make("cubemap", ranks=0)
        path = self.folder / "cubemap.h5"
        with open(path, "r+b") as file:
            file.truncate(path.stat().st_size // 2)
        self.assertError(self.parmap("verify", "cubemap.h5"), 65, "cubemap.h5")

    def test_other_files(self):
        self.make_incomplete("half.h5")
        self.make("cubemap", "--checksum", "off", "--output", "plain.h5", ranks=0)
        for path, code in (("half.h5", 65), ("plain.h5", 65), ("no.h5", 66), (".", 65),
                           *((name, 65) for name in self.make_foreign())):
            with self.subTest(path=path):
                self.assertError(self.parmap("verify", path), code)


class Recompute(CommandTest):
    """--verify: by computing the numbers again."""

    def test_good_files(self):
        """The range and the type are the file's."""
        for ranks, args in ((0, []), (3, ["--type", "int128", "--range", "-500..70000:3"]),
                            (2, ["--type", "float64", "--allow-rounding", "--range",
                                 "208000..300000", "--dataset", "x/y"])):
            with self.subTest(args=args):
                self.make("cubemap", "--force", *args, ranks=ranks)
                before = (self.folder / "cubemap.h5").read_bytes()
                result = self.make("cubemap", "--verify", "cubemap.h5", ranks=ranks)
                self.assertEqual(result.status, "verified", result)
                self.assertEqual((self.folder / "cubemap.h5").read_bytes(), before)
                self.assertEqual(self.files(), ["cubemap.h5"])

    def test_samples(self):
        self.make("cubemap", ranks=0)
        for count in (1, 7, 1000, 1000000, 5000000):
            with self.subTest(count=count):
                result = self.make("cubemap", "--verify", "cubemap.h5", "--sample", count,
                                   "--summary", "json", ranks=0)
                self.assertEqual(result.json["status"], "verified", result)
                self.assertEqual(result.json["elements"], min(count, 1000000), result)

    def test_damaged_element_is_named(self):
        for ranks, element in ((0, 0), (2, 54321), (4, 999999)):
            with self.subTest(ranks=ranks, element=element):
                self.make("cubemap", "--range", "-7..999992", "--force", ranks=0)
                self.damage("cubemap.h5", element)
                result = self.launch("cubemap", "--verify", "cubemap.h5", ranks=ranks)
                self.assertEqual(result.code, 65, result)
                self.assertRegex("\n".join(result.messages("error")), rf"\b{element}\b", result)
                self.assertNotEqual(result.status, "verified", result)
        result = self.launch("cubemap", "--verify", "cubemap.h5", "--sample", "1000000", ranks=0)
        self.assertEqual(result.code, 65, result)

    def test_a_small_sample_finds_wide_damage(self):
        self.make("cubemap", ranks=0)
        self.damage("cubemap.h5", 250000, count=500000)
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                result = self.launch("cubemap", "--verify", "cubemap.h5", "--sample", "100",
                                     ranks=ranks)
                self.assertEqual(result.code, 65, result)
                index = re.search(r"\b(\d{6})\b", result.messages("error")[0])
                self.assertTrue(index and 250000 <= int(index.group(1)) < 750000, result)

    def test_other_files(self):
        self.make_incomplete("half.h5")
        self.make("squares", ranks=0)
        for path, code in (("half.h5", 65), ("squares.h5", 65), ("no.h5", 66),
                           *((name, 65) for name in self.make_foreign())):
            with self.subTest(path=path):
                self.assertError(self.launch("cubemap", "--verify", path, ranks=0), code, path)
        self.assertError(self.launch("cubemap", "--verify", "no.h5", ranks=3), 66, "no.h5")

    def test_sample_needs_verify(self):
        self.assertError(self.launch("cubemap", "--sample", "5", ranks=0), 64, "--verify")


class StockTools(CommandTest):
    def tool(self, *args):
        if not shutil.which(args[0]):
            self.skipTest(f"{args[0]} (package hdf5-tools) is not installed")
        return subprocess.run(args, cwd=self.folder, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)

    def test_h5dump(self):
        self.make("cubemap", "--range", "-500..1500", ranks=3)
        dump = self.tool("h5dump", "-d", "/cubes", "-w", "60", "cubemap.h5")
        self.assertEqual((dump.returncode, dump.stderr), (0, ""))
        body = re.search(r"\bDATA \{(.*?)\}", dump.stdout, re.DOTALL).group(1)
        numbers = [int(n) for n in re.findall(r"-?\d+(?=[,\s])", re.sub(r"\(\d+\):", "", body))]
        self.assertEqual(numbers, [x**3 for x in range(-500, 1501)])

    def test_h5dump_of_int128(self):
        self.make("cubemap", "--range", "5541191377746..5541191377756", "--type", "int128", ranks=0)
        dump = self.tool("h5dump", "-d", "/cubes", "cubemap.h5")
        pairs = re.findall(r"\{\s*(\d+),\s*(-?\d+)\s*\}", dump.stdout)
        self.assertEqual([int(hi) * 2**64 + int(lo) for lo, hi in pairs],
                         integers(expected("cubemap", inputs(5541191377746, 5541191377756),
                                           "int128")))

    def test_h5diff(self):
        """Data and attributes of /cubes are the same for two layouts; h5diff can tell."""
        self.make("cubemap", "--output", "a.h5", "--stats", ranks=4)
        self.make("cubemap", "--output", "b.h5", "--stats", "--schedule", "dynamic",
                  "--vector", "baseline", ranks=0, threads=2)
        diff = self.tool("h5diff", "a.h5", "b.h5", "/cubes", "/cubes")
        self.assertEqual((diff.returncode, diff.stdout, diff.stderr), (0, "", ""))
        self.damage("b.h5", 77)
        diff = self.tool("h5diff", "a.h5", "b.h5", "/cubes", "/cubes")
        self.assertEqual(diff.returncode, 1, diff.stdout)


if __name__ == "__main__":
    unittest.main()
