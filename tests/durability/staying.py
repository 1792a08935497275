"""What a process does that is stopped, busy or deadly to itself: `python -m tests.durability.staying`, and its orders."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import attrs

from flowkit import Engine, Outcome, Signal, gate, sleep, step, workflow
from flowkit.engine.kept import Commit, Lease
from flowkit.stores.sqlite import SqliteStore
from tests.durability import racing
from tests.durability.living import Doomed, Killer, quickly
from tests.durability.racing import did, say

__all__ = ["KINDS", "answer"]

MANY = 300
"""Steps, or items, of a run that isn't done for some time."""


# -- workflows that are at something all the time, or wait all the time ----------------------------------------------------


@step
def tick(x: int) -> int:
    did()
    return x + 1


def untick(done: Outcome[int], x: int) -> None:
    did()


@step(compensate=untick)
def tick_for_now(x: int) -> int:
    did()
    return x + 1


@step
def refuse(x: int) -> int:
    did()
    raise ValueError(x)


@step
def take_time(seconds: float) -> float:
    time.sleep(seconds)
    did()
    return seconds


@step
def hold_everybody_up(seconds: float) -> float:
    """A call that doesn't let go of the interpreter: no other thread does anything meanwhile."""
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))
    did()
    return seconds


@step
def total(xs: list[int]) -> int:
    did()
    return sum(xs)


sent = Signal[int]("sent")


@workflow
def in_turn(x: int) -> int:
    for _ in range(MANY):
        x = tick(x)
    return x


@workflow
def side_by_side(x: int) -> int:
    return total(tick.map(range(x, x + MANY)))


@workflow
def undoing(x: int) -> int:
    for _ in range(MANY // 3):
        x = tick_for_now(x)
    return refuse(x)


@workflow
def asking(x: int) -> int:
    y = tick(x)
    gate("go on?")
    return tick(y)


@workflow
def expecting(x: int) -> int:
    return tick(sent.wait())


@workflow
def resting(x: int) -> int:
    sleep(1.4)
    return tick(x)


@workflow
def at_work(x: float) -> float:
    return take_time(x)


@workflow
def holding(x: float) -> float:
    return hold_everybody_up(hold_everybody_up(x))


@workflow
def holding_once(x: float) -> float:
    return hold_everybody_up(x)


KINDS = {
    one.__name__: one
    for one in (in_turn, side_by_side, undoing, asking, expecting, resting, at_work, holding, holding_once)
}


def answer(run: Any) -> None:
    """Do about a run what somebody outside has to do."""
    for asked in run.gates:
        run.approve(asked.key, who="ada")
    with contextlib.suppress(Exception):
        run.send("sent", 1, dedup="once")


# -- workflows that take their process down with them -----------------------------------------------------------------------


@step
def leave() -> None:
    did()
    os._exit(3)


@step
def crash() -> None:
    did()
    ctypes.string_at(0)


@workflow
def leaving(x: int) -> int:
    leave()
    return tick(x)


@workflow
def crashing(x: int) -> int:
    crash()
    return tick(x)


@workflow
def unlucky(x: int) -> int:
    return tick(tick(x))


DEADLY = {"leaving": leaving, "crashing": crashing, "unlucky": unlucky}


# -- a store that isn't fenced ------------------------------------------------------------------------------------------------


class Unfenced(SqliteStore):
    """Writes whatever is to be written, whoever has the run by now."""

    def commit(self, commits: Sequence[Commit]) -> Sequence[bool]:
        return super().commit([attrs.evolve(one, lease=self._newest(one.lease)) for one in commits])

    def _newest(self, lease: Lease) -> Lease:
        run = self.run(lease.run_id)
        return lease if run is None else Lease(lease.run_id, run.owner, run.generation)


# -- what there is to do ------------------------------------------------------------------------------------------------------


def hold(orders: dict[str, Any], engine: Engine) -> None:
    """Begin the runs that each line names, and put on file how they end for whoever waits here."""
    for line in sys.stdin:
        if not line.strip():
            return
        for run_id, kind, argument in json.loads(line):
            run = KINDS[kind].with_options(run_id=run_id).start(argument)
            threading.Thread(target=tell_end, args=(run,), daemon=True).start()
        say("under way")


def tell_end(run: Any) -> None:
    """Put on file how a run ended."""
    try:
        end = f"result {run.result()}"
    except Exception as error:
        end = f"{type(error).__name__}: {error}"
    racing.deeds.add("end", run.id, end)


def die(orders: dict[str, Any], _: Engine) -> None:
    """Have one process after another begin a run that takes it down, or take it up, until one lives; say how each ended."""
    for life in itertools.count():
        child = os.fork()
        if not child:
            live(orders, life)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        say(str(code))
        if not code:
            return


def live(orders: dict[str, Any], life: int) -> None:
    """One of them: it lives if the run is over."""
    is_unlucky = orders["kind_of_death"] == "unlucky" and life <= orders["most"]
    store = SqliteStore(orders["store"], clock=quickly)
    point = Killer("claim", "after", 1) if is_unlucky else None
    with Doomed(point, store=store, lease=1, max_recoveries=orders["most"], tracing=False):
        if store.run("deadly") is None:
            DEADLY[orders["kind_of_death"]].with_options(run_id="deadly").start(1)
        while not (run := store.run("deadly")) or not run.is_final:
            time.sleep(0.01)


racing.STORES["unfenced"] = Unfenced
racing.VERBS.update(hold=hold, die=die)


if __name__ == "__main__":
    # What is declared in a module has its name in its identity, so it is that module's wherever it is begun.
    from tests.durability import staying  # noqa: F401

    with contextlib.suppress(KeyboardInterrupt):
        racing.main(json.loads(sys.argv[1]))
