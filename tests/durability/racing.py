"""What a process does that has rivals: `python -m tests.durability.racing`, and its orders as JSON.

It says `ready` when it has begun, does what it is to do once a line comes in, and adds what its steps do to a file.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import apsw

from flowkit import Engine, current, step, use, workflow
from flowkit.engine.kept import Claim, KeptNode, KeptRun, NewRun
from flowkit.stores.sqlite import SqliteStore
from tests.durability.deeds import Deeds
from tests.durability.living import quickly

__all__ = ["relay"]

held = threading.Event()
"""What the second step waits for."""
held.set()

deeds: Deeds


def did() -> None:
    deeds.add("did", current().run_id, current().step)


@step
def first(x: int) -> int:
    did()
    return x + 1


@step
def second(x: int) -> int:
    held.wait()
    did()
    return 2 * x


@workflow
def relay(x: int) -> int:
    return second(first(x))


# -- stores that don't do at once what they look at and what they do ------------------------------------------------------


class HastyStore(SqliteStore):
    """Looks whether a run can be had, and then takes it, whatever has become of it."""

    def create(self, run: NewRun, owner: str, nodes: Sequence[KeptNode] = ()) -> Claim | KeptRun:
        there = self.run(run.run_id)
        if there is not None:
            return there
        time.sleep(0.01)
        self._write("DELETE FROM runs WHERE run_id = ?", run.run_id)
        return super().create(run, owner, nodes)

    def claim(self, run_id: str, owner: str, **options: Any) -> Claim | KeptRun | None:
        there = self.run(run_id)
        if there is None or there.is_final or there.is_held:
            return there
        time.sleep(0.01)
        self._write("UPDATE runs SET owner = '' WHERE run_id = ?", run_id)
        return super().claim(run_id, owner, **options)

    def _write(self, sql: str, run_id: str) -> None:
        def work(db: apsw.Connection) -> None:
            db.execute(sql, (run_id,))

        self._connections.write(work)


STORES: dict[str, type[SqliteStore]] = {"": SqliteStore, "hasty": HastyStore}


class Quick:
    """A clock by which leases are over soon: of the store, and of the engine that renews its own."""

    def now(self) -> float:
        return quickly()

    def time(self) -> float:
        return time.time()


# -- what there is to do ----------------------------------------------------------------------------------------------------


def begin(orders: dict[str, Any], engine: Engine) -> None:
    """Begin runs, of which some get to their second step, and none to its end; then wait to be killed."""
    held.clear()
    for number in range(orders["runs"]):
        relay.with_options(run_id=f"run-{number}").start(number)
    say("begun")
    held.wait()


def recover(orders: dict[str, Any], engine: Engine) -> None:
    """Take up what nobody does, as engines do it, until a line comes in."""
    engine._keep.attend()
    sys.stdin.readline()


def start(orders: dict[str, Any], engine: Engine) -> None:
    """Start the same run in many threads at once, most of them with the same argument; say what they got."""
    with ThreadPoolExecutor(orders["threads"]) as pool:
        for number in range(orders["rounds"]):
            together = threading.Barrier(orders["threads"])

            def start_one(place: int, number: int = number, together: threading.Barrier = together) -> Any:
                together.wait()
                try:
                    return relay.with_options(run_id=f"run-{number}").start(7 if place % 5 else place - 1).result(30)
                except Exception as refused:
                    return str(refused)

            say(json.dumps(list(pool.map(start_one, range(orders["threads"])))))
            sys.stdin.readline()


def say(line: str) -> None:
    """Tell whoever began this process."""
    print(line, flush=True)  # noqa: T201 - its answers are lines


VERBS: dict[str, Callable[[dict[str, Any], Engine], None]] = {"begin": begin, "recover": recover, "start": start}


def main(orders: dict[str, Any]) -> None:
    """Do what was ordered, with an engine of its own."""
    global deeds  # noqa: PLW0603 - there is one for each process
    deeds = Deeds(orders["deeds"], orders["life"])
    with Engine(executor="inline", tracing=False):  # what it is checked by is read before it matters
        deeds_of_the_others, deeds = deeds, Deeds("/dev/null", "")
        relay(1)
        deeds = deeds_of_the_others
    is_quick = orders.get("is_quick", False)
    store = STORES[orders.get("kind", "")](orders["store"], clock=quickly if is_quick else time.monotonic)
    say("ready")
    sys.stdin.readline()
    clock = Quick() if is_quick else None
    engine = Engine(store=store, lease=orders["lease"], recover=orders["do"] == "recover", tracing=False, clock=clock)
    use(engine)
    VERBS[orders["do"]](orders, engine)
    engine.shutdown(5)
    store.close()


if __name__ == "__main__":
    # What is declared in a module has its name in its identity, so it is that module's wherever it is begun.
    from tests.durability import racing

    with contextlib.suppress(KeyboardInterrupt):
        racing.main(json.loads(sys.argv[1]))
