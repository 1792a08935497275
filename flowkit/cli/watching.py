"""What somebody sees of a run while it goes on, and what a signal to the process means for it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from flowkit.cli.asking import say_open
from flowkit.cli.progress import Progress, Words
from flowkit.cli.terminal import errors, is_watched
from flowkit.engine.durable import Durable
from flowkit.engine.events import GateOpened, SignalSet, StepEvent, StepLog, StepProgress
from flowkit.engine.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from rich.live import Live

    from flowkit.engine.events import Event
    from flowkit.engine.run import Run
    from flowkit.runner import Engine

__all__ = ["INLINE", "Past", "Shown", "Terminated", "overheard", "until_terminated"]

_ENDING: Final = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_HEARD: Final = 10_000
"""Words of steps that may wait to be shown; of more than that, the newest are."""
INLINE: Final = "its engine is inline, so the thread that could hand something in is the one that runs it"


class Shown:
    """The picture of a run, while somebody looks: gone while it pauses, and one line at the end."""

    def __init__(self, run: Run[Any], label: str, words: Words | None) -> None:
        self._console = errors()
        watched = words is not None
        self._progress = Progress(run.graph, label, self._console, run.id, words) if watched else None
        self._live: Live | None = None

    def tell(self, event: Event) -> None:
        """Take note of an event."""
        if self._progress is not None:
            self._progress.tell(event)

    def pause(self) -> None:
        """Take the picture away."""
        live, self._live = self._live, None
        if live is not None:
            # One that Ctrl-C hit while it was begun may not have all that it is to take away.
            with contextlib.suppress(Exception):
                live.stop()

    def resume(self) -> None:
        """Draw it again, below what was written meanwhile: each picture knows only where it began itself."""
        if self._progress is None or self._live is not None:
            return
        from rich.live import Live

        picture = self._progress.picture
        self._live = Live(console=self._console, get_renderable=picture, refresh_per_second=8, transient=True)
        self._live.start(refresh=True)

    def __enter__(self) -> None:
        self.resume()

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self.pause()
        if self._progress is not None and error is None:
            self._console.print(self._progress.summary())


class Past:
    """What happened in a run before this process came to it: of that, only what is still waited for is news."""

    def __init__(self, run: Run[Any]) -> None:
        driver = run._driver
        self._run = run
        self._open: dict[str, Event] = {}
        self._found = driver.found if isinstance(driver, Durable) else 0
        if isinstance(driver, Watched):
            driver.read_events()
            self._found = driver.events[-1].number if driver.events else 0

    def told(self, event: Event) -> Sequence[Event]:
        """What there is to be told when this event comes."""
        if event.number > self._found:
            return [event]
        if isinstance(event, (GateOpened, SignalSet)):
            self._open[event.key] = event
        elif isinstance(event, StepEvent):
            self._open.pop(event.key, None)
        if event.number < self._found:
            return ()
        undecided = {gate.key for gate in self._run.gates}  # for others it is said already what was decided
        return [one for key, one in self._open.items() if isinstance(one, SignalSet) or key in undecided]


@contextlib.contextmanager
def overheard(engine: Engine) -> Generator[Words | None]:
    """Keep what steps tell of themselves, if somebody looks: no run keeps it, so only who listens meanwhile hears it.

    Whatever engine the workflow's own module chose, this stands among its observers for as long as the run is shown.
    """
    services = engine._services
    words: Words | None = deque(maxlen=_HEARD) if is_watched() else None
    if words is None and not services.inline:
        yield None
        return

    def overhear(event: Event) -> None:
        if isinstance(event, (StepLog, StepProgress)):
            if words is not None:
                words.append(event)
        elif services.inline and isinstance(event, (GateOpened, SignalSet)):
            say_open(event, f"only its timeout ends that, or Ctrl-C: {INLINE}")

    services.observers = [*services.observers, overhear]
    try:
        yield words
    finally:
        services.observers = [one for one in services.observers if one is not overhear]


class Terminated(BaseException):
    """Somebody asked the process to end, by this signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def until_terminated(*, is_kept: bool) -> Generator[None]:
    """Have signals that end programs be raised here where a run is kept: it can be left, and gone on with at once.

    Without that, its lease has to be over before anybody may have it.
    """
    heeded = []
    if is_kept and threading.current_thread() is threading.main_thread():
        heeded = [one for one in _ENDING if signal.getsignal(one) is signal.SIG_DFL]

    def leave(number: int, _frame: Any) -> None:
        raise Terminated(number)

    for one in heeded:
        signal.signal(one, leave)
    try:
        yield
    finally:
        for one in heeded:
            signal.signal(one, signal.SIG_DFL)
