"""README.md and the pages for users: every command and every block of code in them is run, in the
order in which it stands, in an empty folder for each page, against an installed copy of parmap."""
# TEST seconds=240
import os
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

import documents
from parmap_testing import BIN, MPIEXEC, SOURCE, ParmapTest, environment, program, scratch_root
from test_installed import build_flags, c_compiler, cxx_compiler, install

PROGRAMS = sorted(path.name for path in BIN.iterdir() if path.is_file())


def setUpModule():
    """One installed copy for all pages, $HOME/parmap."""
    global HOME
    HOME = Path(tempfile.mkdtemp(prefix="parmap-docs-", dir=scratch_root()))
    unittest.addModuleCleanup(shutil.rmtree, HOME)
    result = install(HOME / "parmap")
    if result.returncode != 0:
        raise AssertionError(result.stderr)


class Pages(ParmapTest):
    def script(self, name, *words):
        """A command of the reader's that is another one here."""
        path = self.tools / name
        path.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
        path.chmod(0o755)

    def surroundings(self):
        """As `make` and `make install` leave them: the programs in the folder, parmap to be found
        by pkg-config and CMake."""
        self.tools = self.folder.parent / "tools"
        self.tools.mkdir()
        self.script("mpirun", MPIEXEC)
        self.script("python3", sys.executable)
        self.script("cc", c_compiler(), *build_flags())
        if cxx_compiler():
            self.script("c++", shutil.which(cxx_compiler()), *build_flags())
        for name in PROGRAMS:
            (self.folder / name).symlink_to(program(name))
        (pc,) = {path.parent for path in HOME.rglob("parmap.pc")}
        return environment({
            "PATH": f"{self.tools}:{os.environ['PATH']}", "PKG_CONFIG_PATH": str(pc),
            "CMAKE_PREFIX_PATH": str(HOME / "parmap"), "PARMAP_CC": c_compiler(), "CC": None,
            "CXX": None, "HOME": str(HOME),
            "PARMAP_CACHE": str(self.folder.parent / "cache"), "LC_ALL": "C",
            "OMP_NUM_THREADS": None}, self.session)

    def check(self, name):
        page = documents.blocks_of((SOURCE / name).read_text())
        self.assertGreater(len(page), 5)
        session = documents.Session(self.folder, self.surroundings(), SOURCE)
        for block in page:
            session.run(block)
        self.assertEqual(session.complaints, [], f"{name}:\n" + "\n\n".join(session.complaints))

    def test_readme(self):
        self.check("README.md")

    def test_your_own_kernel(self):
        self.check("docs/your-own-kernel.md")

    @unittest.skipUnless(cxx_compiler(), "there is no C++ compiler")
    def test_library(self):
        self.check("docs/library.md")

    def test_recipes(self):
        self.check("docs/recipes.md")


class Words(unittest.TestCase):
    """What any page can get wrong."""

    PAGES = sorted([SOURCE / "README.md", *(SOURCE / "docs").glob("*.md")])

    def test_links(self):
        for page in self.PAGES:
            for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
                if "://" not in link:
                    self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")

    def test_names(self):
        """Functions, types and macros are those of the headers, and so are those of other files."""
        headers = "".join(p.read_text() for p in (SOURCE / "src" / "include").glob("*.h"))
        known = set(re.findall(r"\b(?:parmap|PARMAP)_\w+", headers))
        for name in ("your-own-kernel.md", "recipes.md", "format.md"):
            text = (SOURCE / "docs" / name).read_text()
            used = set(re.findall(r"\b(?:parmap|PARMAP)_[A-Za-z]\w+", text))
            made = set(re.findall(r"PARMAP_PARAMETERS\((\w+)", text)) | {"parmap_kernels"}
            self.assertEqual(used - known - made, set(), name)

    def test_files_of_the_source(self):
        text = (SOURCE / "docs" / "architecture.md").read_text()
        for path in re.findall(r"`((?:app|map|pool|work|store|share|formula|heap|comm|base)/[a-z0-9_]+\.[ch])`",
                               text):
            self.assertTrue((SOURCE / "src" / path).exists(), path)


class Documents(unittest.TestCase):
    """What the pages are judged by."""

    def session(self, text):
        folder = Path(tempfile.mkdtemp(dir=scratch_root()))
        self.addCleanup(shutil.rmtree, folder)
        session = documents.Session(folder, dict(os.environ), SOURCE)
        for block in documents.blocks_of(text):
            session.run(block)
        return session.complaints

    def good(self, text):
        self.assertEqual(self.session(text), [])

    def bad(self, text):
        self.assertEqual(len(self.session(text)), 1)

    def test_kinds(self):
        self.good("```sh\ntrue\n```\n")
        self.bad("```sh\nfalse\ntrue\n```\n")
        self.bad("```\nls\n```\n")
        self.bad("```c\nint x;\n```\n")
        self.good("<!-- not run: a reason -->\n```\nls\n```\n")
        self.good("<!-- from LICENSE -->\n```text\n" +
                  (SOURCE / "LICENSE").read_text().splitlines()[0] + "\n```\n")
        self.bad("<!-- from LICENSE -->\n```text\nnot there\n```\n")
        self.bad("```python\nassert 1 == 2\n```\n")

    def test_files_and_order(self):
        self.good("```c\n/* a/b.c */\n1\n```\n```console\n$ cat a/b.c\n/* a/b.c */\n1\n```\n")
        self.good("```python\n# p.py: words\nprint(3)\n```\n```console\n$ python3 p.py\n3\n```\n")

    def test_console(self):
        self.good("```console\n$ echo a; \\\necho b\na\nb\n$ echo c\nc\n```\n")
        self.bad("```console\n$ echo a\nb\n```\n")
        self.bad("```console\n$ false\n```\n")
        self.good("```console\n$ false\n$ echo $?\n1\n```\n")
        self.bad("```console\n$ false\n$ echo $?\n0\n```\n")
        self.good("```console\n$ echo p: error: q; false\np: error: q\n```\n")
        self.bad("```console\n$ echo p: error: q\np: error: q\n```\n")
        with self.assertRaises(ValueError):
            self.session("```console\na\n```\n")

    def test_what_counts(self):
        agrees = documents.agrees
        self.assertTrue(agrees("a ...\n\nb", "a  1\nb\n"))
        self.assertFalse(agrees("a ...\nb", "b\na 1\n"))
        self.assertTrue(agrees("a ...\nb", "b\na 1\n", False))
        self.assertFalse(agrees("a ...\nb", "b\na 1\na 2\n", False))
        self.assertFalse(agrees("a\na", "a\n", False))
        self.assertTrue(agrees("a\n...\nb", "a\nx\ny\nb\n"))
        self.assertFalse(agrees("a\n...\nb", "a\nx\ny\n"))
        self.assertFalse(agrees("x*x", "xxx\n"))

    def test_what_varies(self):
        self.assertEqual(documents.steady("  time      0.1 s\n  elements  3"),
                         documents.steady("  time      2.0 s\n  elements  3"))
        self.assertNotEqual(documents.steady("  elements  3"), documents.steady("  elements  4"))


if __name__ == "__main__":
    unittest.main()
