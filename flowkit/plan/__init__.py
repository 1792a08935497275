"""What will be done: a checked graph as flat, indexed lists, made for speed."""

from flowkit.plan.compile import Lane, Plan, compile_plan, taken
from flowkit.plan.streams import Family, takes_whole

__all__ = ["Family", "Lane", "Plan", "compile_plan", "taken", "takes_whole"]
