"""Harm to the files of unfinished runs, very often."""
# TEST seconds=1800 label=full
import unittest

import test_damage


class Often(test_damage.Chance):
    def test_harm(self):
        self.harm_at_random(1500, seed=815)


if __name__ == "__main__":
    unittest.main()
