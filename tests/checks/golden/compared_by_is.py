from flowkit import outcome, step, workflow


@step
def find(name: str) -> str | None:
    return name or None


@step
def make(name: str) -> str:
    return name


@workflow
def report(name: str, known: str | None = None) -> list[str | None]:
    found = find(name)
    end = outcome(found)
    maybe = None
    if name:
        maybe = make(name)
    if known is None:
        known = make(name)
    if found is None or end.error is not None:
        return [make(name)]
    if maybe is None or make(name) is True:
        return [known]
    return [found, end, known, maybe]


ARGUMENTS = ("ada",)
