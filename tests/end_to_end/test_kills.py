"""Killed at every call that changes a file, and at random moments: running again continues, and the
result is that of an uninterrupted run, bit for bit."""
# TEST seconds=600
import itertools
import signal
import unittest

from durable_testing import BLOCK, DurableTest, RandomKills, preloaded


class EveryCall(DurableTest):
    """A run alone is killed at its call number 1, 2, 3 ... until it survives."""

    def kill_at_each(self, what, threads, calls=None, every=1):
        reference = self.reference()
        kinds = {"calls": calls} if calls else {}

        def kill_at(number):
            site = self.site(f"{what}-{threads}-{number}", ms=1)
            log = site.folder / "call"
            killed = site.run(threads=threads,
                              inside=preloaded(path="items.h5", at=number, times=1, what=what,
                                               log=log, **kinds))
            if killed.code == 0:
                return 0
            call = f"killed at call {log.read_text()}"
            self.assertEqual(killed.code, -signal.SIGKILL, killed)
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

    def test_before_each_call(self):
        self.kill_at_each("kill-before", 1)

    def test_within_each_write(self):
        self.kill_at_each("kill-half", 1, ("write",))

    def test_two_threads(self):
        self.kill_at_each("kill-after", 2, every=2)


class AnyMoment(RandomKills):
    def test_random_kills(self):
        self.kill_at_random(20, seed=4711)


if __name__ == "__main__":
    unittest.main()
