"""flowkit inside a web framework: a Starlette app on a real uvicorn, which serves in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

import flowkit
from flowkit import BlockingCall, Engine, current, runner, step, workflow

ENOUGH = 30.0
"""Seconds after which what should have come won't come any more."""
AT_ONCE = 8


@step
async def load(user: int) -> str:
    return f"user {user}"


@step
def greet(name: str) -> str:
    return f"Hello, {name}!"


@workflow
def greeting(user: int) -> str:
    return greet(load.ref(user))


@pytest.fixture
def serve(monkeypatch):
    """Serve an app at a free port; gives a client of it, and an end before that of the test where one is asked for."""
    monkeypatch.setattr(runner, "_process", list(runner._process))
    with contextlib.ExitStack() as served:

        @contextlib.contextmanager
        def serving(*routes, lifespan=None, handlers=None):
            app = Starlette(routes=list(routes), lifespan=lifespan, exception_handlers=handlers)
            options = {"log_config": None, "access_log": False, "ws": "none", "http": "h11", "loop": "asyncio"}
            server = uvicorn.Server(uvicorn.Config(app, lifespan="on", **options))
            # Who connects from here on is served, however long the server takes to get there.
            listening = socket.create_server(("127.0.0.1", 0))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            try:
                port = listening.getsockname()[1]
                with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=ENOUGH, trust_env=False) as client:
                    yield client
            finally:
                server.should_exit = True
                thread.join(ENOUGH)
                listening.close()
                assert not thread.is_alive()

        def serve(*routes, **options):
            return served.enter_context(serving(*routes, **options))

        serve.until = serving
        yield serve


def leave(client, path):
    """Ask for a page, and give a function that goes away without waiting for it."""
    asking = socket.create_connection((client.base_url.host, client.base_url.port))
    asking.sendall(f"GET {path} HTTP/1.1\r\nhost: here\r\n\r\n".encode())
    return asking.close


def test_async_handlers_await_a_run(serve):
    """Its async steps work on the handler's own loop."""
    loops = []

    @step
    async def note(user: int) -> int:
        loops.append(asyncio.get_running_loop())
        return user

    @workflow
    def noted(user: int) -> str:
        return greet(load.ref(note.ref(user)))

    async def handler(request):
        loops.append(asyncio.get_running_loop())
        return PlainTextResponse(await noted.start(int(request.query_params["user"])))

    client = serve(Route("/", handler))
    assert client.get("/?user=7").text == "Hello, user 7!"
    assert loops[0] is loops[1]


def test_sync_handlers_call_workflows(serve):
    def handler(request):
        return PlainTextResponse(greeting(7))

    assert serve(Route("/", handler)).get("/").text == "Hello, user 7!"


@pytest.mark.parametrize("kind", ["async steps", "sync steps"])
async def test_requests_that_come_at_once_are_served_at_once(serve, kind):
    """Each run has a step that waits for those of all the others."""
    everybody = asyncio.Barrier(AT_ONCE)
    in_threads = threading.Barrier(AT_ONCE, timeout=ENOUGH)

    @step
    async def meet(user: int) -> int:
        async with asyncio.timeout(ENOUGH):
            await everybody.wait()
        return user

    @step
    def meet_in_threads(user: int) -> int:
        in_threads.wait()
        return user

    @workflow
    def meeting(user: int) -> str:
        return greet(load.ref(meet.ref(user) if kind == "async steps" else meet_in_threads(user)))

    async def handler(request):
        return PlainTextResponse(await meeting.start(int(request.query_params["user"])))

    base_url = serve(Route("/", handler)).base_url
    async with httpx.AsyncClient(base_url=base_url, timeout=ENOUGH, trust_env=False) as client:
        answers = await asyncio.gather(*(client.get(f"/?user={user}") for user in range(AT_ONCE)))
    assert [answer.text for answer in answers] == [f"Hello, user {user}!" for user in range(AT_ONCE)]


def test_an_engine_lasts_as_long_as_the_server(serve):
    """Made when it begins; what is still under way at the end is drained, its async steps included."""
    ended, left, kinds = asyncio.Event(), [], []
    runs = []

    @step
    async def last(user: int) -> int:
        await ended.wait()
        return user

    @workflow
    def lasting(user: int) -> str:
        return greet(load.ref(last.ref(user)))

    @contextlib.asynccontextmanager
    async def lifespan(app):
        engine = Engine(max_workers=4, observers=[lambda event: kinds.append((event.run_id, event.kind))])
        flowkit.use(engine)
        yield
        ended.set()
        left.append(await asyncio.to_thread(engine.shutdown, drain=ENOUGH))

    async def handler(request):
        run = greeting.start(7)
        return JSONResponse([run.id, await run])

    async def begin(request):
        runs.append(lasting.start(8))
        return PlainTextResponse(runs[0].status)

    with serve.until(Route("/", handler), Route("/begin", begin), lifespan=lifespan) as client:
        run_id, text = client.get("/").json()
        assert text == "Hello, user 7!"
        assert client.get("/begin").text in {"running", "waiting"}
    assert left == [()]
    assert runs[0].result() == "Hello, user 8!"
    assert {(run_id, "run_succeeded"), (runs[0].id, "run_succeeded")} <= set(kinds)


async def test_each_request_may_have_an_engine_of_its_own(serve):
    """The block is around what its own handler does, and nothing else."""
    everybody = asyncio.Barrier(AT_ONCE)

    @step
    async def meet() -> str:
        async with asyncio.timeout(ENOUGH):
            await everybody.wait()
        return current().run_id

    @workflow
    def meeting() -> str:
        return meet.ref()

    async def handler(request):
        heard = set()
        with Engine(observers=[lambda event: heard.add(event.run_id)]):
            run_id = await meeting.start()
        return JSONResponse([[run_id], sorted(heard)])

    base_url = serve(Route("/", handler)).base_url
    async with httpx.AsyncClient(base_url=base_url, timeout=ENOUGH, trust_env=False) as client:
        answers = [one.json() for one in await asyncio.gather(*(client.get("/") for _ in range(AT_ONCE)))]
    assert all(own == heard for own, heard in answers)
    assert len({own for (own,), _ in answers}) == AT_ONCE


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: greeting(7), "`greeting(...)` would block the running event loop; write `await greeting.start(...)`"),
        (lambda: greeting.start(7).result(), "`run.result()` would block the running event loop; write `await run`"),
        (lambda: greeting.start(7).wait(), "`run.wait()` would block the running event loop; write `await run`"),
    ],
)
def test_a_call_that_would_block_the_server_is_refused(serve, call, said):
    async def handler(request):
        return PlainTextResponse(call())

    async def refused(request, error):
        return PlainTextResponse(str(error), status_code=503)

    answer = serve(Route("/", handler), handlers={BlockingCall: refused}).get("/")
    assert (answer.status_code, answer.text) == (503, said)


class Waiting:
    """A workflow that waits until it is let go, and what came of it."""

    def __init__(self):
        self.began, self.left, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.run = None

        @step
        async def hold() -> str:
            self.loop, self.go = asyncio.get_running_loop(), asyncio.Event()
            self.began.set()
            await self.go.wait()
            return "done"

        @workflow
        def holding() -> str:
            return hold.ref()

        self.workflow = holding

    def let_go(self):
        self.loop.call_soon_threadsafe(self.go.set)


async def client_of(request):
    """Wait until the client of a request has gone away."""
    await request.body()
    while (await request.receive())["type"] != "http.disconnect":
        pass


def test_a_run_goes_on_when_its_client_leaves_and_nobody_looks(serve):
    """Uvicorn and Starlette don't cancel a handler for that."""
    waiting = Waiting()

    async def watch(request):
        await client_of(request)
        waiting.left.set()

    async def handler(request):
        watching = asyncio.create_task(watch(request))
        waiting.run = waiting.workflow.start()
        try:
            return PlainTextResponse(await waiting.run)
        finally:
            await watching
            waiting.ended.set()

    go_away = leave(serve(Route("/", handler)), "/")
    assert waiting.began.wait(ENOUGH)
    go_away()
    assert waiting.left.wait(ENOUGH)
    assert waiting.run.status != "cancelled"
    waiting.let_go()
    assert waiting.ended.wait(ENOUGH)
    assert waiting.run.result() == "done"


@pytest.mark.parametrize("how", ["the run is cancelled", "the task that awaits it is cancelled"])
def test_a_handler_that_looks_for_its_client_cancels_the_run(serve, how):
    """As docs/how-to/web-and-notebooks.md shows; and as frameworks do it that cancel their handlers."""
    waiting = Waiting()

    async def wait_for(run):
        return await run

    async def handler(request):
        waiting.run = waiting.workflow.start()
        work, left = asyncio.create_task(wait_for(waiting.run)), asyncio.create_task(client_of(request))
        await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
        left.cancel()
        if how == "the run is cancelled":
            waiting.run.cancel("the client has left")
        else:
            work.cancel()
        with contextlib.suppress(asyncio.CancelledError, flowkit.RunCancelled):
            await work
        waiting.ended.set()
        return Response(status_code=499)

    go_away = leave(serve(Route("/", handler)), "/")
    assert waiting.began.wait(ENOUGH)
    go_away()
    assert waiting.ended.wait(ENOUGH)
    assert waiting.run.wait(ENOUGH)
    said = "the client has left" if how == "the run is cancelled" else "the task that awaited it was cancelled"
    with pytest.raises(flowkit.RunCancelled, match=said):
        waiting.run.result()
