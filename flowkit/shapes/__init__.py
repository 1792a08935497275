"""The words of a body, besides calling steps: taking outcomes, dropping results, and saying what keeps its place."""

from flowkit.shapes.order import concurrent, in_order
from flowkit.shapes.results import discard, outcome, result_of

__all__ = ["concurrent", "discard", "in_order", "outcome", "result_of"]
