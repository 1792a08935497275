"""Folders for stores."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path(tmp_path):
    """A folder in memory, where there is such a place: what syncs to a disk takes most of its time for that."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="flowkit-", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)
