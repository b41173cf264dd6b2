"""A real browser in front of the real site, with everything watched that goes wrong in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from campaigns.models import User

# Playwright runs an event loop in the thread of the test, where Django would refuse its database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, NARROW = 1280, 390  # pixels: a notebook, a phone


@pytest.fixture(scope="module")
def browser(needs_program: Callable[[str], str]) -> Iterator[Browser]:
    """Chromium, started once a module: while it runs, no other test could run an event loop."""
    program = needs_program("chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield running
        running.close()


class Watched:
    """A page, and what went wrong on it: errors of scripts, failed requests, foreign hosts."""

    def __init__(self, page: Page, *, home: str) -> None:
        self.page = page
        self.faults: list[str] = []
        self._home = urlsplit(home).netloc
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._note(True, f"script: {error}"))
        page.on("request", lambda asked: self._note(self._is_foreign(asked.url), asked.url))
        page.on("response", lambda got: self._note(got.status >= 400, f"{got.status} {got.url}"))

    def _said(self, message: ConsoleMessage) -> None:
        url = message.location["url"]
        asked_by_itself = url.endswith("/favicon.ico")  # on pages that are not found or allowed
        self._note(message.type == "error" and not asked_by_itself, f"{message.text} {url}")

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.faults.append(what)

    def _is_foreign(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and parts.netloc != self._home

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """A fresh set of cookies for one test."""
    fresh = browser.new_context(
        base_url=live_server.url, viewport={"width": WIDE, "height": 900}, reduced_motion="reduce"
    )
    fresh.set_default_timeout(20_000)
    yield fresh
    fresh.close()


@pytest.fixture
def watched(context: BrowserContext, live_server: LiveServer) -> Watched:
    """A page that is watched."""
    return Watched(context.new_page(), home=live_server.url)


@pytest.fixture
def logged_in(context: BrowserContext, live_server: LiveServer) -> Callable[[User], None]:
    """Return a function that lets the browser be a person's, without typing a password."""

    def log_in(user: User) -> None:
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])

    return log_in
