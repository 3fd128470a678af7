"""What is measured: one function per group, one `bench.add` per line of the table."""
import sys

from durable import durable
from files import run_into_file
from mapping import mapping
from pool import pool
from report import DIFFERENCE, RATIO, at_least, at_most, rates
from shared import shared
from toolchain import REFERENCE, has_module, mpi4py_is_of, peak_kib, run


# ---- compute ------------------------------------------------------------------------------------


def compute(bench, mpi):
    items = bench.size(1e9, 2e8)
    for name, ranks, threads in (("1 thread", 0, 1), ("2 threads", 0, 2),
                                 ("1 rank", 1, 1), ("2 ranks", 2, 1)):
        ours = mpi.launch(ranks, [mpi.ours("squares"), "--range", f"1..{items}",
                                  "--output", "none", "--checksum", "off", "--quiet",
                                  "--summary", "json", "--threads", threads])
        theirs = mpi.launch(ranks, [mpi.reference("compute"), items])
        samples = bench.rounds(9, {"ours": lambda c=ours, t=threads: run(c, t),
                                   "reference": lambda c=theirs, t=threads: run(c, t)})
        for suffix, whole, goal in (("", False, at_least(0.9)), (", whole process", True, None)):
            bench.add(f"compute, {mpi.name}, {name}{suffix}", "GB/s",
                      rates(items * 8e-9, samples["ours"], whole),
                      rates(items * 8e-9, samples["reference"], whole), goal)


# ---- write --------------------------------------------------------------------------------------

OURS = {"checksum off": (["--checksum", "off"], at_least(0.9)),
        "default": ([], at_least(0.85)),
        "--stats": (["--stats"], at_least(0.75))}


def write_commands(bench, mpi, items):
    """label -> function of the path -> command line"""
    commands = {"reference": lambda path: [mpi.reference("write"), items, path]}
    for label, (flags, _) in OURS.items():
        commands[label] = lambda path, flags=flags: [
            mpi.ours("squares"), "--range", f"1..{items}", "--output", path, "--quiet",
            "--summary", "json", "--threads", 1, *flags]
    if mpi.h5pcc:
        for how in ("collective", "independent"):
            commands[how] = lambda path, how=how: [mpi.reference("hdf5"), items, path, how]
    else:
        bench.skip(f"write, {mpi.name}, parallel HDF5: no h5pcc")
    return commands


def write(bench, mpi):
    items = bench.size(2.5e8, 5e7)
    for ranks in (1, 2):
        runs = {label: lambda command=command: run_into_file(
                    bench, mpi, items * 8,
                    lambda path: mpi.launch(0 if ranks == 1 else ranks, command(path)), 1)
                for label, command in write_commands(bench, mpi, items).items()}
        samples = bench.rounds(7, runs)
        add_write_figures(bench, f"write, {mpi.name}, {ranks} rank{'s'[:ranks - 1]}", items * 8e-9,
                          samples)


def add_write_figures(bench, name, gigabytes, samples):
    reference = rates(gigabytes, samples["reference"])
    for label, (_, goal) in OURS.items():
        bench.add(f"{name}, {label}", "GB/s", rates(gigabytes, samples[label]), reference, goal)
    bench.add(f"{name}, checksum off, whole process", "GB/s",
              rates(gigabytes, samples["checksum off"], whole=True),
              rates(gigabytes, samples["reference"], whole=True))
    for how in ("collective", "independent"):
        if how in samples:
            bench.add(f"{name}, beside {how} HDF5", "GB/s",
                      rates(gigabytes, samples["checksum off"]), rates(gigabytes, samples[how]))


# ---- start-up -----------------------------------------------------------------------------------


def start_up(bench, mpi):
    def ours(ranks):
        output = bench.fresh("cubemap.h5")
        return run(mpi.launch(ranks, [mpi.ours("cubemap"), "--range", "1..10", "--output",
                                      output, "--force"]))

    for ranks, name in ((0, "alone"), (8, "8 ranks")):
        samples = bench.rounds(15, {
            "ours": lambda r=ranks: ours(r),
            "reference": lambda r=ranks: run(mpi.launch(r, [mpi.reference("bare")]))})
        in_ms = {label: [1e3 * s.wall_s for s in runs] for label, runs in samples.items()}
        bench.add(f"start-up, {mpi.name}, {name}", "ms", in_ms["ours"], in_ms["reference"],
                  at_most(1.3) if ranks else at_most(10), by=RATIO if ranks else DIFFERENCE)


# ---- memory -------------------------------------------------------------------------------------


def peak_mib(bench, mpi, ranks, command):
    path = bench.fresh("squares.h5")
    command = [path if part == "FILE" else part for part in command]
    sample = run(mpi.launch(ranks, [mpi.reference("peak"), *command]))
    path.unlink(missing_ok=True)
    return peak_kib(sample.output) / 1024


def memory(bench, mpi):
    large, large_file = bench.size(1e9, 1e8), bench.size(1e8, 1e7)
    for ranks, name in ((0, "alone"), (2, "2 ranks")):
        bare = [mpi.reference("bare")]
        commands = {"bare": bare}
        for items, output in ((10**6, "none"), (large, "none"), (10**6, "FILE"),
                              (large_file, "FILE")):
            commands[output, items] = [mpi.ours("squares"), "--range", f"1..{items}",
                                       "--output", output, "--quiet"]
        samples = bench.rounds(5, {label: lambda c=command, r=ranks: peak_mib(bench, mpi, r, c)
                                   for label, command in commands.items()})
        add_memory_figures(bench, f"memory, {mpi.name}, {name}", samples, large, large_file)


def add_memory_figures(bench, name, samples, large, large_file):
    for output, text, most in (("none", "no output", large), ("FILE", "file", large_file)):
        for items in (10**6, most):
            bench.add(f"{name}, {text}, {items:.0e} over bare".replace("e+0", "e"), "MiB",
                      samples[output, items], samples["bare"], at_most(32), by=DIFFERENCE)
        bench.add(f"{name}, {text}, {most:.0e} over 1e6".replace("e+0", "e"), "MiB",
                  samples[output, most], samples[output, 10**6], at_most(1), by=DIFFERENCE)


# ---- python -------------------------------------------------------------------------------------


def beside(bench, mpi, name, ranks, flags, items, theirs):
    """Whole processes: cubemap with these flags and something in Python, elements per second."""
    def ours():
        return run(mpi.launch(ranks, [mpi.ours("cubemap"), "--range", f"1..{items}",
                                      "--output", bench.fresh("cubemap.h5"), *flags]))

    samples = bench.rounds(5, {"ours": ours, "reference": lambda: run(theirs())})
    bench.add(f"python, {mpi.name}, {name}", "M/s", rates(items * 1e-6, samples["ours"], True),
              rates(items * 1e-6, samples["reference"], True))


def python(bench, mpi):
    items = bench.size(1e7, 1e6)
    script = [sys.executable, REFERENCE / "pool_map.py", items]
    beside(bench, mpi, "multiprocessing Pool.map", 0, ["--type", "int128"], items, lambda: script)
    if has_module("numpy") and has_module("h5py"):
        beside(bench, mpi, "numpy + h5py", 0, ["--type", "float64", "--allow-rounding"], items,
               lambda: [sys.executable, REFERENCE / "numpy_h5py.py", items, bench.fresh("np.h5")])
    else:
        bench.skip("numpy + h5py: not installed")
    if not has_module("mpi4py"):
        bench.skip("mpi4py.futures: not installed")
    elif mpi4py_is_of(mpi):
        script = mpi.launch(3, [sys.executable, "-m", "mpi4py.futures",
                                REFERENCE / "mpi4py_map.py", items])
        beside(bench, mpi, "mpi4py.futures, 2 workers", 2, ["--type", "int128"], items,
               lambda: script)


GROUPS = {"compute": compute, "write": write, "startup": start_up, "memory": memory,
          "python": python, "shared": shared, "pool": pool, "durable": durable, "map": mapping}
