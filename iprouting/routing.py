"""Which IP carries how much of the mail for one mailbox provider.

Everything is decided for one provider at a time: what keeps an IP from carrying mail, how well the
provider takes its mail, and the share of the mail it gets. See docs/iprouting.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from iprouting.reputation import BOUNCE_WEIGHT, COMPLAINT_WEIGHT, Counts

EPSILON: Final = 0.02  # points of score; IPs this close to the best share the mail
HYSTERESIS: Final = 0.05  # points; so much better must an IP be to push out the one before it
EXPLORING_SHARE: Final = 0.03  # of the mail; keeps the figures of other healthy IPs fresh
HEALTHY_DISTANCE: Final = 1.0  # points below the best; one message in ten bounced costs as much
# Points below the best; what 3 % of bounces and 0.1 % of complaints cost together. Warm-up stops an
# IP beyond these by itself (docs/warmup.md): until then it keeps its room.
WARMING_DISTANCE: Final = 0.4
PRIOR_MESSAGES: Final = 50  # what is expected of an unknown IP weighs as much as so many messages
FULL_SAMPLE: Final = 500  # messages; from here on the counts speak for themselves
TELLING_SAMPLE: Final = 20  # messages; with fewer, a provider says nothing about an IP elsewhere
_ROUNDING: Final = 1e-9


class Obstacle(StrEnum):
    """What keeps an IP from carrying a message."""

    OTHER_STREAM = "other_stream"  # it carries mail of another kind
    THROTTLED = "throttled"  # the provider asked this IP to slow down, or blocks it
    NO_ROOM = "no_room"  # it has sent today what its warm-up allows
    PROVIDER_CAP = "provider_cap"  # it has sent today what its warm-up allows for this provider
    ENGAGED_FIRST = "engaged_first"  # it is warming, and more engaged people wait for it
    FALLBACK = "fallback"  # it only stands in for others, and one of them may


class Rule(StrEnum):
    """Why an IP gets its share of a provider's mail."""

    BEST = "best"  # the highest score
    SHARED = "shared"  # as good as the best: they share by room
    WARMING = "warming"  # warming, and good enough: its room is used first
    EXPLORING = "exploring"  # not the best, but healthy: a little, so that its score stays fresh
    RESERVE = "reserve"  # nothing while better ones have room


@dataclass(frozen=True, slots=True)
class Rates:
    """Fractions of what was handed over; of complaints: of what was delivered."""

    delivery: float
    bounce: float
    complaint: float

    @property
    def score(self) -> float:
        """Delivery rate - 10 x bounce rate - 100 x complaint rate."""
        return self.delivery - self.bounce * BOUNCE_WEIGHT - self.complaint * COMPLAINT_WEIGHT


# Of an IP in a pool of which nothing is known either: an ordinary sender's figures.
ORDINARY: Final = Rates(delivery=0.98, bounce=0.01, complaint=0.0002)


@dataclass(frozen=True, slots=True)
class Contender:
    """An IP that nothing keeps from carrying mail for the provider.

    `room` is how many messages it may still take today, None is any number.
    """

    ip_id: int
    score: float
    room: int | None = None
    warming: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """The fraction of a provider's mail that an IP gets, and why."""

    ip_id: int
    fraction: float
    rule: Rule


def obstacle(
    *,
    other_stream: bool,
    room: int | None,
    throttled_until: datetime | None,
    now: datetime,
    kept_for_engaged: bool,
    room_at_provider: int | None = None,
) -> Obstacle | None:
    """Return what keeps an IP from carrying a message now, None if nothing does."""
    if other_stream:
        return Obstacle.OTHER_STREAM
    if throttled_until is not None and throttled_until > now:
        return Obstacle.THROTTLED
    if room == 0:
        return Obstacle.NO_ROOM
    if room_at_provider == 0:
        return Obstacle.PROVIDER_CAP
    return Obstacle.ENGAGED_FIRST if kept_for_engaged else None


def expected(*, pool: Counts, elsewhere: Collection[Counts] = ()) -> Rates:
    """Return what to expect of an IP at a provider, before looking at its own figures there.

    It is what the pool gets at the provider. Where the IP does worse than that at the middle one of
    the other providers, half of that counts: an IP that most refuse is no good choice here either,
    while trouble at one of them alone says nothing. `elsewhere` has one entry for each of them.
    """
    by_pool = _toward(ORDINARY, pool, messages=PRIOR_MESSAGES)
    told = [_toward(by_pool, counts) for counts in elsewhere if _tells(counts)]
    if len(told) < 2:  # noqa: PLR2004  one provider has no middle
        return by_pool
    middle = sorted(told, key=lambda rates: rates.score)[len(told) // 2]
    return by_pool if middle.score >= by_pool.score else _halfway(by_pool, middle)


def smoothed_score(counts: Counts, *, prior: Rates) -> float:
    """Return the score of an IP at a provider, drawn toward what was expected of it.

    `prior` weighs as much as PRIOR_MESSAGES at first, and ever less until FULL_SAMPLE: from there
    on the result is exactly `iprouting.reputation.score`. It lies in [-110, 1].
    """
    return _toward(prior, counts).score


def score_at(
    provider: str,
    address: str,
    *,
    reputation: Mapping[tuple[str, str], Counts],
    pool: Collection[str],
) -> float:
    """Return the score by which an IP is weighed at a provider.

    `reputation` is by (address, provider), of the last 24 hours; `pool` are the addresses of its
    pool, its own among them.
    """
    together = (reputation.get((one, provider), Counts()) for one in sorted(pool))
    elsewhere = [
        counts for (ip, other), counts in reputation.items() if ip == address and other != provider
    ]
    prior = expected(pool=sum(together, Counts()), elsewhere=elsewhere)
    return smoothed_score(reputation.get((address, provider), Counts()), prior=prior)


def shares(contenders: Sequence[Contender], *, incumbent: int | None = None) -> list[Share]:
    """Return the share of each IP in the mail for one provider, in the order given; they add to 1.

    `incumbent` is the IP that was the best until now. It stays so until another is better by more
    than HYSTERESIS, so that small ups and downs do not throw the mail to and fro.
    """
    if not contenders:
        return []
    first = _warming_first(contenders)
    leading = first or _leading(contenders, incumbent=incumbent)
    exploring = [] if first else _explored(contenders, leading)
    rest = EXPLORING_SHARE if exploring else 0.0
    fractions = {one.ip_id: (1 - rest) * part for one, part in _by_room(leading)}
    fractions |= {one.ip_id: rest / len(exploring) for one in exploring}
    rule = Rule.WARMING if first else Rule.SHARED if len(leading) > 1 else Rule.BEST
    rules = {one.ip_id: rule for one in leading}
    rules |= {one.ip_id: Rule.EXPLORING for one in exploring}
    return [
        Share(one.ip_id, fractions.get(one.ip_id, 0.0), rules.get(one.ip_id, Rule.RESERVE))
        for one in contenders
    ]


def best_of(contenders: Sequence[Contender], *, incumbent: int | None = None) -> int | None:
    """Return the IP that counts as the best: the incumbent, or one that is clearly better."""
    if not contenders:
        return None
    best = max(contenders, key=lambda one: (one.score, -one.ip_id))
    kept = next((one for one in contenders if one.ip_id == incumbent), best)
    return best.ip_id if best.score - kept.score > HYSTERESIS + _ROUNDING else kept.ip_id


def _leading(contenders: Sequence[Contender], *, incumbent: int | None) -> list[Contender]:
    """Return the best and those about as good, and whoever is better than it."""
    best = best_of(contenders, incumbent=incumbent)
    floor = next(one.score for one in contenders if one.ip_id == best) - EPSILON - _ROUNDING
    return [one for one in contenders if one.score >= floor]


def _warming_first(contenders: Sequence[Contender]) -> list[Contender]:
    """Return the warming IPs that are good enough for their room to be used first."""
    floor = max(one.score for one in contenders) - WARMING_DISTANCE - _ROUNDING
    return [one for one in contenders if one.warming and one.score >= floor]


def _explored(contenders: Sequence[Contender], leading: Sequence[Contender]) -> list[Contender]:
    floor = max(one.score for one in contenders) - HEALTHY_DISTANCE
    return [one for one in contenders if one not in leading and one.score >= floor]


def _by_room(leading: Sequence[Contender]) -> list[tuple[Contender, float]]:
    """Return each with its part of their mail; one without a limit counts as the roomiest."""
    roomiest = max((one.room for one in leading if one.room), default=1)
    weights = [roomiest if one.room is None else one.room for one in leading]
    whole = sum(weights)
    return [
        (one, weight / whole if whole else 1 / len(leading))
        for one, weight in zip(leading, weights, strict=True)
    ]


def _tells(counts: Counts) -> bool:
    return counts.handed_over >= TELLING_SAMPLE


def _toward(prior: Rates, counts: Counts, *, messages: float | None = None) -> Rates:
    """Return the rates of counts with `messages` more that were as expected.

    These are as many as the sample leaves to be wished for, if not given: the mean of a Beta
    distribution whose prior has that weight.
    """
    size = max(counts.handed_over, 0)
    more = PRIOR_MESSAGES * max(1 - size / FULL_SAMPLE, 0.0) if messages is None else messages
    return Rates(
        delivery=_mixed(counts.delivery_rate, size, prior.delivery, more),
        bounce=_mixed(counts.bounce_rate, size, prior.bounce, more),
        complaint=_mixed(counts.complaint_rate, max(counts.delivered, 0), prior.complaint, more),
    )


def _mixed(rate: float | None, size: int, expected_rate: float, more: float) -> float:
    if not more:
        return rate or 0.0  # exactly the plain figure
    if rate is None:
        return expected_rate
    return (rate * size + expected_rate * more) / (size + more)


def _halfway(one: Rates, other: Rates) -> Rates:
    return Rates(
        (one.delivery + other.delivery) / 2,
        (one.bounce + other.bounce) / 2,
        (one.complaint + other.complaint) / 2,
    )
