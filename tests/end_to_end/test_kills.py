"""Killed at every call that changes a file, and at random moments: running again continues, and the
result is that of an uninterrupted run, bit for bit."""
# TEST seconds=600
import unittest

from durable_testing import EveryCall, RandomKills


class Calls(EveryCall):
    def test_before_each_call(self):
        self.kill_at_each("kill-before", 1)

    def test_within_each_write(self):
        self.kill_at_each("kill-half", 1, ("write",))

    def test_two_threads(self):
        self.kill_at_each("kill-after", 2, every=2)


class Moments(RandomKills):
    def test_random_kills(self):
        self.kill_at_random(20, seed=4711)


if __name__ == "__main__":
    unittest.main()
