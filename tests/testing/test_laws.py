"""What holds of every run: kept by the engine whatever happens, and each law noticed when somebody breaks it."""

import pytest

from flowkit import current, sleep, step, workflow
from flowkit.errors import PolicyError
from flowkit.machine.requests import Point
from flowkit.testing import (
    SABOTEURS,
    LawBroken,
    OneEffectPerKey,
    World,
    assert_resumable,
    crash,
    law,
    pause,
    sabotage,
    simulate,
)
from flowkit.testing.laws import LAWS
from tests.testing.zoo import ZOO, hopeless, square, tell


@workflow
def small(n: int) -> int:
    a = square(n)
    b = square(a)
    tell(b)
    tell(a)
    return hopeless(b)


@pytest.mark.covers("M105")
@pytest.mark.parametrize("name", ZOO)
def test_the_engine_keeps_them_all(name):
    """One process dying, or standing still, at every place of every kind of workflow."""
    kept = ZOO[name]
    found = assert_resumable(kept.workflow, *kept.args, outside=kept.outside, **kept.options)
    assert not found.unfired
    assert found.worlds > 20


@pytest.mark.parametrize("name", ["chain", "handled", "races"])
def test_the_engine_keeps_them_when_two_things_go_wrong(name):
    kept = ZOO[name]
    found = assert_resumable(kept.workflow, *kept.args, outside=kept.outside, depth=2, kinds=["crash"])
    assert not found.unfired


def test_every_point_is_reached_somewhere():
    reached = set()
    for kept in ZOO.values():
        for world in (World(), World(crash(before="finalize"))):
            reached |= simulate(kept.workflow, *kept.args, outside=kept.outside, world=world).reached
    assert reached == {(point, when) for point in Point for when in ("before", "after")}


@pytest.mark.parametrize("name", SABOTEURS)
def test_each_is_noticed_when_it_is_broken(name):
    with sabotage(name) as broken, pytest.raises(broken) as caught:
        assert_resumable(small, 3)
    assert type(caught.value) is SABOTEURS[name].law
    assert_resumable(small, 3, kinds=["crash"])  # it is gone with its block


def test_each_law_has_one_who_breaks_it():
    assert {saboteur.law for saboteur in SABOTEURS.values()} == set(LawBroken.__subclasses__()) & {
        saboteur.law for saboteur in SABOTEURS.values()
    }
    assert len(SABOTEURS) == len(LAWS) == 8


def test_a_saboteur_that_nobody_knows_is_refused():
    with pytest.raises(PolicyError, match="did you mean"), sabotage("no_fense"):
        pass


# -- effects ------------------------------------------------------------------------------------------------------------


@step
def notify(x: int) -> None:
    pass


@step
def notify_by_key(x: int) -> None:
    current().idempotency_key


@step
def charge(x: int) -> int:
    return x


def of(one):
    @workflow
    def body(n: int) -> int:
        one(n)
        return square(n)

    return body


def test_an_effect_that_may_happen_twice_is_found():
    with pytest.raises(OneEffectPerKey, match="`notify` was done 2 times") as caught:
        assert_resumable(of(notify), 1)
    assert caught.value.run.world == World(crash("notify", before="record"))


def test_what_asks_for_its_key_may_happen_twice():
    assert_resumable(of(notify_by_key), 1)


def test_what_says_that_it_may_happen_twice_may():
    assert_resumable(of(notify.with_options(idempotent=True)), 1)


def test_what_fails_is_not_done():
    """It is tried again, and nothing says that it has done anything."""

    @step(retries=2)
    def flaky(x: int) -> None:
        if current().attempt == 1:
            raise ValueError("not yet")

    assert simulate(of(flaky), 1).check() is None


def test_a_step_that_gives_something_is_held_to_it_on_request():
    @workflow
    def body(n: int) -> int:
        return charge(n)

    assert_resumable(body, 1)
    with pytest.raises(OneEffectPerKey, match="`charge` was done 2 times"):
        assert_resumable(body, 1, once=[charge])


# -- what is said of a broken one ---------------------------------------------------------------------------------------


def test_a_broken_law_tells_the_whole_story():
    with pytest.raises(OneEffectPerKey) as caught:
        assert_resumable(of(notify), 1)
    twice = "`idempotent=True` if it may happen twice, `compensate=` if it is undone"
    assert str(caught.value).splitlines() == [
        "`notify` was done 2 times, and didn't ask for its key: the run was taken over 1 time",
        "  world=World(crash('notify', before='record'))",
        "",
        "  1. notify   attempt 1   effect #1, no idempotency key   <- the process dies here",
        "  2. engine 2 takes over (generation 2)",
        "  3. notify   attempt 1   effect #2, no idempotency key   recorded",
        "  4. square   attempt 1   recorded",
        "  5. the run has succeeded",
        "",
        "  law   an effect happens once, where whoever it is done to goes by its idempotency key",
        f"  help  give `current().idempotency_key` to whoever it is done to, or declare what is true: {twice}",
        "  pin   simulate(body, ..., world=World(crash('notify', before='record'))).check()",
    ]


def test_a_world_that_broke_one_breaks_it_again():
    """What stands behind `pin` is a test to keep."""
    with pytest.raises(OneEffectPerKey):
        simulate(of(notify), 1, world=World(crash("notify", before="record"))).check()


# -- laws of one's own --------------------------------------------------------------------------------------------------


def never_dawdles(run):
    assert run.clock.elapsed < 100, "too slow"


@workflow
def dawdling(n: int) -> int:
    sleep("1h")
    return square(n)


def test_a_law_of_ones_own_holds_for_one_test():
    with pytest.raises(AssertionError, match="too slow") as caught:
        simulate(dawdling, 1).check(never_dawdles)
    assert "the run has succeeded" in caught.value.__notes__[0]
    with pytest.raises(AssertionError, match="too slow"):
        assert_resumable(dawdling, 1, laws=[never_dawdles])
    assert_resumable(dawdling, 1)


def test_a_law_of_ones_own_holds_for_all_from_here_on():
    try:
        assert law(never_dawdles) is never_dawdles
        with pytest.raises(AssertionError, match="too slow"):
            simulate(dawdling, 1).check()
    finally:
        LAWS.remove(never_dawdles)


def test_what_a_stale_process_does_is_no_second_run_of_it():
    """It can't know yet that it has lost the run; that it can write nothing is what counts."""
    run = simulate(small, 3, world=World(pause("square#2", before="effect")))
    assert run.executions("square#2") == 2
    assert [effect.by_owner for effect in run.effects.of("square#2")] == [True, False]
    run.check()
