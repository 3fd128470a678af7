"""mpi4py_pool.py WHAT COUNT, under `python3 -m mpi4py.futures`: the same over MPI ranks.

apply: the round trip of submit().result(), median of COUNT; unordered: COUNT tasks that do nothing,
one by one through map(unordered=True).
"""
import json
import statistics
import sys
import time

from mpi4py.futures import MPIPoolExecutor


def same(x):
    return x


def apply(executor, count):
    times = []
    for _ in range(count):
        start = time.perf_counter_ns()
        executor.submit(same, 0).result()
        times.append(time.perf_counter_ns() - start)
    return {"ns": statistics.median(times)}


def unordered(executor, count):
    start = time.monotonic()
    for _ in executor.map(same, range(count), chunksize=1, unordered=True):
        pass
    return {"all": count / (time.monotonic() - start)}


def main():
    what, count = sys.argv[1], int(sys.argv[2])
    with MPIPoolExecutor() as executor:
        list(executor.map(same, range(100)))
        found = (apply if what == "apply" else unordered)(executor, count)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
