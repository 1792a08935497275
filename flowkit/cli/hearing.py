"""What happens in a run and what somebody types meanwhile, as one stream: the main thread waits for both at once."""

from __future__ import annotations

import contextlib
import sys
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flowkit.engine.driver import LOOK_UP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowkit.engine.events import Event

__all__ = ["NO_MORE_LINES", "End", "Happening", "can_ask", "forget_typed", "happenings"]


class End:
    """Nothing more is to come: of events, or of what is typed."""


_NO_MORE_EVENTS: Final = End()
NO_MORE_LINES: Final = End()

Happening: TypeAlias = "Event | str | End"
"""A text is a line that was typed."""


def can_ask() -> bool:
    """Whether somebody can be asked: what is typed comes from a terminal, and what is asked gets to one."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def happenings(events: Iterator[Event], is_asking: Callable[[], bool]) -> Iterator[Happening]:
    """The events; and from the first question on what is typed, too, in the order in which they come."""
    for event in events:
        yield event
        if is_asking():
            break
    else:
        return
    inbox: SimpleQueue[Happening] = SimpleQueue()

    def follow() -> None:
        for event in events:
            inbox.put(event)
        inbox.put(_NO_MORE_EVENTS)

    # Neither can be woken while it waits, so neither may keep the program from ending.
    threading.Thread(target=follow, name="flowkit events", daemon=True).start()
    threading.Thread(target=_listen, args=(inbox.put,), name="flowkit lines", daemon=True).start()
    while (one := _next(inbox)) is not _NO_MORE_EVENTS:
        yield one


def _next(inbox: SimpleQueue[Happening]) -> Happening:
    while True:  # a signal that comes just before a wait doesn't end it: Ctrl-C is looked for now and then
        with contextlib.suppress(Empty):
            return inbox.get(timeout=LOOK_UP)


def _listen(put: Callable[[Happening], None]) -> None:
    """Read lines until there are no more of them.

    Below the buffers of `sys.stdin`: a thread that waits there holds a lock that the end of the program asks for.
    """
    stream: Any = sys.stdin
    begun = b""
    while True:
        try:
            chunk = stream.buffer.raw.read(4_096)
        except OSError:  # the terminal is gone
            break
        if not chunk:
            break
        *lines, begun = (begun + chunk).split(b"\n")
        for line in lines:
            put(line.decode(stream.encoding, "replace"))
    put(NO_MORE_LINES)


def forget_typed() -> None:
    """Drop what was typed before there was a question: it can't have been meant for it."""
    try:
        import termios
    except ImportError:  # Windows
        return
    with contextlib.suppress(termios.error, OSError, ValueError):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
