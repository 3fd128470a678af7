"""Many random formulas of every type, over ranges and over inputs, against Python's integers and
numpy, by every layout in turn."""
# TEST seconds=1800 label=full
import os
import unittest

import h5py
import numpy

from map_testing import MapTest, REAL, Real, WHOLE, Whole, bounds, drawn, named, whole_array
from parmap_testing import vectors

ROUNDS = int(os.environ.get("PARMAP_TEST_ROUNDS", "4"))
COMPUTED = {"int64": "int64", "uint64": "uint64", "int128": "int128"}


class Sweep(MapTest):
    def layout(self, draw):
        return {"ranks": draw.choice((0, 0, 1, 2, 3)), "threads": draw.choice((1, 2))}, (
            "--force", "--schedule", draw.choice(("static", "dynamic")), "--vector",
            draw.choice(vectors()))

    def check(self, formulas, arrays, draw, *words):
        how, more = self.layout(draw)
        found = self.mapped(*named(formulas), *words, *more, **how)
        for i, ((text, _), wanted) in enumerate(zip(formulas, arrays)):
            self.check_bits(found[f"f{i}"], wanted, (text, words))

    def test_whole_ranges(self):
        for seed in range(200, 200 + ROUNDS):
            for name in COMPUTED:
                draw = drawn(seed)
                low, high = bounds(name)
                middle = draw.choice((0, 1000, 2**31, low, high, low // 3, high // 3))
                first = max(low, middle - draw.randrange(1000))
                last = min(high, middle + draw.randrange(1000))
                step = draw.choice((1, 7, 13))
                xs = range(first, last + 1, step)
                formulas = Whole(draw, name).that_fit(28, [{"x": x} for x in xs], 4)
                self.check(formulas, [whole_array(v, name) for _, v in formulas], draw, "--type",
                           name, "--range", f"{first}..{last}:{step}")

    def test_whole_inputs(self):
        for seed in range(300, 300 + ROUNDS):
            draw, random = drawn(seed), numpy.random.default_rng(seed)
            names = draw.sample([n for n in WHOLE if n not in ("uint64", "int128")], 2)
            count = draw.choice((1, 2, 509, 4099))
            data = {}
            for key, name in zip("xy", names):
                low, high = (max(-10**6, bounds(name)[0]), min(10**6, bounds(name)[1]))
                data[key] = random.integers(low, high, count, name, endpoint=True)
            items = [dict(zip("xy", map(int, pair))) for pair in zip(data["x"], data["y"])]
            formulas = Whole(draw, names=("x", "y")).that_fit(28, items, 4)
            with h5py.File(self.folder / "in.h5", "w") as file:
                for key, values in data.items():
                    file[key] = values
            self.check(formulas, [whole_array(v, "int64") for _, v in formulas], draw, "--input",
                       "in.h5:/x", "--input", "in.h5:/y")

    def test_reals(self):
        for seed in range(400, 400 + ROUNDS):
            for name in REAL:
                draw, random = drawn(seed), numpy.random.default_rng(seed)
                x = {n: random.standard_normal(1009).astype(name) for n in ("x", "y")}
                with h5py.File(self.folder / "in.h5", "w") as file:
                    for key, values in x.items():
                        file[key] = values
                formulas = Real(draw, name, ("x", "y")).some(28, x)
                formulas.append(("x - y", x["x"] - x["y"]))
                self.check(formulas, [v for _, v in formulas], draw, "--input", "in.h5:/x",
                           "--input", "in.h5:/y")


if __name__ == "__main__":
    unittest.main()
