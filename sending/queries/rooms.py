"""What a campaign waits for while its sending IPs warm up, and how long that will take."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import warmup.queries
from campaigns.models import Organization
from common.providers import provider_name
from iprouting.models import SendingIP
from warmup.queries import Room
from warmup.schedule import days_needed

NAMED_IPS = 3  # of more only the number is said


@dataclass(frozen=True, slots=True)
class RoomWait:
    """The IPs of which none has room, and until when; None is until a warm-up is resumed."""

    addresses: tuple[str, ...]
    until: datetime | None

    @property
    def ips(self) -> str:
        """The IPs, in words."""
        return named(self.addresses)


@dataclass(frozen=True, slots=True)
class CapWait:
    """Providers that have got today what warming IPs may send them, and until when they wait.

    `until` is None until a warm-up is resumed.
    """

    providers: tuple[str, ...]
    addresses: tuple[str, ...]
    until: datetime | None

    @property
    def ips(self) -> str:
        """The IPs, in words."""
        return named(self.addresses)

    @property
    def names(self) -> str:
        """The providers, in words."""
        return named(tuple(map(provider_name, self.providers)), many="providers")


@dataclass(frozen=True, slots=True)
class Forecast:
    """Over how many days a campaign goes out, today counted; None until a warm-up is resumed."""

    addresses: tuple[str, ...]
    days: int | None

    @property
    def words(self) -> str:
        """The forecast with its reason; empty if today has room for everybody."""
        verb = "is" if len(self.addresses) == 1 else "are"
        reason = f"because {named(self.addresses)} {verb} warming up"
        if self.days is None:
            return f"not until a warm-up is resumed, {reason}"
        return f"about {self.days} days, {reason}" if self.days > 1 else ""


def total_room(rooms: Mapping[int, Room], ip_ids: Collection[int]) -> int | None:
    """Return how many messages all IPs together may still take today; None is any number."""
    if any(ip_id not in rooms for ip_id in ip_ids):
        return None
    return sum(rooms[ip_id].left for ip_id in ip_ids)


def closed_providers(rooms: Mapping[int, Room], ip_ids: Collection[int]) -> frozenset[str]:
    """Return the providers that none of the IPs may send anything any more today.

    While an IP is warm there are none.
    """
    if any(ip_id not in rooms for ip_id in ip_ids):
        return frozenset()
    capped = {provider for ip_id in ip_ids for provider in rooms[ip_id].capped}
    return frozenset(
        provider for provider in capped if not any(rooms[ip_id].at(provider) for ip_id in ip_ids)
    )


def room_wait(ips: Mapping[int, SendingIP], rooms: Mapping[int, Room]) -> RoomWait | None:
    """Return what is waited for if all of the IPs are warming and none has room left, else None."""
    if not ips or any(ip_id not in rooms or rooms[ip_id].left for ip_id in ips):
        return None
    returns = [until for ip_id in ips if (until := rooms[ip_id].returns_at) is not None]
    return RoomWait(_addresses(ips), min(returns, default=None))


def cap_wait(
    providers: Collection[str], ips: Mapping[int, SendingIP], rooms: Mapping[int, Room]
) -> CapWait:
    """Return what mail for providers waits for that no IP may send anything more today."""
    capped = {
        ip_id: ip
        for ip_id, ip in ips.items()
        if ip_id in rooms and not rooms[ip_id].capped.keys().isdisjoint(providers)
    }
    returns = [until for ip_id in capped if (until := rooms[ip_id].returns_at) is not None]
    return CapWait(tuple(sorted(providers)), _addresses(capped), min(returns, default=None))


def forecast(
    ips: Mapping[int, SendingIP], *, by_provider: Mapping[str, int], now: datetime
) -> Forecast | None:
    """Return how long so many messages take if all of the IPs are warming, else None.

    Every day is taken to be used, and by nobody else.
    """
    paces = warmup.queries.paces(ips, now=now)
    if not ips or len(paces) < len(ips):
        return None
    going = [pace for pace in paces.values() if pace is not None]
    return Forecast(_addresses(ips), days_needed(by_provider, going) if going else None)


def wait_words(wait: RoomWait, *, organization: Organization) -> str:
    """Return in a sentence what a campaign waits for, on the organization's clock."""
    if wait.until is None:
        return f"Waits until the warm-up of {wait.ips} is resumed."
    return f"Waits for room on {wait.ips} until {_local(wait.until, organization)}."


def cap_words(wait: CapWait, *, organization: Organization) -> str:
    """Return in a sentence what mail for some providers waits for."""
    if wait.until is None:
        return f"Waits until the warm-up of {wait.ips} is resumed."
    until = _local(wait.until, organization)
    return f"Waits for room for {wait.names} on {wait.ips} until {until}."


def _local(until: datetime, organization: Organization) -> str:
    return f"{until.astimezone(ZoneInfo(str(organization.timezone))):%a %d %b %H:%M}"


def named(addresses: tuple[str, ...], *, many: str = "sending IPs") -> str:
    """Return IPs, or providers, as people list them."""
    if len(addresses) > NAMED_IPS:
        return f"all {len(addresses)} {many}"
    *first, last = addresses
    return f"{', '.join(first)} and {last}" if first else last


def _addresses(ips: Mapping[int, SendingIP]) -> tuple[str, ...]:
    return tuple(sorted(ip.address for ip in ips.values()))
