#!/usr/bin/python3
"""The benchmarks: every figure is a ratio of two programs measured in turn, in the same run.

`make bench` runs this; README.md beside it says what is measured and how to read it.
"""
import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

import figures
from report import HEAD, Bench
from toolchain import CannotRun, build_references, find_mpis, run

TOP = Path(__file__).resolve().parents[2]
NEEDED_BYTES = 3 << 30


def options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--quick", action="store_true", help="fewer rounds, smaller sizes: a smoke test")
    p.add_argument("--only", metavar="NAME", action="append", choices=list(figures.GROUPS),
                   help="only this group (may be repeated): " + ", ".join(figures.GROUPS))
    p.add_argument("--mpi", choices=("openmpi", "mpich"), help="only this MPI")
    p.add_argument("--json", metavar="FILE", type=Path, help="default: BUILD/bench/results.json")
    p.add_argument("--build", metavar="DIR", type=Path, default=TOP / "build",
                   help="holds openmpi/bin and mpich/bin; default: build")
    p.add_argument("--scratch", metavar="DIR", default="/dev/shm",
                   help="where the files are written; a file system in memory (default /dev/shm)")
    return p.parse_args()


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"processor": models[0] if models else platform.machine(),
            "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "compiler": run(["gcc", "--version"]).output.splitlines()[0],
            "load": os.getloadavg()[0],
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def print_head(about, mpis, scratch):
    print(f"{about['processor']}, {about['cores']} cores, Linux {about['kernel']}, "
          f"{about['compiler']}; {', '.join(mpi.name for mpi in mpis)}; files in {scratch}")
    print("ratio = ours / reference, median of pairs (min..max); references: -O3 -march=native")
    if about["load"] > 0.5:
        print(f"the machine is busy (load {about['load']:.1f}): the figures will be noisy")
    print()
    print(HEAD, flush=True)


def measure(groups, bench):
    """All figures of all groups; what could not run is told and does not stop the others."""
    for name in groups:
        for mpi in bench.mpis:
            try:
                figures.GROUPS[name](bench, mpi)
            except CannotRun as error:
                bench.problem(f"{name}, {mpi.name}: {error}")


def print_end(bench, file):
    with_goal = [figure for figure in bench.figures if figure.met is not None]
    missed = [figure for figure in with_goal if not figure.met]
    print(f"\n{len(with_goal) - len(missed)} of {len(with_goal)} goals met; written to {file}")
    for figure in missed:
        print(f"NOT MET: {figure.name}")
    if bench.problems:
        print(f"{len(bench.problems)} could not run")


def write_json(file, about, quick, bench):
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": about, "quick": quick, "problems": bench.problems,
               "figures": [figure.as_dict() for figure in bench.figures]}
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main():
    chosen = options()
    build = chosen.build.resolve()
    mpis = find_mpis(build, [chosen.mpi] if chosen.mpi else ["openmpi", "mpich"])
    if not mpis:
        sys.exit("bench: no MPI compiler found; install openmpi or mpich with their headers")
    if shutil.disk_usage(chosen.scratch).free < NEEDED_BYTES:
        sys.exit(f"bench: {chosen.scratch} has less than 3 GiB free; name another with --scratch")
    about = machine()
    for mpi in mpis:
        build_references(mpi)
    print_head(about, mpis, chosen.scratch)
    with tempfile.TemporaryDirectory(prefix="parmap-bench-", dir=chosen.scratch) as scratch:
        bench = Bench(mpis, Path(scratch), chosen.quick)
        measure(chosen.only or figures.GROUPS, bench)
    file = chosen.json or build / "bench" / "results.json"
    write_json(file, about, chosen.quick, bench)
    print_end(bench, file)
    return 1 if bench.problems else 0


if __name__ == "__main__":
    sys.exit(main())
