from flowkit import step, workflow


@step
def split(line, by: str = ","):
    return line.split(by)


class Book:
    @step
    def add(self, line: str, *more) -> int:
        return len(line) + len(more)


@workflow(strict=True)
def report(line: str):
    return [split(line), Book().add(line), split(line)]
