"""One open connection at work: messages out, a receipt for each.

Where the server offers PIPELINING, the commands of a message go out in one write, and those of the
next message in the same write as the body and final dot of the one before (RFC 2920 3.1). So at any
moment a session has at most one message that is written and unanswered, and one that is begun.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import ClassVar

from sending.transports.base import Answer, Stage
from sending.transports.lanes import Lane
from sending.transports.smtp import wire
from sending.transports.smtp.line import Line, Step
from sending.transports.smtp.opening import Offers
from sending.transports.smtp.replies import answer_of, quoted, response_text
from sending.transports.smtp.settings import Pipelining, SmtpSettings
from sending.transports.smtp.supply import Supply
from sending.transports.work import Work

STALE_SECONDS = 1.0  # idle for so long, and a 421 may be about the idleness, not the message
HELD_BODY_BYTES = 65536  # of a longer message the dot waits until the kernel has taken the body
UNLIMITED = -1

GO_AHEAD = 354
CLOSING_CHANNEL = 421

_GROUP = (Step.MAIL, Step.RCPT, Step.DATA)
_STAGES: dict[Step | None, Stage] = {
    Step.MAIL: Stage.MAIL,
    Step.RCPT: Stage.RCPT,
    Step.DATA: Stage.DATA,
}


class Session:
    """Carries messages over one connection until it ends."""

    __slots__ = (
        "_answered_any",
        "_begun",
        "_carried",
        "_ended",
        "_held",
        "_idle_since",
        "_leaving",
        "_left",
        "_loop",
        "_offers",
        "_pipelined",
        "_stale",
        "_step",
        "_supply",
        "_transaction_open",
        "_unsaid",
        "_written",
        "line",
    )

    def __init__(self, supply: Supply, *, settings: SmtpSettings, offers: Offers) -> None:
        """Be ready for a connection on which EHLO and AUTH are done; `line` is its protocol."""
        self.line = Line(self, settings=settings)
        self._supply = supply
        self._offers = offers
        self._pipelined = offers.pipelining and settings.pipelining == Pipelining.AUTO
        self._left = settings.messages_per_connection or UNLIMITED
        self._carried: dict[Lane, int] = {}  # messages of lanes that count them
        self._loop = asyncio.get_running_loop()
        self._unsaid: deque[tuple[Step, bytes]] = deque()  # in lock-step, the commands to come
        self._begun: Work | None = None  # its commands are out, its dot is not
        self._written: Work | None = None  # its body and dot are out
        self._transaction_open = False  # MAIL was taken and no end of data or RSET came after it
        self._idle_since = self._loop.time()
        self._stale = False  # whether the message was begun on a connection long idle
        self._step: Step | None = None  # whose answer is being judged
        self._held = False  # whether a long body is on its way without its dot
        self._leaving = self._ended = self._answered_any = False

    @property
    def is_idle(self) -> bool:
        """Say whether it waits for a message."""
        return self.line.next_step is None and not self._ended

    def go_on(self) -> None:
        """Say the next command, or begin the next message, or QUIT, or wait for work."""
        if self._unsaid:
            self._say_next()
        elif (work := self._take()) is not None:
            self._begin(work)
        elif self._leaving or self._left == 0:
            self._leaving = True
            self.line.say(wire.QUIT, Step.QUIT)
        else:
            self._idle_since = min(self._idle_since, self._loop.time())

    def leave(self) -> None:
        """Take no further message, and QUIT when those on the way are answered."""
        self._leaving = True
        if self.is_idle:
            self.go_on()

    def end(self, reason: str) -> None:
        """Close at once: what was written is in doubt, what was only begun goes back."""
        if self._ended:
            return
        self._ended = True
        step = self.line.next_step if self._step is None else self._step
        in_vain = not self._answered_any and bool(self._begun or self._written)
        self.line.close()
        if self._written is not None:
            response = f"{reason} The message was written; whether it was taken is unknown."
            self._supply.settle(
                self._written, Answer.IN_DOUBT, stage=Stage.BODY, code=None, response=response
            )
        if self._begun is not None:
            stage = Stage.BODY if self._held else _STAGES.get(step)
            self._supply.put_back(self._begun, stage=stage, reason=reason)
        self._begun = self._written = None
        self._supply.session_ended(self, reason=reason, in_vain=in_vain)

    def on_reply(self, step: Step, code: int, text: bytes) -> None:
        """Take what the server answered and go on from there."""
        self._step = step
        self._ON_REPLY[step](self, code, text)
        if code == CLOSING_CHANNEL:
            self.end(f"The server closed the connection: {code} {quoted(text)}.")
        elif self.line.next_step is None and not self._ended:
            self.go_on()
        self._step = None

    def on_unasked(self, code: int, text: bytes) -> None:
        """End: a server that speaks while nothing is on the way says goodbye, or nonsense."""
        self.end(f"The server closed an idle connection: {code} {quoted(text)}.")

    def on_written(self) -> None:
        """Write the dot of a long body, and behind it the next message's commands."""
        work = self._begun
        if work is not None and self._held:
            self._write_end(work, b"")

    def on_silence(self, seconds: float) -> None:
        """Say QUIT on a connection long idle; end one whose server does not answer."""
        if self.is_idle:
            self.leave()
        else:
            self.end(f"The server did not answer within {seconds:g} seconds.")

    def on_closed(self, reason: str) -> None:
        """Settle what was on the way."""
        self.end(reason)

    def _take(self) -> Work | None:
        """Return the next message that this server takes by its size."""
        while self._left != 0 and not self._leaving:
            work = self._supply.next_work(self)
            if work is None:
                return None
            problem = wire.size_problem(work.envelope, limit=self._offers.size_limit)
            if problem is None:
                self._left -= 1
                if work.lane is not None and work.lane.messages_per_connection:
                    self._count(work.lane)
                return work
            self._supply.settle(work, Answer.REFUSED, stage=Stage.MAIL, code=None, response=problem)
        return None

    def _count(self, lane: Lane) -> None:
        """Leave after this message if no connection may carry more of its lane."""
        carried = self._carried[lane] = self._carried.get(lane, 0) + 1
        if carried >= lane.messages_per_connection:
            self._left = 0

    def _begin(self, work: Work) -> None:
        """Say the commands of a message, or the first of them, on a connection that waits."""
        self._begun = work
        self._stale = self._loop.time() - self._idle_since > STALE_SECONDS
        self._idle_since = math.inf
        group = wire.command_group(work.envelope, size_offered=self._offers.size)
        reset, self._transaction_open = self._transaction_open, False
        if not self._pipelined:
            steps = [(Step.RSET, wire.RSET)] if reset else []
            steps += zip(_GROUP, group.splitlines(keepends=True), strict=True)
            self._unsaid.extend(steps)
            self._say_next()
        elif reset:
            self.line.say(wire.RSET + group, Step.RSET, *_GROUP)
        else:
            self.line.say(group, *_GROUP)

    def _say_next(self) -> None:
        step, command = self._unsaid.popleft()
        self.line.say(command, step)

    def _on_mail(self, code: int, text: bytes) -> None:
        if answer_of(code) is Answer.ACCEPTED:
            self._transaction_open = True
        elif not (self._stale and code == CLOSING_CHANNEL):  # that one is not about the message
            self._refused(Stage.MAIL, code, text)

    def _on_rcpt(self, code: int, text: bytes) -> None:
        if answer_of(code) is not Answer.ACCEPTED:
            self._refused(Stage.RCPT, code, text)

    def _on_data(self, code: int, text: bytes) -> None:
        if code != GO_AHEAD:
            self._refused(Stage.DATA, code, text)
        elif self._begun is not None:
            self._write_body(self._begun)
        elif self._transaction_open:
            self._say_with_next(wire.END_OF_DATA, Step.LONE_DOT)
        else:
            self.end("The server wants the text of a message whose sender it refused.")

    def _on_body(self, code: int, text: bytes) -> None:
        work = self._written
        if work is None:
            self._refused(Stage.BODY, code, text)
            self.end("The server answered before the end of a message.")
            return
        answer = answer_of(code)
        if answer is None:
            self.end(f"The server answered a message with {code} {quoted(text)}.")
        else:
            self._written = None
            self._settle(work, answer, Stage.BODY, code, text)

    def _on_rset(self, code: int, text: bytes) -> None:
        if answer_of(code) is not Answer.ACCEPTED:
            self.end(f"The server answered RSET with {code} {quoted(text)}.")

    def _on_lone_dot(self, code: int, text: bytes) -> None:
        if answer_of(code) is None:
            self.end(f"The server answered an empty message with {code} {quoted(text)}.")

    def _on_quit(self, code: int, text: bytes) -> None:
        self.end(f"The server said goodbye: {code} {quoted(text)}.")

    def _refused(self, stage: Stage, code: int, text: bytes) -> None:
        """Give the begun message the refusal of one of its steps, unless it has one already."""
        work, answer = self._begun, answer_of(code)
        self._unsaid.clear()
        if answer is None or answer is Answer.ACCEPTED:
            self.end(f"The server answered {stage.upper()} with {code} {quoted(text)}.")
        elif work is not None:
            self._begun = None
            self._settle(work, answer, stage, code, text)

    def _settle(self, work: Work, answer: Answer, stage: Stage, code: int, text: bytes) -> None:
        self._answered_any = True
        self._supply.settle(work, answer, stage=stage, code=code, response=response_text(text))

    def _write_body(self, work: Work) -> None:
        """Write the message, noting first that it leaves."""
        body = wire.stuffed(work.envelope)
        try:
            self._supply.handing_over(work)
        except Exception as error:
            self.end(f"The journal could not be written: {error}.")
            return
        if len(body) <= HELD_BODY_BYTES:
            self._write_end(work, body)
            return
        self.line.say(body, Step.BODY)
        self._held = True
        if not self.line.clogged:
            self._write_end(work, b"")

    def _write_end(self, work: Work, body: bytes) -> None:
        """Write the rest of a body and its dot."""
        steps = () if self._held else (Step.BODY,)
        self._held = False
        self._written, self._begun = work, None
        self._say_with_next(body + wire.END_OF_DATA, *steps)

    def _say_with_next(self, data: bytes, *steps: Step) -> None:
        """Say what ends a transaction, and in the same write the next message's commands."""
        self._transaction_open = self._stale = False
        following = self._take() if self._pipelined else None
        if following is None:
            self.line.say(data, *steps)
        else:
            self._begun = following
            group = wire.command_group(following.envelope, size_offered=self._offers.size)
            self.line.say(data + group, *steps, *_GROUP)

    _ON_REPLY: ClassVar = {
        Step.MAIL: _on_mail,
        Step.RCPT: _on_rcpt,
        Step.DATA: _on_data,
        Step.BODY: _on_body,
        Step.RSET: _on_rset,
        Step.LONE_DOT: _on_lone_dot,
        Step.QUIT: _on_quit,
    }
