"""The death of a node, and damage of every kind: what is left is found, and no more than what was
lost is computed again."""
# TEST seconds=300
import os
import random
import shutil
import signal
import unittest

import h5py

from durable_testing import DurableTest, meeting, spread
from journals import COPY, SYNCED, WRITTEN, Journal

LAST, BLOCK = 2000, 4
NFS = 0x6969


class DamageTest(DurableTest):
    def setUp(self):
        super().setUp()
        self.expected = self.reference(last=LAST)

    def half_done(self, name="half", ranks=0, threads=1, written=3, inside=(), node=0):
        """A run that was killed when some of its blocks were on the disk and some were not: the
        site, the journal of a node, and these blocks as that has them."""
        site = self.site(name, last=LAST, ms=threads * max(ranks, 1))
        journal = Journal(site.folder / f"items.h5.journal-{node}")
        running = self.start(*site.args("--sync", "0.1"), ranks=ranks, threads=threads,
                             env=site.settings(), cwd=site.folder, inside=inside)
        self.wait_until(lambda: journal.path.exists() and journal.head() is not None,
                        "there is a journal", running=running)
        self.wait_until(lambda: len(journal.of_state(SYNCED)) >= 5
                        and len(journal.of_state(WRITTEN)) >= written,
                        "blocks are on the disk, and some are not", running=running)
        running.kill()
        self.wait_until(lambda: site.state() != "running", "it is gone")
        self.assertEqual(site.state(), "incomplete")
        site.ms = 0
        return site, journal, journal.of_state(SYNCED), journal.of_state(WRITTEN)

    @staticmethod
    def items(blocks):
        """The inputs of these blocks."""
        return {x for block in blocks for x in range(block * BLOCK + 1, (block + 1) * BLOCK + 1)
                if x <= LAST}

    def check_computed(self, site, blocks):
        """The last run computed exactly these blocks, each once."""
        self.assertEqual(site.computed(site.runs), dict.fromkeys(self.items(blocks), 1))

    def continue_and_check(self, site, blocks, *more, **settings):
        result = self.resume(site, *more, **settings)
        self.check_computed(site, blocks)
        self.check_healed(site, self.expected)
        return result


ALL = set(range(LAST // BLOCK))


class NodeLoss(DamageTest):
    """The page cache is gone: of what was written since the last sync, anything may be on disk."""

    def other_boot(self, **faults):
        path = self.folder / "boot"
        path.write_text("11111111-2222-3333-4444-555555555555\n")
        return meeting(boot=path, **faults)

    def test_all_that_was_not_synced_is_lost(self):
        for number, ranks in enumerate((0, 1, 2, 3)):
            for data in (None, bytes(8 * BLOCK)):
                site, _, synced, written = self.half_done(f"lost-{number}-{data is None}")
                site.spoil(ALL - synced, data)
                self.continue_and_check(site, ALL - synced, ranks=ranks, threads=1 + number % 2,
                                        inside=self.other_boot())

    def test_some_of_it_is_there(self):
        """What arrived is not computed again."""
        for ranks in (0, 3):
            site, _, synced, written = self.half_done(f"some-{ranks}", threads=2)
            lost = set(sorted(written)[::2])
            site.spoil(lost)
            self.continue_and_check(site, (ALL - synced - written) | lost, ranks=ranks,
                                    inside=self.other_boot())

    def test_boot_in_the_journal(self):
        site, journal, synced, written = self.half_done()
        site.spoil(written)
        journal.change_head(boot=12345)
        self.continue_and_check(site, ALL - synced)

    def test_marks_are_lost_as_well(self):
        site, journal, synced, written = self.half_done()
        for block in written:
            journal.write_slot(block, bytes(16))
        self.continue_and_check(site, ALL - synced, inside=self.other_boot())

    def test_marks_arrived_before_their_data(self):
        """Nothing orders the two on their way to the disk; zeros are where data should be."""
        site, _, synced, written = self.half_done()
        with h5py.File(site.path) as file:
            offset = file["items"].id.get_offset()
        end = site.path.stat().st_size
        with open(site.path, "r+b") as file:
            for block in sorted(written):
                os.pwrite(file.fileno(), bytes(8 * BLOCK), offset + 8 * BLOCK * block)
            os.ftruncate(file.fileno(), end)
        self.continue_and_check(site, ALL - synced, inside=self.other_boot())

    def test_network_file_system(self):
        """What one machine has written is not on the server yet; its boot says nothing."""
        nfs = meeting(file_system=NFS)
        site, _, synced, written = self.half_done(inside=nfs)
        lost = set(sorted(written)[:1])
        site.spoil(lost)
        self.continue_and_check(site, (ALL - synced - written) | lost, inside=nfs)

    def test_same_boot_trusts(self):
        """Nothing is read again after the death of processes: what was not synced, too."""
        site, _, synced, written = self.half_done()
        self.continue_and_check(site, ALL - synced - written)

    def test_two_deaths_in_a_row(self):
        """What was doubted and not yet read again is doubted still."""
        site, journal, synced, written = self.half_done()
        site.spoil(written)
        killed = site.run(inside=self.other_boot(
            path="items.h5", calls=("write",), at=12, what="kill-before"))
        self.assertEqual(killed.code, -signal.SIGKILL, killed)
        done = journal.of_state(WRITTEN) | journal.of_state(SYNCED)
        self.resume(site)
        computed = site.computed(site.runs)
        self.assertLessEqual(set(computed), self.items(ALL - done))
        # a block may have been written anew, and not yet been marked anew
        self.assertLessEqual(len(self.items(ALL - done)) - len(computed), BLOCK)
        self.check_healed(site, self.expected)


class Order(DamageTest):
    """What a disk gets to know in which order; only the calls show it, a page cache does not."""

    def test_data_before_its_mark(self):
        """No block is said to be on the disk before the first sync of the data."""
        site = self.site("first", last=LAST, ms=1)
        killed = site.run("--sync", "0.1", threads=2, inside=meeting(
            path="items.h5", calls=("sync",), at=1, what="kill-before", log=site.folder / "call"))
        self.assertEqual(killed.code, -signal.SIGKILL, killed)
        self.assertRegex((site.folder / "call").read_text(), r"items\.h5$")
        journal = Journal(site.journals()[0])
        self.assertEqual(journal.of_state(SYNCED), set())
        self.assertGreater(len(journal.of_state(WRITTEN)), 5)

    def test_everything_before_complete(self):
        """The file says that it is complete only between the last two syncs of it."""
        counted = self.site("counted", last=LAST)
        self.assertEqual(counted.run("--sync", "off", inside=meeting(
            path="items.h5", calls=("sync",), what="count", log=counted.folder / "calls")).code, 0)
        lines = (counted.folder / "calls").read_text().splitlines()
        syncs = [number for number, line in enumerate(lines, 1) if line.endswith("items.h5")]
        for at, complete in ((syncs[-2], False), (syncs[-1], True)):
            site = self.site(f"at-{at}", last=LAST)
            killed = site.run("--sync", "off", inside=meeting(
                path="items.h5", calls=("sync",), at=at, what="kill-before"))
            self.assertEqual(killed.code, -signal.SIGKILL, killed)
            self.assertEqual(site.says_complete(), complete)
            self.assertNotEqual(site.journals(), [], "they stay until that is on the disk")
            self.continue_and_check(site, set())


class Nodes(DamageTest):
    """Each node has a journal; three nodes of a rank each."""

    def half_done_over_nodes(self, name):
        """The site, the marks of each node's journal, and those of node 1 that are not synced."""
        site, _, _, written = self.half_done(name, ranks=3, inside=spread(1), node=1)
        marks = [Journal(path).of_state(SYNCED) | Journal(path).of_state(WRITTEN)
                 for path in site.journals()]
        self.assertEqual(len(marks), 3)
        return site, marks, written

    def test_continued_elsewhere(self):
        for ranks, per_node in ((0, 0), (2, 0), (2, 1), (4, 2), (4, 1)):
            with self.subTest(ranks=ranks, per_node=per_node):
                site, marks, _ = self.half_done_over_nodes(f"{ranks}-{per_node}")
                self.continue_and_check(site, ALL - set().union(*marks), ranks=ranks,
                                        inside=spread(per_node))

    def test_journal_of_one_is_gone(self):
        for node in (1, 2):
            with self.subTest(node=node):
                site, marks, _ = self.half_done_over_nodes(f"gone-{node}")
                site.journals()[node].unlink()
                marks[node] = set()
                self.continue_and_check(site, ALL - set().union(*marks), ranks=2)

    def test_one_node_is_lost(self):
        """Its blocks are doubted, those of the others are not."""
        site, marks, written = self.half_done_over_nodes("lost")
        Journal(site.journals()[1]).change_head(boot=12345)
        lost = set(sorted(written)[::2])
        site.spoil(lost)
        self.continue_and_check(site, (ALL - set().union(*marks)) | lost, ranks=2)

    def test_killed_again_elsewhere(self):
        """Two attempts on different nodes before the last one."""
        site, marks, _ = self.half_done_over_nodes("again")
        site.ms = 2
        killed = site.run("--sync", "0.05", ranks=2, inside=spread(1) + meeting(
            path="items.h5", calls=("write",), rank=1, at=150, what="kill-before"))
        self.assertNotEqual(killed.code, 0)
        self.wait_until(lambda: site.state() != "running", "it is gone")
        site.ms = 0
        self.resume(site, ranks=3, inside=spread(1))
        self.check_healed(site, self.expected)
        self.assertLessEqual(site.computed_twice(), 5 * BLOCK)  # what 3 and 2 ranks had in flight


class Damage(DamageTest):
    def test_file_cut_short(self):
        site, _, synced, written = self.half_done()
        with h5py.File(site.path) as file:
            offset = file["items"].id.get_offset()
        os.truncate(site.path, offset + 8 * BLOCK * 3 + 5)
        result = self.continue_and_check(site, ALL - {0, 1, 2}, ranks=2)
        self.assertIn("every block is read again", result.err)

    def test_torn_marks(self):
        site, journal, synced, written = self.half_done()
        torn = sorted(synced)[1:3] + sorted(written)[:1]
        for block in torn:  # half of it is from another time
            journal.write_slot(block, journal.read_slot(block)[:8] + bytes(8))
        result = self.continue_and_check(site, (ALL - synced - written) | set(torn))
        self.assertIn("3 of its marks", result.err)

    def test_header_of_the_journal(self):
        for copies in ((0,), (1,), (0, 1)):
            with self.subTest(copies=copies):
                site, journal, synced, written = self.half_done(f"header-{copies}")
                for copy in copies:
                    journal.write(COPY * copy, os.urandom(2000))
                self.continue_and_check(site, ALL - synced - written)

    def test_metadata(self):
        """The superblock is gone: it is written again, and all data is looked at."""
        for count in (8, 100, 1000):
            with self.subTest(count=count):
                site, _, synced, written = self.half_done(f"metadata-{count}")
                with open(site.path, "r+b") as file:
                    os.pwrite(file.fileno(), bytes(count), 0)
                result = self.continue_and_check(site, ALL - synced - written)
                self.assertIn("metadata", result.err)

    def test_metadata_and_some_data(self):
        site, _, synced, written = self.half_done()
        lost = set(sorted(synced)[3:5])
        site.spoil(lost)
        with open(site.path, "r+b") as file:
            os.pwrite(file.fileno(), bytes(100), 0)
        self.continue_and_check(site, (ALL - synced - written) | lost, ranks=2)

    def test_no_journal(self):
        site, journal, *_ = self.half_done()
        journal.path.unlink()
        refused = site.run("--resume")
        self.assertError(refused, 73, "its journal is gone")
        result = self.continue_and_check(site, ALL)
        self.assertIn("its journal is gone, so it is computed from the start", result.err)

    def test_journal_cut_short(self):
        site, journal, synced, written = self.half_done()
        os.truncate(journal.path, 2 * COPY + 16 * 3 + 7)
        self.continue_and_check(site, ALL - {0, 1, 2})

    def test_journal_emptied(self):
        """Nothing says what is done."""
        site, journal, *_ = self.half_done()
        os.truncate(journal.path, 0)
        self.continue_and_check(site, ALL)

    def test_journal_of_another_run(self):
        site, journal, *_ = self.half_done()
        other = self.site("other", last=LAST - 1, ms=1)
        running = self.start(*other.args(), env=other.settings(), cwd=other.folder)
        theirs = Journal(other.folder / "items.h5.journal-0")
        self.wait_until(lambda: theirs.path.exists() and theirs.head() is not None
                        and len(theirs.of_state(WRITTEN)) > 5, "marks", running=running)
        running.kill()
        shutil.copy(theirs.path, journal.path)
        result = self.continue_and_check(site, ALL)
        self.assertIn("another run", result.err)

    def test_file_copied_over(self):
        """The same bytes in another file: they are read again, and found to be right."""
        site, _, synced, written = self.half_done()
        shutil.copy(site.path, site.folder / "copy")
        (site.folder / "copy").rename(site.path)
        result = self.continue_and_check(site, ALL - synced - written)
        self.assertIn("was replaced since", result.err)


class VerifyAll(DamageTest):
    def test_damage_of_what_is_on_the_disk(self):
        """Found by --verify-all, named, and only that is computed again."""
        for ranks, threads in ((0, 1), (0, 3), (2, 1), (3, 1)):
            with self.subTest(ranks=ranks, threads=threads):
                site, _, synced, written = self.half_done(f"verify-{ranks}-{threads}")
                lost = {sorted(synced)[1], sorted(synced)[4]}
                site.spoil(lost)
                result = self.continue_and_check(site, (ALL - synced - written) | lost,
                                                 "--verify-all", ranks=ranks, threads=threads)
                self.assertRegex(result.err, r"2 of 500 blocks .* damaged, the first at "
                                 rf"index {min(lost) * BLOCK},")

    def test_nothing_is_damaged(self):
        site, _, synced, written = self.half_done()
        result = self.continue_and_check(site, ALL - synced - written, "--verify-all", ranks=2)
        self.assertEqual(result.messages("warning"), [])

    def test_without_it(self):
        """What is on the disk is trusted: the checksum that is stored tells afterwards."""
        site, _, synced, _ = self.half_done()
        site.spoil(sorted(synced)[:1])
        self.resume(site)
        verified = self.launch("parmap", "verify", site.path, ranks=0)
        self.assertError(verified, 65, out=None)


class Chance(DamageTest):
    """Bits that are flipped and files that are cut, anywhere."""

    def flip(self, draw, path, begin, end):
        with open(path, "r+b") as file:
            for _ in range(draw.choice((1, 1, 1, 2, 8, 64))):
                at = draw.randrange(begin, end)
                byte = os.pread(file.fileno(), 1, at)[0] ^ 1 << draw.randrange(8)
                os.pwrite(file.fileno(), bytes([byte]), at)

    def harm(self, draw, site, journal):
        """Returns what was harmed: not data of finished blocks, which only --verify-all reads."""
        size = site.path.stat().st_size
        with h5py.File(site.path) as file:
            begin = file["items"].id.get_offset()
        end = begin + 8 * LAST
        kind = draw.choice(("metadata", "metadata", "tail", "header", "marks", "cut",
                            "cut journal"))
        if kind == "metadata":
            self.flip(draw, site.path, 0, begin)
        elif kind == "tail":
            self.flip(draw, site.path, end, size)
        elif kind == "header":
            self.flip(draw, journal.path, 0, 2 * COPY)
        elif kind == "marks":
            self.flip(draw, journal.path, 2 * COPY, 2 * COPY + 16 * len(ALL))
        elif kind == "cut":
            os.truncate(site.path, draw.randrange(size))
        else:
            os.truncate(journal.path, draw.randrange(journal.path.stat().st_size))
        return kind

    def harm_at_random(self, times, seed):
        """The same command heals all of it; what is left is what an uninterrupted run leaves."""
        half, *_ = self.half_done()

        def once(number):
            draw = random.Random(f"{seed}-{number}")
            site = self.site(f"harmed-{number}", last=LAST)
            for path in half.folder.glob("items.h5*"):
                shutil.copy(path, site.folder)
            journal = Journal(site.journals()[0])
            journal.change_head(inode=site.path.stat().st_ino)
            kind = self.harm(draw, site, journal)
            result = site.run(*draw.choice(((), ("--verify-all",))), threads=draw.choice((1, 2)))
            self.assertEqual(result.code, 0, f"{kind}{result}")
            self.assertEqual(site.contents(), self.expected, f"{kind}{result}")
            self.assertEqual(site.journals(), [])
            shutil.rmtree(site.folder)

        self.at_once(once, range(times))

    def test_harm(self):
        self.harm_at_random(60, seed=4711)


if __name__ == "__main__":
    unittest.main()
