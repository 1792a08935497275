"""What stores keep of runs, as plain data: text, numbers and truth values, and nothing of anybody's own.

Values, arguments and errors are JSON text by the time they come here, so a store neither knows types nor makes objects.
Times are seconds since the epoch, as the engine's clock tells them; what a store needs for leases it takes from a clock
of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

__all__ = [
    "Claim",
    "Commit",
    "KeptAttempt",
    "KeptEvent",
    "KeptNode",
    "KeptRun",
    "Lease",
    "Message",
    "NewRun",
    "Page",
    "RunChange",
    "decision_name",
]


@attrs.frozen
class Lease:
    """The right to write a run, until somebody else has it: then its generation is an old one."""

    run_id: str
    owner: str
    generation: int
    """Which claim of the run this is, from 1 on; it only rises."""


def decision_name(key: str, resumes: int) -> str:
    """What a decision about a gate is called, of which a store keeps one: each time a failed run is taken up another."""
    return f"{key} ~{resumes}" if resumes else key


@attrs.frozen
class NewRun:
    """A run that is to be kept."""

    run_id: str
    workflow: str
    """Its identity: `module:qualname`, or the name it was given."""
    arguments: str
    """JSON: an object of all arguments by name, those left out with their defaults."""
    digest: str
    """Of workflow and arguments: equal for starts that mean the same run."""
    created: float
    parent: str = ""
    """The run in whose step it was started; empty for one of its own."""
    origin: str = ""
    """The run that it was forked from."""


@attrs.frozen
class KeptRun:
    """A run as it is kept."""

    run_id: str
    workflow: str
    arguments: str
    digest: str
    created: float
    parent: str
    origin: str
    status: str
    """As `RunStatus` has it; never `lost`, which is what `is_lost` says."""
    changed: float
    """When its status last changed."""
    ended: float | None
    result: str | None
    """JSON of its value, once it has succeeded with one."""
    error: str | None
    """JSON of what it failed with."""
    owner: str
    """Who has it; empty for nobody."""
    generation: int
    is_held: bool
    """Whether its owner's lease is good."""
    recoveries: int
    """How often it was taken over from an owner who had died."""
    in_vain: int
    """How often of these since it last got any further."""
    resumes: int
    """How often it was taken up again after it had failed."""
    stuck: str
    """Why nobody can go on with it, if that is so: its workflow has changed."""

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.status in ("succeeded", "failed", "cancelled")

    @property
    def is_lost(self) -> bool:
        """Whether its owner has died and nobody has taken it over."""
        return not self.is_final and bool(self.owner) and not self.is_held


@attrs.frozen
class KeptNode:
    """A node of a run: the newest that is known of it."""

    key: str
    step: str
    """The step's identity; empty for what calls none."""
    kind: str
    """`step`, `call` of a workflow, `map`, `join`, or what else it is."""
    status: str
    sequence: int = 0
    """Its place among the ends that others go on from, from 1 on; 0 for what hasn't ended, or follows from others."""
    attempts: int = 0
    value: str | None = None
    """JSON of its value."""
    error: str | None = None
    """JSON of what its newest attempt failed with."""
    reason: str = ""
    why: str = ""
    """Of a failure, what its policy said."""
    wiring: str = ""
    """Digest of what it was called with: the keys of those it takes from, and what was written beside them."""
    started: float | None = None
    ended: float | None = None
    due: float | None = None
    """When what it waits for is due: its first attempt, the next one, the end of a wait."""
    deadline: float | None = None
    """When its `total_timeout` is over."""
    facts: str = "{}"
    """JSON: what else was decided about it and has to stay so."""


@attrs.frozen
class KeptAttempt:
    """One attempt of a step."""

    key: str
    attempt: int
    """Which one of its step, from 1 on."""
    started: float | None = None
    ended: float | None = None
    status: str = "running"
    error: str | None = None
    why: str = ""
    """What was decided after it failed, and why."""
    delay: float | None = None
    """Seconds until the next attempt, if there is to be one."""


@attrs.frozen
class KeptEvent:
    """Something that happened, as observers are told of it."""

    number: int
    """Its place in the run, from 1 on, without gaps."""
    at: float
    kind: str
    key: str
    data: str
    """JSON: all else."""


@attrs.frozen
class RunChange:
    """What changes about the run itself."""

    status: str
    at: float
    result: str | None = None
    error: str | None = None
    stuck: str = ""


@attrs.frozen
class Commit:
    """What is written of one run at once: all of it, or nothing."""

    lease: Lease
    nodes: Sequence[KeptNode] = ()
    """Each replaces what was kept under its key."""
    attempts: Sequence[KeptAttempt] = ()
    """Each replaces what was kept of that attempt."""
    events: Sequence[KeptEvent] = ()
    taken: Sequence[int] = ()
    """The numbers of messages that are done with."""
    void: Sequence[str] = ()
    """Keys of nodes that are to be as if they had never been, with their attempts. Done before anything else here."""
    run: RunChange | None = None
    release: bool = False
    """Whether nobody has the run from here on."""
    advances: bool = False
    """Whether the run gets further by this: nobody can have died of what was before."""


@attrs.frozen
class Claim:
    """A run that somebody has taken, with what is known of it from that moment on."""

    lease: Lease
    run: KeptRun


@attrs.frozen
class Message:
    """Something for a run from outside: a signal, what was decided at a gate, or that it is to end."""

    number: int
    """In the order in which they came, over all runs."""
    run_id: str
    kind: str
    """`signal`, `decision` or `cancel`."""
    name: str
    """Of a signal its name, of a decision the key of the gate; of a cancel empty."""
    payload: str
    """JSON."""
    at: float
    dedup: str | None = None


@attrs.frozen
class Page:
    """Some runs of a list, the newest first."""

    runs: Sequence[KeptRun]
    after: str | None
    """What to pass to have the next ones; None where there are none."""
    counts: Mapping[str, int] = attrs.field(factory=dict)
    """Of all runs that are meant, how many have each status."""
