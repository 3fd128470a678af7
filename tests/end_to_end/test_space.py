"""Too little space and file size limits: told before the run, or in mid-run without a hang."""
# TEST seconds=240
import shutil
import unittest

from parmap_testing import MPIEXEC, FileTest, command_line, namespace, program

SMALL = "8m"  # of the file system
BIG_RANGE = "1..16000000"  # 128 MB of squares
LIMIT = 64 << 20  # of a file's size, in bytes; above what Open MPI needs for itself


class SpaceTest(FileTest):
    def on_small_disk(self, *args, ranks, inside=()):
        """Runs squares with its output on a small tmpfs; returns the run, without its last line on
        stdout, and that line: what `parmap info --state` says of the output afterwards."""
        spaces = namespace()
        if spaces is None:
            self.skipTest("needs mounts of its own (unshare -m)")
        (self.folder / "small").mkdir(exist_ok=True)
        script = (f'mount -t tmpfs -o size={SMALL} none small || exit 99; "$@"; code=$?; echo; '
                  f'"{program("parmap")}" info --state small/x.h5 2> /dev/null; exit $code')
        run = self.launch("squares", "--output", "small/x.h5", "--range", BIG_RANGE, *args,
                          ranks=ranks, inside=inside, outside=[*spaces, "sh", "-c", script, "sh"])
        self.assertNotEqual(run.code, 99, run)
        out, _, state = run.out.rstrip("\n").rpartition("\n")
        run.out = out
        return run, state


class Space(SpaceTest):
    def test_too_little_is_told_before_the_run(self):
        for ranks, args, needs in ((0, [], "1(28|29|30)"), (3, [], "1(28|29|30)"),
                                   (0, ["--type", "int128"], "25[678]")):
            with self.subTest(ranks=ranks, args=args):
                run, state = self.on_small_disk(*args, ranks=ranks)
                self.assertError(run, 74)
                self.assertRegex(run.messages("error")[0],
                                 f"needs {needs} MB, but .*small has [\\d.]+ MB free", run)
                self.assertEqual(state, "missing", "no file is left")

    def test_disk_full_in_mid_run(self):
        """The job ends with one sentence, and never says that it is complete."""
        for ranks, threads in ((0, 2), (4, 1)):
            with self.subTest(ranks=ranks):
                run, state = self.on_small_disk("--threads", threads, ranks=ranks,
                                                inside=self.preload("plenty"))
                self.assertError(run, 74, "small/x.h5", "No space left", out=None)
                self.assertNotIn("complete", run.out.split(), run)
                self.assertIn(state, ("incomplete", "missing"), run)

    def test_full_enough(self):
        """What fits is written."""
        run, state = self.on_small_disk("--range", "1..500000", ranks=2)
        self.assertEqual((run.code, state), (0, "complete"), run)


class FileSizeLimit(SpaceTest):
    def limited(self):
        return ["prlimit", f"--fsize={LIMIT}", "--"]

    def setUp(self):
        super().setUp()
        if not shutil.which("prlimit"):
            self.skipTest("needs prlimit (package util-linux)")

    def test_told_before_the_run(self):
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                run = self.launch("squares", "--range", BIG_RANGE, ranks=ranks,
                                  inside=self.limited())
                self.assertError(run, 74, "file size limit")
                self.assertEqual(self.files(), [])

    def on_one_rank(self, inside):
        """Rank 1 of 2 is limited, rank 0 is not; rank 1 writes the end of the file."""
        args = ["squares", "--range", BIG_RANGE, "--schedule", "static"]
        both = command_line(args, 0)
        return self.launch(MPIEXEC, "-np", 1, *both, ":", "-np", 1, *self.limited(), *inside,
                           *both, ranks=0)

    def test_on_one_rank(self):
        run = self.on_one_rank([])
        self.assertError(run, 74, "file size limit", out=None)
        self.assertNotEqual(self.state("squares.h5"), "complete")

    def test_on_one_rank_in_mid_run(self):
        """The rank cannot see its limit beforehand; the whole job ends, not this rank alone."""
        run = self.on_one_rank(self.preload("plenty"))
        self.assertError(run, 74, "squares.h5", "file size limit", out=None)
        self.assertNotIn("complete", run.out.split(), run)
        self.assertIn(self.state("squares.h5"), ("incomplete", "missing"))


if __name__ == "__main__":
    unittest.main()
