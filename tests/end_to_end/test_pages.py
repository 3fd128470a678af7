"""Man pages and completion, which are made from the tables of options and commands: that nothing is
missing in them, that man takes them without a warning, and what shells offer."""
import re
import shutil
import subprocess
import unittest

from parmap_testing import BIN, SOURCE, ParmapTest

PAGES = BIN.parent / "src" / "pages"
MAN = PAGES / "man"
COMPLETION = PAGES / "completion"


def output(*command, text=None):
    return subprocess.run([str(word) for word in command], input=text, text=True,
                          capture_output=True, check=True).stdout


def plain(page):
    """What a reader of a page sees, in one long line for each paragraph."""
    text = (MAN / f"man{page[-1]}" / page).read_text()
    for sign, char in (("\\-", "-"), ("\\(ti", "~"), ("\\(ha", "^"), ("\\(aq", "'"), ("\\e", "\\"),
                       ("\\(ga", "`"), ("\\&", "")):
        text = text.replace(sign, char)
    return re.sub(r"\\f[BIR]", "", text)


def pages():
    """All but those that only name another page."""
    return sorted(path for path in MAN.glob("man*/*") if not path.read_text().startswith(".so"))


@unittest.skipUnless(MAN.exists(), "the pages are not built")
class Man(ParmapTest):
    def test_each_page_is_made(self):
        made = [path.name for path in pages()]
        self.assertEqual(made, sorted(made, key=lambda name: (name[-1], name)))
        self.assertEqual(set(made), {path.name[:-3] for path in (SOURCE / "docs/man").glob("*.md")})
        for program in ("parmap", "cubemap", "squares"):
            self.assertIn(f"{program}.1", made)

    @unittest.skipUnless(shutil.which("groff"), "no groff")
    def test_groff_warns_of_nothing(self):
        for page in pages():
            result = subprocess.run(["groff", "-ww", "-man", "-Tutf8", "-z", str(page)], text=True,
                                    capture_output=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""), page.name)

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc")
    def test_mandoc_warns_of_nothing(self):
        for page in pages():
            result = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(page)], text=True,
                                    capture_output=True)
            self.assertEqual((result.returncode, result.stdout), (0, ""), page.name)

    def test_sections(self):
        for page in pages():
            sections = re.findall(r"^\.SH (.*)$", page.read_text(), re.MULTILINE)
            self.assertEqual(sections[0], "NAME")
            self.assertEqual(sections[-1], "SEE ALSO")
            name = page.name.rsplit(".", 1)[0]
            self.assertRegex(plain(page.name), rf"\.SH NAME\n{name}(, \S+)* - \S")

    def test_see_also(self):
        """What a page of ours refers to is there."""
        made = {path.name for path in pages()}
        for page in pages():
            for name, section in re.findall(r"(\b(?:parmap|cubemap|squares)[\w-]*)\((\d)\)",
                                            plain(page.name)):
                self.assertIn(f"{name}.{section}", made, page.name)

    def test_every_option(self):
        text = plain("parmap-options.7")
        options = set()
        for command in (("cubemap", "--help"), ("parmap", "map", "--help")):
            help_text = self.make(*command, ranks=0).out
            options |= set(re.findall(r"^  (--[\w-]+)(?: (\S+))?", help_text, re.MULTILINE))
        self.assertGreater(len(options), 30)
        for option, argument in options:
            self.assertRegex(text, rf"(?m)^\.TP\n{option}( \S+)?\n\w", option)

    def test_every_command(self):
        text = plain("parmap.1")
        help_text = self.make("parmap", "--help", ranks=0).out
        commands = re.findall(r"^  ([a-z]+)", help_text, re.MULTILINE)
        self.assertIn("merge", commands)
        for command in commands:
            self.assertRegex(text, rf"(?m)^\.SS parmap {command}\b")
        for option in re.findall(r"^    (--[\w-]+)", help_text, re.MULTILINE):
            self.assertRegex(text, rf"(?m)^\.TP\n{option}\b")
        for code in re.findall(r"^ +(\d+)  ", help_text, re.MULTILINE):
            self.assertRegex(text, rf"(?m)^\.TP\n{code}\n")

    def test_every_function(self):
        """man FUNCTION leads to a page that has its prototype, or its macro."""
        count = 0
        for header in (SOURCE / "src" / "include").glob("*.h"):
            if header.name == "parmap_cxx.h":
                continue  # the same names again, for C++
            text = header.read_text()
            names = re.findall(r"^PARMAP_API [^(;]*?(\w+)\(", text, re.MULTILINE)
            names += re.findall(r"^#define (parmap_\w+|PARMAP_[A-Z0-9_]+)\(", text, re.MULTILINE)
            for name in names:
                link = MAN / "man3" / f"{name}.3"
                self.assertTrue(link.exists(), name)
                page = re.fullmatch(r"\.so man3/(\S+)\n", link.read_text()).group(1)
                self.assertRegex(plain(page), rf"\b{name}\(", f"{name} in {page}")
                count += 1
        self.assertGreater(count, 100)

    def test_every_attribute(self):
        """The page of the file format has what docs/format.md has."""
        text = plain("parmap-h5.5")
        for names in re.findall(r"^\| ([^|]*) \|", (SOURCE / "docs/format.md").read_text(),
                                re.MULTILINE):
            for name in re.findall(r"`(\w+)`", names):
                self.assertRegex(text, rf"(?m)^\.TP\n.*\b{name}\b")


BASH = """
. "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compopt() { :; }
"$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\).*/\\1/')" "$1"
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""
TYPES = ["int64", "uint64", "int128", "float64", "int8", "uint8", "int16", "uint16", "int32",
         "uint32", "float32"]


@unittest.skipUnless(COMPLETION.exists(), "the completion is not built")
class Completion(ParmapTest):
    def offered(self, *words):
        """What bash offers for the last of these words."""
        return subprocess.run(["bash", "-c", BASH, "bash", str(COMPLETION / "parmap.bash"), *words],
                              cwd=self.folder, text=True, capture_output=True,
                              check=True).stdout.split()

    def options(self, *command):
        return re.findall(r"^  (--[\w-]+)", self.make(*command, "--help", ranks=0).out,
                          re.MULTILINE)

    def test_options(self):
        self.assertEqual(self.offered("cubemap", ""), self.options("cubemap"))
        self.assertEqual(self.offered("squares", "--ver"), ["--verify-all", "--verbose", "--verify",
                                                            "--version"])
        self.assertEqual(self.offered("cubemap", "--stats", "--sch"), ["--schedule"])
        self.assertEqual(sorted(self.offered("parmap", "map", "x*x", "--")),
                         sorted(self.options("parmap", "map")))

    def test_words(self):
        self.assertEqual(self.offered("cubemap", "--type", ""), TYPES)
        self.assertEqual(self.offered("cubemap", "--type", "u"), [t for t in TYPES if t[0] == "u"])
        self.assertEqual(self.offered("cubemap", "--schedule", "=", "d"), ["dynamic"])
        self.assertEqual(self.offered("cubemap", "--checksum", "="), ["on", "off"])
        self.assertEqual(self.offered("cubemap", "--stats", "=", "of"), ["off"])
        self.assertEqual(self.offered("cubemap", "--threads", ""), ["auto"])
        self.assertEqual(self.offered("cubemap", "--range", ""), [])

    def test_commands(self):
        help_text = self.make("parmap", "--help", ranks=0).out
        commands = re.findall(r"^  ([a-z]+)", help_text, re.MULTILINE)
        self.assertEqual(self.offered("parmap", ""), [*commands, "--help", "--version"])
        self.assertEqual(self.offered("parmap", "me"), ["merge"])
        self.assertEqual(self.offered("parmap", "info", "--"), ["--state", "--failed"])
        self.assertEqual(self.offered("parmap", "doctor", ""), ["--output", "--threads"])

    def test_files(self):
        for name in ("some.h5", "some.ini", "other.h5"):
            (self.folder / name).touch()
        (self.folder / "folder").mkdir()
        for words in (("parmap", "info", "some"), ("parmap", "merge", "--force", "x.h5", "some"),
                      ("cubemap", "--verify", "some"), ("cubemap", "--config", "=", "some")):
            self.assertEqual(sorted(self.offered(*words)), ["some.h5", "some.ini"], words)
        self.assertEqual(self.offered("cubemap", "--output", "fo"), ["folder"])

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh(self):
        """What zsh's own _arguments is given."""
        script = ("_arguments() { print -rl -- $@ }; _describe() { print -rl -- $commands }\n"
                  'words=(${=1}); CURRENT=$#words; service=$words[1]; . "$2"')

        def given(line):
            return output("zsh", "-f", "-c", script, "zsh", line, COMPLETION / "parmap.zsh")

        names = re.findall(r"^\*?(--[\w-]+)", given("cubemap --t"), re.MULTILINE)
        self.assertEqual(names, self.options("cubemap"))
        self.assertIn(f":TYPE:({' '.join(TYPES)})\n", given("cubemap --t"))
        self.assertRegex(given("parmap in"), r"(?m)^info:")
        self.assertEqual(re.findall(r"^(--\w+)", given("parmap info --"), re.MULTILINE),
                         ["--state", "--failed"])

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish(self):
        def offered(line):
            text = output("fish", "--no-config", "-c",
                          f'source {COMPLETION / "parmap.fish"}; complete -C "{line}"')
            return [entry.split("\t")[0] for entry in text.splitlines()]

        self.assertEqual(sorted(offered("cubemap --type ")), sorted(TYPES))
        self.assertEqual(offered("parmap ver"), ["verify"])
        self.assertEqual(sorted(offered("parmap info --")), ["--failed", "--state"])
        self.assertEqual(sorted(offered("squares --")), sorted(self.options("squares")))

    @unittest.skipUnless(shutil.which("shellcheck"), "no shellcheck")
    def test_shellcheck(self):
        output("shellcheck", "-s", "bash", COMPLETION / "parmap.bash")


if __name__ == "__main__":
    unittest.main()
