"""How many connections each worker may use for a key, shared out through Valkey; no framework.

A worker is a holder. What it may use is written down under its name for a while, and renewed; what
a killed worker had comes back when that time is over. Only the clock of the server counts there.

No sum of what is written down is above the limit, and nobody uses more than is written down for
him: he says with each renewal how many he may still have in use, and is told what to come down to.
Where others wait, each comes down to an equal share.

Where Valkey does not answer, each holder keeps to an eighth of the limit, but to one connection at
least: mail does not stop for that. A Valkey that was started a moment ago may have forgotten who
holds what, so until all have told again it gives no more than that either.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from typing import Final, NamedTuple

from iprouting.scripts import PROCESSES, SharedScript

LEASE_SECONDS: Final = 15.0  # that a slot is kept for a holder who does not renew it
GRACE_SECONDS: Final = 10.0  # until all have told a Valkey just started what they use
KEY_PREFIX: Final = "mailwright:slots:"
# Keys: what is limited. Arguments: holder, lease and grace, then for each key limit, wanted, in
# use, and the share that is safe whatever others do. Returns for each how many the holder may use.
LEASE_SCRIPT: Final = """
local time, me, answers = redis.call('TIME'), ARGV[1], {}
local now = time[1] + time[2] / 1e6
local uptime = tonumber(redis.call('INFO', 'server'):match('uptime_in_seconds:(%d+)'))
for i, key in ipairs(KEYS) do
    local at = 4 * i
    local limit, wanted = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    local used, safe = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local kept, others, wanting, hungry = redis.call('HGETALL', key), {}, 1, false
    local free = limit
    for j = 1, #kept, 2 do
        local count, wish, ends = kept[j + 1]:match('(%S+) (%S+) (%S+)')
        if kept[j] ~= me then
            if tonumber(ends) <= now then
                redis.call('HDEL', key, kept[j])
            else
                others[#others + 1] = {tonumber(count), tonumber(wish)}
                free = free - tonumber(count)
                if tonumber(wish) > 0 then wanting = wanting + 1 end
            end
        end
    end
    local fair = math.max(1, math.floor(limit / wanting))
    for _, other in ipairs(others) do
        if other[1] < math.min(other[2], fair) then hungry = true end
    end
    local granted = math.max(0, math.min(wanted, free))
    if hungry then granted = math.min(granted, math.ceil(limit / wanting)) end
    if uptime < tonumber(ARGV[3]) then granted = math.min(granted, safe) end
    local count = math.max(granted, used)
    if count + wanted > 0 then
        redis.call('HSET', key, me, string.format('%d %d %.6f', count, wanted, now + ARGV[2]))
        redis.call('EXPIRE', key, math.ceil(ARGV[2]))
    else
        redis.call('HDEL', key, me)
    end
    answers[i] = granted
end
return answers
"""


class SlotWish(NamedTuple):
    """What a holder wants of a limit, and how many it may have in use until it is answered."""

    limit: int
    wanted: int
    used: int = 0


class Slots:
    """What one holder leases."""

    def __init__(self, script: SharedScript, *, holder: str, grace_seconds: float) -> None:
        """Hold nothing yet."""
        self._script = script
        self._holder = holder
        self._grace = grace_seconds
        self._keys: set[str] = set()
        self._given_back = False
        self._lock = threading.Lock()

    def lease(self, wishes: Mapping[str, SlotWish]) -> dict[str, int]:
        """Return how many connections may be used for each key, for `LEASE_SECONDS` from the call.

        What is in use beyond that has to be let go, and is to be named as used until it is.
        """
        with self._lock:
            if self._given_back:
                return dict.fromkeys(wishes, 0)
            self._keys.update(wishes)
            return self._leased(wishes)

    def give_back(self) -> None:
        """Leave everything to others; from then on nothing is leased."""
        with self._lock:
            self._given_back = True
            if self._keys:
                self._leased(dict.fromkeys(self._keys, SlotWish(limit=1, wanted=0)))

    def _leased(self, wishes: Mapping[str, SlotWish]) -> dict[str, int]:
        safe = {key: min(wish.wanted, safe_share(wish.limit)) for key, wish in wishes.items()}
        arguments: list[float | str] = [self._holder, LEASE_SECONDS, self._grace]
        for key, wish in wishes.items():
            arguments += [*wish, safe[key]]
        answer = self._script.ask([KEY_PREFIX + key for key in wishes], arguments)
        return safe if answer is None else dict(zip(wishes, map(int, answer), strict=True))


def safe_share(limit: int) -> int:
    """Return how many connections a holder may use that knows nothing of the others."""
    return max(1, limit // PROCESSES)


@functools.cache
def _script(url: str) -> SharedScript:
    return SharedScript(url, LEASE_SCRIPT)


def shared_slots(url: str, *, holder: str) -> Slots:
    """Return the slots of a holder; those of one process share a connection to the server."""
    return Slots(_script(url), holder=holder, grace_seconds=GRACE_SECONDS)
