"""Maps over formulas, kernel files and inputs, killed at every third of their calls."""
# TEST seconds=900 label=full
import unittest

from map_kills import CALLS, MAPS, MapKills
from map_testing import drawn


class EveryCall(MapKills):
    def test_kills(self):
        killed = sum(self.check_kills(drawn(100 + i), name, range(1, 4 * CALLS, 3))
                     for i, name in enumerate(MAPS))
        self.assertGreater(killed, 30, "runs were killed")
        print(f"{killed} kills survived")


if __name__ == "__main__":
    unittest.main()
