"""mpi4py_map.py N, under `python3 -m mpi4py.futures`: the same over MPI ranks, in 8 chunks."""
import sys

from mpi4py.futures import MPIPoolExecutor


def cube(x):
    return x * x * x


if __name__ == "__main__":
    items = int(sys.argv[1])
    with MPIPoolExecutor() as executor:
        for _ in executor.map(cube, range(items), chunksize=-(-items // 8)):
            pass
