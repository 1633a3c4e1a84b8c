"""The other end of a webhook: takes batches, counts their events, answers pings, and says when what arrived.

``GET`` answers with the figures and begins to count anew. As the least that an HTTP server can do it also serves to
find out what the load generator itself can do.
"""

import argparse
import asyncio
import json
import re
from time import perf_counter
from typing import Any

import httptools
import uvloop

HOST = "127.0.0.1"
_CHALLENGE = re.compile(rb'"challenge":"([^"]*)"')
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"


class Counts:
    """What has arrived since the last question."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.events = self.requests = self.first_events = 0
        self.first_at = self.last_at = 0.0

    def add(self, events: int) -> None:
        """Count one request."""
        self.last_at = perf_counter()
        if not self.requests:
            self.first_at, self.first_events = self.last_at, events
        self.requests += 1
        self.events += events

    def as_json(self) -> bytes:
        """Return the figures; times are of the machine's monotonic clock."""
        return json.dumps(vars(self)).encode()


class Server(asyncio.Protocol):
    """One connection."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the ``on_`` methods."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Collect."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer."""
        body = b"".join(self._body)
        self._body.clear()
        if self._parser.get_method() == b"GET":
            self._answer(self._counts.as_json())
            self._counts.reset()
        elif b".webhook_ping.v1" in body:
            found = _CHALLENGE.search(body)
            self._answer(b'{"challenge":"' + (found[1] if found else b"") + b'"}')
        else:
            self._counts.add(body.count(b'"specversion"'))
            self._transport.write(DONE)

    def _answer(self, body: bytes) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def _serve(port: int) -> None:
    counts = Counts()
    server = await asyncio.get_running_loop().create_server(lambda: Server(counts), HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    uvloop.run(_serve(options.parse_args().port))
