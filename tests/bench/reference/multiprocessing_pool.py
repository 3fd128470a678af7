"""multiprocessing_pool.py WHAT PROCESSES COUNT: the same with multiprocessing and threading.

apply: the round trip of Pool.apply, median of COUNT; unordered: COUNT tasks that do nothing, one by
one through imap_unordered; map: the cubes of COUNT numbers; terminate: COUNT tasks of 1 s wait;
start: a Process, a Thread, started and joined, median of COUNT.
"""
import json
import statistics
import sys
import threading
import time
from multiprocessing import Pool, Process


def same(x):
    return x


def cube(x):
    return x * x * x


def median_ns(count, call):
    times = []
    for _ in range(count):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times)


def apply(pool, count):
    return {"ns": median_ns(count, lambda: pool.apply(same, (0,)))}


def unordered(pool, count):
    start = time.monotonic()
    for _ in pool.imap_unordered(same, range(count)):
        pass
    return {"all": count / (time.monotonic() - start)}


def map_cubes(pool, count):
    numbers = list(range(count))
    start = time.monotonic()
    pool.map(cube, numbers)
    return {"seconds": time.monotonic() - start}


def terminate(pool, count):
    for _ in range(count):
        pool.apply_async(time.sleep, (1,))
    start = time.monotonic()
    pool.terminate()
    pool.join()
    return {"seconds": time.monotonic() - start}


def start_and_join(kind):
    child = kind(target=same, args=(0,))
    child.start()
    child.join()


def start(_, count):
    return {"process": median_ns(count, lambda: start_and_join(Process)),
            "thread": median_ns(count, lambda: start_and_join(threading.Thread))}


WHAT = {"apply": apply, "unordered": unordered, "map": map_cubes, "terminate": terminate,
        "start": start}


def main():
    what, processes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with Pool(processes) as pool:
        pool.map(same, range(100 * processes), chunksize=1)
        print(json.dumps(WHAT[what](pool, count)))


if __name__ == "__main__":
    main()
