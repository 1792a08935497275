from flowkit import otherwise, step, when, workflow


@step
def is_frozen(service: str) -> bool:
    return service == "billing"


@step
def deploy(service: str) -> str:
    return service


@step
def tell(text: str) -> None:
    print(text)


@workflow
def report(services: list[str]) -> list[str]:
    done = []
    for service in services:
        with when(is_frozen(service)):
            tell(service)
            continue
        for part in (1, 2):
            if part == 2:
                break
        done.append(deploy(service))
    with when(is_frozen("all")):
        return []
    with otherwise():
        tell("going on")
        raise RuntimeError
    return done


ARGUMENTS = (["a", "b"],)
