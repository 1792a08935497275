import json

from flowkit import step, workflow


@step
def count(words: str) -> int:
    return len(words)


@step
def send(text: str) -> str:
    return text


@workflow
def report(words: str) -> str:
    return send(json.dumps({"count": count(words)}))
