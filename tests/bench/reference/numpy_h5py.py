"""numpy_h5py.py N FILE: the cubes of 1..N as float64 into HDF5, the way of numpy and h5py."""
import sys

import h5py
import numpy

x = numpy.arange(1, int(sys.argv[1]) + 1, dtype=numpy.float64)
with h5py.File(sys.argv[2], "w") as file:
    file["cubes"] = x * x * x
