"""docs/from-multiprocessing.md: its programs run, and its tables name all that Python has."""
# TEST seconds=300
import importlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.managers
import multiprocessing.pool
import multiprocessing.process
import multiprocessing.queues
import multiprocessing.shared_memory
import multiprocessing.sharedctypes
import multiprocessing.synchronize
import queue
import re
import shlex
import subprocess
import sys
import threading
import types
import unittest

from documents import agrees, blocks_of
from parmap_testing import BIN, SOURCE, ParmapTest, program

DOCUMENT = (SOURCE / "docs" / "from-multiprocessing.md").read_text()
HEADERS = "".join(p.read_text() for p in sorted((SOURCE / "src" / "include").glob("*.h")))
OLDEST, NEWEST = (3, 11), (3, 14)  # the Pythons whose names the document has

# Of each snippet of the tutorials, in the document's order: the tutorial, and a line that only it
# has, or that it shares with the same snippet of another one.
SNIPPETS = [
    ("001", "    Processes.append(p)"),
    ("000", "  p = Process(target=square_num)"),
    ("003", "    # create processes and asign a function for each process"),
    ("004", "    p = Process(target=square_it)"),
    ("001", "        thread = Thread(target=square_numbers)"),
    ("000", "  t = Thread(target=square_num)"),
    ("003", "    # create threads and asign a function for each thread"),
    ("004", "    processes.append(t)"),
    ("001", "    local_copy = database_value"),
    ("004", "    localcopy = database_value"),
    ("004", "        localcopy = database_value"),
    ("004", "    print(q.empty)"),
    ("004", "        print(f'in {current_thread().name} got {value}')"),
    ("004", "    print(f'Number at the end is {shared_number.value}')"),
    ("001", "def add_100(number):"),
    ("004", "    print(f'array at the end is {shared_array[:]}')"),
    ("004", "        queue.put(-1*i)"),
    ("004", "    result = pool.map(cube,numbers)"),
    ("002", 'print(f"CPU CORES: {CPU_CORES}")'),
    ("002", 'print(f"\\nFinished in {round(finish-start)} second")'),
]


# ---- the programs ----------------------------------------------------------------------------


BLOCKS = blocks_of(DOCUMENT)


def file_of(block):
    """The file of which it is a part, or None."""
    return next((w for w in block.words if w.startswith("jobs/")), None)


def expected_output(block):
    """The block of text that follows a program, or None."""
    following = BLOCKS[BLOCKS.index(block) + 1:][:1]
    return following[0] if following and following[0].language == "text" else None


class Build:
    """Compiles programs as the build did, against its library."""

    def __init__(self):
        folder = BIN.parent
        cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (folder / "CMakeCache.txt").read_text(),
                                re.MULTILINE))
        made_for = re.search(r"^Cflags: (.*)$", (folder / "src" / "parmap.pc").read_text(), re.M)
        flags = [f for f in made_for.group(1).split() if not f.startswith("-I")]
        flags += shlex.split(cache.get("CMAKE_C_FLAGS", ""))
        if cache.get("PARMAP_SANITIZE"):
            flags.append("-fsanitize=" + cache["PARMAP_SANITIZE"])
        if cache.get("PARMAP_COVERAGE") == "ON":
            flags.append("--coverage")
        warnings = "-Wall -Wextra -Wshadow -Wvla -Wconversion -Wformat=2 -Werror".split()
        self.before = [cache["CMAKE_C_COMPILER"], "-O1", *flags, *warnings,
                       f"-I{SOURCE / 'src' / 'include'}"]
        self.after = [f"-L{folder / 'lib'}", f"-Wl,-rpath,{folder / 'lib'}", "-lparmap"]

    def compile(self, text, path):
        source = path.with_suffix(".c")
        source.write_text(text)
        return subprocess.run([*self.before, str(source), "-o", str(path), *self.after],
                              capture_output=True, text=True, timeout=120)


class Programs(ParmapTest):
    def check(self, block, path):
        """Runs a program alone and with two ranks."""
        expected = expected_output(block)
        for ranks in (0, 2):
            run = self.launch(path, ranks=ranks, timeout=60)
            self.assertEqual(run.code, 0, run)
            if expected:
                ordered = ranks == 0 and "unordered" not in expected.words
                self.assertTrue(agrees(expected.text, run.out, ordered),
                                f"not what the document says:\n{expected.text}{run}")

    def test_programs_and_fragments(self):
        build = Build()
        frames = [b for b in BLOCKS if "frame" in b.words]
        self.assertEqual(len(frames), 1)
        blocks = [b for b in BLOCKS if b.language == "c" and not file_of(b) and b not in frames]
        self.assertGreater(len(blocks), 5)
        for block in blocks:
            with self.subTest(line=block.line):
                text = block.text
                if "int main(" not in text:
                    text = frames[0].text.replace("FRAGMENT", "{\n" + text + "}")
                path = self.folder / f"line{block.line}"
                compiled = build.compile(text, path)
                self.assertEqual(compiled.returncode, 0, compiled.stderr)
                self.check(block, path)

    def test_parts_of_jobs(self):
        """They are the file's own lines, so that no copy grows old; the file is run."""
        blocks = [b for b in BLOCKS if file_of(b)]
        self.assertGreater(len(blocks), 5)
        for block in blocks:
            with self.subTest(file=file_of(block)):
                self.assertEqual(block.language, "c")
                self.assertIn("\n" + block.text, (SOURCE / file_of(block)).read_text())
                name = file_of(block)[len("jobs/"):-len(".c")]
                if expected_output(block):
                    self.check(block, program(name))


class Snippets(unittest.TestCase):
    def test_all_of_them(self):
        found = [b for b in BLOCKS if b.language == "python"]
        self.assertEqual(len(found), len(SNIPPETS))
        for block, (tutorial, line) in zip(found, SNIPPETS):
            with self.subTest(line=block.line):
                self.assertIn(line, block.text.splitlines())
                mentioned = re.findall(r"(?<!\d)00[0-4](?!\d)", block.before)
                self.assertEqual(mentioned[-1], tutorial)

    def test_each_is_followed_by_c(self):
        """But for those of another tutorial, folded away, that differ from one above in names."""
        shown = re.sub(r"<details>.*?</details>", "", DOCUMENT, flags=re.DOTALL)
        languages = re.findall(r"^```(python|c)\b", shown, re.MULTILINE)
        self.assertNotIn("python python", " ".join(languages))


# ---- the names -------------------------------------------------------------------------------


def objects_named(heading):
    """The Python objects of a heading: modules, classes, or an example of what a function makes."""
    examples = {
        "multiprocessing.Value": multiprocessing.Value("i", 0),
        "multiprocessing.Array": multiprocessing.Array("c", 1),
        "multiprocessing.Barrier": multiprocessing.Barrier(1),
        "threading.Barrier": threading.Barrier(1),
    }
    made = ("Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "JoinableQueue",
            "SimpleQueue")
    for name in re.findall(r"`([\w.]+)`", heading):
        module, _, attribute = name.rpartition(".")
        if name in examples:
            yield examples[name]
        elif name in sys.modules:
            yield sys.modules[name]
        elif attribute in made:
            yield getattr(importlib.import_module(module), attribute)()
        elif name == "multiprocessing.Queue":
            yield multiprocessing.Queue()
        else:
            yield getattr(importlib.import_module(module), attribute)


def public_names(thing):
    """Of a module what it offers, not what it imports; its old names are in no __all__."""
    names = {n for n in dir(thing) if not n.startswith("_")}
    if isinstance(thing, types.ModuleType) and thing is not multiprocessing:
        names &= {*thing.__all__, "currentThread", "activeCount"}
    return {n for n in names if not isinstance(getattr(thing, n, None), types.ModuleType)}


class Names(unittest.TestCase):
    # Names of later Pythons than the oldest; of managers that were started; of arrays of
    # characters; of contexts.
    NEWER = {"interrupt", "locked", "set", "shutdown", "ShutDown", "settrace_all_threads",
             "setprofile_all_threads"}
    BESIDES = {"shutdown", "raw", "value", "reducer"}

    def sections(self):
        """Heading -> the names of the first column of its table."""
        tables = DOCUMENT[DOCUMENT.index("\n## Every name"):]
        found = {}
        for section in re.split(r"^### ", tables, flags=re.MULTILINE)[1:]:
            heading, _, text = section.partition("\n")
            rows = re.findall(r"^\| (.*?) \| (.*?) \| .*\|$", text, re.MULTILINE)
            self.assertGreater(len(rows), 1, heading)
            for python, ours in rows:
                self.assertTrue(ours.strip(), f"{heading}: {python} has no counterpart, nor none")
            names = [n for python, _ in rows for n in re.findall(r"`([^`]+)`", python)]
            self.assertEqual(len(names), len(set(names)), f"{heading}: a name stands there twice")
            found[heading] = set(names)
        return found

    def test_every_name_of_python_is_there(self):
        for heading, names in self.sections().items():
            with self.subTest(heading=heading):
                needed = set().union(*map(public_names, objects_named(heading)))
                if sys.version_info[:2] <= NEWEST:
                    self.assertEqual(needed - names, set())
                if sys.version_info[:2] == OLDEST:
                    self.assertEqual(names - needed - self.NEWER - self.BESIDES, set())

    def test_every_module_and_class_has_a_table(self):
        tables = set(re.findall(r"`([\w.]+)`", " ".join(self.sections())))
        for module in (multiprocessing, threading, queue):
            self.assertIn(module.__name__, tables)
        for name in public_names(multiprocessing.get_context()):
            self.assertIn(name, self.sections()["`multiprocessing`"])
        for name in ("Process", "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition",
                     "Event", "Barrier", "Queue", "JoinableQueue", "SimpleQueue", "Value", "Array",
                     "pool.Pool", "pool.AsyncResult", "pool.IMapIterator", "connection.Connection",
                     "managers.SyncManager", "shared_memory.SharedMemory"):
            self.assertIn("multiprocessing." + name, tables)
        for name in ("Thread", "Timer", "Lock", "RLock", "Semaphore", "BoundedSemaphore",
                     "Condition", "Event", "Barrier"):
            self.assertIn("threading." + name, tables)

    def test_every_name_of_ours_exists(self):
        known = set(re.findall(r"\b(?:parmap|PARMAP)_\w+", HEADERS)) | {"parmap_test"}
        used = set(re.findall(r"\b(?:parmap|PARMAP)_\w+", DOCUMENT))
        self.assertGreater(len(used), 80)
        self.assertEqual(used - known, set())
        for job in set(re.findall(r"`(?:mpirun -np \d+ )?\./(\w+)", DOCUMENT)) - {"program"}:
            self.assertTrue((SOURCE / "jobs" / f"{job}.c").exists(), job)
        for path in re.findall(r"\]\(\.\./(.*?)\)", DOCUMENT):
            self.assertTrue((SOURCE / path).exists(), path)


if __name__ == "__main__":
    unittest.main()
