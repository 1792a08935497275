"""Running a program: its pipes are read as it writes them, and whatever it has started ends with it.

Imports asyncio, so it is imported when the first program runs.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from subprocess import DEVNULL, PIPE
from typing import Any, Final, cast

import attrs

__all__ = ["Ended", "Output", "run_program"]

LAST: Final = 1.0
"""Seconds until a program that was killed is given up: it hangs in the kernel, or somebody outside holds its pipes."""

_OUTPUTS: Final = (1, 2)


@attrs.frozen
class Output:
    """What came through one pipe: the end of it as text, and how many bytes before that weren't kept."""

    text: str
    cut: int


@attrs.frozen
class Ended:
    """How a program ended."""

    returncode: int
    stdout: Output
    stderr: Output


async def run_program(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: str | None, input: bytes | None, limit: int, grace: float
) -> Ended:
    """Run a program to its end, in a process group of its own.

    When this is cancelled, the whole group is ended: asked to by SIGTERM, and killed after `grace` seconds, or when it
    is cancelled again. Where the program has ended, but others in its group still hold its pipes, they get as long.
    Raises `OSError` for what can't be started.
    """
    loop = asyncio.get_running_loop()
    starting = loop.create_task(
        loop.subprocess_exec(
            lambda: _Program(loop, limit),
            *argv,
            stdin=DEVNULL if input is None else PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    )
    cancelled = 0
    while not starting.done():
        # Cancelled itself it would kill the program, and nothing of what that has started meanwhile.
        try:
            await asyncio.wait([starting])
        except asyncio.CancelledError:
            cancelled += 1
    transport, program = starting.result()
    try:
        if cancelled:
            raise asyncio.CancelledError  # noqa: TRY301 - it is ended like one that is cancelled later
        if input is not None:
            stdin = cast("asyncio.WriteTransport", transport.get_pipe_transport(0))
            stdin.write(input)
            stdin.close()
        await asyncio.wait([program.exited])
        await asyncio.wait([program.silent], timeout=grace)
        if not program.silent.done():
            await program.end(grace)
    except BaseException:
        await program.end(grace if cancelled < 2 else 0.0)
        raise
    finally:
        program.let_go()
    returncode = transport.get_returncode()
    assert returncode is not None  # it has exited
    return Ended(returncode, *(program.outputs[fd].read() for fd in _OUTPUTS))


class _Program(asyncio.SubprocessProtocol):
    """A program, as its event loop tells of it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        self.exited: asyncio.Future[None] = loop.create_future()
        """Whether the program itself has ended."""
        self.silent: asyncio.Future[None] = loop.create_future()
        """Whether nobody holds its pipes any more."""
        self.outputs = {fd: _Tail(limit) for fd in _OUTPUTS}
        self._open = set(_OUTPUTS)
        self._transport: Any = None
        self._gone = False
        """Whether its group is empty, so that its number may come to be somebody else's."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.outputs[fd].add(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open.discard(fd)
        if not self._open and not self.silent.done():
            self.silent.set_result(None)

    def process_exited(self) -> None:
        self._signal(0)
        self.exited.set_result(None)

    async def end(self, grace: float) -> None:
        """End the whole group, by asking first; those left after `grace` seconds are killed."""
        ended = [self.exited, self.silent]
        try:
            if self._signal(signal.SIGTERM):
                await asyncio.wait(ended, timeout=grace)
        finally:
            self._signal(signal.SIGKILL)
            await asyncio.wait(ended, timeout=LAST)

    def _signal(self, number: int) -> bool:
        """Send a signal to the group; says whether there is anybody in it."""
        if self._gone:
            return False
        try:
            os.killpg(self._transport.get_pid(), number)
        except ProcessLookupError:
            self._gone = True
        except PermissionError:  # all of them run as somebody else, or, on macOS, have ended and are still listed
            self._gone = self.exited.done()
        return not self._gone

    def let_go(self) -> None:
        """Close the pipes, whoever holds their other ends."""
        stdin = self._transport.get_pipe_transport(0)
        if stdin is not None and stdin.get_write_buffer_size():
            stdin.abort()  # closing it would wait until somebody has read all of it
        self._transport.close()


class _Tail:
    """The end of what came through a pipe: in memory there is no more than that."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._cut = 0

    def add(self, data: bytes) -> None:
        self._kept += data
        self._drop(len(self._kept) - self._limit)

    def read(self) -> Output:
        if self._cut:  # not from the midst of a character
            self._drop(next((i for i, byte in enumerate(self._kept[:3]) if byte & 0xC0 != 0x80), 0))
        return Output(self._kept.decode("utf-8", "backslashreplace"), self._cut)

    def _drop(self, count: int) -> None:
        if count > 0:
            del self._kept[:count]
            self._cut += count
