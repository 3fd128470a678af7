"""Options, environment, configuration files; --help and --version; what goes to which stream."""
import os
import pty
import re
import subprocess
import unittest

from parmap_testing import BIN, CORES, MPI, MPIEXEC, SOURCE, FileTest, environment

OPTIONS = {  # option: its default for cubemap, then one value each for config, environment, option
    "range": ("1..1000000", "1..10", "1..20:2", "-5..30"),
    "part": ("none", "1/2", "2/3", "none"),
    "type": ("int64", "uint64", "int128", "float64"),
    "output": ("cubemap.h5", "a.h5", "b.h5", "none"),
    "dataset": ("cubes", "a", "b/c", "d"),
    "threads": ("auto", "1", "2", "3"),
    "schedule": (None, "dynamic", "static", "dynamic"),
    "vector": ("auto", "baseline", "auto", "baseline"),
    "time-limit": ("auto", "none", "1h", "01:30:00"),
    "time-margin": ("auto", "30s", "1m", "0"),
    "checksum": ("on", "off", "on", "off"),
    "stats": ("off", "on", "off", "on"),
    "allow-rounding": ("off", "on", "off", "on"),
    "force": ("off", "on", "off", "on"),
    "progress": ("auto", "always", "never", "always"),
    "summary": ("text", "json", "text", "json"),
    "quiet": ("off", "on", "off", "on"),
    "verbose": ("off", "off", "on", "off"),
}
SWITCHES = ("checksum", "stats", "allow-rounding", "force", "quiet", "verbose")
JSON_KEYS = (
    "program status kernel formula arithmetic type range elements failed blocks block_items bytes seconds "
    "elements_before elements_per_second gigabytes_per_second balance checksum min max sum file dataset nodes "
    "ranks threads schedule vector version").split()


def variable(option):
    return "PARMAP_" + option.upper().replace("-", "_")


class OptionTest(FileTest):
    def config(self, text, name="my.ini"):
        (self.folder / name).write_text(text)
        return name

    def settings(self, *args, env=None, program="cubemap", ranks=0):
        """What --print-config says: option -> (value, where it came from)."""
        result = self.make(program, *args, "--print-config", ranks=ranks, env=env)
        lines = result.out.splitlines()
        found = {}
        for line in lines:
            match = re.fullmatch(r"([\w-]+) += (.*?) +# (.*)", line)
            self.assertTrue(match, f"{line!r}{result}")
            self.assertNotIn(match.group(1), found, f"printed twice{result}")
            found[match.group(1)] = (match.group(2), match.group(3))
        return found


class Layers(OptionTest):
    def test_defaults(self):
        found = self.settings()
        self.assertLessEqual(set(OPTIONS), set(found))
        for option, (default, *_) in OPTIONS.items():
            with self.subTest(option=option):
                self.assertEqual(found[option][1], "default")
                if default is not None:
                    self.assertEqual(found[option][0], default)

    def test_option_beats_environment_beats_config_beats_default(self):
        lines = [f"{o} = {v[1]}" for o, v in OPTIONS.items()]
        config = self.config("# a comment\n\n; another\n" + "\n".join(lines) + "\n")
        env = {variable(o): v[2] for o, v in OPTIONS.items()}
        given = [f"--{o}={v[3]}" for o, v in OPTIONS.items()]
        places = {o: f"my.ini:{number}" for number, o in enumerate(OPTIONS, 4)}
        for what, args, more, column, where in (
                ("config", ["--config", config], {}, 1, places.get),
                ("environment", ["--config", config], env, 2,
                 lambda o: f"environment {variable(o)}"),
                ("option", ["--config", config, *given], env, 3, lambda o: "option"),
                ("option alone", given, {}, 3, lambda o: "option"),
                ("environment alone", [], env, 2, lambda o: f"environment {variable(o)}"),
                ("config by PARMAP_CONFIG", [], {"PARMAP_CONFIG": config}, 1, places.get)):
            found = self.settings(*args, env=more)
            for option, values in OPTIONS.items():
                with self.subTest(layer=what, option=option):
                    self.assertEqual(found[option], (values[column], where(option)))

    def test_each_option_alone_beats_its_environment(self):
        """One option from the command line leaves the others to the lower layers."""
        config = self.config("type = uint64\nrange = 1..5\nstats = on\n")
        found = self.settings("--config", config, "--type", "int128",
                              env={"PARMAP_RANGE": "1..7", "PARMAP_THREADS": "2"})
        self.assertEqual(found["type"], ("int128", "option"))
        self.assertEqual(found["range"], ("1..7", "environment PARMAP_RANGE"))
        self.assertEqual(found["stats"], ("on", "my.ini:3"))
        self.assertEqual(found["threads"], ("2", "environment PARMAP_THREADS"))
        self.assertEqual(found["schedule"][1], "default")

    def test_config_option_beats_its_variable(self):
        strong, weak = self.config("type = uint64\n"), self.config("type = int128\n", "weak.ini")
        found = self.settings("--config", strong, env={"PARMAP_CONFIG": weak})
        self.assertEqual(found["type"], ("uint64", "my.ini:1"))

    def test_the_layers_reach_the_run(self):
        config = self.config("range = 1..50\ntype = uint64\noutput = c.h5\ndataset = x/y\n")
        self.make("cubemap", "--config", config, "--type", "int128", ranks=2,
                  env={"PARMAP_STATS": "1", "PARMAP_RANGE": "1..60"})
        self.check_file("c.h5", "cubemap", 1, 60, value_type="int128", dataset="x/y", stats=True)

    def test_spellings_of_a_switch(self):
        for text, on in (("on", True), ("1", True), ("true", True), ("yes", True), ("off", False),
                         ("0", False), ("false", False), ("no", False)):
            with self.subTest(text=text):
                found = self.make("cubemap", "--range", "1..9", "--output", "none", "--summary",
                                  "json", f"--stats={text}", env={"PARMAP_CHECKSUM": text},
                                  ranks=0).json
                self.assertEqual((found["min"] is not None, found["checksum"] is not None),
                                 (on, on))
        for switch in SWITCHES[1:]:
            with self.subTest(switch=switch):
                self.assertEqual(self.settings(f"--{switch}")[switch], ("on", "option"))

    def test_configurations_of_the_project(self):
        paths = sorted((SOURCE / "configs").glob("*.ini"))
        self.assertTrue(paths, "there are none")
        for path in paths:
            program = "squares" if "squares" in path.name else "cubemap"
            with self.subTest(config=path.name):
                found = self.settings("--config", path, program=program)
                self.assertTrue(any(where.startswith(f"{path}:") for _, where in found.values()),
                                "nothing came from it")

    def test_threads_when_auto(self):
        """PARMAP_THREADS, else OMP_NUM_THREADS, else SLURM_CPUS_PER_TASK."""
        for env, threads in (({"PARMAP_THREADS": "2", "OMP_NUM_THREADS": "3"}, 2),
                             ({"OMP_NUM_THREADS": "3", "SLURM_CPUS_PER_TASK": "2"}, 3),
                             ({"OMP_NUM_THREADS": None, "SLURM_CPUS_PER_TASK": "2"}, 2)):
            with self.subTest(env=env):
                found = self.make("cubemap", "--output", "none", "--summary", "json", "--range",
                                  "1..100", ranks=0, env=env).json
                self.assertEqual(found["threads"], threads)


class Mistakes(OptionTest):
    def assertUsage(self, args, *fragments, env=None, ranks=0):
        with self.subTest(args=args, env=env):
            result = self.launch("cubemap", *args, ranks=ranks, env=env)
            self.assertError(result, 64, *fragments)
            self.assertEqual([n for n in self.files() if not n.endswith(".ini")], [])

    def test_unknown_options(self):
        self.assertUsage(["--rnage", "1..5"], "unknown option --rnage; did you mean --range?")
        self.assertUsage(["--rnage=1..5"], "unknown option --rnage; did you mean --range?")
        self.assertUsage(["--thread", "2"], "unknown option --thread; did you mean --threads?")
        self.assertUsage(["--frobnicate"], "unknown option --frobnicate")
        self.assertUsage(["-x"], "-x")
        self.assertUsage(["1..5"], "1..5")

    def test_printed_once_by_many_ranks(self):
        self.assertUsage(["--rnage", "1..5"], "unknown option --rnage; did you mean --range?",
                         ranks=4)
        self.assertUsage(["--range", "1..x"], "1..x", ranks=3)

    def test_missing_values(self):
        for option in ("range", "part", "type", "output", "threads", "config", "verify", "sample"):
            self.assertUsage([f"--{option}"], f"--{option}")

    def test_bad_values(self):
        for option, values in {
                "type": ("int32", "INT64", ""),
                "threads": ("0", "-1", "x", "1.5", "99999999999999999999"),
                "schedule": ("guided", ""),
                "vector": ("v5", "avx2"),
                "time-limit": ("soon", "-1", "5 m", "1:2:3:4", ""),
                "time-margin": ("none", "1e3"),
                "checksum": ("maybe",),
                "stats": ("2",),
                "progress": ("on",),
                "summary": ("xml",),
                "sample": ("-1", "x"),
                "part": ("0/8", "9/8", "3", "a/b", ""),
                "output": ("",),
                "dataset": ("",),
        }.items():
            for value in values:
                extra = ["--verify", "cubemap.h5"] if option == "sample" else []
                self.assertUsage([f"--{option}={value}", *extra], f"--{option}")

    def test_bad_ranges(self):
        for text in ("5..", "..5", "5", "1-10", "abc", "a..b", "1..10:0", "10..1", "1..10:-1",
                     "1e-1..5", "1.5..3", "1..2^200", "1..1e40", "1..2..3", "1..10:", "1 .. 2",
                     "1__0..20", "_1..5", "1_..5", "0x10..20", "1..10:1.5", "", "2^-1..5", "--..3"):
            self.assertUsage([f"--range={text}"], "range")

    def test_quiet_and_verbose_exclude_each_other(self):
        self.assertUsage(["--quiet", "--verbose"], "quiet", "verbose")
        self.assertUsage(["--quiet"], "quiet", "verbose", env={"PARMAP_VERBOSE": "1"})

    def test_environment(self):
        self.assertUsage([], "PARMAP_TYPE", "int65", env={"PARMAP_TYPE": "int65"})
        self.assertUsage([], "PARMAP_RANGE", "1..z", env={"PARMAP_RANGE": "1..z"}, ranks=2)
        result = self.make("cubemap", "--output", "none", ranks=2, env={"PARMAP_TYP": "int128"})
        self.assertEqual(len(result.messages("warning")), 1, result)
        self.assertIn("PARMAP_TYP", result.messages("warning")[0])
        self.assertIn("PARMAP_TYPE", result.messages("warning")[0])

    def test_config_files(self):
        for text, *fragments in (
                ("# x\n\ntpye = int64\n", 'my.ini:3: unknown key "tpye"; did you mean "type"?'),
                ("type = int64\nconfig = b.ini\n", 'my.ini:2: ', '"config"'),
                ("type = int65\n", "my.ini:1", "int65"),
                ("range = 1..5\nthreads = many\n", "my.ini:2", "many"),
                ("stats = on\nnonsense\n", "my.ini:2"),
                ("[run]\ntype = int64\n", "my.ini:1"),
        ):
            self.config(text)
            self.assertUsage(["--config", "my.ini"], *fragments)
        self.assertUsage(["--config", "my.ini"], "my.ini:1", ranks=3)

    def test_config_that_cannot_be_read(self):
        self.assertError(self.launch("cubemap", "--config", "no.ini", ranks=2), 66, "no.ini")
        self.assertError(self.launch("cubemap", "--config", ".", ranks=0), 66)


class Information(OptionTest):
    def test_help_and_version_are_printed_once(self):
        header = (SOURCE / "src/include/parmap.h").read_text()
        version = re.search(r'#define PARMAP_VERSION "(.*)"', header).group(1)
        for ranks in (0, 4):
            with self.subTest(ranks=ranks):
                text = self.make("cubemap", "--help", ranks=ranks)
                for option in [*OPTIONS, "config", "verify", "sample", "print-config", "help",
                               "print-plan", "version"]:
                    self.assertRegex(text.out, rf"--{option}\b", text)
                self.assertEqual(len(re.findall(r"^ *--range\b", text.out, re.MULTILINE)), 1, text)
                self.assertEqual(text.messages("error") + text.messages("warning"), [])
                text = self.make("cubemap", "--version", ranks=ranks)
                self.assertEqual(text.out.count(version), 1, text)
                self.assertIn("cubemap", text.out)
        self.assertEqual(self.files(), [])

    def test_they_win_over_a_broken_environment(self):
        self.make("cubemap", "--help", ranks=0, env={"SLURM_STEP_NUM_TASKS": "4"})
        self.make("parmap", "--help", ranks=0)
        self.make("parmap", "--version", ranks=0)

    def test_configuration_is_printed_once(self):
        found = self.settings("--type", "uint64", ranks=4)
        self.assertEqual(found["type"], ("uint64", "option"))
        self.assertEqual(self.files(), [])


class Summaries(OptionTest):
    def test_json(self):
        for args, ranks, threads in ((["--stats", "--range", "1..1001:2"], 2, 2),
                                     (["--output", "none", "--checksum", "off"], 0, 1),
                                     (["--type", "int128", "--stats", "--quiet"], 3, 1)):
            with self.subTest(args=args):
                result = self.make("cubemap", "--summary", "json", "--force", *args, ranks=ranks,
                                   threads=threads)
                found = result.json
                self.assertEqual(sorted(found), sorted(JSON_KEYS), result)
                self.check_json(found, args, max(ranks, 1), threads)

    def check_json(self, found, args, ranks, threads):
        odd, none, stats = "1..1001:2" in args, "none" in args, "--stats" in args
        count = 501 if odd else 1000000
        size = 16 if "int128" in args else 8
        exact = dict(program="cubemap", status="complete", kernel="cube", elements=count,
                     type="int128" if "int128" in args else "int64", bytes=count * size,
                     range="1..1001:2" if odd else "1..1000000", nodes=1, ranks=ranks,
                     threads=ranks * threads, file=None if none else "cubemap.h5",
                     dataset=None if none else "cubes", elements_before=0,
                     formula=None, arithmetic=None,
                     min="1" if stats else None,
                     max=str(1001**3 if odd else 10**18) if stats else None)
        for key, value in exact.items():
            self.assertEqual(found[key], value, key)
        self.assertEqual(found["blocks"], -(-count // found["block_items"]))
        total = sum(x**3 for x in range(1, 1002, 2))
        self.assertEqual(found["sum"], str(total) if odd and stats else None)
        for key in ("seconds", "elements_per_second", "gigabytes_per_second", "balance"):
            self.assertIsInstance(found[key], (int, float), key)
            self.assertGreaterEqual(found[key], 0, key)
        if none:
            self.assertIsNone(found["checksum"])
        else:
            self.assertRegex(found["checksum"], r"^[0-9a-f]{16}$")
        self.assertIn(found["schedule"], ("static", "dynamic"))
        self.assertIn(found["vector"], ("baseline", "v3", "v4"))

    def test_json_and_text_of_an_output_of_none(self):
        result = self.make("squares", "--output", "none", ranks=2)
        self.assertEqual(result.status, "complete", result)
        self.assertNotIn("file", result.summary, result)
        self.assertIn("checksum", result.summary, result)
        self.assertEqual(self.files(), [])

    def test_status_words(self):
        words = [self.make("squares", *args, ranks=0).status
                 for args in ([], [], ["--verify", "squares.h5"])]
        self.assertEqual(words, ["complete", "already complete", "verified"])
        words = [self.make("squares", "--summary", "json", *args, ranks=0).json["status"]
                 for args in ([], ["--verify", "squares.h5"], ["--force"])]
        self.assertEqual(words, ["already complete", "verified", "complete"])


class Streams(OptionTest):
    PROGRESS = r"\d+(\.\d+)? ?%"

    def test_placement_line(self):
        result = self.make("cubemap", ranks=4)
        self.assertRegex(
            result.err,
            rf"(?m)^cubemap: 1 node, 4 ranks x 1 thread, \d+ cores?; 1000000 elements in \d+ "
            r"blocks of \d+, (static|dynamic)$", result)
        self.assertNotIn("ranks x", result.out, result)
        result = self.make("cubemap", "--force", ranks=0, threads=2)
        self.assertRegex(result.err, r"(?m)^cubemap: 1 node, 1 rank x 2 threads, ", result)

    def test_quiet(self):
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                result = self.make("cubemap", "--quiet", "--force", ranks=ranks)
                self.assertEqual(result.out, "", result)
                self.assertEqual(re.findall("(?m)^cubemap: (?!warning).*$", result.err), [], result)
        result = self.launch("cubemap", "--quiet", "--output", "no/such.h5", ranks=0)
        self.assertError(result, 73, "does not exist")

    def test_verbose_says_more(self):
        plain = self.make("cubemap", ranks=0)
        verbose = self.make("cubemap", "--force", "--verbose", ranks=0)
        self.assertGreater(len(verbose.err.splitlines()), len(plain.err.splitlines()), verbose)
        self.assertEqual(verbose.status, "complete", verbose)

    def test_too_many_threads(self):
        threads = 4 * CORES
        result = self.make("cubemap", ranks=0, threads=threads)
        warnings = result.messages("warning")
        self.assertEqual(len(warnings), 1, result)
        self.assertRegex(warnings[0], rf"^{threads} threads share \d+ cores?; use fewer ranks or")
        result = self.make("cubemap", "--force", "--quiet", ranks=2 * CORES, threads=2)
        self.assertEqual(len(result.messages("warning")), 1, f"warnings stay{result}")

    def test_threads_bound_to_one_core(self):
        """As Open MPI binds by default with one or two ranks."""
        if MPI != "openmpi" or CORES < 2:
            self.skipTest("binding by default is Open MPI's, on two cores or more")
        unbound = {"OMPI_MCA_hwloc_base_binding_policy": "core",
                   "OMPI_MCA_rmaps_base_oversubscribe": None, "OMP_NUM_THREADS": "4"}
        trial = subprocess.run(
            [MPIEXEC, "-np", "1", "nproc"], env=environment(unbound | {"OMP_NUM_THREADS": None}),
            capture_output=True, timeout=60, text=True, stdin=subprocess.DEVNULL)
        if trial.stdout.strip() != "1":
            self.skipTest("mpiexec cannot bind here")
        result = self.make("cubemap", ranks=1, env=unbound)
        self.assertEqual(len(result.messages("warning")), 1, result)
        self.assertIn("all 4 threads of a rank share one core; start with mpirun --bind-to none",
                      result.messages("warning")[0])

    def test_progress_goes_to_stderr(self):
        """Two seconds of work; stdout holds the summary and nothing else."""
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                result = self.make("slow", "--progress", "always", "--summary", "json", "--force",
                                   "--range", f"1..{2500 * max(ranks, 1)}", ranks=ranks)
                self.assertRegex(result.err, self.PROGRESS, result)
                self.assertNotIn("%", result.out, result)
                self.assertEqual(result.json["status"], "complete")
        result = self.make("slow", "--progress", "never", "--force", "--range", "1..1500", ranks=0)
        self.assertNotRegex(result.err, self.PROGRESS, result)

    def test_short_run_shows_no_progress(self):
        result = self.make("slow", "--range", "1..20", ranks=0)
        if result.seconds < 5:  # else the machine was too busy to tell
            self.assertNotRegex(result.err, self.PROGRESS, result)

    def test_bar_on_a_terminal(self):
        """auto draws a bar when stderr is a terminal; it is redrawn with \\r and then gone."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(
            [BIN / "tests" / "slow", "--range", "1..2500"], env=environment(session=self.session),
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        os.close(slave)
        drawn = b""
        try:
            while chunk := os.read(master, 65536):
                drawn += chunk
        except OSError:
            pass  # the end of a terminal
        out = process.stdout.read()
        self.assertEqual(process.wait(60), 0, drawn)
        self.assertRegex(drawn.decode(), r"\n *\d+% \|#+ *\| [^|\r]*/[^|\r]*/s  ETA \d+:\d\d\r")
        self.assertNotIn(b"%", out)
        self.assertTrue(out.startswith(b"slow: complete\n"), out)


if __name__ == "__main__":
    unittest.main()
