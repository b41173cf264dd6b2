"""The audience at work, before a web server that writes down what it is asked."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.answers import Message
from sandbox.audience import __main__ as program
from sandbox.audience.acting import Audience, AudienceSettings
from sandbox.audience.diary import entries
from sandbox.audience.tempo import Tempo
from sandbox.maildir import Maildir
from tests.sandbox.audience.written import RETURN_PATH, UNSUBSCRIBE_TOKEN, raw_letter

AT_ONCE = Tempo(first_seconds=0.1, last_seconds=0.2, pause_seconds=0.05)
PATIENCE_SECONDS = 20


class Web(ThreadingHTTPServer):
    """Answers everything with 200 and keeps (method, path, user agent, source, body)."""

    daemon_threads = True
    delay = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, str, str, bytes]] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        agent = self.headers.get("User-Agent", "")
        self.server.asked.append((self.command, self.path, agent, self.client_address[0], body))
        time.sleep(self.server.delay)
        self.send_response(200)
        self.end_headers()

    do_GET = do_HEAD = do_POST = _answer  # noqa: N815  names of the standard library

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Box:
    """A Maildir with an audience, and what it wrote down."""

    def __init__(self, path: Path, web: Web) -> None:
        self.path, self.web = path, web
        self.maildir = Maildir(path / "Maildir", keep=100)
        self.tempo = AT_ONCE

    def deliver(self, address: str) -> None:
        head, _, rest = raw_letter(address, web=self.web.address).partition(b"From:")
        assert head
        self.maildir.add(
            Message(RETURN_PATH, (address,), b"From:" + rest, "127.0.0.2", "mta1", "Q1")
        )

    def audience(self, *, hook: str | None = None) -> Audience:
        return Audience.of(
            AudienceSettings(
                maildir=self.path / "Maildir",
                bookmark=self.path / "read",
                hook=f"{self.web.address}/hooks/mail/key" if hook is None else hook,
                tempo=self.tempo,
                diary=self.path / "diary",
            )
        )

    def act(self, **settings: str) -> None:
        """Let the audience act until nothing is left to do."""
        asyncio.run(self._act(self.audience(**settings)))

    async def _act(self, audience: Audience) -> None:
        acting = asyncio.create_task(audience.act())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while audience.idle_seconds < 0.3:
                await asyncio.sleep(0.05)
        acting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await acting

    @property
    def done(self) -> list[str]:
        return [entry.did for entry in entries(self.path / "diary")]


@pytest.fixture
def box(tmp_path, web) -> Box:
    return Box(tmp_path, web)


class TestAudience:
    def test_opens_and_clicks_in_turn_from_the_network_of_the_person(self, box, web):
        box.deliver("clicks+anna@gmx.example")

        box.act()

        assert [asked[1].split("/")[2] for asked in web.asked] == ["o", "c"]
        assert all(asked[3].startswith("127.") and asked[3] != "127.0.0.1" for asked in web.asked)
        assert len({asked[3] for asked in web.asked}) == 1
        assert box.done == ["open", "click"]

    def test_scans_all_links_and_pages_at_once_before_a_person_clicks(self, box, web):
        box.deliver("scanned+anna@firm.example")
        box.tempo = Tempo(first_seconds=1.8, last_seconds=1.9, pause_seconds=0.05)

        box.act()

        followed = [path.split("/")[1:3] for method, path, *_ in web.asked if method == "GET"]
        assert followed == [["t", "c"]] * 3 + [["u", UNSUBSCRIBE_TOKEN]] + [["t", "c"]]
        assert box.done == ["click"] * 4
        assert not any(method == "POST" for method, *_ in web.asked)

    def test_posts_mails_where_they_come_in_naming_whom_they_are_for(self, box, web):
        box.deliver("comes-back+anna@gmx.example")

        box.act()

        [(method, path, _, _, body)] = web.asked
        assert method == "POST"
        assert path.startswith(f"/hooks/mail/key?to={RETURN_PATH.partition('@')[0]}")
        assert b"MAILER-DAEMON" in body

    def test_writes_no_mail_without_an_address_to_post_it_to(self, box, web):
        box.deliver("replies+anna@gmx.example")

        box.act(hook="")

        assert web.asked == []

    def test_does_not_do_again_after_a_restart_what_it_did(self, box, web):
        box.deliver("opens+anna@gmx.example")
        box.act()
        box.deliver("opens+ben@gmx.example")

        box.act()

        assert len(web.asked) == 2

    def test_asks_nobody_but_this_machine(self, box, web):
        real, web.address = web.address, "http://192.0.2.1:9"
        box.deliver("clicks+anna@gmx.example")
        web.address = real

        box.act()

        assert web.asked == []
        assert {entry.status for entry in entries(box.path / "diary")} == {-1}

    def test_stops_at_once_in_the_middle_of_things(self, box, web):
        web.delay = 5.0
        box.deliver("opens+anna@gmx.example")

        async def begin_and_stop() -> float:
            acting = asyncio.create_task(box.audience().act())
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not web.asked:
                    await asyncio.sleep(0.02)
            before = time.monotonic()
            acting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await acting
            return time.monotonic() - before

        assert asyncio.run(begin_and_stop()) < 2

    def test_waits_for_a_web_server_that_is_not_up_yet(self, box, web, monkeypatch):
        monkeypatch.setattr("sandbox.audience.web.PAUSE_SECONDS", 0.05)
        box.deliver("opens+anna@gmx.example")
        web.socket.close()  # nobody listens on its port any more
        port = web.server_address[1]
        later = Web.__new__(Web)
        ThreadingHTTPServer.__init__(later, ("127.0.0.1", port), _Handler, bind_and_activate=False)
        later.asked = []

        def listen() -> None:
            later.allow_reuse_address = True
            later.server_bind()
            later.server_activate()
            later.handle_request()

        timer = threading.Timer(0.4, listen)
        timer.start()

        box.act()

        timer.join()
        later.server_close()
        assert len(later.asked) == 1


class TestMain:
    def test_ends_when_nothing_is_left_to_do(self, box, web, monkeypatch, capsys):
        monkeypatch.setenv("MAILWRIGHT_DEMO_INBOX_KEY", "key")
        box.deliver("quiet+anna@gmx.example")

        code = program.main(
            ["--maildir", str(box.path / "Maildir"), "--web", web.address, "--tempo", "test",
             "--diary", "", "--end-when-idle", "0.3"]
        )  # fmt: skip

        assert code == 0
        assert "1 messages read, 0 things done." in capsys.readouterr().out

    @pytest.mark.parametrize(
        "address", ["https://127.0.0.1", "http://192.0.2.1", "http://x.example"]
    )
    def test_refuses_a_web_server_elsewhere(self, address, capsys):
        assert program.main(["--web", address]) == 1
        assert "not on this machine" in capsys.readouterr().err
