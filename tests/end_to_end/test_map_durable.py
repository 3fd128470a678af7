"""parmap map on formulas, kernel files and inputs: killed and continued, verified, and what another
formula, parameter or input is told."""
# TEST seconds=300
import os
import unittest

import h5py

from map_kills import INPUTS, MAPS, MapKills
from map_testing import drawn


class Kills(MapKills):
    def test_early_and_late(self):
        killed = [self.check_kills(drawn(i), name, [3 + 2 * i]) for i, name in enumerate(MAPS)]
        self.assertGreater(sum(killed), len(MAPS) // 2, "runs were killed")


class OtherRuns(MapKills):
    """Told apart by the journal while they are unfinished, and by the file when they are done."""

    def interrupt(self, name):
        (self.folder / "out.h5").unlink(missing_ok=True)
        self.assertTrue(self.kill(drawn(2), name, 9))
        self.assertEqual(self.state("out.h5"), "incomplete")

    def check_refused(self, says, *words):
        before = (self.folder / "out.h5").read_bytes()
        self.refused(73, [*says, "--force"], *words, "-o", "out.h5")
        self.assertEqual((self.folder / "out.h5").read_bytes(), before)

    def check_others(self, name, *others):
        """Before and after the end; then the run itself goes on, none the worse."""
        reference = self.reference(name)
        self.interrupt(name)
        for _ in range(2):
            for says, words in others:
                with self.subTest(words=words):
                    self.check_refused(says, *words)
            self.go_on(drawn(3), name)
            self.assertEqual(self.contents(), reference)

    def test_formulas(self):
        self.check_others(
            "range",
            (["formula x*x*x-7, not formula x*x*x-8"], ("x*x*x-8", "--range", "1..60013")),
            (["formula x*x*x-7, not formula k*x"], ("k*x", "--param", "k=2", "--range",
                                                    "1..60013")),
            (["range 1..60013, not range 1..60014"], ("x*x*x-7", "--range", "1..60014")),
            (["type int64, not type int128"], ("x*x*x-7", "--type", "int128", "--range",
                                               "1..60013")),
            (["no input, not input x=in.h5:/x"], ("x*x*x-7", "--input", "in.h5:/x")))

    def test_kernels(self):
        kernel = ("kernels.c", "--kernel")
        self.check_others(
            "kernel",
            (["factor=0.3, not parameters factor=0.4"],
             (*kernel, "split", "--param", "factor=0.4", "--input", "in.h5:/z")),
            (["factor=0.3, not parameters factor=0.5"], (*kernel, "split", "--input", "in.h5:/z")),
            (["kernel split", "kernel picky"], (*kernel, "picky", "--input", "in.h5:/z")),
            (["input z=in.h5:/z", "input x=in.h5:/x"],
             (*kernel, "split", "--param", "factor=0.3", "--input", "in.h5:/x")))

    def test_inputs(self):
        words = MAPS["record"][1]
        self.interrupt("record")
        self.check_refused(["formula a=x*2.5"], "a=x*2.5", "b=z", *INPUTS)
        os.utime(self.folder / "in.h5", (1, 1))
        self.check_refused(["modified 1970-01-01T00:00:01"], *words)
        self.assertEqual(self.map(*words, "-o", "out.h5", "--force", ranks=2).code, 0)

    def test_resume_of_nothing(self):
        for name in ("range", "record"):
            self.refused(73, "", *MAPS[name][1], "-o", "out.h5", "--resume")


class Verified(MapKills):
    def test_verify(self):
        for name, (code, words) in MAPS.items():
            with self.subTest(name=name):
                self.reference(name)
                good = self.map(*words, "--verify", f"{name}.h5", ranks=2, threads=2)
                self.assertEqual(good.status, "verified", good)
                with h5py.File(self.folder / f"{name}.h5") as file:
                    data = file["results"]
                    place = data.id.get_offset() + 30001 * data.dtype.itemsize
                with open(self.folder / f"{name}.h5", "r+b") as file:
                    byte = os.pread(file.fileno(), 1, place)[0]
                    os.pwrite(file.fileno(), bytes([byte ^ 1]), place)
                self.assertError(self.map(*words, "--verify", f"{name}.h5"), 65, "30001")
        for name, other in (("range", "checked"), ("record", "kernel")):
            self.assertError(self.map(*MAPS[other][1], "--verify", f"{name}.h5"), 65, name)

    def test_verify_after_a_change_of_the_input(self):
        self.reference("record")
        os.utime(self.folder / "in.h5", (1, 1))
        self.assertError(self.map(*MAPS["record"][1], "--verify", "record.h5"), 65, "modified",
                         "1970")

    def test_rerun_failed(self):
        self.reference("failing")
        (self.folder / "kernels.c").write_text(
            (self.folder / "kernels.c").read_text().replace("% 1009 == 3", "% 1009 == 3 && x < 0"))
        result = self.map(*MAPS["failing"][1], "-o", "failing.h5", "--rerun-failed", ranks=2)
        self.assertEqual(result.code, 0, result)
        with h5py.File(self.folder / "failing.h5") as file, h5py.File(self.folder / "in.h5") as data:
            x = data["z"][:].astype("f8")
            self.assertTrue((file["results_status"][:] == 1).all())
            self.check_bits(file["results"]["half"], x / 3)


if __name__ == "__main__":
    unittest.main()
