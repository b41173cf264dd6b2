"""The parts behind the pages of figures: spans of time, problems, differences, drawn rates."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.admin.dashboard import palette, problems
from insights.admin.dashboard.charts import Axis
from insights.admin.dashboard.differences import difference
from insights.admin.dashboard.drawings import rate_values
from insights.admin.dashboard.spans import Preset, span
from insights.admin.dashboard.words import percent
from insights.figures import COUNTS, Group, Point
from insights.periods import Bucket, Period
from insights.queries.refusals import Wording
from insights.rates import TRACKED_CLICKS, TRACKED_OPENS, rates

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)


def metrics(**counts):
    """Return counts with their rates; every delivery could be tracked."""
    counted = {**dict.fromkeys(COUNTS, 0), **counts}
    tracked = dict.fromkeys((TRACKED_OPENS, TRACKED_CLICKS), counted["delivered"])
    return {**counted, **rates({**counted, **tracked})}, tracked


def group(key, **counts):
    return Group(key, key, {}, *metrics(**counts), [], {})


class TestSpan:
    def of(self, *, started=None, zone=BERLIN, **params):
        return span(params, started=started, now=NOW, zone=zone)

    def test_looks_back_whole_days_of_the_zone(self):
        found = self.of(period="7d")

        assert found.start == datetime(2026, 3, 14, tzinfo=BERLIN)
        assert found.end == datetime(2026, 3, 20, 11, tzinfo=UTC)

    def test_takes_both_days_that_were_chosen(self):
        found = self.of(period="custom", first="2026-03-28", last="2026-03-29")

        assert found.start == datetime(2026, 3, 28, tzinfo=BERLIN)
        assert found.end == datetime(2026, 3, 30, tzinfo=BERLIN)
        assert found.end - found.start == timedelta(hours=47)

    @pytest.mark.parametrize(
        ("first", "last"),
        [("", "2026-01-01"), ("2026-13-01", "2026-01-01"), ("0001-01-01", "9999-12-31")],
    )
    def test_says_when_a_day_is_none(self, first, last):
        found = self.of(period="custom", first=first, last=last)

        assert found.problem
        assert found.start == self.of().start

    def test_of_a_campaign_begins_with_it(self):
        started = NOW - timedelta(days=20)

        assert self.of(started=started).start == started
        first = self.of(started=started, period="first3d")
        assert (first.start, first.end) == (started, datetime(2026, 3, 3, 11, tzinfo=UTC))

    def test_of_a_campaign_knows_no_preset_that_looks_back(self):
        assert self.of(started=NOW, period="30d").preset is Preset.ALL

    @pytest.mark.parametrize(
        ("period", "each", "bucket"),
        [
            ("24h", "", Bucket.HOUR),
            ("7d", "", Bucket.DAY),
            ("7d", "hour", Bucket.HOUR),
            ("90d", "hour", Bucket.DAY),
        ],
    )
    def test_is_cut_into_hours_only_where_they_can_be_told_apart(self, period, each, bucket):
        assert self.of(period=period).cut(each, zone=BERLIN).bucket is bucket

    @given(st.sampled_from(list(Preset)), st.integers(0, 4_000_000_000))
    def test_is_never_empty(self, preset, seconds):
        now = datetime.fromtimestamp(seconds, tz=UTC)
        for started in (None, now):
            found = span({"period": preset.value}, started=started, now=now, zone=BERLIN)

            assert found.start < found.end


class TestProblems:
    def test_are_none_where_everything_is_taken(self):
        assert problems.problems([group("gmail", sent=1000, delivered=990, bounced=10)]) == []

    def test_come_with_the_worst_first(self):
        found = problems.problems(
            [
                group("gmail", sent=1000, delivered=970, bounced=30),
                group("yahoo", sent=2000, delivered=1754, bounced=246),
                group("apple", sent=1000, delivered=1000, deferred=300),
                group("outlook", sent=5000, delivered=5000, complaints=6),
            ]
        )

        assert [problem.provider for problem in found] == ["yahoo", "gmail", "apple", "outlook"]
        assert [problem.kind for problem in found] == ["bad", "warning", "warning", "warning"]

    def test_need_enough_messages(self):
        few = [group("gmail", sent=99, bounced=99), group("yahoo", sent=500, complaints=2)]

        assert problems.problems(few) == []

    @pytest.mark.parametrize(("sent", "taken"), [(0, "none"), (60, "60"), (300, "300")])
    def test_see_a_provider_that_refuses_most_at_the_hand_over(self, sent, taken):
        [problem] = problems.problems([group("yahoo", sent=sent, delivered=sent, bounced=700)])

        assert problem.kind == "bad"
        assert problem.sentence == f"Yahoo refused 700 messages and took {taken}"

    def test_are_said_in_one_sentence(self):
        [problem] = problems.problems([group("yahoo", sent=2000, delivered=1754, bounced=246)])
        wording = Wording("yahoo", 554, "5.7.9 Not accepted", 200)

        said = problems.worded(problem, {"yahoo": wording})

        assert said.replace("\N{NO-BREAK SPACE}", " ") == (
            "Yahoo refuses 12.3 % (246 of 2,000): most often “554 5.7.9 Not accepted”"
        )

    def test_cut_long_answers(self):
        [problem] = problems.problems([group("yahoo", sent=100, bounced=50)])

        said = problems.worded(problem, {"yahoo": Wording("yahoo", 554, "5.7.1 " + "x" * 900, 9)})

        assert len(said) < 220
        assert said.endswith("…”")

    def test_are_set_against_all_others(self):
        groups = [
            group("yahoo", sent=2000, bounced=246),
            group("gmail", sent=900, bounced=9),
            group("apple", sent=100, bounced=1),
        ]
        [problem] = problems.problems(groups)

        assert problems.contrast(problem, groups).startswith("1.0")
        assert problems.contrast(problem, groups[:1]) == ""


class TestDifference:
    def test_is_clear_for_a_published_example(self):
        # 60 of 200 against 90 of 210 (two-proportion z test: z = 2.70).
        found = difference((60, 200), (90, 210))

        assert found.is_clear
        assert found.points == pytest.approx(12.857, abs=0.001)

    def test_may_be_chance_with_few(self):
        assert not difference((3, 20), (5, 20)).is_clear

    def test_needs_something_to_divide_by(self):
        assert difference((0, 0), (1, 2)) is None

    @given(st.tuples(*[st.integers(0, 500)] * 2), st.tuples(*[st.integers(0, 500)] * 2))
    def test_turns_its_sign_with_the_sides(self, one, other):
        first, second = difference(one, other), difference(other, one)

        assert (first is None) == (second is None)
        if first is not None:
            assert first.points == pytest.approx(-second.points)
            assert first.is_clear == second.is_clear


class TestRateValues:
    def points(self, *counts):
        return [Point(NOW, *metrics(**one)) for one in counts]

    def test_are_shares_of_the_same_bucket_for_what_is_answered_at_once(self):
        points = self.points({"sent": 10, "bounced": 1}, {}, {"sent": 10, "bounced": 5})

        assert rate_values(points, "bounce_rate") == [0.1, None, 0.5]

    def test_are_shares_of_everything_until_then_for_what_comes_late(self):
        points = self.points({}, {"delivered": 100, "unique_opens": 5}, {"unique_opens": 15})

        assert rate_values(points, "open_rate") == [None, 0.05, 0.2]


class TestAxis:
    def test_names_days_and_in_between_hours(self):
        start = datetime(2026, 3, 18, 20, tzinfo=UTC)
        period = Period(start, start + timedelta(hours=24), Bucket.HOUR, UTC)

        axis = Axis.of(period, starts=[])

        assert [label for label in axis.labels if label] == [
            "21:00", "19 Mar", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00",
        ]  # fmt: skip
        assert axis.titles[0] == "Wed 18 Mar 2026, 20:00"


class TestColours:
    def test_of_a_provider_are_always_the_same(self):
        assert palette.provider_colour("yahoo") == palette.PINK
        assert palette.provider_colour("gmx") == palette.provider_colour("gmx")

    def test_tell_the_usual_providers_apart(self):
        usual = ["gmail", "google_workspace", "outlook", "microsoft365", "yahoo", "apple", "other"]

        assert len({palette.provider_colour(provider) for provider in usual}) == len(usual)


class TestPercent:
    @pytest.mark.parametrize(
        ("rate", "name", "text"),
        [(0.1234, "", "12.3 %"), (0.0005, "complaint_rate", "0.05 %"), (0, "", "0.0 %")],
    )
    def test_has_as_many_decimals_as_say_something(self, rate, name, text):
        assert percent(rate, name=name).replace("\N{NO-BREAK SPACE}", " ") == text
