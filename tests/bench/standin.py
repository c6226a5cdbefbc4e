"""A stand-in for Twilio: takes every text after a fixed time and does nothing else, so that it is light.

`python -m tests.bench.standin <port> <latency in ms>`. `GET /seen` tells how many texts were taken and when.
"""

import asyncio
import itertools
import json
import sys
import time

_ANSWER = {
    "account_sid": "AC5a4db0c55a4d00000000000000000000",
    "api_version": "2010-04-01",
    "body": "Bench text",
    "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
    "date_sent": None,
    "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "from": "+12025550101",
    "messaging_service_sid": None,
    "num_media": "0",
    "num_segments": "1",
    "price": None,
    "price_unit": "USD",
    "sid": "SID",
    "status": "queued",
    "subresource_uris": {"media": "/2010-04-01/Accounts/AC/Messages/SM/Media.json"},
    "tags": {},
    "to": "+12025550199",
    "uri": "/2010-04-01/Accounts/AC/Messages/SM.json",
}
_BODY = json.dumps(_ANSWER)
_LENGTH = len(_BODY) - 3 + 34
_HEAD = f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {_LENGTH}\r\n\r\n"
_BEFORE, _AFTER = (part.encode() for part in (_HEAD + _BODY).split("SID", 1))
_NOTHING = b'{"messages": [], "next_page_uri": null, "page": 0, "page_size": 50}'
_count = itertools.count(1)
_seen: list[float] = []


class Answering(asyncio.Protocol):
    """One connection; an answer leaves a fixed time after its request came in."""

    latency = 0.08

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.loop = asyncio.get_running_loop()
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        if head.startswith(b"get"):
            self._tell(b"/seen" in head.split(b"\r\n", 1)[0])
        elif len(self.buffer) >= end + 4 + _length(head):
            self.buffer = b""
            _seen.append(time.monotonic())
            self.loop.call_later(self.latency, self._answer)

    def _answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"%bSM%032x%b" % (_BEFORE, next(_count), _AFTER))

    def _tell(self, about_texts: bool) -> None:
        """Say when texts came in since the last question; every list of Twilio's own is empty."""
        self.buffer, body = b"", _NOTHING
        if about_texts:
            body = json.dumps(_seen).encode()
            _seen.clear()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.transport.write(head % len(body) + body)


def _length(head: bytes) -> int:
    at = head.find(b"\r\ncontent-length:")
    return int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def serve(port: int, latency: float) -> None:
    """Answer until killed."""
    Answering.latency = latency / 1000
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port, backlog=2000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
