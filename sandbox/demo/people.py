"""The people of the demo: always the same ones, drawn from a seeded generator."""

from __future__ import annotations

import datetime as dt
import enum
import random
from dataclasses import dataclass

from sandbox.demo.names import REGIONS, Name, Region

# Domains that no mail can ever reach (RFC 2606), named so that the sandbox answers in the words of
# the provider they remind of.
DOMAINS = {
    "gmail.example": 46, "outlook.example": 14, "hotmail.example": 6, "yahoo.example": 12,
    "icloud.example": 9, "gmx.example": 4, "web.example": 2, "acme-tools.example": 3,
    "northwind-books.example": 2, "studio-lumen.example": 2,
}  # fmt: skip
PLANS = {"free": 62, "plus": 28, "pro": 10}
DRINKS = {"coffee": 64, "tea": 36}
NAMELESS_SHARE = 0.03  # people who gave an address and nothing else
ENGAGED_SHARE = 0.58  # opened or clicked something in the last 90 days
LONG_QUIET_SHARE = 0.22  # did so longer ago; the rest never did
MEMBERSHIP_DAYS = 1500  # the longest that anybody has been with the shop


class Standing(enum.StrEnum):
    """How someone stands to the newsletter."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"  # a hard bounce of the past
    COMPLAINED = "complained"


STANDINGS = {
    Standing.SUBSCRIBED: 950, Standing.PENDING: 12, Standing.UNSUBSCRIBED: 26, Standing.BOUNCED: 9,
    Standing.COMPLAINED: 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Someone on the demo's lists."""

    address: str
    first_name: str
    last_name: str
    language: str
    timezone: str
    city: str
    plan: str
    drink: str
    points: int
    joined_at: dt.datetime
    last_human_at: dt.datetime | None
    standing: Standing
    wants_product_news: bool


def make_people(count: int, *, seed: int, now: dt.datetime) -> list[Person]:
    """Return `count` people with addresses of their own; the same for the same seed and day."""
    rng = random.Random(seed)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    taken: set[str] = set()
    return [_person(rng, taken=taken, midnight=midnight) for _ in range(count)]


def _person(rng: random.Random, *, taken: set[str], midnight: dt.datetime) -> Person:
    region = rng.choices(REGIONS, [region.share for region in REGIONS])[0]
    first, last = rng.choice(region.first_names), rng.choice(region.last_names)
    city, zone = rng.choice(region.places)
    joined = midnight - dt.timedelta(
        days=rng.randint(3, MEMBERSHIP_DAYS), minutes=rng.randint(0, 1439)
    )
    known = rng.random() >= NAMELESS_SHARE
    plan = _drawn(rng, PLANS)
    return Person(
        address=_free_address(rng, first, last, taken=taken),
        first_name=first.written if known else "",
        last_name=last.written if known else "",
        language=region.language,
        timezone=zone,
        city=city,
        plan=plan,
        drink=_drawn(rng, DRINKS),
        points=_points(rng, plan=plan),
        joined_at=joined,
        last_human_at=_last_human_at(rng, joined=joined, midnight=midnight),
        standing=Standing(_drawn(rng, {str(key): share for key, share in STANDINGS.items()})),
        wants_product_news=rng.random() < _interest(region),
    )


def _free_address(rng: random.Random, first: Name, last: Name, *, taken: set[str]) -> str:
    domain = _drawn(rng, DOMAINS)
    local = rng.choice(("{0}.{1}", "{0}{1}", "{0}_{1}", "{0[0]}.{1}")).format(
        first.in_address, last.in_address
    )
    address, number = f"{local}@{domain}", rng.randint(2, 99)
    while address in taken:
        address = f"{local}{number}@{domain}"
        number += 1
    taken.add(address)
    return address


def _points(rng: random.Random, *, plan: str) -> int:
    base = {"free": 60, "plus": 240, "pro": 900}[plan]
    return int(rng.expovariate(1 / base)) // 5 * 5


def _last_human_at(
    rng: random.Random, *, joined: dt.datetime, midnight: dt.datetime
) -> dt.datetime | None:
    drawn = rng.random()
    minutes = rng.randint(0, 1439)
    if drawn < ENGAGED_SHARE:
        days = rng.randint(1, 89)
    elif drawn < ENGAGED_SHARE + LONG_QUIET_SHARE:
        days = rng.randint(91, 500)
    else:
        return None
    return max(joined, midnight - dt.timedelta(days=days, minutes=minutes))


def _interest(region: Region) -> float:
    return 0.45 if region.language in ("en", "de", "fr") else 0.25


def _drawn(rng: random.Random, shares: dict[str, int]) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]
