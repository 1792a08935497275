"""The tests of stores find what they are for: for each rule there is a store that breaks it, and a test that sees it."""

import inspect
import itertools
import re
import threading

import attrs
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from flowkit.engine.kept import Commit, Page
from flowkit.stores.memory import MemoryStore
from flowkit.testing import StoreClock, StoreConformance
from flowkit.testing.conformance.machine import Driven


def unfenced(part):
    """A store that writes this, whoever says so."""

    class Unfenced(MemoryStore):
        def _write(self, commit):
            if written := super()._write(commit):
                return written
            run = self._runs.get(commit.lease.run_id)
            if run is not None:
                run.write(Commit(commit.lease, **{part: getattr(commit, part)}))
                if commit.release and part == "release":
                    self._let_go(run)
            return False

    Unfenced.__name__ = Unfenced.__qualname__ = f"Unfenced {part}"
    return Unfenced


class AnyOwner(MemoryStore):
    """Looks at the generation alone."""

    def _is_newest(self, lease, run):
        return lease.generation == run.generation


class AnyGeneration(MemoryStore):
    """Looks at the owner alone."""

    def _is_newest(self, lease, run):
        return lease.owner == run.holder


class LaterGeneration(MemoryStore):
    def _is_newest(self, lease, run):
        return lease.generation >= run.generation and lease.owner == run.holder


class OwnerWithGoodLease(MemoryStore):
    """Refuses an owner whose time is up, though nobody has taken its run."""

    def _is_newest(self, lease, run):
        return super()._is_newest(lease, run) and self._is_good(lease.owner)


class HolderOnly(MemoryStore):
    """Refuses who has let go of a run, though nobody has taken it."""

    def _is_newest(self, lease, run):
        return super()._is_newest(lease, run) and run.owner == lease.owner


class ClaimsInTwoSteps(MemoryStore):
    """Looks whether a run can be had, and then takes it, whatever has become of it."""

    def claim(self, run_id, owner, **options):
        seen = self.run(run_id)
        threading.Event().wait(0.0005)
        with self._lock:
            run = self._runs.get(run_id)
            if seen is not None and seen.generation != run.generation:
                self._let_go(run)
                run.owner = seen.owner
                self._held[seen.owner][run_id] = run
        return super().claim(run_id, owner, **options)


class CountsNoRecoveries(MemoryStore):
    def claim(self, run_id, owner, **options):
        before = self.run(run_id)
        claim = super().claim(run_id, owner, **options)
        if before is not None:
            self._runs[run_id].recoveries = before.recoveries
        return claim


class NeverGetsFurther(MemoryStore):
    """All recoveries there ever were are in vain."""

    def commit(self, commits):
        return super().commit([attrs.evolve(one, advances=False) for one in commits])


class GetsFurtherWithAll(MemoryStore):
    """Whatever is written of a run gets it further."""

    def commit(self, commits):
        return super().commit([attrs.evolve(one, advances=True) for one in commits])


class CountsEveryClaim(MemoryStore):
    def claim(self, run_id, owner, **options):
        before = self.run(run_id)
        claim = super().claim(run_id, owner, **options)
        if before is not None and self._runs[run_id].generation > before.generation:
            self._runs[run_id].recoveries = before.recoveries + 1
        return claim


class KnowsNoLimit(MemoryStore):
    def claim(self, run_id, owner, *, max_recoveries=None, **options):
        return super().claim(run_id, owner, **options)


class LimitsOneMore(MemoryStore):
    def claim(self, run_id, owner, *, max_recoveries=None, **options):
        most = None if max_recoveries is None else max_recoveries + 1
        return super().claim(run_id, owner, max_recoveries=most, **options)


class BelievesWhoNeverLived(MemoryStore):
    """Takes an owner without a lease for one whose lease is good, as `heartbeat < limit` does with NULL."""

    def _is_good(self, owner):
        return owner not in self._owners or super()._is_good(owner)


class BelievesTheDead(MemoryStore):
    def _is_good(self, owner):
        return owner in self._owners


class BelievesLeasesOfBefore(MemoryStore):
    """Takes a lease that ends far in the future for a good one, after the machine was started anew."""

    def _is_good(self, owner):
        renewed, ttl = self._owners.get(owner, (0.0, 0.0))
        return self._clock() < renewed + ttl


class CountsTheLastMoment(MemoryStore):
    def _is_good(self, owner):
        renewed, ttl = self._owners.get(owner, (0.0, -1.0))
        return 0 <= self._clock() - renewed <= ttl


class RoundsLeases(MemoryStore):
    """Keeps when a lease ends; which, less the time it began, may be more than its length."""

    def _is_good(self, owner):
        renewed, ttl = self._owners.get(owner, (0.0, 0.0))
        return 0 < renewed + ttl - self._clock() <= ttl


class TakesWhatItHas(MemoryStore):
    def claim(self, run_id, owner, **options):
        run = self._runs.get(run_id)
        if run is not None and run.owner == owner and not self._is_good(owner):
            run.owner = "somebody else"
            self._held["somebody else"][run_id] = self._held[owner].pop(run_id)
        return super().claim(run_id, owner, **options)


class KeepsItsGeneration(MemoryStore):
    def claim(self, run_id, owner, **options):
        before = self.run(run_id)
        claim = super().claim(run_id, owner, **options)
        if before is not None:
            self._runs[run_id].generation = before.generation
        return claim


class Overwrites(MemoryStore):
    """Lets a run that has ended end differently."""

    def _write(self, commit):
        run = self._runs.get(commit.lease.run_id)
        if commit.run is not None and run is not None and self._is_newest(commit.lease, run):
            run.status = "running"
        return super()._write(commit)


class RefusesAfterTheEnd(MemoryStore):
    """Takes what comes after the end for a lost lease."""

    def _write(self, commit):
        run = self._runs.get(commit.lease.run_id)
        return not (run is not None and run.is_final and commit.run is not None) and super()._write(commit)


class StopsAtTheFirstRefusal(MemoryStore):
    def commit(self, commits):
        written = list(super().commit(commits))
        return written[: written.index(False)] if False in written else written


class AllOrNothing(MemoryStore):
    """Writes no commit of a batch in which one is refused."""

    def commit(self, commits):
        good = [super(AllOrNothing, self).commit([Commit(commit.lease)])[0] for commit in commits]
        return super().commit(commits) if all(good) else [False] * len(commits)


class RewritesHistory(MemoryStore):
    def _write(self, commit):
        written = super()._write(commit)
        if written:
            self._runs[commit.lease.run_id].events.update({event.number: event for event in commit.events})
        return written


class VoidsLast(MemoryStore):
    def _write(self, commit):
        return super()._write(attrs.evolve(commit, void=())) and super()._write(Commit(commit.lease, void=commit.void))


class KeepsAttemptsOfTheVoid(MemoryStore):
    def _write(self, commit):
        run = self._runs.get(commit.lease.run_id)
        before = {} if run is None else dict(run.attempts)
        written = super()._write(commit)
        if run is not None:
            run.attempts = {**before, **run.attempts}
        return written


class MovesNodes(MemoryStore):
    """Puts a node that is written again behind the others."""

    def _write(self, commit):
        written = super()._write(commit)
        for node in commit.nodes if written else ():
            nodes = self._runs[commit.lease.run_id].nodes
            nodes[node.key] = nodes.pop(node.key)
        return written


class TakesMessagesOfOthers(MemoryStore):
    def _write(self, commit):
        for run in self._runs.values():
            for number in commit.taken:
                run.messages.pop(number, None)
        return super()._write(commit)


class ForgetsWhatIsDone(MemoryStore):
    """Takes a message for a new one once the one before is done with."""

    def _write(self, commit):
        written = super()._write(commit)
        if written and commit.taken:
            self._runs[commit.lease.run_id].seen.clear()
        return written


class PostsToTheEnded(MemoryStore):
    def post(self, run_id, *message):
        run = self._runs.get(run_id)
        if run is None or not run.is_final:
            return super().post(run_id, *message)
        status, run.status = run.status, "running"
        try:
            return super().post(run_id, *message)
        finally:
            run.status = status


class ReadsTheInboxesOfAll(MemoryStore):
    def inbox(self, owner, after=0):
        found = [one for run in self._runs.values() for one in run.messages.values() if one.number > after]
        return sorted(found, key=lambda one: one.number)


class DeletesWhatRuns(MemoryStore):
    def delete(self, run_ids):
        for run_id in run_ids:
            if run_id in self._runs:
                self._runs[run_id].status = "failed"
                self._live.pop(run_id, None)
        return super().delete(run_ids)


class ResumesUncounted(MemoryStore):
    def claim(self, run_id, owner, **options):
        claim = super().claim(run_id, owner, **options)
        if run_id in self._runs:
            self._runs[run_id].resumes = 0
        return claim


class StaysStuck(MemoryStore):
    def claim(self, run_id, owner, **options):
        before = self.run(run_id)
        claim = super().claim(run_id, owner, **options)
        if before is not None:
            self._runs[run_id].stuck = before.stuck
        return claim


class TakesUpAnything(MemoryStore):
    def claim(self, run_id, owner, *, again=False, **options):
        run = self._runs.get(run_id)
        if again and run is not None and run.is_final:
            run.status = "failed"
        return super().claim(run_id, owner, again=again, **options)


class BelievesTheFuture(MemoryStore):
    """Takes a run that ends tomorrow for a young one, for ever."""

    def __init__(self, **options):
        super().__init__(**options)
        self._time = lambda: 1e300


class SkipsTwins(MemoryStore):
    """Goes on behind all runs of one age."""

    def runs(self, *, after=None, **filters):
        page = super().runs(after=after, **filters)
        if not page.runs or page.after is None:
            return page
        return Page(
            page.runs,
            super().runs(**{**filters, "limit": 1, "created_before": page.runs[-1].created}).after and page.after,
            {},
        )


class FindsByLike(MemoryStore):
    """Takes `_` in the beginning of an id for any character, and `A` for `a`."""

    def runs(self, *, prefix="", **filters):
        pattern = re.compile(re.escape(prefix).replace("_", ".").replace("%", ".*"), re.IGNORECASE)
        page = super().runs(**filters)
        return Page([run for run in page.runs if pattern.match(run.run_id)], page.after, page.counts)


class CountsAPage(MemoryStore):
    def runs(self, **filters):
        page = super().runs(**filters)
        counts = {}
        for run in page.runs:
            counts[run.status] = counts.get(run.status, 0) + 1
        return attrs.evolve(page, counts=counts)


class FindsTheStuck(MemoryStore):
    def adrift(self, limit=100, **options):
        for run in self._runs.values():
            run.stuck = ""
        return super().adrift(limit)


class BeginsAdriftAnew(MemoryStore):
    def adrift(self, limit=100, *, stuck=False, after=None):
        return super().adrift(limit, stuck=stuck)


class FoldsCase(MemoryStore):
    def create(self, run, owner, nodes=()):
        return super().create(attrs.evolve(run, run_id=run.run_id.casefold()), owner, nodes)


class EndsAtNul(MemoryStore):
    def create(self, run, owner, nodes=()):
        return super().create(attrs.evolve(run, run_id=run.run_id.partition("\0")[0]), owner, nodes)


class WritesBeforeItRefuses(MemoryStore):
    """Looks at each commit only when its turn has come."""

    def commit(self, commits):
        return [done for commit in commits for done in super(WritesBeforeItRefuses, self).commit([commit])]


class WorksOnWhenClosed(MemoryStore):
    def close(self):
        pass


class GivesNumbersAgain(MemoryStore):
    def delete(self, run_ids):
        gone = super().delete(run_ids)
        if not self._runs:
            self._posted = 0
        return gone


SABOTEURS = [
    *(
        pytest.param(unfenced(part), id=f"unfenced {part}")
        for part in ("nodes", "attempts", "events", "taken", "void", "run", "release")
    ),
    *(
        pytest.param(thing, id=name)
        for name, thing in list(globals().items())
        if isinstance(thing, type) and issubclass(thing, MemoryStore) and thing is not MemoryStore
    ),
]


def sentences():
    """All plain tests of the suite, with all they are asked with; not those that draw, or start processes."""
    for name, test in inspect.getmembers(StoreConformance, inspect.isfunction):
        wants = set(inspect.signature(test).parameters) - {"self"}
        if not name.startswith("test_") or "store" not in wants or wants & {"shared", "second"} or "thread" in name:
            continue
        asked = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
        ways = [[values(mark.args[0], each) for each in mark.args[1]] for mark in asked]
        for way in itertools.product(*ways):
            yield name, test, {name: value for part in way for name, value in part.items()}


def values(names, given):
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    return dict(zip(names, given if len(names) > 1 else [given], strict=True))


def broken(kind, only=None):
    """The first test that a store fails; None where it passes all."""

    class Suite(StoreConformance):
        def make_store(self, clock):
            return kind(clock=clock, time=clock.time)

    suite, clock = Suite(), StoreClock()
    for name, test, options in sentences():
        if only is None or only in name:
            clock = StoreClock()
            given = {**options, "store": suite.settled(clock), "clock": clock}
            try:
                test(suite, **{name: given[name] for name in inspect.signature(test).parameters if name != "self"})
            except pytest.skip.Exception:
                continue
            except (Exception, pytest.fail.Exception):
                return name
    return None


@pytest.mark.covers("M75")
def test_a_store_that_keeps_all_rules_passes():
    assert broken(MemoryStore) is None


@pytest.mark.parametrize("saboteur", SABOTEURS)
def test_a_store_that_breaks_a_rule_is_found_out(saboteur):
    if saboteur is ClaimsInTwoSteps:

        class Suite(StoreConformance):
            def make_store(self, clock):
                return saboteur(clock=clock, time=clock.time)

        clock = StoreClock()
        suite = Suite()
        with pytest.raises(AssertionError):
            suite.test_each_run_is_claimed_by_one_thread(suite.settled(clock))
    else:
        assert broken(saboteur)


@pytest.mark.parametrize(
    "saboteur",
    [
        unfenced("nodes"),
        unfenced("run"),
        KeepsItsGeneration,
        BelievesWhoNeverLived,
        Overwrites,
        CountsNoRecoveries,
        VoidsLast,
    ],
)
def test_the_state_machine_finds_out_by_itself_too(saboteur):
    class Suite(StoreConformance):
        def make_store(self, clock):
            return saboteur(clock=clock, time=clock.time)

    # What it finds isn't made smaller, and is the same each time.
    quickly = settings(
        deadline=None, phases=[Phase.generate], derandomize=True, max_examples=300, stateful_step_count=40
    )
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(lambda: Driven(Suite()), settings=quickly)
