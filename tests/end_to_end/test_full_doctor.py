"""parmap doctor where something hangs: it ends by itself, and says what it was at."""
# TEST seconds=300 label=full
import signal
import unittest
from pathlib import Path

from parmap_testing import ParmapTest, ranks_of, send


class Hangs(ParmapTest):
    def check_end(self, run, check):
        self.assertEqual(run.code, 71, run)
        self.assertLess(run.seconds, 100, run)
        self.assertEqual([c for verdict, c, _ in run.findings if verdict == "wrong"], [check], run)
        self.assertIn("this has not ended in time", run.findings[-1][2], run)
        self.assertEqual(self.files(), [], run)

    def test_a_disk_that_does_not_answer(self):
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                run = self.launch("parmap", "doctor", ranks=ranks,
                                  inside=[*self.preload("odd"), "ODD_SYNC=1000"])
                self.check_end(run, "speed")

    def process_of_rank(self, running, rank):
        for pid in ranks_of(running, "parmap"):
            variables = Path(f"/proc/{pid}/environ").read_text().split("\0")
            if {f"OMPI_COMM_WORLD_RANK={rank}", f"PMI_RANK={rank}"} & set(variables):
                return pid
        self.fail(f"no process of rank {rank}")

    def test_a_rank_that_does_not_answer(self):
        running = self.start("parmap", "doctor", ranks=3,
                             inside=[*self.preload("odd"), "ODD_SYNC=3"])
        self.wait_until(lambda: " locks " in running.stdout_so_far(), "the disk is being measured",
                        running=running)
        send(self.process_of_rank(running, 2), signal.SIGSTOP)
        self.check_end(running.wait(), "window")


if __name__ == "__main__":
    unittest.main()
