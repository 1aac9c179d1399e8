"""The offline scheduler: from periods and budgets to a table for one CPU.

Preemptive, the earliest deadline first, with all periods beginning together: such a schedule
exists whenever the budgets are no more than the CPU, and then this finds it [Liu, Layland 1973].
It repeats after the least common multiple of the periods. Promises: a pure function; at the same
deadline who runs goes on, then the lower id is first; every run is as long as a slot has to be.
A remainder that a preemption leaves can be shorter: then budgets are rounded up to multiples of a
grid that all periods are multiples of, and every run is, too.

@req CPU-2
"""

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, isqrt, lcm


@dataclass(frozen=True)
class Task:
    id: int
    period: int  # ns
    budget: int  # ns in each period, 0 < budget <= period


@dataclass(frozen=True)
class Run:
    task: int
    start: int
    end: int


def hyperperiod(tasks):
    return lcm(*(task.period for task in tasks))


def utilisation(tasks):
    """Share of the CPU, exact."""
    return sum((Fraction(task.budget, task.period) for task in tasks), Fraction(0))


def edf_table(tasks, shortest, most):
    """The runs of one hyperperiod, sorted and apart, none below `shortest` and not more than
    `most`; None when there is no such table."""
    for grid in (1, slot_grid(tasks, shortest)):
        if grid is None:
            continue
        rounded = on_grid(tasks, grid)
        if utilisation(rounded) > 1:
            continue
        runs = _edf(rounded, most)
        if runs is not None and all(run.end - run.start >= shortest for run in runs):
            return runs
    return None


def on_grid(tasks, grid):
    return [Task(t.id, t.period, -(-t.budget // grid) * grid) for t in tasks]


def slot_grid(tasks, shortest):
    """The smallest number that divides all periods and is at least `shortest`, or None."""
    common = gcd(*(task.period for task in tasks))
    small = [n for n in range(1, isqrt(common) + 1) if common % n == 0]
    return min((n for d in small for n in (d, common // d) if n >= shortest), default=None)


def _edf(tasks, most):
    end, at, runs = hyperperiod(tasks), 0, []
    left = {task.id: 0 for task in tasks}
    deadline = {task.id: 0 for task in tasks}
    while at < end:
        for task in tasks:
            if deadline[task.id] == at:  # its next period begins
                left[task.id], deadline[task.id] = task.budget, at + task.period
        release = min(deadline.values())
        ready = [task.id for task in tasks if left[task.id]]
        if not ready:
            at = release
            continue
        last = runs[-1] if runs and runs[-1].end == at else None
        first = min(ready, key=lambda i: (deadline[i], last is None or last.task != i, i))
        until = min(at + left[first], release)
        left[first] -= until - at
        if last is not None and last.task == first:
            runs[-1] = Run(first, last.start, until)
        else:
            runs.append(Run(first, at, until))
        if len(runs) > most:
            return None
        at = until
    return tuple(runs)
