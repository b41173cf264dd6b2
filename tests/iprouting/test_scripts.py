"""Valkey is asked, and left alone while it does not answer."""

from __future__ import annotations

from django.conf import settings

from iprouting.scripts import TRY_AGAIN_SECONDS, SharedScript

NOWHERE = "redis://127.0.0.1:1/0"


class TestSharedScript:
    def test_returns_what_the_server_says(self):
        script = SharedScript(settings.REDIS_URL, "return {KEYS[1], ARGV[1]}")

        assert script.ask(["a"], [7]) == [b"a", b"7"]

    def test_returns_nothing_where_no_server_answers(self):
        assert SharedScript(NOWHERE, "return {}").ask([], []) is None

    def test_returns_nothing_where_the_server_refuses(self):
        script = SharedScript(settings.REDIS_URL, "return redis.call('NONSENSE')")

        assert script.ask([], []) is None

    def test_is_not_asked_again_at_once(self, monkeypatch):
        asked, clock = [], [0.0]
        script = SharedScript(NOWHERE, "return {}", monotonic=lambda: clock[0])
        run = script._run
        monkeypatch.setattr(script, "_run", lambda **given: asked.append(1) or run(**given))

        for second in (0.0, 1.0, TRY_AGAIN_SECONDS - 0.1, TRY_AGAIN_SECONDS + 0.1):
            clock[0] = second
            script.ask([], [])

        assert len(asked) == 2
