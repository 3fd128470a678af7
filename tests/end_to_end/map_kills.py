"""Runs of parmap map over formulas, kernel files and inputs that are killed at a call of theirs, and
continued by others."""
import hashlib

import h5py
import numpy

from durable_testing import meeting, other_build
from map_testing import MapTest
from parmap_testing import THIS, attributes

KERNELS = """#include <parmap.h>
#define POINT(FIELD) FIELD(int8_t, tag) FIELD(double, half) FIELD(float, w, 3)
PARMAP_RECORD(point, POINT);
#define SCALE(PARAMETER) PARAMETER(double, factor, 0.5, -10, 10, "by which all is multiplied")
PARMAP_PARAMETERS(scale, SCALE);
PARMAP_KERNEL(split, double, x, point)
{
    return (point){(int8_t)((int64_t)x % 100), x * factor, {(float)x, 1, (float)(2 * x)}};
}
PARMAP_DOMAIN(split, double, -1000000, 1000000, .parameters = PARMAP_PARAMETERS_OF(scale));
PARMAP_KERNEL_CAN_FAIL(picky, double, x, point, y)
{
    if ((int64_t)x % 1009 == 3)
        return parmap_fail("%g is not liked", x);
    *y = (point){(int8_t)((int64_t)x % 50), x / 3, {1, 2, (float)x}};
    return PARMAP_OK;
}
PARMAP_DOMAIN(picky, double, -1000000, 1000000);
PARMAP_EXPORT(&split, &picky);
"""
INPUTS = ("--input", "in.h5:/x", "--input", "in.h5:/z")
MAPS = {  # code of the uninterrupted run, words
    "range": (0, ("x*x*x - 7", "--range", "1..60013")),
    "checked": (0, ("x*(4000000000-x)", "--range", "0..4000000000:66000")),
    "record": (0, ("a=x*2.5", "b=int16(z%100)", "c=x > 3 ? x : z", *INPUTS)),
    "kernel": (0, ("kernels.c", "--kernel", "split", "--param", "factor=0.3", "--input",
                   "in.h5:/z")),
    "failing": (1, ("kernels.c", "--kernel", "picky", "--input", "in.h5:/z")),
}
CALLS = 14  # most runs make so many calls that change their file


class MapKills(MapTest):
    def setUp(self):
        super().setUp()
        random = numpy.random.default_rng(8)
        with h5py.File(self.folder / "in.h5", "w") as file:
            file["x"] = random.standard_normal(60013)
            file.create_dataset("z", data=random.integers(0, 10**6, 60013).astype("i4"),
                                chunks=(1000,), compression="gzip", shuffle=True)
        (self.folder / "kernels.c").write_text(KERNELS)
        self.builds = [build for build in (THIS, other_build()) if build]

    def contents(self, path="out.h5"):
        """What has to be the same however the run was ended and continued."""
        with h5py.File(self.folder / path, "r") as file:
            sets = {name: (hashlib.sha256(file[name][()].tobytes()).hexdigest(),
                           attributes(file[name])) for name in file if name != "parmap"}
            failed = file["parmap/failed"][:] if "failed" in file["parmap"] else None
            rows = [] if failed is None else sorted(
                (int(row[failed.dtype.names[0]]) for row in failed))
            return sets, rows

    def reference(self, name):
        code, words = MAPS[name]
        result = self.map(*words, "-o", f"{name}.h5")
        self.assertEqual(result.code, code, result)
        return self.contents(f"{name}.h5")

    def kill(self, draw, name, number):
        """A run that ends at its call `number`, if it makes as many; returns whether it did."""
        ranks = draw.choice((0, 0, 2, 3))
        how = meeting(path="out.h5", at=number, times=1, rank=draw.randrange(max(ranks, 1)),
                      what=draw.choice(("kill-before", "kill-half", "kill-after")))
        result = self.map(*MAPS[name][1], "-o", "out.h5", "--sync", "0.01s", "--schedule",
                          draw.choice(("static", "dynamic")), ranks=ranks, inside=how,
                          threads=draw.choice((1, 2)))
        return result.code != MAPS[name][0]

    def go_on(self, draw, name):
        """Others continue; then there is nothing left to do."""
        code, words = MAPS[name]
        result = self.map(*words, "-o", "out.h5", "--schedule", draw.choice(("static", "dynamic")),
                          ranks=draw.choice((0, 1, 2, 4)), threads=draw.choice((1, 2)),
                          build=draw.choice(self.builds))
        self.assertEqual(result.code, code, result)
        again = self.map(*words, "-o", "out.h5")
        self.assertEqual((again.code, again.status), (code, "already complete"), again)

    def check_kills(self, draw, name, numbers):
        """Kills at these calls, each in a run of its own; how many runs had so many calls."""
        reference, killed = self.reference(name), 0
        for number in numbers:
            with self.subTest(name=name, number=number):
                (self.folder / "out.h5").unlink(missing_ok=True)
                killed += self.kill(draw, name, number)
                self.go_on(draw, name)
                self.assertEqual(self.contents(), reference)
                self.assertEqual(len(list(self.folder.glob("out.h5.*"))),
                                 len(list(self.folder.glob(f"{name}.h5.*"))), "what is left")
        return killed
