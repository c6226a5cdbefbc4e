"""Floor of the way from order to Twilio: one process waits at the broker and posts a ready-made request.

`python -m tests.bench.floors.relay <broker> <port of the stand-in>`; whatever is pushed to the list `floor` is posted.
"""

import socket
import sys

import redis

from tests.bench.floors.sending import REQUEST


def main(broker: str, port: str) -> None:
    queue = redis.Redis.from_url(broker)
    twilio = socket.create_connection(("127.0.0.1", int(port)))
    while queue.blpop(["floor"], timeout=0):
        twilio.sendall(REQUEST)
        twilio.recv(65536)


if __name__ == "__main__":
    main(*sys.argv[1:])
