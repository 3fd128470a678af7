"""What the environment says of shared objects: how they are reached, how large the heaps are."""
import re
import unittest

from parmap_testing import MPIEXEC, ParmapTest, namespace, program

PROGRAM = "test_shared_start"  # it begins with parmap_start, as parmap_must would have it
SMALL = "4m"  # of /dev/shm
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
        for window in ("nonsense", "SHM", "shm ", "x" * 1000):
            for ranks in (0, 2):
                with self.subTest(window=window[:10], ranks=ranks):
                    result = self.launch(PROGRAM, ranks=ranks, env={"PARMAP_WINDOW": window})
                    self.assertRefused(result, 64, f'PARMAP_WINDOW is "{window}"'[:200],
                                       "shm, rma or msg")

    def test_no_such_heap(self):
        for heap in ("nonsense", "-1", "0", "12", "64MB", "1e9", "9" * 21, "9999T"):
            with self.subTest(heap=heap):
                result = self.launch(PROGRAM, ranks=0, env={"PARMAP_HEAP": heap})
                self.assertRefused(result, 64, f'PARMAP_HEAP is "{heap}"')

    def test_a_heap_that_does_not_fit(self):
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                result = self.launch(PROGRAM, ranks=ranks,
                                     env={"PARMAP_HEAP": LARGE, "PARMAP_WINDOW": "shm"})
                self.assertRefused(result, 71, "PARMAP_HEAP", "/dev/shm")

    def test_small_dev_shm(self):
        """Told in words, before the bus error of the first page that is missing."""
        spaces = namespace()
        if spaces is None:
            self.skipTest("needs mounts of its own (unshare -m)")
        script = f'mount -t tmpfs -o size={SMALL} none /dev/shm || exit 99; exec "$@"'
        result = self.launch(PROGRAM, ranks=0, outside=[*spaces, "sh", "-c", script, "sh"],
                             env={"PARMAP_HEAP": "64M", "PARMAP_WINDOW": "shm"})
        self.assertRefused(result, 71, "PARMAP_HEAP", "/dev/shm")
        result = self.launch(PROGRAM, ranks=0, outside=[*spaces, "sh", "-c", script, "sh"],
                             env={"PARMAP_HEAP": "1M", "PARMAP_WINDOW": "shm"})
        self.assertEqual(result.code, 0, result)

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
