"""parmap map on formulas: results against Python's integers, numpy and libm; what does not fit is
refused; the same bits for every layout; where there is no compiler."""
# TEST seconds=300
import ctypes
import shutil
import unittest

import h5py
import numpy

from map_testing import MapTest, Real, WHOLE, Whole, bounds, drawn, named, whole_array
from parmap_testing import vectors

LIBM = ctypes.CDLL("libm.so.6")
LAYOUTS = (  # ranks, threads, schedule, index of the vector unit
    (0, 1, "static", 0), (1, 2, "dynamic", 1), (2, 2, "static", 2), (3, 1, "dynamic", 0),
    (4, 1, "static", 1), (7, 1, "dynamic", 2))


def libm(name, type_name="float64", arguments=1):
    """A function of the C library for arrays."""
    real = ctypes.c_double if type_name == "float64" else ctypes.c_float
    function = getattr(LIBM, name + ("" if type_name == "float64" else "f"))
    function.restype, function.argtypes = real, [real] * arguments
    return lambda *x: numpy.array([function(*map(float, v)) for v in zip(*x)], type_name)


class WholeFormulas(MapTest):
    def check_random(self, seed, type_name="int64", first=-50, last=50, step=1, count=30):
        """Random formulas as fields of one record, over a range."""
        whole = Whole(drawn(seed), type_name)
        xs = list(range(first, last + (1 if step > 0 else -1), step))
        formulas = whole.that_fit(count, [{"x": x} for x in xs])
        typed = [] if type_name == "int64" else ["--type", type_name]
        found = self.mapped(*named(formulas), *typed, "--range", f"{first}..{last}:{step}",
                            "--force", threads=2)
        self.assertIn(self.said["arithmetic"], ("proved", "checked"))
        self.assertEqual(found.shape, (len(xs),))
        for i, (text, values) in enumerate(formulas):
            self.check_bits(found[f"f{i}"], whole_array(values, type_name), text)

    def test_random(self):
        self.check_random(1)
        self.check_random(2, first=10**6, last=-10**6, step=-30011)

    def test_random_uint64(self):
        self.check_random(3, "uint64", 2**63 - 20, 2**63 + 20)

    def test_random_int128(self):
        self.check_random(4, "int128", -10**18, 10**18, 10**16 + 7)

    def test_one_of_every_type(self):
        for name in WHOLE:
            with self.subTest(type=name):
                low, high = bounds(name)
                first = max(low, -2**100)
                last = min(high, 2**126)
                step = max(1, (last - first) // 200)
                xs = range(first, last + 1, step)
                found = self.mapped("x / 3 - (x & 5) / 4", "--type", name, "--range",
                                    f"{first}..{last}:{step}", "--force")
                wanted = [abs(x) // 3 * (1 if x >= 0 else -1) - (x & 5) // 4 for x in xs]
                self.check_bits(found, whole_array(wanted, name), name)
                self.assertEqual(self.attributes()["type"], name)
                self.assertEqual(self.attributes()["input_type"], name)

    def test_sizes(self):
        for count in (1, 2, 997, 65537):
            with self.subTest(count=count):
                found = self.mapped("x*x - 7", "--range", f"1..{count}", "--force", threads=2)
                x = numpy.arange(1, count + 1)
                self.check_bits(found, x * x - 7)


class Overflow(MapTest):
    def test_the_ends_of_a_proved_range(self):
        for name, first, last in (("int64", -2097152, 2097151), ("uint64", 0, 2642245),
                                  ("int128", -5541191377756, 5541191377756), ("int8", -5, 5)):
            with self.subTest(type=name):
                typed = ("--type", name, "--range")
                found = self.mapped("x*x*x", *typed, f"{last - 2}..{last}", "--force")
                self.check_bits(found, whole_array([x**3 for x in range(last - 2, last + 1)], name))
                self.assertEqual(self.said["arithmetic"], "proved")
                self.refused(64, [f"x = {last + 1}", name], "x*x*x", *typed, f"{last}..{last + 1}",
                             "-o", "no.h5")
                if first < 0:
                    self.refused(64, [f"x = {first - 1}", name], "x*x*x", *typed,
                                 f"{first - 1}..{first}", "-o", "no.h5")

    def test_checked(self):
        """Intervals do not show that the product fits, and it does."""
        xs = numpy.arange(0, 4 * 10**9 + 1, 10**6 + 3)
        found = self.mapped("x*(4000000000-x)", "--range", "0..4000000000:1000003")
        self.check_bits(found, xs * (4 * 10**9 - xs))
        self.assertEqual(self.said["arithmetic"], "checked")
        self.assertEqual(self.attributes()["arithmetic"], "checked")
        self.assertIn("overflow  none, checked", self.map("x*(4000000000-x)", "--range",
                                                          "0..4000000000:1000003", "-o",
                                                          "out.h5").out)

    def test_only_some_items(self):
        """One item of many, which no probe meets."""
        for formula, x in (("x == 77777 ? x << 60 : x", 77777), ("100 / (x - 31415)", 31415),
                           ("x % (x - 999)", 999), ("int8(x == 5000 ? 128 : x % 100)", 5000),
                           ("x << (x == 12345 ? 64 : 1)", 12345),
                           ("2 ** (x == 4321 ? 63 : 1)", 4321)):
            for ranks in (0, 2):
                with self.subTest(formula=formula, ranks=ranks):
                    result = self.map(formula, "--range", "0..100002", "-o", "some.h5", "--force",
                                      ranks=ranks, threads=2)
                    self.assertError(result, 64, f"item {x} (x = {x})", out="")
                    self.assertNotEqual(self.state("some.h5"), "complete")

    def test_what_is_not_computed_does_not_overflow(self):
        xs = numpy.arange(-300, 301)
        for formula, wanted in (("x > 1000 ? 1/0*0 : x", None), ("x == 0 ? 7 : 100 / x", None),
                                ("x != 0 && 100 / x > 3", None), ("x == 0 || 100 / x > 3", None)):
            if "1/0" in formula:
                self.refused(64, "divides by zero", formula, "--range", "-300..300", "-o", "n.h5")
                continue
            with self.subTest(formula=formula):
                with numpy.errstate(divide="ignore"):
                    q = numpy.where(xs == 0, 0, numpy.trunc(100 / xs.astype(float))).astype("i8")
                wanted = {"?": numpy.where(xs == 0, 7, q), "&": ((xs != 0) & (q > 3)).astype("i8"),
                          "|": ((xs == 0) | (q > 3)).astype("i8")}
                key = next(k for k in "?&|" if k in formula)
                self.check_bits(self.mapped(formula, "--range", "-300..300", "--force"),
                                wanted[key])

    def test_real_ranges(self):
        """Numbers between which a real type has gaps."""
        for name, most in (("float64", 2**53), ("float32", 2**24)):
            typed = ("x", "--type", name, "--range")
            self.check_bits(self.mapped(*typed, f"{most - 3}..{most}", "--force"),
                            numpy.arange(most - 3, most + 1).astype(name))
            self.refused(64, [f"x = {most + 1}", "--allow-rounding"], *typed, f"{most}..{most + 1}",
                         "-o", "no.h5")
            self.check_bits(self.mapped(*typed, f"{most}..{most + 1}", "--allow-rounding",
                                        "--force"),
                            numpy.array([most, most + 1]).astype(name))


class RealFormulas(MapTest):
    def check_random(self, seed, type_name, count=24):
        x = {"x": numpy.arange(-50, 51).astype(type_name)}
        formulas = Real(drawn(seed), type_name).some(count, x)
        found = self.mapped(*named(formulas), "--range", "-50..50", "--type", type_name, "--force")
        for i, (text, values) in enumerate(formulas):
            self.check_bits(found[f"f{i}"], values, text)
        self.assertIsNone(self.said["arithmetic"])

    def test_random(self):
        self.check_random(11, "float64")

    def test_random_float32(self):
        self.check_random(12, "float32")

    def test_no_contraction(self):
        x = numpy.arange(-5000, 5003).astype("f8")
        self.check_bits(self.mapped("0.3*x*x + x*1.7", "--range", "-5000..5002"),
                        0.3 * x * x + x * 1.7)

    def test_libm(self):
        """One argument, two arguments, in both types; x over a divisor is rounded once."""
        positive = ("acosh", "log", "log10", "log2", "lgamma", "tgamma")
        between = ("acos", "asin", "atanh")
        others = ("atan", "cos", "sin", "tan", "asinh", "cosh", "sinh", "tanh", "exp", "exp2",
                  "expm1", "log1p", "logb", "cbrt", "erf", "erfc", "round", "nearbyint")
        for type_name in ("float64", "float32"):
            t = numpy.dtype(type_name).type
            x = numpy.arange(-60, 61).astype(type_name)
            ways = {**{n: (f"{n}(fabs(x)/7 + 1)", numpy.fabs(x) / t(7) + t(1)) for n in positive},
                    **{n: (f"{n}(x/61)", x / t(61)) for n in between},
                    **{n: (f"{n}(x/8.5)", x / t(8.5)) for n in others}}
            found = self.mapped(*(f"f_{n}={text}" for n, (text, _) in ways.items()), "--range",
                                "-60..60", "--type", type_name, "--force")
            for name, (text, arguments) in ways.items():
                self.check_bits(found[f"f_{name}"], libm(name, type_name)(arguments), text)
            two = ("atan2", "hypot", "pow", "fmod", "remainder", "copysign", "fdim", "fmax", "fmin",
                   "nextafter")
            found = self.mapped(*(f"f_{n}={n}(x/9, 2.5 - x/7)" for n in two), "--range", "-60..60",
                                "--type", type_name, "--force")
            for name in two:
                self.check_bits(found[f"f_{name}"],
                                libm(name, type_name, 2)(x / t(9), t(2.5) - x / t(7)), name)

    def test_whole_from_real(self):
        found = self.mapped("a=lround(x/4.0)", "b=lrint(x/4.0)", "c=isnan(x/0.0)",
                            "d=int16(x/3.0)", "f=ilogb(x/3.0 + 40)", "g=signbit(x - 0.5)",
                            "--range", "-30..30")
        x = numpy.arange(-30, 31)
        self.check_bits(found["a"], (numpy.sign(x) * numpy.floor(abs(x) / 4 + 0.5)).astype("i8"))
        self.check_bits(found["b"], numpy.rint(x / 4).astype("i8"))
        self.check_bits(found["c"], (x == 0).astype("i8"))
        self.check_bits(found["d"], numpy.trunc(x / 3).astype("i2"))
        self.check_bits(found["f"], numpy.floor(numpy.log2(x / 3 + 40)).astype("i8"))
        self.check_bits(found["g"], (x < 1).astype("i8"))

    def test_whole_and_real(self):
        """Whole numbers are exact until they meet a real one."""
        x = numpy.arange(10**6, 10**6 + 101)
        self.check_bits(self.mapped("x*x/7 + x*0.1", "--range", "1000000..1000100"),
                        (x * x // 7).astype("f8") + x.astype("f8") * 0.1)

    def test_constants(self):
        found = self.mapped("p=pi*x", "n=e*x", "i=x*inf", "--range", "1..3")
        x = numpy.arange(1.0, 4)
        self.check_bits(found["p"], numpy.pi * x)
        self.check_bits(found["n"], numpy.e * x)
        self.check_bits(found["i"], x * numpy.inf)


class Words(MapTest):
    def test_several_results(self):
        x = numpy.arange(1, 1010)
        found = self.mapped("square=x*x", "root=sqrt(x)", "small=int8(x%100)", "--range", "1..1009")
        self.assertEqual(found.dtype.names, ("square", "root", "small"))
        for name, wanted in (("square", x * x), ("root", numpy.sqrt(x)),
                             ("small", (x % 100).astype("i1"))):
            self.check_bits(found[name], wanted, name)
        self.assertEqual(self.attributes()["type"], "{square: int64, root: float64, small: int8}")

    def test_lets_and_constants(self):
        x = numpy.arange(-5, 6).astype("f8")
        found = self.mapped("k*r + s", "--let", "r = sqrt(x*x + 1)", "--let", "s = r/k", "--param",
                            "k = 2.5", "--range", "-5..5", "--type", "float64")
        r = numpy.sqrt(x * x + 1)
        self.check_bits(found, 2.5 * r + r / 2.5)
        self.assertEqual(self.attributes()["formula"],
                         "k*r+s where k=2.5, r=sqrt(x*x+1), s=r/k")

    def test_names_that_nothing_uses(self):
        result = self.map("k*x + kk", "--let", "r = k", "--param", "k=2", "--param", "kk=1",
                          "--param", "j=3", "--range", "1..3", "-o", "none", "--quiet")
        self.assertEqual(result.err.splitlines(), ["parmap map: warning: nothing uses --let r",
                                                   "parmap map: warning: nothing uses --param j"])

    def test_one_run_however_it_is_spaced(self):
        self.mapped("x*x + 1", "--range", "1..10")
        for same in ("x*x+1", " x * x\t+ 1 "):
            self.assertEqual(self.map(same, "--range", "1..10", "-o", "out.h5").status,
                             "already complete")
        self.refused(73, ["formula x*x+1, not formula x*x+2", "--force"], "x*x+2", "--range",
                     "1..10", "-o", "out.h5")

    def test_mistakes(self):
        """Found before anything runs; the place is under the text."""
        for formula, at, says in (("x*yy(2)", "^", "no function yy"), ("x+", "^", "ends"),
                                  ("(x", "^", ") is missing"), ("x)", "^", "never opened"),
                                  ("x y", "^", "operator"), ("x*y", "^", "y"),
                                  ("x @ 2", "^", ""), ("x.5", "^", ""), ("1.5 % x", "^", "fmod"),
                                  ("sqrt(x) & 1", "^", "&&"), ("sqrt()", "^", ""),
                                  ("sqrt(x, x)", "^", ""), ("x[2]", "^", "not a row"),
                                  ("x << 64", "^", "0 to 63"), ("x/0", "^", "zero"),
                                  ("", "^", "nothing"), ("x?1", "^", ":"),
                                  ("0x", "^", ""), ("1e", "^", ""), ("sin x", "^", ""),
                                  ("99999999999999999999999999999999999999999*x", "^", "")):
            with self.subTest(formula=formula):
                result = self.refused(64, "formula", formula, "--range", "1..10", "-o", "no.h5")
                lines = result.err.splitlines()
                self.assertEqual(len(lines), 2, result)
                self.assertIn(at, lines[1])
                self.assertIn(says, lines[1])
                self.assertLessEqual(lines[1].index("^"), len(lines[0]), result)

    def test_wrong_options(self):
        for says, *words in (("--range", "x"), ("--let", "x", "--let", "r", "--range", "1..2"),
                             ("twice", "x*k", "--param", "k=1", "--param", "k=2", "--range", "1..2"),
                             ("input", "x*k", "--param", "k=x", "--range", "1..2"),
                             ("type", "x", "--type", "int65", "--range", "1..2"),
                             ("--nan", "x", "--nan", "fail", "--range", "1..2"),
                             ("a", "a=x", "a=2*x", "--range", "1..2"),
                             ("--stats", "a=x", "b=2*x", "--range", "1..2", "--stats")):
            with self.subTest(words=words):
                self.refused(64, says, *words, "-o", "no.h5")
        result = self.launch("parmap", "map", "--range", "1..2", ranks=0)
        self.assertError(result, 64, "formula")


class Layouts(MapTest):
    def check_layouts(self, wanted, *words, layouts=LAYOUTS):
        """Every layout leaves the same attributes, the checksum among them, and results."""
        units, first = vectors(), None
        for ranks, threads, schedule, unit in layouts:
            with self.subTest(ranks=ranks, threads=threads, schedule=schedule, unit=unit):
                found = self.mapped(*words, "--force", "--schedule", schedule, "--vector",
                                    units[min(unit, len(units) - 1)], ranks=ranks, threads=threads)
                first = first or self.attributes()
                self.assertEqual(self.attributes(), first)
                for name, values in wanted.items():
                    self.check_bits(found[name] if name else found, values, name)

    def test_a_record(self):
        x = numpy.arange(-100000, 100004)
        self.check_layouts({"a": 0.3 * x * x + x * 1.7, "b": numpy.fmod(x, 128).astype("i1"),
                            "c": x * x * x},
                           "a=0.3*x*x + x*1.7", "b=int8(x%128)", "c=x*x*x", "--range",
                           "-100000..100003")

    def test_checked(self):
        x = numpy.arange(0, 4 * 10**9 + 1, 10**5 + 3)
        self.check_layouts({"": x * (4 * 10**9 - x)}, "x*(4000000000-x)", "--range",
                           "0..4000000000:100003", layouts=LAYOUTS[1:5])

    def test_libm(self):
        """For one libm and processor."""
        x = numpy.arange(1, 20011).astype("f8")
        self.check_layouts({"": libm("sin")(x) * libm("log")(x)}, "sin(x)*log(x)", "--range",
                           "1..20010", layouts=LAYOUTS[::2])


class KernelFiles(MapTest):
    def kernel(self, body, domain="PARMAP_DOMAIN_INT64", number="int64_t"):
        (self.folder / "k.c").write_text(
            "#include <parmap.h>\n#include <stdlib.h>\n"
            f"PARMAP_KERNEL(k, {number}, x, {number})\n{{\n{body}\n}}\n"
            f"PARMAP_DOMAIN(k, {number}, {domain});\nPARMAP_EXPORT(&k);\n")

    def test_one_that_exits(self):
        self.kernel("if (x == 7) exit(0); return x;")
        result = self.map("k.c", "--range", "1..10", "-o", "out.h5")
        self.assertEqual(result.code, 71, result)
        self.assertIn("exit()", result.err)

    def test_int(self):
        self.kernel("return 2 * x;", "-1000, 1000", "int")
        self.check_bits(self.mapped("k.c", "--range", "-1000..1000"),
                        2 * numpy.arange(-1000, 1001, dtype="i4"))

    def test_items_outside_the_domain_fail(self):
        """Of a kernel whose items can; one in an array would be outside the table, say."""
        (self.folder / "f.c").write_text(
            "#include <parmap.h>\nPARMAP_KERNEL_CAN_FAIL(f, double, x, double, y)\n"
            "{\n*y = 2 * x;\nreturn PARMAP_OK;\n}\n"
            "PARMAP_DOMAIN(f, double, 0, 10);\nPARMAP_EXPORT(&f);\n")
        with h5py.File(self.folder / "in.h5", "w") as file:
            file["x"] = [1.0, -1.0, 10.0, numpy.inf, 3.0]
        result = self.map("f.c", "--input", "in.h5:/x", "-o", "out.h5")
        self.assertEqual(result.code, 1, result)
        with h5py.File(self.folder / "out.h5") as file:
            self.assertEqual(list(file["results_status"]), [1, 2, 1, 2, 1])
            self.check_bits(file["results"][()], numpy.array([2, numpy.nan, 20, numpy.nan, 6]))

    def test_infinities_lie_outside_a_domain(self):
        self.kernel("return x < 10 ? x / 2 : 5;", "0, 10", "double")
        for value, says in ((numpy.inf, "x = inf"), (-numpy.inf, "x = -inf"), (11.0, "x = 11")):
            with self.subTest(value=value):
                with h5py.File(self.folder / "in.h5", "w") as file:
                    file["x"] = [1.0, numpy.nan, value]
                self.refused(65, ["item 2", says], "k.c", "--input", "in.h5:/x", "-o", "no.h5")
        with h5py.File(self.folder / "in.h5", "w") as file:
            file["x"] = [1.0, numpy.nan, 10.0]
        self.check_bits(self.mapped("k.c", "--input", "in.h5:/x"), numpy.array([0.5, 5, 5]))


class Surroundings(MapTest):
    ONLY_RANK_0 = ("sh", "-c", 'if [ "${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}" != 0 ]; then '
                   'cd /; PATH=/nowhere HOME=/nowhere TMPDIR=/nowhere PARMAP_CACHE=off PARMAP_CC=; '
                   'export PATH HOME TMPDIR PARMAP_CACHE PARMAP_CC; fi; exec "$@"', "sh")

    def test_no_compiler(self):
        programs = self.folder.parent / "bin"
        programs.mkdir()
        (programs / "ssh").symlink_to(shutil.which("true"))  # Open MPI does not start without
        without = {"PATH": str(programs)}
        self.refused(71, ["gcc", "PARMAP_CC", "parmap compile"], "x*x", "--range", "1..10", "-o",
                     "no.h5", env=without)
        self.make("parmap", "compile", "x*x", "-o", "square.so", ranks=0, env=self.env())
        found = self.mapped("square.so", "--range", "1..10", env=without)
        self.check_bits(found, numpy.arange(1, 11)**2)
        again = self.map("x*x", "--range", "1..10", "-o", "out.h5")
        self.assertEqual(again.status, "already complete", again)

    def test_no_place_for_a_cache(self):
        x = numpy.arange(1, 11)
        for i, env in enumerate(({"HOME": "/proc"}, {"HOME": None}, {"HOME": "/nowhere"})):
            found = self.mapped("x*x + 1", "--range", "1..10", "--force",
                                env={"PARMAP_CACHE": None, "XDG_CACHE_HOME": None, **env})
            self.check_bits(found, x * x + 1, i)

    def test_only_rank_0_has_a_compiler(self):
        x = numpy.arange(1, 100004)
        found = self.mapped("x*x - 3", "--range", "1..100003", output=self.folder / "out.h5",
                            ranks=3, inside=self.ONLY_RANK_0)
        self.check_bits(found, x * x - 3)

    def test_mistake_under_the_launcher(self):
        """One rank speaks."""
        result = self.map("x*yy(2)", "--range", "1..10", "-o", "no.h5", ranks=3)
        self.assertError(result, 64, "formula: x*yy(2)", out=None)
        self.assertEqual(self.files(), [])

    def test_verify(self):
        self.mapped("x*x + 1", "--range", "1..1009")
        words = ("--verify", "out.h5", "--quiet")
        self.assertEqual(self.map("x*x + 1", *words, ranks=2).code, 0)
        self.refused(65, "x*x+2", "x*x + 2", *words)
        with h5py.File(self.folder / "out.h5", "r+") as file:
            file["results"][500] += 1
        self.refused(65, "500", "x*x + 1", *words)


if __name__ == "__main__":
    unittest.main()
