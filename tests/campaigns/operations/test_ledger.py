"""The send ledger on the real database."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

import campaigns.queries.audience
from campaigns.ledger import Outcome
from campaigns.models import NEVER_ENGAGED, Campaign, Recipient, SubscriptionStatus
from campaigns.operations import ledger
from campaigns.queries.ledger import due_campaigns, state_counts
from campaigns.states import CampaignState, InDoubtPolicy, RecipientState
from tests.factories.campaigns import (
    CampaignFactory,
    ContactFactory,
    ContactListFactory,
    RecipientFactory,
    SubscriptionFactory,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE_END = NOW + timedelta(minutes=10)


def claim(campaign: Campaign, *, limit: int = 500, owner: uuid.UUID | None = None, now=NOW, **more):
    return ledger.claim_batch(
        campaign.pk,
        limit=limit,
        owner=owner or uuid.uuid4(),
        now=now,
        lease_until=LEASE_END,
        **more,
    )


@pytest.fixture
def sending() -> Campaign:
    return CampaignFactory(state=CampaignState.SENDING)


@pytest.mark.django_db
class TestWriteLedger:
    def write(self, campaign: Campaign) -> int:
        audience = campaigns.queries.audience.subscribed(campaign, now=NOW)
        return ledger.write_ledger(campaign, audience=audience, now=NOW)

    def test_plans_every_subscriber_once_even_when_on_several_lists(self):
        campaign = CampaignFactory()
        first, second = ContactListFactory.create_batch(2, organization=campaign.organization)
        contact = ContactFactory(organization=campaign.organization)
        SubscriptionFactory(contact=contact, list=second)
        SubscriptionFactory(contact=contact, list=first)
        campaign.lists.set([first, second])

        written = self.write(campaign)

        row = Recipient.objects.get()
        assert written == 1
        assert (row.contact, row.list, row.state) == (contact, first, RecipientState.PLANNED)
        assert row.not_before == NOW

    def test_leaves_out_whoever_is_not_subscribed(self):
        campaign = CampaignFactory()
        list_ = ContactListFactory(organization=campaign.organization)
        for status in SubscriptionStatus.values:
            SubscriptionFactory(
                contact__organization=campaign.organization, list=list_, status=status
            )
        campaign.lists.set([list_])

        assert self.write(campaign) == 1

    def test_never_takes_contacts_of_another_organization(self):
        campaign = CampaignFactory()
        SubscriptionFactory()

        assert self.write(campaign) == 0

    def test_adds_nobody_twice_when_run_twice(self):
        campaign = CampaignFactory()
        SubscriptionFactory.create_batch(3, contact__organization=campaign.organization)

        counts = [self.write(campaign), self.write(campaign)]

        assert counts == [3, 0]
        assert Recipient.objects.count() == 3

    def test_fixes_a_message_id_of_its_own_for_each(self):
        campaign = CampaignFactory()
        SubscriptionFactory.create_batch(3, contact__organization=campaign.organization)

        self.write(campaign)

        rows = list(Recipient.objects.all())
        assert len({row.message_id for row in rows}) == 3
        for row in rows:
            number, _, rest = row.message_id.partition(".")
            assert int(number, 16) == row.pk
            assert rest.endswith("@" + campaign.identity.domain.name)

    def test_counts_the_days_since_people_were_engaged(self):
        campaign = CampaignFactory()
        organization = campaign.organization
        days = {"never": None, "future": NOW + timedelta(days=1), "old": NOW - timedelta(days=40)}
        for name, at in days.items():
            SubscriptionFactory(
                contact__organization=organization,
                contact__email=f"{name}@example.com",
                contact__last_human_at=at,
            )

        self.write(campaign)

        found = dict(Recipient.objects.values_list("email", "engagement_days"))
        assert found == {
            "never@example.com": NEVER_ENGAGED,
            "future@example.com": 0,
            "old@example.com": 40,
        }


@pytest.mark.django_db
class TestClaimBatch:
    def test_leases_due_rows_to_the_owner(self, sending):
        row = RecipientFactory(campaign=sending, contact__attributes={"city": "Kraków"})
        owner = uuid.uuid4()

        claimed = claim(sending, owner=owner)

        row.refresh_from_db()
        assert [c.id for c in claimed] == [row.pk]
        assert (claimed[0].attempts, claimed[0].attributes) == (1, {"city": "Kraków"})
        assert (row.state, row.lease_owner) == (RecipientState.CLAIMED, owner)
        assert row.lease_until == LEASE_END

    def test_takes_the_engaged_first(self, sending):
        for days in (NEVER_ENGAGED, 3, 80):
            RecipientFactory(campaign=sending, engagement_days=days)

        order = [claim(sending, limit=1)[0].engagement_days for _ in range(3)]

        assert order == [3, 80, NEVER_ENGAGED]

    def test_gives_them_in_the_order_of_engagement_whatever_their_time(self, sending):
        for days, minutes in ((NEVER_ENGAGED, 9), (3, 1), (80, 5)):
            due = NOW - timedelta(minutes=minutes)
            RecipientFactory(campaign=sending, engagement_days=days, not_before=due)

        assert [row.engagement_days for row in claim(sending)] == [3, 80, NEVER_ENGAGED]

    def test_takes_nobody_but_the_engaged_when_asked_to(self, sending):
        for days in (91, 90, NEVER_ENGAGED):
            RecipientFactory(campaign=sending, engagement_days=days)

        claimed = claim(sending, engaged_within=90)

        assert [row.engagement_days for row in claimed] == [90]

    def test_leaves_whose_time_has_not_come(self, sending):
        RecipientFactory(campaign=sending, not_before=NOW + timedelta(seconds=1))

        assert claim(sending) == []

    @pytest.mark.parametrize(
        "state", sorted(set(CampaignState) - {CampaignState.SENDING, CampaignState.TESTING})
    )
    def test_takes_nothing_of_a_campaign_that_does_not_run(self, state):
        campaign = CampaignFactory(state=state)
        RecipientFactory(campaign=campaign)

        assert claim(campaign) == []

    def test_still_returns_a_row_whose_contact_is_gone(self, sending):
        row = RecipientFactory(campaign=sending)
        row.contact.delete()

        claimed = claim(sending)

        assert (claimed[0].id, claimed[0].email_key) == (row.pk, None)


@pytest.mark.django_db(transaction=True)
class TestClaimantsAtOnce:
    def test_never_get_the_same_row(self, sending):
        RecipientFactory.create_batch(60, campaign=sending)
        taken: list[list[int]] = []

        def work() -> None:
            while rows := claim(sending, limit=7):
                taken.append([row.id for row in rows])
            connection.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        everyone = [number for batch in taken for number in batch]
        assert len(everyone) == 60
        assert len(set(everyone)) == 60


@pytest.mark.django_db
class TestRecordOutcomes:
    def test_writes_the_answer_to_each(self, sending):
        rows = RecipientFactory.create_batch(2, campaign=sending)
        owner = uuid.uuid4()
        claim(sending, owner=owner)

        lost = ledger.record_outcomes(
            [
                Outcome(rows[0].pk, RecipientState.SENT, NOW, ip="192.0.2.1", smtp_code=250),
                Outcome(
                    rows[1].pk,
                    RecipientState.PLANNED,
                    NOW,
                    smtp_code=451,
                    smtp_response="4.7.1 later",
                    not_before=LEASE_END,
                ),
            ],
            owner=owner,
        )

        sent, waiting = Recipient.objects.order_by("pk")
        assert lost == set()
        assert (sent.state, sent.sent_at, sent.lease_owner) == (RecipientState.SENT, NOW, None)
        assert (waiting.state, waiting.not_before) == (RecipientState.PLANNED, LEASE_END)
        assert (waiting.smtp_response, waiting.attempts) == ("4.7.1 later", 1)

    def test_takes_nothing_from_whoever_does_not_hold_the_lease(self, sending):
        row = RecipientFactory(campaign=sending)
        claim(sending)

        lost = ledger.record_outcomes(
            [Outcome(row.pk, RecipientState.SENT, NOW)], owner=uuid.uuid4()
        )

        row.refresh_from_db()
        assert lost == {row.pk}
        assert row.state == RecipientState.CLAIMED

    def test_accepts_the_late_answer_of_a_lease_that_was_given_up(self, sending):
        row = RecipientFactory(campaign=sending)
        owner = uuid.uuid4()
        claim(sending, owner=owner)
        ledger.doubt_expired(before=LEASE_END + timedelta(seconds=1))

        lost = ledger.record_outcomes([Outcome(row.pk, RecipientState.SENT, NOW)], owner=owner)

        row.refresh_from_db()
        assert lost == set()
        assert row.state == RecipientState.SENT

    def test_takes_back_an_attempt_that_reached_nobody(self, sending):
        row = RecipientFactory(campaign=sending)
        owner = uuid.uuid4()
        claim(sending, owner=owner)

        ledger.record_outcomes(
            [Outcome(row.pk, RecipientState.PLANNED, NOW, uncount=True)], owner=owner
        )

        row.refresh_from_db()
        assert row.attempts == 0


@pytest.mark.django_db
class TestRelease:
    def test_gives_back_what_was_never_handed_over(self, sending):
        RecipientFactory.create_batch(3, campaign=sending)
        owner = uuid.uuid4()
        claimed = claim(sending, owner=owner)

        released = ledger.release(owner=owner, only=[claimed[0].id])

        assert released == 1
        assert state_counts(sending.pk)[RecipientState.PLANNED] == 1
        assert ledger.release(owner=owner) == 2
        assert set(Recipient.objects.values_list("attempts", flat=True)) == {0}


@pytest.mark.django_db
class TestInDoubt:
    def test_begins_when_a_lease_ends_without_an_answer(self, sending):
        RecipientFactory(campaign=sending)
        claim(sending)

        assert ledger.doubt_expired(before=LEASE_END) == 0
        assert ledger.doubt_expired(before=LEASE_END + timedelta(seconds=1)) == 1
        assert state_counts(sending.pk)[RecipientState.IN_DOUBT] == 1

    @pytest.mark.parametrize(
        ("policy", "resent"), [(InDoubtPolicy.HOLD, 0), (InDoubtPolicy.RESEND, 1)]
    )
    def test_ends_as_the_campaign_says(self, policy, resent):
        campaign = CampaignFactory(state=CampaignState.SENDING, in_doubt_policy=policy)
        row = RecipientFactory(campaign=campaign, state=RecipientState.IN_DOUBT, attempts=1)

        assert ledger.resend_doubtful(now=NOW) == resent

        after = Recipient.objects.get(pk=row.pk)
        assert (after.state == RecipientState.PLANNED) == bool(resent)
        assert after.message_id == row.message_id

    def test_is_not_sent_again_more_often_than_the_campaign_allows(self):
        campaign = CampaignFactory(
            state=CampaignState.SENDING, in_doubt_policy=InDoubtPolicy.RESEND, maximum_attempts=2
        )
        RecipientFactory(campaign=campaign, state=RecipientState.IN_DOUBT, attempts=2)

        assert ledger.resend_doubtful(now=NOW) == 0


@pytest.mark.django_db
class TestDueCampaigns:
    def test_are_those_that_run_and_have_somebody_due(self, sending):
        RecipientFactory(campaign=sending)
        RecipientFactory(campaign__state=CampaignState.PAUSED)
        RecipientFactory(campaign__state=CampaignState.SENDING, not_before=NOW + timedelta(hours=1))

        assert list(due_campaigns(now=NOW)) == [sending]
