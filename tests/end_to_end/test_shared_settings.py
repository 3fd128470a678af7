"""What the environment says of shared objects: how they are reached, how large the heaps are."""
import re
import unittest

from parmap_testing import MPIEXEC, ParmapTest, program

PROGRAM = "test_shared_start"  # it begins with parmap_start, as parmap_must would have it
LARGE = "64T"  # a heap that no node has room for


class Settings(ParmapTest):
    def assertRefused(self, result, code, *fragments):
        """The job ends with the code and says why, with the name of the call, on each rank."""
        self.assertEqual(result.code, code, result)
        reasons = re.findall(r"rank \d+: parmap_start: (.*)$", result.err, re.MULTILINE)
        self.assertTrue(reasons, result)
        for fragment in fragments:
            self.assertTrue(any(fragment in reason for reason in reasons), result)
        self.assertNotIn("", reasons, result)

    def test_no_such_window(self):
        for window in ("nonsense", "SHM", "shm ", "x" * 100):
            for ranks in (0, 2):
                with self.subTest(window=window[:10], ranks=ranks):
                    result = self.launch(PROGRAM, ranks=ranks, env={"PARMAP_WINDOW": window})
                    self.assertRefused(result, 64, f'PARMAP_WINDOW is "{window}"',
                                       "shm, rma or msg")

    def test_no_such_heap(self):
        for heap in ("nonsense", "-1", "0", "12", "64MB", "9" * 21, "9999T"):
            with self.subTest(heap=heap):
                result = self.launch(PROGRAM, ranks=0, env={"PARMAP_HEAP": heap})
                self.assertRefused(result, 64, f'PARMAP_HEAP is "{heap}"')

    def test_a_heap_that_does_not_fit(self):
        result = self.launch(PROGRAM, ranks=3,
                             env={"PARMAP_HEAP": LARGE, "PARMAP_WINDOW": "shm"})
        self.assertRefused(result, 71, "PARMAP_HEAP", "/dev/shm")

    def test_full_heap(self):
        """A MiB goes with what arrays need besides their elements."""
        for ranks, window in ((0, "shm"), (2, "shm"), (2, "msg"), (2, "rma")):
            with self.subTest(ranks=ranks, window=window):
                result = self.make("sharing", "fill", 20, ranks=ranks,
                                   env={"PARMAP_HEAP": "16M", "PARMAP_WINDOW": window})
                full = re.findall(r"^rank \d: PARMAP_NO_MEMORY after (\d+) MiB: .*PARMAP_HEAP=32M",
                                  result.out, re.MULTILINE)
                self.assertEqual(full, ["15"] * max(ranks, 1), result)

    def test_sizes_and_windows_that_do(self):
        for env in ({"PARMAP_HEAP": "64K"}, {"PARMAP_HEAP": "1m"}, {"PARMAP_HEAP": "200000"},
                    {"PARMAP_HEAP": ""}, {"PARMAP_WINDOW": ""}, {"PARMAP_WINDOW": "msg"}):
            with self.subTest(env=env):
                result = self.launch(PROGRAM, ranks=2, env=env)
                self.assertEqual(result.code, 0, result)

    def test_rank_0_decides(self):
        """The others may have another environment, as ssh and launchers hand it on or not."""
        path = program(PROGRAM)
        for mine, others in (("msg", "nonsense"), ("msg", "shm"), ("shm", "msg")):
            with self.subTest(mine=mine, others=others):
                ranks = ["-np", 1, "env", f"PARMAP_WINDOW={mine}", path, ":",
                         "-np", 2, "env", f"PARMAP_WINDOW={others}", path]
                result = self.launch(MPIEXEC, *ranks, ranks=0)
                self.assertEqual(result.code, 0, result)
                self.assertNotIn("not ok", result.out)


if __name__ == "__main__":
    unittest.main()
