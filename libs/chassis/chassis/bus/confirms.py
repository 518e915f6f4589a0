"""Publishing in batches with py-amqp: many messages as few writes, then the wait until all are confirmed.

A confirm for each message before the next one is published costs a round trip each, and a write for each a
system call. py-amqp offers only that by itself; here its callbacks for confirms are counted over a batch, and
what it would write is gathered.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from amqp.transport import SSLTransport

from chassis.bus.port import BusUnavailable, QueueRefused


@contextmanager
def gathered(channel: Any) -> Iterator[None]:
    """What is published in the block is written at its end, in one piece."""
    transport = channel.connection.transport
    sock, gathering = transport.sock, _Gathering()
    write = None if isinstance(transport, SSLTransport) else transport._write
    transport.sock = gathering
    if write is not None:  # bound to the socket when it was connected
        transport._write = gathering.write
    try:
        yield
    finally:
        transport.sock = sock
        if write is not None:
            transport._write = write
    transport.write(b"".join(gathering.pieces))


class _Gathering:
    """Stands for the socket meanwhile."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self.pieces.append(bytes(piece))
        return len(piece)


class Confirms:
    """The confirms of one channel, put into confirm mode when this is made."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._published = 0
        self._outstanding: set[int] = set()
        self._refused = False
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.confirm_select()
        # py-amqp would look for a notice that the broker is blocked before each message, with a system call;
        # a blocked broker does not confirm, and that is enough.
        channel.connection.client_properties["capabilities"]["connection.blocked"] = False

    def published(self) -> None:
        """Call once for each message published; the broker numbers them from 1."""
        self._published += 1
        self._outstanding.add(self._published)

    def wait(self, timeout: float) -> None:
        """Returns when nothing is outstanding. QueueRefused. BusUnavailable: not all within ``timeout``
        seconds.

        OSError, socket.timeout: as the connection raises them.
        """
        deadline = monotonic() + timeout
        while self._outstanding:
            left = deadline - monotonic()
            if left <= 0:
                break
            self._channel.connection.drain_events(timeout=left)
        if self._outstanding:
            raise BusUnavailable("The broker did not confirm in time.")
        if self._refused:
            raise QueueRefused("A queue at the broker refuses what it should take.")

    def look(self) -> None:
        """Reads what the broker has to say without being asked. It raises when the connection is gone."""
        with suppress(TimeoutError):
            self._channel.connection.drain_events(timeout=0)

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:
        self._answered(delivery_tag, multiple)

    def _on_nack(self, delivery_tag: int, multiple: bool) -> None:
        self._refused = True
        self._answered(delivery_tag, multiple)

    def _answered(self, delivery_tag: int, multiple: bool) -> None:
        if not multiple:
            self._outstanding.discard(delivery_tag)
            return
        self._outstanding = {tag for tag in self._outstanding if tag > delivery_tag}
