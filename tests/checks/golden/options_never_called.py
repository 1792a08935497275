from flowkit import step, workflow


@step
def fetch(url: str) -> bytes:
    return url.encode()


class Client:
    def with_options(self, **options):
        return self


client = Client()


@workflow
def report(url: str) -> bytes:
    fetch.with_options(timeout=5)
    client.with_options(timeout=5)
    if not url:
        fetch.with_options(
            retries=3,
        )
    return fetch(url)


ARGUMENTS = ("https://example.org",)
