"""What goes wrong around a run: other names, removed and damaged files, pipes, slow kernels."""
import os
import shutil
import subprocess
import unittest

import h5py
import numpy

from parmap_testing import SOURCE, ParmapTest


class Names(ParmapTest):
    def test_a_link_is_the_same_file(self):
        running = self.start("slow", "--range", "1..200000", "--output", "real.h5")
        self.wait_until_writing(running, "real.h5")
        (self.folder / "link.h5").symlink_to("real.h5")
        result = self.launch("slow", "--range", "1..200000", "--output", "link.h5", ranks=0)
        self.assertError(result, 73, "is being written by another run")

    def test_a_link_to_nothing(self):
        (self.folder / "link.h5").symlink_to("nowhere.h5")
        self.assertError(self.launch("cubemap", "--output", "link.h5", ranks=0), 73, "link.h5",
                         "leads to nothing")
        (self.folder / "loop.h5").symlink_to("loop.h5")
        self.assertError(self.launch("cubemap", "--output", "loop.h5", ranks=0), 73, "loop.h5")

    def test_a_folder_by_its_slash(self):
        self.assertError(self.launch("cubemap", "--output", "new/", ranks=0), 73, "folder")
        self.assertEqual(self.files(), [])

    def test_too_long_a_data_set(self):
        self.assertError(self.launch("cubemap", "--dataset", "d" * 256, ranks=0), 64, "255 bytes")

    def test_a_pipe_does_not_hang(self):
        os.mkfifo(self.folder / "pipe")
        for command in (("parmap", "info"), ("parmap", "verify"), ("cubemap", "--verify")):
            result = self.launch(*command, "pipe", ranks=0, timeout=30)
            self.assertError(result, 65, "pipe")


class Removed(ParmapTest):
    def run_and_replace(self, replace):
        running = self.start("slow", "--range", "1..3000", "--threads", "1", "--output", "r.h5")
        self.wait_until(lambda: self.state("r.h5") == "running", "it runs", running=running)
        for path in self.folder.glob("r.h5*"):
            path.unlink()
        replace()
        return running.wait()

    def test_removed(self):
        result = self.run_and_replace(lambda: None)
        self.assertError(result, 74, "was removed or replaced")
        self.assertEqual(self.files(), [])

    def test_replaced(self):
        self.make("cubemap", "--output", "other.h5", ranks=0)
        before = (self.folder / "other.h5").read_bytes()
        result = self.run_and_replace(lambda: (self.folder / "other.h5").rename(
            self.folder / "r.h5"))
        self.assertError(result, 74, "was removed or replaced")
        self.assertEqual((self.folder / "r.h5").read_bytes(), before)


class Damaged(ParmapTest):
    def test_numbers_that_cannot_be(self):
        self.make("cubemap", "--range", "1..1000", ranks=0)
        for name, value in (("block_items", 0), ("block_items", 2**62), ("block_items", -4096),
                            ("range", "1..10"), ("range", "1..2000")):
            shutil.copy(self.folder / "cubemap.h5", self.folder / "bad.h5")
            with h5py.File(self.folder / "bad.h5", "r+") as file:
                attributes = file["cubes"].attrs
                if name == "range":
                    attributes.create("range", numpy.bytes_(value))
                else:
                    attributes.modify(name, value)
            with self.subTest(name=name, value=value):
                for extra in ((), ("--sample", "5")):
                    result = self.launch("cubemap", "--verify", "bad.h5", *extra, ranks=0)
                    self.assertError(result, 65, "bad.h5")
                if name == "block_items":
                    result = self.launch("parmap", "verify", "bad.h5", ranks=0)
                    self.assertError(result, 65, "bad.h5")


class Words(ParmapTest):
    def test_statistics_that_a_complete_file_lacks(self):
        self.make("cubemap", ranks=0)
        result = self.make("cubemap", "--stats", ranks=0)
        self.assertIn("has no statistics", result.err)

    def test_stdout_that_takes_nothing(self):
        for command in (("cubemap", "--help"), ("cubemap", "--version"), ("cubemap",),
                        ("parmap", "info", "cubemap.h5")):
            with self.subTest(command=command):
                result = self.launch(*command, ranks=0,
                                     inside=["sh", "-c", 'exec "$@" > /dev/full', "sh"])
                self.assertError(result, 74, "stdout")


class Flags(ParmapTest):
    def test_a_kernel_without_the_flags_does_not_compile(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        done = subprocess.run([compiler, f"-I{SOURCE}/src/include", "-c", "-o", "/dev/null",
                               f"{SOURCE}/jobs/cubemap.c"], capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("pkg-config --cflags parmap", done.stderr)


if __name__ == "__main__":
    unittest.main()
