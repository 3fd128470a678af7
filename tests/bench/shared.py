"""The group `shared`: what ranks share, beside bare MPI, pthreads, Python and Global Arrays."""
import statistics
import sys

from report import DIFFERENCE, OURS, RATIO, at_least, at_most
from toolchain import REFERENCE, CannotRun, build_global_arrays, build_group, run

STOCK, SM = "stock", "osc=sm"  # how Open MPI makes its windows: as it is installed, and as told
CURE = "sm,pt2pt"  # what parmap chooses where it is installed as Debian does

# What each operation needs, in verbs of comm/window.h, as the sources of share/ say.  Lock and
# semaphore stand for an acquire and a release, queue for a put and a get of what was put.
PUT = ["compare_swap", "get 32", "put 16", "add", "compare_swap"]
GET = ["compare_swap", "get 32", "load", "get 64", "add", "compare_swap"]
VERBS = {
    "value add": ["add"],
    "value load": ["load"],
    "lock": ["compare_swap", "compare_swap"],
    "semaphore": ["load", "compare_swap", "store", "add"],
    "event is_set": ["load"],
    "slice of 8": ["get 8"],
    "slice of 4096": ["get 4096"],
    "queue": PUT + GET,
}


def windows(mpi):
    """The backends that can be had with this MPI: name -> settings."""
    found = {"shm": {"PARMAP_WINDOW": "shm"}, "rma": {"PARMAP_WINDOW": "rma"}}
    if mpi.name == "openmpi":
        found["rma/pt2pt"] = {"PARMAP_WINDOW": "rma", "OMPI_MCA_osc": "pt2pt"}
    found["msg"] = {"PARMAP_WINDOW": "msg"}
    return found


def as_parmap_sets(mpi, settings):
    """The environment in which bare MPI makes the same window as parmap."""
    own = {name: value for name, value in settings.items() if name.startswith("OMPI_")}
    return own or ({"OMPI_MCA_osc": CURE} if mpi.name == "openmpi" else {})


class Runs:
    """Starts the programs of a group; each answers with a Sample."""

    def __init__(self, bench, mpi, group="shared"):
        self.bench, self.mpi, self.group = bench, mpi, group

    def ours(self, ranks, settings, program, *args):
        command = self.mpi.launch(ranks, [self.mpi.built_here(self.group, program), *args])
        return lambda: run(command, 1, settings)

    def theirs(self, ranks, settings, program, *args):
        command = self.mpi.launch(ranks, [self.mpi.reference(program), *args])
        return lambda: run(command, 1, settings)

    def python(self, what, processes, full, quick, script="multiprocessing_objects.py"):
        command = [sys.executable, REFERENCE / script, what, processes,
                   self.bench.size(full, quick)]
        return lambda: run(command)


def said(samples, name, scale=1.0):
    return [scale * sample.said(name) for sample in samples]


def ns(samples, name):
    return [1e9 / per_second for per_second in said(samples, name)]


# ---- shm: adding to a value ---------------------------------------------------------------------


def mpi_adds(mpi, runs, seconds):
    """label -> run of MPI_Fetch_and_op; what is stock depends on the MPI."""
    if mpi.name != "openmpi":
        return {"Fetch_and_op": runs.theirs(2, None, "contend", "fetch_and_op", seconds)}
    return {f"Fetch_and_op, {label}": runs.theirs(2, settings, "contend", "fetch_and_op",
                                                  seconds)
            for label, settings in ((STOCK, None), (SM, {"OMPI_MCA_osc": "sm"}))}


def adds(bench, mpi):
    runs, shm, seconds = Runs(bench, mpi), {"PARMAP_WINDOW": "shm"}, bench.seconds
    them = mpi_adds(mpi, runs, seconds)
    todo = {"q": runs.ours(2, shm, "contend", "q", seconds),
            "i": runs.ours(2, shm, "contend", "i", seconds),
            "C11 atomic": runs.theirs(2, None, "contend", "atomic", seconds), **them,
            "Python's Value": runs.python("value", 2, 100_000, 20_000)}
    if build_global_arrays(mpi):
        todo["NGA_Read_inc"] = runs.theirs(2, None, "read_inc", seconds)
    else:
        bench.skip(f"shared, {mpi.name}, NGA_Read_inc: no Global Arrays for it")
    samples = bench.rounds(5, todo)
    for name, who in (("one", "by 1 rank"), ("all", "by 2 ranks")):
        add_adds(bench, f"shared, {mpi.name}, add {who}", samples, name)


def add_adds(bench, title, samples, name):
    def beside(label, goal, ours="q"):
        text = f"{title} / {label}" if ours == "q" else f"{title}, {ours} / {label}"
        bench.add(text, "M/s", said(samples[ours], name, 1e-6),
                  said(samples[label], name, 1e-6), goal)

    beside("C11 atomic", at_least(1 / 3))
    beside("C11 atomic", at_least(1 / 3), "i")
    for label in samples:
        if label.startswith("Fetch_and_op"):
            # Contended, the bare C11 atomic itself is hardly ten times as fast as stock Open MPI.
            stock = at_least(10) if name == "one" or STOCK not in label else None
            beside(label, at_least(2) if SM in label else stock)
    beside("Python's Value", at_least(10))
    if "NGA_Read_inc" in samples:
        beside("NGA_Read_inc", None)


# ---- shm: locks ---------------------------------------------------------------------------------


def locks(bench, mpi):
    runs, shm, seconds = Runs(bench, mpi), {"PARMAP_WINDOW": "shm"}, bench.seconds
    for ranks in (2, 8):
        samples = bench.rounds(5, {
            "ours": runs.ours(ranks, shm, "contend", "lock", seconds),
            "pthread mutex": runs.theirs(ranks, None, "contend", "mutex", seconds),
            "MPI_Win_lock": runs.theirs(ranks, None, "contend", "win_lock", seconds),
            "Python's Lock": runs.python("lock", ranks, 100_000 // ranks, 10_000 // ranks)})
        if ranks == 2:
            add_locks(bench, mpi, "by 1 rank", samples, "one", at_most(40))
        add_locks(bench, mpi, f"by {ranks} ranks", samples, "all",
                  at_most(100 if ranks == 2 else 1000))


def add_locks(bench, mpi, who, samples, name, goal):
    for label in ("pthread mutex", "MPI_Win_lock", "Python's Lock"):
        bench.add(f"shared, {mpi.name}, lock {who} / {label}", "ns", ns(samples["ours"], name),
                  ns(samples[label], name), goal, by=OURS if goal else RATIO)
        goal = None  # it is on ours alone


# ---- shm: queues and pipes ----------------------------------------------------------------------


def queues(bench, mpi):
    runs, shm = Runs(bench, mpi), {"PARMAP_WINDOW": "shm"}
    for pairs, goal in ((1, at_least(5)), (2, at_least(2))):
        items = bench.size(400_000, 50_000) // pairs
        samples = bench.rounds(5, {
            "of 1000": runs.ours(2 * pairs, shm, "queue", pairs, 1000, items),
            "unbounded": runs.ours(2 * pairs, shm, "queue", pairs, 0, items),
            "python": runs.python("queue", 2 * pairs, 40_000 // pairs, 10_000 // pairs)})
        for kind in ("of 1000", "unbounded"):
            bench.add(f"shared, {mpi.name}, queue {kind}, {pairs} to {pairs} / Python's", "M/s",
                      said(samples[kind], "all", 1e-6), said(samples["python"], "all", 1e-6),
                      goal, by=OURS)


def pipes(bench, mpi):
    runs, seconds = Runs(bench, mpi), bench.seconds
    samples = bench.rounds(5, {
        "ours": runs.ours(2, {"PARMAP_WINDOW": "shm"}, "pipe", seconds),
        "mpi": runs.theirs(2, as_parmap_sets(mpi, {}), "calls", seconds / 10),
        "python": runs.python("pipe", 2, 5000, 1000)})
    ours = said(samples["ours"], "ping")
    bench.add(f"shared, {mpi.name}, pipe, there and back / MPI", "ns", ours,
              said(samples["mpi"], "ping 8"))
    bench.add(f"shared, {mpi.name}, pipe, there and back / Python's", "ns", ours,
              ns(samples["python"], "all"))


# ---- rma and msg: objects of another rank -------------------------------------------------------


def bare_calls(verbs, window):
    """The names under which calls.c tells what these verbs cost."""
    if window != "msg":
        return verbs
    return ["ping 4096" if verb == "get 4096" else "ping 64" for verb in verbs]


def operations(bench, mpi):
    runs, seconds = Runs(bench, mpi), bench.seconds / 5
    for window, settings in windows(mpi).items():
        if window == "shm":
            continue
        samples = bench.rounds(5, {
            "ours": runs.ours(2, settings, "operations", seconds),
            "calls": runs.theirs(2, as_parmap_sets(mpi, settings), "calls", seconds)})
        for name, verbs in VERBS.items():
            calls = bare_calls(verbs, window)
            bare = [sum(sample.said(call) for call in calls) for sample in samples["calls"]]
            add_operation(bench, f"shared, {mpi.name}, {window}, {name} / {len(calls)} call"
                          f"{'s'[:len(calls) - 1]}", said(samples["ours"], name), bare, len(calls))


def add_operation(bench, title, ours, bare, calls):
    if statistics.median(bare) / calls > 500:
        bench.add(title, "ns", ours, bare, at_most(1.3))
    else:
        bench.add(title, "ns", ours, bare, at_most(60 * calls), by=DIFFERENCE)


# ---- all windows: a rank that computes, a rank that waits ---------------------------------------


def stalls(bench, mpi):
    runs, seconds = Runs(bench, mpi), 2 if not bench.quick else 0.5
    for window, settings in windows(mpi).items():
        samples = bench.rounds(2, {
            "ours": runs.ours(2, settings, "stall", seconds),
            "mpi": runs.theirs(2, as_parmap_sets(mpi, settings), "stall", seconds)}, quick=1)
        for what in ("add", "lock", "get"):
            bench.add(f"shared, {mpi.name}, {window}, {what} at one that computes", "ms",
                      said(samples["ours"], what), said(samples["mpi"], "add"), at_most(5),
                      by=OURS)


def idleness(bench, mpi):
    runs, seconds = Runs(bench, mpi), 5 if not bench.quick else 1
    for window, settings in windows(mpi).items():
        samples = bench.rounds(1, {"ours": runs.ours(4, settings, "idle", seconds)}, quick=1)
        for what in ("lock", "queue", "barrier", "home"):
            goal = at_most(2 if window == "shm" else 4) if what != "home" else None
            bench.add(f"shared, {mpi.name}, {window}, idle, {what}", "%",
                      said(samples["ours"], what), goal=goal, by=OURS)


def measure_parts(bench, mpi, group, parts):
    """One that cannot run does not stop the others."""
    build_group(mpi, group)
    for part in parts:
        try:
            part(bench, mpi)
        except CannotRun as error:
            bench.problem(f"{group}, {mpi.name}, {part.__name__}: {error}")


def shared(bench, mpi):
    measure_parts(bench, mpi, "shared",
                  (adds, locks, queues, pipes, operations, stalls, idleness))
