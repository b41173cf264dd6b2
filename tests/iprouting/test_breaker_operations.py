"""Breakers in the database: counted together, probed by one, overruled by people."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import AuditEntry
from common.errors import DomainError
from insights.models import DeliveryEvent
from iprouting.breakers import PatternError
from iprouting.models import Breaker, BreakerRule, ProviderLimit
from iprouting.operations.breakers import (
    Refusal,
    close_by_hand,
    close_over,
    close_probed,
    learn,
    open_by_hand,
    take_probes,
)
from iprouting.queries.breakers import rules, would_fit
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import BreakerFactory, BreakerRuleFactory

IP = "203.0.113.7"
NOW = timezone.now()


def refusal(number=1, *, text="Slow down please", provider="gmail", code=421):
    return Refusal(IP, provider, number, code, text, NOW)


@pytest.fixture
def organization(db):
    """An organization in an installation without rules."""
    BreakerRule.objects.all().delete()
    return OrganizationFactory()


class TestLearn:
    def test_opens_when_a_rule_is_full_over_several_batches(self, organization):
        BreakerRuleFactory(answer_count=3)

        first = learn(organization.pk, [refusal(1), refusal(2)], by_report=False, now=NOW)
        second = learn(organization.pk, [refusal(3)], by_report=False, now=NOW)

        assert first == []
        assert [breaker.state for breaker in second] == ["suspended"]
        assert "3 times within an hour" in Breaker.objects.get().reason
        assert [one["recipient"] for one in Breaker.objects.get().evidence] == [1, 2, 3]

    def test_leaves_alone_what_no_rule_fits(self, organization):
        BreakerRuleFactory()

        learn(organization.pk, [refusal(text="No such user")], by_report=False, now=NOW)

        assert not Breaker.objects.exists()

    def test_passes_over_a_rule_whose_pattern_cannot_be_used(self, organization):
        BreakerRuleFactory(kind="expression", pattern="(")
        BreakerRuleFactory()

        learn(organization.pk, [refusal()], by_report=False, now=NOW)

        assert Breaker.objects.get().state == "suspended"

    def test_slows_down_to_as_many_connections_as_the_rule_says(self, organization):
        BreakerRuleFactory(effect="slow", connections=1)

        learn(organization.pk, [refusal()], by_report=False, now=NOW)

        breaker = Breaker.objects.get()
        assert (breaker.state, breaker.connections) == ("slowed", 1)
        assert breaker.rate_per_minute is None

    @pytest.mark.django_db(transaction=True)
    def test_counts_the_answers_of_all_workers(self):
        BreakerRule.objects.all().delete()
        organization = OrganizationFactory()
        BreakerRuleFactory(answer_count=40)

        def work(number):
            learn(organization.pk, [refusal(number)], by_report=False, now=NOW)
            connection.close()

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(work, range(39)))
        before = Breaker.objects.get().state
        work(40)

        assert (before, Breaker.objects.get().state) == ("closed", "suspended")


class TestProbes:
    def test_are_sent_by_one_worker_alone(self, organization):
        BreakerRuleFactory()
        learn(organization.pk, [refusal()], by_report=False, now=NOW)
        breaker, later = Breaker.objects.get(), NOW + timedelta(hours=1)

        early = take_probes(breaker.pk, now=NOW + timedelta(minutes=59))
        taken = [take_probes(breaker.pk, now=later) for _ in range(3)]
        given_up = take_probes(breaker.pk, now=later + timedelta(minutes=2))

        assert (early, taken, given_up) == (False, [True, False, False], True)

    def test_close_only_what_the_same_one_refused(self, organization):
        breaker = BreakerFactory(organization=organization, ip=IP, state="probing", by_report=True)
        way = {(IP, "gmail")}

        by_answer = close_probed(organization.pk, way, by_report=False, now=NOW)
        by_report = close_probed(organization.pk, way, by_report=True, now=NOW)

        breaker.refresh_from_db()
        assert (by_answer, by_report, breaker.state) == (0, 1, "closed")


class TestCloseOver:
    def test_ends_slowing_down_and_probing_without_a_word(self, organization):
        over = {"until": NOW, "opened_at": NOW - timedelta(hours=1)}
        slowed = BreakerFactory(organization=organization, state="slowed", **over)
        silent = BreakerFactory(
            organization=organization,
            state="probing",
            by_report=True,
            probed_at=NOW - timedelta(minutes=10),
            changed_at=NOW - timedelta(minutes=10),
        )
        stopped = BreakerFactory(organization=organization, state="suspended", **over)

        close_over(organization.pk, now=NOW)

        found = [Breaker.objects.get(pk=one.pk).state for one in (slowed, silent, stopped)]
        assert found == ["closed", "closed", "suspended"]

    def test_ends_probing_by_silence_also_while_mail_waits_and_probes_go_on(self, organization):
        breaker = BreakerFactory(
            organization=organization,
            state="suspended",
            by_report=True,
            opened_at=NOW - timedelta(hours=1),
            until=NOW,
        )
        probed = []
        for minute in range(11):
            now = NOW + timedelta(minutes=minute)
            close_over(organization.pk, now=now)
            probed.append(take_probes(breaker.pk, now=now))

        breaker.refresh_from_db()
        assert probed == [True] * 10 + [False]
        assert breaker.state == "closed"


class TestByHand:
    def test_opens_and_closes_and_notes_who_wanted_it(self, organization):
        breaker = BreakerFactory(organization=organization, ip=IP)

        open_by_hand(
            breaker, lasts=timedelta(hours=2), reason="Postmaster asked", actor="ada", now=NOW
        )
        opened = (breaker.state, breaker.until, breaker.changed_by)
        close_by_hand(breaker, reason="He is content", actor="ben", now=NOW)

        assert opened == ("suspended", NOW + timedelta(hours=2), "ada")
        assert (breaker.state, breaker.reason) == ("closed", "He is content")
        actions = AuditEntry.objects.order_by("pk").values_list("actor", "action")
        assert list(actions) == [("ada", "breaker.opened"), ("ben", "breaker.closed")]

    def test_needs_a_reason_and_a_time(self, organization):
        breaker = BreakerFactory(organization=organization)

        with pytest.raises(DomainError, match="why"):
            close_by_hand(breaker, reason=" ", actor="ada", now=NOW)
        with pytest.raises(DomainError, match="24 hours"):
            open_by_hand(breaker, lasts=timedelta(days=2), reason="x", actor="ada", now=NOW)


class TestTheTableOfANewInstallation:
    WORDINGS = (
        ("yahoo", 421, "4.7.0 [TSS04] Messages from 203.0.113.7 temporarily deferred", "TSS04"),
        ("yahoo", 421, "4.7.1 [TS03] All messages from 203.0.113.7 will be deferred", "TS03"),
        ("yahoo", 553, "5.7.1 [BL21] Connections will not be accepted", "block list"),
        ("gmail", 421, "4.7.28 Gmail has detected an unusual rate of mail", "Unusual rate"),
        ("google_workspace", 550, "5.7.1 Our system has detected that", "system has detected"),
        (
            "outlook",
            451,
            "4.7.650 The mail server has been temporarily rate limited",
            "Rate limited",
        ),
        ("microsoft365", 451, "4.7.500 Server busy. Please try again later", "Server busy"),
        ("comcast", 421, "4.1.0 comcast RL000010", "RL000010"),
        ("gmx", 421, "Policy violation. Error: (PV)", "policy"),
        ("orange", 421, "4.7.0 Too many connections, slow down", "Too many"),
        ("free", 421, "4.3.2 Server too busy", "busy"),
    )

    @pytest.fixture
    def organization(self, db):
        return OrganizationFactory()

    @pytest.mark.parametrize(("provider", "code", "response", "name"), WORDINGS)
    def test_knows_the_wordings_of_providers(self, organization, provider, code, response, name):
        BreakerRule.objects.update(answer_count=1)

        learn(
            organization.pk,
            [refusal(text=response, provider=provider, code=code)],
            by_report=True,
            now=NOW,
        )

        assert name.lower() in Breaker.objects.get().rule_name.lower()

    def test_has_patterns_that_can_all_be_used_and_limits_that_are_off(self, db):
        assert len(rules()) == BreakerRule.objects.count() >= 17
        assert not ProviderLimit.objects.filter(active=True).exists()

    def test_takes_no_missing_mailbox_for_a_wish_to_slow_down(self, organization):
        BreakerRule.objects.update(answer_count=1)

        for provider in ("gmail", "yahoo", "outlook", "other"):
            for text in ("5.1.1 No such user", "5.2.2 Mailbox full", "4.2.1 Greylisted, try later"):
                learn(
                    organization.pk,
                    [refusal(text=text, provider=provider)],
                    by_report=True,
                    now=NOW,
                )

        assert not Breaker.objects.exists()


class TestWouldFit:
    def test_counts_and_shows_what_a_pattern_fits_in_the_last_week(self, organization):
        for days, text in ((1, "Slow down"), (1, "Slow down"), (2, "Full"), (8, "Slow down")):
            DeliveryEvent.objects.create(
                organization_id=organization.pk,
                campaign_id=1,
                recipient_id=1,
                event_type="deferred",
                provider="gmail",
                stream="marketing",
                smtp_code=421,
                smtp_response=text,
                source="smtp",
                ts=NOW - timedelta(days=days),
            )

        trial = would_fit(organization.pk, provider="", kind="words", pattern="slow", now=NOW)
        other = would_fit(organization.pk, provider="yahoo", kind="words", pattern="slow", now=NOW)

        assert (trial.fitted, trial.looked_at) == (2, 3)
        assert [one.text for one in trial.examples] == ["421 Slow down"]
        assert other.looked_at == 0

    def test_shows_answers_that_differ_in_made_up_words_alone_once(self, organization):
        for minutes, number in ((3, "0A17B"), (2, "99C01"), (1, "5D5D5")):
            DeliveryEvent.objects.create(
                organization_id=organization.pk, campaign_id=1, recipient_id=1,
                event_type="deferred", provider="outlook", stream="marketing", smtp_code=451,
                smtp_response=f"4.7.500 Server busy [{number}.mail.example.com 2026-11-23T10:01Z]",
                source="smtp", ts=NOW - timedelta(minutes=minutes),
            )  # fmt: skip

        trial = would_fit(organization.pk, provider="", kind="words", pattern="busy", now=NOW)

        (shown,) = trial.examples
        assert (shown.count, trial.fitted) == (3, 3)
        assert "5D5D5" in shown.text

    def test_refuses_a_bad_pattern(self, organization):
        with pytest.raises(PatternError):
            would_fit(organization.pk, provider="", kind="expression", pattern="(", now=NOW)
