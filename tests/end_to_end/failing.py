"""The program tests/programs/fallible.c, whose items fail as its environment says, and how its
files are judged: against Python's own list of what fails."""
import h5py
import numpy

from parmap_testing import FileTest, attributes, checksum

GOOD, FAILED = 1, 2


def fails(x, which):
    """Whether the program fallible fails for x."""
    if which in ("none", "all"):
        return which == "all"
    return x < 0 if which == "negative" else abs(x) % 100 < int(which)


def how_many(which, first=-250, last=4749):
    return sum(fails(x, which) for x in range(first, last + 1))


class FailedItems(FileTest):
    def fallible(self, *args, which, expect=None, first=-250, last=4749, **settings):
        """One run, with its environment; its exit code follows from what fails."""
        env = {"FALLIBLE": which}
        env.update({f"FALLIBLE_{k.upper()}": str(settings.pop(k)) for k in ("calls", "ms", "log")
                    if k in settings})
        run = self.launch("fallible", "--range", f"{first}..{last}", *args, env=env, **settings)
        if expect is None:
            expect = 1 if any(fails(x, which) for x in range(first, last + 1)) else 0
        self.assertEqual(run.code, expect, run)
        return run

    def check_halves(self, which, first=-250, last=4749, path="fallible.h5", attempts=1, calls=None,
                     recorded=True):
        """Everything the complete file says, and `parmap info --failed`, against Python's list."""
        xs = numpy.arange(first, last + 1)
        failed = numpy.array([fails(int(x), which) for x in xs])
        with h5py.File(self.folder / path) as file:
            data, statuses = file["halves"][:], file["halves_status"][:]
            attrs, table = attributes(file["halves"]), file["parmap/failed"][:]
            self.check_layout(file["halves"], "float64", len(xs))
            self.assertEqual(file["halves_status"].dtype, numpy.uint8)
        numpy.testing.assert_array_equal(statuses, numpy.where(failed, FAILED, GOOD))
        numpy.testing.assert_array_equal(data, numpy.where(failed, numpy.nan, xs * 0.5))
        self.assertEqual(attrs["failed"], failed.sum())
        self.assertEqual(attrs["complete"], 1)
        block = attrs["block_items"]
        self.assertEqual(attrs["checksum"],
                         (checksum(data, block) + checksum(statuses, block)) % 2**64)
        listed = [line.split("\t") for line in
                  self.make("parmap", "info", "--failed", path, ranks=0).out.splitlines()]
        self.assertEqual([int(line[0]) for line in listed], list(numpy.flatnonzero(failed)))
        self.assertEqual([int(line[1]) for line in listed], list(xs[failed]))
        if recorded:
            message = "no half of {} in call {}"
            self.assertEqual([line[5] for line in listed],
                             [message.format(x, calls or attempts) for x in xs[failed]])
            self.assertEqual({int(line[2]) for line in listed} - {attempts}, set())
            self.assertEqual(list(table["index"]), list(numpy.flatnonzero(failed)))
            self.assertEqual([row.decode() for row in table["message"]],
                             [line[5] for line in listed])
            self.assertEqual([row.decode() for row in table["x"]], [line[1] for line in listed])
        self.assertIn("matches", self.make("parmap", "verify", path, ranks=0).out)
        self.assertEqual(bool(self.journals(path)), bool(failed.any()), "journal and failed items")
        return attrs

    def journals(self, path="fallible.h5"):
        return [name for name in self.files() if name.startswith(path + ".journal")]
