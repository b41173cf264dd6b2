"""The pages of figures: what they show, to whom, and where each figure leads."""

import csv
import io
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from campaigns.roles import Role
from insights.admin.dashboard.asked import asked
from insights.admin.dashboard.words import number
from insights.figures import GroupBy
from insights.queries.counts import insights
from tests.admin_world import looking
from tests.factories.campaigns import CampaignFactory, OrganizationFactory
from tests.insights.board_world import campaign_world, refusals, week
from tests.insights.counting import count

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)
STARTED = datetime(2026, 3, 18, 8, 15, tzinfo=UTC)
PAGE = "/admin/insights/dashboard/"
HTMX = {"HX-Request": "true"}
PIVOTS = [by for by in GroupBy if by not in (GroupBy.DAY, GroupBy.HOUR)]


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def organization():
    return OrganizationFactory(timezone="Europe/Berlin")


@pytest.fixture
def campaign(organization):
    made = campaign_world(organization, name="Spring sale", started=STARTED, size=20_000, hours=8)
    refusals(made)
    return made


@pytest.fixture
def client(organization):
    return looking(organization, Role.VIEWER)


def report_page(campaign):
    return reverse("admin:insights_campaign", args=[campaign.pk])


def figures(organization, **given):
    """Return the report that the page with these parameters must show."""
    wanted = asked(given, now=NOW, zone=organization.timezone)
    return insights(
        organization.pk, period=wanted.period, group_by=wanted.by, filters=wanted.filters
    )


def shown(table):
    """Return the sent count of each row of a table."""
    return sorted((row.label, row.cells[0].text) for row in table.rows)


class TestOverview:
    @pytest.mark.parametrize("by", PIVOTS)
    def test_shows_the_figures_of_the_query_apart_by(self, client, organization, campaign, by):
        context = client.get(PAGE, {"by": by.value}).context

        expected = figures(organization, by=by.value)
        assert len(context["table"].rows) == len(expected.groups) > 0
        assert sorted(row.cells[0].text for row in context["table"].rows) == sorted(
            number(group.totals["sent"]) for group in expected.groups
        )
        assert context["totals"][0].cell.text == number(expected.totals["sent"])
        drawn = sum(sum(series.values) for series in context["charts"][0].series)
        assert drawn == expected.totals["sent"]

    def test_shows_rates_with_what_they_are_of(self, client, organization, campaign):
        sent, delivered, refused, *_ = client.get(PAGE).context["totals"]

        totals = figures(organization).totals
        assert sent.cell.text == number(totals["sent"])
        assert delivered.cell.text == f"{100 * totals['delivery_rate']:.1f}\N{NO-BREAK SPACE}%"
        assert delivered.note == f"{totals['delivered']:,} of {totals['sent']:,} sent"
        assert refused.note == f"{totals['bounced']:,} of {totals['sent']:,} sent"

    def test_sets_people_beside_machines(self, client, organization, campaign):
        opens = client.get(PAGE).context["totals"][4]

        totals = figures(organization).totals
        assert opens.cell.text == f"{100 * totals['open_rate']:.1f}\N{NO-BREAK SPACE}%"
        assert opens.beside.text == number(totals["machine_opens"])

    def test_draws_every_bucket_over_time(self, client, organization, campaign):
        chart = client.get(PAGE, {"period": "7d", "each": "hour"}).context["charts"][0]

        points = figures(organization, period="7d", each="hour").groups[0].series
        delivered = next(one for one in chart.series if one.name == "Delivered")
        assert delivered.values == [point.metrics["delivered"] for point in points]
        assert len(chart.rows) == len(chart.labels) == len(points)

    def test_marks_where_campaigns_started(self, client, campaign):
        response = client.get(PAGE, {"period": "7d"})

        [mark] = response.context["charts"][0].marks
        assert response.context["charts"][0].titles[mark.index] == "Wed 18 Mar 2026"
        assert mark.text == "Spring sale started"

    def test_narrows_to_what_is_asked_for(self, client, organization, campaign):
        context = client.get(PAGE, {"provider": "yahoo", "by": "ip"}).context

        expected = figures(organization, provider="yahoo", by="ip")
        assert shown(context["table"]) == sorted(
            (group.label, number(group.totals["sent"])) for group in expected.groups
        )

    def test_names_the_provider_that_is_the_problem(self, client, campaign):
        refused = figures(campaign.organization, provider="yahoo").totals["bounced"]

        [(problem, sentence, url)] = client.get(PAGE).context["problems"]

        assert (problem.provider, problem.kind) == ("yahoo", "bad")
        assert sentence.startswith(f"Yahoo refuses 12.3\N{NO-BREAK SPACE}% ({refused} of 2,80")
        assert "554 5.7.9 Message not accepted" in sentence
        assert parse_qs(urlsplit(url).query)["provider"] == ["yahoo"]

    def test_lists_the_problem_first_among_providers(self, client, campaign):
        rows = client.get(PAGE, {"by": "provider"}).context["table"].rows

        assert [row.label for row in rows][:2] == ["Yahoo", "Gmail"]
        assert [row.kind for row in rows].count("bad") == 1

    def test_asks_the_database_the_same_number_of_times_for_more(
        self, client, organization, django_assert_max_num_queries
    ):
        week(organization, now=NOW)

        with django_assert_max_num_queries(16):
            client.get(PAGE, {"by": "campaign"})

    def test_says_when_nothing_was_ever_sent(self, client):
        text = client.get(PAGE).content.decode()

        assert "Nothing has been sent yet" in text

    def test_leads_to_the_last_days_in_which_something_happened(self, client, organization):
        count(CampaignFactory(organization=organization), NOW - timedelta(days=60), sent=1)

        response = client.get(PAGE)

        assert "Nothing happened in this period" in response.content.decode()
        followed = client.get(f"{PAGE}{response.context['last_url']}")
        assert followed.context["totals"][0].cell.text == "1"

    def test_has_a_dash_with_the_reason_where_there_is_no_rate(self, client, organization):
        count(CampaignFactory(organization=organization), NOW, machine_opens=3)

        delivered = client.get(PAGE).context["totals"][1]

        assert delivered.cell.unknown == "Nothing was sent, so there is nothing to divide by"
        assert delivered.cell.text == ""

    def test_says_when_a_part_is_more_than_its_whole(self, client, organization):
        count(CampaignFactory(organization=organization), NOW, delivered=200, unique_opens=900)

        opens = client.get(PAGE).context["totals"][4]

        assert opens.cell.small
        assert opens.note.startswith("900 in all, but only 200 delivered with a pixel in this per")

    def test_shows_small_samples_as_such(self, client, organization):
        count(CampaignFactory(organization=organization), NOW, sent=99, delivered=99)

        delivered = client.get(PAGE).context["totals"][1]

        assert delivered.cell.small
        assert "too few" in delivered.cell.title

    @pytest.mark.parametrize(
        "given",
        [
            {"period": "custom", "first": "2026-03-20", "last": "2026-03-01"},
            {"period": "custom", "first": "soon", "last": "2026-03-01"},
            {"period": "custom", "first": "1980-01-01", "last": "2026-03-01"},
        ],
    )
    def test_says_what_is_wrong_with_days_and_shows_the_usual_ones(self, client, campaign, given):
        response = client.get(PAGE, given)

        assert response.context["filters"]["problem"]
        assert response.context["filters"]["problem"] in response.content.decode()
        assert response.context["totals"][0].cell.text == "20,000"

    def test_says_when_there_would_be_too_much(self, client, organization):
        campaigns = CampaignFactory.create_batch(30, organization=organization)
        for one in campaigns:
            count(one, NOW - timedelta(days=1), sent=1)
        days = {"period": "custom", "first": "2024-04-01", "last": "2026-03-20"}

        response = client.get(PAGE, {**days, "by": "campaign"})

        assert response.status_code == 200
        assert "are the limit" in response.context["refusal"]

    @pytest.mark.parametrize(
        "given",
        [{"campaign": "x"}, {"list": "9" * 30}, {"by": "shoe"}, {"ip": "\0"}, {"stream": "river"},
         {"count": "x", "rate": "y"}, {"period": "aeon"}, {"each": "minute"}],
    )  # fmt: skip
    def test_leaves_out_what_makes_no_sense(self, client, campaign, given):
        response = client.get(PAGE, given, headers=HTMX)

        assert response.context["totals"][0].cell.text == "20,000"
        assert response["HX-Push-Url"] == PAGE


class TestHtmx:
    def test_gets_the_changing_part_and_the_address_to_share(self, client, campaign):
        given = {"provider": "yahoo", "by": "", "list": "", "period": "7d", "first": "2026-01-01"}

        response = client.get(PAGE, given, headers=HTMX)

        assert b"<html" not in response.content
        assert response["HX-Push-Url"] == f"{PAGE}?period=7d&provider=yahoo"
        assert "HX-Request" in response["Vary"]
        whole = client.get(response["HX-Push-Url"])
        assert whole.context["totals"] == response.context["totals"]

    def test_gets_the_whole_page_to_go_back_to(self, client, campaign):
        headers = {**HTMX, "HX-History-Restore-Request": "true"}

        assert b"<html" in client.get(PAGE, headers=headers).content


class TestLinks:
    def test_lead_from_a_figure_to_its_messages(self, client, campaign):
        context = client.get(PAGE, {"by": "ip", "provider": "yahoo", "period": "7d"}).context

        row = next(row for row in context["table"].rows if row.label == "203.0.113.7")
        opens = next(cell for cell in row.cells if cell.metric == "unique_opens")
        parts = urlsplit(opens.url)
        assert parts.path == "/admin/insights/messages/"
        assert parse_qs(parts.query) == {
            "event": ["opened"],
            "actor": ["human"],
            "provider": ["yahoo"],
            "ip": ["203.0.113.7"],
            "from": ["2026-03-14T00:00:00+01:00"],
            "to": ["2026-03-20T12:00:00+01:00"],
        }

    def test_of_one_day_end_where_the_next_begins(self, client, campaign):
        rows = client.get(PAGE).context["table"].rows

        asked_for = parse_qs(urlsplit(rows[-1].cells[0].url).query)
        assert asked_for["from"] == ["2026-03-18T00:00:00+01:00"]
        assert asked_for["to"] == ["2026-03-19T00:00:00+01:00"]

    def test_lead_nowhere_from_nothing(self, client, organization):
        count(CampaignFactory(organization=organization), NOW, sent=1, variant="")

        [row] = client.get(PAGE, {"by": "variant"}).context["table"].rows

        assert (row.label, {cell.url for cell in row.cells}) == ("No variant", {""})


class TestCampaignReport:
    def test_shows_one_campaign_with_its_providers(self, client, organization, campaign):
        other = CampaignFactory(organization=organization, started_at=STARTED)
        count(other, STARTED, sent=5)

        context = client.get(report_page(campaign)).context

        assert context["totals"][0].cell.text == "20,000"
        assert context["providers"].rows[0].note.startswith("Yahoo refuses 12.3")
        assert shown(context["providers"]) == shown(
            client.get(report_page(campaign), {"by": "provider"}).context["table"]
        )

    def test_begins_when_the_campaign_began(self, client, campaign):
        whole = client.get(report_page(campaign)).context["charts"][0]
        first = client.get(report_page(campaign), {"period": "first24h"}).context["charts"][0]

        assert whole.titles[0] == first.titles[0] == "Wed 18 Mar 2026, 09:00"
        assert (len(whole.titles), len(first.titles)) == (51, 25)

    def test_can_be_opened_before_the_campaign_starts(self, client, organization):
        draft = CampaignFactory(organization=organization, started_at=None)

        assert "Nothing has gone out yet" in client.get(report_page(draft)).content.decode()

    def test_is_a_tab_of_the_campaign(self, client, campaign):
        overview = reverse("admin:campaigns_campaign_overview", args=[campaign.pk])

        assert report_page(campaign) in client.get(overview).content.decode()


class TestCompare:
    url = "/admin/insights/compare/"

    @pytest.fixture
    def later(self, organization):
        return campaign_world(
            organization,
            name="Last call",
            started=NOW - timedelta(hours=5),
            size=8_000,
            seed=2,
            hours=6,
        )

    def test_shows_both_over_the_same_time(self, client, campaign, later):
        context = client.get(self.url, {"a": campaign.pk, "b": later.pk}).context

        assert context["found"].hours == 6
        assert "Last call is younger" in context["found"].note
        sent = context["lines"][0]
        assert [cell.text for cell in sent.cells] == ["20,000", "8,000"]
        assert sent.difference == "-12,000"
        assert [len(series.values) for series in context["chart"].series] == [6, 6]

    def test_ends_each_line_with_the_rate_of_the_table(self, client, campaign, later):
        asked_for = {"a": campaign.pk, "b": later.pk, "metric": "bounced"}

        context = client.get(self.url, asked_for).context

        rates = [side.figures.totals["bounce_rate"] for side in context["found"].sides]
        assert [series.values[-1] for series in context["chart"].series] == rates

    def test_asks_for_two_different_ones(self, client, campaign, later):
        nothing = client.get(self.url).content.decode()
        same = client.get(self.url, {"a": campaign.pk, "b": campaign.pk}).content.decode()

        assert "Choose two campaigns above" in nothing
        assert "the same campaign twice" in same

    def test_is_bounded_in_queries(self, client, campaign, later, django_assert_max_num_queries):
        with django_assert_max_num_queries(12):
            client.get(self.url, {"a": campaign.pk, "b": later.pk})

    def test_has_a_file(self, client, campaign, later):
        page = client.get(self.url, {"a": campaign.pk, "b": later.pk})

        first, second = rows_of(client.get(page.context["csv_url"]))

        assert (first["name"], first["sent"]) == ("Spring sale", "20000")
        assert (second["name"], second["hours"]) == ("Last call", "6")


def rows_of(response):
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


class TestFile:
    @pytest.mark.parametrize("by", PIVOTS)
    def test_has_what_the_table_shows(self, client, organization, campaign, by):
        page = client.get(PAGE, {"by": by.value, "period": "7d"})

        response = client.get(page.context["csv_url"])

        expected = figures(organization, by=by.value, period="7d")
        assert response["Content-Type"].startswith("text/csv")
        assert f"{by.value}-2026-03-14" in response["Content-Disposition"]
        assert [(row[by.value], int(row["sent"])) for row in rows_of(response)] == [
            (group.key, group.totals["sent"]) for group in expected.groups
        ]

    def test_has_every_bucket_over_time(self, client, campaign):
        url = client.get(report_page(campaign)).context["csv_url"]

        rows = rows_of(client.get(url))

        assert len(rows) == 51
        assert sum(int(row["sent"]) for row in rows) == 20_000
        assert rows[-1]["delivery_rate"] == ""

    def test_never_begins_a_cell_like_a_formula(self, client, organization):
        one = CampaignFactory(organization=organization, name="=1+1")
        count(one, NOW, sent=1)

        [row] = rows_of(client.get(f"{PAGE}csv/", {"by": "campaign"}))

        assert row["name"] == "'=1+1"


class TestWhoMayLook:
    @pytest.mark.parametrize(
        "address", ["dashboard/", "dashboard/csv/", "campaigns/1/", "campaigns/1/csv/", "compare/",
                    "compare/csv/"],
    )  # fmt: skip
    def test_nobody_without_a_login(self, db, address):
        response = Client().get(f"/admin/insights/{address}")

        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")

    def test_another_organization_sees_nothing(self, campaign):
        stranger = looking(OrganizationFactory())
        given = {"campaign": campaign.pk, "identity": campaign.identity_id}

        page = stranger.get(PAGE, given)
        compared = stranger.get("/admin/insights/compare/", {"a": campaign.pk, "b": campaign.pk})

        assert page.context["empty"]
        assert "Spring sale" not in page.content.decode() + compared.content.decode()
        assert rows_of(stranger.get(f"{PAGE}csv/", {"by": "campaign", **given})) == []

    def test_another_organization_finds_no_report(self, campaign):
        stranger = looking(OrganizationFactory())

        assert stranger.get(report_page(campaign)).status_code == 404
        assert stranger.get(f"{report_page(campaign)}csv/").status_code == 404
        pair = {"a": campaign.pk, "b": campaign.pk}
        assert stranger.get("/admin/insights/compare/csv/", pair).status_code == 404

    def test_who_belongs_nowhere_is_refused(self, django_user_model):
        lonely = Client()
        lonely.force_login(django_user_model.objects.create(username="lonely", is_staff=True))

        assert lonely.get(PAGE).status_code == 403
