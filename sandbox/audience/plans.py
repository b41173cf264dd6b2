"""Who does what about a message, and when: the same for the same seed, address and subject.

A local part such as `clicks+anything` asks for a behaviour, as `sandbox.behaviour` does for the
server; any other address gets one by seeded chance, in the shares of `habits`.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sandbox.audience import agents
from sandbox.audience.deeds import Action, Deed, Trouble, Who
from sandbox.audience.habits import (
    COMPANIES_WITH_GATEWAY,
    GATEWAYS,
    HABITS,
    PER_MILLE,
    Gateway,
)
from sandbox.audience.tempo import PREFETCH, SCAN, Tempo, between
from sandbox.providers import OTHER, provider_of

MOST_READINGS: Final = 3  # of one message by one person
READS_AGAIN: Final = 180  # of a thousand readers, each time
ONE_CLICK: Final = 750  # of a thousand who unsubscribe; the others write a mail
IN_WORDS: Final = 300  # of a thousand late bounces have no structure


class Wish(enum.StrEnum):
    """What an address can ask for by the part before its plus."""

    QUIET = "quiet"  # nothing at all
    OPENS = "opens"
    CLICKS = "clicks"  # reads and follows a link
    BLIND = "blind"  # follows a link without having loaded the pictures
    REPLIES = "replies"
    AWAY = "away"
    COMPLAINS = "complains"
    UNSUBSCRIBES = "unsubscribes"
    COMES_BACK = "comes-back"
    SCANNED = "scanned"  # a gateway follows all links, later a person one of them
    PREFETCHED = "prefetched"


@dataclass(frozen=True, slots=True)
class Draws:
    """Numbers from [0, 1), each by its name; the same for the same seed, address and subject."""

    seed: int
    about: str

    def number(self, name: str) -> float:
        """Return the number of this name."""
        key = str(self.seed).encode()[:64]
        text = f"{name}\0{self.about}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=7, key=key).digest()) / (1 << 56)

    def hits(self, name: str, per_mille: int) -> bool:
        """Return whether one of so many of a thousand is meant."""
        return self.number(name) * PER_MILLE < per_mille


def plan(address: str, *, subject: str, seed: int, tempo: Tempo) -> tuple[Action, ...]:
    """Return what is done about a message to `address`, in the order of time."""
    reader = _Reader(address.lower(), subject=subject, seed=seed, tempo=tempo)
    return tuple(sorted(reader.actions(), key=lambda action: action.after_seconds))


class _Reader:
    """The mailbox behind one address, with whoever reads it and whatever stands before it."""

    def __init__(self, address: str, *, subject: str, seed: int, tempo: Tempo) -> None:
        provider = provider_of(address)
        self._habits = HABITS[provider.name]
        self._tempo = tempo
        self._wish = _wish(address)
        self._letter = Draws(seed, f"{address}\0{subject}")  # differs from message to message
        self._person = Draws(seed, address)
        self._gateway = _gateway(address, seed=seed) if provider is OTHER else None
        self._now = tempo.of_person(self._letter.number("read at"))
        self._deeds = 0

    def actions(self) -> Iterator[Action]:
        if self._does(Wish.COMES_BACK, self._habits.comes_back):
            yield self._bounce()
            return
        yield from self._machines()
        hidden = self._prefetches() and self._habits.prefetch_hides
        yield from self._reading(visible=not hidden)
        yield from self._writing()

    def _does(self, wish: Wish, per_mille: int) -> bool:
        if self._wish is not None:
            return self._wish is wish
        return self._letter.hits(wish, per_mille)

    def _prefetches(self) -> bool:
        if self._wish is not None:
            return self._wish is Wish.PREFETCHED
        return self._person.hits("privacy", self._habits.privacy)

    def _machines(self) -> Iterator[Action]:
        gateway = self._scanner()
        if gateway is not None:
            yield Action(
                between(SCAN, self._letter.number("scanned at")),
                Deed.SCAN,
                Who.MACHINE,
                gateway.agent,
                network=_gateway_network(gateway),
                asks_first=gateway.asks_first,
            )
        if self._prefetches():
            yield Action(
                between(PREFETCH, self._letter.number("prefetched at")),
                Deed.OPEN,
                Who.MACHINE,
                self._habits.prefetcher or agents.APPLE_PRIVACY,
                network="prefetch",
            )

    def _scanner(self) -> Gateway | None:
        if self._wish is not None:
            return (self._gateway or GATEWAYS[0]) if self._wish is Wish.SCANNED else None
        if self._gateway is not None:
            return self._gateway
        return Gateway(agents.CHROME) if self._letter.hits("scan", self._habits.scanned) else None

    def _reading(self, *, visible: bool) -> Iterator[Action]:
        reads = self._wish is Wish.CLICKS or self._does(Wish.OPENS, self._habits.reads)
        blind = self._wish is Wish.SCANNED or (
            not reads and self._does(Wish.BLIND, self._habits.clicks_blind)
        )
        if reads and visible:
            yield from self._openings()
        if blind or (reads and self._clicks()):
            yield self._later(
                Deed.CLICK,
                agent=self._chosen(self._habits.browsers, "browser"),
                link=self._letter.number("link"),
            )

    def _clicks(self) -> bool:
        if self._wish is not None:
            return self._wish is Wish.CLICKS
        return self._letter.hits("clicks", self._habits.clickers)

    def _openings(self) -> Iterator[Action]:
        agent = self._chosen(self._habits.readers, "program")
        yield self._later(Deed.OPEN, agent=agent)
        for again in range(1, MOST_READINGS):
            if self._wish is not None or not self._letter.hits(f"again {again}", READS_AGAIN):
                break
            yield self._later(Deed.OPEN, agent=agent)

    def _writing(self) -> Iterator[Action]:
        habits = self._habits
        if self._does(Wish.AWAY, habits.away):
            yield Action(self._tempo.first_seconds / 2, Deed.AUTO_REPLY, Who.MACHINE)
        elif self._does(Wish.REPLIES, habits.replies):
            yield self._later(Deed.REPLY)
        if self._does(Wish.COMPLAINS, habits.complains):
            in_words = habits.complains_in_words
            yield self._later(Deed.COMPLAIN_IN_WORDS if in_words else Deed.COMPLAIN)
        if self._does(Wish.UNSUBSCRIBES, habits.unsubscribes):
            at_once = self._letter.hits("one click", ONE_CLICK)
            yield self._later(
                Deed.UNSUBSCRIBE if at_once else Deed.UNSUBSCRIBE_BY_MAIL,
                agent=agents.MAIL_PROGRAM if at_once else "",
            )

    def _bounce(self) -> Action:
        in_words = self._letter.hits("in words", IN_WORDS)
        return Action(
            self._now,
            Deed.BOUNCE_IN_WORDS if in_words else Deed.BOUNCE,
            Who.MACHINE,
            trouble=self._trouble(),
        )

    def _trouble(self) -> Trouble:
        troubles = self._habits.troubles
        return troubles[int(self._letter.number("trouble") * len(troubles))]

    def _later(self, deed: Deed, *, agent: str = "", link: float = 0.0) -> Action:
        """Return the next deed of the person, some time after the one before."""
        action = Action(self._now, deed, Who.PERSON, agent, network="home", link=link)
        self._deeds += 1
        self._now += self._tempo.pause_seconds * (1 + self._letter.number(f"pause {self._deeds}"))
        return action

    def _chosen(self, programs: tuple[str, ...], name: str) -> str:
        return programs[int(self._person.number(name) * len(programs))]


def _wish(address: str) -> Wish | None:
    prefix, plus, _ = address.rpartition("@")[0].partition("+")
    return Wish(prefix) if plus and prefix in list(Wish) else None


def _gateway(address: str, *, seed: int) -> Gateway | None:
    """Return what stands before the mailboxes of a company; all of a domain have the same."""
    draws = Draws(seed, address.rpartition("@")[2])
    if not draws.hits("gateway", COMPANIES_WITH_GATEWAY):
        return None
    return GATEWAYS[int(draws.number("which gateway") * len(GATEWAYS))]


def _gateway_network(gateway: Gateway) -> str:
    return f"gateway {GATEWAYS.index(gateway)}" if gateway in GATEWAYS else "provider"
