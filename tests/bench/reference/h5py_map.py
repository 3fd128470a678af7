"""h5py_map.py WHAT INPUT [OUTPUT]: the way of numpy and h5py, block by block; prints its seconds.

make N, whole N, packed N   an input with N numbers: float64; two sets of int64; compressed float64
offset                      prints where the data of the set x begins in the file
roots                       sqrt(x * x + 1) of the set x into OUTPUT
read                        the set x, and drops it
"""
import json
import sys
import time

import h5py
import numpy

BLOCK = 1 << 18  # the fastest of 64 Ki to 4 Mi
CHUNK = 1 << 16


def blocks(count):
    return ((at, min(at + BLOCK, count)) for at in range(0, count, BLOCK))


def make(what, path, count):
    random = numpy.random.default_rng(1)
    with h5py.File(path, "w") as file:
        if what == "packed":
            options = {"chunks": (CHUNK,), "compression": "gzip", "shuffle": True}
            data = file.create_dataset("x", (count,), "f8", **options)
            for first, end in blocks(count):  # like measurements: smooth, with 16 bits of noise
                data[first:end] = (numpy.sin(numpy.arange(first, end) * 1e-4)
                                   + random.integers(0, 1 << 16, end - first) * 2.0**-20)
            return
        for name in ("x", "y") if what == "whole" else ("x",):
            data = file.create_dataset(name, (count,), "i8" if what == "whole" else "f8")
            for first, end in blocks(count):
                data[first:end] = (random.integers(-10**6, 10**6, end - first)
                                   if what == "whole" else random.random(end - first))


def roots(source, target):
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        x = old["x"]
        y = new.create_dataset("y", x.shape, x.dtype)
        for first, end in blocks(len(x)):
            part = x[first:end]
            y[first:end] = numpy.sqrt(part * part + 1)


def read(source):
    with h5py.File(source) as file:
        x = file["x"]
        for first, end in blocks(len(x)):
            x[first:end]


def offset(source):
    with h5py.File(source) as file:
        print(file["x"].id.get_offset())


def main():
    what, *rest = sys.argv[1:]
    if what in ("make", "whole", "packed"):
        make(what, rest[0], int(rest[1]))
        return
    start = time.monotonic()
    {"roots": roots, "read": read, "offset": offset}[what](*rest)
    if what != "offset":
        print(json.dumps({"seconds": time.monotonic() - start}))


main()
