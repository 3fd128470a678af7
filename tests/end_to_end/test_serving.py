"""How programs with main and workers end: none hangs, and each says which rank it was."""
# TEST seconds=240
import re
import unittest

from parmap_testing import ParmapTest


class Serving(ParmapTest):
    def serve(self, *args, ranks=2, env=None):
        return self.launch("serving", *args, ranks=ranks, env=env)

    def assertSaid(self, result, *patterns):
        for pattern in patterns:
            self.assertRegex(result.err, re.compile(pattern, re.MULTILINE), result)


class Ends(Serving):
    def test_all_as_it_should_be(self):
        """Nothing is said, not even by a debug build that lists what was not freed."""
        for ranks, window in ((0, ""), (1, ""), (3, "shm"), (3, "rma"), (3, "msg")):
            with self.subTest(ranks=ranks, window=window):
                result = self.serve(ranks=ranks, env={"PARMAP_WINDOW": window})
                self.assertEqual((result.code, result.out, result.err),
                                 (0, "exit code -15\n", ""), result)

    def test_a_process_goes_on_while_main_finishes(self):
        result = self.serve("slow", 11)
        self.assertEqual(result.code, 0, result)
        self.assertSaid(result, r"^parmap: rank 0: MainProcess has waited 10 s for Process-1 on "
                                r"rank 1 on \S+ to end$")
        self.assertEqual(result.err.count("\n"), 1, result)

    def test_parmap_exit_in_main(self):
        for code in (0, 3):
            for ranks in (1, 3):
                with self.subTest(code=code, ranks=ranks):
                    result = self.serve("leave", code, ranks=ranks)
                    self.assertEqual(result.code, code, result)
                    self.assertNotIn("parmap:", result.err, result)

    def test_more_threads_than_there_are_numbers(self):
        """Those that get none end, with a reason; the others do not notice."""
        result = self.serve("crowd", 1100, ranks=1)
        self.assertEqual(result.code, 0, result)
        fine, failed = map(int, re.findall(r"\d+", result.out))
        self.assertEqual(fine + failed, 1100, result)
        self.assertGreaterEqual(failed, 76, result)
        self.assertEqual(len(re.findall(r"^parmap: rank 0: Process-\d+ ends at once: .*1024",
                                        result.err, re.MULTILINE)), failed, result)


class BadEnds(Serving):
    """The job ends, with a code that is not 0."""

    def assertEnds(self, result, *patterns):
        self.assertNotEqual(result.code, 0, result)
        self.assertSaid(result, *patterns)

    def test_main_leaves_early(self):
        for how in ("early", "exit"):
            for ranks in (1, 3):
                with self.subTest(how=how, ranks=ranks):
                    result = self.serve(how, ranks=ranks)
                    self.assertEnds(result, r"^parmap: rank 0: .*without parmap_finish.*"
                                            r"parmap_exit")

    def test_a_worker_leaves_early(self):
        self.assertEnds(self.serve("worker", ranks=3),
                        r"^parmap: rank 1: .*without parmap_finish")

    def test_a_process_calls_exit(self):
        for ranks, where in ((1, 0), (2, 1)):
            with self.subTest(ranks=ranks):
                self.assertEnds(self.serve("process", ranks=ranks),
                                rf"^parmap: rank {where}: Process-1 called exit.*parmap_exit")

    def test_a_process_fails(self):
        for ranks, where in ((1, 0), (2, 1)):
            with self.subTest(ranks=ranks):
                self.assertEnds(self.serve("must", ranks=ranks),
                                rf"serving.c:\d+: rank {where}, Process-1: parmap_lock_acquire: "
                                "this lock was never created")

    def test_a_rank_crashes(self):
        self.assertNotEqual(self.serve("crash", ranks=3).code, 0)

    def test_a_daemon_does_not_end(self):
        for window in ("shm", "msg"):
            with self.subTest(window=window):
                result = self.serve("deaf", env={"PARMAP_WINDOW": window})
                self.assertEnds(result, r"^parmap: rank 0: Process-1 on rank 1 on \S+ was "
                                        r"terminated, and has not ended for 10 s")

    def test_calls_that_do_not_fit(self):
        for command, pattern in (
                ("alone", r"rank 0: parmap_sync_all: a collective call between parmap_serve"),
                ("twice", r"rank 0: parmap_serve: parmap_serve was called already"),
                ("unstarted", r"parmap_serve: .*parmap_start")):
            with self.subTest(command=command):
                self.assertEnds(self.serve(command), pattern)


if __name__ == "__main__":
    unittest.main()
