"""Takes mail by SMTP or LMTP into the inbox, for as long as it runs."""

from __future__ import annotations

import asyncio
import signal
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sending import conf
from sending.conf import Door
from sending.listener import listen


class Command(BaseCommand):
    """Listens until it is told to stop."""

    help = "Take bounces, complaints and answers by SMTP or LMTP into the inbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to listen; what is left out comes from the environment."""
        door = conf.door()
        parser.add_argument("--host", default=door.host, help="address to listen at")
        parser.add_argument("--port", default=door.port, type=int)
        parser.add_argument("--socket", default=door.socket, help="a socket file, instead of both")
        parser.add_argument("--lmtp", action="store_true", help="speak LMTP instead of SMTP")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take mail until SIGINT or SIGTERM."""
        named = {name: options[name] for name in ("host", "port", "socket", "lmtp")}
        try:
            asyncio.run(self._listen(replace(conf.door(), **named)))
        except OSError as error:
            raise CommandError(f"Listening is not possible: {error}") from error

    async def _listen(self, door: Door) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await listen(
            door, clock=timezone.now, stop=stop, ready=lambda port: self._ready(door, port)
        )

    def _ready(self, door: Door, port: int) -> None:
        place = door.socket or f"{door.host}:{port}"
        self.stdout.write(f"Taking mail by {'LMTP' if door.lmtp else 'SMTP'} at {place}.")
        self.stdout.flush()
