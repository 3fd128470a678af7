"""--part: a range divided among several runs.  --print-plan: what a run would do."""
import re
import unittest

import h5py

from parmap_testing import FileTest, attributes, checksum, expected, inputs


def border(count, number, of):
    """Where the part after the first `number` of `of` begins."""
    return count * number // of


def part_of(xs, number, of):
    return xs[border(len(xs), number - 1, of):border(len(xs), number, of)]


class Parts(FileTest):
    def check_part(self, path, name, whole, value_type, number, of):
        """The part's file against numpy's numbers, and what it says of itself and of the whole."""
        xs = part_of(inputs(*whole), number, of)
        attrs = self.check_file(path, name, xs[0], xs[-1], whole[2], value_type)
        self.assertEqual(attrs["part"], f"{number}/{of}")
        text = "{}..{}:{}" if whole[2] != 1 else "{}..{}"
        self.assertEqual(attrs["whole_range"], text.format(*whole))

    def test_parts_of_a_range(self):
        for name, whole, value_type, of in (("cubemap", (1, 1000003, 1), "int64", 3),
                                            ("cubemap", (999, -1000, -1), "int128", 7),
                                            ("squares", (0, 900000, 3), "uint64", 2),
                                            ("squares", (-70000, 70000, 7), "float64", 5)):
            with self.subTest(whole=whole, of=of):
                for number in range(1, of + 1):
                    self.make(name, "--range", "{}..{}:{}".format(*whole), "--type", value_type,
                              "--part", f"{number}/{of}", ranks=number % 4, env={
                                  "PARMAP_SCHEDULE": "dynamic" if number % 2 else "static"})
                    self.check_part(f"{name}.{number}-of-{of}.h5", name, whole, value_type, number,
                                    of)

    def test_as_many_parts_as_items(self):
        for number in range(1, 6):
            self.make("cubemap", "--range", "9..1:-2", "--part", f"{number}/5", ranks=0)
            self.check_part(f"cubemap.{number}-of-5.h5", "cubemap", (9, 1, -2), "int64", number, 5)

    def test_names_of_outputs(self):
        (self.folder / "a.b").mkdir()
        for output, path in (("x", "x.2-of-3"), ("a.b/x", "a.b/x.2-of-3"),
                             ("x.y.h5", "x.y.2-of-3.h5")):
            result = self.make("squares", "--range", "1..10", "--part", "2/3", "--output", output,
                               ranks=0)
            self.assertTrue((self.folder / path).is_file(), result)
            self.assertIn(path, result.summary["file"])
        before = self.files()
        result = self.make("squares", "--part", "2/3", "--output", "none", "--summary", "json",
                           ranks=2)
        self.assertEqual(result.json["range"], "333334..666666")
        self.assertEqual(self.files(), before)

    def test_again(self):
        """The identity of a part is its own range."""
        command = ["cubemap", "--part", "2/3", "--range", "1..999"]
        self.make(*command, ranks=2)
        self.assertEqual(self.make(*command, ranks=0).status, "already complete")
        self.assertError(self.launch("cubemap", "--part", "2/3", "--range", "1..998", ranks=0), 73,
                         "334..666")
        self.make("cubemap", "--part", "2/3", "--range", "1..998", "--force", ranks=0)

    def test_environment_and_configuration(self):
        (self.folder / "my.ini").write_text("range = 1..100\npart = 3/4\n")
        self.make("cubemap", "--config", "my.ini", ranks=2)
        self.check_part("cubemap.3-of-4.h5", "cubemap", (1, 100, 1), "int64", 3, 4)
        self.make("cubemap", "--config", "my.ini", ranks=0, env={"PARMAP_PART": "1/4"})
        self.check_part("cubemap.1-of-4.h5", "cubemap", (1, 100, 1), "int64", 1, 4)
        self.make("cubemap", "--config", "my.ini", "--part", "none", ranks=0)
        self.check_file("cubemap.h5", "cubemap", 1, 100)

    def test_mistakes(self):
        for text, words in (("0/8", "K goes from 1 to N"), ("9/8", "K goes from 1 to N"),
                            ("3", "write K/N"), ("a/b", "write K/N")):
            for ranks in (0, 2):
                self.assertError(self.launch("cubemap", "--part", text, ranks=ranks), 64, words,
                                 f'"{text}"')
        self.assertError(self.launch("cubemap", "--range", "1..5", "--part", "2/6", ranks=2), 64,
                         "use at most 5")
        self.assertError(self.launch("cubemap", "--range", "1..5", ranks=2,
                                     env={"PARMAP_PART": "2/6"}), 64, "use at most 5")
        self.assertEqual(self.files(), [])

    def test_domain_of_the_part(self):
        """A part may be exact where the whole is not; one that is not is refused."""
        wide = ["cubemap", "--range", "1..4000000"]
        self.make(*wide, "--part", "1/2", ranks=0)
        self.assertError(self.launch(*wide, "--part", "2/2", ranks=2), 64, "overflows int64")

    def test_verify(self):
        command = ["cubemap", "--range", "1..100000", "--part", "2/3"]
        self.make(*command, ranks=0)
        path = "cubemap.2-of-3.h5"
        for args in (["cubemap"], command, ["cubemap", "--range", "33334..66666"]):
            self.assertEqual(self.make(*args, "--verify", path, ranks=2).status, "verified")
        self.make("parmap", "verify", path, ranks=0)
        self.assertError(self.launch("cubemap", "--range", "1..100000", "--part", "1/3",
                                     "--verify", path, ranks=0), 65, "33334..66666", "1..33333")

    def test_info(self):
        self.make("cubemap", "--range", "1..100", "--part", "2/3", ranks=0)
        out = self.make("parmap", "info", "cubemap.2-of-3.h5", ranks=0).out
        self.assertIn("\npart: 2/3\n", out)
        self.assertIn("\nwhole_range: 1..100\n", out)
        self.assertIn("\nrange: 34..66\n", out)
        self.make("cubemap", "--range", "1..100", ranks=0)
        self.assertNotIn("part: ", self.make("parmap", "info", "cubemap.h5", ranks=0).out)


class Plan(FileTest):
    def plan(self, *args, **settings):
        """What --print-plan says: name -> value."""
        result = self.make("cubemap", *args, "--print-plan", **settings)
        found = dict(line.split(" = ", 1) for line in result.out.splitlines())
        self.assertEqual(len(found), len(result.out.splitlines()), result)
        self.assertEqual(result.err, "", result)
        return found

    def test_agrees_with_the_run(self):
        for args in ([], ["--range", "1..70001:7", "--type", "int128"], ["--part", "3/7"],
                     ["--output", "none"]):
            with self.subTest(args=args):
                found = self.plan(*args, ranks=0)
                self.assertEqual(self.files(), [])
                ran = self.make("cubemap", *args, "--summary", "json", ranks=2).json
                for name, key in (("items", "elements"), ("blocks", "blocks"), ("bytes", "bytes"),
                                  ("block_items", "block_items")):
                    self.assertEqual(int(found[name]), ran[key])
                self.assertEqual((found["range"], found["output"]),
                                 (ran["range"], ran["file"] or "none"))
                self.assertEqual(found.get("part"), args[1] if "--part" in args else None)
                for path in self.folder.glob("*.h5"):
                    path.unlink()

    def test_printed_once_and_without_mpi(self):
        self.assertEqual(self.plan("--range", "1..10", ranks=4)["items"], "10")
        self.plan(ranks=0, env={"PARMAP_PART": "2/2", "OMPI_MCA_pml": "nonsense",
                                "PMI_FD": "999"})  # with which MPI_Init fails

    def test_errors_are_those_of_a_run(self):
        for args, code, words in ((["--range", "1..4000000"], 64, "overflows"),
                                  (["--part", "0/3"], 64, "K goes"),
                                  (["--config", "no.ini"], 66, "no.ini")):
            for ranks in (0, 2):
                self.assertError(self.launch("cubemap", "--print-plan", *args, ranks=ranks), code,
                                 words)


if __name__ == "__main__":
    unittest.main()
