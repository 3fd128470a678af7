"""All layouts at once, and random ranges over random layouts: the long form of test_same_bits."""
# TEST seconds=1800 label=full
import itertools
import random
import unittest

import h5py

from parmap_testing import KERNELS, POWERS, FileTest, attributes, domain, expected, inputs, vectors


class Layouts(FileTest):
    def test_every_combination(self):
        xs = inputs(-300000, 300001)
        wanted = expected("cubemap", xs).tobytes()
        first_attrs = None
        for ranks, threads, schedule, vector in itertools.product(
                (0, 1, 2, 3, 4, 7, 8), (1, 2, 4), ("static", "dynamic"), vectors()):
            with self.subTest(ranks=ranks, threads=threads, schedule=schedule, vector=vector):
                self.make("cubemap", "--range", "-300000..300001", "--stats", "--force",
                          "--schedule", schedule, "--vector", vector, ranks=ranks, threads=threads)
                with h5py.File(self.folder / "cubemap.h5") as file:
                    data = file["cubes"]
                    self.assertEqual(data[:].tobytes(), wanted)
                    first_attrs = first_attrs or attributes(data)
                    self.assertEqual(attributes(data), first_attrs)

    def test_random_runs(self):
        """The seed is fixed, so a failure comes back."""
        draw = random.Random(20240229)
        for number in range(120):
            name = draw.choice(sorted(POWERS))
            value_type = draw.choice(("int64", "uint64", "int128", "float64"))
            low, high = domain(name, value_type)
            first = draw.choice((draw.randint(low, high), draw.randint(max(low, -99), 99)))
            count = draw.choice((1, 2, draw.randint(3, 5000), draw.randint(5000, 150000)))
            step = draw.choice((1, 1, -1, draw.randint(1, 1000), -draw.randint(1, 10**9)))
            bound = high if step > 0 else low
            count = max(1, min(count, (bound - first) // step + 1))
            last = first + (count - 1) * step
            ranks, threads = draw.choice((0, 0, 1, 2, 3, 4, 7)), draw.choice((1, 1, 2, 3, 4))
            args = ["--type", value_type, "--range", f"{first}..{last}:{step}", "--schedule",
                    draw.choice(("static", "dynamic")), "--vector", draw.choice(vectors())]
            with self.subTest(number=number, program=name, ranks=ranks, threads=threads,
                              args=" ".join(args)):
                self.make(name, *args, "--force", "--stats", ranks=ranks, threads=threads)
                self.check_file(f"{name}.h5", name, first, last, step, value_type, stats=True,
                                dataset=KERNELS[name][2])


if __name__ == "__main__":
    unittest.main()
