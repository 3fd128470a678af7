"""Pools over several hosts: many programs, with each window."""
# TEST label=full seconds=1800
import unittest

import test_shared_hosts
from parmap_testing import MPI

PROGRAMS = ["pool", "pool_map", "pool_kernel", "pool_result", "pool_callback", "pool_error",
            "pool_imap", "pool_end", "pool_sharing", "pool_many"]


class TwoHosts(test_shared_hosts.SharedHosts):
    count = 2

    def test_nothing_set(self):
        self.run_programs(PROGRAMS, ranks_each=2, timeout=300)

    def test_one_rank_on_each(self):
        self.run_programs(PROGRAMS, ranks_each=1, timeout=300)

    def test_rma(self):
        self.run_programs(PROGRAMS, window="rma", ranks_each=2, timeout=300)

    def test_msg(self):
        self.run_programs(PROGRAMS, window="msg", ranks_each=2, timeout=300)


@unittest.skipIf(MPI == "mpich", "two hosts at most with MPICH")
class ThreeHosts(test_shared_hosts.SharedHosts):
    count = 3

    def test_nothing_set(self):
        self.run_programs(PROGRAMS, ranks_each=2, timeout=300)


if __name__ == "__main__":
    unittest.main()
