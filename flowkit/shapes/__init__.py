"""The words of a body, besides calling steps.

`writing` finds the body that they are for; `results` and `joins` are about results, `regions` about blocks.
"""

from flowkit.shapes.joins import cond, first, first_n, race, race_n, select
from flowkit.shapes.regions import always, concurrent, in_order, one_at_a_time, otherwise, phase, scope, when
from flowkit.shapes.results import discard, outcome, result_of

__all__ = [
    "always",
    "concurrent",
    "cond",
    "discard",
    "first",
    "first_n",
    "in_order",
    "one_at_a_time",
    "otherwise",
    "outcome",
    "phase",
    "race",
    "race_n",
    "result_of",
    "scope",
    "select",
    "when",
]
