"""Start the sandbox: `python -m sms.sandbox --port 8025 --state DIR`."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from sms.sandbox.app import build
from sms.sandbox.hub import Settings

GRACE_SECONDS = 1.0


def main() -> int:
    """Run until told to stop."""
    wanted = _arguments()
    try:
        wanted.state.mkdir(parents=True, exist_ok=True)
        return asyncio.run(_run(wanted))
    except OSError as error:
        print(f"The sandbox cannot start: {error.strerror or error}.", file=sys.stderr)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sms.sandbox", description="A Twilio that stays on this machine.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="folder of the journal and the media")
    parser.add_argument("--step-seconds", type=float, default=0.15, help="time between two statuses of a message")
    parser.add_argument("--seed", type=int, default=1, help="of the throws for faults with a probability")
    parser.add_argument("--record", action="store_true", help="keep requests and answers whole in the journal")
    parser.add_argument(
        "--route",
        action="append",
        default=[],
        type=_route,
        metavar="PUBLIC=LOCAL",
        help="connect to LOCAL for addresses that begin with PUBLIC",
    )
    return parser.parse_args()


def _route(text: str) -> tuple[str, str]:
    public, _, local = text.partition("=")
    if not public.startswith("http") or not local.startswith("http"):
        raise argparse.ArgumentTypeError("write it as https://portal.example=http://127.0.0.1:8000")
    return public, local


async def _run(wanted: argparse.Namespace) -> int:
    app = build(wanted.state, Settings(wanted.step_seconds, dict(wanted.route), wanted.record), wanted.seed)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE_SECONDS)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await runner.setup()
    try:
        site = web.TCPSite(runner, wanted.host, wanted.port)
        await site.start()
        host, port = runner.addresses[0][:2]
        print(f"sandbox ready http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
