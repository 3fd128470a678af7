"""Pools over several hosts, which talk over TCP.  test_full_pool_hosts.py runs more programs."""
# TEST seconds=300
import unittest

import test_shared_hosts
from parmap_testing import MPI


class TwoHosts(test_shared_hosts.SharedHosts):
    count = 2

    def test_a_program(self):
        for window in (None, "rma", "msg"):
            with self.subTest(window=window):
                result = self.on_hosts("pooling", "cubes", window=window, ranks_each=2)
                self.assertEqual((result.code, result.out),
                                 (0, "0 1 8 27 64 125 216 343 512 729 2025\n"), result)

    def test_nothing_set(self):
        self.run_programs(["pool_map", "pool_error"], ranks_each=1)
        self.run_programs(["pool_imap", "pool_sharing"], ranks_each=2)

    def test_rma(self):
        self.run_programs(["pool_error"], window="rma")

    def test_msg(self):
        self.run_programs(["pool_error"], window="msg")

    def test_a_task_on_the_other_host_ends_the_job(self):
        result = self.on_hosts("pooling", "must", "1", timeout=60)
        self.assertEqual(result.code, 64, result)
        self.assertRegex(result.err, r"pooling\.c:\d+: rank 1, PoolWorker-2: parmap_lock", result)


# MPICH 4.0 over TCP can hang in MPI_Finalize with three hosts or more
@unittest.skipIf(MPI == "mpich", "two hosts at most with MPICH")
class ThreeHosts(test_shared_hosts.SharedHosts):
    count = 3

    def test_nothing_set(self):
        self.run_programs(["pool_error"])


if __name__ == "__main__":
    unittest.main()
