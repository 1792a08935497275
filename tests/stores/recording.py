"""Workflows whose runs were recorded by each version of the store's layout that there ever was, and how that is done.

`python -m tests.stores.recording tests/stores/recorded/version_2.sql`, once, before a version is released; from a place
whose name may be known, since errors have it. What is recorded stays as it is: it is what is in the files of those who
used that version. So do these workflows.
"""

import base64
import sys
import tempfile
import zlib
from datetime import date
from pathlib import Path
from typing import Any

import apsw
import attrs

from flowkit import Engine, Retry, Signal, current, gate, result_of, sleep, step, unmapped, workflow
from flowkit.stores.sqlite import SqliteStore

done: list[str] = []
broken = [True]
paid = Signal[int]("paid")


@attrs.frozen
class Order:
    item: str
    count: int
    day: date


def did(what: Any) -> None:
    done.append(f"{current().step}({what})")


@step(name="recorded:order")
def order(item: str, count: int) -> Order:
    did(item)
    return Order(item, count, date(2026, 3, 1))


@step(name="recorded:pack")
def pack(order: Order, box: int) -> int:
    did(box)
    if broken and box == 3:
        raise ConnectionError("no more boxes")
    return order.count * box


@step(name="recorded:unbook")
def unbook(_done: Any, order: Order) -> None:
    did(order.item)


@step(name="recorded:book", compensate=unbook)
def book(order: Order) -> str:
    did(order.item)
    return f"booked {order.item}"


@step(name="recorded:send", retries=Retry(3, backoff=["1h"], jitter="none"))
def send(text: str) -> str:
    did(text)
    if broken:
        raise ConnectionError("the line is down")
    return f"sent {text}"


@step(name="recorded:print")
def print_out(text: str) -> str:
    did(len(text))
    return text * 4_000


@step(name="recorded:sum")
def total(boxes: list[int]) -> int:
    did(boxes)
    return sum(boxes)


@step(name="recorded:say")
def say(text: str, number: Any) -> str:
    did(number)
    return f"{text}: {number}"


@step(name="recorded:measure")
def measure(text: str) -> int:
    did(len(text))
    return len(text)


@step(name="recorded:outsource")
def outsource(item: str) -> str:
    did(item)
    return part(item)


@workflow(name="recorded:part")
def part(item: str) -> str:
    return say(item, measure(item))


@workflow(name="recorded:asked")
def asked(item: str) -> str:
    text = print_out(item)
    decision = gate(f"order {item}?", options=["now", "later"], name="ask")
    return say(decision.choice, measure(text))


@workflow(name="recorded:signalled")
def signalled(item: str) -> str:
    made = book(order(item, 2))
    return say(made, paid.wait())


@workflow(name="recorded:mapped")
def mapped(item: str) -> str:
    return say(item, total(pack.map(unmapped(order(item, 2)), [1, 2, 3])))


@workflow(name="recorded:failed")
def failed(item: str) -> str:
    made = order(item, 1)
    return say(book(made), pack(made, 3))


@workflow(name="recorded:retried")
def retried(item: str) -> str:
    return say(item, send(item))


@workflow(name="recorded:called")
def called(item: str) -> str:
    text = outsource(item)
    return say(part(text), paid.wait())


@workflow(name="recorded:asking")
def asking(item: str) -> str:
    if result_of(measure(item)) > 2:
        return say(item, paid.wait())
    return item


@workflow(name="recorded:slept")
def slept(item: str) -> str:
    text = outsource(item)
    sleep("1h")
    return say(text, "slept")


FLOWS = (asked, signalled, mapped, failed, retried, called, asking, slept)


# -- how that is done -------------------------------------------------------------------------------------------------------


def record(path: Path) -> None:
    """Leave runs of all of them in a file: waiting, failed, being retried, and one whose process has died."""
    store = SqliteStore(path, blob_threshold=2_000)
    with Engine(store=store, recover=False) as engine:
        for flow in FLOWS:
            run = flow.with_options(run_id=flow.spec.label).start("tea")
            for event in run.events():
                if event.kind in UNTIL[flow.spec.label]:
                    break
        run = asked.with_options(run_id="lost").start("rum")
        for event in run.events():
            if event.kind == "gate_opened":
                break
        asked.with_options(run_id="ended").start("gin").cancel("enough")
        engine.run("ended").wait()
        text = dumped(path)  # as it is when somebody pulls the plug
    store.close()
    path.with_suffix(".sql").write_text(text, encoding="utf-8")


UNTIL = {
    "asked": {"gate_opened"},
    "signalled": {"signal_set"},
    "mapped": {"run_failed"},
    "failed": {"run_failed"},
    "retried": {"step_retrying"},
    "called": {"signal_set"},
    "asking": {"signal_set"},
    "slept": {"timer_set"},
}


def dumped(path: Path) -> str:
    """All that is in a file, and in those beside it, as text."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    lines = [f"PRAGMA {name} = {db.pragma(name)};" for name in ("application_id", "user_version")]
    lines += [
        sql + ";"
        for (sql,) in db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'")
    ]
    for (table,) in list(db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")):
        for row in db.execute(f'SELECT * FROM "{table}"'):
            lines.append(f'INSERT INTO "{table}" VALUES ({", ".join(map(apsw.format_sql_value, row))});')
    db.close()
    folder = Path(f"{path}.blobs")
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if file.is_file():
            text = base64.b64encode(zlib.compress(file.read_bytes(), 9)).decode()
            lines.append(f"-- file {file.relative_to(folder).as_posix()} {text}")
    return "\n".join([*lines, ""])


def put_back(text: str, path: Path) -> None:
    """Make the files that were written as a text."""
    for line in text.splitlines():
        if line.startswith("-- file "):
            name, data = line.split()[2:]
            file = Path(f"{path}.blobs") / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(zlib.decompress(base64.b64decode(data)))
    db = apsw.Connection(str(path))
    db.pragma("journal_mode", "wal")
    with db:
        db.execute(text)
        db.execute("UPDATE owners SET renewed = 0")  # it was long ago
    db.close()
    path.chmod(0o600)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        record(Path(made) / "runs.db")
        Path(sys.argv[1]).write_text((Path(made) / "runs.sql").read_text(encoding="utf-8"), encoding="utf-8")
