"""How hard the properties are tried: HYPOTHESIS_PROFILE is `dev` (the default), `ci`, `few` or `nightly`."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# No deadlines: on a busy machine they measure the machine.
calm = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("calm", deadline=None, suppress_health_check=calm)
settings.register_profile("dev", settings.get_profile("calm"), max_examples=50)
settings.register_profile("ci", settings.get_profile("calm"), max_examples=100, derandomize=True, print_blob=True)
settings.register_profile("few", settings.get_profile("ci"), max_examples=25)
settings.register_profile("nightly", settings.get_profile("calm"), max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# Everything here runs with the engine's invariants checked as it goes.
os.environ.setdefault("FLOWKIT_INVARIANTS", "1")

# What a shell starts with `&` has Ctrl-C ignored, and hands that on to whatever it starts itself.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def unmeasured(monkeypatch):
    """Interpreters that are started aren't measured.

    Ctrl-C may hit one while coverage holds its lock, which it then never gives back.
    """
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
