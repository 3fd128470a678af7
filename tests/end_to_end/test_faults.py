"""File systems that fail in mid-run: error 74 with the place, nothing corrupt, and the same command
continues once the cause is gone."""
# TEST seconds=600
import errno
import os
import re
import shutil
import unittest

from durable_testing import DurableTest, meeting
from journals import DOUBTED, SYNCED, WRITTEN, Journal
from parmap_testing import TIMEOUT_S, namespace, program

LAST = 200


class FaultTest(DurableTest):
    def setUp(self):
        super().setUp()
        self.expected = self.reference(last=LAST)

    def failing(self, name, ranks=0, threads=1, sync="0.02", **faults):
        """A run that meets these faults: its site, and how it ended."""
        site = self.site(name, last=LAST, ms=1)
        settings = {"path": "items.h5", "what": "fail", **faults}
        return site, site.run("--sync", sync, ranks=ranks, threads=threads,
                              inside=meeting(**settings))

    def check_failed(self, site, result, *fragments):
        """One sentence with the place; what is there opens, and does not say it is complete."""
        self.assertError(result, 74, "items.h5", *fragments, out=None)
        self.assertNotIn("complete", result.out.split(), result)
        self.assertEqual(self.check_left(site, self.expected), "incomplete", result)

    def check_continues(self, site, done_at_least=1, **settings):
        """The next run says how much was done, and computes no more than the rest."""
        before = sum(site.all_computed().values())
        result = self.resume(site, **settings)
        said = re.search(r"continuing items.h5: (\d+) of 200 elements are done", result.err)
        done = int(said.group(1)) if said else 0
        self.assertGreaterEqual(done, done_at_least, result)
        self.assertGreaterEqual(before, done)
        self.assertLessEqual(sum(site.computed(site.runs).values()), LAST - done, result)
        self.check_healed(site, self.expected)
        return result


class MidRun(FaultTest):
    CAUSES = {"ENOSPC": "No space left", "EDQUOT": "quota", "EFBIG": "file size limit",
              "EROFS": "Read-only", "EIO": "Input/output error", "ESTALE": "Stale"}

    def test_writes(self):
        """From some call in mid-run on: one of two calls is data, the other a mark."""
        def fail_with(case):
            (name, words), at, ranks = case
            site, result = self.failing(f"{name}-{at}-{ranks}", ranks=ranks, calls=("write",),
                                        at=at, error=getattr(errno, name))
            self.check_failed(site, result, words)
            self.check_continues(site, ranks=(2, 0)[at % 2])

        self.at_once(fail_with, [(cause, at, ranks) for cause in self.CAUSES.items()
                                 for at in (30, 31) for ranks in (0, 3)
                                 if ranks == 0 or cause[0] in ("ENOSPC", "EIO")])

    def test_on_one_rank(self):
        for ranks, rank in ((2, 0), (2, 1), (3, 2)):
            for path in ("items.h5.journal", "items.h5"):
                with self.subTest(ranks=ranks, rank=rank, path=path):
                    site, result = self.failing(f"{ranks}-{rank}-{path}", ranks=ranks, rank=rank,
                                                path=path, calls=("write",), at=24,
                                                error=errno.ENOSPC)
                    self.check_failed(site, result, "No space left", f"rank {rank}")
                    self.check_continues(site)

    def test_sync_of_data(self):
        """The kernel tells such an error once, and may drop what it could not bring to the disk:
        nothing that was written by then is trusted again, also what was written meanwhile."""
        for name in ("EIO", "ENOSPC", "EDQUOT", "ESTALE"):
            for ranks in (0, 2):
                with self.subTest(name=name, ranks=ranks):
                    site, result = self.failing(f"{name}-{ranks}", ranks=ranks, sync="0.05",
                                                calls=("sync",), at=1, times=1,
                                                error=getattr(errno, name))
                    self.check_failed(site, result)
                    journal = Journal(site.journals()[0])
                    marked = journal.of_state(WRITTEN) | journal.of_state(DOUBTED)
                    self.assertGreater(len(marked), 1)
                    self.assertEqual(journal.of_state(SYNCED), set())
                    site.spoil(sorted(marked)[::2], bytes(8 * site.block))
                    self.resume(site, ranks=ranks)
                    self.check_healed(site, self.expected)

    def test_sync_of_the_journal(self):
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                site, result = self.failing(f"journal-{ranks}", ranks=ranks, sync="0.05",
                                            path="items.h5.journal", calls=("sync",), at=1, times=1,
                                            error=errno.EIO)
                self.check_failed(site, result, "journal-0", "Input/output error")
                self.check_continues(site, ranks=ranks)


class EveryCall(FaultTest):
    def test_fails_once(self):
        """ENOSPC at call number 1, 2, 3 ... of any kind, at the start and the end of the run as
        well: no harm is done, and the next run heals it."""
        def fail_at(number):
            site = self.site(f"call-{number}", last=LAST)
            log = site.folder / "call"
            result = site.run("--sync", "off", inside=meeting(
                path="items.h5", what="fail", at=number, times=1, error=errno.ENOSPC, log=log))
            if not log.exists():
                self.assertEqual(result.code, 0, result)
                return False
            text = f"{log.read_text()}{result}"
            if result.code != 0:
                self.assertIn(result.code, (73, 74), text)
                self.assertEqual(len(result.messages("error")), 1, text)
                # complete: everything was there already, but not surely on the disk
                kept = self.check_left(site, self.expected) != "complete" or site.journals()
                self.assertTrue(kept, text)
                self.resume(site)
                self.assertEqual(site.journals(), [], text)
            self.assertLessEqual(site.computed_twice(), site.block, text)
            for journal in site.journals():  # it could not be removed; no run needs it
                self.assertIn("unlink", text)
                journal.unlink()
            self.check_healed(site, self.expected)
            return True

        self.assertIn(False, self.at_once(fail_at, range(1, 180)), "a run has fewer calls")

    def test_interrupted_and_short_writes(self):
        """No faults: a write may be interrupted, or take only a part of its bytes."""
        def meet(case):
            number, what = case
            site = self.site(f"{what['what']}-{number}", last=LAST)
            result = site.run(inside=meeting(path="items.h5", calls=("write",), at=number,
                                               **what))
            self.assertEqual(result.code, 0, result)
            self.check_healed(site, self.expected)

        self.at_once(meet, [(number, what) for number in range(1, 140, 9) for what in
                            ({"what": "fail", "error": errno.EINTR, "times": 1},
                             {"what": "short"})])

    def test_reading_at_the_next_start(self):
        """EIO while a run looks at what is there: it says so and changes nothing, or can do
        without; it never begins afresh over what was done."""
        first, result = self.failing("first", calls=("write",), at=60, error=errno.ENOSPC)
        self.check_failed(first, result)
        done = len(first.all_computed()) - 4

        def fail_at(number):
            site = self.site(f"read-{number}", last=LAST)
            log = site.folder / "call"
            for path in first.folder.glob("items.h5*"):
                shutil.copy(path, site.folder)
            Journal(site.journals()[0]).change_head(inode=os.stat(site.path).st_ino)
            result = site.run(inside=meeting(path="items.h5", calls=("read",), what="fail",
                                               at=number, times=1, error=errno.EIO, log=log))
            if result.code != 0:
                self.assertIn(result.code, (65, 66, 73, 74), result)
                self.assertEqual(len(result.messages("error")), 1, result)
                self.resume(site)
            self.check_healed(site, self.expected)
            self.assertLessEqual(len(site.all_computed()), LAST)
            return log.exists()

        def check_healed(site, expected):  # the first run's items are in its own log
            self.assertEqual(site.contents(), expected)
            self.assertLessEqual(sum(site.all_computed().values()), LAST - done)

        self.check_healed = check_healed
        self.assertIn(False, self.at_once(fail_at, range(1, 80)), "a start has fewer calls")


class Slow(FaultTest):
    """As over a network: nothing fails."""

    def test_slow_writes(self):
        for ranks in (0, 2):
            site = self.site(f"writes-{ranks}", last=60)
            result = site.run("--sync", "0.1", ranks=ranks, threads=2, inside=meeting(
                path="items.h5", calls=("write",), what="sleep", ms=50))
            self.assertEqual(result.code, 0, result)
            self.assertEqual(site.computed_twice(), 0)

    def test_slow_sync(self):
        """Threads go on computing while the keeper waits for the disk."""
        site = self.site("sync", last=LAST, ms=5)
        result = site.run("--sync", "0.05", threads=2, inside=meeting(
            path="items.h5", calls=("sync",), what="sleep", ms=3000, times=2))
        self.assertEqual(result.code, 0, result)
        self.check_healed(site, self.expected)


class Removed(FaultTest):
    def test_folder_removed_in_mid_run(self):
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                site = self.site(f"gone-{ranks}", last=1000, ms=1)
                log = {"ITEMS_LOG": str(self.folder / f"log-{ranks}")}
                running = self.start(*site.args("--sync", "0.05"), ranks=ranks,
                                     env={**site.settings(), **log}, cwd=site.folder)
                self.wait_until(lambda: self.in_mid_run(site), "it is in mid-run", running=running)
                shutil.rmtree(site.folder)
                result = running.wait(TIMEOUT_S)
                self.assertError(result, 74, "items.h5", "was removed", out=None)
                self.assertFalse(site.folder.exists())

    @staticmethod
    def in_mid_run(site):
        journals = [Journal(path) for path in site.journals()]
        return any(j.head() is not None and j.of_state(SYNCED) for j in journals)


class Disks(FaultTest):
    """Real ones."""

    def in_namespace(self, script, *args):
        spaces = namespace()
        if spaces is None:
            self.skipTest("needs mounts of its own (unshare -m)")
        result = self.launch(*args, ranks=0, outside=[*spaces, "sh", "-c", script, "sh"])
        self.assertNotEqual(result.code, 99, result)
        return result

    def test_read_only(self):
        """What is there stays as it is."""
        site, failed = self.failing("read-only", calls=("write",), at=30, error=errno.ENOSPC)
        self.check_failed(site, failed)
        before = {p.name: p.read_bytes() for p in site.folder.glob("items.h5*")}
        refused = self.in_namespace(
            f"mount --bind {site.folder} {site.folder} && mount -o remount,ro,bind {site.folder} "
            '|| exit 99; exec "$@"', *site.args("--output", site.path))
        self.assertError(refused, 73, "items.h5", "Read-only")
        self.assertEqual(before, {p.name: p.read_bytes() for p in site.folder.glob("items.h5*")})
        self.check_continues(site)

    def test_full(self):
        """The run continues when there is room."""
        (self.folder / "small").mkdir()
        run = self.in_namespace(
            'mount -t tmpfs -o size=8m none small || exit 99; '
            f'{" ".join(meeting("plenty"))} "$@"; echo "code $?"; '
            f'{program("parmap")} info --state small/x.h5; mount -o remount,size=200m small; "$@"; '
            f'echo "code $?"; {program("parmap")} verify small/x.h5',
            "squares", "--output", "small/x.h5", "--range", "1..16000000", "--threads", "1")
        self.assertRegex(run.out, r"(?s)\Acode 74\nincomplete\nsquares: complete\n.*code 0\n", run)
        self.assertEqual(run.code, 0, run)
        self.assertRegex(run.err, r"continuing small/x.h5: [1-9]\d+ of 16000000 elements", run)

    def test_file_size_limit(self):
        """Of the run that continues: the file has its full size already."""
        if not shutil.which("prlimit"):
            self.skipTest("needs prlimit (package util-linux)")
        args = ["squares", "--range", "1..16000000", "--threads", "1"]
        self.launch(*args, ranks=0, inside=meeting(path="squares.h5", calls=("write",), at=99,
                                                     what="kill-before"))
        limit = ["prlimit", f"--fsize={64 << 20}", "--"]
        refused = self.launch(*args, ranks=0, inside=limit)
        self.assertError(refused, 74, "squares.h5", "file size limit")
        failed = self.launch(*args, ranks=0, inside=[*limit, *meeting("plenty")])
        self.assertError(failed, 74, "squares.h5", "file size limit", out=None)
        self.assertEqual(self.state("squares.h5"), "incomplete")
        self.assertIn("continuing", self.make(*args, ranks=2).err)
        self.check_file("squares.h5", "squares", 1, 16000000)


if __name__ == "__main__":
    unittest.main()
