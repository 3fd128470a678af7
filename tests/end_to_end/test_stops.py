"""What a stop does, whatever asked for it: how soon, what is kept, and the command that continues."""
# TEST seconds=300
import os
import random
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

from parmap_testing import MPI, FileTest, Run, environment, ranks_of, send

PROMPT_S = 60  # a stop takes well under a second; a machine that is busy may need longer
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
# MPICH's mpiexec loses the exit code of a rank, often but not always, when it has forwarded a
# signal, and returns 0.
AFTER_SIGNAL = (75,) if MPI == "openmpi" else (75, 0)


class StopTest(FileTest):
    def begin(self, program="slow", last=200000, ranks=0, threads=1, env=None, args=()):
        """A long run that has begun to compute."""
        running = self.start(program, "--range", f"1..{last}", *args, ranks=ranks, threads=threads,
                             env=env)
        self.wait_until(lambda: self.state(f"{program}.h5") == "running", "it has its file",
                        running=running)
        return running

    def check_stopped(self, run, *words, codes=(75,), program="slow"):
        """The file is incomplete, and one sentence says why and how far."""
        self.assertIn(run.code, codes, run)
        self.assertEqual(run.status, "stopped", run)
        self.assertEqual(len(run.messages("error")), 1, run)
        error = run.messages("error")[0]
        self.assertRegex(error, rf" after \d+ of \d+ elements, {program}.h5 is incomplete; ", run)
        for word in words:
            self.assertIn(word, error, run)
        self.assertEqual(self.state(f"{program}.h5"), "incomplete")

    def elements(self, run):
        return int(run.summary["elements"].split()[0])


class Signals(StopTest):
    def test_it_says_which(self):
        for number in STOPS:
            with self.subTest(signal=number.name):
                running = self.begin(threads=2)
                send(running.pid, number)
                self.check_stopped(running.wait(PROMPT_S), f"stopped by {number.name} after")

    def test_each_at_one_rank(self):
        for number in STOPS:
            with self.subTest(signal=number.name):
                running = self.begin(ranks=3)
                send(random.choice(ranks_of(running, "slow")), number)
                self.check_stopped(running.wait(PROMPT_S), f"stopped by {number.name} after")

    def test_at_all_ranks_and_again_at_once(self):
        """The same request may come on two ways."""
        running = self.begin(ranks=3)
        for pid in ranks_of(running, "slow") * 2:
            send(pid, signal.SIGUSR2)
        self.check_stopped(running.wait(PROMPT_S), "stopped by SIGUSR2")

    def test_usr2_to_mpiexec(self):
        """Open MPI forwards it; MPICH's mpiexec dies of it, and all ranks with it."""
        running = self.begin(ranks=2)
        send(running.pid, signal.SIGUSR2)
        run = running.wait(PROMPT_S)
        if MPI == "openmpi":
            self.check_stopped(run, "stopped by SIGUSR2")
        else:
            self.assertNotEqual(run.code, 0, run)
            self.wait_until(lambda: self.state("slow.h5") == "incomplete", "the file is let go")

    def test_a_second_one_ends_at_once(self):
        """Of any kind, a second after the first; the item takes a minute."""
        for first, second in ((signal.SIGUSR1, signal.SIGUSR1), (signal.SIGUSR2, signal.SIGTERM),
                              (signal.SIGINT, signal.SIGUSR2)):
            with self.subTest(first=first.name, second=second.name):
                running = self.begin("doze", last=2, env={"DOZE_MS": "100000"})
                send(running.pid, first)
                time.sleep(1.2)
                send(running.pid, second)
                self.assertEqual(running.wait(PROMPT_S).code, -second)
                self.assertEqual(self.state("doze.h5"), "incomplete")

    def test_a_second_one_at_one_rank_ends_all(self):
        running = self.begin("doze", last=9, ranks=2, env={"DOZE_MS": "100000"})
        victim = ranks_of(running, "doze")[1]
        send(victim, signal.SIGUSR1)
        time.sleep(1.2)
        send(victim, signal.SIGUSR1)
        self.assertNotEqual(running.wait(PROMPT_S).code, 0)
        self.wait_until(lambda: self.state("doze.h5") == "incomplete", "the file is let go")

    def catches(self, pid):
        """Whether the program's handlers are installed: its first statement."""
        try:
            status = Path("/proc", str(pid), "status").read_text()
        except OSError:
            return False
        return int(re.search(r"SigCgt:\s*(\w+)", status).group(1), 16) >> (signal.SIGUSR2 - 1) & 1

    def test_during_the_start(self):
        """Before MPI is up, at one rank or at all."""
        for ranks, all_of_them in ((0, True), (3, False), (3, True)):
            with self.subTest(ranks=ranks, all=all_of_them):
                running = self.start("slow", "--range", "1..200000", ranks=ranks)
                found = lambda: ranks_of(running, "slow") if ranks else [running.pid]
                self.wait_until(lambda: len(found()) == max(ranks, 1)
                                and all(self.catches(pid) for pid in found()), "it has started",
                                running=running)
                for pid in found() if all_of_them else found()[-1:]:
                    send(pid, signal.SIGUSR1)
                run = running.wait(PROMPT_S)
                self.assertEqual(run.code, 75, run)
                self.assertEqual(len(run.messages("error")), 1, run)
                self.assertIn("stopped by SIGUSR1", run.messages("error")[0])
                self.assertIn(self.state("slow.h5"), ("missing", "incomplete"))

    def test_in_the_last_block(self):
        """All is computed when it is looked for: the run completes."""
        run = self.make("doze", "--range", "1..3", ranks=0, env={"DOZE_RAISE": "3"})
        self.assertEqual(run.status, "complete", run)
        self.check_file("doze.h5", "doze", 1, 3)

    def test_at_any_time(self):
        """Stopped or complete, and the file says the same.  The moment moves to and fro about the
        end of the run, however fast the machine is."""
        draw = random.Random(4242)
        delay_s = 0.5
        for number in range(12):
            ranks = draw.choice((0, 2, 3))
            running = self.start("slow", "--range", "1..300", ranks=ranks)
            time.sleep(delay_s * draw.uniform(0, 1.5))
            for pid in (ranks_of(running, "slow") if ranks else [running.pid]):
                if self.catches(pid):
                    send(pid, draw.choice(STOPS))
            run = running.wait(PROMPT_S)
            delay_s *= 1.6 if run.code else 0.6
            with self.subTest(number=number, ranks=ranks):
                self.assertIn(run.code, (0, 75), run)
                self.assertEqual(self.state("slow.h5") == "complete", run.code == 0, run)
                for path in self.folder.glob("slow.h5*"):
                    path.unlink()


class LongBlocks(StopTest):
    def test_a_long_block_is_left(self):
        """Blocks of half a minute, of a kernel that does not say how slow it is."""
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                running = self.begin("nap", last=40000000, ranks=ranks)
                send(running.pid, signal.SIGUSR1)
                run = running.wait(PROMPT_S)
                self.check_stopped(run, "stopped by SIGUSR1", codes=AFTER_SIGNAL, program="nap")
                self.assertEqual(self.elements(run), 0, run)

    def test_a_slow_item_ends(self):
        """It cannot be cut: it is computed, written and kept."""
        running = self.begin("doze", last=20, threads=2, env={"DOZE_MS": "1500"})
        send(running.pid, signal.SIGTERM)
        run = running.wait(PROMPT_S)
        self.check_stopped(run, "stopped by SIGTERM", program="doze")
        self.assertIn(self.elements(run), (2, 4), run)


class StopFile(StopTest):
    def stop_file(self, program="slow"):
        return self.folder / f"{program}.h5.stop"

    def test_alone_and_over_ranks(self):
        for ranks in (0, 1, 3):
            with self.subTest(ranks=ranks):
                running = self.begin(ranks=ranks)
                self.stop_file().touch()
                self.check_stopped(running.wait(PROMPT_S), "stopped by", "slow.h5.stop after")
                self.assertFalse(self.stop_file().exists())

    def test_without_progress(self):
        """Nothing else makes rank 0 look."""
        running = self.begin(args=["--quiet"])
        self.stop_file().touch()
        run = running.wait(PROMPT_S)
        self.assertEqual((run.code, run.out), (75, ""), run)
        self.assertEqual(len(run.err.splitlines()), 1, run)

    def test_one_from_before(self):
        """It was meant for an earlier run."""
        self.stop_file().touch()
        os.utime(self.stop_file(), (1e9, 1e9))
        run = self.make("slow", "--range", "1..1500", ranks=0)
        self.assertRegex(run.err, r"(?m)^slow: removed .*slow\.h5\.stop\b", run)
        self.check_file("slow.h5", "slow", 1, 1500)
        self.assertEqual(self.files(), ["slow.h5"])

    def test_one_that_cannot_be_removed(self):
        """A folder, say: a warning, and the run goes on."""
        self.stop_file().mkdir()
        os.utime(self.stop_file(), (1e9, 1e9))
        run = self.make("slow", "--range", "1..1500", ranks=0)
        self.assertEqual(len(run.messages("warning")), 1, run)
        self.assertIn("slow.h5.stop", run.messages("warning")[0])
        self.check_file("slow.h5", "slow", 1, 1500)

    def test_a_refused_run_leaves_it(self):
        """It is for the run that has the file."""
        running = self.begin()
        send(running.pid, signal.SIGSTOP)
        self.stop_file().touch()
        os.utime(self.stop_file(), (1e9, 1e9))
        self.assertError(self.launch("slow", "--range", "1..200000", ranks=0), 73)
        self.assertTrue(self.stop_file().exists())
        send(running.pid, signal.SIGCONT)
        self.check_stopped(running.wait(PROMPT_S), "slow.h5.stop")


class Continue(StopTest):
    LAST = 3000

    def stopped(self, *args, ranks=0, env=None, output="slow.h5", inside=()):
        """The command that a run prints when it is stopped."""
        running = self.start("slow", "--range", f"1..{self.LAST}", *args, ranks=ranks, env=env,
                             inside=inside)
        self.wait_until(lambda: self.state(self.folder / output) == "running", "it has its file",
                        running=running)
        (self.folder / f"{output}.stop").touch()
        run = running.wait(PROMPT_S)
        self.assertEqual(run.code, 75, run)
        lines = re.findall(r"(?m)^slow: to continue: (.*)$", run.err)
        self.assertEqual(len(lines), 1, run)
        return lines[0]

    def follow(self, command, env=None, folder="/"):
        """Types it into a shell, somewhere else."""
        began = time.monotonic()
        done = subprocess.run(["bash", "-c", command], env=environment(env, self.session),
                              cwd=folder, capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL)
        run = Run([command], done.returncode, done.stdout, done.stderr, time.monotonic() - began)
        self.assertEqual((run.code, run.status), (0, "complete"), run)
        return run

    def test_alone(self):
        command = self.stopped("--summary=text")
        self.assertRegex(command, r"^cd \S+ && \S+/slow --range 1\.\.3000 --summary=text$")
        self.follow(command)
        self.check_file("slow.h5", "slow", 1, self.LAST)

    def test_over_ranks(self):
        command = self.stopped("--threads", "1", ranks=3)
        self.assertRegex(command, r"^cd \S+ && \S*mpiexec\S* -np 3 \S+/slow --range 1\.\.3000 "
                         r"--threads 1$")
        run = self.follow(command)
        self.assertIn("3 ranks x 1 thread", run.err)
        self.check_file("slow.h5", "slow", 1, self.LAST)

    def test_odd_words(self):
        output = "it's a $HOME; #1\n.h5"
        command = self.stopped("--output", output, "--dataset", "a b/'c'", ranks=2, output=output)
        self.assertNotIn("\n", command)
        self.follow(command)
        self.check_file(output, "slow", 1, self.LAST, dataset="a b/'c'")

    def test_environment(self):
        """Variables stand in front; the shell may have forgotten them."""
        env = {"PARMAP_DATASET": "from env", "PARMAP_STATS": "on", "PARMAP_NOTHING": "x"}
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                command = self.stopped("--force", env=env, ranks=ranks)
                self.assertIn(" && PARMAP_DATASET='from env' PARMAP_STATS=on ", command)
                self.follow(command)
                self.check_file("slow.h5", "slow", 1, self.LAST, dataset="from env", stats=True)

    def test_without_force(self):
        """It would begin afresh."""
        for args, env in ((["--force"], {}), (["--force=on", "--force=yes"], {}),
                          ([], {"PARMAP_FORCE": "on"})):
            with self.subTest(args=args, env=env):
                command = self.stopped(*args, env=env)
                self.assertNotIn("--force", command)
                self.assertEqual("PARMAP_FORCE=off" in command, bool(env), command)
        self.follow(command, env)

    def test_same_folder(self):
        """No cd where the shell is there already."""
        inner = self.stopped().split(" && ", 1)[1]
        shell = f"timeout 60 {inner} & pid=$!; sleep 1; touch slow.h5.stop; wait $pid"
        done = subprocess.run(["bash", "-c", shell], env=environment(None, self.session),
                              cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertIn(f"slow: to continue: {inner}\n", done.stderr)
        self.follow(inner, folder=self.folder)

    def test_in_slurm(self):
        """The launcher's words are not to be found; the job can be requeued."""
        env = {"SLURM_JOB_ID": "4711", "SLURM_JOB_END_TIME": str(int(time.time()) + 3600)}
        running = self.begin(env=env)
        send(running.pid, signal.SIGUSR1)
        run = running.wait(PROMPT_S)
        self.check_stopped(run)
        self.assertIn("\nslow: to continue in the same Slurm job: scontrol requeue 4711\n", run.err)
        env.update(SLURM_ARRAY_JOB_ID="4700", SLURM_ARRAY_TASK_ID="3")
        running = self.begin(env=env)
        send(running.pid, signal.SIGUSR1)
        self.assertIn("scontrol requeue 4700_3\n", running.wait(PROMPT_S).err)

    def test_launcher_out_of_sight(self):
        """Too far above, or on another machine: the program's own words."""
        wrapper = ["sh", "-c", '"$@"; exit $?', "sh"]
        command = self.stopped("--summary", "text", ranks=2, inside=wrapper * 7)
        self.assertRegex(command, r"^run again, under the same launcher: \S+/slow --range "
                         r"1\.\.3000 --summary text$")
        self.assertIn("mpiexec", self.stopped(ranks=2, inside=wrapper * 3))

    def test_too_long_to_print(self):
        """Half a command is of no use."""
        command = self.stopped(*["--stats=off"] * 400, "--force")
        self.assertEqual(command, "run the same command again, without --force")

    def test_on_error(self):
        """The same command would stop again."""
        env = {"FALLIBLE": "1"}  # every hundredth item fails
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                run = self.launch("fallible", "--range", "1..5000", "--on-error", "stop",
                                  "--force", ranks=ranks, env=env)
                self.assertEqual((run.code, run.status), (1, "stopped"), run)
                command = re.findall(r"(?m)^fallible: to continue: (.*)$", run.err)[0]
                self.assertRegex(command, r"/fallible --range 1\.\.5000 --on-error stop "
                                 r"--on-error continue$")
                done = subprocess.run(["bash", "-c", command], cwd="/", capture_output=True,
                                      text=True, timeout=120, env=environment(env, self.session))
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("fallible: complete\n", done.stdout)
                self.assertNotIn("to continue", done.stderr)

    def test_no_journal(self):
        running = self.begin(args=["--journal", "off"])
        send(running.pid, signal.SIGUSR1)
        run = running.wait(PROMPT_S)
        self.check_stopped(run, "without a journal it can only be computed from the start")
        self.assertNotIn("to continue", run.err)

    def test_quiet(self):
        running = self.begin(args=["--quiet"])
        send(running.pid, signal.SIGUSR1)
        self.assertNotIn("to continue", running.wait(PROMPT_S).err)


if __name__ == "__main__":
    unittest.main()
