"""Progress of a run of a quarter of a minute: lines where there is no terminal."""
# TEST seconds=300 label=full
import re
import unittest

from parmap_testing import FileTest


class Progress(FileTest):
    def test_lines_every_five_seconds(self):
        run = self.make("slow", "--range", "1..24000", ranks=2)
        lines = re.findall(r"(?m)^slow: (\d+)/24000 \(([\d.]+) %\), [\d.]+ \w?/s, ETA [\d:]+$",
                           run.err)
        self.assertGreaterEqual(len(lines), 2, run)
        self.assertLessEqual(len(lines), run.seconds / 5 + 1, run)
        done = [int(number) for number, _ in lines]
        self.assertEqual(done, sorted(done), run)
        for number, percent in lines:
            self.assertAlmostEqual(float(percent), 100 * int(number) / 24000, delta=0.06)
        self.assertNotIn("\r", run.err)
        self.assertNotIn("%", run.out)

    def test_quiet(self):
        run = self.make("slow", "--range", "1..14000", "--quiet", ranks=2)
        self.assertEqual(run.out, "", run)
        self.assertNotIn("%", run.err)


if __name__ == "__main__":
    unittest.main()
