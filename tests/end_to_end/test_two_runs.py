"""Two runs, one output: the second is refused as long as the first lives, with locks and where the
file system refuses them; and never because of a dead one."""
# TEST seconds=300
import errno
import os
import signal
import socket
import threading
import unittest
from pathlib import Path

from durable_testing import DurableTest, meeting
from journals import Journal
from parmap_testing import ranks_of, send

HOST = socket.gethostname()
NFS = 0x6969
REFUSED = {"ENOLCK": errno.ENOLCK, "EOPNOTSUPP": errno.EOPNOTSUPP, "ENOSYS": errno.ENOSYS}
LONG = 100_000  # items of a millisecond each


def start_of(pid):
    """When a process was started, in clock ticks since the boot."""
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])


class TwoRuns(DurableTest):
    def begin(self, name, ranks=0, last=LONG, **disguise):
        """A run in mid-run, its site and its journal."""
        site = self.site(name, last=last, ms=1)
        running = self.start(*site.args(), ranks=ranks, env=site.settings(), cwd=site.folder,
                             inside=meeting(**disguise))
        journal = Journal(site.folder / "items.h5.journal-0")
        self.wait_until(lambda: journal.path.exists() and journal.head() is not None
                        and journal.lease()["pid"] != 0 and site.all_computed(),
                        "it is in mid-run", running=running)
        return site, running, journal

    def killed(self, name, **disguise):
        """The same after SIGKILL; whoever goes on is soon done."""
        site, running, journal = self.begin(name, last=5000, **disguise)
        running.kill()
        site.ms = 0
        return site, journal

    def check_refused(self, site, host, pids, *more, **settings):
        result = site.run(*more, **settings)
        self.assertError(result, 73, "items.h5 is being written by another run", f"host {host}",
                         out=None)
        self.assertRegex(result.messages("error")[0], rf"process ({'|'.join(map(str, pids))})\b")
        return result

    def check_goes_on(self, site, within_s=30, **settings):
        result = self.resume(site, **settings)
        self.assertIn("continuing items.h5", result.err)
        self.assertLess(result.seconds, within_s, result)
        self.assertEqual(site.state(), "complete")


class WithLocks(TwoRuns):
    def test_while_it_lives(self):
        for ranks in (0, 2):
            site, running, _ = self.begin(f"alive-{ranks}", ranks=ranks)
            pids = ranks_of(running, "items")
            self.check_refused(site, HOST, pids)
            self.check_refused(site, HOST, pids, "--force", ranks=2)
            self.assertEqual(site.state(), "running")
            running.kill()

    def test_dead(self):
        site, _ = self.killed("dead")
        self.check_goes_on(site)

    def test_lock_that_tells_one_machine_only(self):
        """A network file system may grant the lock to each machine: the lease counts as well."""
        site, running, _ = self.begin("nfs", file_system=NFS)
        self.check_refused(site, HOST, [running.pid], inside=meeting(
            file_system=NFS, locks=errno.ENOLCK))
        running.kill()


class WithoutLocks(TwoRuns):
    def test_while_it_lives(self):
        def check(name):
            locks = REFUSED[name]
            site, running, _ = self.begin(f"alive-{name}", locks=locks)
            self.check_refused(site, HOST, [running.pid], inside=meeting(locks=locks))
            self.check_refused(site, HOST, [running.pid], "--force", ranks=2,
                               inside=meeting(locks=locks))
            running.kill()

        self.at_once(check, REFUSED)

    def test_standing_still(self):
        """A process that is stopped lives; on this machine no beat is needed to know it."""
        site, running, _ = self.begin("still", locks=errno.ENOLCK)
        send(running.pid, signal.SIGSTOP)
        self.check_refused(site, HOST, [running.pid], inside=meeting(locks=errno.ENOLCK))
        running.kill()

    def test_dead(self):
        def check(name):
            site, _ = self.killed(f"dead-{name}", locks=REFUSED[name])
            self.check_goes_on(site, inside=meeting(locks=REFUSED[name]))

        self.at_once(check, REFUSED)

    def test_number_used_again(self):
        """The process of that number lives, but is another one."""
        site, journal = self.killed("reused", locks=errno.ENOLCK)
        journal.change_lease(pid=os.getpid())
        self.check_goes_on(site, inside=meeting(locks=errno.ENOLCK))

    def test_number_in_use(self):
        """The same with the time of its start: the test above looks at the right thing."""
        site, journal = self.killed("in-use", locks=errno.ENOLCK)
        journal.change_lease(pid=os.getpid(), started=start_of(os.getpid()))
        self.check_refused(site, HOST, [os.getpid()], inside=meeting(locks=errno.ENOLCK))

    def test_machine_started_anew(self):
        site, journal = self.killed("boot", locks=errno.ENOLCK)
        journal.change_lease(pid=os.getpid(), started=start_of(os.getpid()), boot=1)
        self.check_goes_on(site, inside=meeting(locks=errno.ENOLCK))

    def test_torn_lease(self):
        site, journal = self.killed("torn", locks=errno.ENOLCK)
        journal.write(3072, os.urandom(50))
        self.check_goes_on(site, inside=meeting(locks=errno.ENOLCK))

    def test_from_another_machine(self):
        """Its processes cannot be seen: the beats are awaited."""
        site, running, _ = self.begin("other", locks=errno.ENOLCK)
        refused = self.check_refused(site, HOST, [running.pid], inside=meeting(
            locks=errno.ENOLCK, host="elsewhere"))
        self.assertLess(refused.seconds, 60, "it does not watch longer than it has to")
        running.kill()

    def test_beats_of_another_machine(self):
        site, journal = self.killed("beats", locks=errno.ENOLCK)
        journal.change_lease(host=b"elsewhere", job=b"4711")
        over = threading.Event()

        def beat():
            while not over.wait(2):
                journal.change_lease(beat=journal.lease()["beat"] + 1)

        heart = threading.Thread(target=beat)
        heart.start()
        try:
            refused = self.check_refused(site, "elsewhere", [journal.lease()["pid"]],
                                         inside=meeting(locks=errno.ENOLCK))
        finally:
            over.set()
            heart.join()
        self.assertIn("job 4711", refused.messages("error")[0])
        self.assertEqual(site.computed(site.runs), {})

    def test_lease_that_another_has_taken(self):
        """After a long pause a run finds that it was taken for dead: it ends, and changes nothing
        any more."""
        site, running, journal = self.begin("lost", locks=errno.ENOLCK)
        journal.change_lease(host=b"elsewhere", pid=1)
        result = running.wait(60)
        self.assertError(result, 74, "items.h5", out=None)
        self.assertEqual(journal.lease()["host"].rstrip(b"\0"), b"elsewhere")


class AtTheSameMoment(TwoRuns):
    def race(self, name, rounds, starts, **disguise):
        """Several runs start at once: one computes, the others are refused, or find that it is
        complete."""
        reference = self.reference()

        def round_of(number):
            site = self.site(f"{name}-{number}", ms=1)
            runs = [self.start(*site.args(), ranks=ranks, env=site.settings(), cwd=site.folder,
                               inside=meeting(**disguise)) for ranks in starts]
            ends = [running.wait() for running in runs]
            statuses = [run.status if run.code == 0 else run.code for run in ends]
            text = "".join(map(str, ends))
            self.assertEqual(statuses.count("complete"), 1, text)
            self.assertLessEqual(set(statuses), {"complete", "already complete", 73}, text)
            self.assertEqual(site.computed_twice(), 0, text)
            self.check_healed(site, reference)

        self.at_once(round_of, range(rounds))

    def test_with_locks(self):
        self.race("locks", 20, (0, 0))
        self.race("ranks", 3, (2, 2))

    def test_without_locks(self):
        self.race("no-locks", 20, (0, 0), locks=errno.ENOLCK)
        self.race("three", 5, (0, 0, 0), locks=errno.ENOLCK)

    def test_unfinished_one(self):
        """Both want to continue a run that was killed."""
        def round_of(case):
            number, locks = case
            site, _ = self.killed(f"killed-{len(locks)}-{number}", **locks)
            site.ms = 1
            runs = [self.start(*site.args(), env=site.settings(), cwd=site.folder,
                               inside=meeting(**locks)) for _ in range(2)]
            ends = [running.wait() for running in runs]
            codes = sorted(run.code for run in ends)
            self.assertIn(codes, ([0, 73], [0, 0]), "".join(map(str, ends)))
            self.assertEqual(site.state(), "complete")
            self.assertLessEqual(site.computed_twice(), site.block)

        self.at_once(round_of, [(number, locks) for number in range(5)
                                for locks in ({}, {"locks": errno.ENOLCK})])


if __name__ == "__main__":
    unittest.main()
