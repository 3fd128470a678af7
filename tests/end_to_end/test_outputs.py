"""What may become of an output: refusals before the run, and running the same command again."""
import os
import shutil
import unittest

import h5py
import numpy

from parmap_testing import BIN, FileTest, namespace


class SecondRuns(FileTest):
    def stamp(self, path):
        path = self.folder / path
        status = path.stat()
        return status.st_mtime_ns, status.st_ino, path.read_bytes()

    def test_already_complete(self):
        self.make("cubemap", "--stats", ranks=2)
        before = self.stamp("cubemap.h5")
        for ranks, args in ((2, ["--stats"]), (0, ["--stats"]),
                            (3, ["--stats", "--schedule", "dynamic", "--vector", "baseline"])):
            with self.subTest(ranks=ranks, args=args):
                result = self.make("cubemap", *args, ranks=ranks)
                self.assertEqual(result.status, "already complete", result)
                self.assertEqual(self.stamp("cubemap.h5"), before, "the file was touched")
                self.assertEqual(self.files(), ["cubemap.h5"])

    def test_force_computes_it_again(self):
        self.make("cubemap", ranks=0)
        with h5py.File(self.folder / "cubemap.h5", "r+") as file:
            file["cubes"][:] = 0
        result = self.make("cubemap", "--force", ranks=2)
        self.assertEqual(result.status, "complete", result)
        self.check_file("cubemap.h5", "cubemap", 1, 1000000)

    def test_another_run(self):
        """Every part of a run's identity counts; the refusal names it and the ways out."""
        self.make("cubemap", "--range", "1..50000", ranks=0)
        before = self.stamp("cubemap.h5")
        for ranks, name, args in (
                (0, "cubemap", ["--range", "1..50001"]),
                (2, "cubemap", ["--range", "1..50000:2"]),
                (0, "cubemap", ["--range", "50000..1:-1"]),
                (0, "cubemap", ["--range", "1..50000", "--type", "uint64"]),
                (3, "cubemap", ["--range", "1..50000", "--type", "int128"]),
                (0, "cubemap", ["--range", "1..50000", "--dataset", "others"]),
                (0, "cubemap", ["--range", "1..50000", "--allow-rounding"]),
                (0, "squares", ["--range", "1..50000", "--output", "cubemap.h5"]),
                (0, "squares", ["--range", "1..50000", "--output", "cubemap.h5", "--dataset",
                                "cubes"])):
            with self.subTest(name=name, args=args):
                result = self.launch(name, *args, ranks=ranks)
                self.assertError(result, 73, "cubemap.h5 holds another run", "--output", "--force")
                self.assertEqual(self.stamp("cubemap.h5"), before, "the file was touched")
                self.assertEqual(self.files(), ["cubemap.h5"])

    def test_another_version_of_the_kernel(self):
        self.make("parabola", ranks=0)
        with h5py.File(self.folder / "parabola.h5", "r+") as file:
            file["parabola"].attrs.modify("kernel_version", numpy.int64(1))
        self.assertError(self.launch("parabola", ranks=0), 73, "holds another run", "version")

    def test_force_replaces_another_run(self):
        for ranks, name, args, check in (
                (0, "cubemap", ["--range", "1..900000", "--type", "int128"],
                 dict(first=1, last=900000, value_type="int128")),
                (2, "squares", ["--range", "-20..30"], dict(first=-20, last=30)),
                (3, "cubemap", [], dict(first=1, last=1000000))):
            with self.subTest(name=name, args=args):
                self.make(name, *args, "--force", "--output", "x.h5", ranks=ranks)
                self.check_file("x.h5", name, **check)


class Foreign(FileTest):
    def test_files_of_others_are_never_touched(self):
        (self.folder / "text.h5").write_text("not HDF5\n" * 1000)
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["cubes"] = numpy.arange(1, 11) ** 3
        for path in ("text.h5", "other.h5"):
            before = (self.folder / path).read_bytes()
            for ranks, args in ((0, []), (0, ["--force"]), (3, ["--force"])):
                with self.subTest(path=path, ranks=ranks, args=args):
                    result = self.launch("cubemap", "--output", path, *args, ranks=ranks)
                    self.assertError(result, 73, path)
                    self.assertEqual((self.folder / path).read_bytes(), before)
        self.assertEqual(self.files(), ["other.h5", "text.h5"])

    def test_empty_file_is_filled(self):
        """As mktemp leaves one: nothing in it can be lost."""
        (self.folder / "cubemap.h5").touch()
        self.make("cubemap", ranks=2)
        self.check_file("cubemap.h5", "cubemap", 1, 1000000)

    def test_folder_as_output(self):
        (self.folder / "folder").mkdir()
        for ranks, args in ((0, []), (2, ["--force"])):
            with self.subTest(args=args):
                result = self.launch("cubemap", "--output", "folder", *args, ranks=ranks)
                self.assertError(result, 73, "folder")
                self.assertEqual(self.files(), ["folder"])
        self.assertEqual(list((self.folder / "folder").iterdir()), [])

    def test_device_as_output(self):
        self.assertError(self.launch("cubemap", "--output", "/dev/null", ranks=0), 73, "/dev/null")


class Folders(FileTest):
    def test_missing_folder(self):
        for ranks in (0, 4):
            with self.subTest(ranks=ranks):
                result = self.launch("cubemap", "--output", "no/such/x.h5", ranks=ranks)
                self.assertError(result, 73, "does not exist", "no/such")
                self.assertEqual(self.files(), [])

    def test_file_in_the_place_of_a_folder(self):
        (self.folder / "file").write_text("x")
        result = self.launch("cubemap", "--output", "file/x.h5", ranks=0)
        self.assertError(result, 73, "file")

    def test_absolute_and_nested_paths(self):
        (self.folder / "a" / "b").mkdir(parents=True)
        self.make("cubemap", "--output", "a/b/x.h5", "--dataset", "p/q/r", ranks=2)
        self.check_file("a/b/x.h5", "cubemap", 1, 1000000, dataset="p/q/r")
        self.make("squares", "--output", self.folder / "a" / "y.h5", ranks=0, cwd="/")
        self.check_file("a/y.h5", "squares", 1, 1000000)

    def test_unwritable_folder(self):
        """As a user whom permissions bind."""
        locked = self.folder / "locked"
        locked.mkdir(mode=0o555)
        as_nobody = []
        if os.geteuid() == 0:
            as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            trial = self.launch("cubemap", "--version", ranks=0, inside=as_nobody) \
                if shutil.which("setpriv") else None
            if trial is None or trial.code != 0:
                self.skipTest(f"an ordinary user cannot run the programs in {BIN}")
        result = self.launch("cubemap", "--output", "locked/x.h5", ranks=0, inside=as_nobody,
                             env={"TMPDIR": str(self.session), "HOME": str(self.session)})
        self.assertError(result, 73, "locked")
        self.assertEqual(list(locked.iterdir()), [])

    def test_unwritable_file(self):
        """A complete file of another run that may be read only; --force does not get around it."""
        self.make("squares", "--output", "x.h5", ranks=0)
        (self.folder / "x.h5").chmod(0o444)
        if os.geteuid() == 0:
            self.skipTest("root may write it")
        self.assertError(self.launch("cubemap", "--output", "x.h5", "--force", ranks=0), 73)

    def test_read_only_file_system(self):
        spaces = namespace()
        if spaces is None:
            self.skipTest("needs mounts of its own (unshare -m)")
        (self.folder / "locked").mkdir()
        script = ('mount --bind locked locked && mount -o remount,bind,ro locked && exec "$@"')
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                result = self.launch("cubemap", "--output", "locked/x.h5", ranks=ranks,
                                     outside=[*spaces, "sh", "-c", script, "sh"])
                self.assertError(result, 73, "locked")

    def test_data_set_names(self):
        """A name that would collide with the group of the run is refused."""
        for name in ("parmap", "parmap/x", "/", "a//b"):
            with self.subTest(name=name):
                result = self.launch("cubemap", "--dataset", name, ranks=0)
                self.assertError(result, 64, "--dataset")
                self.assertEqual(self.files(), [])


if __name__ == "__main__":
    unittest.main()
