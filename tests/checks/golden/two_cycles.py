from flowkit import step, workflow


@step(depends_on="second")
def first(day: str) -> str:
    return day


@step(depends_on="first")
def second(day: str) -> str:
    return day


@step(depends_on_any="fourth")
def third(day: str) -> str:
    return day


@step(depends_on_any=["third", "first"])
def fourth(day: str) -> str:
    return day


@step(depends_on_any=["fifth", "free"])
def fifth(day: str) -> str:
    return day


@step
def free(day: str) -> str:
    return day


@workflow
def report(day: str) -> list[str]:
    return [first(day), second(day), third(day), fourth(day), fifth(day), fifth(day), free(day)]
