from flowkit import concurrent, in_order, step, workflow


@step
def send(address: str) -> None:
    print(address)


@workflow
def report() -> None:
    for address in ["ann", "bob", "cid"]:
        send(address)
    with concurrent():
        for address in ["ann", "bob"]:
            send(address)
    with in_order():
        for address in ["ann", "bob"]:
            send(address)
    for address in ["dan"]:
        send(address)
    send.map(["eve", "fay"])
