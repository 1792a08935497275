from flowkit import step, workflow


@step
def migrate(database: str) -> None:
    print("migrating", database)


@step(depends_on="migrat")
def load(database: str) -> int:
    return len(database)


@workflow
def report(database: str) -> int:
    migrate(database)
    return load(database)
