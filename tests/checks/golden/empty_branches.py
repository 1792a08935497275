from flowkit import otherwise, step, when, workflow


@step
def is_large(path: str) -> bool:
    return len(path) > 20


@step
def upload(path: str) -> None:
    print(path)


@workflow
def report(path: str) -> None:
    with when(is_large(path)):
        pass
    with when(is_large(path)):
        with when(is_large("b")):
            pass
    with when(is_large(path)):
        pass
    with otherwise():
        upload(path)
