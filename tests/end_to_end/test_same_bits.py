"""The same bits for every number of ranks and threads, schedule and vector unit."""
import hashlib
import unittest

import h5py

from parmap_testing import KERNELS, FileTest, attributes, expected, inputs, vectors

LAYOUTS = (  # ranks, threads, schedule, index of the vector unit; each pair of values occurs
    (0, 1, "static", 0),
    (0, 4, "dynamic", 1),
    (1, 2, "static", 2),
    (2, 1, "dynamic", 2),
    (2, 4, "static", 1),
    (3, 2, "dynamic", 0),
    (8, 1, "static", 1),
    (7, 1, "dynamic", 2),
)


def digest(values):
    return hashlib.sha256(values.tobytes()).hexdigest()


class SameBits(FileTest):
    def check_layouts(self, name, *args, layouts=LAYOUTS, bits):
        """All layouts give `bits` and equal attributes; the layouts are noted in /parmap."""
        units = vectors()
        first_attrs = None
        for ranks, threads, schedule, unit in layouts:
            vector = units[min(unit, len(units) - 1)]
            with self.subTest(program=name, ranks=ranks, threads=threads, schedule=schedule,
                              vector=vector):
                self.make(name, *args, "--stats", "--force", "--schedule", schedule, "--vector",
                          vector, "--output", "same.h5", ranks=ranks, threads=threads)
                with h5py.File(self.folder / "same.h5") as file:
                    data = file[KERNELS[name][2]]
                    self.assertEqual(digest(data[:]), bits)
                    attrs, how = attributes(data), attributes(file["parmap"])
                first_attrs = first_attrs or attrs
                self.assertEqual(attrs, first_attrs)
                self.assertEqual(how["ranks"], max(ranks, 1))
                self.assertEqual(how["threads"], max(ranks, 1) * threads)
                self.assertEqual(how["schedule"], schedule)
                self.assertEqual(how["vector"], vector)

    def test_cubes_of_the_default_range(self):
        """The digest of numpy.arange(1, 1000001, dtype="<i8") ** 3, as a constant."""
        self.check_layouts(
            "cubemap", layouts=LAYOUTS[:3],
            bits="6600673d2192b11b1717ed65e0721f627cb3060368ed1530aec8a719a163d530")

    def test_cubes(self):
        """A count that is no multiple of any block size."""
        self.check_layouts("cubemap", "--range", "-500000..500002",
                           bits=digest(expected("cubemap", inputs(-500000, 500002))))

    def test_formula_that_contraction_would_change(self):
        self.check_layouts("parabola",
                           bits=digest(expected("parabola", inputs(-500000, 500000))))

    def test_every_type_with_every_vector_unit(self):
        for value_type, first, last, step in (("uint64", 2600000, 1, -3),
                                              ("int128", -(10**11), 10**11, 10**7 + 19),
                                              ("float64", -208063, 208063, 1)):
            xs = inputs(first, last, step)
            self.check_layouts("cubemap", "--type", value_type, "--range",
                               f"{first}..{last}:{step}",
                               layouts=[(0, 2, "static", i) for i in range(len(vectors()))],
                               bits=digest(expected("cubemap", xs, value_type)))

    def test_missing_vector_unit_is_refused(self):
        """Asked for by name, a unit that the processor lacks is an error, not a crash."""
        missing = {"v3", "v4"} - set(vectors())
        if not missing:
            self.skipTest("this processor has all of them")
        for vector in missing:
            self.assertError(self.launch("cubemap", "--vector", vector, ranks=0), 64, vector)


if __name__ == "__main__":
    unittest.main()
