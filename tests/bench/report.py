"""What a figure is, how it is judged and printed, and the run that collects the figures."""
import statistics
from dataclasses import dataclass, field

HEAD = f"{'figure':<54} {'ours':>15} {'reference':>15}   {'ratio':<25} goal"
RATIO, DIFFERENCE, OURS = "ratio", "difference", "ours"


@dataclass
class Goal:
    """A bound on what the figure compares."""

    bound: float
    at_least: bool = True

    def met(self, value):
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self):
        return f"{'>=' if self.at_least else '<='} {self.bound:<5.4g}"


def at_least(bound):
    return Goal(bound, True)


def at_most(bound):
    return Goal(bound, False)


@dataclass
class Figure:
    """Ours and the reference, pair by pair; the reference may be missing where `by` is OURS."""

    name: str
    unit: str
    ours: list
    reference: list = field(default_factory=list)
    goal: Goal | None = None
    by: str = RATIO  # what is judged: ours / reference, ours - reference, or ours alone

    @property
    def pairs(self):
        if self.by == OURS:
            return self.ours
        both = zip(self.ours, self.reference)
        return [a - b if self.by == DIFFERENCE else a / b for a, b in both]

    @property
    def value(self):
        return statistics.median(self.pairs)

    @property
    def met(self):
        return None if self.goal is None else self.goal.met(self.value)

    def line(self):
        def show(x):
            return {RATIO: f"{x:.3f}", DIFFERENCE: f"{x:+.1f}", OURS: f"{x:.4g}"}[self.by]

        def median(values):
            return f"{statistics.median(values):.4g} {self.unit}" if values else "-"

        compared = f"{show(self.value)} ({show(min(self.pairs))}..{show(max(self.pairs))})"
        compared += f" {self.unit}" if self.by != RATIO else ""
        text = (f"{self.name:<54} {median(self.ours):>15} {median(self.reference):>15}   "
                f"{compared:<25}")
        if self.goal:
            text += f" {self.goal} {'met' if self.met else 'NOT MET'}"
        return text.rstrip()

    def as_dict(self):
        return {"name": self.name, "unit": self.unit, "compared_by": self.by,
                "ours": statistics.median(self.ours),
                "reference": statistics.median(self.reference) if self.reference else None,
                "ratio": self.value, "min": min(self.pairs), "max": max(self.pairs),
                "rounds": len(self.pairs), "met": self.met,
                "goal": self.goal and str(self.goal).rstrip()}


class Bench:
    """The run as a whole: where files go, how many rounds, what came out."""

    def __init__(self, mpis, scratch, quick):
        self.mpis, self.scratch, self.quick = mpis, scratch, quick
        self.figures, self.problems = [], []

    def add(self, *args, **kwargs):
        self.figures.append(Figure(*args, **kwargs))
        print(self.figures[-1].line(), flush=True)

    def problem(self, text):
        self.problems.append(text)
        print(f"COULD NOT RUN: {text}", flush=True)

    def skip(self, text):
        print(f"skipped: {text}", flush=True)

    def fresh(self, name):
        """The name of a file that does not exist."""
        path = self.scratch / name
        path.unlink(missing_ok=True)
        return path

    @property
    def seconds(self):
        """How long to repeat a call that takes less than a microsecond or a few."""
        return 0.03 if self.quick else 0.1

    def size(self, full, quick):
        return int(quick if self.quick else full)

    def rounds(self, full, runs, quick=3):
        """Runs all in turn, every second round backwards: label -> list of what the runs gave."""
        samples = {label: [] for label in runs}
        for i in range(self.size(full, quick)):
            for label in list(runs) if i % 2 == 0 else reversed(runs):
                samples[label].append(runs[label]())
        return samples


def rates(work, samples, whole=False):
    """Work per second, by the program's own clock or for the whole process."""
    return [work / (s.wall_s if whole else s.seconds) for s in samples]
