"""Processes that are killed, wherever they are, over workflows of every shape: whoever goes on comes to the same.

FLOWKIT_KILLS says how many; with `-s` the figures are printed.
"""

from __future__ import annotations

import os

import pytest

from tests.durability.killing import Campaign, Crowd

KILLS = int(os.environ.get("FLOWKIT_KILLS", "20"))


@pytest.fixture
def campaign(tmp_path):
    made = []

    def make(**options):
        made.append(Campaign(tmp_path, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.covers("M81")
def test_runs_whose_processes_are_killed_come_to_what_they_would_have_come_to(campaign):
    """Result, effects, events, and no step again whose end was on record; none is left, and the file is whole."""
    killed = campaign(seed=KILLS)
    killed.run(KILLS)
    print(killed.figures)  # noqa: T201 - for who asks
    assert killed.wrong == {}
    assert killed.kills.total() >= KILLS


def test_others_take_over_what_processes_leave_that_are_killed(tmp_path):
    """Several at once want all the runs: who is killed is found out by the others, who do what there is left to do."""
    crowd = Crowd(tmp_path, seed=KILLS)
    try:
        crowd.run(max(3, KILLS // 5), runs=3 * KILLS)
        print(f"{crowd.kills} kills among several processes, {crowd.recoveries} runs taken over")  # noqa: T201
        assert crowd.wrong == []
        assert crowd.recoveries > 0
    finally:
        crowd.close()


# -- controls: what isn't promised any more is missed ---------------------------------------------------------------------


def test_what_is_told_before_it_is_on_record_is_found(campaign):
    """A process that is killed in between has told what nobody can know any more."""
    killed = campaign(seed=1, names=["effects", "chain"], sabotage="tell first")
    wrong = told_wrong(killed)
    assert any("was told, and wasn't on record" in line for line in wrong)


def test_steps_that_are_run_again_though_their_end_was_on_record_are_found(campaign):
    killed = campaign(seed=2, names=["effects", "chain"], sabotage="forget ends")
    wrong = told_wrong(killed)
    assert any("had ended, and was done again" in line for line in wrong)


def told_wrong(killed):
    """What a campaign finds, once it finds something: wherever a process happens to be when it is killed."""
    for _ in range(20):
        killed.run(1)
        if killed.wrong:
            break
    return [line for lines in killed.wrong.values() for line in lines]
