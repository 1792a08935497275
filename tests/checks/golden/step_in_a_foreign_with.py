import contextlib
import threading

from flowkit import concurrent, in_order, step, workflow

lock = threading.Lock()


@step
def load(path: str) -> list[int]:
    return [int(part) for part in path.split(",")]


@step
def save(rows: list[int]) -> None:
    print(rows)


@workflow
def report(path: str) -> None:
    fast = load.with_options(timeout=5)
    with lock:
        rows = fast(path)
    with in_order(), contextlib.suppress(ValueError):
        save(rows)
    with in_order():
        save(rows)
        with concurrent():
            save(rows)
    together = concurrent()
    with together:
        save(rows)
