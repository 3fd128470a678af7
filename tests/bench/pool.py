"""The group `pool`: processes, threads and pools, beside bare MPI, OpenMP, pthreads and Python."""
import sys

from report import OURS, at_least, at_most, rates
from shared import Runs, as_parmap_sets, measure_parts, said
from toolchain import REFERENCE, has_module, mpi4py_is_of, run

ONE_EACH = {"PARMAP_WINDOW": "shm"}  # and one thread: see Runs
TWO_THREADS = {**ONE_EACH, "OMP_NUM_THREADS": "2"}
LARGE_HEAP = {**ONE_EACH, "PARMAP_HEAP": "256M"}


def python_pool(runs, what, full, quick):
    return runs.python(what, 2, full, quick, "multiprocessing_pool.py")


def add_mpi4py(todo, bench, mpi, what, count):
    """As many workers as ranks of ours; one rank more gives them the tasks."""
    if not has_module("mpi4py"):
        bench.skip("mpi4py.futures: not installed")
    elif mpi4py_is_of(mpi):
        command = mpi.launch(3, [sys.executable, "-m", "mpi4py.futures",
                                 REFERENCE / "mpi4py_pool.py", what, count])
        todo["mpi4py.futures"] = lambda: run(command)


# ---- one task, there and back -------------------------------------------------------------------


def applies(bench, mpi):
    runs, seconds = Runs(bench, mpi, "pool"), bench.seconds
    todo = {"size 2": runs.ours(2, ONE_EACH, "apply", 2, seconds),
            "size default": runs.ours(2, ONE_EACH, "apply", 0, seconds),
            "MPI": runs.theirs(2, as_parmap_sets(mpi, {}), "calls", seconds / 10),
            "Pool.apply": python_pool(runs, "apply", 5000, 500)}
    add_mpi4py(todo, bench, mpi, "apply", bench.size(1000, 200))
    samples = bench.rounds(5, todo)
    title = f"pool, {mpi.name}, apply"
    for size in ("size 2", "size default"):
        bench.add(f"{title}, {size} / MPI", "us", in_us(samples[size]),
                  in_us(samples["MPI"], "ping 8"), at_most(3))
        bench.add(f"{title}, {size}, on other ranks", "%", said(samples[size], "elsewhere"),
                  by=OURS)
    for label in ("Pool.apply", "mpi4py.futures"):
        if label in samples:
            bench.add(f"{title} / {label}", "us", in_us(samples["size default"]),
                      in_us(samples[label]))


def in_us(samples, name="ns"):
    return said(samples, name, 1e-3)


def crowded_applies(bench, mpi):
    """More ranks than cores.  The mean counts every wait for a core, the median hides the few."""
    runs = Runs(bench, mpi, "pool")
    samples = bench.rounds(5, {"ours": runs.ours(8, ONE_EACH, "apply", 0, bench.seconds)})
    title = f"pool, {mpi.name}, apply, 8 ranks"
    bench.add(title, "us", in_us(samples["ours"]), goal=at_most(100), by=OURS)
    bench.add(f"{title}, mean", "us", in_us(samples["ours"], "mean"), goal=at_most(100), by=OURS)


# ---- many tasks, one by one ---------------------------------------------------------------------


def empty_tasks(bench, mpi):
    runs, count = Runs(bench, mpi, "pool"), bench.size(1e6, 1e5)
    todo = {source: runs.ours(2, ONE_EACH, "tasks", source, count) for source in ("array", "next")}
    todo["Pool.imap_unordered"] = python_pool(runs, "unordered", 50_000, 5000)
    add_mpi4py(todo, bench, mpi, "unordered", bench.size(5000, 1000))
    samples = bench.rounds(5, todo)
    title = f"pool, {mpi.name}, tasks"
    for source, goal in (("array", at_least(1)), ("next", None)):
        bench.add(f"{title}, {source} / Pool.imap_unordered", "M/s",
                  said(samples[source], "all", 1e-6),
                  said(samples["Pool.imap_unordered"], "all", 1e-6), goal, by=OURS)
    if "mpi4py.futures" in samples:
        bench.add(f"{title}, array / mpi4py.futures", "M/s", said(samples["array"], "all", 1e-6),
                  said(samples["mpi4py.futures"], "all", 1e-6))


# ---- numbers in memory --------------------------------------------------------------------------

# Where the arrays are, ranks x threads, how to run it; goals of a kernel beside OpenMP, Pool.map
PLACES = (("private", "1x2", 1, TWO_THREADS, at_least(0.9), at_least(100)),
          ("shared", "2x1", 2, LARGE_HEAP, at_least(0.7), at_least(100)),
          ("private", "2x1", 2, ONE_EACH, None, None))


def cubes(bench, mpi):
    runs, items, times = Runs(bench, mpi, "pool"), 10_000_000, 15
    few = bench.size(1e6, 1e5)  # for Python
    todo = {(how, memory, who): runs.ours(ranks, settings, "cubes", how, memory, items, times)
            for how in ("kernel", "task") for memory, who, ranks, settings, *_ in PLACES}
    todo["OpenMP"] = runs.theirs(1, {"OMP_NUM_THREADS": "2"}, "cubes", items, times)
    todo["Pool.map"] = python_pool(runs, "map", few, few)
    samples = bench.rounds(7, todo)
    python = rates(few * 1e-6, samples["Pool.map"])
    for how, memory, who in (label for label in samples if isinstance(label, tuple)):
        ours = rates(items * 1e-6, samples[how, memory, who])
        goals = next(place[4:] for place in PLACES if place[:2] == (memory, who))
        goals = goals if how == "kernel" else (None, None)
        title = f"pool, {mpi.name}, cubes {who} {memory}, {how}"
        bench.add(f"{title} / OpenMP", "M/s", ours, rates(items * 1e-6, samples["OpenMP"]),
                  goals[0])
        bench.add(f"{title} / Pool.map", "M/s", ours, python, goals[1])


# ---- items of unequal cost ----------------------------------------------------------------------


def irregular(bench, mpi):
    runs, seconds = Runs(bench, mpi, "pool"), 1 if not bench.quick else 0.2
    layouts = {"1x2": (1, TWO_THREADS), "2x1": (2, ONE_EACH)}  # ranks x threads
    todo = {who: runs.ours(ranks, settings, "irregular", 5000, seconds)
            for who, (ranks, settings) in layouts.items()}
    todo["OpenMP"] = runs.theirs(1, {"OMP_NUM_THREADS": "2"}, "irregular", 5000, seconds)
    samples = bench.rounds(5, todo)
    for who in layouts:
        for shape in ("uniform", "rising", "falling", "random", "giant"):
            bench.add(f"pool, {mpi.name}, {who}, efficiency, {shape} / OpenMP", "",
                      said(samples[who], shape), said(samples["OpenMP"], shape), at_least(0.95),
                      by=OURS)


# ---- starts and ends ----------------------------------------------------------------------------


def starts(bench, mpi):
    runs = Runs(bench, mpi, "pool")
    samples = bench.rounds(5, {
        "ours": runs.ours(2, ONE_EACH, "start", bench.seconds),
        "pthread": runs.theirs(0, None, "threads", bench.seconds),
        "Python's": python_pool(runs, "start", 200, 50)})
    for what, label in (("thread", "pthread"), ("thread", "Python's"), ("process", "Python's")):
        bench.add(f"pool, {mpi.name}, start + join of a {what} / {label}", "us",
                  in_us(samples["ours"], what), in_us(samples[label], what))


def terminates(bench, mpi):
    runs = Runs(bench, mpi, "pool")
    samples = bench.rounds(5, {"ours": runs.ours(2, ONE_EACH, "terminate", 10_000),
                               "python": python_pool(runs, "terminate", 10_000, 10_000)})
    bench.add(f"pool, {mpi.name}, terminate, 10,000 tasks wait / Python's", "s",
              said(samples["ours"], "seconds"), said(samples["python"], "seconds"), by=OURS)


def pool(bench, mpi):
    measure_parts(bench, mpi, "pool",
                  (applies, crowded_applies, empty_tasks, cubes, irregular, starts, terminates))
