"""Floor of sending: raw asyncio sockets, as many in flight, that post ready-made requests and store nothing.

`python -m tests.bench.floors.sending <port> <in flight>`; a line with a number on standard input posts so many.
"""

import json
import resource
import sys
import time
from urllib.parse import urlencode

from tests.bench import load
from tests.bench.payloads import BODY

_FORM = {
    "To": "+12025550199",
    "From": "+12025550101",
    "Body": BODY,
    "StatusCallback": "https://portal.example/webhooks/twilio/" + "a" * 42 + "/status/" + "b" * 32 + "/1#rc=3",
    "ValidityPeriod": "36000",
}
_ENCODED = urlencode(_FORM).encode()
REQUEST = (
    b"POST /api.twilio.com/2010-04-01/Accounts/AC5a4db0c55a4d00000000000000000000/Messages.json HTTP/1.1\r\n"
    b"Host: 127.0.0.1\r\nAuthorization: Basic QUM1YTRkYjBjNTVhNGQ6MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%b" % (len(_ENCODED), _ENCODED)
)


def main(port: int, in_flight: int) -> None:
    for line in sys.stdin:
        before = resource.getrusage(resource.RUSAGE_SELF)
        began = time.time()
        done = load.run(port, [REQUEST] * int(line), connections=in_flight)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(json.dumps({"began": began, "ended": time.time(), "sent": done.answered, "cpu": cpu}), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
