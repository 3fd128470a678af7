"""parmap merge: the parts of a range joined into the file that one run would have made."""
# TEST seconds=480
import hashlib
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

import h5py
import numpy

from parmap_testing import FileTest, attributes, inputs, program, send


class MergeTest(FileTest):
    def make_parts(self, name, *args, of, **settings):
        """Computes all parts of a range; their files."""
        settings.setdefault("ranks", 0)
        return [self.make_part(name, *args, part=f"{number}/{of}", **settings)
                for number in range(1, of + 1)]

    def make_part(self, name, *args, part, **settings):
        settings.setdefault("ranks", 0)
        self.make(name, *args, "--part", part, **settings)
        return f"{name}.{part.replace('/', '-of-')}.h5"

    def make_range(self, text, path, *args, name="cubemap"):
        """A range that was computed by itself, without --part."""
        self.make(name, "--range", text, "--output", path, *args, ranks=0)
        return path

    def parmap_merge(self, *args, **settings):
        settings.setdefault("ranks", 0)
        return self.launch("parmap", "merge", *args, **settings)

    def merge(self, *args, **settings):
        """A merge that has to end well."""
        result = self.parmap_merge(*args, **settings)
        self.assertEqual(result.code, 0, result)
        return result

    def assertErrors(self, result, code, *errors):
        """The exit code, and one line for each, in any order, that holds all of its fragments."""
        self.assertEqual((result.code, result.out), (code, ""), result)
        messages = result.messages("error")
        self.assertEqual(len(messages), len(errors), result)
        for fragments in errors:
            self.assertTrue(any(all(f in m for f in fragments) for m in messages),
                            f"{fragments}{result}")

    def data_hash(self, path, dataset):
        """SHA-256 of the bytes of the data."""
        with h5py.File(self.folder / path) as file:
            data = file[dataset]
            start, size = data.id.get_offset(), data.id.get_storage_size()
        with open(self.folder / path, "rb") as file:
            file.seek(start)
            return hashlib.sha256(file.read(size)).hexdigest()

    def assertSameData(self, path, whole, dataset):
        """Two files agree in all but /parmap, down to the types of the attributes."""
        self.assertEqual(self.data_hash(path, dataset), self.data_hash(whole, dataset))
        with h5py.File(self.folder / path) as one, h5py.File(self.folder / whole) as other:
            one, other = one[dataset], other[dataset]
            self.assertEqual(attributes(one), attributes(other))
            for name in other.attrs:
                self.assertEqual(one.attrs.get_id(name).dtype, other.attrs.get_id(name).dtype)
        if shutil.which("h5diff"):
            diff = subprocess.run(["h5diff", path, whole, f"/{dataset}", f"/{dataset}"],
                                  cwd=self.folder, capture_output=True, text=True, timeout=60)
            self.assertEqual((diff.returncode, diff.stdout, diff.stderr), (0, "", ""))

    def change(self, path, dataset="cubes", **attrs):
        with h5py.File(self.folder / path, "r+") as file:
            for name, value in attrs.items():
                file[dataset].attrs.modify(name, value)
        return path

    def spoil(self, path, element, dataset="cubes", hashed=True):
        """Another value for an element; `hashed`: the checksum is removed, so nobody can tell."""
        with h5py.File(self.folder / path, "r+") as file:
            file[dataset][element] += 1
            if not hashed:
                del file[dataset].attrs["checksum"]
                del file[dataset].attrs["checksum_method"]
        return path


class Whole(MergeTest):
    """A merged file is that of one run."""
    RUNS = (  # program, data set, parts, arguments
        ("cubemap", "cubes", 1, ["--range", "1..1000003", "--stats"]),
        ("cubemap", "cubes", 8, ["--range", "1..1000003", "--stats"]),
        ("cubemap", "cubes", 3, ["--range", "999..-70000:-1", "--type", "int128", "--stats"]),
        ("cubemap", "cubes", 7, ["--range", "208000..250000:5", "--type", "float64",
                                 "--allow-rounding", "--stats"]),
        ("squares", "a/b", 5, ["--range", "0..3000000:7", "--type", "uint64", "--dataset", "a/b"]),
        ("squares", "squares", 2, ["--range", "70000..-70000:-3", "--checksum", "off"]),
        ("parabola", "parabola", 4, ["--range", "-5..300000", "--stats"]),
        ("thirds", "thirds", 3, ["--range", "-99999..99999:2", "--stats"]),
        ("slow", "slow", 6, ["--range", "1..64:3"]),
    )

    def test_equals_one_run(self):
        rng = random.Random(7)
        for name, dataset, of, args in self.RUNS:
            with self.subTest(name=name, of=of):
                paths = self.make_parts(name, *args, of=of, threads=2)
                rng.shuffle(paths)
                merged = f"{name}-{of}.h5"
                result = self.merge(merged, *paths, env={"OMP_NUM_THREADS": "3"})
                self.assertTrue(result.out.startswith("parmap: merged\n"), result)
                self.make(name, *args, "--output", "whole.h5", "--force", ranks=2)
                self.assertSameData(merged, "whole.h5", dataset)
                self.check_known(name, args, merged)

    def check_known(self, name, args, path):
        """The program and parmap take it for the file of one run."""
        before = (self.folder / path).read_bytes()
        again = self.make(name, *args, "--output", path, ranks=3)
        self.assertEqual(again.status, "already complete", again)
        self.assertEqual((self.folder / path).read_bytes(), before)
        self.assertEqual(self.make(name, "--verify", path, ranks=0).status, "verified")
        if "off" not in args:
            self.make("parmap", "verify", path, ranks=0)
        self.assertEqual(self.state(path), "complete")
        self.assertEqual([f for f in self.files() if "journal" in f], [])

    def test_the_results(self):
        """Against numpy's numbers."""
        paths = self.make_parts("cubemap", "--range", "500000..-500001:-1", of=3)
        self.merge("cubemap.h5", *paths)
        attrs = self.check_file("cubemap.h5", "cubemap", 500000, -500001, -1)
        self.assertNotIn("part", attrs)
        self.assertNotIn("whole_range", attrs)

    def test_parts_of_several_ranks(self):
        paths = self.make_parts("cubemap", "--range", "1..99999", of=3, ranks=3)
        self.merge("cubemap.h5", *paths)
        self.make("cubemap", "--range", "1..99999", "--output", "whole.h5", ranks=0)
        self.assertSameData("cubemap.h5", "whole.h5", "cubes")

    def test_as_many_parts_as_items(self):
        for text, step in (("9..1:-2", -2), ("1..5", 1), ("7..7", 1)):
            with self.subTest(range=text):
                first, last = (int(x) for x in text.split(":")[0].split(".."))
                count = len(inputs(first, last, step))
                paths = self.make_parts("cubemap", "--range", text, "--force", of=count)
                self.merge("cubemap.h5", "--force", *reversed(paths))
                self.make("cubemap", "--range", text, "--output", "whole.h5", "--force", ranks=0)
                self.assertSameData("cubemap.h5", "whole.h5", "cubes")

    def test_ranges_that_were_no_parts(self):
        paths = [self.make_range("1..40000", "a.h5"), self.make_range("40001..40001", "b.h5"),
                 self.make_range("40002..99999", "c.h5")]
        self.merge("merged.h5", *reversed(paths))
        self.make_range("1..99999", "whole.h5")
        self.assertSameData("merged.h5", "whole.h5", "cubes")

    def test_merged_files_are_merged(self):
        args = ["--range", "1..100000", "--stats"]
        paths = self.make_parts("cubemap", *args, of=4)
        for path in paths:  # else the rest of the range would be missed
            with h5py.File(self.folder / path, "r+") as file:
                del file["cubes"].attrs["part"]
        self.merge("a.h5", *paths[:2])
        self.merge("b.h5", *paths[2:])
        self.merge("merged.h5", "b.h5", "a.h5")
        self.make("cubemap", *args, "--output", "whole.h5", ranks=0)
        self.assertSameData("merged.h5", "whole.h5", "cubes")

    def test_what_not_all_parts_have(self):
        args = ["--range", "1..1000"]
        paths = [self.make_part("cubemap", *args, part="1/2"),
                 self.make_part("cubemap", *args, "--stats", "--checksum", "off", part="2/2")]
        result = self.merge("cubemap.h5", *paths)
        self.assertIn(f"cubemap.h5 gets no checksum, because {paths[1]} has none", result.err)
        self.assertIn(f"cubemap.h5 gets no statistics, because {paths[0]} has none", result.err)
        self.check_file("cubemap.h5", "cubemap", 1, 1000, hashed=False)

    def test_more_files_than_may_be_open(self):
        with_limit = ["bash", "-c", 'ulimit -Sn 24; exec "$@"', "bash"]
        without = ["bash", "-c", 'ulimit -n 24; exec "$@"', "bash"]
        paths = self.make_parts("cubemap", "--range", "1..30", of=30)
        self.merge("cubemap.h5", *paths, inside=with_limit)
        self.check_file("cubemap.h5", "cubemap", 1, 30)
        self.assertErrors(self.parmap_merge("no.h5", *paths, inside=without), 71,
                          ["raise the limit (ulimit -n 94)"])
        self.assertNotIn("no.h5", self.files())


class Overlaps(MergeTest):
    def test_equal_items(self):
        """Parts of 2 and of 3, and a file within another."""
        args = ["--range", "1..300001"]
        paths = [*self.make_parts("cubemap", *args, of=3), *self.make_parts("cubemap", *args, of=2),
                 self.make_range("100..200", "a.h5")]
        result = self.merge("cubemap.h5", *paths)
        self.check_file("cubemap.h5", "cubemap", 1, 300001)
        self.assertIn("cubemap.1-of-2.h5 and cubemap.1-of-3.h5 both hold the 100000 elements "
                      "1..100000; they are equal", result.err)
        self.assertIn("cubemap.1-of-2.h5 and a.h5 both hold the 101 elements 100..200; they are "
                      "equal", result.err)
        self.assertEqual(result.err.count("they are equal"), 5, result)

    def test_conflicts(self):
        """Each two files that differ, with the first item."""
        self.make_range("3000..1:-1", "a.h5")
        self.spoil(self.make_range("2990..2900:-1", "b.h5"), 5, hashed=False)
        self.spoil(self.spoil(self.make_range("100..1:-1", "c.h5"), 99), 42, hashed=False)
        self.make_range("50..1:-1", "d.h5")
        result = self.parmap_merge("out.h5", "d.h5", "c.h5", "b.h5", "a.h5")
        self.assertErrors(result, 65,
                          ["a.h5 and b.h5 differ in 1 of 91 elements", "index 15 (x = 2985)"],
                          ["a.h5 and c.h5 differ in 2 of 100 elements", "index 2942 (x = 58)"])
        self.assertIn("a.h5 and d.h5 both hold the 50 elements 50..1:-1; they are equal",
                      result.err)
        self.assertEqual(self.files(), ["a.h5", "b.h5", "c.h5", "d.h5"])

    def test_bits_count(self):
        """A NaN is equal to itself, 0 and -0 are not."""
        for path, text in (("a.h5", "1..9"), ("b.h5", "5..14")):
            self.make("parabola", "--range", text, "--checksum", "off", "--output", path, ranks=0)
            with h5py.File(self.folder / path, "r+") as file:
                file["parabola"][4 if path == "a.h5" else 0] = numpy.nan
        self.assertIn("are equal", self.merge("out.h5", "a.h5", "b.h5").err)
        for path, zero in (("a.h5", 0.0), ("b.h5", -0.0)):
            with h5py.File(self.folder / path, "r+") as file:
                file["parabola"][5 if path == "a.h5" else 1] = zero
        self.assertErrors(self.parmap_merge("out.h5", "a.h5", "b.h5"), 65, ["index 5 (x = 6)"])


class Gaps(MergeTest):
    def test_missing_parts(self):
        args = ["--range", "1..1000"]
        paths = self.make_parts("cubemap", *args, of=8)
        for missing, *errors in (
                ((0,), ["inputs 1..125 ", "part 1/8 of range 1..1000"]),
                ((7,), ["inputs 876..1000 ", "part 8/8 of range 1..1000"]),
                ((2, 3, 4), ["inputs 251..625 ", "parts 3/8 to 5/8 of range 1..1000"]),
                ((0, 3, 6, 7), ["inputs 1..125 ", "part 1/8"], ["inputs 376..500 ", "part 4/8"],
                 ["inputs 751..1000 ", "parts 7/8 to 8/8"])):
            with self.subTest(missing=missing):
                given = [p for i, p in enumerate(paths) if i not in missing]
                self.assertErrors(self.parmap_merge("out.h5", *given), 65, *errors)
        self.assertEqual(self.files(), sorted(paths))

    def test_a_missing_part_that_others_hold_in_part(self):
        args = ["--range", "9..-90:-3"]
        paths = [*self.make_parts("cubemap", *args, of=4)[1:],
                 self.make_range("9..0:-3", "a.h5")]
        self.assertErrors(self.parmap_merge("out.h5", *paths), 65,
                          ["inputs -3..-12:-3 ", "part 1/4 of range 9..-90:-3"])

    def test_ranges_that_were_no_parts(self):
        paths = [self.make_range("1..5", "a.h5"), self.make_range("7..7", "b.h5"),
                 self.make_range("11..20", "c.h5")]
        self.assertErrors(self.parmap_merge("out.h5", *paths), 65,
                          ["inputs 6..6 ", "--range 6..6"], ["inputs 8..10 ", "--range 8..10"])


class Mistakes(MergeTest):
    def test_usage(self):
        for args in ([], ["out.h5"], ["--force", "out.h5"]):
            self.assertErrors(self.parmap_merge(*args), 64, ["parmap merge OUTPUT PART..."])
        self.assertErrors(self.parmap_merge("out.h5", "--frce", "a.h5"), 64, ["--frce"])
        self.assertErrors(self.launch("parmap", "merg", "a.h5", "b.h5", ranks=0), 64, ["merge"])

    def test_the_same_file(self):
        path = self.make_range("1..9", "a.h5")
        (self.folder / "link.h5").symlink_to("a.h5")
        (self.folder / "hard.h5").hardlink_to(self.folder / path)
        before = (self.folder / path).read_bytes()
        self.assertErrors(self.parmap_merge("out.h5", path, "./a.h5", "link.h5", "hard.h5"), 64,
                          ["a.h5 and ./a.h5 are the same"], ["a.h5 and link.h5 are"],
                          ["a.h5 and hard.h5 are"])
        self.assertErrors(self.parmap_merge("link.h5", path), 64, ["the output link.h5", "a.h5"])
        self.assertErrors(self.parmap_merge("--force", path, path), 64, ["the output a.h5"])
        self.assertEqual((self.folder / path).read_bytes(), before)

    def test_files_that_cannot_be_used(self):
        """All are named at once; the first decides the code."""
        self.make_range("1..9", "a.h5")
        (self.folder / "text.h5").write_text("not HDF5\n" * 100)
        (self.folder / "folder.h5").mkdir()
        self.change(self.make_range("10..19", "half.h5"), complete=numpy.int64(0))
        self.change(self.make_range("20..29", "bad.h5"), range=numpy.bytes_("20..30"))
        errors = (["cannot open no.h5"], ["text.h5 is not a result"], ["folder.h5"],
                  ["half.h5 is incomplete", "cubemap --range 10..19 --output half.h5"],
                  ["bad.h5", "damaged"])
        paths = ["a.h5", "no.h5", "text.h5", "folder.h5", "half.h5", "bad.h5"]
        self.assertErrors(self.parmap_merge("out.h5", *paths), 66, *errors)
        self.assertErrors(self.parmap_merge("out.h5", *reversed(paths)), 65, *errors)
        self.assertNotIn("out.h5", self.files())

    def test_items_that_can_fail(self):
        """A data set of statuses would be lost."""
        paths = [self.make_range("1..9", "a.h5", name="fallible"),
                 self.make_range("10..19", "b.h5", name="fallible")]
        self.assertErrors(self.parmap_merge("out.h5", *paths), 65, ["a.h5", "can fail"],
                          ["b.h5", "can fail"])
        self.assertEqual(self.files(), paths)

    def test_a_part_that_is_being_written(self):
        running = self.start("slow", "--range", "1..100000", "--part", "1/2")
        self.wait_until_writing(running, "slow.1-of-2.h5", size=1)
        result = self.parmap_merge("out.h5", "slow.1-of-2.h5")
        self.assertErrors(result, 65, ["slow.1-of-2.h5 is still being written"])

    def test_other_runs(self):
        self.make_range("1..9", "a.h5")
        for path, args, *words in (
                ("type.h5", ["--type", "uint64"], "has type uint64, but a.h5 has int64",
                 "has input type uint64, but a.h5 has int64"),
                ("dataset.h5", ["--dataset", "x/y"], "has data set x/y, but a.h5 has cubes")):
            self.make_range("10..19", path, *args)
            self.assertErrors(self.parmap_merge("out.h5", "a.h5", path), 65,
                              *([path, w] for w in words))
        self.make_range("10..19", "kernel.h5", "--dataset", "cubes", name="squares")
        self.change(self.make_range("20..29", "version.h5"), kernel_version=numpy.int64(3))
        self.change(self.make_range("30..39", "rounding.h5"), rounding=numpy.int64(1))
        self.assertErrors(self.parmap_merge("out.h5", "a.h5", "kernel.h5", "version.h5",
                                            "rounding.h5"), 65,
                          ["kernel.h5 has kernel square, but a.h5 has cube"],
                          ["version.h5 has kernel version 3, but a.h5 has 0"],
                          ["rounding.h5 has allow-rounding 1, but a.h5 has 0"])
        self.assertNotIn("out.h5", self.files())

    def test_ranges_that_do_not_belong_together(self):
        self.make_range("1..10:3", "a.h5")
        self.make_range("13..20:1", "step.h5")
        self.make_range("10..1:-3", "down.h5")
        self.make_range("14..20:3", "between.h5")
        self.make_range("15..15", "one.h5")
        self.assertErrors(self.parmap_merge("out.h5", "one.h5", "a.h5", "step.h5", "down.h5",
                                            "between.h5"), 65,
                          ["step.h5", "a.h5", "steps differ"], ["down.h5", "steps differ"],
                          ["between.h5 has range 14..20:3 and a.h5 range 1..10:3", "lie between"],
                          ["one.h5", "lie between"])

    def test_damaged_data(self):
        """Found before anything is written, since the merged file would get a right checksum."""
        paths = self.make_parts("cubemap", "--range", "1..300000", of=3)
        self.spoil(paths[1], 77777)
        self.spoil(paths[2], 3)
        self.assertErrors(self.parmap_merge("out.h5", *paths), 65, [paths[1], "data was changed"],
                          [paths[2], "data was changed"])
        self.assertNotIn("out.h5", self.files())

    def test_output_that_is_there(self):
        args = ["--range", "1..1000"]
        paths = self.make_parts("cubemap", *args, of=2)
        self.make_range("1..99", "other.h5")
        (self.folder / "text.h5").write_text("not HDF5\n" * 100)
        self.assertErrors(self.parmap_merge("other.h5", *paths), 73, ["holds another run"])
        for force in ([], ["--force"]):
            self.assertErrors(self.parmap_merge(*force, "text.h5", *paths), 73,
                              ["not a result of parmap"])
        self.assertErrors(self.parmap_merge("no/such.h5", *paths), 73, ["does not exist"])
        self.make("cubemap", *args, ranks=2)
        before = (self.folder / "cubemap.h5").read_bytes()
        result = self.merge("cubemap.h5", *paths)
        self.assertTrue(result.out.startswith("parmap: already complete\n"), result)
        self.assertEqual((self.folder / "cubemap.h5").read_bytes(), before)
        self.merge("other.h5", "--force", *paths)
        self.check_file("other.h5", "cubemap", 1, 1000)
        self.merge("--force", "other.h5", *paths)

    def test_no_room(self):
        paths = self.make_parts("cubemap", "--range", "1..300000", of=2)
        result = self.parmap_merge("out.h5", *paths,
                                   inside=["bash", "-c", 'ulimit -f 1000; exec "$@"', "bash"])
        self.assertErrors(result, 74, ["out.h5"])
        self.assertEqual(self.files(), sorted(paths))


class Interrupted(MergeTest):
    ARGS = ["--range", "1..16000000"]  # 128 MB: some tenths of a second

    def test_killed(self):
        """Whenever it is killed, the same command makes the file; so does the program."""
        paths = self.make_parts("squares", *self.ARGS, of=3, threads=2)
        command = ["parmap", "merge", "squares.h5", *paths]
        for number, delay in ((signal.SIGKILL, 0), (signal.SIGKILL, 0.02), (signal.SIGKILL, 0.05),
                              (signal.SIGTERM, 0), (signal.SIGTERM, 0.03)):
            with self.subTest(signal=number.name, delay=delay):
                running = self.start(*command)
                self.wait_until(lambda: (self.folder / "squares.h5").exists() or
                                running.process.poll() is not None, "the output is there")
                time.sleep(delay)
                send(running.pid, number)
                result = running.wait()
                self.assertIn(result.code, (0, 75, -number), result)
                if result.code == 75:
                    self.assertIn("stopped by a signal", result.err)
                if delay == 0.02:
                    self.make("squares", *self.ARGS, ranks=2)
                else:
                    self.merge("squares.h5", *paths)
                self.check_file("squares.h5", "squares", 1, 16000000)
                (self.folder / "squares.h5").unlink()

    def test_an_unfinished_run_of_the_whole_range(self):
        """What it has done stays; the rest comes from the parts."""
        args = ["--range", "1..4000"]
        running = self.start("slow", *args)
        self.wait_until(lambda: (match := re.search(
            r"done: (\d+) of", self.launch("parmap", "info", "slow.h5", ranks=0).out)) and
            int(match.group(1)) > 3, "some blocks are done", running=running)
        send(running.pid, signal.SIGTERM)
        self.assertEqual(running.wait().code, 75)
        paths = self.make_parts("slow", *args, of=4, threads=4)
        result = self.merge("slow.h5", *paths)
        self.assertEqual(re.search("elements +(.*?) ", result.out).group(1), "4000", result)
        self.check_file("slow.h5", "slow", 1, 4000)
        self.make("slow", *args, "--output", "whole.h5", ranks=4)
        self.assertSameData("slow.h5", "whole.h5", "slow")


if __name__ == "__main__":
    unittest.main()
