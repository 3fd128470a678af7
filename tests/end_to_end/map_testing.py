"""parmap map on formulas, kernel files and inputs: how tests run it and read what it leaves, and
random formulas with what they come to by Python's integers and by numpy."""
import random

import h5py
import numpy

from parmap_testing import FileTest, INT128, attributes

WHOLE = {"int8": 8, "int16": 16, "int32": 32, "int64": 64, "int128": 128,
         "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
REAL = ("float32", "float64")


def bounds(name):
    """The least and the greatest value of a whole type."""
    bits = WHOLE[name]
    return (0, 2**bits - 1) if name[0] == "u" else (-2**(bits - 1), 2**(bits - 1) - 1)


def dtype_of(name):
    return INT128 if name == "int128" else numpy.dtype(name)


def whole_array(values, name):
    """Python integers as an array of a whole type."""
    if name != "int128":
        return numpy.array(values, dtype_of(name))
    result = numpy.zeros(len(values), INT128)
    result["lo"] = [v & (2**64 - 1) for v in values]
    result["hi"] = [v >> 64 for v in values]
    return result


class MapTest(FileTest):
    """A test of parmap map with a cache of its own, and judgement of results by their bits."""

    def env(self, **more):
        return {"PARMAP_CACHE": str(self.folder.parent / "cache"), "PARMAP_CC": None, "CC": None,
                **more}

    def map(self, *words, ranks=0, env=None, **settings):
        """parmap map, however it ends."""
        return self.launch("parmap", "map", *words, ranks=ranks, env=self.env(**(env or {})),
                           **settings)

    def mapped(self, *words, output="out.h5", **settings):
        """A run that has to end well: its JSON summary, which is also self.said, and results."""
        result = self.map(*words, "--summary", "json", "-o", output, **settings)
        self.assertEqual(result.code, 0, result)
        self.said = result.json
        return self.results(output)

    def refused(self, code, says, *words, leaves=None, **settings):
        """A run that has to be an error of one sentence that holds these words, and write no file
        but what is there."""
        before = self.files() if leaves is None else sorted(leaves)
        result = self.map(*words, **settings)
        self.assertError(result, code, *([says] if isinstance(says, str) else says), out=None)
        self.assertNotRegex(result.out, "complete", result)
        self.assertEqual(self.files(), before, result)
        return result

    def results(self, path="out.h5", dataset="results"):
        with h5py.File(self.folder / path, "r") as file:
            return file[dataset][()]

    def attributes(self, path="out.h5", dataset="results"):
        with h5py.File(self.folder / path, "r") as file:
            return attributes(file[dataset])

    def check_bits(self, found, wanted, what=None):
        """Equal type, shape and bits; NaN is NaN whatever its bits."""
        self.assertEqual(found.dtype, wanted.dtype, what)
        self.assertEqual(found.shape, wanted.shape, what)
        if found.dtype.kind == "f":
            numpy.testing.assert_array_equal(found, wanted, err_msg=str(what))
            found, wanted = (numpy.where(numpy.isnan(v), 0, v) for v in (found, wanted))
        if found.tobytes() != wanted.tobytes():
            bits = f"V{found.dtype.itemsize}"
            at = int(numpy.flatnonzero(found.view(bits) != wanted.view(bits))[0])
            self.fail(f"{what}: item {at} is {found.flat[at]!r}, not {wanted.flat[at]!r}")


# ---- whole formulas ----------------------------------------------------------------------------


class DoesNotFit(Exception):
    """A value of a formula is none of its type's."""


def divide(a, b):
    """C's quotient and remainder."""
    if b == 0:
        raise DoesNotFit
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return quotient, a - quotient * b


class Whole:
    """Random formulas of whole numbers that are computed in one type.  A formula is its text and a
    function of the inputs by name, which raises DoesNotFit where the text has no value."""

    def __init__(self, draw, type_name="int64", names=("x",)):
        self.draw, self.names = draw, names
        self.type = type_name
        self.bits = WHOLE[type_name]
        self.low, self.high = bounds(type_name)

    def fit(self, value):
        if not self.low <= value <= self.high:
            raise DoesNotFit
        return value

    def depends(self, text):
        return any(name in text.replace("max", "") for name in self.names)

    def constant(self):
        value = self.draw.choice((0, 1, 2, 3, 7, 10, 255, 1000, 65537, 10**9 + 7))
        return str(value), lambda x: value

    def name(self):
        name = self.draw.choice(self.names)
        return name, lambda x: x[name]

    def unary(self, depth):
        op = self.draw.choice("-~!")
        of_name = op == "~" and self.low == 0  # of a truth value it is -1, which does not fit
        text, value = self.name() if of_name else self.formula(depth - 1)
        functions = {"-": lambda v: self.fit(-v), "!": lambda v: int(v == 0),
                     "~": lambda v: self.high - v if self.low == 0 else ~v}
        return f"{op}({text})", lambda x: functions[op](value(x))

    def power(self, depth):
        text, value = self.formula(depth - 1)
        exponent = self.draw.randrange(5)
        return f"({text})**{exponent}", lambda x: self.fit(value(x)**exponent)

    def shift(self, depth):
        text, value = self.formula(depth - 1)
        count = self.draw.randrange(self.bits // 4)
        if self.draw.random() < 0.5:
            return f"(({text})<<{count})", lambda x: self.fit(value(x) << count)
        return f"(({text})>>{count})", lambda x: value(x) >> count

    def binary(self, depth):
        """A division has an input below: by a constant 0 it is refused, computed or not."""
        (a, va), (b, vb) = self.formula(depth - 1), self.formula(depth - 1)
        op, function = self.draw.choice((
            ("/", lambda a, b: self.fit(divide(a, b)[0])),
            ("%", lambda a, b: divide(a, b)[1]))[:2 * self.depends(b)] + (
            ("+", lambda a, b: self.fit(a + b)), ("-", lambda a, b: self.fit(a - b)),
            ("*", lambda a, b: self.fit(a * b)), ("&", lambda a, b: a & b),
            ("|", lambda a, b: a | b), ("^", lambda a, b: a ^ b), ("<", lambda a, b: int(a < b)),
            ("<=", lambda a, b: int(a <= b)), (">", lambda a, b: int(a > b)),
            (">=", lambda a, b: int(a >= b)), ("==", lambda a, b: int(a == b)),
            ("!=", lambda a, b: int(a != b))))
        return f"({a} {op} {b})", lambda x: function(va(x), vb(x))

    def logic(self, depth):
        """The second operand counts only where the first does not decide."""
        (a, va), (b, vb) = self.formula(depth - 1), self.formula(depth - 1)
        if self.draw.random() < 0.5:
            return f"({a} && {b})", lambda x: int(va(x) != 0 and vb(x) != 0)
        return f"({a} || {b})", lambda x: int(va(x) != 0 or vb(x) != 0)

    def choice(self, depth):
        """Only what is chosen is computed."""
        (a, va), (b, vb), (c, vc) = (self.formula(depth - 1) for _ in range(3))
        return f"({a} ? {b} : {c})", lambda x: vb(x) if va(x) != 0 else vc(x)

    def call(self, depth):
        parts = [self.formula(depth - 1) for _ in range(self.draw.choice((1, 2, 2, 3)))]
        texts = ", ".join(text for text, _ in parts)
        if len(parts) == 1:
            return f"abs({texts})", lambda x: self.fit(abs(parts[0][1](x)))
        name, function = self.draw.choice((("min", min), ("max", max)))
        return f"{name}({texts})", lambda x: function(value(x) for _, value in parts)

    def formula(self, depth):
        if depth == 0:
            return self.name() if self.draw.random() < 0.7 else self.constant()
        text, value = self.draw.choice((self.unary, self.power, self.shift, self.binary,
                                        self.binary, self.binary, self.logic, self.choice,
                                        self.call))(depth)
        if not self.depends(text):
            value({})  # constants have to have a value, computed or not
        return text, value

    def that_fit(self, count, inputs, depth=3, result_type=None):
        """`count` formulas, of which some input is part, that have a value of the result's type
        for all `inputs`, dictionaries by name: (text, values) each."""
        found = []
        low, high = bounds(result_type or self.type)
        while len(found) < count:
            try:
                text, value = self.formula(self.draw.randrange(1, depth + 1))
                values = [value(x) for x in inputs]
            except DoesNotFit:
                continue
            if self.depends(text) and all(low <= v <= high for v in values):
                found.append((text, values))
        return found


# ---- real formulas -----------------------------------------------------------------------------


class Real:
    """The same of real numbers, by numpy, in operations that are exact or rounded correctly."""

    def __init__(self, draw, type_name="float64", names=("x",)):
        self.draw, self.names = draw, names
        self.type = numpy.dtype(type_name).type

    def constant(self):
        value = self.draw.choice((0.1, 1.7, 2.5, 1e-3, 3.0, 12345.678))
        return repr(value), lambda x: self.type(value)

    def name(self):
        name = self.draw.choice(self.names)
        return name, lambda x: x[name]

    def binary(self, depth):
        (a, va), (b, vb) = self.formula(depth - 1), self.name()
        if self.draw.random() < 0.5:
            (a, va), (b, vb) = (b, vb), (a, va)
        op, function = self.draw.choice((("+", numpy.add), ("-", numpy.subtract),
                                         ("*", numpy.multiply), ("/", numpy.divide)))
        return f"({a} {op} {b})", lambda x: function(va(x), vb(x))

    def call(self, depth):
        a, value = self.formula(depth - 1)
        name, function = self.draw.choice((
            ("sqrt", numpy.sqrt), ("fabs", numpy.fabs), ("abs", numpy.fabs),
            ("floor", numpy.floor), ("ceil", numpy.ceil), ("trunc", numpy.trunc),
            ("rint", numpy.rint), ("-", numpy.negative)))
        return f"{name}({a})", lambda x: function(value(x))

    def choice(self, depth):
        (a, va), (b, vb), (c, vc) = self.name(), self.formula(depth - 1), self.formula(depth - 1)
        return (f"({a} > 0.25 ? {b} : {c})",
                lambda x: numpy.where(va(x) > self.type(0.25), vb(x), vc(x)))

    def formula(self, depth):
        if depth == 0:
            return self.name() if self.draw.random() < 0.7 else self.constant()
        return self.draw.choice((self.binary, self.binary, self.binary, self.call,
                                 self.choice))(depth)

    def some(self, count, inputs):
        """(text, values) of formulas that depend on an input; `inputs` are arrays by name."""
        found = []
        while len(found) < count:
            text, value = self.formula(self.draw.randrange(1, 6))
            with numpy.errstate(all="ignore"):
                values = value(inputs)
            if values.ndim == 1:
                found.append((text, values.astype(self.type)))
        return found


def drawn(seed):
    """Draws that are the same in every run of a test."""
    return random.Random(seed)


def named(formulas):
    """Texts as results f0, f1, ... of one record."""
    return [f"f{i}={text}" for i, (text, _) in enumerate(formulas)]


