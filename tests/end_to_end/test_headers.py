"""Each public header alone, in every language a user may include it from, without a warning."""
import shutil
import subprocess
import unittest

from parmap_testing import SOURCE

INCLUDE = SOURCE / "src" / "include"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
MODES = {"gcc": ("c11", "c17"), "clang": ("c11", "c17"),
         "g++": ("c++17", "c++20"), "clang++": ("c++17", "c++20")}


class Headers(unittest.TestCase):
    def compile(self, compiler, standard, text):
        language = "c++" if "++" in standard else "c"
        return subprocess.run([compiler, f"-std={standard}", "-x", language, "-fsyntax-only",
                               *WARNINGS, f"-I{INCLUDE}", "-"],
                              input=text, text=True, capture_output=True)

    def test_alone(self):
        headers = sorted(path.name for path in INCLUDE.glob("*.h"))
        self.assertIn("parmap.h", headers)
        tried = 0
        for compiler, standards in MODES.items():
            if not shutil.which(compiler):
                continue
            for standard in standards:
                for header in headers:
                    with self.subTest(compiler=compiler, standard=standard, header=header):
                        result = self.compile(compiler, standard, f"#include <{header}>\n")
                        self.assertEqual((result.returncode, result.stderr), (0, ""))
                        tried += 1
        self.assertGreater(tried, 0, "no compiler was found")

    def test_kernels_need_the_flags(self):
        """Without the flags of pkg-config a kernel is refused, in words."""
        text = ("#include <parmap.h>\nPARMAP_KERNEL(f, double, x, double) { return x; }\n"
                "PARMAP_DOMAIN(f, double, 0, 1);\n")
        for compiler, standards in MODES.items():
            if shutil.which(compiler):
                result = self.compile(compiler, standards[0], text)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn("pkg-config --cflags parmap", result.stderr)


if __name__ == "__main__":
    unittest.main()
