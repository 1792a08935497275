import os
import random
import time as clock
from datetime import date, datetime
from pathlib import Path
from random import choice
from uuid import uuid4

from flowkit import step, workflow

SETTINGS = Path(__file__)


@step
def label(*parts: object) -> str:
    clock.sleep(0)
    return str(parts)


@workflow
def report(name: str) -> list[str]:
    import subprocess

    print("recording")
    steady = random.Random(7).random()
    if not name:
        subprocess.run(["true"])
        with open(__file__) as file:
            name = file.read()
    return [
        label(name, clock.time(), clock.strftime("%Y", clock.gmtime(0)), steady),
        label(datetime.now(), datetime(2026, 1, 1), date.today()),
        label(random.random(), choice("abc"), uuid4()),
        label(os.environ["HOME"], os.environ.get("HOME"), os.getenv("HOME"), os.path.join("a", "b")),
        label(SETTINGS.read_text(), Path(__file__).exists(), SETTINGS.name),
    ]


ARGUMENTS = ("ada",)
