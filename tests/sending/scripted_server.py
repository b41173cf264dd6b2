"""An SMTP server that does what a test tells it to, in a thread of its own.

    with running(Script(moves={("RCPT", "gone@example.com"): "550 5.1.1 No such user"})) as server:
        ...server.port, server.accepted, server.commands

A move is what happens instead of the ordinary answer to one command about one address: other words,
`DROP` (the connection is cut without a word) or `SILENCE` (no answer, ever). A list of moves is
used up one by one; after its end the ordinary answer comes again.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import enum
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


class Cut(enum.Enum):
    """How a server can fail to answer."""

    DROP = "drop"
    SILENCE = "silence"


DROP = Cut.DROP
SILENCE = Cut.SILENCE

Move = str | Cut
Moves = dict[tuple[str, str], Move | list[Move]]


@dataclass
class Script:
    """How the server behaves.

    `moves` are keyed by (command, address): MAIL by the return path, RCPT, DATA, MIDBODY (when the
    first line of a message has come) and BODY by the recipient, and CONNECT, EHLO, HELO, STARTTLS,
    AUTH, RSET and QUIT by "". `piece_bytes` cuts all replies into pieces; `linger_seconds`
    holds replies back until the client has said nothing for so long, and then sends them together;
    `delay_seconds` is before each reply. `eager_data` says 354 though no recipient is left,
    `careless` also takes RCPT and DATA without MAIL.
    """

    keywords: tuple[str, ...] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
    moves: Moves = field(default_factory=dict)
    piece_bytes: int = 0
    linger_seconds: float = 0.0
    delay_seconds: float = 0.0
    eager_data: bool = False
    careless: bool = False
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    logins: dict[str, str] = field(default_factory=dict)
    offers_auth: bool = True  # with logins; else put the keyword among `keywords`
    messages_before_421: int = 0  # per connection; 0 is never
    hangs_up_after_421: bool = True
    knows_ehlo: bool = True


@dataclass
class Taken:
    """A message that the server took over."""

    mail_from: str
    rcpt_to: str
    data: bytes
    connection: int


class ScriptedServer:
    """Listens on 127.0.0.1 and keeps what it saw."""

    def __init__(self, script: Script) -> None:
        """Prepare; `running` starts it."""
        self.script = script
        self.port = 0
        self.accepted: list[Taken] = []
        self.commands: list[str] = []
        self.violations: list[str] = []  # of the rule to wait for the answer, without PIPELINING
        self.connections = 0
        self.most_at_once = 0
        self.peers: set[str] = set()
        self._open = 0
        self._moves = {
            key: move[:] if isinstance(move, list) else move for key, move in script.moves.items()
        }
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def recipients(self) -> list[str]:
        """Who got a message, in the order of their addresses."""
        return sorted(taken.rcpt_to for taken in self.accepted)

    def move(self, command: str, address: str) -> Move | None:
        """Return what happens instead of the ordinary answer, or None."""
        move = self._moves.get((command, address))
        if isinstance(move, list):
            return move.pop(0) if move else None
        return move

    def start(self, *, port: int = 0) -> None:
        """Listen, in a thread."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(port, ready), daemon=True)
        self._thread.start()
        assert ready.wait(5)

    def stop(self) -> None:
        """Cut every connection and stop listening."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        assert not self._thread.is_alive()

    def cut_all(self) -> None:
        """Cut every open connection now."""
        self._loop.call_soon_threadsafe(self._cut_all)

    def say_to_all(self, words: str) -> None:
        """Say something unasked on every open connection, and then hang up."""
        self._loop.call_soon_threadsafe(self._say_to_all, words)

    def _cut_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _say_to_all(self, words: str) -> None:
        for writer in self._writers:
            writer.write(words.encode() + b"\r\n")
            writer.close()

    def _run(self, port: int, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(lambda loop, context: None)
        tls = self.script.tls if self.script.implicit_tls else None
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._meet, "127.0.0.1", port, ssl=tls, limit=2**16)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        self._server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._cut_all()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        self.peers.add(writer.get_extra_info("peername")[0])
        self._writers.add(writer)
        try:
            await _Encounter(self, reader, writer, number=self.connections).hold()
        except (ConnectionError, asyncio.IncompleteReadError, _GoneError):
            pass
        finally:
            self._open -= 1
            self._writers.discard(writer)
            writer.close()


class _GoneError(Exception):
    """The connection is over."""


class _Encounter:
    """One connection with one client."""

    def __init__(
        self,
        server: ScriptedServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        number: int,
    ) -> None:
        self.server = server
        self.script = server.script
        self.reader = reader
        self.writer = writer
        self.number = number
        self.held = b""
        self.taken_count = 0
        self.mail_from: str | None = None
        self.rcpt_to: str | None = None
        self.last_rcpt = ""  # also one that was refused
        self.last_code = ""
        self.is_encrypted = self.script.implicit_tls
        self.is_known = not self.script.logins

    async def hold(self) -> None:
        """Speak until one side leaves."""
        await self.answer("CONNECT", "", "220 scripted.example ESMTP")
        while True:
            line = await self.heard()
            self.server.commands.append(line)
            verb, _, rest = line.partition(" ")
            handler = getattr(self, f"on_{verb.lower()}", None)
            if handler is None:
                await self.say("500 5.5.2 What?")
            else:
                await handler(rest)

    async def heard(self) -> str:
        """Return the next line, sending first what was held back once the client waits."""
        read = asyncio.ensure_future(self.reader.readuntil(b"\r\n"))
        if self.held:
            done, _ = await asyncio.wait([read], timeout=self.script.linger_seconds)
            if not done:
                await self.flush()
        return (await read).decode("latin-1").removesuffix("\r\n")

    async def say(self, words: str) -> None:
        """Send one reply; several lines are parted by newlines, each but the last with a dash."""
        if "PIPELINING" not in self.script.keywords and self.reader._buffer:
            self.server.violations.append(bytes(self.reader._buffer).decode("latin-1"))
        if self.script.delay_seconds:
            await asyncio.sleep(self.script.delay_seconds)
        self.held += words.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n"
        if not self.script.linger_seconds:
            await self.flush()

    async def flush(self) -> None:
        """Send what is held."""
        data, self.held = self.held, b""
        size = self.script.piece_bytes or len(data)
        for start in range(0, len(data), size):
            self.writer.write(data[start : start + size])
            await self.writer.drain()
            if self.script.piece_bytes:
                await asyncio.sleep(0.0002)

    async def answer(self, command: str, address: str, ordinary: str) -> bool:
        """Make the scripted or the ordinary move; say whether it was a positive answer."""
        return await self.make(self.server.move(command, address) or ordinary)

    async def make(self, words: Move) -> bool:
        """Make a move; say whether it was a positive answer."""
        if words is DROP:
            await self.flush()
            self.writer.close()
            raise _GoneError
        if words is SILENCE:
            await self.reader.read(-1)
            raise _GoneError
        await self.say(words)
        if words.startswith("421") and self.script.hangs_up_after_421:
            await self.flush()
            self.writer.close()
            raise _GoneError
        self.last_code = words[:3]
        return words[:1] in "23"

    async def on_ehlo(self, name: str) -> None:
        """List what is offered."""
        if not self.script.knows_ehlo:
            await self.say("502 5.5.2 Not here")
            return
        keywords = list(self.script.keywords)
        if self.script.tls and not self.is_encrypted:
            keywords.append("STARTTLS")
        if self.script.logins and self.script.offers_auth:
            keywords.append("AUTH PLAIN LOGIN")
        *lines, last = ["scripted.example", *keywords]
        ordinary = "\n".join([*(f"250-{line}" for line in lines), f"250 {last}"])
        await self.answer("EHLO", "", ordinary)

    async def on_helo(self, name: str) -> None:
        """Greet the old way."""
        await self.answer("HELO", "", "250 scripted.example")

    async def on_starttls(self, rest: str) -> None:
        """Encrypt from here on."""
        if not await self.answer("STARTTLS", "", "220 2.0.0 Ready"):
            return
        await self.writer.start_tls(self.script.tls)
        self.is_encrypted = True

    async def on_auth(self, rest: str) -> None:
        """Check a name and a password."""
        mechanism, _, initial = rest.partition(" ")
        if mechanism == "PLAIN":
            _, name, password = base64.b64decode(initial).decode().split("\0")
        else:
            await self.say("334 VXNlcm5hbWU6")
            name = base64.b64decode(await self.heard()).decode()
            await self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self.heard()).decode()
        self.is_known = self.script.logins.get(name) == password
        right, wrong = "235 2.7.0 Welcome", "535 5.7.8 Error: authentication failed"
        await self.answer("AUTH", "", right if self.is_known else wrong)

    async def on_mail(self, rest: str) -> None:
        """Begin a transaction."""
        mail_from = rest.removeprefix("FROM:<").partition(">")[0]
        if self.script.messages_before_421 and self.taken_count >= self.script.messages_before_421:
            await self.answer("", "", "421 4.7.0 Enough from you")
        if not self.is_known:
            await self.say("530 5.7.0 Authentication required")
        elif self.mail_from is not None:
            await self.say("503 5.5.1 Nested MAIL command")
        elif await self.answer("MAIL", mail_from, "250 2.1.0 Sender ok"):
            self.mail_from, self.rcpt_to = mail_from, None

    async def on_rcpt(self, rest: str) -> None:
        """Take a recipient."""
        self.last_rcpt = rest.removeprefix("TO:<").partition(">")[0]
        if self.mail_from is None and not self.script.careless:
            await self.say("503 5.5.1 Need MAIL command")
        elif await self.answer("RCPT", self.last_rcpt, "250 2.1.5 Recipient ok"):
            self.rcpt_to = self.last_rcpt

    async def on_data(self, rest: str) -> None:
        """Take the message."""
        eager = self.script.eager_data and self.mail_from is not None
        if self.rcpt_to is None and not (eager or self.script.careless):
            await self.say("503 5.5.1 Need RCPT command")
            return
        await self.answer("DATA", self.last_rcpt, "354 Go ahead")
        if self.last_code != "354":
            return
        data = await self.body()
        rcpt_to, self.rcpt_to = self.rcpt_to, None
        mail_from, self.mail_from = self.mail_from, None
        if rcpt_to is None:
            await self.say("554 5.5.1 No valid recipients")
        elif await self.answer(
            "BODY", rcpt_to, f"250 2.0.0 Ok: queued as Q{rcpt_to.split('@')[0]}"
        ):
            self.taken_count += 1
            taken = Taken(mail_from or "", rcpt_to, data, self.number)
            self.server.accepted.append(taken)

    async def body(self) -> bytes:
        """Return the message without the dots that were added to it."""
        if self.held:
            await self.flush()
        lines: list[bytes] = []
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            if not lines and (move := self.server.move("MIDBODY", self.last_rcpt)):
                await self.make(move)
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def on_rset(self, rest: str) -> None:
        """Forget the transaction."""
        if await self.answer("RSET", "", "250 2.0.0 Ok"):
            self.mail_from = self.rcpt_to = None

    async def on_noop(self, rest: str) -> None:
        """Do nothing."""
        await self.say("250 2.0.0 Ok")

    async def on_quit(self, rest: str) -> None:
        """Say goodbye."""
        await self.answer("QUIT", "", "221 2.0.0 Bye")
        raise _GoneError


@contextlib.contextmanager
def running(script: Script | None = None, *, port: int = 0) -> Iterator[ScriptedServer]:
    """Run a scripted server for the length of a block."""
    server = ScriptedServer(script or Script())
    server.start(port=port)
    try:
        yield server
    finally:
        server.stop()
