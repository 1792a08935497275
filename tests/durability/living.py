"""What a process does that dies for real: `python -m tests.durability.living`, and its orders as JSON.

It adds what it does to a file of deeds. A nursery is a process that has everything imported and begins others, so that
hundreds of them can live and die in no time; whatever they share was there before any of them began.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flowkit import Engine, current, step, use, workflow
from flowkit.engine.ports import Store
from flowkit.engine.writing import Writer, Written
from flowkit.stores.sqlite import SqliteStore
from flowkit.stores.sqlite.liveness import Liveness
from tests.durability import mortal
from tests.durability.deeds import Deeds
from tests.durability.mortal import Shape, act, tell_end
from tests.durability.zoo import ZOO, add, even, flaky, hows, inc, inner, note, numbers, saga, total

__all__ = ["LONG", "QUICK", "WILD", "quickly"]

QUICK = 20
"""How many seconds the lease of a process that died thinks that one second is: so nobody waits for its end for long."""

TOGETHER = 8
"""How many runs a process has at once."""

WILD: dict[str, Shape] = dict(ZOO)
"""The workflows that are killed: those of the zoo, longer ones, and those whose steps start runs."""


def quickly() -> float:
    """The clock of leases."""
    return time.monotonic() * QUICK


# -- workflows ------------------------------------------------------------------------------------------------------------


@workflow
def twenty(n: int) -> int:
    """Some twenty steps of every kind."""
    many = inc.map(flaky.map(numbers(n)))
    note.map(many)
    start = inc(total(many))
    for _ in range(5):
        start = add(inc(start), 1)
    note(hows(even.map_outcomes(numbers(n))))
    return inner(start)


@workflow
def hundred(x: int) -> int:
    """A hundred steps, one after the other."""
    for _ in range(100):
        x = inc(x)
    return x


@step
def call_a_run(x: int) -> int:
    act()
    return inner(x)


@step(retries=2)
def call_two_and_fail_once(x: int) -> int:
    act()
    done = inner(x) + call_a_run_within(x)
    if current().attempt == 1:
        raise OSError
    return done


@workflow
def call_a_run_within(x: int) -> int:
    return inc(call_a_run(x))


@step
def call_one_that_is_undone(x: int) -> str:
    act()
    try:
        return str(saga(x))
    except ValueError as error:
        return str(error)


@workflow
def family(x: int) -> list[Any]:
    """Runs that are started in steps, and have such runs themselves."""
    return [call_a_run(inc(x)), call_two_and_fail_once(x), call_one_that_is_undone(x)]


del WILD["live_order_after_a_cancel"]  # of which there can only be one at a time
WILD["twenty"] = Shape("twenty", twenty, (4,))
WILD["family"] = Shape("family", family, (1,))
LONG = Shape("hundred", hundred, (1,))
"""One that is under way whenever somebody looks."""


# -- dying ----------------------------------------------------------------------------------------------------------------


class Killer:
    """Kills its process when it comes to a point for the n-th time."""

    def __init__(self, point: str, when: str, times: int) -> None:
        self._place = point, when
        self._left = times
        self._lock = threading.Lock()

    def before(self, point: str, key: str, run_id: str) -> None:
        self._at(point, "before")

    def after(self, point: str, key: str, run_id: str) -> None:
        self._at(point, "after")

    def asked_key(self, key: str, run_id: str) -> None:
        pass

    def _at(self, point: str, when: str) -> None:
        if (str(point), when) != self._place:
            return
        with self._lock:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)
                threading.Event().wait()  # it is a matter of moments


class Doomed(Engine):
    """An engine as any other, but for who watches where it is."""

    def __init__(self, points: Any, **options: Any) -> None:
        self._watching = points
        super().__init__(**options)

    def _equipped(self, **ports: Any) -> Any:
        return super()._equipped(**{**ports, "points": self._watching})


# -- what isn't promised any more -------------------------------------------------------------------------------------------


def tell_first() -> None:
    """What is written is told before it is, and written a bit later."""
    write = Writer._tell

    def hasty(self: Writer, batch: Any) -> None:
        for _, told in batch:
            told(Written())
        time.sleep(0.02)
        write(self, [(commit, lambda _: None) for commit, _ in batch])

    Writer._tell = hasty  # type: ignore[method-assign]


def forget_ends() -> None:
    """What goes on with a run knows nothing of what had ended."""
    from flowkit.engine import keep

    was = keep.what_was
    keep.what_was = lambda data, nodes, *declared: [one for one in was(data, nodes, *declared) if not one.sequence]


SABOTAGE: dict[str, Callable[[], None]] = {"": lambda: None, "tell first": tell_first, "forget ends": forget_ends}


# -- what there is to do ----------------------------------------------------------------------------------------------------


def work(orders: dict[str, Any]) -> None:
    """Do these runs, those that were begun and those that weren't, some at a time. Nobody else is at them."""
    point = Killer(*orders["point"]) if orders["point"] else None
    do_all(orders, opened(orders, clock=quickly), point, recover=False)


def compete(orders: dict[str, Any]) -> None:
    """Do these runs, with others who do the same, once a line comes in."""
    get_used_to_it()
    sys.stdin.readline()
    say("ready")
    do_all(orders, opened(orders), None, recover=True)


def opened(orders: dict[str, Any], **options: Any) -> Store:
    """The store; of half of the processes only their lease tells that they are dead, as of all of them outside Linux."""
    if not orders["is_known"]:
        Liveness.hold = lambda self, owner: None  # type: ignore[method-assign]
    return SqliteStore(orders["store"], **options)


def do_all(orders: dict[str, Any], store: Store, points: Killer | None, *, recover: bool) -> None:
    """Have all these runs done, some at a time."""
    deeds = Deeds(orders["deeds"], orders["life"])
    mortal.elsewhere.append(lambda: deeds.add("did", current().run_id, current().step))
    SABOTAGE[orders["sabotage"]]()
    engine = Doomed(
        points,
        store=store,
        lease=1,
        recover=recover,
        max_recoveries=10**6,
        tracing=False,
        observers=[lambda event: deeds.add("told", event.run_id, event.number)],
    )
    use(engine)
    with ThreadPoolExecutor(TOGETHER) as pool:
        for _ in pool.map(lambda one: do(engine, deeds, *one), orders["runs"]):
            pass
    engine.shutdown(10)
    store.close()


def do(engine: Engine, deeds: Deeds, run_id: str, name: str) -> None:
    """Do one run, with somebody outside who does about it what somebody has to do."""
    shape = WILD.get(name, LONG)
    run = shape.workflow.with_options(run_id=run_id).start(*shape.args)
    ended = threading.Event()
    if shape.outside is not None:
        outside = threading.Thread(target=pester, args=(shape.outside, engine.run(run_id), ended), daemon=True)
        outside.start()
    deeds.add("end", run_id, tell_end(run))
    ended.set()


def pester(outside: Callable[[Any], None], run: Any, ended: threading.Event) -> None:
    """Do something about a run until it is over."""
    while not ended.wait(0.01):
        try:
            outside(run)
        except Exception:
            continue


def get_used_to_it() -> None:
    """Read what workflows are checked by, which takes its time once in each process."""
    with Engine(executor="inline", tracing=False):
        twenty(2)


def nurse(orders: dict[str, Any]) -> None:
    """Have a process live for each line that comes in, and be killed when its time is over; say how it ended."""
    get_used_to_it()
    for line in sys.stdin:
        given = json.loads(line)
        child = os.fork()
        if not child:
            os.close(0)
            VERBS[given["do"]](given)
            sys.stdout.flush()
            os._exit(0)
        handle = os.pidfd_open(child)
        ends = select.poll()
        ends.register(handle, select.POLLIN)
        if not ends.poll(given["seconds"] * 1000):
            os.kill(child, signal.SIGKILL)
        say(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
        os.close(handle)


def say(line: str) -> None:
    """Tell whoever began this process."""
    print(line, flush=True)  # noqa: T201 - its answers are lines


VERBS: dict[str, Callable[[dict[str, Any]], None]] = {"work": work, "compete": compete, "nurse": nurse}


if __name__ == "__main__":
    # What is declared in a module has its name in its identity, so it is that module's wherever it is begun.
    from tests.durability import living

    given = json.loads(sys.argv[1])
    living.VERBS[given["do"]](given)
