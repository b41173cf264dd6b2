"""Show from which address mail through a sending IP arrives."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from ipaddress import ip_address
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from common.errors import DomainError
from iprouting.models import SendingIP
from sending.arrival import Place
from sending.operations.routes import PATIENCE_SECONDS, Route, Verdict, check_route

WRONG: Final = 1  # exit codes
UNKNOWN: Final = 2
_HIGHEST_PORT: Final = 65_535


class Command(BaseCommand):
    """`manage.py check_route IP`."""

    help = (
        "Send a message through a sending IP and say which address the receiver saw. "
        "Ends with 0 if it is the right one, 1 if it is another, 2 if nobody can tell."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the IP, and how to find out."""
        parser.add_argument("ip", type=ip_address, help="address of the sending IP")
        parser.add_argument("--org", default="", metavar="SLUG", help="whose, if several have it")
        parser.add_argument("--transport", default="", metavar="NAME", help="if it has several")
        parser.add_argument(
            "--to",
            default="",
            metavar="ADDRESS",
            help="to whom; left out, to its return path domain, where listen_mail takes it",
        )
        parser.add_argument("--from", dest="sender", default="", metavar="ADDRESS")
        parser.add_argument(
            "--listen",
            type=_place,
            metavar="HOST:PORT",
            help="await it here instead, for this once; port 0 is any",
        )
        parser.add_argument(
            "--seconds", type=float, default=PATIENCE_SECONDS, help="how long to wait for it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Send, wait and say what was seen."""
        ip = _chosen(options)
        try:
            route = check_route(
                ip,
                to_address=options["to"],
                from_address=options["sender"],
                place=options["listen"],
                seconds=options["seconds"],
                clock=timezone.now,
            )
        except DomainError as error:
            raise CommandError(error.message, returncode=UNKNOWN) from error
        self._print(route)
        if route.verdict is Verdict.WRONG:
            raise CommandError(route.finding, returncode=WRONG)
        if route.verdict is Verdict.UNKNOWN:
            raise CommandError(route.finding, returncode=UNKNOWN)
        self.stdout.write(self.style.SUCCESS(route.finding))

    def _print(self, route: Route) -> None:
        transport, receipt = route.ip.transport, route.dialogue.receipt
        code = f"{receipt.code} " if receipt.code else ""
        self.stdout.write(
            f"{route.ip.address} by {transport.host}:{transport.port}, "
            f"from <{route.envelope.mail_from}> to <{route.envelope.rcpt_to}>\n"
            f"The server: {code}{receipt.response}"
        )


def _chosen(options: dict[str, Any]) -> SendingIP:
    """Return the one sending IP that is meant."""
    found = SendingIP.objects.filter(address=str(options["ip"])).select_related("transport", "pool")
    if options["org"]:
        found = found.filter(organization__slug=options["org"])
    if options["transport"]:
        found = found.filter(transport__name=options["transport"])
    match list(found.order_by("pk")[:2]):
        case [ip]:
            return ip
        case []:
            raise CommandError(f"There is no sending IP {options['ip']}.", returncode=UNKNOWN)
    raise CommandError(
        f"There are several sending IPs {options['ip']}. Add --org or --transport.",
        returncode=UNKNOWN,
    )


def _place(text: str) -> Place:
    """Return the place in `HOST:PORT`; an IPv6 address stands in brackets."""
    found = re.fullmatch(r"(?:\[([^\]]+)\]|([^:]+)):(\d+)", text)
    if not found or int(found[3]) > _HIGHEST_PORT:
        raise ArgumentTypeError(f"{text} does not read HOST:PORT")
    return Place(found[1] or found[2], int(found[3]))
