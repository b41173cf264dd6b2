"""Warm-ups over HTTP."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from campaigns.roles import Role
from tests.calling import caller, fields_of
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import SendingIPFactory
from warmup.models import DailyAllowance, WarmupSchedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def ip():
    """An IP that is new."""
    return SendingIPFactory()


@pytest.fixture
def operator(ip):
    """Somebody of the IP's organization who may send."""
    return caller(ip.organization, Role.OPERATOR)


class TestStart:
    def test_begins_with_the_first_day(self, operator, ip):
        answer = operator.post("/api/warmup/start", {"ip": ip.pk}, format="json")

        assert answer.status_code == 201
        shown = answer.json()
        assert (shown["status"], shown["current_day"], shown["daily_limit"]) == ("active", 1, 50)
        assert (shown["used_today"], shown["room_today"]) == (0, 50)
        assert shown["upcoming_limits"][:3] == [50, 100, 100]

    def test_takes_another_schedule_and_a_later_time(self, operator, ip):
        given = {"ip": ip.pk, "preset": "sparkpost", "starts_at": "2099-01-01T00:00:00Z"}

        shown = operator.post("/api/warmup/start", given, format="json").json()

        assert (shown["status"], shown["preset"]) == ("scheduled", "sparkpost")

    def test_is_refused_while_the_ip_is_warming(self, operator, ip):
        operator.post("/api/warmup/start", {"ip": ip.pk}, format="json")

        again = operator.post("/api/warmup/start", {"ip": ip.pk}, format="json")

        assert again.status_code == 409
        assert again.json()["code"] == "already_warming"
        assert WarmupSchedule.objects.count() == 1

    def test_names_the_field_that_is_wrong(self, operator, ip):
        foreign = SendingIPFactory()

        unknown = operator.post("/api/warmup/start", {"ip": foreign.pk}, format="json")
        preset = operator.post("/api/warmup/start", {"ip": ip.pk, "preset": "x"}, format="json")

        assert fields_of(unknown) == ["ip"]
        assert fields_of(preset) == ["preset"]

    def test_needs_an_operator(self, ip):
        viewer = caller(ip.organization, Role.EDITOR)

        assert viewer.post("/api/warmup/start", {"ip": ip.pk}, format="json").status_code == 403


CAPS = [{"provider": "gmail", "share": 0.4}, {"provider": "outlook", "messages": 2_000}]


class TestProviderCaps:
    def test_are_given_with_the_start_and_shown_with_the_status(self, operator, ip):
        given = {"ip": ip.pk, "provider_caps": CAPS}

        started = operator.post("/api/warmup/start", given, format="json")

        assert started.status_code == 201, started.content
        [shown] = operator.get("/api/warmup/status").json()["results"]
        assert shown["provider_caps"] == CAPS
        assert shown["providers_today"] == [
            {"provider": "gmail", "used": 0, "daily_limit": 20},
            {"provider": "outlook", "used": 0, "daily_limit": 50},
        ]

    def test_are_changed_while_it_goes_on(self, operator, ip):
        operator.post("/api/warmup/start", {"ip": ip.pk}, format="json")

        changed = operator.post(
            "/api/warmup/caps", {"ip": ip.pk, "provider_caps": CAPS[1:]}, format="json"
        )

        assert changed.status_code == 200
        assert changed.json()["provider_caps"] == CAPS[1:]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"provider": "gmail"},
            {"provider": "gmail", "share": 0},
            {"provider": "gmail", "share": 0.5, "messages": 5},
            {"provider": "gmail", "share": 1.5},
            {"provider": "gmail", "messages": 0},
            {"provider": "Gmail, please", "messages": 5},
        ],
    )
    def test_that_cannot_be_obeyed_are_refused(self, operator, ip, wrong):
        given = {"ip": ip.pk, "provider_caps": [wrong]}

        answer = operator.post("/api/warmup/start", given, format="json")

        assert 400 <= answer.status_code < 500
        assert not WarmupSchedule.objects.exists()

    def test_need_an_operator(self, ip):
        editor = caller(ip.organization, Role.EDITOR)

        answer = editor.post("/api/warmup/caps", {"ip": ip.pk, "provider_caps": []}, format="json")

        assert answer.status_code == 403


class TestPauseAndResume:
    def test_stop_and_go_on(self, operator, ip):
        operator.post("/api/warmup/start", {"ip": ip.pk}, format="json")

        paused = operator.post(
            "/api/warmup/pause", {"ip": ip.pk, "reason": "moving"}, format="json"
        )
        resumed = operator.post("/api/warmup/resume", {"ip": ip.pk}, format="json")

        assert (paused.json()["status"], paused.json()["room_today"]) == ("paused", 0)
        assert "moving" in paused.json()["paused_reason"]
        assert (resumed.json()["status"], resumed.json()["room_today"]) == ("active", 50)

    def test_of_an_ip_that_is_warm_find_nothing(self, operator, ip):
        assert operator.post("/api/warmup/pause", {"ip": ip.pk}, format="json").status_code == 404

    def test_of_one_that_goes_on_is_a_conflict(self, operator, ip):
        operator.post("/api/warmup/start", {"ip": ip.pk}, format="json")

        assert operator.post("/api/warmup/resume", {"ip": ip.pk}, format="json").status_code == 409


class TestStatus:
    def test_shows_the_days_so_far(self, operator, ip):
        operator.post("/api/warmup/start", {"ip": ip.pk}, format="json")
        DailyAllowance.objects.update(used=20)

        [shown] = operator.get("/api/warmup/status").json()["results"]

        assert (shown["used_today"], shown["room_today"]) == (20, 30)
        assert [(day["day"], day["daily_limit"], day["used"]) for day in shown["days"]] == [
            (1, 50, 20)
        ]

    def test_shows_nothing_of_another_organization(self, operator, ip):
        operator.post("/api/warmup/start", {"ip": ip.pk}, format="json")

        other = caller(OrganizationFactory(), Role.VIEWER)

        assert other.get("/api/warmup/status").json() == {"results": []}

    def test_is_for_those_who_are_signed_in(self, ip):
        answer = APIClient().get("/api/warmup/status")

        assert answer.status_code in {401, 403}
        assert answer["Content-Type"] == "application/problem+json"


class TestBadRequests:
    @pytest.mark.parametrize("move", ["start", "pause", "resume", "abort"])
    @pytest.mark.parametrize("ip_id", [None, "x", 0, -1, 2**63, 10**30, [1], {}, True])
    def test_name_the_ip_that_is_none(self, operator, move, ip_id):
        answer = operator.post(f"/api/warmup/{move}", {"ip": ip_id}, format="json")

        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert fields_of(answer) == ["ip"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("preset", "quick"),
            ("preset", None),
            ("starts_at", "soon"),
            ("starts_at", "2020-01-01T00:00:00Z"),
        ],
    )
    def test_name_the_field_that_is_wrong(self, operator, ip, field, value):
        answer = operator.post("/api/warmup/start", {"ip": ip.pk, field: value}, format="json")

        assert answer.status_code in {400, 409, 422}
        assert answer["Content-Type"] == "application/problem+json"
        assert fields_of(answer) == [field]
        assert not WarmupSchedule.objects.exists()

    @pytest.mark.parametrize("move", ["pause", "resume", "abort"])
    def test_of_an_ip_of_others_change_nothing(self, operator, ip, move):
        operator.post("/api/warmup/start", {"ip": ip.pk}, format="json")
        other = caller(OrganizationFactory(), Role.ADMIN)

        answer = other.post(f"/api/warmup/{move}", {"ip": ip.pk}, format="json")

        assert answer.status_code in {400, 404}
        assert WarmupSchedule.objects.get().status == "active"
