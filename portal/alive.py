"""`python -m portal.alive`: succeed when the web server of this container answers; for health checks."""

import http.client
import os
import sys
from urllib.parse import urlsplit


def main() -> int:
    host = urlsplit(os.environ.get("PUBLIC_BASE_URL", "")).hostname or "127.0.0.1"
    port = int(os.environ.get("BIND", "127.0.0.1:8000").rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/livez", headers={"Host": host})
    return int(connection.getresponse().status != 200)


if __name__ == "__main__":
    sys.exit(main())
