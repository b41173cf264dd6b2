"""The audience at work: reads what arrives, waits for the moment of each deed, and does it."""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sandbox.audience import visits, web
from sandbox.audience.arrivals import Arrival, Arrivals
from sandbox.audience.deeds import WRITTEN, Action
from sandbox.audience.diary import Diary, Entry
from sandbox.audience.letters import Letter, read_envelope, read_letter
from sandbox.audience.mails import write
from sandbox.audience.plans import plan
from sandbox.audience.tempo import Tempo
from sandbox.audience.visits import Request

LOOK_SECONDS: Final = 0.1
READ_AT_ONCE: Final = 50  # messages, before others have their turn
ACT_AT_ONCE: Final = 12  # messages that something is being done about
MOST_WAITING: Final = 50_000  # messages; what comes beyond that stays unread until there is room


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceSettings:
    """Where mail is read, where mails are handed in, and how the audience behaves.

    `hook` is the whole address that mails are posted to; empty, none are written.
    """

    maildir: Path
    bookmark: Path
    hook: str
    tempo: Tempo
    seed: int = 1
    diary: Path | None = None


@dataclass(slots=True)
class _Course:
    """A message that is being acted upon: what is still to be done, and when it arrived."""

    arrival: Arrival
    actions: tuple[Action, ...]
    next_: int = 0
    delay: float = 0.0  # seconds that it has fallen behind; what follows keeps its distance
    letter: Letter | None = None

    @property
    def due(self) -> float:
        return self.arrival.at + self.delay + self.actions[self.next_].after_seconds

    def fall_behind(self, now: float) -> None:
        """Count what follows from now, if the deed in hand should have been over by now."""
        self.delay += max(0.0, now - self.due)


@dataclass(slots=True)
class Audience:
    """Everybody who reads. The deeds about one message follow each other, none overtakes."""

    settings: AudienceSettings
    diary: Diary
    arrivals: Arrivals
    read: int = 0
    worked_at: float = field(default_factory=time.monotonic)
    _waiting: list[tuple[float, int, _Course]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _acting: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    def of(cls, settings: AudienceSettings) -> Audience:
        """Return an audience that goes on where the last one stopped reading."""
        arrivals = Arrivals(settings.maildir, bookmark=settings.bookmark)
        return cls(settings, Diary(settings.diary), arrivals)

    @property
    def idle_seconds(self) -> float:
        """How long nothing has been read, done or waited for."""
        busy = bool(self._waiting or self._acting)
        return 0.0 if busy else time.monotonic() - self.worked_at

    async def act(self) -> None:
        """Read and act until cancelled; what was planned and not done is then lost."""
        try:
            while True:
                if not self._read_some():
                    await asyncio.sleep(LOOK_SECONDS)
                self._begin_what_is_due()
                await asyncio.sleep(0)
        finally:
            for task in self._acting:
                task.cancel()
            await asyncio.gather(*self._acting, return_exceptions=True)
            self.diary.close()

    def _read_some(self) -> bool:
        """Plan for some new messages and return whether there may be more."""
        room = min(READ_AT_ONCE, MOST_WAITING - len(self._waiting))
        found = list(self.arrivals.look(room)) if room > 0 else []
        for arrival in found:
            self._plan(arrival)
        if found:
            self.read += len(found)
            self.worked_at = time.monotonic()
        return len(found) == READ_AT_ONCE

    def _plan(self, arrival: Arrival) -> None:
        beginning = arrival.beginning()
        if beginning is None:
            return
        envelope = read_envelope(beginning)
        actions = plan(
            envelope.address,
            subject=envelope.subject,
            seed=self.settings.seed,
            tempo=self.settings.tempo,
        )
        if actions:
            self._wait(_Course(arrival, actions))

    def _wait(self, course: _Course) -> None:
        heapq.heappush(self._waiting, (course.due, next(self._numbers), course))

    def _begin_what_is_due(self) -> None:
        now = time.time()
        while self._waiting and self._waiting[0][0] <= now and len(self._acting) < ACT_AT_ONCE:
            course = heapq.heappop(self._waiting)[2]
            course.fall_behind(now)
            task = asyncio.get_running_loop().create_task(self._go_on(course))
            self._acting.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._acting.discard(task)
        self.worked_at = time.monotonic()
        if not task.cancelled() and task.exception() is not None:
            context = {"message": "a deed failed", "exception": task.exception()}
            asyncio.get_running_loop().call_exception_handler(context)

    async def _go_on(self, course: _Course) -> None:
        """Do the next deed about a message, and wait for the one after it."""
        if course.letter is None:
            raw = course.arrival.whole()
            if raw is None:
                return
            course.letter = read_letter(raw)
        await self._do(course.actions[course.next_], course.letter)
        course.fall_behind(time.time())
        course.next_ += 1
        if course.next_ < len(course.actions):
            self._wait(course)

    async def _do(self, action: Action, letter: Letter) -> None:
        if action.deed in WRITTEN:
            await self._write(action, letter)
            return
        for number, request in enumerate(visits.requests(action, letter)):
            if number:
                await asyncio.sleep(visits.STEP_SECONDS)
            self._note(action, letter, request, status=await web.ask(request))

    async def _write(self, action: Action, letter: Letter) -> None:
        if not self.settings.hook:
            return
        mail = write(action, letter, now=dt.datetime.now(dt.UTC))
        status = await web.post(mail, hook=self.settings.hook)
        self.diary.add(_entry(action, letter, did=action.deed, status=status))

    def _note(self, action: Action, letter: Letter, request: Request, *, status: int) -> None:
        if request.noted:
            entry = _entry(action, letter, did=request.noted, status=status, link=request.link)
            self.diary.add(entry)


def _entry(
    action: Action, letter: Letter, *, did: str, status: int, link: int | None = None
) -> Entry:
    return Entry(
        at=round(time.time(), 3),
        message_id=letter.envelope.message_id,
        address=letter.envelope.address,
        did=did,
        who=action.who,
        status=status,
        link=link,
        trouble=action.trouble,
    )
