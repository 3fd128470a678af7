"""Data sets that h5py has made, as parmap reads them: random ones of every type, shape and storage,
by several threads; and damaged ones, which end in words or in data, never in a crash."""
# TEST seconds=240
import os
import random
import subprocess
import unittest

import h5py
import numpy

from parmap_testing import INT128, ParmapTest, environment, program

NUMBERS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
HOLDS = {  # which of parmap's types hold every value of a stored one
    "i1": "int8 int16 int32 int64 int128 float32 float64",
    "u1": "uint8 int16 uint16 int32 uint32 int64 uint64 int128 float32 float64",
    "i2": "int16 int32 int64 int128 float32 float64",
    "u2": "uint16 int32 uint32 int64 uint64 int128 float32 float64",
    "i4": "int32 int64 int128 float64", "u4": "uint32 int64 uint64 int128 float64",
    "i8": "int64 int128", "u8": "uint64 int128",
    "f2": "float32 float64", "f4": "float32 float64", "f8": "float64",
}
LENGTHS = [0, 1, 2, 3, 7, 61, 64, 127, 128, 1009]


class Made:
    """What a run of `columns` said and wrote."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class InputTest(ParmapTest):
    def columns(self, layout, *inputs, threads=2, block=64, env=None):
        line = [program("columns"), layout, str(threads), str(block), *inputs]
        done = subprocess.run(line, cwd=self.folder, env=environment(env), capture_output=True,
                              timeout=120, stdin=subprocess.DEVNULL)
        return Made(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))

    def file(self, name="data.h5", **settings):
        return h5py.File(self.folder / name, "w", **settings)

    def check(self, expected, layout, *inputs, **settings):
        """What is read is this array, byte by byte; it may be a structured one."""
        made = self.columns(layout, *inputs, **settings)
        self.assertEqual(made.code, 0, (layout, inputs, made.err))
        got = numpy.frombuffer(made.out, dtype=expected.dtype)
        self.assertEqual(got.size, expected.size, (layout, inputs, made.err))
        if expected.tobytes() != made.out:
            right = expected.reshape(-1)
            wrong = numpy.flatnonzero(got != right)
            self.fail(f"{layout} {inputs} {settings}: {wrong.size} differ, at {wrong[:5]}: "
                      f"{got[wrong[:5]]} != {right[wrong[:5]]}\n{made.err}")
        return made.err

    def refused(self, code, words, layout, *inputs, **settings):
        made = self.columns(layout, *inputs, **settings)
        self.assertEqual((made.code, made.out), (code, b""), (inputs, made.err))
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, made.err)
        return made.err


def numbers(rng, code, shape):
    """Random values of a type, with its ends and, for reals, what is not finite."""
    dtype = numpy.dtype(code)
    raw = rng.integers(0, 256, (*shape, dtype.itemsize), dtype="u1")
    values = raw.view(dtype.newbyteorder("<")).reshape(shape)
    if dtype.kind == "f":  # other NaNs lose bits where they are converted
        values = numpy.where(numpy.isnan(values), numpy.array(numpy.nan, dtype), values)
        flat = values.reshape(-1)
        special = [0.0, -0.0, numpy.inf, -numpy.inf, numpy.nan, numpy.finfo(dtype).tiny,
                   numpy.finfo(dtype).smallest_subnormal, numpy.finfo(dtype).max]
        flat[:min(flat.size, len(special))] = special[:flat.size]
    return values.astype(dtype)


def wide(values, name):
    """Values as one of parmap's types."""
    if name != "int128":
        return values.astype(name)
    result = numpy.zeros(values.shape, INT128)
    result["lo"] = values.astype("i8").view("u8") if values.dtype.kind == "i" else values
    result["hi"] = numpy.where(values < 0, -1, 0) if values.dtype.kind == "i" else 0
    return result


def item_name(name, extents):
    return name + "".join(f"[{extent}]" for extent in extents)


def storages(rng, shape, values):
    """Random settings of create_dataset; contiguous ones too."""
    kind = rng.choice(["contiguous", "chunked", "chunked", "chunked", "resizable", "compact"])
    if kind == "compact" and values.nbytes < 60000:
        return kind, {}
    if kind not in ("chunked", "resizable"):
        return "contiguous", {}
    chunks = tuple(int(rng.integers(1, max(2, extent + extent // 4 + 2))) for extent in shape)
    settings = {"chunks": chunks, "maxshape": tuple([None] * len(shape))}
    if kind == "chunked" and 0 not in shape:
        settings["chunks"] = tuple(min(c, e) for c, e in zip(chunks, shape))
        settings["maxshape"] = None
    filters = rng.choice(["none", "gzip", "gzip", "lzf", "scaleoffset"])
    if filters == "scaleoffset" and values.dtype.kind in "iu" and values.dtype.itemsize < 8:
        settings["scaleoffset"] = 0
        return "scaleoffset", settings
    if filters in ("gzip", "lzf"):
        settings["compression"] = str(filters)
    settings["shuffle"] = bool(rng.integers(2))
    settings["fletcher32"] = bool(rng.integers(2))
    return str(filters), settings


class Numbers(InputTest):
    def test_random_sets(self):
        rng = numpy.random.default_rng(20261122)
        seen = set()
        for number in range(100):
            code = str(rng.choice(NUMBERS))
            extents = tuple(int(rng.integers(2, 6)) for _ in range(int(rng.integers(0, 3))))
            shape = (int(rng.choice(LENGTHS)), *extents)
            values = numbers(rng, code, shape)
            stored = values.astype(values.dtype.newbyteorder(rng.choice(["<", ">"])))
            kind, settings = storages(rng, shape, values)
            seen.add(kind)
            with self.file(libver=str(rng.choice(["earliest", "latest"])),
                           userblock_size=int(rng.choice([0, 0, 0, 512]))) as file:
                file.create_dataset("x", data=stored, **settings)
                kept = file["x"][()].astype(values.dtype)  # scale-offset may be lossy
            name = str(rng.choice(HOLDS[code].split()))
            with self.subTest(number=number, code=code, shape=shape, to=name, **settings):
                self.check(wide(kept, name), item_name(name, extents), "data.h5:/x",
                           threads=int(rng.integers(1, 5)), block=int(rng.integers(1, 200)))
        self.assertLessEqual({"contiguous", "gzip", "lzf", "none", "scaleoffset"}, seen)

    def test_every_type(self):
        rng = numpy.random.default_rng(1)
        with self.file() as file:
            for code in NUMBERS:
                for order in "<>":
                    values = numbers(rng, code, (257,))
                    file[code + {"<": "le", ">": "be"}[order]] = values.astype(
                        values.dtype.newbyteorder(order))
            file["truth"] = rng.integers(0, 2, 100).astype(bool)
            file["half"] = numpy.arange(65536, dtype="u2").view("f2")[:0x7c01]
            file["complex"] = rng.random(50) + 1j * rng.random(50)
        with h5py.File(self.folder / "data.h5") as file:
            sets = {name: file[name][()] for name in file}
        for code in NUMBERS:
            for order in ("le", "be"):
                for name in HOLDS[code].split():
                    values = sets[code + order].astype(code)
                    self.check(wide(values, name), name, f"data.h5:/{code}{order}")
        self.check(sets["truth"].astype("i8"), "int64", "data.h5:/truth")
        self.check(sets["half"].astype("f8"), "float64", "data.h5:/half")
        self.check(sets["complex"], "{r: float64, i: float64}", "data.h5:/complex")
        self.check(sets["complex"].imag.copy(), "float64", "data.h5:/complex:i")

    def test_types_only_hdf5_knows(self):
        with self.file() as file:
            values = numpy.arange(-300, 300)
            odd = h5py.h5t.STD_I32BE.copy()
            odd.set_precision(12)
            odd.set_offset(3)
            few = numpy.arange(-128, 128) / 8  # as many bits as it has
            long = numpy.longdouble(1) / numpy.arange(1, 100, dtype="g")
            file["long"] = long
            brain = h5py.h5t.IEEE_F32LE.copy()  # bfloat16
            brain.set_fields(15, 7, 8, 0, 7)
            brain.set_size(2)
            brain.set_ebias(127)
            for name, of, data in (("odd", odd, values), ("brain", brain, few)):
                space = h5py.h5s.create_simple(data.shape)
                made = h5py.h5d.create(file.id, name.encode(), of, space)
                made.write(h5py.h5s.ALL, h5py.h5s.ALL, numpy.ascontiguousarray(data))
        self.check(values.astype("i2"), "int16", "data.h5:/odd")
        self.check(values.astype("i8"), "int64", "data.h5:/odd")
        self.check(long.astype("f8"), "float64", "data.h5:/long")
        self.check(few.astype("f4"), "float32", "data.h5:/brain")

    def test_parmaps_own_results(self):
        self.make("cubemap", "--range", "-100..1000", "--type", "int128", "--output", "c.h5",
                  "--quiet")
        expected = wide(numpy.arange(-100, 1001, dtype="i8") ** 3, "int128")
        self.check(expected, "int128", "c.h5:/cubes")


class Storage(InputTest):
    def test_chunks_across(self):
        rng = numpy.random.default_rng(2)
        values = rng.integers(-1000, 1000, (101, 7, 5), dtype="i4")
        with self.file() as file:
            shapes = [(10, 7, 5), (10, 3, 2), (1, 7, 5), (101, 1, 1), (64, 7, 1)]
            for i, chunks in enumerate(shapes):
                file.create_dataset(f"x{i}", data=values, chunks=chunks, compression=4,
                                    shuffle=True)
                file.create_dataset(f"y{i}", data=values, chunks=chunks)
        for name in [f"{c}{i}" for i in range(5) for c in "xy"]:
            self.check(values, "int32[7][5]", f"data.h5:/{name}", block=13, threads=3)
            self.check(values.astype("f8"), "float64[7][5]", f"data.h5:/{name}", block=64)

    def test_holes(self):
        with self.file(libver="latest") as file:
            for name, fill in (("zero", None), ("nan", numpy.nan), ("seven", 7.0)):
                for tail, settings in (("", {}), ("z", {"compression": 1})):
                    made = file.create_dataset(name + tail, (1000,), "f8", chunks=(64,),
                                               fillvalue=fill, **settings)
                    made[100:150] = numpy.arange(50)
                    made[990:] = 1
            file.create_dataset("never", (10,), "f8", fillvalue=3.5)
        with h5py.File(self.folder / "data.h5") as file:
            for name in file:
                self.check(file[name][()], "float64", f"data.h5:/{name}", block=37)

    def test_many_chunks(self):
        values = numpy.arange(5000, dtype="i8") ** 2
        with self.file() as file:  # more than are asked for beforehand
            file.create_dataset("x", data=values, chunks=(3,))
            file.create_dataset("z", data=values, chunks=(3,), compression=1)
        for name in "xz":
            self.check(values, "int64", f"data.h5:/{name}", block=100, threads=4)

    def test_masked_filters(self):
        rng = numpy.random.default_rng(3)
        noise = rng.integers(0, 256, 5000, dtype="u1")  # LZF leaves out what it cannot make smaller
        with self.file() as file:
            file.create_dataset("x", data=noise, chunks=(500,), compression="lzf")
            raw = file.create_dataset("y", (1000,), "<i4", chunks=(500,), compression=1,
                                      shuffle=True)
            raw.id.write_direct_chunk((0,), numpy.arange(500, dtype="<i4").tobytes(), 3)
            raw[500:] = 9
        self.check(noise, "uint8", "data.h5:/x")
        self.check(numpy.r_[numpy.arange(500), [9] * 500].astype("i4"), "int32", "data.h5:/y")

    def test_read_by_hdf5(self):
        values = numpy.arange(999, dtype="i4") % 100
        with self.file("source.h5") as file:
            file["x"] = values
        with self.file(libver="latest") as file:
            layout = h5py.VirtualLayout(shape=(999,), dtype="i4")
            layout[:] = h5py.VirtualSource(self.folder / "source.h5", "x", shape=(999,))
            file.create_virtual_dataset("virtual", layout)
            file.create_dataset("scaled", data=values, chunks=(100,), scaleoffset=True)
            (self.folder / "raw").write_bytes(values.astype("<i4").tobytes())
            file.create_dataset("external", (999,), "<i4",
                                external=[(self.folder / "raw", 0, 3996)])
            small = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            small.set_layout(h5py.h5d.COMPACT)
            made = h5py.h5d.create(file.id, b"compact", h5py.h5t.STD_I32BE,
                                   h5py.h5s.create_simple((999,)), small)
            made.write(h5py.h5s.ALL, h5py.h5s.ALL, values)
        for name in ("virtual", "scaled", "external", "compact"):
            err = self.check(values, "int32", f"data.h5:/{name}", threads=4)
            self.assertIn("storage 2", err)
            self.check(values.astype("f8"), "float64", f"data.h5:/{name}", threads=3, block=10)

    def test_links(self):
        with self.file("other.h5") as file:
            file["x"] = numpy.arange(3)
        with self.file() as file:
            file["a/b"] = numpy.arange(4.0)
            file["soft"] = h5py.SoftLink("/a/b")
            file["hard"] = file["a/b"]
            file["nowhere"] = h5py.SoftLink("/a/c")
            file["outside"] = h5py.ExternalLink("other.h5", "/x")
        for name in ("a/b", "soft", "hard"):
            self.check(numpy.arange(4.0), "float64", f"data.h5:/{name}")
        self.refused(65, "leads nowhere", "float64", "data.h5:/nowhere")
        self.refused(65, "other.h5; give that one", "int64", "data.h5:/outside")


class Records(InputTest):
    def setUp(self):
        super().setUp()
        rng = numpy.random.default_rng(4)
        self.kind = numpy.dtype([("a", ">i2"), ("name", "S7"), ("v", "<f4", (3,)), ("flag", "?"),
                                 ("m", ">f8", (2, 2)), ("n", "<u8"), ("deep", [("q", "i4")]),
                                 ("big", INT128)])
        self.table = numpy.zeros(1009, self.kind)
        for name in ("a", "v", "flag", "m", "n"):
            self.table[name] = rng.integers(0, 2, self.table[name].shape) * 3 - 1 \
                if name == "a" else rng.integers(0, 2 ** 16, self.table[name].shape)
        self.table["big"]["lo"] = rng.integers(0, 2 ** 60, 1009)
        self.table["big"]["hi"] = rng.integers(-9, 9, 1009)
        self.item = numpy.dtype([("a", "i2"), ("v", "f4", (3,)), ("flag", "i1"),
                                 ("m", "f8", (2, 2)), ("n", "u8"), ("big", INT128)])
        self.layout = ("{a: int16, v: float32[3], flag: int8, m: float64[2][2], n: uint64, "
                       "big: int128}")

    def struct(self, item, alignment=16):
        """The dtype as a C struct has it; numpy aligns INT128 to 8."""
        offset, offsets = 0, []
        for name in item.names:
            base = item[name].base
            align = 16 if base == INT128 else base.itemsize
            offset = -(-offset // align) * align
            offsets.append(offset)
            offset += item[name].itemsize
        return numpy.dtype({"names": item.names, "formats": [item[n] for n in item.names],
                            "offsets": offsets, "itemsize": -(-offset // alignment) * alignment})

    def expected(self, item):
        result = numpy.zeros(len(self.table), self.struct(item))
        for name in item.names:
            result[name] = self.table[name]
        return result

    def fields_equal(self, expected, layout, *inputs, **settings):
        made = self.columns(layout, *inputs, **settings)
        self.assertEqual(made.code, 0, made.err)
        got = numpy.frombuffer(made.out, expected.dtype)
        self.assertEqual(len(got), len(expected))
        for name in expected.dtype.names:
            self.assertTrue((got[name] == expected[name]).all(), (name, layout, inputs))
        return made.err

    def test_whole_records(self):
        aligned = numpy.zeros(1009, self.struct(self.kind))
        for name in self.kind.names:
            aligned[name] = self.table[name]
        with self.file() as file:
            file["packed"], file["aligned"] = self.table, aligned
            file.create_dataset("z", data=self.table, chunks=(100,), compression=1, shuffle=True)
        for name in ("packed", "aligned", "z"):
            err = self.fields_equal(self.expected(self.item), "-", f"data.h5:/{name}", block=33)
            self.assertIn(f"item {self.layout}", err)

    def test_some_fields(self):
        with self.file() as file:
            file["t"] = self.table
            file["w"] = numpy.arange(1009.0)
        item = numpy.dtype([("n", "u8"), ("w", "f8"), ("a", "f4")])
        result = numpy.zeros(1009, item)
        result["n"], result["a"] = self.table["n"], self.table["a"]
        result["w"] = numpy.arange(1009.0)
        result = result.astype(numpy.dtype({"names": item.names, "formats": ["u8", "f8", "f4"],
                                            "offsets": [0, 8, 16], "itemsize": 24}))
        layout = "{n: uint64, w: float64, a: float32}"
        self.fields_equal(result, layout, "data.h5:/t", "data.h5:/w")
        self.fields_equal(result, layout, "a=data.h5:/t:a", "data.h5:/t:n", "w=data.h5:/w")
        self.check(self.table["m"].astype("f8"), "float64[2][2]", "data.h5:/t:m")
        self.check(self.table["big"], "int128", "data.h5:/t:big")

    def test_records_of_records(self):
        with self.file() as file:
            file["t"] = self.table
            grid = numpy.zeros((20, 3), [("a", "i4"), ("b", "f8")])
            grid["a"], grid["b"] = numpy.arange(60).reshape(20, 3), 0.5
            file["grid"] = grid
        self.refused(65, ["t:deep is a record"], "int32", "data.h5:/t:deep")
        self.refused(65, ["t:name is text"], "int32", "data.h5:/t:name")
        self.refused(64, ["deep (a record)", "name (text)"], "{deep: int32}", "data.h5:/t")
        self.check(grid["a"].copy(), "int32[3]", "data.h5:/grid:a")
        self.fields_equal(grid_struct(grid), "{b: float64[3], a: int64[3]}", "data.h5:/grid")


def grid_struct(grid):
    result = numpy.zeros(len(grid), [("b", "f8", (3,)), ("a", "i8", (3,))])
    result["a"], result["b"] = grid["a"], grid["b"]
    return result


class Errors(InputTest):
    def test_damaged_later(self):
        with self.file() as file:
            file["x"] = numpy.arange(1000.0)
            file.create_dataset("z", data=numpy.arange(1000.0), chunks=(100,), compression=1)
            offset = file["x"].id.get_offset()
            place = file["z"].id.get_chunk_info(5)
        path = self.folder / "data.h5"
        whole = path.read_bytes()
        path.write_bytes(whole[:offset + 4000])
        self.assertNotEqual(self.columns("float64", "data.h5:/x").code, 0)
        harmed = bytearray(whole)
        harmed[place.byte_offset + 20] ^= 255
        path.write_bytes(harmed)
        self.refused(65, ["cannot read rows 500..549 of data.h5:/z", "a chunk is damaged"],
                     "float64", "data.h5:/z", block=50, threads=1)
        with self.file() as file:
            file.create_dataset("f", data=numpy.arange(1000.0), chunks=(100,), fletcher32=True)
            place = file["f"].id.get_chunk_info(3)
        harmed = bytearray(path.read_bytes())
        harmed[place.byte_offset] ^= 1
        path.write_bytes(harmed)
        self.refused(65, "cannot read rows 300..349", "float64", "data.h5:/f", block=50, threads=1)

    def test_missing_plugin(self):
        with self.file() as file:
            space = h5py.h5s.create_simple((100,))
            chunked = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            chunked.set_chunk((10,))
            chunked.set_filter(32004, h5py.h5z.FLAG_OPTIONAL, (0,))  # LZ4
            h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_DOUBLE, space, chunked)
        self.refused(65, ["filter 32004", "HDF5_PLUGIN_PATH"], "float64", "data.h5:/x")

    def test_shapes(self):
        with self.file() as file:
            file["deep"] = numpy.zeros((2, 2, 2, 2, 2))
            file["ones"] = numpy.arange(6.0).reshape(6, 1, 1, 1, 1)
            file["wide"] = numpy.zeros((2, 200000))
            file["none"] = numpy.zeros((2, 0))
            file["null"] = h5py.Empty("f8")
            file["scalar"] = 1.0
            file["text"] = numpy.array(["a", "b"], dtype=h5py.string_dtype())
            made = file.create_dataset("vlen", (2,), h5py.vlen_dtype("i4"))
            made[0] = [1, 2]
            file.create_dataset("ref", (2,), h5py.ref_dtype)
            file["type"] = numpy.dtype("f8")
            file["g/only"] = numpy.zeros(2)
        self.refused(65, "too many dimensions", "look", "data.h5:/deep")
        self.check(numpy.arange(6.0), "float64", "data.h5:/ones")
        self.refused(65, "more than 1 MiB", "look", "data.h5:/wide")
        self.refused(65, "are empty", "look", "data.h5:/none")
        self.refused(65, "is empty", "look", "data.h5:/null")
        self.refused(65, "single value", "look", "data.h5:/scalar")
        self.refused(65, "variable length", "look", "data.h5:/vlen")
        self.refused(65, "is text", "look", "data.h5:/text")
        self.refused(65, "a reference", "look", "data.h5:/ref")
        self.refused(65, "a type, no data set", "look", "data.h5:/type")
        self.refused(65, "/g in data.h5 is a group; its data sets are /g/only", "look",
                     "data.h5:/g")


class Chance(InputTest):
    """Small files of every storage, with bits turned, bytes overwritten, or cut short."""

    def originals(self):
        rng = numpy.random.default_rng(5)
        ways = {"plain": {}, "chunked": {"chunks": (50,)},
                "gzip": {"chunks": (50,), "compression": 4, "shuffle": True},
                "lzf": {"chunks": (50,), "compression": "lzf", "fletcher32": True},
                "scaled": {"chunks": (50,), "scaleoffset": True},
                "many": {"chunks": (1,), "compression": 1}}
        made = []
        for version in ("earliest", "latest"):
            for name, settings in ways.items():
                path = self.folder / f"{version}-{name}.h5"
                with h5py.File(path, "w", libver=version) as file:
                    length = 1100 if name == "many" else 333
                    file.create_dataset("x", data=rng.integers(0, 999, length), **settings)
                made.append(path.read_bytes())
            path = self.folder / f"{version}-record.h5"
            with h5py.File(path, "w", libver=version) as file:
                file["x"] = numpy.zeros(100, [("a", "<i4"), ("b", ">f8", (3,)), ("s", "S3")])
            made.append(path.read_bytes())
        return made

    @staticmethod
    def harm(whole, chance):
        how = chance.random()
        harmed = bytearray(whole)
        if how < 0.2:
            return harmed[:chance.randrange(len(whole))]
        for _ in range(chance.choice([1, 1, 2, 8])):
            if how < 0.6:  # the metadata are in front
                harmed[chance.randrange(min(len(whole), 4096))] ^= 1 << chance.randrange(8)
            else:
                harmed[chance.randrange(len(whole))] = chance.choice([0, 255, 127, 128])
        return harmed

    def harm_at_random(self, times, seed):
        chance, originals, codes = random.Random(seed), self.originals(), {}
        # HDF5 forgets memory where it gives up
        env = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        for number in range(times):
            harmed = self.harm(originals[number % len(originals)], chance)
            (self.folder / "data.h5").write_bytes(harmed)
            made = self.columns("-", "data.h5:/x", env=env)
            with self.subTest(number=number, seed=seed):
                if "no memory for" not in made.err:  # to keep all that a sparse set has
                    self.assertIn(made.code, (0, 65), made.err)
                if made.code:
                    self.assertIn("data.h5", made.err)
                    self.assertEqual(made.out, b"")
            codes[made.code] = codes.get(made.code, 0) + 1
        self.assertGreater(codes.get(65, 0), times // 10)
        self.assertGreater(codes.get(0, 0), times // 10)

    def test_harm(self):
        self.harm_at_random(200, seed=6)


if __name__ == "__main__":
    unittest.main()
