"""The code blocks of a document: what they are, and running them as a reader would.

    ```console            `$ command` lines, each with the output it shows; \\ at the end continues a
                          command.  ... alone in an output stands for any lines, within a line for
                          any text; times, rates and what depends on the machine is not compared.
                          A command has to succeed, unless an error is shown or `$ echo $?` follows
    ```c, ```cpp          /* name.c */ or // name.cpp in the first line: saved under that name
    ```python, ```cmake   # name in the first line: saved; Python without a name is run
    ```sh                 run; what it prints is not looked at

The comment <!-- from PATH --> before a block says that it is a part of that file of the source tree;
<!-- not run: REASON --> that it cannot be run here.  Any other block is a mistake.
"""
import os
import re
import signal
import subprocess

NAME = re.compile(r"(?:/\*|#|//) ([\w./-]+\.\w+)(?:[:;,] .*)?(?: \*/)?\s*$")
FENCE = re.compile(r"(?:^<!-- (?P<mark>[^\n]*) -->\n\n?)?^```(?P<words>[^\n]*)\n"
                   r"(?P<text>(?:[^\n]*\n)*?)```$", re.MULTILINE)


class Block:
    """A block of code: its language, the words after it, its text, and the text before it."""

    def __init__(self, document, found):
        self.language, *self.words = found.group("words").split() or [""]
        self.text, self.mark = found.group("text"), found.group("mark") or ""
        self.before = document[:found.start()]
        self.line = document[:found.start("text")].count("\n")

    @property
    def name(self):
        """The file as which it is saved, or None."""
        found = NAME.match(self.text.split("\n", 1)[0])
        return found.group(1) if found and self.language in ("c", "cpp", "python", "cmake") else None

    @property
    def kind(self):
        """What is done with it: one of the words below, or None."""
        if self.mark.startswith("not run: "):
            return "left out"
        if self.mark.startswith("from "):
            return "part"
        if self.name:
            return "file"
        return {"console": "console", "sh": "script", "python": "python"}.get(self.language)


def blocks_of(document):
    return [Block(document, found) for found in FENCE.finditer(document)]


# ---- outputs ---------------------------------------------------------------------------------


def lines_of(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def pattern(line):
    return ".*".join(map(re.escape, line.split("...")))


def agrees(expected, output, ordered=True):
    """Whether an output is as expected: ... is any text in a line, alone any lines."""
    rest, wanted = lines_of(output), lines_of(expected)
    if ordered:
        lines = [r"(?:.*\n)*" if line == "..." else pattern(line) + r"\n" for line in wanted]
        return re.fullmatch("".join(lines), "".join(line + "\n" for line in rest)) is not None
    patterns = [pattern(line) for line in wanted if line != "..."]
    for wanted_line in sorted(patterns, key=lambda p: ".*" in p):
        match = next((line for line in rest if re.fullmatch(wanted_line, line)), None)
        if match is None:
            return False
        rest.remove(match)
    return not rest or "..." in wanted


VARYING = [  # of the machine and the moment; checksums where math.h may round in another way
    (r"(?m)^(  elements .*float(?:.*\n)*?)  checksum .*$", r"\1  checksum N"),
    (r"\bchecksum [0-9a-f]{16} matches", "checksum N matches"),
    (r"\bx \d+ threads?, \d+ cores?", "x N threads, N cores"),
    (r"(?m)^  (time|rate|balance) .*$", r"  \1 N"),
    (r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r"on rank \d+, [\w.-]+,", "on rank N,"),
    (r"(?m)^\w[\w ]*: warning: \d+ threads share \d+ cores?; use .*\n?", ""),
    (r"(?m)^\w[\w ]*: continuing \S+: \d+ of \d+ elements are done.*\n?", ""),
    (r"(?m)^\w[\w ]*: \d+/\d+ \(.*, ETA .*\n?", ""),
    (r"(?m)^\w[\w ]*: warning: an item of .* takes .*\n?", ""),
    (r"(?m)^  resumed .*\n?", ""),
]


def steady(text):
    for words, instead in VARYING:
        text = re.sub(words, instead, text)
    return text


# ---- commands --------------------------------------------------------------------------------


class Command:
    """A command of a console block, and what it shows."""

    def __init__(self, text):
        lines = text.split("\n")
        last = next(i for i, line in enumerate(lines) if not line.endswith("\\"))
        self.text = "\n".join(lines[:last + 1])
        self.shown = "\n".join(lines[last + 1:])

    def may_fail(self, following):
        return "error: " in self.shown or (following and following.text == "echo $?")


def commands_of(block):
    """What stands before the first $ belongs to no command, and is a mistake."""
    before, *texts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    if before.strip() or not texts:
        raise ValueError(f"line {block.line}: a console block begins with `$ command`")
    return [Command(text.rstrip("\n")) for text in texts]


class Session:
    """A folder in which the blocks of one document are run, in their order."""

    def __init__(self, folder, environment, source, timeout=60):
        self.folder, self.environment, self.source = folder, environment, source
        self.timeout, self.code = timeout, 0
        self.complaints = []

    def call(self, *words):
        """Output and errors of a program as they came.  One that hangs is killed, with all that it
        has started."""
        process = subprocess.Popen(words, cwd=self.folder, env=self.environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            output += f"killed after {self.timeout} s\n"
        code = process.returncode
        self.code = code if code >= 0 else 128 - code
        return output.replace(str(self.folder), "/home/me")

    def run(self, block):
        {"left out": lambda b: None, "part": self.compare, "file": self.save,
         "console": self.console, "script": self.script, "python": self.python,
         None: self.unknown}[block.kind](block)

    def complain(self, block, text):
        self.complaints.append(f"line {block.line}: {text}")

    def unknown(self, block):
        self.complain(block, f"a block of unknown kind: ```{block.language}")

    def compare(self, block):
        path = self.source / block.mark[len("from "):]
        if block.text not in path.read_text():
            self.complain(block, f"not a part of {path}")

    def save(self, block):
        path = self.folder / block.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        then = path.stat().st_mtime - 10  # as files of people are
        os.utime(path, (then, then))

    def script(self, block):
        output = self.call("bash", "-ec", block.text)
        if self.code != 0:
            self.complain(block, f"ended with {self.code}:\n{output}")

    def python(self, block):
        output = self.call("python3", "-c", block.text)
        if self.code != 0:
            self.complain(block, f"ended with {self.code}:\n{output}")

    def shell(self, command):
        """With the exit code of the command before in $?."""
        return self.call("bash", "-c", f"(exit {self.code})\n{command.text}")

    def console(self, block):
        commands = commands_of(block)
        for command, following in zip(commands, commands[1:] + [None]):
            output = self.shell(command)
            self.judge(block, command, following, output)

    def judge(self, block, command, following, output):
        ordered = "mpirun" not in command.text  # which passes on the one and the other as it likes
        if not agrees(steady(command.shown), steady(output), ordered):
            self.complain(block, f"$ {command.text}\n--- shown\n{command.shown}\n--- came\n{output}")
        if self.code != 0 and not command.may_fail(following):
            self.complain(block, f"$ {command.text}\nended with {self.code}:\n{output}")
        if self.code == 0 and "error: " in command.shown:
            self.complain(block, f"$ {command.text}\nsucceeded")
