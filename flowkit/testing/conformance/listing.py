"""Asking for many runs: pages of them, and those that are adrift."""

from __future__ import annotations

from typing import Any

import pytest

from flowkit.engine.kept import Claim, Commit, Page, RunChange
from flowkit.engine.ports import Store
from flowkit.errors import StoreError
from flowkit.testing.conformance.ground import Ground, StoreClock, begun, commit, ended, failed, node

__all__ = ["ListingSentences"]


def ids(page: Page) -> list[str]:
    return [run.run_id for run in page.runs]


def pages(store: Store, limit: int, **filters: Any) -> list[list[str]]:
    """All pages, one after the other."""
    found = [store.runs(limit=limit, **filters)]
    while found[-1].after is not None:
        assert len(found) < 1000
        found.append(store.runs(limit=limit, after=found[-1].after, **filters))
    assert all(page.counts == found[0].counts for page in found)
    assert sum(found[0].counts.values()) == sum(len(page.runs) for page in found)
    return [ids(page) for page in found]


def some(store: Store) -> None:
    """A few runs of each status, of two workflows; `lost` ones too."""
    for number, status in enumerate(("succeeded", "failed", "cancelled", "succeeded")):
        ended(store, f"{status}{number}", status, at=100.0 + number, created=float(number))
    begun(store, "running4", created=4.0, workflow="shop:refund")
    begun(store, "lost5", "dead", created=5.0)
    commit(store, Commit(begun(store, "waiting6", created=6.0), run=RunChange("waiting", 7.0)))
    commit(store, Commit(begun(store, "waiting7", created=7.0), run=RunChange("waiting", 7.0), release=True))
    lost = begun(store, "lost8", "nobody heard of", created=8.0, workflow="shop:refund")
    commit(store, Commit(lost, run=RunChange("waiting", 9.0)))
    begun(store, "child9", created=9.0, parent="running4")


class ListingSentences(Ground):
    """What `runs` and `adrift` promise."""

    def test_no_runs_are_an_empty_page(self, store: Store) -> None:
        assert store.runs() == Page([], None, {})
        assert not store.adrift()

    def test_a_page_has_runs_as_they_are_kept(self, store: Store) -> None:
        some(store)
        runs = store.runs().runs
        assert len(runs) == 10
        assert all(run == store.run(run.run_id) for run in runs)

    def test_the_newest_come_first(self, store: Store) -> None:
        for run_id, created in (("b", 2.0), ("z", 1.0), ("a", 2.0), ("c", 3.0), ("é", 2.0), ("Z", 2.0)):
            begun(store, run_id, created=created)
        assert ids(store.runs()) == ["c", "é", "b", "a", "Z", "z"]

    @pytest.mark.parametrize("limit", [1, 2, 3, 9, 10, 11])
    def test_pages_have_every_run_once(self, store: Store, limit: int) -> None:
        some(store)
        found = pages(store, limit)
        assert [run_id for page in found for run_id in page] == ids(store.runs())
        assert all(len(page) == limit for page in found[:-1])
        assert 0 < len(found[-1]) <= limit

    def test_runs_of_one_age_are_on_one_page_each(self, store: Store) -> None:
        names = ["a", "a\0", "a%", "A", "á", "b", "ab"]
        for name in names:
            begun(store, name)
        assert [run_id for [run_id] in pages(store, 1)] == sorted(names, reverse=True)

    def test_pages_stand_still_while_runs_come_and_go(self, store: Store) -> None:
        for number in range(10):
            ended(store, f"run{number}", created=float(number))
        page = store.runs(limit=3)
        seen = ids(page)
        begun(store, "newer", created=99.0)
        store.delete(["run8", "run5", "run6"])
        begun(store, "older", created=3.5)
        while page.after is not None:
            page = store.runs(limit=3, after=page.after)
            seen += ids(page)
        assert len(seen) == len(set(seen))
        assert set(seen) >= {f"run{number}" for number in (9, 8, 7, 4, 3, 2, 1, 0)}
        assert "newer" not in seen

    def test_a_page_goes_on_behind_a_run_that_was_deleted(self, store: Store) -> None:
        for number in range(4):
            ended(store, f"run{number}", created=float(number))
        page = store.runs(limit=2)
        store.delete(["run2"])
        assert ids(store.runs(after=page.after)) == ["run1", "run0"]

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"status": ["succeeded"]}, ["succeeded3", "succeeded0"]),
            ({"status": ["failed", "cancelled"]}, ["cancelled2", "failed1"]),
            ({"status": ["failed", "failed"]}, ["failed1"]),
            ({"status": ["running"]}, ["child9", "running4"]),
            ({"status": ["waiting"]}, ["waiting7", "waiting6"]),
            ({"status": ["lost"]}, ["lost8", "lost5"]),
            ({"status": ["lost", "running"]}, ["child9", "lost8", "lost5", "running4"]),
            ({"status": ["no such"]}, []),
            ({"workflow": "shop:refund"}, ["lost8", "running4"]),
            ({"workflow": "shop:refund", "status": ["waiting"]}, []),
            ({"workflow": "shop:refund", "status": ["lost"]}, ["lost8"]),
            ({"workflow": "shop"}, []),
            ({"parent": "running4"}, ["child9"]),
            ({"parent": "", "status": ["running"]}, ["running4"]),
            ({"parent": "nobody"}, []),
            ({"created_before": 2.0}, ["failed1", "succeeded0"]),
            ({"created_before": 0.0}, []),
            ({"ended_before": 101.0}, ["succeeded0"]),
            ({"ended_before": 102.5}, ["cancelled2", "failed1", "succeeded0"]),
            ({"ended_before": 102.5, "status": ["failed"]}, ["failed1"]),
            ({"ended_before": 102.5, "created_before": 1.0}, ["succeeded0"]),
            ({"prefix": "lost"}, ["lost8", "lost5"]),
            ({"prefix": "lost8"}, ["lost8"]),
            ({"prefix": "lost8", "status": ["running"]}, []),
            ({"prefix": "ost"}, []),
        ],
        ids=str,
    )
    def test_runs_are_all_that_is_asked(self, store: Store, filters: dict[str, Any], expected: list[str]) -> None:
        some(store)
        assert ids(store.runs(**filters)) == expected
        assert [run_id for page in pages(store, 1, **filters) for run_id in page] == expected

    def test_an_end_in_the_future_is_before_everything(self, store: Store, clock: StoreClock) -> None:
        ended(store, "past", at=clock.date - 100)
        ended(store, "now", at=clock.date)
        ended(store, "tomorrow", at=clock.date + 86_400, created=11.0)
        begun(store, "runs")
        assert ids(store.runs(ended_before=clock.date - 50)) == ["tomorrow", "past"]
        assert ids(store.runs(ended_before=clock.date - 200)) == ["tomorrow"]
        clock.date += 90_000
        assert ids(store.runs(ended_before=clock.date - 90_050)) == ["past"]

    def test_counts_are_of_all_that_is_meant(self, store: Store) -> None:
        some(store)
        counts = {"succeeded": 2, "failed": 1, "cancelled": 1, "running": 2, "waiting": 2, "lost": 2}
        assert store.runs(limit=1).counts == counts
        assert store.runs(limit=1, after=store.runs(limit=3).after).counts == counts
        assert store.runs(workflow="shop:refund").counts == {"running": 1, "lost": 1}
        assert store.runs(status=["failed", "lost"]).counts == {"failed": 1, "lost": 2}
        assert store.runs(status=["no such"]).counts == {}

    def test_what_is_lost_follows_the_lease(self, store: Store, clock: StoreClock) -> None:
        begun(store)
        assert ids(store.runs(status=["lost"])) == []
        clock.advance(10_000)
        assert ids(store.runs(status=["lost"])) == ["run"]
        assert ids(store.runs(status=["running"])) == []
        store.claim("run", "other")
        store.renew("other", 5)
        assert ids(store.runs(status=["lost"])) == []

    @pytest.mark.parametrize("after", ["", "1", "run", "AAAA", "=", "🏃", "x" * 500, "AAAAAAAAAAAAAAAAAAAAAAAA"])
    def test_a_place_that_is_from_no_page_is_refused(self, store: Store, after: str) -> None:
        begun(store)
        with pytest.raises(StoreError, match="after"):
            store.runs(after=after)

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_page_has_room(self, store: Store, limit: int) -> None:
        with pytest.raises(StoreError, match="limit"):
            store.runs(limit=limit)

    @pytest.mark.parametrize("text", ["shop_order", "shop%", "shop:orde_", "SHOP:ORDER", "shop:order\0", "' OR 1=1 --"])
    def test_a_text_that_is_asked_for_stands_for_itself(self, store: Store, text: str) -> None:
        begun(store)
        begun(store, "child", parent="shop:order")
        begun(store, "shop:order")
        assert ids(store.runs(workflow=text)) == []
        assert ids(store.runs(prefix=text)) == []
        assert ids(store.runs(parent=text)) == []
        assert ids(store.runs(status=[text])) == []

    # -- adrift ---------------------------------------------------------------------------------------------------------

    def test_adrift_is_what_nobody_goes_on_with_the_oldest_first(self, store: Store) -> None:
        some(store)
        assert [run.run_id for run in store.adrift()] == ["lost5", "waiting7", "lost8"]
        assert [run.run_id for run in store.adrift(2)] == ["lost5", "waiting7"]
        assert not store.adrift(0)
        assert list(store.adrift()) == [store.run(run_id) for run_id in ("lost5", "waiting7", "lost8")]

    def test_adrift_goes_on_behind_a_run(self, store: Store) -> None:
        """Whether that is still adrift or not, or was never there."""
        some(store)
        places = [(run.created, run.run_id) for run in store.adrift()]
        assert [run.run_id for run in store.adrift(after=places[0])] == ["waiting7", "lost8"]
        assert [run.run_id for run in store.adrift(1, after=places[0])] == ["waiting7"]
        assert not store.adrift(after=places[2])
        assert [run.run_id for run in store.adrift(after=(places[1][0], ""))] == ["waiting7", "lost8"]
        assert [run.run_id for run in store.adrift(after=(-1.0, "z"))] == ["lost5", "waiting7", "lost8"]
        assert not store.adrift(stuck=True, after=places[0])

    def test_what_is_stuck_or_has_ended_isnt_adrift(self, store: Store) -> None:
        commit(store, Commit(begun(store, "a"), run=RunChange("running", 2.0, stuck="changed"), release=True))
        commit(store, Commit(begun(store, "b", "dead"), run=RunChange("running", 2.0, stuck="changed")))
        commit(store, Commit(begun(store, "c", "dead"), run=RunChange("failed", 2.0)))
        failed(store, "d")
        assert not store.adrift()
        assert [run.run_id for run in store.adrift(stuck=True)] == ["a", "b"]
        assert [run.run_id for run in store.adrift(1, stuck=True)] == ["a"]
        assert isinstance(store.claim("a", "me"), Claim)
        assert [run.run_id for run in store.adrift(stuck=True)] == ["b"]

    def test_what_never_had_a_lease_is_as_adrift_as_what_had_one(self, store: Store, clock: StoreClock) -> None:
        begun(store, "never", "nobody heard of", created=1.0)
        begun(store, "over", created=2.0)
        assert [run.run_id for run in store.adrift()] == ["never"]
        clock.advance(10_000)
        assert [run.run_id for run in store.adrift()] == ["never", "over"]
        clock.now = 0.0
        assert [run.run_id for run in store.adrift()] == ["never", "over"]
        store.retire("alive")
        assert [run.run_id for run in store.adrift()] == ["never", "over"]

    def test_what_was_claimed_isnt_adrift(self, store: Store) -> None:
        begun(store, "run", "dead", node("a"))
        store.claim("run", "alive")
        assert not store.adrift()
