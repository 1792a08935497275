"""What will be done: a checked graph as flat, indexed lists, made for speed."""

from flowkit.plan.compile import Lane, Plan, compile_plan, taken

__all__ = ["Lane", "Plan", "compile_plan", "taken"]
