"""The group `map`: formulas beside built-in kernels, and maps over data sets."""
import shutil
import sys

from files import run_into_file
from report import DIFFERENCE, OURS, at_least, at_most, rates
from shared import said
from toolchain import REFERENCE, build_group, has_module, run

FULL, CHECKED = at_least(0.95), at_least(0.3)  # of the plain kernel that is built in
QUIET = ["--quiet", "--summary", "json"]
DROPPED = ["--output", "none", "--checksum", "off", *QUIET]
REAL = ["--type", "float64", "--allow-rounding"]
ARCH = ["x*(6000000000-x)", "--range", "1600000000..4500000000"]  # outside what can be proved
SCRIPT = [sys.executable, REFERENCE / "h5py_map.py"]


class Cache:
    """Where compiled formulas are kept: never the user's own folder."""

    def __init__(self, bench, mpi):
        self.folder = bench.scratch / f"cache-{mpi.name}"
        self.settings = {"PARMAP_CACHE": str(self.folder)}

    def clear(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)

    def run(self, command, threads=1):
        return run(command, threads, self.settings)


# ---- loops --------------------------------------------------------------------------------------


def loops(bench, mpi, cache):
    """The loops alone, both in one process: kernel, words of `parmap compile`, goal."""
    whole = bench.scratch / "whole.h5"
    kernels = [("cube", ["x*x*x", "--range", "-2097152..2097151"], FULL),
               ("real_cube", ["x*x*x", *REAL], FULL),
               ("root", ["sqrt(x*x+1)", *REAL], FULL),
               ("wave", ["sin(x)*exp(-x*1e-9)", *REAL], FULL),
               ("arch", ARCH, CHECKED),
               ("real_cube of items", ["x*x*x", *REAL], FULL),
               ("root of items", ["sqrt(x*x+1)", *REAL], FULL)]
    if whole.exists():
        kernels.append(("product of items", ["x*y+x", *inputs(whole, "x", "y")], CHECKED))
    for name, words, goal in kernels:
        module = bench.fresh("formula.so")
        cache.run([mpi.ours("parmap"), "compile", *words, "-o", module])
        samples = bench.rounds(7, {"both": lambda name=name, module=module: run(
            [mpi.built_here("map", "loops"), module, name, 3 * bench.seconds])})["both"]
        bench.add(f"map, {mpi.name}, loop, {name}", "G/s", said(samples, "formula"),
                  said(samples, "built_in"), goal)


# ---- whole programs -----------------------------------------------------------------------------


def programs(bench, mpi, cache):
    """`parmap map` of a formula, and the program that has the same kernel built in."""
    many = bench.size(1e9, 2e8)
    arch_step = bench.size(29, 290)
    by_range = [("x*x", mpi.ours("squares"), ["--range", f"1..{many}"], FULL),
                ("x*x*x", mpi.ours("cubemap"), ["--range", f"1..{many}", *REAL], FULL),
                ("sqrt(x*x+1)", mpi.built_here("map", "root"), ["--range", f"1..{many}", *REAL],
                 FULL),
                (ARCH[0], mpi.built_here("map", "arch"),
                 ["--range", f"{ARCH[2]}:{arch_step}"], CHECKED)]
    whole = bench.scratch / "whole.h5"
    if whole.exists():
        by_range.append(("x*y+x", mpi.built_here("map", "product"), inputs(whole, "x", "y"),
                         CHECKED))
    for formula, program, options, goal in by_range:
        for threads in (1, 2):
            options = [*options, *DROPPED, "--threads", threads]
            samples = bench.rounds(9, {
                "ours": lambda f=formula, o=options: cache.run(
                    [mpi.ours("parmap"), "map", f, *o], None),
                "reference": lambda p=program, o=options: run([p, *o])})
            items = samples["ours"][0].said("elements")
            title = f"map, {mpi.name}, {formula}, {threads} thread{'s'[:threads - 1]}"
            for suffix, by_wall in (("", False), (", whole process", True)):
                bench.add(title + suffix, "G/s", rates(items * 1e-9, samples["ours"], by_wall),
                          rates(items * 1e-9, samples["reference"], by_wall), goal)


# ---- starting -----------------------------------------------------------------------------------


def ms(samples):
    return [1e3 * sample.wall_s for sample in samples]


def starting(bench, mpi, cache):
    def ours(formula, ranks, cold=False):
        if cold:
            cache.clear()
        output = bench.fresh("map.h5")
        return cache.run(mpi.launch(ranks, [mpi.ours("parmap"), "map", formula, "--range",
                                            "1..10", "--output", output, "--quiet"]))

    def built_in(ranks):
        output = bench.fresh("cubemap.h5")
        return run(mpi.launch(ranks, [mpi.ours("cubemap"), "--range", "1..10", "--output", output,
                                      "--quiet"]), 1)

    for formula in ("x*x*x", "sqrt(x*x+1)", ARCH[0]):
        samples = bench.rounds(9, {"cold": lambda f=formula: ours(f, 0, cold=True)})
        bench.add(f"map, {mpi.name}, {formula}, first compile and run", "s",
                  [sample.wall_s for sample in samples["cold"]], goal=at_most(1), by=OURS)
    for ranks, name in ((0, "alone"), (2, "2 ranks")):
        ours("x*x*x", ranks)
        samples = bench.rounds(21, {"ours": lambda r=ranks: ours("x*x*x", r),
                                    "reference": lambda r=ranks: built_in(r)})
        bench.add(f"map, {mpi.name}, cached start, {name}", "ms", ms(samples["ours"]),
                  ms(samples["reference"]), at_most(20), by=DIFFERENCE)


# ---- over data sets -----------------------------------------------------------------------------


def inputs(path, *names):
    return [word for name in names for word in ("--input", f"{path}:/{name}")]


def over_data(bench, mpi, cache):
    """1e8 numbers to as many: streamed from a file in memory to another."""
    count = bench.size(1e8, 1e7)
    source = bench.fresh("source.h5")
    run([*SCRIPT, "make", source, count])
    offset = run([*SCRIPT, "offset", source]).output.strip()
    for ranks, threads, name in ((0, 1, "1 thread"), (0, 2, "2 threads"), (2, 1, "2 ranks")):
        def into_file(command, ranks=ranks, threads=threads):
            return run_into_file(
                bench, mpi, count * 8,
                lambda path: mpi.launch(ranks, [path if word == "FILE" else word
                                                for word in command]), threads, cache.settings)

        ours = [mpi.ours("parmap"), "map", "sqrt(x*x+1)", *inputs(source, "x"), "--output",
                "FILE", *QUIET, "--threads", threads]
        commands = {"default": ours, "checksum off": [*ours, "--checksum", "off"],
                    "reference": [mpi.reference("stream"), source, offset, count, "FILE"]}
        if threads == 1 and ranks == 0:
            commands["numpy + h5py"] = [*SCRIPT, "roots", source, "FILE"]
        samples = bench.rounds(7, {label: lambda c=command: into_file(c)
                                   for label, command in commands.items()})
        speed = {label: rates(count * 16e-9, runs) for label, runs in samples.items()}
        title = f"map, {mpi.name}, over {count:.0e} float64, {name}".replace("e+0", "e")
        for label in ("default", "checksum off"):
            bench.add(f"{title}, {label}", "GB/s", speed[label], speed["reference"], at_least(0.8))
        if "numpy + h5py" in speed:
            bench.add(f"{title} / numpy + h5py", "GB/s", speed["default"], speed["numpy + h5py"])
    source.unlink()


def compressed(bench, mpi, cache):
    """gzip and shuffle: both only read."""
    count = bench.size(2e7, 4e6)
    packed = bench.fresh("packed.h5")
    run([*SCRIPT, "packed", packed, count])
    for threads in (1, 2):
        command = [mpi.ours("parmap"), "map", "x", *inputs(packed, "x"), *DROPPED, "--threads",
                   threads]
        samples = bench.rounds(7, {"ours": lambda c=command: cache.run(c, None),
                                   "h5py": lambda: run([*SCRIPT, "read", packed])})
        bench.add(f"map, {mpi.name}, gzip + shuffle, {threads} thread{'s'[:threads - 1]} / h5py",
                  "GB/s", rates(count * 8e-9, samples["ours"]),
                  rates(count * 8e-9, samples["h5py"]), at_least(1.5) if threads == 2 else None)
    packed.unlink()


def mapping(bench, mpi):
    build_group(mpi, "map")
    cache = Cache(bench, mpi)
    cache.clear()
    with_h5py = has_module("numpy") and has_module("h5py")
    if with_h5py:
        run([*SCRIPT, "whole", bench.fresh("whole.h5"), bench.size(2e7, 2e6)])
    else:
        bench.skip("maps over data sets: numpy and h5py are not installed")
    for part in (loops, programs, starting, *((over_data, compressed) if with_h5py else ())):
        part(bench, mpi, cache)
    bench.fresh("whole.h5")
