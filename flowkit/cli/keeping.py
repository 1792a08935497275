"""Where runs are kept: which store the options mean, the engine that keeps what is run, and runs by their ids."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from flowkit.cli.failures import told
from flowkit.cli.terminal import errors, note, problem, refuse
from flowkit.cli.words import counted
from flowkit.diagnostics import near
from flowkit.errors import PolicyError, StoreError
from flowkit.runner import AT_EXIT, Engine, chosen_engine, engine_of_process
from flowkit.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Generator

    from flowkit.cli.targets import Named
    from flowkit.engine.kept import KeptRun
    from flowkit.engine.ports import Store

__all__ = ["Where", "engine_of", "find_run", "is_there", "kept_in", "shown_place", "tell_lost", "where"]

FOLDER: Final = ".flowkit"
_FILE: Final = "runs.db"
_DEFAULT: Final = f"sqlite:///{FOLDER}/{_FILE}"
_SHORTEST: Final = 4
"""So many characters of an id may stand for it."""
_LISTED: Final = 10
_LOOKED_AT: Final = 1_000
_ELSEWHERE: Final = "runs are kept in the folder where they were started; `--store URL` names another store"


class Where(NamedTuple):
    """Where runs are to be kept."""

    url: str | None
    """None for nowhere."""
    said: str
    """Who said so: an option, the environment, or nobody."""

    @property
    def is_default(self) -> bool:
        """Whether nobody has named a store."""
        return not self.said and self.url is not None


def where(store: str | None, no_store: bool = False) -> Where:
    """What the options mean, and `FLOWKIT_STORE`. Raises `Refused` for options that contradict each other."""
    if no_store:
        if store is not None:
            refuse("`--store` and `--no-store` say the opposite of each other", "leave one of them out")
        return Where(None, "`--no-store`")
    if store is not None:
        return Where(store, "`--store`")
    if named := os.environ.get("FLOWKIT_STORE"):
        return Where(named, "FLOWKIT_STORE")
    return Where(_DEFAULT, "")


# -- running ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def engine_of(workflow: Named, meant: Where) -> Generator[Engine]:
    """The engine that runs a workflow: the one its module has chosen, or one of ours, for the length of a block.

    Either keeps its runs where that is meant. Raises `Refused` where the store can't be used, and where the module's
    engine keeps them elsewhere.
    """
    chosen = chosen_engine()
    if chosen is not None:
        _agree(chosen, workflow, meant)
        yield chosen
        return
    engine, drain = _made(meant), 0.0
    try:
        with engine_of_process(engine):
            yield engine
        drain = AT_EXIT  # what was started and not waited for gets the time that it gets at the end of any program
    finally:
        _close(engine, drain)


def _close(engine: Engine, drain: float) -> None:
    """Shut an engine down. What goes wrong then is told, and changes nothing about what the run came to."""
    try:
        left = engine.shutdown(drain)
    except Exception as error:  # noqa: BLE001 - closing what steps had open is anybody's code
        problem("what steps had open couldn't be closed")
        errors().print(told(error))
        return
    if left:
        note(f"{counted(len(left), 'run')} didn't end in time: {', '.join(f'`{one}`' for one in left)}")


def _made(meant: Where) -> Engine:
    if meant.url is None:
        with _without_environment():
            return Engine()
    store = _opened(meant)
    try:
        engine = Engine(store=store, recover=False)
    except BaseException:
        store.close()
        raise
    engine._owns_store = True
    return engine


@contextlib.contextmanager
def _without_environment() -> Generator[None]:
    """Without the store that the environment names, which an engine would take that is given none."""
    named = os.environ.pop("FLOWKIT_STORE", None)
    try:
        yield
    finally:
        if named is not None:
            os.environ["FLOWKIT_STORE"] = named


def _agree(engine: Engine, workflow: Named, meant: Where) -> None:
    """Have an engine that keeps nothing keep its runs where that is meant."""
    module = workflow.spec.target.__module__
    if engine.store is not None:
        if not meant.said.startswith("`") or _is_at(engine.store, meant.url):
            return  # its own store is nearer than the environment
        refuse(
            f"`{module}` sets up an engine that keeps its runs in {engine.store.url}, so {meant.said} can't be heeded",
            f"leave {meant.said} out, or the store of that engine",
        )
    if meant.url is not None:
        engine._keep_in(_opened(meant), recovers=False)
        engine._owns_store = True


def _is_at(store: Store, url: str | None) -> bool:
    """Whether this is the store at a URL, which may be written in another way."""
    if url is None:
        return False
    with contextlib.suppress(PolicyError, StoreError):
        other = open_store(url, make=False)
        other.close()
        return other.url == store.url
    return False


def _opened(meant: Where, *, make: bool = True) -> Store:
    assert meant.url is not None
    if meant.is_default and make:
        _make_folder()
    try:
        return open_store(meant.url, make=make)
    except (PolicyError, StoreError) as error:
        keep = "`--store URL` keeps them elsewhere, `--no-store` keeps none" if make else ""
        refuse(
            f"runs can't be kept: {error}" if make else str(error),
            "FLOWKIT_STORE says so" if meant.said == "FLOWKIT_STORE" else "",
            keep,
        )


def _make_folder() -> None:
    """The folder of the store that nobody has named. What is in it is nobody else's, and no part of the sources."""
    folder = Path(FOLDER)
    try:
        if folder.is_dir():
            return
        folder.mkdir(mode=0o700)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except FileExistsError:
        if not folder.is_dir():
            refuse(
                f"runs can't be kept: `{FOLDER}` is no folder here",
                "`--store URL` keeps them elsewhere, `--no-store` keeps none",
            )
    except OSError as error:
        refuse(
            f"runs can't be kept: the folder `{FOLDER}` can't be made: {error.strerror}",
            "`--store URL` keeps them elsewhere, `--no-store` keeps none",
        )


def shown_place(store: Store) -> str:
    """Where a store is, for people: without passwords, and as short as it may be."""
    path = getattr(store, "path", None)
    if isinstance(path, str):
        with contextlib.suppress(ValueError):
            return f"`{Path(path).relative_to(Path.cwd().resolve())}`"
    return f"`{store.url}`"


def tell_lost(store: Store) -> None:
    """Say how many runs nobody is at any more, if there are any."""
    count = store.runs(status=["lost"], limit=1).counts.get("lost", 0)
    if count:
        whose = "its process has died" if count == 1 else "their processes have died"
        note(
            f"{counted(count, 'run')} here {'is' if count == 1 else 'are'} lost: {whose}",
            "`flowkit runs --status lost` lists them, `flowkit resume RUN` goes on with one",
        )


# -- looking ------------------------------------------------------------------------------------------------------------


def is_there(store: str | None) -> bool:
    """Whether somebody has named a store, or there is one here."""
    return not where(store).is_default or Path(FOLDER, _FILE).is_file()


@contextlib.contextmanager
def kept_in(store: str | None) -> Generator[Engine]:
    """An engine that looks at a store, and takes nothing up. Raises `Refused` where there is none: none is made."""
    meant = where(store)
    if meant.is_default and not Path(FOLDER, _FILE).is_file():
        refuse(f"there is no store here: `{FOLDER}/{_FILE}` is missing", _ELSEWHERE, _above())
    opened = _opened(meant, make=False)
    engine = Engine(store=opened, recover=False, tracing=False)
    try:
        yield engine
    finally:
        engine.shutdown()
        opened.close()


def _above() -> str:
    here = Path.cwd()
    for folder in here.parents:
        with contextlib.suppress(OSError):
            if (folder / FOLDER / _FILE).is_file():
                return f"there is one in `{folder}`"
    return ""


def find_run(store: Store, given: str) -> KeptRun:
    """The run of this id, or of the one id that begins with it. Raises `Refused`."""
    try:
        run = store.run(given)
    except StoreError as error:
        refuse(str(error))
    if run is not None:
        return run
    page = None
    if len(given) >= _SHORTEST:
        # Runs that steps have started have ids that begin with the id of their run.
        page = store.runs(prefix=given, parent="", limit=_LISTED)
        page = page if page.runs else store.runs(prefix=given, limit=_LISTED)
    if page is None or not page.runs:
        short = f"an id may be cut to {_SHORTEST} characters or more" if page is None else ""
        refuse(f"there is no run `{given}` in {shown_place(store)}", _near(store, given), short, _SEE)
    if len(page.runs) > 1:
        count = sum(page.counts.values())
        known = [f"`{one.run_id}`, a run of `{one.workflow}`" for one in page.runs]
        more = [f"and {count - len(page.runs):,} more"] if count > len(page.runs) else []
        refuse(f"`{given}` is how the ids of {count:,} runs begin", *known, *more)
    return page.runs[0]


_SEE: Final = "`flowkit runs` lists them"


def _near(store: Store, given: str) -> str:
    """What may have been meant: ids are compared as far as was written."""
    runs = [one.run_id for one in store.runs(limit=_LOOKED_AT).runs]
    known = {one[: len(given)]: one for one in runs} | {one: one for one in runs}
    found = [f"`{known[one]}`" for one in near(given, known)]
    return f"did you mean {' or '.join(dict.fromkeys(found))}?" if found else ""
