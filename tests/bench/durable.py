"""The group `durable`: what the journal costs, and how fast a run continues and stops."""
import signal
import subprocess
import time
from pathlib import Path

from files import run_into_file
from report import OURS, at_most
from toolchain import HERE, TIME_LIMIT_S, CannotRun, build_group, environment

STOP_S, ITEM_S = 2, 0.1


class Begun:
    """items.c of the tests, alone or over ranks: a block of one item each, which from the input
    `slow_from` on is written down and takes a tenth of a second."""

    def __init__(self, bench, mpi, ranks, output, last, slow_from):
        self.log = bench.fresh("items.log")
        settings = {"ITEMS_BLOCK": 1, "ITEMS_MS": 1e3 * ITEM_S, "ITEMS_FROM": slow_from,
                    "ITEMS_LOG": self.log}
        command = mpi.launch(ranks, [mpi.built_here("programs", "items"), "--range", f"1..{last}",
                                     "--output", output, "--quiet", "--threads", 1])
        self.start = time.monotonic()
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(1, {name: str(value) for name, value in settings.items()}))

    def at_work(self):
        """The pids of the ranks that have begun a slow item."""
        lines = self.log.read_text("ascii").splitlines() if self.log.exists() else []
        return {int(words[1]) for words in map(str.split, lines) if len(words) == 2}

    def wait_for(self, ranks):
        """Seconds from the start until so many ranks have begun a slow item."""
        while len(self.at_work()) < ranks:
            since = time.monotonic() - self.start
            if self.process.poll() is not None or since > TIME_LIMIT_S:
                self.process.kill()
                raise CannotRun(f"items ended with {self.process.wait()} after {since:.1f} s, "
                                "before it was expected to")
            time.sleep(0.0005)
        return time.monotonic() - self.start

    def end(self, number):
        """Sends a signal: seconds to the end of the ranks, and to that of the launcher."""
        began, pids = time.monotonic(), self.at_work()
        self.process.send_signal(number)
        while any(lives(pid) for pid in pids):
            if time.monotonic() - began > TIME_LIMIT_S:
                self.process.kill()
                raise CannotRun(f"items goes on after {signal.Signals(number).name}")
            time.sleep(0.0005)
        ranks_s = time.monotonic() - began
        self.process.wait(TIME_LIMIT_S)
        return ranks_s, time.monotonic() - began


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def remove(path):
    for file in path.parent.glob(path.name + "*"):
        file.unlink()


# ---- the journal --------------------------------------------------------------------------------


def journal(bench, mpi):
    items = bench.size(2.5e8, 5e7)
    for ranks, name in ((0, "alone"), (2, "2 ranks")):
        def run_with(journal, ranks=ranks):
            return run_into_file(bench, mpi, items * 8, lambda path: mpi.launch(
                ranks, [mpi.ours("squares"), "--range", f"1..{items}", "--output", path, "--quiet",
                        "--summary", "json", "--threads", 1, "--journal", journal]), 1)

        samples = bench.rounds(15, {how: lambda how=how: run_with(how) for how in ("on", "off")})
        bench.add(f"durable, {mpi.name}, {name}, --journal on / off", "s",
                  [s.seconds for s in samples["on"]], [s.seconds for s in samples["off"]],
                  at_most(1.01))


# ---- continuing ---------------------------------------------------------------------------------


def continuing(bench, mpi):
    """The same run with `done` blocks behind it and with none; both are killed at an item."""
    done = bench.size(1e6, 1e5)
    last = done + 100
    path = bench.fresh("items.h5")

    def until_first_item(slow_from):
        run = Begun(bench, mpi, 0, path, last, slow_from)
        seconds = run.wait_for(1)
        run.end(signal.SIGKILL)
        return seconds

    until_first_item(done + 1)
    resumed = [until_first_item(done + 1) for _ in range(bench.size(7, 3))]
    afresh = []
    for _ in resumed:
        remove(path)
        afresh.append(until_first_item(1))
    remove(path)
    title = f"durable, {mpi.name}, {done:.0e} blocks done, first item / afresh"
    bench.add(title.replace("e+0", "e"), "s", resumed, afresh, at_most(2), by=OURS)


# ---- stopping -----------------------------------------------------------------------------------


def stopping(bench, mpi):
    """By a signal to the launcher, or to the one process.  Open MPI's launcher takes two seconds
    more in some runs whose exit code is not 0."""
    for ranks, name in ((0, "alone"), (2, "2 ranks"), (8, "8 ranks")):
        samples = []
        for _ in range(bench.size(7, 3)):
            path = bench.fresh("items.h5")
            run = Begun(bench, mpi, ranks, path, 100_000, 1)
            run.wait_for(max(ranks, 1))
            samples.append(run.end(signal.SIGUSR1))
            remove(path)
        title = f"durable, {mpi.name}, {name}, SIGUSR1 to exit"
        ranks_s, launcher_s = zip(*samples)
        bench.add(title, "s", list(ranks_s), goal=at_most(STOP_S + ITEM_S), by=OURS)
        if ranks:
            bench.add(f"{title} of the launcher", "s", list(launcher_s), by=OURS)


def durable(bench, mpi):
    build_group(mpi, "programs", HERE.parent)
    for part in (journal, continuing, stopping):
        part(bench, mpi)
