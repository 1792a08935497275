"""Whether a store does what the engine relies on: a class of tests to subclass."""

from __future__ import annotations

from flowkit.testing.conformance.claiming import ClaimingSentences
from flowkit.testing.conformance.committing import CommittingSentences
from flowkit.testing.conformance.fencing import FencingSentences
from flowkit.testing.conformance.ground import StoreClock
from flowkit.testing.conformance.listing import ListingSentences
from flowkit.testing.conformance.living import LivingSentences
from flowkit.testing.conformance.machine import DrivenSentences
from flowkit.testing.conformance.owning import OwningSentences
from flowkit.testing.conformance.posting import PostingSentences
from flowkit.testing.conformance.processes import ProcessSentences
from flowkit.testing.conformance.sharing import SharingSentences
from flowkit.testing.conformance.valuing import ValuingSentences

__all__ = ["StoreClock", "StoreConformance"]


class StoreConformance(
    OwningSentences,
    LivingSentences,
    ClaimingSentences,
    CommittingSentences,
    FencingSentences,
    PostingSentences,
    ListingSentences,
    ValuingSentences,
    SharingSentences,
    ProcessSentences,
    DrivenSentences,
):
    """Tests of every sentence of the `Store` protocol, for pytest.

    A subclass says how to make a store, which begins empty and takes its time from the clock that is given:

        class TestMyStore(StoreConformance):
            def make_store(self, clock):
                return MyStore(clock=clock, time=clock.time)

    `reopen` and `process_url` add the tests of several objects, and of several processes, for one place.
    """
