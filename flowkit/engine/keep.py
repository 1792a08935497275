"""What an engine does about runs that outlive it: whose they are, taking them up, and hearing what comes for them.

An engine is an owner, and has a lease on all the runs that it has, renewed by a thread of its own well before it is
over. Another engine may take a run only when that lease is over, or was given up, or the store knows that the owner is
dead; whoever had it is refused from then on, whatever it still tries to write, and leaves the run as soon as it learns
of that.
"""

from __future__ import annotations

import json
import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

from flowkit.engine.arguments import written_arguments
from flowkit.engine.declared import declared
from flowkit.engine.durable import Durable
from flowkit.engine.events import RunFailed
from flowkit.engine.forking import begins_as_fork, forked
from flowkit.engine.journal import what_was
from flowkit.engine.judging import can_go_on
from flowkit.engine.kept import Claim, Commit, Lease, NewRun, RunChange
from flowkit.engine.points import tell_after, tell_before
from flowkit.engine.ready import begun, made_ready
from flowkit.engine.retention import sweep
from flowkit.errors import (
    CancelReason,
    IllegalTransition,
    RunConflict,
    RunLost,
    RunNotFound,
    StoreError,
    WorkflowChanged,
)
from flowkit.graph import capture
from flowkit.machine.past import Past
from flowkit.machine.requests import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from flowkit.diagnostics import Diagnostic
    from flowkit.engine.events import Event
    from flowkit.engine.kept import KeptNode, KeptRun, Message
    from flowkit.engine.ports import Data, Services, Store
    from flowkit.engine.ready import Ready
    from flowkit.graph import Graph, WorkflowSpec
    from flowkit.plan import Plan

__all__ = ["Keep"]

log: Final = logging.getLogger("flowkit")

LEASE: Final = 30.0
"""Seconds that an engine's lease is good for; it is renewed after a third of that."""
LISTEN: Final = 0.5
"""Seconds between two looks at what came from outside for runs that are under way."""
SWEEP: Final = 600.0
"""Seconds between two looks for runs that are old enough to be removed."""
SWEPT: Final = 20
"""How many are removed at once: the lease is renewed in between."""
ASKED: Final = 100
"""How many runs that nobody goes on with are asked for at once."""
MAX_RECOVERIES: Final = 10
"""How often a run is taken over from owners that died, without getting any further, before it is given up."""
AT_ONCE: Final = 3
"""How often it is taken over as soon as it is found; then it may be what they die of, and each time a lease has to go by:
or a process that is started again whenever it dies would have used up all its recoveries in no time."""


class Keep:
    """An engine's part in a store."""

    def __init__(
        self,
        services: Services,
        *,
        planned: Callable[[Graph], tuple[Plan, Sequence[Diagnostic]]],
        admit: Callable[[Durable], None],
        lease: float,
        recovers: bool,
        max_recoveries: int,
        retention: float | None = None,
    ) -> None:
        assert services.store is not None
        assert services.data is not None
        self.store: Store = services.store
        self._data: Data = services.data
        self._services = services
        self._planned = planned
        self._admit = admit
        self.owner = services.new_id()
        self._lease = lease
        # Inline, who tends is at a run of its own: that would wait for the ends of those that are taken up. Where it is
        # simulated, there is no other.
        self._recovers = recovers and (not services.inline or services.rest is not None)
        self._max_recoveries = max_recoveries
        self._retention = retention
        self._swept = float("-inf")
        self.runs: dict[str, Durable] = {}
        """Those under way, by id."""
        self._lock = threading.Lock()
        self._attending = threading.Lock()
        self._renewed = float("-inf")
        self._looked = float("-inf")
        self._tended = float("-inf")
        self._heard = 0
        self._early: dict[str, list[Message]] = {}
        """What came for runs that this engine has taken and hasn't begun."""
        self._left: dict[str, Lease | None] = {}
        """Runs that were given up, which may not be on record; None for those that may have been got, which isn't known."""
        self._suspects: dict[str, tuple[int, float]] = {}
        """Runs that others may have died of: how often, and when they are taken over once more."""
        self._troubled: dict[str, tuple[int, float]] = {}
        """Runs that couldn't go on here: how often, and when that is tried again."""
        self._tried: dict[str, WorkflowSpec] = {}
        """Runs that are stuck, with the workflow that they couldn't go on with here."""
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    # -- beginning ------------------------------------------------------------------------------------------------------

    def start(
        self, workflow: WorkflowSpec, run_id: str | None, args: Sequence[Any], kwargs: dict[str, Any], parent: str = ""
    ) -> tuple[Durable, int] | KeptRun:
        """Begin a run: its driver, which isn't begun, and the node that its body waits for. Or the run that there is."""
        given = capture((tuple(args), dict(kwargs)), [])
        graph, awaited = begun(workflow, *capture(given, []))
        plan, warnings = self._planned(graph)
        arguments = written_arguments(self._data, workflow, *given)
        digest = self._data.digest(workflow.name, arguments)
        new = NewRun(
            run_id or self._services.new_id(), workflow.name, arguments, digest, self._services.clock.time(), parent
        )
        self.attend()
        self.release_left()
        made = self._create(new)
        if not isinstance(made, Claim) and workflow.policy.on_conflict == "restart":
            self._remove(made)
            made = self._create(new)
        if not isinstance(made, Claim):
            if workflow.policy.on_conflict == "reject":
                raise RunConflict(made.run_id, f"it is {made.status}, and on_conflict='reject' was asked for")
            if made.workflow != workflow.name:
                raise RunConflict(made.run_id, f"it is a run of `{made.workflow}`, not of `{workflow.name}`")
            if made.digest != digest:
                raise RunConflict(made.run_id, "it was started with other arguments")
            return made
        driver = Durable(plan, self._services, lease=made.lease, past=Past(is_any=False))
        driver.warnings = warnings
        driver.given = (workflow, *given)
        return self._have(driver), awaited

    def _create(self, new: NewRun, nodes: Sequence[KeptNode] = ()) -> Claim | KeptRun:
        points, point = self._services.points, Point.CHILD if new.parent else Point.CLAIM
        if points is not None:
            points.before(point, "", new.run_id)
        with self._answered(new.run_id):
            made = self.store.create(new, self.owner, nodes)
        if points is not None:
            points.after(point, "", new.run_id)
        return made

    def _claim(self, run_id: str, most: int | None = None, *, again: bool = False) -> Claim | KeptRun | None:
        points = self._services.points
        if points is not None:
            points.before(Point.CLAIM, "", run_id)
        with self._answered(run_id):
            claim = self.store.claim(run_id, self.owner, max_recoveries=most, again=again)
        if points is not None:
            points.after(Point.CLAIM, "", run_id)
        return claim

    @contextmanager
    def _answered(self, run_id: str) -> Generator[None]:
        """Ask the store for a run. Where it doesn't answer, the run may be this engine's, with nobody at it."""
        try:
            yield
        except StoreError:
            self._left[run_id] = None
            raise
        self._left.pop(run_id, None)

    def _remove(self, run: KeptRun) -> None:
        """Make room for another run of the same id. Raises `RunConflict` where somebody is at this one."""
        if not run.is_final:
            claim = None if run.is_held else self._claim(run.run_id)
            if not isinstance(claim, Claim):
                raise RunConflict(run.run_id, "it is under way; cancel it before it is restarted")
            change = RunChange("cancelled", self._services.clock.time())
            self._refuse_stale(self._commit(Commit(claim.lease, run=change, release=True)), run.run_id)
        gone, after = [run.run_id], 0
        while after < len(gone):  # the runs that its steps started go with it
            gone += [child.run_id for child in self.store.runs(parent=gone[after], limit=1000).runs if child.is_final]
            after += 1
        self.store.delete(gone)

    def take_up(
        self, run_id: str, workflow: WorkflowSpec | None = None, *, again: bool = False
    ) -> tuple[Durable, int] | KeptRun | None:
        """Take a run that nobody has, and go on with it: as `start` does. The run as it is where it can't be had."""
        self.attend()
        self.release_left()
        if again and workflow is not None:
            self._look_before(run_id, workflow)
        claim = self._claim(run_id, self._max_recoveries, again=again)
        if isinstance(claim, Claim):
            return self._go_on(claim, workflow, again=again)
        if claim is not None and claim.is_lost and claim.in_vain >= self._max_recoveries:
            self._bury(claim)  # whoever waits for its end would wait for ever
        return claim

    def _look_before(self, run_id: str, workflow: WorkflowSpec) -> None:
        """Raise what keeps a run that has failed from being taken up again: then it stays as it is."""
        run = self.store.run(run_id)
        if run is not None and run.status == "failed":
            self._made_ready(workflow, run, self.store.nodes(run_id), again=True, forks=begins_as_fork(self.store, run))

    def fork(
        self, workflow: WorkflowSpec, run: KeptRun, new_id: str | None, at: Sequence[str], replace: Mapping[str, Any]
    ) -> tuple[Durable, int]:
        """Begin a run that goes on from the record of another."""
        self.attend()
        nodes = forked(self._data, self.store.nodes(run.run_id), at, replace)
        self._made_ready(workflow, run, nodes, forks=True)  # or nothing is begun
        now = self._services.clock.time()
        run_id = new_id or self._services.new_id()
        new = NewRun(run_id, run.workflow, run.arguments, run.digest, now, origin=run.run_id)
        made = self._create(new, nodes)
        if not isinstance(made, Claim):
            raise RunConflict(run_id, f"it is a run of `{made.workflow}`; a fork is a run of its own")
        return self._go_on(made, workflow, again=False)

    def _go_on(self, claim: Claim, workflow: WorkflowSpec | None, *, again: bool) -> tuple[Durable, int]:
        """Make a driver for a run that was just taken."""
        run_id = claim.run.run_id
        points = self._services.points
        if points is not None:
            points.before(Point.RECOVER, "", run_id)
        found = workflow or declared(claim.run.workflow)
        try:
            if found is None:
                self._refuse(claim, f"no workflow `{claim.run.workflow}` is known here")
            nodes = self.store.nodes(run_id)
            events = self._events(claim.run, nodes)
            # It had failed, and who took it up again died before that was made of it.
            again = again or (claim.run.resumes > 0 and bool(events) and events[-1].kind == "run_failed")
            forks = begins_as_fork(self.store, claim.run)
            ready = self._made_ready(found, claim.run, nodes, again=again, forks=forks)
            past = Past(what_was(self._data, ready.nodes), newest=max((node.sequence for node in nodes), default=0))
        except StoreError:
            self._left[run_id] = claim.lease
            raise
        except Exception as error:
            if found is not None:
                self._tried[run_id] = found.declared
            self._give_up(
                claim, str(error) if isinstance(error, WorkflowChanged) else f"{type(error).__name__}: {error}"
            )
            raise
        past.expires = forks
        mail = self.store.messages(run_id)
        told = [json.loads(one.payload) for one in mail if one.kind == "cancel"]
        if told:  # it ends before anything begins again
            past.cancelled = CancelReason(told[0]["reason"]), told[0]["detail"]
        driver = Durable(
            ready.plan,
            self._services,
            lease=claim.lease,
            past=past,
            overlay=ready.overlay,
            events=events,
            waits=claim.run.status == "waiting" and not claim.run.in_vain,  # else that it gets there is news
        )
        driver.resumes = claim.run.resumes
        driver.warnings = ready.warnings
        driver.given = ready.given
        if ready.looked.differences:
            changes = "\n".join(str(one) for one in ready.looked.differences)
            log.info("run %s of `%s` goes on, though its workflow has changed:\n%s", run_id, found.name, changes)
        if ready.void:
            self._refuse_stale(self._commit(Commit(claim.lease, void=sorted(ready.void))), run_id)
        driver.receive(mail)
        if points is not None:
            points.after(Point.RECOVER, "", run_id)
        return self._have(driver), ready.awaited

    def _made_ready(
        self,
        workflow: WorkflowSpec,
        run: KeptRun,
        nodes: Sequence[KeptNode],
        *,
        again: bool = False,
        forks: bool = False,
    ) -> Ready:
        return made_ready(self._data, self._planned, workflow, run, nodes, again=again, forks=forks)

    def _events(self, run: KeptRun, nodes: Sequence[KeptNode]) -> Sequence[Event]:
        """What was told of a run."""
        steps = {node.key: node.step for node in nodes}
        return [self._data.load_event(kept, run.run_id, run.workflow, steps) for kept in self.store.events(run.run_id)]

    def _commit(self, commit: Commit) -> Sequence[bool]:
        """Write this, and say at which point it is."""
        points = self._services.points
        at = tell_before(points, [commit]) if points is not None else ()
        written = self.store.commit([commit])
        if points is not None:
            tell_after(points, at)
        return written

    def _refuse_stale(self, written: Sequence[bool], run_id: str) -> None:
        if not all(written):
            raise RunConflict(run_id, "another process has just taken it")

    def _refuse(self, claim: Claim, why: str) -> NoReturn:
        raise RunConflict(claim.run.run_id, why)

    def _give_up(self, claim: Claim, why: str) -> None:
        """Say that nobody can go on with a run as things are."""
        run = claim.run
        change = RunChange(run.status, run.changed, run.result, run.error, why)
        self._commit(Commit(claim.lease, run=change, release=True))

    def _have(self, driver: Durable) -> Durable:
        with self._lock:
            self.runs[driver.run_id] = driver
            early = self._early.pop(driver.run_id, [])
        driver.receive(early)
        if self._services.inline:
            driver.tend, driver.patience = self.tend, LISTEN
        driver.when_done(_Forget(self, driver))
        self._admit(driver)
        return driver

    def forget(self, driver: Durable) -> None:
        """A run isn't under way any more."""
        with self._lock:
            self.runs.pop(driver.run_id, None)
            self._early.pop(driver.run_id, None)
            if driver.suspended is not None and type(driver.suspended.reason) is str:
                self._tried[driver.run_id] = driver.plan.graph.workflow.declared
            if driver.suspended is not None and driver.suspended.reason != CancelReason.LEASE_LOST:
                # Whether that it was given up is on record, nobody knows: the store may be what failed.
                self._left[driver.run_id] = driver.journal.lease
                times, _ = self._troubled.get(driver.run_id, (0, 0.0))
                self._troubled[driver.run_id] = times + 1, self._services.clock.now() + min(self._lease, 2.0**times)
            else:
                self._troubled.pop(driver.run_id, None)

    def release_left(self) -> None:
        """Give up runs that aren't under way any more and may still be this engine's on record."""
        for run_id, known in list(self._left.items()):
            lease = known or self._forgotten(run_id)
            if lease is not None:
                self._commit(Commit(lease, release=True))
            self._left.pop(run_id, None)

    def _forgotten(self, run_id: str) -> Lease | None:
        """The lease on a run that this engine has on record, and of which it was never told."""
        run = self.store.run(run_id)
        if run is None or run.owner != self.owner or run.is_final or run_id in self.runs:
            return None
        return Lease(run_id, run.owner, run.generation)

    # -- as time goes by --------------------------------------------------------------------------------------------------

    def attend(self) -> None:
        """Have a good lease from here on, and somebody who renews it."""
        with self._attending:  # nobody has a run before there is a lease: others would take it at once
            if self._renewed == float("-inf"):
                now = self._services.clock.now()
                self._renew()
                self._renewed = now
        with self._lock:
            if self._thread is None and not self._services.inline and not self._closed.is_set():
                self._thread = threading.Thread(target=self._serve, name="flowkit-keep", daemon=True)
                self._thread.start()

    def _renew(self) -> None:
        points = self._services.points
        if points is not None:
            points.before(Point.RENEW, "", "")
        self.store.renew(self.owner, self._lease)
        if points is not None:
            points.after(Point.RENEW, "", "")

    def tend(self) -> None:
        """Do what is due: renew the lease, hear what came from outside, take up what others left."""
        now = self._services.clock.now()
        if now < self._tended + LISTEN / 2:
            return
        self._tended = now
        self._keep_lease(now)
        try:
            self._listen()
            if self._left:
                self.release_left()
            if self._recovers and now >= self._looked + self._lease / 3:
                self._looked = now
                self._recover()
            if self._retention is not None and now >= self._swept + SWEEP:
                self._sweep(now, self._retention)
        except StoreError as error:
            log.warning("the store can't be asked, and will be asked again: %s", error)

    def _keep_lease(self, now: float) -> None:
        if now < self._renewed + self._lease / 3:
            return
        try:
            self._renew()
            # Asked afterwards: until it was renewed this process may have stood still, for however long.
            was_over = self._services.clock.now() >= self._renewed + self._lease
            self._renewed = now
            if was_over:
                self._leave_lost()
        except StoreError as error:
            log.warning("the lease couldn't be renewed, and will be tried again: %s", error)
            if now >= self._renewed + self._lease:
                self._leave_all(CancelReason.LEASE_LOST)

    def _listen(self) -> None:
        """Hand on what came from outside."""
        if not self.runs and not self._early:
            return
        messages = self.store.inbox(self.owner, self._heard)
        if not messages:
            return
        heard: dict[Durable, list[Message]] = {}
        with self._lock:
            self._heard = messages[-1].number
            for message in messages:
                driver = self.runs.get(message.run_id)
                if driver is not None:
                    heard.setdefault(driver, []).append(message)
                else:
                    self._early.setdefault(message.run_id, []).append(message)
        for driver, mail in heard.items():
            driver.receive(mail)

    def _recover(self) -> None:
        """Take up runs that nobody has, or whose owner died, as far as their workflows are known here."""
        left = set()
        for run in self._adrift(stuck=False):
            left.add(run.run_id)
            if declared(run.workflow) is not None and run.run_id not in self.runs:
                self._recover_one(run)
        self._suspects = {run_id: one for run_id, one in self._suspects.items() if run_id in left}
        for run in self._adrift(stuck=True):
            if run.run_id not in self.runs and self._is_loose(run):
                self._recover_one(run)

    def _adrift(self, *, stuck: bool) -> Iterator[KeptRun]:
        """All of them, page by page: those that can't be taken up here don't stand before others."""
        after = None
        while True:
            page = self.store.adrift(ASKED, stuck=stuck, after=after)
            for run in page:
                self._keep_lease(self._services.clock.now())  # to take up many takes its time
                if self._closed.is_set():
                    return
                yield run
            if len(page) < ASKED:
                return
            after = page[-1].created, page[-1].run_id

    def _recover_one(self, run: KeptRun) -> None:
        if self._services.clock.now() < self._troubled.get(run.run_id, (0, float("-inf")))[1]:
            return
        if run.parent and self._is_its_parents(run):
            return
        if run.is_lost and run.in_vain >= self._max_recoveries:
            self._bury(run)
            return
        if run.is_lost and run.in_vain >= AT_ONCE and not self._is_due(run):
            return
        try:
            taken = self.take_up(run.run_id)
        except WorkflowChanged as changed:
            log.error("%s", changed)  # noqa: TRY400 - where that was found helps nobody
            return
        except Exception:
            log.exception("run %s of `%s` can't be taken up", run.run_id, run.workflow)
            return
        if isinstance(taken, tuple):
            log.info("run %s of `%s` is taken up", run.run_id, run.workflow)
            driver, awaited = taken
            driver.begin_in_background(awaited)

    def _is_due(self, run: KeptRun) -> bool:
        """Whether a run that others may have died of has been left alone for long enough, since the last one did."""
        now = self._services.clock.now()
        times, due = self._suspects.get(run.run_id, (0, 0.0))
        if times != run.in_vain:
            due = now + self._lease
            self._suspects[run.run_id] = run.in_vain, due
        return now >= due

    def _is_loose(self, run: KeptRun) -> bool:
        """Whether a run that was stuck could go on with the code that is here.

        That is asked once of each run and each code, and without taking the run: so processes that can't go on with it
        don't take it from one another, and none tries for ever.
        """
        workflow = declared(run.workflow)
        if workflow is None or self._tried.get(run.run_id) is workflow.declared:
            return False
        nodes = self.store.nodes(run.run_id)
        self._tried[run.run_id] = workflow.declared
        problem = can_go_on(self._services, self._planned, workflow, run, nodes)
        if problem is not None:
            log.debug("run %s of `%s` is still stuck: %s", run.run_id, run.workflow, problem)
        return problem is None

    def _is_its_parents(self, run: KeptRun) -> bool:
        """Whether a run that was started in a step is for that step to go on with, when that is tried again."""
        parent = self.store.run(run.parent)
        if parent is not None and not parent.is_final:
            return True
        payload = json.dumps({"reason": str(CancelReason.PARENT), "detail": ""})
        try:
            self.store.post(run.run_id, "cancel", "", payload, self._services.clock.time())
        except (IllegalTransition, RunNotFound):
            return True  # it has ended meanwhile: with its parent, say, that was taken up before it
        return False

    def _sweep(self, now: float, retention: float) -> None:
        """Remove some of the runs that ended long ago; if there may be more, the next ones with the next look."""
        gone = sweep(self.store, self._services.clock.time() - retention, limit=SWEPT)
        if len(gone) < SWEPT:
            self._swept = now

    def _bury(self, run: KeptRun) -> None:
        """End a run that was taken over as often as it may be, and whose owner died again."""
        claim = self._claim(run.run_id)
        if isinstance(claim, Claim):
            times = f"{run.in_vain} time{'' if run.in_vain == 1 else 's'}"
            error = RunLost(
                run.run_id, f"it was taken over {times} without getting any further, and whoever had it died each time"
            )
            now, number = (
                self._services.clock.time(),
                1 + max((e.number for e in self.store.events(run.run_id)), default=0),
            )
            event = RunFailed(run_id=run.run_id, number=number, time=now, workflow=run.workflow, error=error)
            change = RunChange("failed", now, None, self._data.dump_error(error))
            self._commit(Commit(claim.lease, events=[self._data.dump_event(event)], run=change, release=True))
            log.error("run %s of `%s` is given up: %s", run.run_id, run.workflow, error.detail)

    def _leave_lost(self) -> None:
        """Leave the runs that others have taken meanwhile: one that only waits would never learn of it."""
        for driver in list(self.runs.values()):
            kept = self.store.run(driver.run_id)
            if kept is None or kept.generation != driver.journal.lease.generation:
                driver.suspend(CancelReason.LEASE_LOST)

    def _leave_all(self, reason: CancelReason) -> None:
        for driver in list(self.runs.values()):
            driver.suspend(reason)

    def _serve(self) -> None:
        while not self._closed.wait(LISTEN):
            self.tend()

    def close(self) -> None:
        """Give up the lease: whatever is left is anybody's. Closing it again does nothing."""
        if self._closed.is_set():
            return
        self._closed.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10.0)
        if self._renewed > float("-inf"):
            self._renewed = float("-inf")
            points = self._services.points
            if points is not None:
                points.before(Point.RELEASE, "", "")
            try:
                self.store.retire(self.owner)
            except StoreError as error:
                log.warning("the lease couldn't be given up, and ends by itself: %s", error)
            if points is not None:
                points.after(Point.RELEASE, "", "")


class _Forget:
    """Takes a run that has ended off the list of those under way."""

    def __init__(self, keep: Keep, driver: Durable) -> None:
        self._keep = keep
        self._driver = driver

    def __call__(self) -> None:
        self._keep.forget(self._driver)
