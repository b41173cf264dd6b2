"""One message, one command at a time, with every line of the dialogue kept for a person to read."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sending.transports.base import Answer, Envelope, Receipt, Stage
from sending.transports.smtp import wire
from sending.transports.smtp.conversation import Conversation, ConversationError, Reply, Speaker
from sending.transports.smtp.opening import Offers, open_conversation
from sending.transports.smtp.replies import answer_of, enhanced_code, queue_id
from sending.transports.smtp.settings import SmtpSettings

PATIENCE_SECONDS = 20.0  # somebody waits in front of a screen
GO_AHEAD = 354

_COMMAND_STAGES = (Stage.MAIL, Stage.RCPT, Stage.DATA)


@dataclass(frozen=True, slots=True)
class DialogueLine:
    """What one side said; passwords are masked and the message is only named by its size."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A whole dialogue and what it came to."""

    lines: tuple[DialogueLine, ...]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class _Outcome:
    answer: Answer
    stage: Stage
    code: int | None
    response: str


async def send_one(
    settings: SmtpSettings, envelope: Envelope, *, clock: Callable[[], datetime]
) -> Dialogue:
    """Return the dialogue in which one message was handed over, or in which that failed.

    Waits at most 20 seconds for each answer, whatever the settings say.
    """
    lines: list[DialogueLine] = []
    outcome = await _outcome(
        _impatient(settings),
        envelope,
        listener=lambda speaker, text: lines.append(DialogueLine(speaker, text)),
    )
    receipt = Receipt(
        recipient_id=envelope.recipient_id,
        answer=outcome.answer,
        stage=outcome.stage,
        code=outcome.code,
        enhanced_code=enhanced_code(outcome.response) if outcome.code is not None else "",
        response=outcome.response,
        queue_id=queue_id(outcome.response) if outcome.answer is Answer.ACCEPTED else "",
        answered_at=clock(),
    )
    return Dialogue(tuple(lines), receipt)


def _impatient(settings: SmtpSettings) -> SmtpSettings:
    return dataclasses.replace(
        settings,
        connect_timeout=min(settings.connect_timeout, PATIENCE_SECONDS),
        reply_timeout=min(settings.reply_timeout, PATIENCE_SECONDS),
        body_timeout=min(settings.body_timeout, PATIENCE_SECONDS),
    )


async def _outcome(
    settings: SmtpSettings, envelope: Envelope, *, listener: Callable[[Speaker, str], None]
) -> _Outcome:
    """Open a connection, hand the message over, say goodbye."""
    problem = wire.address_problem(envelope)
    if problem is not None:
        return _Outcome(Answer.REFUSED, problem[0], None, problem[1])
    try:
        conversation, offers = await open_conversation(settings, listener=listener)
    except ConversationError as error:
        return _Outcome(Answer.UNREACHED, error.stage, error.code, error.response)
    try:
        outcome = await _hand_over(conversation, settings, envelope, offers=offers)
        await _say_goodbye(conversation, settings)
    finally:
        conversation.close()
    return outcome


async def _hand_over(
    conversation: Conversation, settings: SmtpSettings, envelope: Envelope, *, offers: Offers
) -> _Outcome:
    problem = wire.size_problem(envelope, limit=offers.size_limit)
    if problem is not None:
        return _Outcome(Answer.REFUSED, Stage.MAIL, None, problem)
    stage = Stage.MAIL
    try:
        group = wire.command_group(envelope, size_offered=offers.size).decode("ascii").splitlines()
        for stage, command in zip(_COMMAND_STAGES, group, strict=True):
            reply = await conversation.ask(stage, command, within=settings.reply_timeout)
            if not _goes_on(stage, reply):
                return _judged(stage, reply)
        stage = Stage.BODY
        shown = f"(the message, {len(envelope.data):,} bytes)"
        conversation.say(wire.stuffed(envelope) + wire.END_OF_DATA, shown=shown)
        return _judged(stage, await conversation.listen(stage, within=settings.body_timeout))
    except ConversationError as error:
        return _Outcome(_unclear(stage), stage, error.code, error.response)


def _goes_on(stage: Stage, reply: Reply) -> bool:
    return reply.code == GO_AHEAD if stage is Stage.DATA else reply.is_positive


def _judged(stage: Stage, reply: Reply) -> _Outcome:
    """Return what the reply that ends the transaction says of the message."""
    answer = answer_of(reply.code)
    if answer is None or (answer is Answer.ACCEPTED and stage is not Stage.BODY):
        answer = _unclear(stage)
    return _Outcome(answer, stage, reply.code, reply.text)


def _unclear(stage: Stage) -> Answer:
    """Return what is known without a usable answer: a written message may have been taken."""
    return Answer.IN_DOUBT if stage is Stage.BODY else Answer.UNREACHED


async def _say_goodbye(conversation: Conversation, settings: SmtpSettings) -> None:
    """Say QUIT; a server that hangs up instead of answering changes nothing any more."""
    with contextlib.suppress(ConversationError):
        await conversation.ask(Stage.BODY, "QUIT", within=settings.reply_timeout)
