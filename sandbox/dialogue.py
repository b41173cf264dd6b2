"""The server's side of one SMTP connection, without a socket: octets in, steps out.

Sources: RFC 5321, RFC 2920 (PIPELINING), RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 3207 (STARTTLS),
RFC 4954 (AUTH), RFC 2034 (enhanced codes).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.answers import Answer, Answers, Message
from sandbox.behaviour import Behaviour
from sandbox.login import Login
from sandbox.providers import encode_reply

HOST = "sandbox.example"
MAXIMUM_MESSAGE_OCTETS = 25_000_000  # what the big providers take at most
MAXIMUM_LINE_OCTETS = 2048  # RFC 5321 4.5.3.1.4 asks for 512 and leaves room for extensions
_PATH = re.compile(
    r"(?P<word>FROM|TO):\s*<(?P<address>[^<>\x00-\x1f\x7f]*)>(?P<options>.*)", re.IGNORECASE
)
_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server offers. `credentials` are "user:password"; empty offers no AUTH."""

    pipelining: bool = True
    starttls: bool = False
    credentials: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing for the connection to do: wait, then say, keep, encrypt or hang up."""

    reply: bytes = b""
    wait_seconds: float = 0.0
    message: Message | None = None
    start_tls: bool = False
    hang_up: bool = False


class Dialogue:
    """Reads what the client sends and says step by step what to do about it."""

    def __init__(self, answers: Answers, *, offer: Offer, client_ip: str) -> None:
        self._answers = answers
        self._offer = offer
        self._client_ip = client_ip
        self._buffer = bytearray()
        self._searched = 0
        self._reading_body = False
        self._encrypted = False
        self._commands = self._known_commands()
        self._forget_session()

    def greeting(self) -> bytes:
        """Return the server's first words."""
        return b"220 %s ESMTP Mailwright sandbox\r\n" % HOST.encode()

    def receive(self, data: bytes) -> None:
        """Take what arrived; `next_step` reads it."""
        self._buffer += data

    def encrypted(self) -> None:
        """Begin again inside TLS, without anything that was said before (RFC 3207 4.2)."""
        self._buffer.clear()
        self._encrypted = True
        self._forget_session()

    def next_step(self) -> Step | None:
        """Return the next thing to do, or None until more arrives."""
        if self._reading_body:
            return self._body_step()
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return self._too_long() if len(self._buffer) > MAXIMUM_LINE_OCTETS else None
        line = bytes(self._buffer[:end]).decode("latin-1")
        del self._buffer[: end + 2]
        if self._login.running:
            return Step(reply=self._login.go_on(line))
        verb, _, rest = line.partition(" ")
        command = self._commands.get(verb.upper())
        if command is None:
            return _say(502, "5.5.2 Error: command not recognized")
        return command(rest.strip())

    def _known_commands(self) -> dict[str, Callable[[str], Step]]:
        return {
            "HELO": self._helo_step,
            "EHLO": self._ehlo_step,
            "STARTTLS": self._starttls_step,
            "AUTH": self._auth_step,
            "MAIL": self._mail_step,
            "RCPT": self._rcpt_step,
            "DATA": self._data_step,
            "RSET": self._rset_step,
            "NOOP": lambda _rest: _say(250, "2.0.0 Ok"),
            "VRFY": lambda _rest: _say(252, "2.0.0 Send some mail, I will try my best"),
            "QUIT": lambda _rest: Step(reply=encode_reply(221, ["2.0.0 Bye"]), hang_up=True),
        }

    def _forget_session(self) -> None:
        self._helo = ""
        self._login = Login(self._offer.credentials)
        self._forget_message()

    def _forget_message(self) -> None:
        self._mail_from: str | None = None
        self._rcpt_to: list[str] = []
        self._behaviour = Behaviour.ACCEPT

    def _helo_step(self, rest: str) -> Step:
        return self._greeted(rest, HOST)

    def _ehlo_step(self, rest: str) -> Step:
        lines = [HOST, f"SIZE {MAXIMUM_MESSAGE_OCTETS}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self._offer.pipelining:
            lines.append("PIPELINING")
        if self._offer.starttls and not self._encrypted:
            lines.append("STARTTLS")
        if self._offer.credentials:
            lines.append("AUTH PLAIN LOGIN")
        return self._greeted(rest, *lines)

    def _greeted(self, name: str, *lines: str) -> Step:
        if not name:
            return _say(501, "5.5.4 Error: say your name")
        self._helo = name.split(maxsplit=1)[0]
        self._forget_message()
        return _say(250, *lines)

    def _starttls_step(self, _rest: str) -> Step:
        if not self._offer.starttls or self._encrypted:
            return _say(502, "5.5.1 Error: command not implemented")
        return Step(reply=encode_reply(220, ["2.0.0 Ready to start TLS"]), start_tls=True)

    def _auth_step(self, rest: str) -> Step:
        return Step(reply=self._login.begin(rest))

    def _mail_step(self, rest: str) -> Step:
        path = _PATH.fullmatch(rest)
        if not self._helo:
            return _say(503, "5.5.1 Error: send HELO/EHLO first")
        if self._login.needed:
            return _say(530, "5.7.0 Authentication required")
        if self._mail_from is not None:
            return _say(503, "5.5.1 Error: nested MAIL command")
        if path is None or path["word"].upper() != "FROM":
            return _say(501, "5.5.4 Syntax: MAIL FROM:<address>")
        size = re.search(r"\bSIZE=(\d{1,15})\b", path["options"], re.IGNORECASE)
        if size and int(size[1]) > MAXIMUM_MESSAGE_OCTETS:
            return _say(552, "5.3.4 Message size exceeds fixed limit")
        self._mail_from = path["address"]
        return _say(250, "2.1.0 Ok")

    def _rcpt_step(self, rest: str) -> Step:
        if self._mail_from is None:
            return _say(503, "5.5.1 Error: need MAIL command")
        path = _PATH.fullmatch(rest)
        if path is None or path["word"].upper() != "TO" or "@" not in path["address"]:
            return _say(501, "5.1.3 Bad recipient address syntax")
        answer, behaviour = self._answers.at_rcpt(
            mail_from=self._mail_from, rcpt_to=path["address"], client_ip=self._client_ip
        )
        if answer.taken:
            self._behaviour = behaviour if not self._rcpt_to else self._behaviour
            self._rcpt_to.append(path["address"])
        return _step_of(answer)

    def _data_step(self, _rest: str) -> Step:
        if self._mail_from is None:
            return _say(503, "5.5.1 Error: need MAIL command")
        if not self._rcpt_to:
            return _say(554, "5.5.1 Error: no valid recipients")
        self._reading_body = True
        self._searched = 0
        return _say(354, "End data with <CR><LF>.<CR><LF>")

    def _body_step(self) -> Step | None:
        # An empty message is a lone dot: nothing comes before its line.
        end = 0 if self._buffer.startswith(b".\r\n") else self._buffer.find(_END, self._searched)
        if end < 0:
            self._searched = max(0, len(self._buffer) - len(_END))
            return self._too_long() if len(self._buffer) > 2 * MAXIMUM_MESSAGE_OCTETS else None
        data = bytes(self._buffer[: end + 2]) if end else b""
        del self._buffer[: end + (len(_END) if end else 3)]
        self._reading_body = False
        step = self._answer_body(data[1:] if data.startswith(b"..") else data)
        self._forget_message()
        return step

    def _answer_body(self, data: bytes) -> Step:
        if len(data) > MAXIMUM_MESSAGE_OCTETS:
            return _say(552, "5.3.4 Message size exceeds fixed limit")
        message = Message(
            mail_from=self._mail_from or "",
            rcpt_to=tuple(self._rcpt_to),
            data=data.replace(b"\r\n..", b"\r\n."),
            client_ip=self._client_ip,
            helo=self._helo,
            queue_id=self._answers.new_queue_id(),
        )
        answer = self._answers.after_body(message, behaviour=self._behaviour)
        return _step_of(answer, message=message if answer.taken else None)

    def _rset_step(self, _rest: str) -> Step:
        self._forget_message()
        return _say(250, "2.0.0 Ok")

    def _too_long(self) -> Step:
        self._buffer.clear()
        return Step(reply=encode_reply(500, ["5.5.2 Error: line too long"]), hang_up=True)


def _say(code: int, *lines: str) -> Step:
    return Step(reply=encode_reply(code, list(lines)))


def _step_of(answer: Answer, *, message: Message | None = None) -> Step:
    return Step(
        reply=answer.reply,
        wait_seconds=answer.wait_seconds,
        message=message,
        hang_up=answer.hang_up,
    )
