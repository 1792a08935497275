"""The words of a body, besides calling steps.

`writing` finds the body that they are for; `results` and `joins` are about results, `regions` about blocks, `waits`
about what is outside, `commands` about programs (with `invoking` and `programs` below it), and `loops` about rounds.
"""

from flowkit.shapes.commands import Completed, command
from flowkit.shapes.joins import cond, first, first_n, race, race_n, select
from flowkit.shapes.loops import poll, repeat
from flowkit.shapes.regions import always, concurrent, in_order, one_at_a_time, otherwise, phase, scope, when
from flowkit.shapes.results import discard, outcome, result_of
from flowkit.shapes.waits import Signal, gate, sleep

__all__ = [
    "Completed",
    "Signal",
    "always",
    "command",
    "concurrent",
    "cond",
    "discard",
    "first",
    "first_n",
    "gate",
    "in_order",
    "one_at_a_time",
    "otherwise",
    "outcome",
    "phase",
    "poll",
    "race",
    "race_n",
    "repeat",
    "result_of",
    "scope",
    "select",
    "sleep",
    "when",
]
