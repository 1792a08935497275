"""Measure, print a table, write it down as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from benchmarks import calls, chain, durable, fanout, full, imports, layers, recovery, sleeps
from benchmarks.measuring import Row

QUESTIONS = {
    "P1": chain,
    "P2": fanout,
    "P3": layers,
    "P4": calls,
    "P5": imports,
    "P6": durable,
    "P7": sleeps,
    "P11": full,
    "P12": recovery,
}
LIMITS = {"plain": "plain", "asyncio": "asyncio", "pool": "thread pool", "commits": "commits", "flowkit": "flowkit"}
RESULTS = Path(__file__).parent / "results" / "latest.json"


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer the questions that were asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure flowkit beside the limits.")
    parser.add_argument(
        "questions", nargs="*", metavar="P", help=f"which to answer: {', '.join(QUESTIONS)}; all unless given"
    )
    parser.add_argument("--quick", action="store_true", help="less work and fewer rounds, for a first impression")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the JSON goes (%(default)s)")
    given = parser.parse_args(arguments)
    asked = [name.upper() for name in given.questions] or list(QUESTIONS)
    if unknown := [name for name in asked if name not in QUESTIONS]:
        parser.error(f"there is no question {', '.join(unknown)}; there are {', '.join(QUESTIONS)}")

    machine = about()
    print(f"Python {machine['python']}, {machine['cpus']} CPUs, {machine['platform']}; best of several rounds\n")
    print(line("", "", *LIMITS.values(), "", "budgets"))
    rows = []
    for name in asked:
        for row in QUESTIONS[name].rows(quick=given.quick):
            rows.append(row)
            print(shown(row), flush=True)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(written(machine, rows, quick=given.quick), indent=2) + "\n")
    print(f"\nwritten to {given.out}")


def about() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
    }


def line(*cells: str) -> str:
    """One line of the table."""
    question, work, plain, asyncio, pool, commits, flowkit, unit, budgets = cells
    figures = f"{plain:>9} {asyncio:>9} {pool:>11} {commits:>9} {flowkit:>9}"
    return f"{question:3} {work:38} {figures} {unit:10} {budgets}".rstrip()


def shown(row: Row) -> str:
    """A row as a line of the table."""
    figures = [f"{row.figures[name]:.2f}" if name in row.figures else "" for name in LIMITS]
    budgets = "; ".join(
        f"{'within' if one.is_kept else 'OVER'}: {one.figure:.3g}{one.unit} {one.of}, at most {one.limit:g}{one.unit}"
        for one in row.budgets
    )
    return line(row.question, row.work, *figures, row.unit, budgets)


def written(machine: dict[str, Any], rows: Sequence[Row], *, quick: bool) -> dict[str, Any]:
    """Everything, for other programs."""
    kept = [{**attrs.asdict(row), "kept": all(budget.is_kept for budget in row.budgets)} for row in rows]
    return {"machine": machine, "quick": quick, "rows": kept}


if __name__ == "__main__":
    main(sys.argv[1:])
