"""`python -m sandbox.smtp`: an SMTP server on loopback that behaves like mailbox providers.

For demo and tests, never for production. See docs/sandbox.md.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from sandbox.dialogue import Offer
from sandbox.server import DEFAULT_KEEP, NotLoopbackError, SandboxServer, ServerSettings


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; return 0, or 1 with a sentence where it cannot run."""
    settings = _settings(arguments)
    try:
        asyncio.run(_serve(settings))
    except NotLoopbackError as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(
            f"The sandbox cannot listen on port {settings.port}: {error.strerror or error}. "
            "Choose another one with --port."
        )
    return 0


async def _serve(settings: ServerSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with SandboxServer(settings).listening() as server:
        kept = f"messages are kept in {settings.maildir}" if settings.maildir else "nothing is kept"
        _say(f"Sandbox SMTP server on {', '.join(settings.hosts)} port {server.port}; {kept}.")
        await stop.wait()
        counts = ", ".join(f"{count} {name}" for name, count in server.answers.counts.most_common())
        _say(f"Sandbox SMTP server stopped; answers: {counts or 'none'}.")


def _settings(arguments: list[str] | None) -> ServerSettings:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.smtp",
        description="An SMTP server on loopback that behaves like mailbox providers. "
        "For demo and tests, never for production.",
    )
    parser.add_argument(
        "--host", action="append", metavar="IP", help="loopback address; may be given several times"
    )
    parser.add_argument("--port", type=int, default=2525, help="0 takes a free one")
    parser.add_argument(
        "--maildir", default=".data/sandbox/Maildir", help='where messages are kept; "" keeps none'
    )
    parser.add_argument(
        "--keep", type=int, default=DEFAULT_KEEP, help="how many messages are kept, the newest"
    )
    parser.add_argument("--seed", type=int, default=1, help="decides which mailboxes misbehave")
    parser.add_argument(
        "--new-ip",
        action="append",
        metavar="IP",
        help="a client's address that providers do not trust yet; may be given several times",
    )
    parser.add_argument("--no-pipelining", action="store_true", help="take one command at a time")
    parser.add_argument(
        "--starttls", action="store_true", help="offer STARTTLS with a throw-away certificate"
    )
    parser.add_argument(
        "--auth", default="", metavar="USER:PASSWORD", help="take mail only after this login"
    )
    given = parser.parse_args(arguments)
    return ServerSettings(
        hosts=tuple(given.host or ["127.0.0.1"]),
        port=given.port,
        maildir=Path(given.maildir) if given.maildir else None,
        keep=given.keep,
        seed=given.seed,
        new_ips=frozenset(given.new_ip or ()),
        offer=Offer(
            pipelining=not given.no_pipelining, starttls=given.starttls, credentials=given.auth
        ),
    )


def _say(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def _failed(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
