"""Sources are parsed by whoever needs them, in any thread."""

import ast
import gc
import threading
import time
from pathlib import Path

from flowkit.diagnostics import narrowing
from flowkit.diagnostics.narrowing import parsed

SOURCE = Path(narrowing.__file__).read_text()


def failures(parse):
    """What several threads run into that parse something at once, while others get their turn in the middle of it."""
    found = []

    def parse_often():
        for _ in range(5):
            try:
                parse(SOURCE)
            except SystemError as error:
                found.append(error)

    def take_turns(phase, info):
        time.sleep(0)  # Python code that is run in the middle of it, as a finalizer is: another thread may go on

    threads = [threading.Thread(target=parse_often) for _ in range(6)]
    gc.callbacks.append(take_turns)
    before = gc.get_threshold()
    gc.set_threshold(50)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(take_turns)
    return found


def test_several_threads_may_parse_at_once():
    assert failures(parsed) == []


def test_somebody_else_may_parse_at_the_same_time(monkeypatch):
    """Who knows nothing of how it is done here: then it is done again."""
    parse, tries = ast.parse, []

    def fail_twice(source):
        tries.append(source)
        if len(tries) < 3:
            raise SystemError
        return parse(source)

    monkeypatch.setattr(narrowing.ast, "parse", fail_twice)
    assert isinstance(parsed("x = 1"), ast.Module)
    assert len(tries) == 3
