"""When verdicts are looked at again."""

from datetime import UTC, datetime, timedelta

import pytest

from insights.actors import Context, Hit, HitKind, first_look, next_look
from insights.actors.looks import LOOKS

CAME_AT = datetime(2026, 11, 21, 4, 23, 20, tzinfo=UTC)
HIT = Hit(id=1, kind=HitKind.CLICK, at=CAME_AT)


class TestFirstLook:
    def test_is_soon_after_it_came_in(self):
        assert first_look(CAME_AT) == CAME_AT + timedelta(minutes=1)


class TestNextLook:
    def test_is_further_away_each_time(self):
        now, seen = CAME_AT + LOOKS[0], []

        while (now := next_look(HIT, Context(sent_at=CAME_AT), now=now)) is not None:
            seen.append(now - CAME_AT)

        assert seen == list(LOOKS[1:])

    def test_leaves_out_what_was_missed(self):
        now = CAME_AT + timedelta(hours=5)

        assert next_look(HIT, Context(), now=now) == CAME_AT + timedelta(hours=6)
        assert next_look(HIT, Context(), now=CAME_AT + timedelta(days=3)) is None

    @pytest.mark.parametrize(
        ("seconds", "known"), [(-3600, True), (0, True), (60, True), (61, False), (7200, False)]
    )
    def test_is_not_needed_once_the_delivery_is_known(self, seconds, known):
        context = Context(delivered_at=CAME_AT + timedelta(seconds=seconds))

        assert (next_look(HIT, context, now=CAME_AT + LOOKS[0]) is None) == known
