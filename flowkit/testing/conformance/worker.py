"""What another process does to a store: started by `processes`, told by its arguments, it answers line by line."""

from __future__ import annotations

import sys
from itertools import count

from flowkit.engine.kept import Claim, Commit, KeptAttempt, KeptEvent, KeptNode, Lease, NewRun
from flowkit.engine.ports import Store
from flowkit.stores import open_store

__all__ = ["main", "step"]


def say(line: object) -> None:
    """Tell the process that started this one."""
    print(line, flush=True)  # noqa: T201 - its answers are lines


def step(lease: Lease, number: int) -> Commit:
    """Two nodes that belong together, with an attempt and an event; now and then a large value."""
    value = f'"{number}"' if number % 5 else f'"{number}{"x" * 300_000}"'
    return Commit(
        lease,
        [KeptNode(f"{side}{number}", "shop:charge", "step", "succeeded", value=value) for side in ("left", "right")],
        [KeptAttempt(f"left{number}", 1)],
        [KeptEvent(number, 1.0, "ended", f"left{number}", "{}")],
    )


def claim(store: Store, owner: str, runs: str) -> None:
    """Claim whatever can be claimed of so many runs, once a line comes in; say which."""
    store.renew(owner, 600)
    say("ready")
    sys.stdin.readline()
    for number in range(int(runs)):
        claim = store.claim(f"run{number}", owner)
        if isinstance(claim, Claim):
            say(claim.lease.run_id)
    say("")
    sys.stdin.readline()  # what it has would be anybody's if it left


def create(store: Store, owner: str, runs: str) -> None:
    """Create so many runs, once a line comes in; say which weren't there."""
    say("ready")
    sys.stdin.readline()
    for number in range(int(runs)):
        made = store.create(NewRun(f"run{number}", "shop:order", "{}", "d", 1.0), owner)
        if isinstance(made, Claim):
            say(made.lease.run_id)


def write(store: Store, run_id: str, owner: str, generation: str) -> None:
    """Commit one step after the other until one is refused; say which were written."""
    lease = Lease(run_id, owner, int(generation))
    say("ready")
    for number in count(1):
        [is_written] = store.commit([step(lease, number)])
        if not is_written:
            break
        say(number)


def main(what: str, url: str, *arguments: str) -> None:
    """Do one of these."""
    store = open_store(url)
    if what == "claim":
        claim(store, *arguments)
    elif what == "create":
        create(store, *arguments)
    else:
        write(store, *arguments)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
