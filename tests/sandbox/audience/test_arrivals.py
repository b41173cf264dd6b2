"""What is new in the Maildir."""

from __future__ import annotations

import pytest

from sandbox.answers import Message
from sandbox.audience.arrivals import Arrivals
from sandbox.maildir import Maildir


@pytest.fixture
def maildir(tmp_path):
    return Maildir(tmp_path / "box", keep=100)


@pytest.fixture
def look(tmp_path):
    """Return a function that names the addresses of what is new; with `again` after a restart."""

    def start():
        return Arrivals(tmp_path / "box", bookmark=tmp_path / "state" / "read")

    kept = [start()]

    def look(limit=100, *, again=False):
        if again:
            kept[0] = start()
        return [arrival.beginning().split()[1].decode() for arrival in kept[0].look(limit)]

    return look


def add(maildir, *names):
    for name in names:
        maildir.add(Message(name, ("a@b.example",), b"Subject: x\r\n\r\nx", "127.0.0.2", "me", "Q"))


class TestLook:
    def test_names_each_message_once_in_order(self, maildir, look):
        add(maildir, "one", "two")

        assert look() == ["<one>", "<two>"]
        add(maildir, "three")
        assert look() == ["<three>"]
        assert look() == []

    def test_leaves_what_is_too_much_for_the_next_time(self, maildir, look):
        add(maildir, "one", "two", "three")

        assert [look(2), look(2)] == [["<one>", "<two>"], ["<three>"]]

    def test_goes_on_after_a_restart(self, maildir, look):
        add(maildir, "one")
        look()
        add(maildir, "two")

        assert look(again=True) == ["<two>"]

    def test_finds_what_turns_up_behind_a_later_message(self, maildir, tmp_path, look):
        add(maildir, "one", "two", "three")
        folder = tmp_path / "box" / "new"
        _, second, _ = sorted(folder.iterdir())
        second.rename(tmp_path / second.name)

        assert look() == ["<one>", "<three>"]
        (tmp_path / second.name).rename(second)
        assert look() == ["<two>"]
        assert look() == []

    def test_waits_for_a_folder_that_is_not_there_yet(self, tmp_path):
        arrivals = Arrivals(tmp_path / "nowhere", bookmark=tmp_path / "read")

        assert list(arrivals.look(10)) == []

    def test_says_that_a_message_is_gone(self, maildir, tmp_path):
        add(maildir, "one")
        (arrival,) = Arrivals(tmp_path / "box", bookmark=tmp_path / "read").look(10)
        arrival.path.unlink()

        assert (arrival.beginning(), arrival.whole()) == (None, None)
