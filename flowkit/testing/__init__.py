"""What is needed to test with flowkit, and to test parts of it that somebody else has written.

`simulating` runs a workflow in a world where processes die, `resuming` in every such world, `laws` has what holds in all
of them and `saboteurs` what breaks it. `stores` has tests for a store to pass, `faults` a store that fails, `files` a
disk that fails or loses power.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowkit.testing.clocks import VirtualClock as VirtualClock
    from flowkit.testing.faults import FaultyStore as FaultyStore
    from flowkit.testing.files import FaultyFiles as FaultyFiles
    from flowkit.testing.files import PowerCut as PowerCut
    from flowkit.testing.laws import AttemptsBounded as AttemptsBounded
    from flowkit.testing.laws import CompletedNeverReruns as CompletedNeverReruns
    from flowkit.testing.laws import Fenced as Fenced
    from flowkit.testing.laws import InputsMatch as InputsMatch
    from flowkit.testing.laws import LawBroken as LawBroken
    from flowkit.testing.laws import NoLostResult as NoLostResult
    from flowkit.testing.laws import OneEffectPerKey as OneEffectPerKey
    from flowkit.testing.laws import OrderKept as OrderKept
    from flowkit.testing.laws import RecordedOnce as RecordedOnce
    from flowkit.testing.laws import law as law
    from flowkit.testing.outside import Effect as Effect
    from flowkit.testing.outside import Effects as Effects
    from flowkit.testing.outside import approve as approve
    from flowkit.testing.outside import reject as reject
    from flowkit.testing.outside import send as send
    from flowkit.testing.resuming import NeverEnds as NeverEnds
    from flowkit.testing.resuming import Resumable as Resumable
    from flowkit.testing.resuming import SameEverywhere as SameEverywhere
    from flowkit.testing.resuming import assert_resumable as assert_resumable
    from flowkit.testing.saboteurs import SABOTEURS as SABOTEURS
    from flowkit.testing.saboteurs import sabotage as sabotage
    from flowkit.testing.simulated import SimulatedRun as SimulatedRun
    from flowkit.testing.simulating import simulate as simulate
    from flowkit.testing.stores import StoreClock as StoreClock
    from flowkit.testing.stores import StoreConformance as StoreConformance
    from flowkit.testing.worlds import World as World
    from flowkit.testing.worlds import crash as crash
    from flowkit.testing.worlds import pause as pause

# So that what fails shows what it compared. Who only works for a test, as another process, has no use for pytest.
if "pytest" in sys.modules:
    sys.modules["pytest"].register_assert_rewrite("flowkit.testing.conformance")

__all__ = [
    "AttemptsBounded",
    "CompletedNeverReruns",
    "Effect",
    "Effects",
    "FaultyFiles",
    "FaultyStore",
    "Fenced",
    "InputsMatch",
    "LawBroken",
    "NeverEnds",
    "NoLostResult",
    "OneEffectPerKey",
    "OrderKept",
    "PowerCut",
    "RecordedOnce",
    "Resumable",
    "SABOTEURS",
    "SameEverywhere",
    "SimulatedRun",
    "StoreClock",
    "StoreConformance",
    "VirtualClock",
    "World",
    "approve",
    "assert_resumable",
    "crash",
    "law",
    "pause",
    "reject",
    "sabotage",
    "send",
    "simulate",
]

# Each of them brings something along that the others don't need: pytest and hypothesis, or APSW.
_LATE = {
    "AttemptsBounded": "laws",
    "CompletedNeverReruns": "laws",
    "Effect": "outside",
    "Effects": "outside",
    "FaultyFiles": "files",
    "FaultyStore": "faults",
    "Fenced": "laws",
    "InputsMatch": "laws",
    "LawBroken": "laws",
    "NeverEnds": "resuming",
    "NoLostResult": "laws",
    "OneEffectPerKey": "laws",
    "OrderKept": "laws",
    "PowerCut": "files",
    "RecordedOnce": "laws",
    "Resumable": "resuming",
    "SABOTEURS": "saboteurs",
    "SameEverywhere": "resuming",
    "SimulatedRun": "simulated",
    "StoreClock": "stores",
    "StoreConformance": "stores",
    "VirtualClock": "clocks",
    "World": "worlds",
    "approve": "outside",
    "assert_resumable": "resuming",
    "crash": "worlds",
    "law": "laws",
    "pause": "worlds",
    "reject": "outside",
    "sabotage": "saboteurs",
    "send": "outside",
    "simulate": "simulating",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
