"""A driver without threads and without a clock: time jumps, and a list of choices says what happens next.

Steps do what a script says. Everything else is asked for as the real driver does: a policy judges every error, the
items of maps are really collected, conditions and fallbacks are really called.
"""

from __future__ import annotations

import contextvars
import re
import threading
from asyncio import CancelledError
from functools import partial
from math import inf
from types import SimpleNamespace
from typing import Any

import attrs

from flowkit import step
from flowkit.engine.calling import Calling
from flowkit.engine.collecting import collect
from flowkit.engine.conclusion import conclude
from flowkit.engine.events import make
from flowkit.engine.pulling import pull
from flowkit.engine.recordings import Unwound, record_body
from flowkit.errors import CancelReason
from flowkit.graph import SourceKind, record, references
from flowkit.machine.flows import Stream
from flowkit.machine.machine import Machine
from flowkit.machine.requests import Borrow, Emit, Failure, Finish, GiveBack, Record, Stop, Work
from flowkit.machine.statuses import Status
from flowkit.machine.waiting import Waiting
from flowkit.plan import Lane, compile_plan
from flowkit.policies import retry_after_of

WALL = 1_000_000.0
"""The time of day at the start of every run."""

REASONS = [reason for reason in CancelReason if reason is not CancelReason.FAIL_FAST]
"""Those for which a run is cancelled from outside."""

ENDINGS = {"step_succeeded", "step_failed", "step_timed_out", "step_skipped", "step_blocked", "step_cancelled"}


@attrs.frozen
class Attempt:
    """What one attempt of a step does."""

    gives: Any = None
    """The value that it returns, or the exception that it raises."""
    after: float = 0.0
    """Seconds that it takes; `inf` hangs."""
    stops_after: float = 0.0
    """For a coroutine: seconds that it goes on after it was cancelled; `inf` takes no notice."""
    stops_with: Any = attrs.field(factory=CancelledError)
    """What a cancelled coroutine raises, or returns, in the end."""
    beats: tuple[float, ...] = ()
    """When it gives a sign of life, in seconds from its start."""


@attrs.frozen
class Moment:
    """Something that happened, in order."""

    at: float
    what: str
    key: str = ""
    attempt: int = 0
    detail: Any = None


@attrs.define(eq=False)
class Doing:
    """Work that was taken and isn't answered."""

    index: int
    attempt: int
    asked: Work
    due: float
    script: Attempt
    gives: Any = None
    abandoned: bool = False
    beats: list[float] = attrs.field(factory=list)


@attrs.frozen
class Checked:
    """What planning takes, without the checks: their rules are about the source, and these bodies are made up."""

    graph: Any


class Hang(AssertionError):
    """Nothing is under way, nothing is due, and the run isn't finished."""


def told_of(key):
    """The key under which the steps of a workflow are told of that is called for each item of a list."""
    return re.sub(r"\[\d+\]/", "/", key)


def named(name, *, is_async=False, **options):
    """A step of this name; what it does says the script."""

    async def coroutine(*args):
        pass

    return step(name=name, **options)(coroutine if is_async else lambda *args: None)


def plan_of(workflow, *args):
    """Record a workflow and lay it out."""
    graph = record(workflow.spec, args, {})
    assert not graph.problems, graph.problems
    return compile_plan(Checked(graph))


def begun(workflow):
    """What a workflow writes before anything runs, laid out, and the node that its body can't go on without."""
    unwound = []

    def asked(recorder, local):
        unwound.append((recorder.segment(), local))
        raise Unwound

    try:
        graph, awaited = record(workflow.spec, (), {}, asked), -1
    except Unwound:
        graph, awaited = unwound[0]
    assert not graph.problems, graph.problems
    return compile_plan(Checked(graph)), awaited


def play(workflow, script=None, **options):
    """Run a workflow of no arguments to its end."""
    run = Virtual(plan_of(workflow), script, **options)
    run.play()
    return run


class Virtual:
    """One run.

    `script` says per key what each attempt does; the last one goes for those after it, and a step without a script
    returns its key. `work` says how long the other work of a key takes. `choices` decides between all that could happen
    next, by position, and the first of them once it is used up; `draws` are the random numbers of jitter.
    """

    def __init__(
        self,
        plan,
        script=None,
        *,
        work=None,
        choices=(),
        draws=(),
        order=None,
        listening=True,
        quiet=False,
        keeps=False,
        late=False,
        slow=False,
        awaited=-1,
    ):
        policy = plan.graph.workflow.policy
        self.machine = Machine(plan, fail_fast=policy.fail_fast, listening=listening, keeps=keeps, watched=True)
        self.machine.quiet = quiet
        self.calling = Calling(self.machine, contextvars.copy_context(), lambda: 0.0)
        self.context = contextvars.copy_context()
        self.lock = threading.Lock()
        self.services = SimpleNamespace(
            clock=SimpleNamespace(now=lambda: self.now), plan=lambda graph: compile_plan(Checked(graph))
        )
        self.run_id = "run"
        self.given = plan.graph.workflow, (), {}
        self.script = script or {}
        self.other_work = work or {}
        self.choices = iter(choices)
        self.draws = iter(draws)
        self.late = late
        """Whether records are answered in an order that is chosen, rather than at once."""
        self.slow = slow
        """Whether time may pass before a policy has said what it thinks of a timeout."""
        self.order = order or {}
        """Per node, those that have to have ended before it may begin."""
        self.now = 0.0
        self.working: list[Doing] = []
        self.unrecorded: list[int] = []
        self.news = {}
        """What is told of the ends that aren't on record yet, by node."""
        self.expired: list[Stop] = []
        self.recorded: set[int] = set()
        self.log: list[Moment] = []
        self.events: list[Any] = []
        self.line: list[Borrow] = []
        """Attempts that wait for a place under a limit."""
        self.lent: list[tuple[int, int, Any]] = []
        """Those that have one."""
        self.finishes = 0
        self.delays: list[tuple[str, float]] = []
        self.begun = False
        self.awaited = awaited
        """The node that the body of the run waits for, where it has to be recorded again."""

    # -- what happened, for assertions ------------------------------------------------------------------------------

    @property
    def statuses(self):
        """The status of every node that is still known, by key."""
        machine = self.machine
        root = machine.root.node
        return {
            machine.key(i): machine.status[i].word
            for i, node in enumerate(machine.nodes)
            if node.index >= 0 and i != root
        }

    def status(self, key):
        return self.statuses[key]

    @property
    def conclusion(self):
        assert self.machine.finished
        return conclude(self.machine, "run")

    @property
    def outcome(self):
        """How the run ended: succeeded, failed or cancelled."""
        return str(self.conclusion.status)

    @property
    def error(self):
        return self.conclusion.error

    def index(self, key):
        keys = [self.machine.key(i) for i in range(len(self.machine.nodes))]
        return keys.index(key)

    def value(self, key):
        return self.machine.values[self.index(key)]

    def failure(self, key):
        return self.machine.errors[self.index(key)]

    def reason(self, key):
        return self.machine.reason(self.index(key))

    def starts(self, key=None):
        """When attempts began."""
        return [moment.at for moment in self.log if moment.what == "start" and key in (None, moment.key)]

    def first(self, what, key):
        """The place in the log of the first such moment."""
        return next(i for i, moment in enumerate(self.log) if (moment.what, moment.key) == (what, key))

    def told(self, key=None):
        """The kinds of events about a step, or about all."""
        return [event.kind for event in self.events if key in (None, getattr(event, "key", None))]

    def times(self, kind):
        """When events of a kind were told, by key."""
        return {moment.key: moment.at for moment in self.log if moment.what == "event" and moment.detail == kind}

    # -- playing ----------------------------------------------------------------------------------------------------

    def begin(self):
        self.begun = True
        root = self.machine.root.node
        if self.awaited >= 0:
            self.machine.expect(root, self.awaited)
        self.machine.begin(self.now, WALL)
        if self.awaited >= 0:
            self.machine.park(root, None, 0, self.now)
        self.answer()

    def play(self, moves=inf, until=inf):
        """Go on until the run has ended, or for so many moves, or up to this time."""
        if not self.begun:
            self.begin()
        while not self.machine.finished and moves > 0 and self.move(until):
            moves -= 1
            assert len(self.log) < 100_000, "the run goes round in circles"
        if until < inf:
            self.now = max(self.now, until)
        return self

    def drain(self):
        """Let what was left behind end, after the end of the run."""
        assert self.machine.finished
        before = self.statuses
        while self.working:
            work = min(self.working, key=lambda one: one.due)
            self.now = max(self.now, min(work.due, self.now + 1_000))
            self.end(work)
        assert self.statuses == before
        assert self.finishes == 1
        self.answer()
        assert not self.lent, "a place under a limit was never given back"

    def cancel(self, reason, detail=""):
        ended = self.machine.cancel(reason, self.now, detail)
        self.answer()
        return ended

    def choose(self, count):
        return next(self.choices, 0) % count if count > 1 else 0

    def move(self, until):
        """Let one thing happen; says whether there was anything."""
        moves = list(self.moves(until))
        if not moves:
            if until < inf:
                return False
            raise Hang(self.statuses)
        moves[self.choose(len(moves))]()
        return True

    def moves(self, until):
        machine = self.machine
        due = machine.deadline is not None and machine.deadline <= self.now
        if due:
            yield self.tick
        for lane, queue in machine.ready.items():
            if queue:
                yield partial(self.take, lane)
        for index in self.unrecorded:
            yield partial(self.record, index)
        for request in self.expired:
            yield partial(self.expire, request)
        for work in self.working:
            if work.due <= self.now:
                yield partial(self.end, work)
            elif work.beats and work.beats[0] <= self.now:
                yield partial(self.beat, work)
        # The timekeeper is never late, and a step ends when it ends; everybody else may take their time.
        due = due or any(work.due <= self.now for work in self.working) or (self.expired and not self.slow)
        if not due:
            coming = [when for work in self.working for when in (work.due, *work.beats[:1]) if when > self.now]
            when = min([*coming, inf if machine.deadline is None else machine.deadline])
            if when < inf and when <= until:
                yield partial(self.wait, when)

    def wait(self, when):
        self.now = when

    def tick(self):
        self.machine.advance(self.now)
        self.answer()

    def expire(self, request):
        """Ask the policy about an attempt whose time ran out, then stop it."""
        self.expired.remove(request)
        self.machine.judge(request.node, self.judge(request.node, request.attempt, request.error))
        self._stop(request)
        self.answer()

    def beat(self, work):
        work.beats.pop(0)
        self.machine.beat(work.index, work.attempt, self.now)
        self.answer()

    def lays(self, index, plan, awaited=-1):
        """Nothing is on record of what a body is about to write."""

    def record(self, index):
        self.unrecorded.remove(index)
        self._record(index)
        self.answer()

    def _record(self, index):
        self.recorded.add(index)
        self.note("record", index)
        news = self.news.pop(index)
        if news is not None:
            self._emit(news)
        self.machine.recorded(index, self.now)

    def take(self, lane):
        machine = self.machine
        machine.ready[lane].rotate(-self.choose(len(machine.ready[lane])))  # nobody is promised a turn
        index = machine.take((lane,), self.now)
        if index is not None:
            self.start(index)
        self.answer()

    def start(self, index):
        machine = self.machine
        asked = machine.other_work.get(index, Work.BODY)
        key = machine.key(index)
        if asked is not Work.BODY:
            self.note(asked.name.lower(), index)
            due = self.now + self.other_work.get(key, 0.0)
            self.working.append(Doing(index, 0, asked, due, Attempt()))
            return
        attempt = machine.attempts.get(index, 1)
        self.check_start(index, attempt)
        attempts = self.script.get(key) or self.script.get(told_of(key), Attempt(key))
        if isinstance(attempts, Attempt):
            attempts = [attempts]
        script = attempts[min(attempt, len(attempts)) - 1]
        sheltered = machine.sheltered is not None and index in machine.sheltered
        self.note("clean up" if sheltered else "start", index, attempt)
        beats = [self.now + when for when in script.beats]
        self.working.append(Doing(index, attempt, asked, self.now + script.after, script, script.gives, beats=beats))

    def end(self, work):
        """Hand in what came of a asked."""
        self.working.remove(work)
        machine, index, now = self.machine, work.index, self.now
        if work.asked is Work.BODY:
            self.note("late" if work.abandoned else "end", index, work.attempt, work.gives)
            if isinstance(work.gives, BaseException):
                machine.fail(index, self.judge(index, work.attempt, work.gives), work.attempt, now)
            elif isinstance(work.gives, Waiting):
                machine.suspend(index, work.gives, work.attempt, now)
            elif machine.nodes[index].spec.streams:
                machine.succeed(index, iter(work.gives), work.attempt, now)
            else:
                machine.succeed(index, work.gives, work.attempt, now)
        else:
            self._end_job(work)
        self.answer()

    def _end_job(self, work):
        machine, index, now = self.machine, work.index, self.now
        policy = machine.policies[index]
        try:
            if work.asked is Work.COLLECT and index in machine.pulls:
                flow, room = machine.flow(index)
                hand_in = partial(machine.pulled, index, pull(flow, 1 + self.choose(room)))
            elif work.asked is Work.COLLECT:
                node = machine.nodes[index]
                home = machine.homes[index]
                items = collect(
                    node,
                    policy,
                    self.calling.resolver(home),
                    lambda local: machine.groups[home.where(local)],
                    streamed=node.index in home.streams,
                )
                hand_in = partial(machine.expand, index, items)
            elif work.asked is Work.RECORD:
                feed, fact = record_body(self, index)
                hand_in = partial(feed, index, fact, 0)
            elif work.asked is Work.VALUE:
                feed, fact = self.calling.do(work.asked, index)
                hand_in = partial(feed, index, fact, 0)
            elif work.asked is Work.CONDITION:
                hand_in = partial(machine.answer, index, bool(policy.run_if()))
            else:
                value = policy.on_failure.call(machine.errors[index])
                hand_in = partial(machine.succeed, index, value, 0)
        except BaseException as error:
            machine.fail(index, Failure(error), 0, now)
        else:
            hand_in(now)

    def judge(self, index, attempt, error):
        """Ask the step's policy, as the real driver does."""
        policy = self.machine.policies[index]
        if policy is None or policy.retry is None:
            return Failure(error)
        try:
            wanted = policy.retry.wants(error)
            asked = retry_after_of(error) if wanted else None
            delay = asked
            if wanted and asked is None:
                delay = policy.retry.delay(attempt, next(self.draws, 0.0))
        except Exception as problem:
            return Failure(error, why=repr(problem))
        return Failure(error, retryable=wanted, delay=delay, why=type(error).__name__)

    # -- what the machine asks for ----------------------------------------------------------------------------------

    def answer(self):
        requests = self.machine.requests
        done = 0
        while done < len(requests):
            request = requests[done]
            done += 1
            if isinstance(request, Emit):
                self._emit(request)
            elif isinstance(request, Borrow):
                self.line.append(request)
                self._lend(request.limit)
            elif isinstance(request, GiveBack):
                waiting = [one for one in self.line if (one.node, one.attempt) == (request.node, request.attempt)]
                if waiting:
                    self.line.remove(waiting[0])
                else:
                    self.lent.remove((request.node, request.attempt, request.limit))
                self._lend(request.limit)
            elif isinstance(request, Record):
                assert self.machine.keeps
                self.note("ask to record", request.node)
                self.news[request.node] = request.news
                if self.late:
                    self.unrecorded.append(request.node)
                else:
                    self._record(request.node)
            elif isinstance(request, Stop) and request.error is not None:
                self.expired.append(request)
            elif isinstance(request, Stop):
                self._stop(request)
            elif isinstance(request, Finish):
                self.finishes += 1
                if request.news is not None:
                    self._emit(request.news)
                self.note("finish")
        requests.clear()

    def _lend(self, limit):
        """Give the places of a limit that are free to who has waited for longest."""
        for request in [one for one in self.line if one.limit == limit]:
            if sum(held == limit for _, _, held in self.lent) < limit.places:
                self.line.remove(request)
                self.lent.append((request.node, request.attempt, limit))
                self.machine.lend(request.node, request.attempt, self.now)  # or it has given up, and says so next

    def _emit(self, news):
        machine, node = self.machine, news.node
        key, whose = "", machine.plan.graph.workflow.name
        if node >= 0:
            spec = machine.nodes[node].spec
            key, whose = machine.key(node), spec.name if spec is not None else ""
        event = make(news.kind, news.told, key, whose, "run", len(self.events) + 1, self.now)
        if event.kind in ENDINGS and self.machine.keeps:
            assert node in self.recorded, f"{event} ran ahead of the record"
        if event.kind == "step_retrying":
            self.delays.append((event.key, event.delay))
        self.events.append(event)
        self.note("event", node, getattr(event, "attempt", 0), event.kind)

    def _stop(self, request):
        machine, index, attempt = self.machine, request.node, request.attempt
        if not machine.is_running(index, attempt):
            return
        self.note("stop", index, attempt, request.reason)
        work = next(
            one for one in self.working if (one.index, one.attempt) == (index, attempt) and one.asked is Work.BODY
        )
        if machine.lanes[index] is Lane.LOOP:
            if self.now + work.script.stops_after < work.due:
                work.due, work.gives = self.now + work.script.stops_after, work.script.stops_with
            return
        machine.abandon(index, attempt, self.now)

    @property
    def is_over(self):
        return self.machine.finished

    def after(self):
        self.answer()

    def note(self, what, index=-1, attempt=0, detail=None):
        key = self.machine.key(index) if index >= 0 else ""
        if what == "event" and detail == "step_abandoned":
            for work in self.working:
                work.abandoned = work.abandoned or (work.index, work.attempt, work.asked) == (index, attempt, Work.BODY)
        self.log.append(Moment(self.now, what, key, attempt, detail))

    # -- what has to hold whenever a body begins --------------------------------------------------------------------

    def check_start(self, index, attempt):
        machine = self.machine
        assert not machine.is_stopped(index), "a step was started after the run was stopped"
        self.check_place(index)
        for source in self.sources(index):
            assert machine.status[source] is Status.SUCCEEDED, (
                f"{machine.key(index)} began without {machine.key(source)}"
            )
            assert not machine.keeps or source in self.recorded, "a result was seen before it was on record"
        owner = machine.owners[index]
        for before in self.order.get(index if owner is None else owner.map, ()):
            assert machine.status[before] >= Status.SUCCEEDED, f"{machine.key(index)} overtook {machine.key(before)}"
            assert not machine.keeps or before in self.recorded
        policy = machine.policies[index]
        bodies = [work.index for work in self.working if work.asked is Work.BODY]
        assert policy.idempotent or index not in bodies, "an attempt was started beside one that hadn't ended"
        limit = 1 if policy.retry is None else policy.retry.max_attempts
        assert limit is None or attempt <= limit
        if policy.limit is not None:
            assert sum(machine.policies[i].limit == policy.limit for i in bodies) < policy.limit.places
            assert (index, attempt, policy.limit) in self.lent
        if owner is not None and policy.max_concurrency is not None:
            assert sum(machine.owners[i] is owner for i in bodies) < policy.max_concurrency

    def check_place(self, index):
        """What is written in an `always` block comes last; of a `one_at_a_time` only one is under way."""
        machine = self.machine
        home = machine.homes[index]
        regions = home.graph.regions
        around = [regions[machine.nodes[index].region]]
        while around[-1].parent is not None:
            around.append(regions[around[-1].parent])
        if any(region.cleans_up for region in around):
            others = [i for i in home.at if i not in home.cleanup]
            assert all(machine.status[i] >= Status.SUCCEEDED for i in others), "an `always` block was early"
        turns = [region.index for region in around if region.takes_turns]
        if turns:
            for work in self.working:
                if work.asked is not Work.BODY or machine.homes[work.index] is not home:
                    continue  # a step of another body has its place among the regions of that
                other = regions[machine.nodes[work.index].region]
                while other.index != turns[-1] and other.parent is not None:
                    other = regions[other.parent]
                assert other.index != turns[-1], "two steps of a `one_at_a_time` were under way at once"

    def sources(self, index):
        """The nodes whose values a step takes, worked out from what was recorded."""
        machine = self.machine
        node, group = machine.nodes[index], machine.owners[index]
        if group is None:
            return [machine.where(index, local) for local in node.data]
        found = []
        items = []
        for source, (kind, held) in zip(node.args, group.columns, strict=True):
            if source.kind is SourceKind.CHAIN:
                before = machine.where(index, source.value._flowkit_node)
                if kind is not SourceKind.CHAIN:
                    assert isinstance(machine.groups[before], Stream)
                    items.append(before)  # a stream that had ended before this map began: its list is gone through
                elif not machine.nodes[before].tolerant:
                    items.append(held.base + index - group.base)
            elif source.kind is SourceKind.EACH:
                found += references(source.value[index - group.base])
            else:
                found += references(source.value)
        return [*items, *[machine.where(index, local) for local in found]]
