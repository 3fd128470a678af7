"""parmap map over data sets of HDF5: every type, storage and size against numpy; rows that are
chosen; NaN; what does not fit; inputs that change."""
# TEST seconds=300
import os
import shutil
import signal
import time
import unittest

import h5py
import numpy

from map_testing import MapTest, REAL, WHOLE, Whole, drawn, named, whole_array
from parmap_testing import INT128

TYPES = ("i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8",
         ">u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8")
STORAGES = {
    "contiguous": {},
    "chunked": {"chunks": (100,)},
    "gzip": {"chunks": (64,), "compression": "gzip"},
    "shuffled": {"chunks": (333,), "shuffle": True},
    "both": {"chunks": (128,), "shuffle": True, "compression": "gzip", "compression_opts": 9},
    "lzf": {"chunks": (77,), "compression": "lzf"},
    "sums": {"chunks": (50,), "fletcher32": True, "compression": "gzip"},
    "growing": {"chunks": (100,), "maxshape": (None,)},
    "one_chunk": {"chunks": (1000,), "compression": "gzip"},
}
SLOW = """#include <parmap.h>
#include <time.h>
PARMAP_KERNEL(doze, double, x, double)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    return 2 * x;
}
PARMAP_DOMAIN(doze, double, -1000000, 1000000, .cost_s = 2e-3);
PARMAP_EXPORT(&doze);
"""
CUBE = """#include <parmap.h>
PARMAP_KERNEL_TYPES(cube, x, x * x * x);
PARMAP_DOMAINS(cube, (-2097151, 2097151), (0, 2642245), (-5541191377756, 5541191377756),
               (-208063, 208063));
PARMAP_KERNEL_CAN_FAIL(root, double, x, double, y)
{
    if (x < 0)
        return parmap_fail("no root of %g", x);
    *y = x * x;
    return PARMAP_OK;
}
PARMAP_DOMAIN(root, double, -1000000, 1000000);
PARMAP_KERNEL_BLOCK(running, double, x, double, y, count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = x[i] + 1;
}
PARMAP_DOMAIN(running, double, PARMAP_DOMAIN_FLOAT64);
PARMAP_EXPORT(&cube, &root, &running);
"""


def wide(values):
    """Numbers as a formula that is their name alone returns them, beside others of all types."""
    if values.dtype == INT128:
        return values
    kind = values.dtype.kind
    if kind == "f":
        return values.astype("f8")
    return values.astype("u8" if kind == "u" and values.dtype.itemsize == 8 else "i8")


class InputTest(MapTest):
    def setUp(self):
        super().setUp()
        self.random = numpy.random.default_rng(6)

    def values(self, type_name, shape):
        dtype = numpy.dtype(type_name)
        if dtype.kind == "f":
            return (self.random.standard_normal(shape) * 100).astype(dtype)
        limits = numpy.iinfo(dtype)
        return self.random.integers(limits.min, limits.max, shape, dtype.newbyteorder("="),
                                    endpoint=True).astype(dtype)

    def store(self, path="in.h5", libver="earliest", **sets):
        """Data sets; a value is an array or (array, how it is stored)."""
        with h5py.File(self.folder / path, "w", libver=libver) as file:
            for name, value in sets.items():
                data, how = value if isinstance(value, tuple) else (value, {})
                file.create_dataset(name, data=data, **how)
        return {name: v[0] if isinstance(v, tuple) else v for name, v in sets.items()}

    def inputs(self, names, path="in.h5"):
        return [word for name in names for word in ("--input", f"{path}:/{name}")]

    def write(self, name, text):
        (self.folder / name).write_text(text)


class Types(InputTest):
    def check_all(self, sets, count, **settings):
        """Every set comes out as it went in, all of them in step in one run."""
        data = self.store(**sets)
        found = self.mapped(*(f"f_{n}={n}" for n in data), *self.inputs(data), "--force",
                            **settings)
        self.assertEqual(found.shape, (count,))
        for name, values in data.items():
            self.check_bits(found[f"f_{name}"], wide(values), name)

    def test_types(self):
        for count in (1, 997):
            sets = {f"t{i}": self.values(name, count) for i, name in enumerate(TYPES)}
            self.check_all(sets, count, threads=2)

    def test_types_in_chunks(self):
        sets = {f"t{i}": (self.values(name, 1009), list(STORAGES.values())[1 + i % 7])
                for i, name in enumerate(TYPES)}
        self.check_all(sets, 1009, ranks=2)

    def test_int128(self):
        wholes = [0, 1, -1, 2**100, -2**126, 2**64]
        self.check_all({"big": whole_array(wholes, "int128")}, 6)
        found = self.mapped("x/3", "--input", "in.h5:/big", "--force")
        self.check_bits(found, whole_array([abs(x) // 3 * (1 if x > 0 else -1) for x in wholes],
                                           "int128"))

    def test_truth_values(self):
        with h5py.File(self.folder / "in.h5", "w") as file:
            file["b"] = numpy.array([True, False, True])
        self.check_bits(self.mapped("b*2", "--input", "in.h5:/b"), numpy.array([2, 0, 2]))

    def test_storages(self):
        for libver in ("earliest", "latest"):
            data = self.store(libver=libver, **{n: (self.values("<f8", 1009), how)
                                                for n, how in STORAGES.items()})
            found = self.mapped(*(f"f_{n}={n}" for n in data), *self.inputs(data), "--force",
                                threads=2)
            for name, values in data.items():
                self.check_bits(found[f"f_{name}"], values, (name, libver))

    def test_unusual_storages(self):
        """Chunks that were never written, compact, scaled, a link, a group, a user block."""
        with h5py.File(self.folder / "in.h5", "w", userblock_size=1024) as file:
            for name, chunk in (("holes", 100), ("many_holes", 1)):  # many: left to HDF5
                holes = file.create_dataset(name, (1000 + chunk % 2 * 100,), "f4", chunks=(chunk,),
                                            fillvalue=7.5)
                holes[250:260] = 1
            file.create_dataset("never", (1000,), "i4", fillvalue=-3)
            file.create_dataset("scaled", data=numpy.arange(1000), chunks=(100,), scaleoffset=0)
            file["a/b/deep"] = numpy.arange(1000.0)
            file["link"] = h5py.SoftLink("/a/b/deep")
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_layout(h5py.h5d.COMPACT)
            compact = h5py.h5d.create(file.id, b"compact", h5py.h5t.NATIVE_INT16,
                                      h5py.h5s.create_simple((1000,)), plist)
            compact.write(h5py.h5s.ALL, h5py.h5s.ALL, numpy.arange(1000, dtype="i2"))
            wanted = {n: file[n][:] for n in ("holes", "many_holes", "never", "scaled", "a/b/deep", "link",
                                              "compact")}
        for name, values in wanted.items():
            with self.subTest(name=name):
                found = self.mapped("x+1", "--input", f"x=in.h5:/{name}", "--force", threads=2)
                plus = values.astype("i8") + 1 if values.dtype.kind == "i" else values + (
                    values.dtype.type(1))
                self.check_bits(found, plus, name)

    def test_sizes(self):
        for count in (0, 1, 2, 101, 4096, 4097, 65537):
            with self.subTest(count=count):
                chunks = {"chunks": (min(max(count, 1), 1000),), "maxshape": (None,),
                          "compression": "gzip"}
                data = self.store(x=self.values("f8", count),
                                  y=(self.values("i2", count), chunks))
                found = self.mapped("x*y + 1", *self.inputs(data), "--force", ranks=count % 3,
                                    threads=2)
                self.check_bits(found, data["x"] * data["y"].astype("f8") + 1)

    def test_random_formulas(self):
        """Of several whole inputs; numbers of all 16 bits, so that products fit."""
        data = self.store(x=self.random.integers(-20, 20, 500, "i2"),
                          y=self.random.integers(0, 99, 500, "u1"))
        items = [{"x": int(a), "y": int(b)} for a, b in zip(data["x"], data["y"])]
        formulas = Whole(drawn(7), names=("x", "y")).that_fit(24, items)
        found = self.mapped(*named(formulas), *self.inputs(data), threads=2)
        for i, (text, values) in enumerate(formulas):
            self.check_bits(found[f"f{i}"], whole_array(values, "int64"), text)

    def test_real_arithmetic(self):
        for type_name in REAL:
            data = self.store(x=self.values(type_name, 3001), y=self.values(type_name, 3001))
            x, y = data["x"], data["y"]
            found = self.mapped("(x - y)*2.5 + x/y", *self.inputs(data), "--force")
            self.check_bits(found, (x - y) * x.dtype.type(2.5) + x / y, type_name)
        data = self.store(x=self.values("f4", 100), y=self.values("f8", 100))
        self.check_bits(self.mapped("x*y", *self.inputs(data), "--force"),
                        data["x"].astype("f8") * data["y"])


class Rows(InputTest):
    def test_rows(self):
        data = self.store(p=self.values("f8", (1009, 3)),
                          q=(self.random.integers(-99, 99, (1009, 5)).astype("i2"),
                             {"chunks": (100, 2), "compression": "gzip"}))
        p, q = data["p"], data["q"].astype("i8")
        found = self.mapped("a=p[0]*p[1] - p[2]", "b=sum(p)", "c=q[4]", "d=sum(q)", "f=max(q)",
                            "g=min(p)", "h=mean(p)", *self.inputs(data), threads=2)
        total = p[:, 0] + p[:, 1] + p[:, 2]
        for name, wanted in (("a", p[:, 0] * p[:, 1] - p[:, 2]), ("b", total), ("c", q[:, 4]),
                             ("d", q.sum(1)), ("f", q.max(1)), ("g", p.min(1)), ("h", total / 3)):
            self.check_bits(found[name], wanted, name)

    def test_an_index_that_is_computed(self):
        data = self.store(p=self.values("f8", (101, 3)), k=self.random.integers(0, 3, 101))
        self.check_bits(self.mapped("p[k]", *self.inputs(data)),
                        data["p"][numpy.arange(101), data["k"]])
        self.store(p=data["p"], k=numpy.where(numpy.arange(101) == 77, 3, data["k"]))
        result = self.map("p[k]", *self.inputs(data), "-o", "no.h5")
        self.assertError(result, 65, "item 77")

    def test_more_dimensions(self):
        data = self.store(m=self.values("i2", (211, 2, 3)),
                          column=self.values("f4", (211, 1)))
        found = self.mapped("a=sum(m)", "b=column*2.0", *self.inputs(data))
        self.check_bits(found["a"], data["m"].astype("i8").sum((1, 2)))
        self.check_bits(found["b"], (data["column"][:, 0] * numpy.float32(2)).astype(
            found["b"].dtype))

    def test_compounds(self):
        count = 1009
        table = numpy.zeros(count, [("id", ">i4"), ("name", "S7"), ("place", "<f8", (3,)),
                                    ("w", "<f4"), ("flag", "u1")])
        for name in ("id", "place", "w", "flag"):
            table[name] = self.values(table.dtype[name].base.newbyteorder("=").str,
                                      table[name].shape)
        for how in ({}, {"chunks": (100,), "compression": "gzip", "shuffle": True}):
            self.store(t=(table, how))
            found = self.mapped("a=id*2", "b=place[0]+place[2]", "c=w*flag", "--input",
                                "in.h5:/t", "--force", threads=2)
            self.check_bits(found["a"], table["id"].astype("i8") * 2)
            self.check_bits(found["b"], table["place"][:, 0] + table["place"][:, 2])
            self.check_bits(found["c"], table["w"].astype("f8") * table["flag"].astype("f8"))
            found = self.mapped("x+1", "--input", "in.h5:/t:id", "--force")
            self.check_bits(found, table["id"].astype("i8") + 1)
            found = self.mapped("u - v", "--input", "u=in.h5:/t:w", "--input", "v=in.h5:/t:w",
                                "--force")
            self.check_bits(found, table["w"] - table["w"])

    def test_results_as_inputs(self):
        """What one run writes another reads, records and int128 among them."""
        first = self.mapped("a=x*x", "b=sqrt(x)", "--range", "1..1009", output="first.h5")
        found = self.mapped("a - b", "--input", "first.h5:/results", output="second.h5")
        self.check_bits(found, first["a"].astype("f8") - first["b"])


class Chosen(InputTest):
    def setUp(self):
        super().setUp()
        self.x = self.store(x=self.values("f8", 100003),
                            z=(self.random.integers(0, 99, 100003), STORAGES["both"]))["x"]
        self.words = ("2*x", "--input", "in.h5:/x")

    def test_range(self):
        for first, last in ((0, 0), (5, 9), (0, 100002), (100002, 100002), (777, 54321)):
            found = self.mapped(*self.words, "--range", f"{first}..{last}", "--force", ranks=2)
            self.check_bits(found, 2 * self.x[first:last + 1])
        for wrong in ("0..100003", "-1..5", "9..5:-1", "0..8:2", "100003..100003"):
            self.refused(64, ["100003", "0 to 100002"], *self.words, "--range", wrong, "-o",
                         "no.h5")

    def test_parts(self):
        whole = self.mapped(*self.words)
        checksum = self.attributes()["checksum"]
        for part in (1, 2, 3):
            self.make("parmap", "map", *self.words, "--part", f"{part}/3", "-o", "p.h5",
                      ranks=part - 1, env=self.env())
        self.make("parmap", "merge", "p.h5", *(f"p.{k}-of-3.h5" for k in (2, 3, 1)),
                  ranks=0)
        self.check_bits(self.results("p.h5"), whole)
        self.assertEqual(self.attributes("p.h5")["checksum"], checksum)
        self.assertEqual(self.map(*self.words, "--verify", "p.h5", "--quiet").code, 0)
        self.make("parmap", "map", *self.words, "--range", "10..99", "--part", "2/4", "-o", "q.h5",
                  ranks=0, env=self.env())
        self.check_bits(self.results("q.2-of-4.h5"), 2 * self.x[32:55])

    def test_parts_of_other_inputs(self):
        self.store("other.h5", x=self.x)
        for part, words in ((1, self.words), (2, ("2*x", "--input", "other.h5:/x"))):
            self.make("parmap", "map", *words, "--part", f"{part}/2", "-o", "p.h5", ranks=0,
                      env=self.env())
        result = self.launch("parmap", "merge", "p.h5", "p.1-of-2.h5", "p.2-of-2.h5",
                             ranks=0)
        self.assertNotEqual(result.code, 0, result)
        self.assertIn("input", result.err)

    def test_layouts(self):
        first = None
        for ranks, threads, schedule in ((0, 1, "static"), (1, 2, "dynamic"), (2, 2, "static"),
                                         (3, 1, "dynamic"), (4, 1, "dynamic"), (7, 1, "static")):
            self.mapped("x*z", "--input", "in.h5:/x", "--input", "in.h5:/z", "--schedule", schedule,
                        "--force", ranks=ranks, threads=threads)
            first = first or self.attributes()
            self.assertEqual(self.attributes(), first)
        with h5py.File(self.folder / "in.h5") as file:
            self.check_bits(self.results(), file["x"][:] * file["z"][:].astype("f8"))


class NotANumber(InputTest):
    def setUp(self):
        super().setUp()
        self.x = numpy.arange(1.0, 1010)
        self.x[[100, 500]] = numpy.nan, -numpy.inf
        self.store(x=self.x, fine=numpy.arange(5.0), whole=numpy.arange(5),
                   pair=numpy.stack([self.x, numpy.ones(1009)], 1))
        self.write("cube.c", CUBE)

    def test_pass(self):
        found = self.mapped("x*2", "--input", "in.h5:/x")
        self.check_bits(found, self.x * 2)
        result = self.map("x*2", "--input", "in.h5:/x", "--force")
        self.assertIn("2 items", result.err, result)

    def test_stop(self):
        for ranks in (0, 2):
            result = self.map("x*2", "--input", "in.h5:/x", "--nan", "stop", "-o", "no.h5",
                              "--force", ranks=ranks)
            self.assertError(result, 65, "item 100", "--nan pass")
        result = self.map("sum(x)", "--input", "x=in.h5:/pair", "--nan", "stop", "-o", "p.h5")
        self.assertError(result, 65, "item 100")
        self.mapped("x*2", "--input", "in.h5:/fine", "--nan", "stop")
        self.mapped("x*2", "--input", "in.h5:/whole", "--nan", "stop", "--force")

    def test_fail(self):
        self.refused(64, ["cannot fail", "--nan"], "x*2", "--input", "in.h5:/x", "--nan", "fail",
                     "-o", "no.h5")
        result = self.map("cube.c", "--kernel", "root", "--input", "in.h5:/x", "--nan", "fail", "-o",
                          "r.h5", ranks=2)
        self.assertEqual(result.code, 1, result)
        with h5py.File(self.folder / "r.h5") as file:
            status = file["results_status"][:]
        self.assertEqual(sorted(numpy.flatnonzero(status != 1)), [100, 500])
        good = status == 1
        self.check_bits(self.results("r.h5")[good], self.x[good]**2)


class Kernels(InputTest):
    def setUp(self):
        super().setUp()
        self.write("cube.c", CUBE)

    def cube(self, *words, **settings):
        return self.mapped("cube.c", "--kernel", "cube", *words, "--force", **settings)

    def test_types_choose_variants(self):
        data = self.store(i=self.random.integers(-2000, 2000, 1009), u=numpy.arange(5, dtype="u8"),
                          s=numpy.arange(-5, 5, dtype="i2"), f=numpy.arange(-5, 5, dtype="f8"),
                          g=numpy.arange(-5, 5, dtype="f4"))
        for name, wanted in (("i", "i8"), ("u", "u8"), ("s", "i8"), ("f", "f8"), ("g", "f8")):
            found = self.cube("--input", f"in.h5:/{name}", ranks=len(name) % 2)
            self.check_bits(found, data[name].astype(wanted)**3, name)
        found = self.cube("--input", "in.h5:/s", "--type", "int128")
        self.check_bits(found, whole_array([int(v)**3 for v in data["s"]], "int128"))

    def test_outside_the_domain(self):
        x = self.random.integers(-2000, 2000, 100003)
        x[77777] = 2097152
        self.store(x=x)
        for ranks in (0, 3):
            result = self.map("cube.c", "--kernel", "cube", "--input", "in.h5:/x", "-o", "no.h5",
                              "--force", ranks=ranks, threads=2)
            self.assertError(result, 65, "item 77777", "2097152", "int128")
        self.check_bits(self.cube("--input", "in.h5:/x", "--type", "int128"),
                        whole_array([int(v)**3 for v in x], "int128"))

    def test_block_kernel(self):
        data = self.store(x=(self.values("f8", 100003), STORAGES["one_chunk"]))
        found = self.mapped("cube.c", "--kernel", "running", "--input", "in.h5:/x", threads=2)
        self.check_bits(found, data["x"] + 1)


class Wrong(InputTest):
    """Nothing runs, nothing is written, and a sentence says what to do."""

    def setUp(self):
        super().setUp()
        self.store(x=numpy.arange(10.0), y=numpy.arange(10.0), short=numpy.arange(9.0),
                   text=numpy.array([b"a", b"bc"]), p=numpy.zeros((10, 3)), scalar=numpy.float64(3),
                   z=numpy.zeros(10, "c16"), u=numpy.array([2**64 - 1] * 10, "u8"),
                   t=numpy.zeros(10, [("a", "i4"), ("b", "f8"), ("n", "S3")]),
                   m5=numpy.zeros((10, 2, 2, 2, 2)), wide_rows=numpy.zeros((2, 200000)))
        with h5py.File(self.folder / "in.h5", "a") as file:
            file["g/x"] = numpy.arange(4)
            file["dead"] = h5py.SoftLink("/nowhere")
            file.create_dataset("vlen", (3,), h5py.vlen_dtype("i4"))
        self.write("text.h5", "no HDF5\n" * 100)
        self.write("empty.h5", "")
        (self.folder / "folder.h5").mkdir()
        self.write("cube.c", CUBE)

    def test_inputs(self):
        x = "in.h5:/x"
        for code, says, *words in (
                (66, ["nowhere.h5", "No such file"], "x*2", "nowhere.h5:/x"),
                (65, ["text.h5", "no HDF5 file"], "x*2", "text.h5:/x"),
                (65, ["empty.h5"], "x*2", "empty.h5:/x"),
                (66, ["folder.h5", "folder"], "x*2", "folder.h5:/x"),
                (65, ["no data set /q", "/short"], "x*2", "in.h5:/q"),
                (64, ["names no data set", "in.h5:/SET"], "x*2", "in.h5"),
                (65, ["group", "/g/x"], "x*2", "in.h5:/g"), (65, ["/dead"], "x*2", "in.h5:/dead"),
                (65, ["text"], "x*2", "in.h5:/text"), (65, ["/vlen"], "x*2", "in.h5:/vlen"),
                (65, ["/scalar"], "x*2", "in.h5:/scalar"), (64, ["z is {r: float64, i: float64}", "z=in.h5:/z:r"], "z*2", "in.h5:/z"),
                (65, ["no field q", "a, b"], "q*2", "in.h5:/t:q"),
                (65, ["n", "text"], "n*2", "in.h5:/t:n"),
                (65, ["no field a"], "x*2", "in.h5:/x:a"),
                (65, ["10 rows", "9"], "x*short", x, "in.h5:/short"),
                (64, ["y has no data", "--input y="], "x*y", x),
                (64, ["no name y"], "x*2", x, "in.h5:/y"),
                (64, ["x"], "x*2", x, x), (64, ["x"], "x + y", x, "x=in.h5:/y"),
                (64, ["row of 3"], "p*2", "in.h5:/p"), (64, ["p[0] to p[2]"], "p[3]", "in.h5:/p"),
                (64, ["not a row"], "sum(x)", x), (65, ["dimensions"], "m5[0]", "in.h5:/m5"),
                (65, ["MiB"], "sum(wide_rows)", "in.h5:/wide_rows"),
                (64, ["name"], "x*2", "=in.h5:/x"), (64, ["colon"], "x*2", "in.h5:/x:"),
                (64, [""], "x*2", ""), (64, ["file"], "x*2", ":/x")):
            with self.subTest(words=words):
                given = [w for path in words[1:] for w in ("--input", path)]
                result = self.refused(code, says, words[0], *given, "-o", "no.h5")
                self.assertNotIn("HDF5-DIAG", result.err)

    def test_kernels_and_inputs(self):
        for code, says, kernel, *words in (
                (65, "float64", "root", "in.h5:/p"), (64, ["records", "in.h5:/t:a"], "root",
                                                        "in.h5:/t"),
                (65, "uint64", "root", "in.h5:/u"), (64, "2 inputs", "root", "in.h5:/x", "in.h5:/y")):
            with self.subTest(words=words):
                given = [w for path in words for w in ("--input", path)]
                self.refused(code, says, "cube.c", "--kernel", kernel, *given, "-o", "no.h5")

    def test_output_is_the_input(self):
        before = (self.folder / "in.h5").read_bytes()
        for extra in ((), ("--force",)):
            self.refused(64, ["in.h5", "would be lost"], "x*2", "--input", "in.h5:/x", "-o",
                         "in.h5", *extra)
        self.assertEqual((self.folder / "in.h5").read_bytes(), before)

    def test_output_is_the_input_and_a_result(self):
        """A result of parmap may be replaced, but not while it is read."""
        first = self.mapped("x*2", "--range", "1..1009")
        for name in ("out.h5", self.folder / "out.h5"):
            self.refused(64, ["out.h5", "would be lost"], "x*2", "--input", "out.h5:/results",
                         "-o", name, "--force")
        self.check_bits(self.results(), first)

    def test_under_the_launcher(self):
        result = self.map("x*2", "--input", "in.h5:/q", "-o", "no.h5", ranks=3)
        self.assertError(result, 65, "no data set /q", out=None)
        self.assertNotIn("no.h5", self.files())


class Same(InputTest):
    def test_paths_of_one_file(self):
        self.store(x=numpy.arange(10.0))
        (self.folder / "sub").mkdir()
        self.mapped("2*x", "--input", "in.h5:/x")
        for path in (self.folder / "in.h5", "./in.h5", "sub/../in.h5"):
            result = self.map("2*x", "--input", f"{path}:/x", "-o", "out.h5")
            self.assertEqual(result.status, "already complete", result)

    def test_other_inputs(self):
        self.store(x=numpy.arange(10.0), y=numpy.arange(10.0))
        (self.folder / "sub").mkdir()
        shutil.copy(self.folder / "in.h5", self.folder / "sub" / "in.h5")
        words = ("2*x", "-o", "out.h5", "--input")
        self.mapped("2*x", "--input", "in.h5:/x")
        self.refused(73, ["in.h5:/x", "in.h5:/y", "--force"], *words, "in.h5:/y")
        self.refused(73, ["modified", "--force"], *words, "sub/in.h5:/x")
        os.utime(self.folder / "in.h5", (1, 1))
        self.refused(73, ["modified 1970-", "--force"], *words, "in.h5:/x")
        result = self.map(*words, "in.h5:/x", "--verify", "out.h5")
        self.assertNotEqual(result.code, 0, result)

    def start_slowly(self):
        self.store(x=numpy.arange(1500.0))
        self.write("doze.c", SLOW)
        self.words = ("parmap", "map", "doze.c", "--input", "in.h5:/x", "-o", "out.h5", "--sync",
                      "0.1s")
        running = self.start(*self.words, env=self.env(), threads=1)
        self.wait_until(lambda: (self.folder / "out.h5").exists(), "it has begun", running=running)
        time.sleep(0.3)
        return running

    def test_changed_while_it_runs(self):
        running = self.start_slowly()
        os.utime(self.folder / "in.h5")
        self.assertError(running.wait(), 65, "in.h5 was changed", out=None)
        self.assertNotEqual(self.state("out.h5"), "complete")

    def test_changed_before_it_continues(self):
        running = self.start_slowly()
        running.process.send_signal(signal.SIGUSR1)
        self.assertEqual(running.wait().code, 75)
        os.utime(self.folder / "in.h5")
        again = self.launch(*self.words, ranks=0, env=self.env())
        self.assertError(again, 73, "modified", "--force", out=None)


if __name__ == "__main__":
    unittest.main()
