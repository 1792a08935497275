"""What the tests of runs that survive share."""

import sys

import pytest


@pytest.fixture(autouse=True)
def shop_of_its_own():
    """Programs that are edited are all called `shop`: nobody else is to find one."""
    before = sys.modules.get("shop")
    yield
    sys.modules.pop("shop", None)
    if before is not None:
        sys.modules["shop"] = before
