"""Signals, killed ranks, and two runs on one file."""
# TEST seconds=240
import os
import signal
import unittest

import h5py
import numpy

from parmap_testing import HOST, MPI, FileTest, attributes, ranks_of, send

COUNT = 200000  # items of a millisecond each: more than a run here can finish before its end
PROMPT_S = 60  # a stop takes well under a second; a machine that is busy may need longer


class SignalTest(FileTest):
    def begin(self, ranks=0, count=COUNT, threads=1):
        """A slow run in the middle of its work."""
        running = self.start("slow", "--range", f"1..{count}", ranks=ranks, threads=threads)
        self.wait_until_writing(running, "slow.h5")
        return running

    def check_stopped(self, run):
        """A run over ranks that was asked to stop.  MPICH's mpiexec loses the exit code of a rank,
        often but not always, when it has forwarded a signal, and returns 0."""
        self.assertIn(run.code, (75,) if MPI == "openmpi" else (75, 0), run)
        self.assertEqual(run.status, "stopped", run)

    def check_incomplete(self, count=COUNT):
        """The file says that it is not complete, to parmap and to h5py, and can be read."""
        self.wait_until(lambda: self.state("slow.h5") != "running", "the run lets go of its file")
        self.assertEqual(self.state("slow.h5"), "incomplete")
        with h5py.File(self.folder / "slow.h5") as file:
            data = file["slow"]
            self.assertEqual((data.shape, attributes(data)["complete"]), ((count,), 0))
            self.assertEqual(attributes(data)["range"], f"1..{count}")
            values = data[:]
        self.assertTrue(((values == 0) | (values == numpy.arange(1, count + 1))).all())
        self.assertTrue(list(self.folder.glob("slow.h5.journal-*")), "the journal is kept")


class Stops(SignalTest):
    def test_alone(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            with self.subTest(signal=number.name):
                running = self.begin(threads=2)
                send(running.pid, number)
                run = running.wait(PROMPT_S)
                self.assertEqual(run.code, 75, run)
                self.assertEqual(run.status, "stopped", run)
                self.check_incomplete()

    def test_json_of_a_stopped_run(self):
        running = self.start("slow", "--range", f"1..{COUNT}", "--summary", "json")
        self.wait_until_writing(running, "slow.h5")
        send(running.pid, signal.SIGTERM)
        run = running.wait(PROMPT_S)
        self.assertEqual((run.code, run.json["status"]), (75, "stopped"), run)
        self.assertLess(run.json["elements"], COUNT, run)

    def test_usr1_to_mpiexec(self):
        """Both launchers forward it."""
        running = self.begin(ranks=3)
        send(running.pid, signal.SIGUSR1)
        self.check_stopped(running.wait(PROMPT_S))
        self.check_incomplete()

    def test_term_and_int_to_mpiexec(self):
        """Open MPI's mpiexec kills two seconds later and returns 1; the file tells the truth."""
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                running = self.begin(ranks=2)
                send(running.pid, number)
                run = running.wait(PROMPT_S)
                if MPI == "openmpi":
                    self.assertNotEqual(run.code, 0, run)
                else:
                    self.check_stopped(run)
                self.check_incomplete()

    def test_signal_to_one_rank_stops_all(self):
        running = self.begin(ranks=3)
        ranks = ranks_of(running, "slow")
        self.assertEqual(len(ranks), 3)
        send(ranks[-1], signal.SIGUSR1)
        run = running.wait(PROMPT_S)
        self.assertEqual(run.code, 75, run)
        self.check_incomplete()

    def test_stopped_without_output(self):
        running = self.start("slow", "--range", f"1..{COUNT}", "--output", "none", "--progress",
                             "always")
        self.wait_until(lambda: "%" in running.stderr_so_far(), "progress", running=running)
        send(running.pid, signal.SIGINT)
        run = running.wait(PROMPT_S)
        self.assertEqual((run.code, run.status), (75, "stopped"), run)
        self.assertEqual(self.files(), [])


class Kills(SignalTest):
    def test_alone(self):
        running = self.begin(threads=2)
        send(running.pid, signal.SIGKILL)
        self.assertEqual(running.wait(PROMPT_S).code, -signal.SIGKILL)
        self.check_incomplete()

    def test_one_rank(self):
        """The death of one rank ends the job."""
        running = self.begin(ranks=3)
        send(ranks_of(running, "slow")[1], signal.SIGKILL)
        self.assertNotEqual(running.wait(PROMPT_S).code, 0)
        self.check_incomplete()

    def test_run_again(self):
        """It starts afresh and says so.  Forty threads sleep through what one was too slow for."""
        running = self.begin(count=20000)
        send(running.pid, signal.SIGKILL)
        running.wait(PROMPT_S)
        self.check_incomplete(20000)
        run = self.launch("slow", "--range", "1..19999", ranks=0)
        self.assertError(run, 73, "holds another run")
        self.check_incomplete(20000)
        run = self.make("slow", "--range", "1..20000", ranks=0, threads=40)
        self.assertEqual(run.status, "complete", run)
        self.assertRegex(run.err, r"(?m)^slow: continuing slow.h5: \d+ of 20000 elements", run)
        self.check_file("slow.h5", "slow", 1, 20000)
        self.assertEqual(self.files(), ["slow.h5"])

    def test_file_of_others_beside_a_journal(self):
        """The journal of a killed run does not make ours what somebody has put in its place."""
        running = self.begin()
        send(running.pid, signal.SIGKILL)
        running.wait(PROMPT_S)
        path = self.folder / "slow.h5"
        with h5py.File(self.folder / "mine.h5", "w") as file:
            file["mine"] = numpy.arange(5)
        for content in (b"not HDF5\n" * 1000, (self.folder / "mine.h5").read_bytes()):
            for args in ([], ["--force"]):
                with self.subTest(content=content[:8], args=args):
                    path.write_bytes(content)
                    again = self.start("slow", "--range", f"1..{COUNT}", *args)
                    self.wait_until(lambda: again.process.poll() is not None
                                    or path.read_bytes() != content, "a refusal")
                    kept = path.read_bytes() == content
                    again.kill()
                    self.assertTrue(kept, "the file was overwritten")
                    self.assertError(again.wait(), 73, "slow.h5")


class TwoRuns(SignalTest):
    def check_refused(self, pids, *args, ranks=0):
        before = os.stat(self.folder / "slow.h5").st_ino
        run = self.launch("slow", "--range", f"1..{COUNT}", *args, ranks=ranks)
        self.assertError(run, 73, "slow.h5 is being written by another run", HOST)
        self.assertRegex(run.messages("error")[0], rf"\b({'|'.join(map(str, pids))})\b", run)
        self.assertEqual(self.state("slow.h5"), "running")
        self.assertEqual(os.stat(self.folder / "slow.h5").st_ino, before)

    def test_beside_a_run_that_stands_still(self):
        """A stopped process lives; its file is not taken away from it, not with --force either."""
        running = self.begin()
        send(running.pid, signal.SIGSTOP)
        self.assertEqual(self.state("slow.h5"), "running")
        self.check_refused([running.pid])
        self.check_refused([running.pid], "--force")
        self.check_refused([running.pid], "--range", "1..5", ranks=2)
        self.check_refused([running.pid], "--range", "1..5", "--force", ranks=2)
        send(running.pid, signal.SIGCONT)
        send(running.pid, signal.SIGTERM)
        self.assertEqual(running.wait(PROMPT_S).code, 75)
        self.check_incomplete()

    def test_beside_a_run_over_ranks(self):
        running = self.begin(ranks=2)
        self.check_refused(ranks_of(running, "slow"), ranks=2)
        info = self.launch("parmap", "info", "slow.h5", ranks=0)
        self.assertEqual(info.code, 0, info)
        self.assertRegex(info.out, r"(?m): *running\b", info)
        verify = self.launch("parmap", "verify", "slow.h5", ranks=0)
        self.assertError(verify, 65)
        send(running.pid, signal.SIGUSR1)
        self.check_stopped(running.wait(PROMPT_S))
        self.check_incomplete()

    def test_survivor_of_the_first_run(self):
        """The refused run leaves the first one alone: it ends well."""
        running = self.start("slow", "--range", "1..6000", threads=2)
        self.wait_until_writing(running, "slow.h5", size=6000 * 8)
        self.launch("slow", "--range", "1..7000", "--force", ranks=0)
        self.assertEqual(running.wait().code, 0)
        self.check_file("slow.h5", "slow", 1, 6000)


if __name__ == "__main__":
    unittest.main()
