"""The board of warm-ups: figures, roles, questions, the page that starts one."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import AuditEntry
from campaigns.roles import Role
from tests.admin_world import looking
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from tests.factories.warmup import EndedWarmupFactory
from warmup.caps import Cap
from warmup.models import DailyAllowance, WarmupSchedule
from warmup.operations.reservations import reserve
from warmup.operations.schedules import abort_warmup, change_caps, pause_warmup, start_warmup
from warmup.queries import local_date

pytestmark = pytest.mark.django_db

BOARD = "/admin/warmup/warmupschedule/"
NO_CAPS = {"caps-TOTAL_FORMS": 0, "caps-INITIAL_FORMS": 0}


def url(page, *args):
    return reverse(f"admin:warmup_warmupschedule_{page}", args=args)


@pytest.fixture
def organization():
    """An organization whose days do not begin when UTC's do."""
    return OrganizationFactory(timezone="Asia/Kathmandu")


@pytest.fixture
def ip(organization):
    """A new IP."""
    return SendingIPFactory(organization=organization, address="203.0.113.7")


@pytest.fixture
def schedule(ip):
    """Its warm-up, on the first day, 20 of 50 used."""
    started = start_warmup(ip, now=timezone.now())
    DailyAllowance.objects.update(used=20)
    return started


@pytest.fixture
def operator(organization):
    """The browser of somebody who may change warm-ups."""
    return looking(organization, Role.OPERATOR)


def card_on(client):
    [card] = client.get(BOARD).context["cards"]
    return card


class TestBoard:
    def test_says_what_a_warm_up_is_where_there_is_none(self, operator):
        text = operator.get(BOARD).content.decode()

        assert "No IP is warming up" in text
        assert url("add") in text

    def test_shows_the_day_the_room_and_when_it_ends(self, operator, schedule):
        text = " ".join(operator.get(BOARD).content.decode().split())

        today = local_date(schedule.organization, timezone.now())
        assert "Warming up" in text
        assert '20 <span class="mw-quiet">of 50</span>' in text
        assert f"{today + timedelta(days=28):%-d %b %Y}" in text
        assert card_on(operator).percent_used == "40.0"

    def test_offers_another_one(self, operator, schedule):
        assert f'href="{url("add")}' in operator.get(BOARD).content.decode()

    def test_names_what_is_ahead_in_stages(self, operator, schedule):
        ahead = [(stage.daily_limit, stage.days) for stage in card_on(operator).ahead]

        assert ahead == [(50, 1), (100, 2), (500, 3), (1_000, 3), (5_000, 4)]

    def test_has_every_day_in_the_table(self, operator, schedule):
        rows = card_on(operator).rows

        assert [(row.day, row.daily_limit, row.used) for row in rows[:3]] == [
            (1, 50, 20),
            (2, 50, None),
            (3, 100, None),
        ]
        assert (len(rows), rows[-1].day) == (28, 28)

    def test_draws_what_was_used_under_one_scale_with_the_limit(self, operator, schedule):
        chart = card_on(operator).chart

        first = chart.bars[0]
        assert (chart.top, len(chart.bars)) == (1_000, 8)
        assert (first.height, first.y) == (2.0, 98.0)
        assert chart.limit_path == "M0 95 H10"
        assert chart.ahead_path.startswith("M10 95 H20 V90 H30")

    def test_says_why_it_is_paused(self, operator, schedule):
        pause_warmup(schedule.pk, reason="moving house", actor="ann", now=timezone.now())

        text = operator.get(BOARD).content.decode()

        assert "ann: moving house" in text
        assert "until somebody resumes it" in text

    def test_says_until_when_its_figures_stop_it(self, operator, schedule):
        tomorrow = local_date(schedule.organization, timezone.now()) + timedelta(days=1)
        WarmupSchedule.objects.update(
            status="paused", paused_reason="5.00% bounced.", resumes_on=tomorrow
        )

        text = " ".join(operator.get(BOARD).content.decode().split())

        assert "5.00% bounced." in text
        assert f"until {tomorrow:%a %-d %b}, 00:00; then it goes on by itself" in text

    def test_says_when_it_begins(self, operator, ip):
        start_warmup(ip, now=timezone.now(), starts_at=timezone.now() + timedelta(days=2))

        assert "It begins by itself on" in operator.get(BOARD).content.decode()

    def test_lists_what_has_ended(self, operator, organization, schedule):
        abort_warmup(schedule.pk, now=timezone.now())
        EndedWarmupFactory(ip__organization=organization)

        answer = operator.get(BOARD)

        assert answer.context["cards"] == []
        assert [row.total for row in answer.context["cl"].result_list] == [20, 12_345]

    def test_asks_as_many_questions_for_many_cards_as_for_few(
        self, operator, organization, schedule
    ):
        operator.get(BOARD)
        with CaptureQueriesContext(connection) as few:
            operator.get(BOARD)
        for _ in range(5):
            start_warmup(SendingIPFactory(organization=organization), now=timezone.now())

        with CaptureQueriesContext(connection) as many:
            answer = operator.get(BOARD)

        assert len(answer.context["cards"]) == 6
        assert len(many) == len(few)

    def test_shows_nothing_of_another_organization(self, schedule):
        stranger = looking(OrganizationFactory(), Role.OPERATOR)

        assert stranger.get(BOARD).context["cards"] == []
        assert stranger.get(url("change", schedule.pk)).status_code == 404


class TestOneWarmUp:
    def test_shows_all_of_its_numbers(self, operator, schedule):
        text = operator.get(url("change", schedule.pk)).content.decode()

        assert text.count("expected") == 27

    def test_is_found_after_it_has_ended(self, operator, organization):
        ended = EndedWarmupFactory(ip__organization=organization)

        text = operator.get(url("change", ended.pk)).content.decode()

        assert "12,345" in text
        assert "Warm<" in text

    def test_is_not_changed_by_a_form(self, operator, schedule):
        assert operator.post(url("change", schedule.pk), {"current_day": 9}).status_code == 403


class TestMoves:
    def test_pause_asks_and_names_what_happens(self, operator, schedule):
        text = operator.get(url("pause", schedule.pk)).content.decode()

        assert "Pause: nothing leaves through 203.0.113.7" in text
        assert "30 more could leave today" in text

    def test_pause_keeps_the_reason_and_who_it_was(self, operator, schedule):
        answer = operator.post(url("pause", schedule.pk), {"reason": "moving house"})

        schedule.refresh_from_db()
        assert (answer.status_code, answer.url) == (302, BOARD)
        assert schedule.status == "paused"
        assert schedule.paused_reason.endswith(": moving house")
        assert AuditEntry.objects.filter(action="warmup.paused").exists()

    def test_resume_goes_on(self, operator, schedule):
        operator.post(url("pause", schedule.pk), {"reason": ""})

        asked = operator.get(url("resume", schedule.pk)).content.decode()
        operator.post(url("resume", schedule.pk))

        schedule.refresh_from_db()
        assert "Up to 30 more leave on day 1" in asked
        assert schedule.status == "active"

    def test_end_says_that_it_cannot_be_taken_back(self, operator, schedule):
        asked = operator.get(url("end", schedule.pk)).content.decode()
        operator.post(url("end", schedule.pk))

        schedule.refresh_from_db()
        assert "28 of 28 days early" in asked
        assert "cannot be taken back" in asked
        assert schedule.status == "aborted"

    def test_say_when_somebody_was_faster(self, operator, schedule):
        abort_warmup(schedule.pk, now=timezone.now())

        asked = operator.get(url("pause", schedule.pk)).content.decode()
        answer = operator.post(url("pause", schedule.pk), {"reason": ""})

        assert "There is nothing to do" in asked
        assert answer.status_code == 400
        assert "aborted" in answer.content.decode()

    @pytest.mark.parametrize(
        ("fields", "labels"),
        [
            ({"status": "active"}, ["Pause", "End now"]),
            ({"status": "paused"}, ["Resume", "End now"]),
            (
                {"status": "paused", "resumes_on": "2099-01-01"},
                ["Resume", "Keep paused", "End now"],
            ),
            ({"status": "scheduled"}, ["Call off"]),
        ],
    )
    def test_are_those_that_the_state_allows(self, operator, schedule, fields, labels):
        WarmupSchedule.objects.update(**fields)

        assert [button.label for button in card_on(operator).buttons] == labels

    def test_are_not_offered_to_those_who_only_look(self, organization, schedule):
        viewer = looking(organization, Role.EDITOR)

        assert card_on(viewer).buttons == ()
        assert url("add") not in viewer.get(BOARD).content.decode()

    @pytest.mark.parametrize("move", ["pause", "resume", "end"])
    def test_are_closed_to_them(self, organization, schedule, move):
        viewer = looking(organization, Role.EDITOR)

        assert viewer.get(url(move, schedule.pk)).status_code == 403
        assert viewer.post(url(move, schedule.pk)).status_code == 403


class TestStart:
    def test_begins_at_once(self, operator, ip):
        answer = operator.post(
            url("add"),
            NO_CAPS | {"ip": ip.pk, "preset": "smooth", "when": "now", "starts_at": ""},
        )

        started = WarmupSchedule.objects.get()
        assert (answer.status_code, answer.url) == (302, BOARD)
        assert (started.preset, started.status, started.daily_limit) == ("smooth", "active", 50)
        assert AuditEntry.objects.get(action="warmup.started").actor != "system"

    def test_takes_a_time_on_the_clock_of_the_organization(self, operator, ip):
        given = NO_CAPS | {"ip": ip.pk, "preset": "standard", "when": "later"}

        operator.post(url("add"), given | {"starts_at": "2099-01-02T00:00"})

        started = WarmupSchedule.objects.get()
        assert started.status == "scheduled"
        assert started.started_at.isoformat() == "2099-01-01T18:15:00+00:00"

    @pytest.mark.parametrize(
        ("starts_at", "mistake"),
        [("", "Say when it starts."), ("2020-01-01T00:00", "That time has passed")],
    )
    def test_says_what_is_wrong_with_the_time(self, operator, ip, starts_at, mistake):
        given = {"ip": ip.pk, "preset": "standard", "when": "later", "starts_at": starts_at}

        answer = operator.post(url("add"), NO_CAPS | given)

        assert answer.status_code == 400
        assert mistake in answer.content.decode()
        assert not WarmupSchedule.objects.exists()

    def test_offers_only_own_ips_without_a_warm_up(self, operator, organization, schedule):
        free = SendingIPFactory(organization=organization)
        SendingIPFactory()

        answer = operator.get(url("add"))

        assert list(answer.context["form"].fields["ip"].queryset) == [free]

    def test_says_where_to_go_when_there_is_no_ip(self, operator):
        text = operator.get(url("add")).content.decode()

        assert "There is no IP to warm up" in text

    def test_warns_of_the_steps_of_the_standard_schedule(self, operator, ip):
        text = operator.get(url("add"), {"ip": ip.pk}).content.decode()

        assert "On day 11 the volume grows from 1,000 to 5,000" in text
        assert 'for="id_preset_smooth"' in text
        assert f'<option value="{ip.pk}" selected>' in text

    def test_is_closed_to_those_who_only_look(self, organization, ip):
        viewer = looking(organization, Role.EDITOR)

        assert viewer.get(url("add")).status_code == 403
        assert viewer.post(url("add"), {"ip": ip.pk}).status_code == 403


def filled(*rows, initial=0):
    """Return the fields of the form of caps for rows of provider, amount and unit."""
    data = {"caps-TOTAL_FORMS": len(rows), "caps-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        for name, value in zip(("provider", "amount", "unit"), row, strict=True):
            data[f"caps-{number}-{name}"] = value
    return data


class TestProviderCaps:
    def test_are_given_with_the_start(self, operator, ip):
        caps = filled(("gmail", "40", "share"), ("outlook", "10", "messages"), ("", "", "share"))
        data = {"ip": ip.pk, "preset": "standard", "when": "now", **caps}

        operator.post(url("add"), data)

        stored = [{"provider": "gmail", "share": 0.4}, {"provider": "outlook", "messages": 10}]
        assert WarmupSchedule.objects.get().provider_caps == stored
        capped = [(one.name, one.used, one.daily_limit) for one in card_on(operator).capped]
        assert capped == [("Gmail", 0, 20), ("Outlook", 0, 10)]

    def test_are_shown_with_what_was_used_of_them(self, operator, schedule):
        caps = [Cap("gmail", share=0.4)]
        change_caps(schedule.pk, provider_caps=caps, now=timezone.now())
        wanted = {schedule.ip_id: ["gmail"] * 5 + ["yahoo"] * 3}
        reserve(wanted, owner=uuid.uuid4(), now=timezone.now())

        text = " ".join(operator.get(BOARD).content.decode().split())

        card = card_on(operator)
        assert (card.capped[0].percent_used, card.uncapped) == ("25.0", 3)
        assert "40 % of the day&#x27;s limit" in text
        assert '5 <span class="mw-quiet">of 20</span>' in text

    def test_are_changed_from_now_on_and_the_audit_log_says_by_whom(self, operator, schedule):
        shown = operator.get(url("caps", schedule.pk)).content.decode()
        changed = operator.post(
            url("caps", schedule.pk), filled(("gmail", "12.5", "share")), follow=True
        )

        assert "How much single providers get through 203.0.113.7" in shown
        assert "12.5 % of the day" in changed.content.decode()
        entry = AuditEntry.objects.get(action="warmup.caps_changed")
        assert entry.details["provider_caps"] == [{"provider": "gmail", "share": 0.125}]
        again = operator.get(url("caps", schedule.pk)).content.decode()
        assert 'value="12.5"' in again

    @pytest.mark.parametrize(("share", "typed"), [(0.4, "40"), (1.0, "100"), (0.005, "0.5")])
    def test_are_shown_as_they_were_typed(self, operator, schedule, share, typed):
        change_caps(schedule.pk, provider_caps=[Cap("gmail", share=share)], now=timezone.now())

        shown = operator.get(url("caps", schedule.pk)).content.decode()

        assert f'name="caps-0-amount" value="{typed}"' in shown

    def test_are_taken_away_by_empty_rows(self, operator, schedule):
        change_caps(schedule.pk, provider_caps=[Cap("gmail", messages=5)], now=timezone.now())

        operator.post(url("caps", schedule.pk), filled(("", "", "share"), initial=1))

        schedule.refresh_from_db()
        assert schedule.provider_caps == []

    @pytest.mark.parametrize(
        ("rows", "mistake"),
        [
            ([("gmail", "", "share")], "Say how much."),
            ([("", "5", "share")], "Choose the provider."),
            ([("gmail", "1.5", "messages")], "A number of messages is whole."),
            ([("gmail", "101", "share")], "at most 100 %"),
            ([("gmail", "0", "share")], "above 0"),
            ([("gmail", "5", "share"), ("gmail", "6", "share")], "named once"),
        ],
    )
    def test_say_what_is_wrong(self, operator, ip, schedule, rows, mistake):
        other = SendingIPFactory(organization=ip.organization)
        data = {"ip": other.pk, "preset": "standard", "when": "now", **filled(*rows)}

        changed = operator.post(url("caps", schedule.pk), filled(*rows))
        started = operator.post(url("add"), data)

        for answer in (changed, started):
            assert answer.status_code == 400
            assert mistake in answer.content.decode()
        schedule.refresh_from_db()
        assert schedule.provider_caps == []
        assert WarmupSchedule.objects.count() == 1

    def test_cannot_be_changed_once_it_has_ended(self, operator, schedule):
        abort_warmup(schedule.pk, now=timezone.now())

        answer = operator.post(url("caps", schedule.pk), filled(("gmail", "5", "share")))

        assert answer.status_code == 400
        assert "This warm-up is aborted." in answer.content.decode()

    def test_are_only_shown_to_those_who_only_look(self, organization, schedule):
        viewer = looking(organization, Role.VIEWER)

        assert url("caps", schedule.pk) not in viewer.get(BOARD).content.decode()
        assert viewer.get(url("caps", schedule.pk)).status_code == 403

    def test_of_another_organization_are_not_found(self, schedule):
        stranger = looking(OrganizationFactory(), Role.OPERATOR)

        assert stranger.get(url("caps", schedule.pk)).status_code in (302, 404)


class TestPageOfAnIP:
    def test_says_how_far_its_warm_up_is(self, operator, ip, schedule):
        link = url("change", schedule.pk)
        words = "Warming up, day 1 of 28, 20 of 50 today"

        for page in ("changelist", "change"):
            args = [ip.pk] if page == "change" else []
            text = operator.get(reverse(f"admin:iprouting_sendingip_{page}", args=args))
            assert words in text.content.decode()
            assert link in text.content.decode()

    def test_says_that_it_is_warm(self, operator, ip):
        text = operator.get(reverse("admin:iprouting_sendingip_changelist")).content.decode()

        assert ">Warm<" in text
