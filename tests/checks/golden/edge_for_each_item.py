from flowkit import step, workflow


@step
def names(path: str) -> list[str]:
    return path.split()


@step
def greet(name: str) -> str:
    return f"hello {name}"


@workflow
def report(path: str) -> str:
    return greet(names(path))
