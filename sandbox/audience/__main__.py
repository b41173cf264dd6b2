"""`python -m sandbox.audience`: readers for what the sandbox's SMTP server keeps in its Maildir.

For demo and tests, never for production. See docs/sandbox.md.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from sandbox import conf
from sandbox.audience.acting import Audience, AudienceSettings
from sandbox.audience.tempo import TEMPOS
from sandbox.audience.web import is_here

POLL_SECONDS = 0.2


def main(arguments: list[str] | None = None) -> int:
    """Act until SIGINT or SIGTERM, or until nothing is left; return 1 where it cannot run."""
    given = _parser().parse_args(arguments)
    web = given.web.rstrip("/")
    if not is_here(web):
        sys.stderr.write(f"{web} is not on this machine, such as http://127.0.0.1:8000.\n")
        return 1
    key = conf.demo_inbox_key()
    maildir = Path(given.maildir)
    settings = AudienceSettings(
        maildir=maildir,
        bookmark=maildir.parent / "audience.read",
        hook=f"{web}/hooks/mail/{key}" if key else "",
        tempo=TEMPOS[given.tempo],
        seed=given.seed,
        diary=Path(given.diary) if given.diary else None,
    )
    asyncio.run(_act(Audience.of(settings), end_when_idle=given.end_when_idle))
    return 0


async def _act(audience: Audience, *, end_when_idle: float | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    acting = asyncio.create_task(audience.act())
    acting.add_done_callback(lambda _: stop.set())
    _say(f"The sandbox's audience reads {audience.settings.maildir}.")
    while not stop.is_set() and not _is_over(audience, end_when_idle):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_SECONDS)
    acting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await acting
    failed = f", {audience.diary.failed:,} of them in vain" if audience.diary.failed else ""
    _say(
        f"The sandbox's audience stopped: {audience.read:,} messages read, "
        f"{audience.diary.count:,} things done{failed}."
    )


def _is_over(audience: Audience, end_when_idle: float | None) -> bool:
    return end_when_idle is not None and audience.idle_seconds >= end_when_idle


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.audience",
        description="People and machines who open, click, answer, complain and bounce. "
        "The key of the address that they post mails to comes from MAILWRIGHT_DEMO_INBOX_KEY; "
        "without it they write none. For demo and tests, never for production.",
    )
    parser.add_argument("--maildir", default=".data/sandbox/Maildir", help="where mail is read")
    parser.add_argument(
        "--web", default="http://127.0.0.1:8000", help="the web server, on this machine"
    )
    parser.add_argument("--seed", type=int, default=1, help="decides who does what")
    parser.add_argument("--tempo", choices=list(TEMPOS), default="demo", help="how soon they act")
    parser.add_argument(
        "--diary", default=".data/sandbox/audience.jsonl", help='what they did; "" keeps nothing'
    )
    parser.add_argument(
        "--end-when-idle",
        type=float,
        metavar="SECONDS",
        help="end once nothing has come and nothing was left to do for so long",
    )
    return parser


def _say(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
