"""Harm to inputs, very often."""
# TEST seconds=1800 label=full
import unittest

import test_inputs


class Often(test_inputs.Chance):
    def test_harm(self):
        self.harm_at_random(10000, seed=1206)


if __name__ == "__main__":
    unittest.main()
