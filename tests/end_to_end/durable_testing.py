"""Runs of tests/programs/items.c that are killed or fail, and the judgement of what is left.

A site is a folder with one output, items.h5.  Each run there writes down what it computes, in a log
of its own, so that what was computed twice can be counted.
"""
import collections
import hashlib
import itertools
import os
import random
import signal
import subprocess
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py

from parmap_testing import (BIN, MPI, SOURCE, THIS, Build, FileTest, attributes, descendants,
                            environment, expected, inputs, preload, ranks_of, run, send)

BLOCK = 4  # items
AT_ONCE = 3 * len(os.sched_getaffinity(0))  # most of the start of MPI is waiting


# ---- faults ------------------------------------------------------------------------------------


def meeting(*more, locks=None, file_system=None, host=None, boot=None, **faults):
    """The command before a program that makes it meet tests/preload: `faults` are the words of
    FAULTS (`what` for do, a sequence for calls), the others those of disguise.c, and `more` the
    names of further libraries."""
    words = {"what": "do", "error": "errno"}
    fault = [f"{words.get(k, k)}={','.join(v) if k == 'calls' else v}" for k, v in faults.items()]
    settings = {"DISGUISE_LOCKS": locks, "DISGUISE_TYPE": file_system, "DISGUISE_HOST": host,
                "DISGUISE_BOOT": boot, "FAULTS": " ".join(fault) or None}
    return [*preload("faults", "disguise", *more),
            *(f"{name}={value}" for name, value in settings.items() if value is not None)]


def spread(ranks_per_node):
    """The command before a program that makes so many ranks believe that they share a node, and
    the others others; 0: all are on this machine."""
    if not ranks_per_node:
        return []
    script = ("export DISGUISE_HOST=node$((${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}} / "
              f'{ranks_per_node})); exec "$@"')
    return ["sh", "-c", script, "sh", *meeting()]


def other_build():
    """The same sources built with the other MPI next door, or None: only where that build is up to
    date can it be asked to continue a run of this one."""
    mpi = "mpich" if MPI == "openmpi" else "openmpi"
    folder = BIN.parent.parent / BIN.parent.name.replace(MPI, mpi) / "bin"
    launcher = Path(f"/usr/bin/mpiexec.{mpi}")
    library = folder.parent / "lib" / "libparmap.so"
    if folder == BIN or not (library.exists() and launcher.exists()):
        return None
    newest = max(p.stat().st_mtime for p in (SOURCE / "src").rglob("*.[ch]"))
    built = library.stat().st_mtime
    programs = folder / "tests" / "items"
    return Build(folder, mpi, str(launcher)) if built >= newest and programs.exists() else None


# ---- sites -------------------------------------------------------------------------------------


class Site:
    """A folder with one output, and what its runs have computed so far."""

    def __init__(self, folder, session, last=46, ms=0, block=BLOCK):
        self.folder, self.session, self.last, self.ms, self.block = folder, session, last, ms, block
        self.path = folder / "items.h5"
        self.runs = 0
        folder.mkdir(exist_ok=True)

    def args(self, *more):
        return ["items", "--range", f"1..{self.last}", "--output", "items.h5", *more]

    def settings(self):
        """The environment of the next run."""
        self.runs += 1
        return {"ITEMS_LOG": str(self.log(self.runs)), "ITEMS_MS": str(self.ms),
                "ITEMS_BLOCK": str(self.block)}

    def run(self, *more, ranks=0, threads=1, inside=(), build=THIS, timeout=120, env=None):
        return run(self.args(*more), ranks, threads, {**self.settings(), **(env or {})}, timeout,
                   self.folder, self.session, inside, build=build)

    def log(self, number):
        return self.folder / f"log-{number}"

    def computed(self, number):
        """How often each input was computed in run `number`, from 1.  A last line may be cut."""
        path = self.log(number)
        lines = path.read_text().splitlines() if path.exists() else []
        return collections.Counter(int(line.split()[0]) for line in lines if line.strip())

    def all_computed(self):
        return sum((self.computed(n + 1) for n in range(self.runs)), collections.Counter())

    def computed_twice(self):
        """Items that were computed more than once, with multiplicity."""
        return sum(count - 1 for count in self.all_computed().values())

    def journals(self):
        return sorted(self.folder.glob("items.h5.journal-*"))

    def state(self):
        return run(["parmap", "info", "--state", "items.h5"], 0, cwd=self.folder,
                   session=self.session).out.strip()

    def opens(self):
        """Do stock tools read it?"""
        dump = subprocess.run(["h5dump", "-H", self.path], capture_output=True, timeout=60,
                              env=environment(), check=False)
        try:
            with h5py.File(self.path, "r") as file:
                return file["items"].shape == (self.last,) and dump.returncode == 0
        except (OSError, KeyError):
            return False

    def says_complete(self):
        with h5py.File(self.path, "r") as file:
            return attributes(file["items"])["complete"] == 1

    def spoil(self, blocks, data=None):
        """Overwrites these blocks' data in the file, with noise or `data`."""
        with h5py.File(self.path) as file:
            offset = file["items"].id.get_offset()
        with open(self.path, "r+b") as file:
            for block in blocks:
                os.pwrite(file.fileno(), data or os.urandom(8 * self.block),
                          offset + 8 * self.block * block)

    def contents(self):
        """All that must be the same however the run was ended and continued."""
        with h5py.File(self.path, "r") as file:
            data = file["items"]
            return (hashlib.sha256(data[:].tobytes()).hexdigest(), attributes(data),
                    sorted(file), sorted(file["parmap"].attrs))


class DurableTest(FileTest):
    """Tests of runs that are killed and continued."""

    def site(self, name, **settings):
        return Site(self.folder / name, self.session, **settings)

    def reference(self, **settings):
        """The contents of an uninterrupted run."""
        site = self.site("reference", **{**settings, "ms": 0})
        result = site.run()
        self.assertEqual(result.code, 0, result)
        with h5py.File(site.path) as file:
            self.assertEqual(file["items"][:].tobytes(),
                             expected("items", inputs(1, site.last)).tobytes())
        return site.contents()

    def at_once(self, function, arguments):
        """function(argument) for all, several at once.  What it returned, unless some failed: then
        the test fails, with all of them."""
        failures = []

        def guarded(argument):
            try:
                return function(argument)
            except Exception:  # pylint: disable=broad-except
                failures.append(f"with {argument}: {traceback.format_exc()}")
                return None

        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(guarded, arguments))
        if failures:
            self.fail(f"{len(failures)} of {len(results)} failed\n" + "\n".join(failures))
        return results

    def check_left(self, site, reference):
        """What a run that has ended by force left tells the truth; returns its state in words."""
        self.wait_until(lambda: site.state() != "running", "the run lets go of its file")
        state = site.state()
        self.assertIn(state, ("missing", "incomplete", "complete"))
        opens = site.path.exists() and site.opens()
        if 0 < len(site.all_computed()) < site.last:
            self.assertTrue(opens, "in mid-run the file opens")
        if state == "complete" or (opens and site.says_complete()):
            self.assertEqual(site.contents(), reference)
            self.assertTrue(opens)
        if state == "missing":
            self.assertEqual(site.all_computed(), {})
        return state

    def check_healed(self, site, reference):
        """The file is what an uninterrupted run leaves, and nothing was left out."""
        self.assertEqual(site.state(), "complete")
        self.assertTrue(site.opens())
        self.assertEqual(site.contents(), reference)
        self.assertEqual(site.journals(), [])
        self.assertEqual(sorted(site.all_computed()), list(range(1, site.last + 1)))

    def resume(self, site, *more, **settings):
        result = site.run(*more, **settings)
        self.assertEqual(result.code, 0, result)
        return result

    def wait_for_the_end(self, pids):
        """Waits for processes whose launcher is gone; in the end it kills them."""
        end = time.monotonic() + 30
        while any(is_alive(pid) for pid in pids) and time.monotonic() < end:
            time.sleep(0.02)
        for pid in pids:
            send(pid, 9)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def everybody(running):
    """The pids of a run: the launcher's first."""
    return [running.pid, *descendants(running.pid)]


# ---- kills at random ---------------------------------------------------------------------------


class Tally:
    """What came of many kills."""

    def __init__(self):
        self.kills = self.healed = self.lost = self.twice = self.in_flight = 0
        self.states = collections.Counter()

    def __str__(self):
        return (f"{self.kills} kills, of which {self.healed} survived; {self.lost} elements lost; "
                f"{self.twice} computed twice, at most {self.in_flight} were in flight; left "
                + ", ".join(f"{state} {n}" for state, n in sorted(self.states.items())))


class RandomKills(DurableTest):
    """SIGKILL to a rank, to all, to the launcher, at random: by the clock, from the start of the
    launcher on; while the run ends; and at a call of a rank.  Then others continue."""

    LAST = 240
    RANKS = (0, 1, 2, 3, 4, 7)
    NODES = (0, 0, 0, 1, 2)  # ranks on a node; 0: all

    def wait_for_a_moment(self, draw, site, running, late):
        items = self.LAST - draw.choice((0, 0, 1, 2, 4, 8, 16)) if late else (
            draw.randrange(self.LAST))
        already = len(site.all_computed())
        while running.process.poll() is None and len(site.all_computed()) < max(items, already):
            time.sleep(0.005)
        time.sleep(draw.expovariate(1 / (0.003 if late else 0.010)))

    def strike(self, draw, running, build):
        """Returns whether anybody was killed."""
        ranks = ranks_of(running, "items", build)
        victims = draw.choice(([draw.choice(ranks)], ranks, [running.pid]) if ranks else
                              ([running.pid],))
        alive = running.process.poll() is None
        pids = everybody(running)
        for pid in victims:
            send(pid, signal.SIGKILL)
        run_ = running.wait()
        self.wait_for_the_end(pids)
        self.assertTrue(alive or run_.code == 0, run_)
        return alive and run_.code != 0

    def call_that_kills(self, draw, ranks):
        """Most are in the middle, as most calls of a run are."""
        some = draw.randrange(1, 45 + 2 * self.LAST // BLOCK // max(ranks, 1))
        return meeting(path="items.h5", rank=draw.randrange(max(ranks, 1)), at=some,
                       what=draw.choice(("kill-before", "kill-half", "kill-after")))

    def one_kill(self, draw, site, builds, tally):
        ranks, threads, build = draw.choice(self.RANKS), draw.choice((1, 2)), draw.choice(builds)
        how = draw.choice(("any moment", "late", "call"))
        inside = spread(draw.choice(self.NODES))
        site.ms = 1.5 * max(ranks, 1) * threads  # a third of a second, whoever runs it
        if how == "call":
            inside = inside + self.call_that_kills(draw, ranks)
        running = self.start(*site.args("--schedule", draw.choice(("static", "dynamic")),
                                        "--sync", draw.choice(("0.01s", "1s", "off"))),
                             ranks=ranks, threads=threads, env=site.settings(), cwd=site.folder,
                             build=build, inside=inside)
        if how == "call":
            killed = running.wait().code != 0
        else:
            self.wait_for_a_moment(draw, site, running, how == "late")
            killed = self.strike(draw, running, build)
        tally.kills += killed
        tally.in_flight += killed * max(ranks, 1) * threads * site.block
        return killed

    def kill_at_random(self, kills, seed):
        draw, tally = random.Random(seed), Tally()
        builds = [build for build in (THIS, THIS, other_build()) if build]
        reference = self.reference(last=self.LAST)
        # on a busy machine many a run has ended before it is struck: then there are more
        while tally.kills < kills or (tally.states["incomplete"] <= kills // 4 and
                                      tally.kills < 4 * kills):
            site = self.site(f"site-{tally.kills}-{draw.random()}", last=self.LAST)
            in_a_row, before, flying = draw.choice((1, 1, 2, 3)), tally.kills, tally.in_flight
            for _ in range(in_a_row):
                killed = self.one_kill(draw, site, builds, tally)
                state = self.check_left(site, reference)
                tally.states[state] += killed
                if state == "complete":
                    break
            site.ms = 0
            said = self.resume(site, "--schedule", draw.choice(("static", "dynamic")),
                               ranks=draw.choice(self.RANKS), threads=draw.choice((1, 2)),
                               build=draw.choice(builds),
                               inside=spread(draw.choice(self.NODES)))
            self.check_healed(site, reference)
            twice = site.computed_twice()
            self.assertLessEqual(twice, tally.in_flight - flying, f"{site.folder}{said}")
            tally.twice += twice
            tally.healed += tally.kills - before
        self.assertGreater(tally.states["incomplete"], kills // 4, "runs were caught in the middle")
        print(tally)


# ---- kills at every call -----------------------------------------------------------------------


class EveryCall(DurableTest):
    """A run alone is killed at its call number 1, 2, 3 ... that changes a file, until it survives;
    others continue."""

    def kill_at_each(self, what, threads, calls=None, every=1):
        reference = self.reference()
        kinds = {"calls": calls} if calls else {}

        def kill_at(number):
            site = self.site(f"{what}-{threads}-{number}", ms=1)
            log = site.folder / "call"
            killed = site.run("--sync", "0.005", threads=threads,
                              inside=meeting(path="items.h5", at=number, times=1, what=what,
                                               log=log, **kinds))
            if killed.code == 0:
                return 0
            self.assertEqual(killed.code, -signal.SIGKILL, killed)
            call = f"killed at call {log.read_text()}"
            self.check_left(site, reference)
            again = self.resume(site, threads=1 + number % 3, ranks=(0, 0, 0, 0, 2)[number % 5])
            self.check_healed(site, reference)
            self.assertLessEqual(site.computed_twice(), threads * BLOCK, f"{call}{again}")
            return 1

        kills, step = 0, 40
        for first in itertools.count(1, step * every):
            killed = sum(self.at_once(kill_at, range(first, first + step * every, every)))
            kills += killed
            if killed < step:
                break
        self.assertGreater(kills, 20 // every, "the calls are seen")
        print(f"{what}, {threads} thread(s): {kills} of {kills} kills survived")
