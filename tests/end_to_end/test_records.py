"""Records and arrays as inputs and results: type, shape and values of the files by h5py and numpy;
every layout, parts, verification, continuing, rows that are none."""
import signal
import unittest

import h5py
import numpy

from parmap_testing import INT128, ParmapTest, send

KERNELS = """
#include <parmap.h>
#include <time.h>

#define PARTS(FIELD)                                                                     \\
    FIELD(int8_t, a) FIELD(double, b) FIELD(uint16_t, c, 3) FIELD(float, d, 2, 2)        \\
    FIELD(parmap_int128, e) FIELD(uint8_t, f)
PARMAP_RECORD(parts, PARTS);
PARMAP_ARRAY(grid, float, 2, 3);
PARMAP_ARRAY(row, double, 3);

#define EVERY(FIELD)                                                                     \\
    FIELD(int8_t, i8) FIELD(uint8_t, u8) FIELD(int16_t, i16) FIELD(uint16_t, u16)        \\
    FIELD(int32_t, i32) FIELD(uint32_t, u32) FIELD(int64_t, i64) FIELD(uint64_t, u64)    \\
    FIELD(parmap_int128, i128) FIELD(float, f32) FIELD(double, f64)
PARMAP_RECORD(every, EVERY);

PARMAP_KERNEL(split, int64_t, x, parts)
{
    return (parts){(int8_t)(x % 100), (double)x / 4, {(uint16_t)x, 1, (uint16_t)(x >> 3)},
                   {{(float)x, 1}, {2, 3}}, (parmap_int128)x << 65, (uint8_t)x};
}
PARMAP_DOMAIN(split, int64_t, -1000000, 1000000);

PARMAP_KERNEL(grids, int32_t, x, grid)
{
    return (grid){{{(float)x, 1, 2}, {3, 4, (float)x / 2}}};
}
PARMAP_DOMAIN(grids, int32_t, -1000000, 1000000);

PARMAP_KERNEL(join, parts, p, grid)
{
    return (grid){{{p.a, (float)p.b, p.c[0]}, {p.d[1][1], (float)(p.e >> 65), p.f}}};
}
PARMAP_DOMAIN(join, parts, PARMAP_DOMAIN_NONE);

PARMAP_KERNEL_BLOCK(sums, row, r, double, y, count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = r[i].at[0] + r[i].at[1] - r[i].at[2];
}
PARMAP_DOMAIN(sums, row, PARMAP_DOMAIN_NONE);

PARMAP_KERNEL(copied, every, x, every)
{
    return x;
}
PARMAP_DOMAIN(copied, every, PARMAP_DOMAIN_NONE);

PARMAP_KERNEL_CAN_FAIL(positive, parts, p, parts, y)
{
    *y = p;
    return p.b > 0 ? PARMAP_OK : parmap_fail("b is %g", p.b);
}
PARMAP_DOMAIN(positive, parts, PARMAP_DOMAIN_NONE);

PARMAP_KERNEL(slow, int64_t, x, parts)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return (parts){.a = (int8_t)(x % 100), .b = (double)x, .f = 7};
}
PARMAP_DOMAIN(slow, int64_t, -1000000, 1000000, .cost_s = 1e-3);

PARMAP_EXPORT(&split, &grids, &join, &sums, &copied, &positive, &slow);
"""
PARTS = numpy.dtype({"names": list("abcdef"),
                     "formats": ["<i1", "<f8", ("<u2", 3), ("<f4", (2, 2)), INT128, "<u1"],
                     "offsets": [0, 8, 16, 24, 48, 64], "itemsize": 80})
EVERY = numpy.dtype([("i8", "<i1"), ("u8", "<u1"), ("i16", "<i2"), ("u16", "<u2"), ("i32", "<i4"),
                     ("u32", "<u4"), ("i64", "<i8"), ("u64", "<u8"), ("i128", INT128),
                     ("f32", "<f4"), ("f64", "<f8")])
TYPE = "{a: int8, b: float64, c: uint16[3], d: float32[2][2], e: int128, f: uint8}"


def remainder(x, divisor):
    """C's: of the sign of x."""
    return numpy.sign(x) * (abs(x) % divisor)


def parts(x):
    result = numpy.zeros(len(x), PARTS)
    result["a"] = remainder(x, 100)
    result["b"] = x / 4
    result["c"][:, 0] = x & 0xffff
    result["c"][:, 1] = 1
    result["c"][:, 2] = (x >> 3) & 0xffff
    result["d"] = [[0, 1], [2, 3]]
    result["d"][:, 0, 0] = x
    result["e"]["hi"] = x << 1
    result["f"] = x & 0xff
    return result


def grids(x):
    result = numpy.tile(numpy.array([[0, 1, 2], [3, 4, 0]], "<f4"), (len(x), 1, 1))
    result[:, 0, 0] = x
    result[:, 1, 2] = x / 2
    return result


def joined(p):
    fields = p["a"], p["b"], p["c"][:, 0], p["d"][:, 1, 1], p["e"]["hi"] >> 1, p["f"]
    return numpy.stack([f.astype("<f4") for f in fields], axis=1).reshape(-1, 2, 3)


class RecordTest(ParmapTest):
    def setUp(self):
        super().setUp()
        (self.folder / "rec.c").write_text(KERNELS)
        self.cache = {"PARMAP_CACHE": str(self.folder.parent / "cache")}

    def map(self, kernel, *args, output="out.h5", code=0, **settings):
        settings.setdefault("ranks", 0)
        result = self.launch("parmap", "map", "rec.c", "--kernel", kernel, "-o", output, *args,
                             env=self.cache, **settings)
        self.assertEqual(result.code, code, result)
        return result

    def put(self, name, **sets):
        with h5py.File(self.folder / name, "w") as f:
            for key, values in sets.items():
                f[key] = values

    def get(self, path="out.h5", name="results"):
        """The data set and its attributes."""
        with h5py.File(self.folder / path) as f:
            return f[name][()], dict(f[name].attrs)

    def raw(self, path="out.h5"):
        """The bytes of the data set, those between the fields included."""
        with h5py.File(self.folder / path) as f:
            data = f["results"]
            offset, size = data.id.get_offset(), data.id.get_storage_size()
        return (self.folder / path).read_bytes()[offset:offset + size]

    def check(self, expected, kind, path="out.h5"):
        values, attrs = self.get(path)
        self.assertEqual((values.dtype, values.shape), (expected.dtype, expected.shape))
        numpy.testing.assert_array_equal(values, expected)
        self.assertEqual(attrs["type"], kind.encode() if isinstance(attrs["type"], bytes) else kind)
        self.assertEqual((attrs["complete"], attrs["count"]), (1, len(expected)))
        return attrs


class Results(RecordTest):
    LAYOUTS = ((0, 1, "static"), (0, 4, "dynamic"), (3, 1, "static"), (4, 2, "dynamic"))

    def test_records(self):
        x = numpy.arange(-5003, 10000, 3)
        checksums = set()
        for ranks, threads, schedule in self.LAYOUTS:
            with self.subTest(ranks=ranks, threads=threads, schedule=schedule):
                self.map("split", "--range", "-5003..9999:3", "--schedule", schedule, "--force",
                         ranks=ranks, threads=threads)
                checksums.add(self.check(parts(x), TYPE)["checksum"])
                self.assertEqual(self.raw(), parts(x).tobytes(), "zeros between the fields")
        self.assertEqual(len(checksums), 1)

    def test_arrays(self):
        x = numpy.arange(700, -4302, -1)
        for ranks, threads, schedule in self.LAYOUTS:
            with self.subTest(ranks=ranks, threads=threads, schedule=schedule):
                self.map("grids", "--range", "700..-4301:-1", "--schedule", schedule, "--force",
                         "--stats", ranks=ranks, threads=threads)
                attrs = self.check(grids(x), "float32[2][3]")
                self.assertEqual([float(attrs[k]) for k in ("min", "max")], [-4301, 700])

    def test_one_of_each(self):
        for count in (1, 2):
            x = numpy.arange(7, 7 + count)
            self.map("split", "--range", f"7..{6 + count}", "--force")
            self.check(parts(x), TYPE)
            self.map("grids", "--range", f"7..{6 + count}", "--force")
            self.check(grids(x), "float32[2][3]")

    def test_no_statistics_of_records(self):
        result = self.map("split", "--range", "1..10", "--stats", code=64)
        self.assertError(result, 64, "--stats is for results that are numbers", TYPE)
        self.assertFalse((self.folder / "out.h5").exists())


class Inputs(RecordTest):
    def test_records(self):
        """As h5py packs them, in another order, with a field more, and as parmap has written them."""
        p = parts(numpy.arange(-1003, 3000, 2))
        packed = numpy.zeros(len(p), [("z", "<i4")] + [(n, PARTS[n]) for n in reversed("abcdef")])
        for name in "abcdef":
            packed[name] = p[name]
        self.put("in.h5", p=p, packed=packed)
        self.map("split", "--range", "-1003..2999:2", output="parmap.h5")
        for source in ("in.h5:/p", "in.h5:/packed", "parmap.h5:/results"):
            for ranks in (0, 3):
                with self.subTest(source=source, ranks=ranks):
                    self.map("join", "--input", source, "--force", ranks=ranks, threads=2)
                    self.check(joined(p), "float32[2][3]")

    def test_rows(self):
        rows = numpy.random.default_rng(5).normal(size=(10007, 3))
        self.put("in.h5", rows=rows)
        self.map("sums", "--input", "in.h5:/rows", ranks=2)
        self.check(rows[:, 0] + rows[:, 1] - rows[:, 2], "float64")
        self.map("sums", "--input", "in.h5:/rows", "--range", "5000..7000", output="some.h5")
        self.check((rows[:, 0] + rows[:, 1] - rows[:, 2])[5000:7001], "float64", "some.h5")

    def test_every_type(self):
        """The bits of all fields, whatever they are, through a kernel."""
        bits = numpy.random.default_rng(6).integers(0, 256, (4099, EVERY.itemsize), "u1")
        values = bits.view(EVERY).reshape(-1)
        self.put("in.h5", x=values)
        result = self.map("copied", "--input", "in.h5:/x", ranks=2)
        copied, attrs = self.get()
        for name in EVERY.names:  # NaN compares by its bits
            self.assertEqual(copied[name].tobytes(), values[name].tobytes(), f"{name}{result}")
        self.assertEqual(copied.dtype.names, EVERY.names)

    def test_no_rows(self):
        """Files without an item are complete, have their shape, and can be read on."""
        self.put("in.h5", p=numpy.zeros(0, PARTS), rows=numpy.zeros((0, 3)))
        for ranks in (0, 2):
            self.map("join", "--input", "in.h5:/p", "--force", ranks=ranks)
            self.check(numpy.zeros((0, 2, 3), "<f4"), "float32[2][3]")
            self.map("sums", "--input", "in.h5:/rows", "--force", ranks=ranks)
            self.check(numpy.zeros(0), "float64")
            again = self.map("sums", "--input", "in.h5:/rows", ranks=ranks)
            self.assertEqual(again.status, "already complete", again)
        self.make("parmap", "verify", "out.h5", ranks=0)
        self.map("positive", "--input", "in.h5:/p", "--force")
        self.check(numpy.zeros(0, PARTS), TYPE)

    def test_items_that_fail(self):
        x = numpy.arange(-50, 1000)
        self.put("in.h5", p=parts(x))
        self.map("positive", "--input", "in.h5:/p", "--on-error", "continue", code=1)
        values, attrs = self.get()
        status, _ = self.get(name="results_status")
        numpy.testing.assert_array_equal(status, numpy.where(x > 0, 1, 2))
        numpy.testing.assert_array_equal(values[x > 0], parts(x[x > 0]))
        failed = values[x <= 0]
        self.assertTrue(numpy.isnan(failed["b"]).all() and numpy.isnan(failed["d"]).all())
        for name in ("a", "c", "f"):
            self.assertFalse(failed[name].any())
        self.assertEqual(attrs["failed"], 51)


class AsOtherRuns(RecordTest):
    """What runs over numbers can do."""

    def test_parts(self):
        x = numpy.arange(1, 1002)
        self.put("in.h5", p=parts(x))
        cases = (("split", ("--range", "1..1001"), parts(x), TYPE),
                 ("grids", ("--range", "1..1001"), grids(x), "float32[2][3]"),
                 ("join", ("--input", "in.h5:/p"), joined(parts(x)), "float32[2][3]"))
        for kernel, args, expected, kind in cases:
            with self.subTest(kernel=kernel):
                for k in (1, 2, 3):
                    self.map(kernel, *args, "--part", f"{k}/3", output=f"{kernel}.h5")
                pieces = [f"{kernel}.{k}-of-3.h5" for k in (1, 2, 3)]
                self.make("parmap", "merge", f"{kernel}.h5", *pieces, ranks=0)
                self.check(expected, kind, f"{kernel}.h5")
                for ranks, more in ((2, ()), (0, ("--sample", "7"))):
                    result = self.launch("parmap", "map", "rec.c", "--kernel", kernel, *args,
                                         "--verify", f"{kernel}.h5", *more, ranks=ranks,
                                         env=self.cache)
                    self.assertEqual((result.code, result.status), (0, "verified"), result)

    def test_damage(self):
        """One bit of one field of the last item but one."""
        self.map("split", "--range", "1..1000")
        with h5py.File(self.folder / "out.h5") as f:
            at = f["results"].id.get_offset() + 998 * PARTS.itemsize + 50
        with open(self.folder / "out.h5", "r+b") as f:
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 4]))
        self.assertEqual(self.launch("parmap", "verify", "out.h5", ranks=0).code, 65)
        result = self.launch("parmap", "map", "rec.c", "--kernel", "split", "--range", "1..1000",
                             "--verify", "out.h5", ranks=2, env=self.cache)
        self.assertError(result, 65, "999", out=None)

    def test_continued(self):
        args = "--range", "1..8000"
        running = self.start("parmap", "map", "rec.c", "--kernel", "slow", "-o", "out.h5", *args,
                             threads=1, env=self.cache)
        self.wait_until_writing(running, "out.h5")
        send(running.pid, signal.SIGUSR1)
        stopped = running.wait()
        self.assertEqual((stopped.code, self.state("out.h5")), (75, "incomplete"), stopped)
        self.map("slow", *args, "--resume", ranks=2, threads=2)
        x = numpy.arange(1, 8001)
        expected = numpy.zeros(8000, PARTS)
        expected["a"], expected["b"], expected["f"] = x % 100, x, 7
        self.check(expected, TYPE)
        self.assertEqual(self.raw(), expected.tobytes())


if __name__ == "__main__":
    unittest.main()
