from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from common.admin import count, moment, pill, provider_name, share_bar, unknown
from common.admin.display import duration, relative

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class TestRelative:
    @pytest.mark.parametrize(
        ("distance", "words"),
        [
            (timedelta(seconds=-20), "just now"),
            (timedelta(0), "just now"),
            (timedelta(seconds=20), "in a moment"),
            (timedelta(minutes=-1), "1 minute ago"),
            (timedelta(minutes=-59), "59 minutes ago"),
            (timedelta(hours=-5), "5 hours ago"),
            (timedelta(days=2, hours=3), "in 2 days"),
            (timedelta(days=-8), "1 week ago"),
            (timedelta(days=-70), "2 months ago"),
            (timedelta(days=-800), "2 years ago"),
        ],
    )
    def test_says_it_as_people_do(self, distance, words):
        assert relative(NOW + distance, now=NOW) == words


class TestDuration:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_725, "1 h 2 min"), (90_000, "1 d 1 h")],
    )
    def test_names_the_two_largest_units(self, seconds, words):
        assert duration(seconds) == words


class TestMoment:
    def test_has_the_exact_time_of_the_zone_on_hover(self):
        with timezone.override("Europe/Berlin"):
            shown = moment(NOW)

        assert "Mon 23 Nov 2026, 13:00:00 CET" in shown
        assert 'datetime="2026-11-23T13:00:00+01:00"' in shown

    def test_is_a_dash_with_a_reason_when_it_never_was(self):
        assert 'title="Not mailed yet"' in moment(None, reason="Not mailed yet")


class TestCount:
    def test_separates_thousands(self):
        assert "48,211" in count(48_211)

    def test_shows_no_zero_for_what_is_unknown(self):
        assert "0" not in count(None)


class TestPill:
    def test_is_a_word_and_not_only_a_colour(self):
        assert ">Sent<" in pill("Sent", "good")

    def test_shows_what_people_typed_as_text(self):
        assert "<b>" not in pill("<b>")
        assert "<b>" not in unknown("<b>")


class TestShareBar:
    def test_is_as_long_as_the_share(self):
        assert "width:58.6%" in share_bar(0.5858, label="58.6 %")

    def test_is_a_dash_before_it_begins(self):
        assert "mw-bar" not in share_bar(None, label="")


class TestProviderName:
    def test_is_what_people_call_it(self):
        assert provider_name("microsoft365") == "Microsoft 365"
        assert provider_name("proton_mail") == "Proton mail"
