"""The pages of breakers and of their rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.roles import Role
from insights.models import DeliveryEvent
from iprouting.admin.pace_words import slow_words
from iprouting.models import Breaker, BreakerRule
from tests.admin_world import looking, running_installation
from tests.calling import caller
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import (
    BreakerFactory,
    BreakerRuleFactory,
    ProviderLimitFactory,
    SendingIPFactory,
)

pytestmark = pytest.mark.django_db

BREAKERS = reverse("admin:iprouting_breaker_changelist")
STOP = reverse("admin:iprouting_breaker_stop")
TRY = reverse("admin:iprouting_breakerrule_try")


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def suspended(organization):
    now = timezone.now()
    return BreakerFactory(
        organization=organization,
        ip="203.0.113.7",
        state="suspended",
        until=now + timedelta(hours=2),
        opened_at=now,
        changed_at=now,
        times_opened=1,
        reason="Answered 3 times within an hour: 421 4.7.0 Too many connections",
        rule_name="Too many connections",
        evidence=[{"rule": "x", "recipient": 1, "text": "421 <b>", "at": now.isoformat()}],
    )


def overrule(breaker):
    return reverse("admin:iprouting_breaker_overrule", args=[breaker.pk])


def text(answer):
    return answer.content.decode()


class TestBreakers:
    def test_say_what_is_held_back_why_and_until_when(self, organization, suspended):
        page = text(looking(organization, Role.VIEWER).get(BREAKERS))

        assert "Stopped" in page
        assert "Too many connections" in page
        assert "in 1 hour" in page

    def test_show_the_answers_themselves(self, organization, suspended):
        url = reverse("admin:iprouting_breaker_change", args=[suspended.pk])

        page = text(looking(organization, Role.VIEWER).get(url))

        assert "421 &lt;b&gt;" in page

    def test_are_half_open_once_their_time_is_over(self, organization, suspended):
        Breaker.objects.update(until=timezone.now())

        assert "Half open" in text(looking(organization, Role.VIEWER).get(BREAKERS))

    def test_are_closed_by_hand_with_a_reason(self, organization, suspended):
        client = looking(organization, Role.OPERATOR)
        given = {"wanted": "release", "minutes": "60"}

        without = client.post(overrule(suspended), given)
        answer = client.post(overrule(suspended), given | {"reason": "They are content"})

        suspended.refresh_from_db()
        assert without.status_code == 200
        assert answer.status_code == 302
        assert (suspended.state, suspended.reason) == ("closed", "They are content")

    def test_are_opened_by_hand_for_any_ip_and_provider(self, organization):
        ip = SendingIPFactory(organization=organization)
        client = looking(organization, Role.OPERATOR)

        client.post(
            STOP, {"ip": ip.address, "provider": "yahoo", "minutes": "30", "reason": "Postmaster"}
        )

        breaker = Breaker.objects.get()
        assert (breaker.ip, breaker.provider, breaker.state) == (ip.address, "yahoo", "suspended")

    def test_are_not_overruled_by_viewers_nor_for_ips_of_others(self, organization, suspended):
        foreign = SendingIPFactory()
        given = {"provider": "yahoo", "minutes": "30", "reason": "x"}

        viewer = looking(organization, Role.VIEWER).post(overrule(suspended), {})
        answer = looking(organization, Role.OPERATOR).post(STOP, given | {"ip": foreign.address})

        assert viewer.status_code == 403
        assert answer.status_code == 200
        assert Breaker.objects.count() == 1

    def test_are_listed_over_http(self, organization, suspended):
        answer = caller(organization, Role.VIEWER).get("/api/breakers")

        (shown,) = answer.json()["results"]
        assert (shown["ip"], shown["provider"], shown["state"]) == (
            "203.0.113.7",
            "gmail",
            "suspended",
        )
        assert shown["evidence"] == ["421 <b>"]


class TestRules:
    def test_are_refused_with_a_pattern_that_cannot_be_used(self, organization):
        url = reverse("admin:iprouting_breakerrule_add")
        rule = {
            "name": "Mine", "kind": "expression", "pattern": "(", "answer_count": "1",
            "window_seconds": "60", "effect": "slow", "duration_seconds": "60", "active": "on",
        }  # fmt: skip
        before = BreakerRule.objects.count()

        page = text(running_installation().post(url, rule))

        assert "no regular expression" in page
        assert "how many messages a minute" in page
        assert BreakerRule.objects.count() == before

    def test_lead_to_what_they_would_have_matched(self, organization):
        DeliveryEvent.objects.create(
            organization_id=organization.pk, campaign_id=1, recipient_id=1, event_type="deferred",
            provider="gmail", stream="marketing", smtp_code=421, smtp_response="Please slow down",
            source="smtp", ts=timezone.now() - timedelta(days=1),
        )  # fmt: skip
        rule = BreakerRuleFactory()
        client = running_installation()

        page = text(client.get(TRY, {"kind": rule.kind, "pattern": rule.pattern}))

        assert "1 of 1" in page
        assert "421 Please slow down" in page

    def test_are_tried_by_superusers_alone(self, organization):
        assert looking(organization).get(TRY).status_code == 403


class TestPaceWords:
    @pytest.mark.parametrize(
        ("rate", "connections", "words"),
        [
            (10, None, "10 a minute"),
            (None, 1, "1 connection"),
            (1000, 2, "1,000 a minute, 2 connections"),
        ],
    )
    def test_say_what_may_go(self, rate, connections, words):
        assert slow_words(rate, connections) == words


class TestLimits:
    def test_say_what_each_number_means(self):
        limit = ProviderLimitFactory(provider="gmail.test", connections=5, active=True)
        page = text(
            running_installation().get(
                reverse("admin:iprouting_providerlimit_change", args=[limit.pk])
            )
        )

        assert "carry mail for the provider at the same time" in page
        assert "other providers' mail" in page

    def test_are_listed_with_their_connections(self):
        ProviderLimitFactory(connections=1234, messages_per_connection=4321, active=True)
        page = text(running_installation().get(reverse("admin:iprouting_providerlimit_changelist")))

        assert "1,234" in page
        assert "4,321" in page
