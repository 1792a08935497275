"""All stores do what the protocol says."""

import itertools

import pytest

from flowkit.stores.memory import MemoryStore
from flowkit.stores.sqlite import SqliteStore
from flowkit.testing.conformance.committing import CommittingSentences
from flowkit.testing.conformance.living import LivingSentences
from flowkit.testing.conformance.machine import DrivenSentences
from flowkit.testing.conformance.processes import ProcessSentences
from flowkit.testing.conformance.valuing import ValuingSentences
from flowkit.testing.stores import StoreConformance


class TestMemoryStore(StoreConformance):
    def make_store(self, clock):
        return MemoryStore(clock=clock, time=clock.time)


class TestSqliteStore(StoreConformance):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path):
        self.paths = (tmp_path / f"runs{number}.db" for number in itertools.count())

    def make_store(self, clock):
        return SqliteStore(next(self.paths), clock=clock, time=clock.time)

    def reopen(self, store, clock):
        return SqliteStore(store.path, clock=clock, time=clock.time)

    def process_url(self, store):
        return store.url


class TestSqliteStoreWithFiles(
    LivingSentences, CommittingSentences, ValuingSentences, ProcessSentences, DrivenSentences
):
    """Nearly every value is in a file of its own."""

    folder, reopen, process_url = TestSqliteStore.folder, TestSqliteStore.reopen, TestSqliteStore.process_url

    def make_store(self, clock):
        return SqliteStore(next(self.paths), clock=clock, time=clock.time, synchronous="normal", blob_threshold=3)
