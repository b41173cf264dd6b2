"""Counts and rates over time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from common.errors import DomainError
from insights.figures import COUNTS, GroupBy, together
from insights.periods import Bucket, Period
from insights.queries.counts import insights
from insights.rates import RATES
from tests.factories.campaigns import THE_PAST, CampaignFactory, ContactListFactory
from tests.insights.counting import count

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.fixture
def campaign():
    return CampaignFactory(name="Spring")


def of(campaign, *, start=THE_PAST, hours=3, bucket=Bucket.HOUR, zone=UTC, **asked):
    """Return the figures of some hours."""
    period = Period(start, start + HOUR * hours, bucket, zone)
    return insights(campaign.organization_id, period=period, **asked)


class TestInsights:
    def test_has_every_metric_and_every_bucket(self, campaign):
        count(campaign, THE_PAST + HOUR, sent=4, delivered=3, bounced=1)

        [group] = of(campaign).groups

        assert [point.metrics["sent"] for point in group.series] == [0, 4, 0]
        assert set(group.totals) == {*COUNTS, *RATES}
        assert all(set(point.metrics) == set(group.totals) for point in group.series)
        assert group.series[0].metrics["delivery_rate"] is None
        assert group.series[1].metrics["delivery_rate"] == 0.75
        assert group.totals["bounce_rate"] == 0.25

    def test_takes_the_start_and_leaves_the_end(self, campaign):
        for number in range(4):
            count(campaign, THE_PAST + HOUR * number, sent=10**number)

        report = of(campaign, start=THE_PAST + HOUR, hours=2)

        assert report.totals["sent"] == 110

    def test_asks_the_database_once_for_all_series(self, campaign, django_assert_num_queries):
        for provider in ("gmail", "yahoo", "other"):
            count(campaign, provider=provider, sent=1)

        with django_assert_num_queries(1):
            of(campaign, group_by=GroupBy.PROVIDER)

    def test_has_one_group_without_anything_counted(self, campaign):
        report = of(campaign)

        assert [group.key for group in report.groups] == ["all"]
        assert report.totals["sent"] == 0
        assert of(campaign, group_by=GroupBy.PROVIDER).groups == []

    def test_sees_nothing_of_another_organization(self, campaign):
        count(CampaignFactory(), sent=5)

        assert of(campaign).totals["sent"] == 0

    def test_puts_the_group_with_most_sent_first(self, campaign):
        count(campaign, provider="gmail", sent=1)
        count(campaign, provider="yahoo", sent=3)

        report = of(campaign, group_by=GroupBy.PROVIDER)

        assert [(g.key, g.totals["sent"]) for g in report.groups] == [("yahoo", 3), ("gmail", 1)]
        assert report.totals["sent"] == 4

    def test_refuses_more_points_than_anybody_could_look_at(self, campaign):
        with pytest.raises(DomainError) as refused:
            of(campaign, hours=24 * 365 * 900)

        assert refused.value.extra["field"] == "from"


class TestGroups:
    @pytest.mark.parametrize(
        ("group_by", "given", "label"),
        [
            (GroupBy.PROVIDER, {"provider": "yahoo"}, "Yahoo"),
            (GroupBy.IP, {"ip": "203.0.113.9"}, "203.0.113.9"),
            (GroupBy.IP, {}, "no ip"),
            (GroupBy.VARIANT, {"variant": "b"}, "b"),
            (GroupBy.VARIANT, {}, "no variant"),
            (GroupBy.LIST, {}, "no list"),
            (GroupBy.LIST, {"list_id": 987}, "list 987 (deleted)"),
            (GroupBy.CAMPAIGN, {}, "Spring"),
            (GroupBy.DAY, {}, "all"),
            (GroupBy.HOUR, {}, "all"),
        ],
    )
    def test_are_called_by_name(self, campaign, group_by, given, label):
        count(campaign, sent=1, **given)

        [group] = of(campaign, group_by=group_by).groups

        assert (group.label, group.totals["sent"]) == (label, 1)

    def test_of_lists_and_identities_have_their_names(self, campaign):
        members = ContactListFactory(organization=campaign.organization, name="Members")
        count(campaign, list_id=members.pk, sent=1)

        [by_list] = of(campaign, group_by=GroupBy.LIST).groups
        [by_identity] = of(campaign, group_by=GroupBy.IDENTITY).groups

        assert (by_list.key, by_list.label) == (str(members.pk), "Members")
        assert by_identity.label == campaign.identity.from_address

    def test_do_not_tell_names_of_another_organization(self, campaign):
        foreign = ContactListFactory(name="Secret")
        count(campaign, list_id=foreign.pk, sent=1)

        [group] = of(campaign, group_by=GroupBy.LIST).groups

        assert group.label == f"list {foreign.pk} (deleted)"


class TestFilters:
    @pytest.mark.parametrize(
        ("name", "column", "value"),
        [
            ("provider", "provider", "yahoo"),
            ("ip", "ip", "203.0.113.9"),
            ("stream", "stream", "transactional"),
            ("variant", "variant", "b"),
            ("list", "list_id", 7),
            ("identity", "identity_id", 70),
            ("campaign", "campaign_id", 700),
        ],
    )
    def test_narrow_to_what_is_asked_for(self, campaign, name, column, value):
        count(campaign, sent=1)
        count(campaign, sent=2, **{column: value})

        assert of(campaign, filters={name: value}).totals["sent"] == 2


class TestRates:
    def test_leave_out_deliveries_nobody_could_see_opened(self, campaign):
        plain = CampaignFactory(
            organization=campaign.organization, track_opens=False, track_clicks=False
        )
        count(campaign, delivered=10, unique_opens=5, unique_clicks=1)
        count(plain, delivered=90)

        totals = of(campaign).totals

        assert (totals["open_rate"], totals["click_rate"]) == (0.5, 0.1)
        assert of(campaign, filters={"campaign": plain.pk}).totals["open_rate"] is None

    def test_come_with_how_many_could_be_seen_opened(self, campaign):
        plain = CampaignFactory(organization=campaign.organization, track_opens=False)
        count(campaign, delivered=10)
        count(plain, delivered=90)

        report = of(campaign)

        seen = {"delivered_with_pixel": 10, "delivered_with_links": 100}
        assert report.tracked == report.groups[0].tracked == seen
        assert report.groups[0].series[0].tracked == seen


class TestTogether:
    @pytest.mark.parametrize("bucket", list(Bucket))
    def test_is_what_one_group_alone_would_be(self, campaign, bucket):
        plain = CampaignFactory(organization=campaign.organization, track_opens=False)
        for number, provider in enumerate(("gmail", "yahoo", "gmail", "other")):
            counts = {"sent": 10 + number, "delivered": 9, "bounced": number, "unique_opens": 2}
            count(campaign, THE_PAST + HOUR * number, provider=provider, **counts)
            count(plain, THE_PAST + HOUR * number, provider=provider, **counts)
        asked = {"hours": 30, "bucket": bucket}
        apart = of(campaign, group_by=GroupBy.PROVIDER, **asked)

        assert together(apart.groups, period=apart.period) == of(campaign, **asked)

    def test_of_nothing_has_every_bucket(self, campaign):
        nothing = of(campaign)

        assert together([], period=nothing.period) == nothing


class TestDaylightSaving:
    @pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25)])
    def test_day_holds_its_own_hours_only(self, campaign, month, day, hours):
        midnight = datetime(2026, month, day, tzinfo=BERLIN).astimezone(UTC)
        for number in range(-1, hours + 1):
            count(campaign, midnight + HOUR * number, sent=1)

        by_day = of(
            campaign, start=midnight - HOUR, hours=hours + 2, bucket=Bucket.DAY, zone=BERLIN
        )
        by_hour = of(campaign, start=midnight, hours=hours, zone=BERLIN)

        assert [point.metrics["sent"] for point in by_day.groups[0].series] == [1, hours, 1]
        assert [point.metrics["sent"] for point in by_hour.groups[0].series] == [1] * hours

    def test_repeated_hour_is_counted_twice(self, campaign):
        first = datetime(2026, 10, 25, 0, tzinfo=UTC)
        count(campaign, first, sent=1)
        count(campaign, first + HOUR, sent=2)

        [group] = of(campaign, start=first, hours=2, zone=BERLIN).groups

        assert [(p.ts.isoformat(), p.metrics["sent"]) for p in group.series] == [
            ("2026-10-25T02:00:00+02:00", 1),
            ("2026-10-25T02:00:00+01:00", 2),
        ]

    def test_zone_off_by_half_an_hour_keeps_an_hour_in_one_day(self, campaign):
        zone = ZoneInfo("Asia/Kolkata")
        midnight = datetime(2026, 5, 4, tzinfo=zone).astimezone(UTC)
        count(campaign, midnight - HOUR / 2, sent=1)
        count(campaign, midnight + HOUR / 2, sent=2)

        own = of(campaign, start=midnight, hours=24, bucket=Bucket.DAY, zone=zone)
        before = of(campaign, start=midnight - HOUR * 24, hours=24, bucket=Bucket.DAY, zone=zone)

        assert (own.totals["sent"], before.totals["sent"]) == (2, 1)
        assert len(own.groups[0].series) == len(before.groups[0].series) == 1
