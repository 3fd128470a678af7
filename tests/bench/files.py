"""Runs that write large files, without what a virtual machine adds to their time."""
from pathlib import Path

from toolchain import run

GIVEN_BACK = Path("/sys/module/page_reporting/parameters/reported_kib")
TRIES = 6


def given_back():
    """How much memory the kernel has handed back to the host of a virtual machine, if it tells."""
    return GIVEN_BACK.read_text(encoding="ascii") if GIVEN_BACK.exists() else ""


def run_into_file(bench, mpi, bytes_written, command, threads, settings=None):
    """Into a new file, in memory that was warmed.

    In a virtual machine whose kernel hands free memory back to the host, a run during which it did
    so takes twice as long, whatever the program; where the kernel tells, such a run is repeated.
    """
    for _ in range(TRIES):
        path = bench.fresh("squares.h5")
        run([mpi.reference("warm"), bytes_written * 11 // 10 >> 20])
        before = given_back()
        sample = run(command(path), threads, settings)
        path.unlink()
        if given_back() == before:
            break
    return sample
