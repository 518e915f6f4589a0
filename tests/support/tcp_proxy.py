"""A way over TCP that can be cut, and that can stall: between a client and a server of the loopback
address."""

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any, Self, TypeVar

T = TypeVar("T")

PIECE = 65536
LONGEST = 10.0
"""Seconds that anything asked of the proxy may take; it is a matter of milliseconds."""


class TcpProxy:
    """Listens on a port of its own and passes on, from its making until ``close``, in a thread of its own.

    What is held on the way is not lost: it is passed on once that is over, unless the connection is cut.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"proxy to {target}", daemon=True)
        self._thread.start()
        self._ways: set[_Way] = set()
        self._refusing = False
        self.port = self._do(self._open())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connections(self) -> int:
        """How many there are now."""
        return self._do(self._count())

    def cut(self, *, refusing: bool = False) -> None:
        """Every connection ends at once, as by a reset. ``refusing``: new ones, too, until ``restore``."""
        self._do(self._cut(refusing))

    def hold(self, *, questions: bool = True, answers: bool = True) -> None:
        """Nothing passes any more, to the server and back; or in one direction only. New connections come
        about, and hang likewise."""
        self._do(self._hold(questions, answers))

    def restore(self) -> None:
        """All passes again, with what was held."""
        self._do(self._restore())

    def close(self) -> None:
        """For good. Idempotent."""
        if self._thread.is_alive():
            self._do(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(LONGEST)
            self._loop.close()

    def _do(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(LONGEST)

    async def _open(self) -> int:
        self._questions, self._answers = asyncio.Event(), asyncio.Event()
        await self._restore()
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _count(self) -> int:
        return len(self._ways)

    async def _cut(self, refusing: bool) -> None:
        self._refusing = self._refusing or refusing
        for way in list(self._ways):
            way.cut()

    async def _hold(self, questions: bool, answers: bool) -> None:
        if questions:
            self._questions.clear()
        if answers:
            self._answers.clear()

    async def _restore(self) -> None:
        self._refusing = False
        self._questions.set()
        self._answers.set()

    async def _end(self) -> None:
        await self._cut(refusing=True)
        self._questions.set()
        self._answers.set()
        while rest := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(rest)  # who is being accepted, or passed on to the server, is cut, too
        self._server.close()

    async def _pass_on(self, theirs: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self._refusing:
            return back.transport.abort()
        try:
            answers, forth = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return back.transport.abort()
        way = _Way(back, forth)
        if self._refusing:
            return way.cut()
        self._ways.add(way)
        try:
            await asyncio.gather(
                way.pump(theirs, forth, self._questions), way.pump(answers, back, self._answers)
            )
        finally:
            self._ways.discard(way)
            way.cut()


class _Way:
    """One connection: its two halves."""

    def __init__(self, *halves: asyncio.StreamWriter) -> None:
        self._halves = halves

    def cut(self) -> None:
        for half in self._halves:
            half.transport.abort()

    async def pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, open_: asyncio.Event
    ) -> None:
        """Until the source ends, which the sink is then told; should either be reset, both are cut."""
        try:
            while piece := await source.read(PIECE):
                await open_.wait()
                sink.write(piece)
                await sink.drain()
            await open_.wait()
            sink.write_eof()
        except OSError:
            self.cut()
