"""Which messages have been here before."""

from __future__ import annotations

from sandbox.firsts import FirstTimes


class TestFirstTimes:
    def test_are_first_once(self):
        firsts = FirstTimes()

        found = [firsts.is_first("a@b.example", "c@d.example") for _ in range(3)]

        assert found == [True, False, False]

    def test_tell_messages_apart_by_both_addresses(self):
        firsts = FirstTimes()
        firsts.is_first("a@b.example", "c@d.example")

        assert firsts.is_first("x@b.example", "c@d.example")
        assert firsts.is_first("a@b.example", "x@d.example")

    def test_forget_the_oldest_beyond_the_limit(self):
        firsts = FirstTimes(limit=2)

        for name in ("a", "b", "c"):
            firsts.is_first(name, "to")

        assert not firsts.is_first("c", "to")
        assert firsts.is_first("a", "to")
