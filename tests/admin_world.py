"""One object of every kind that the admin shows, and people of every role who look at them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

import campaigns.operations.campaigns
import sending.operations.lifecycle
from campaigns.models import ApiKey, AuditEntry, Campaign, ImportJob, Organization, User
from campaigns.operations.organizations import create_api_key
from campaigns.roles import Role
from insights.models import DeliveryEvent, MailDomain
from tests.factories.campaigns import (
    THE_PAST,
    CampaignFactory,
    ContactFactory,
    ContactListFactory,
    IdentityFactory,
    MembershipFactory,
    RecipientFactory,
    SegmentFactory,
    SendingDomainFactory,
    SubscriptionFactory,
    TemplateFactory,
    UserFactory,
)
from tests.factories.insights import (
    CountCheckFactory,
    InboxKeyFactory,
    MailDomainFactory,
    ProviderRuleFactory,
    RawPayloadFactory,
    WebhookDeliveryFactory,
    WebhookFactory,
)
from tests.factories.iprouting import (
    BreakerFactory,
    BreakerRuleFactory,
    IPReputationFactory,
    PoolFactory,
    ProviderLimitFactory,
    SendingIPFactory,
    TransportFactory,
)
from tests.factories.suppression import SuppressionFactory
from tests.factories.warmup import EndedWarmupFactory

admin.autodiscover()  # as the routes do, which a test may not have needed yet

NO_PASSWORD = None  # nobody types one here, and hashing one takes as long as a whole test


def _event(organization: Organization) -> DeliveryEvent:
    recipient = RecipientFactory(campaign__organization=organization, state="sent")
    return DeliveryEvent.objects.create(
        organization_id=organization.pk,
        campaign_id=recipient.campaign_id,
        recipient_id=recipient.pk,
        event_type="bounced",
        provider="gmail",
        stream="marketing",
        smtp_code=550,
        smtp_response="5.1.1 No such user",
        source="smtp",
        ts=THE_PAST,
    )


def _campaign(organization: Organization) -> Model:
    campaign = CampaignFactory(
        organization=organization,
        identity__organization=organization,
        template=TemplateFactory(organization=organization),
        lists=[ContactListFactory(organization=organization)],
        segments=[SegmentFactory(organization=organization)],
    )
    RecipientFactory(campaign=campaign)
    return campaign


def _contact(organization: Organization) -> Model:
    return SubscriptionFactory(contact__organization=organization).contact


def _key(organization: Organization) -> ApiKey:
    return create_api_key(organization, role=Role.VIEWER, name="Website")[0]


def _audit_entry(organization: Organization) -> AuditEntry:
    return AuditEntry.objects.create(
        organization=organization,
        actor="ada",
        action="campaign.sending",
        subject="campaign 1: News",
        details={"from": "preparing"},
        at=THE_PAST,
    )


def _import(organization: Organization) -> ImportJob:
    job = ImportJob.objects.create(
        organization=organization,
        list=ContactListFactory(organization=organization),
        file_name="people.csv",
        status="finished",
        progress=1.0,
        refused_count=1,
    )
    job.refusals.create(row_number=3, code="x", reason="The address has no @ sign.", excerpt="a")
    return job


def _mail_domain(organization: Organization) -> MailDomain:
    row: MailDomain = MailDomainFactory()
    ContactFactory(organization=organization, email=f"ada@{row.domain}")
    return row


# Label of the model -> how to make one in an organization. The registry decides what must be here.
MAKERS: dict[str, Any] = {
    "campaigns.Organization": lambda organization: organization,
    "campaigns.Membership": lambda organization: MembershipFactory(
        organization=organization, user__password=NO_PASSWORD
    ),
    "campaigns.ApiKey": _key,
    "campaigns.AuditEntry": _audit_entry,
    "campaigns.Contact": _contact,
    "campaigns.ContactList": lambda organization: ContactListFactory(organization=organization),
    "campaigns.Segment": lambda organization: SegmentFactory(organization=organization),
    "campaigns.Template": lambda organization: TemplateFactory(organization=organization),
    "campaigns.SendingDomain": lambda organization: SendingDomainFactory(organization=organization),
    "campaigns.Identity": lambda organization: IdentityFactory(organization=organization),
    "campaigns.Campaign": _campaign,
    "campaigns.ImportJob": _import,
    "iprouting.Pool": lambda organization: PoolFactory(organization=organization),
    "iprouting.Transport": lambda organization: TransportFactory(organization=organization),
    "iprouting.SendingIP": lambda organization: SendingIPFactory(organization=organization),
    "iprouting.IPReputation": lambda organization: IPReputationFactory(organization=organization),
    "warmup.WarmupSchedule": lambda organization: EndedWarmupFactory(ip__organization=organization),
    "iprouting.Breaker": lambda organization: BreakerFactory(organization=organization),
    "suppression.Suppression": lambda organization: SuppressionFactory(organization=organization),
    "insights.CountCheck": lambda organization: CountCheckFactory(organization=organization),
    "insights.DeliveryEvent": _event,
    "insights.InboxKey": lambda organization: InboxKeyFactory(organization=organization),
    "insights.MailDomain": _mail_domain,
    "insights.RawPayload": lambda organization: RawPayloadFactory(organization=organization),
    "insights.Webhook": lambda organization: WebhookFactory(organization=organization),
    "insights.WebhookDelivery": lambda organization: WebhookDeliveryFactory(
        webhook__organization=organization
    ),
}


def _task(number: int) -> PeriodicTask:
    interval = IntervalSchedule.objects.create(every=number + 2, period="seconds")
    return PeriodicTask.objects.create(name=f"Task {number}", task="a.task", interval=interval)


# What belongs to the installation. Label of the model -> how to make the nth one.
PLATFORM_MAKERS: dict[str, Any] = {
    "campaigns.User": lambda _number: UserFactory(password=NO_PASSWORD),
    "insights.ProviderRule": lambda _number: ProviderRuleFactory(),
    "iprouting.BreakerRule": lambda _number: BreakerRuleFactory(),
    "iprouting.ProviderLimit": lambda _number: ProviderLimitFactory(),
    "django_celery_beat.PeriodicTask": _task,
    "django_celery_beat.IntervalSchedule": lambda number: IntervalSchedule.objects.create(
        every=number + 100, period="seconds"
    ),
    "django_celery_beat.CrontabSchedule": lambda number: CrontabSchedule.objects.create(
        minute=str(number)
    ),
}

SCOPED = sorted(MAKERS)
PLATFORM = sorted(PLATFORM_MAKERS)


def admin_of(label: str) -> Any:
    """Return the pages registered for a model."""
    return next(
        pages for model, pages in admin.site._registry.items() if model._meta.label == label
    )


def made(label: str, organization: Organization) -> Any:
    """Return a new object of a scoped model in an organization."""
    return MAKERS[label](organization)


def person(organization: Organization, role: Role = Role.ADMIN) -> User:
    """Return a person of the staff with a role in an organization."""
    return MembershipFactory(
        organization=organization, role=role.value, user__password=NO_PASSWORD
    ).user


def looking(organization: Organization, role: Role = Role.ADMIN) -> Client:
    """Return the browser of such a person."""
    client = Client()
    client.force_login(person(organization, role))
    return client


def running_installation() -> Client:
    """Return the browser of a superuser."""
    client = Client()
    client.force_login(UserFactory(is_superuser=True, password=NO_PASSWORD))
    return client


def ready_campaign(organization: Organization) -> Campaign:
    """Return a draft that nothing keeps from being started, to three people."""
    list_ = ContactListFactory(organization=organization)
    for name in ("ada", "ben", "eva"):
        SubscriptionFactory(
            list=list_, contact__organization=organization, contact__email=f"{name}@example.com"
        )
    SendingIPFactory(organization=organization)
    return CampaignFactory(
        organization=organization, identity__organization=organization, lists=[list_]
    )


def moved(campaign: Campaign, *moves: str) -> Campaign:
    """Return the campaign after it was moved on, such as by "begin" and "prepare"."""
    now = timezone.now()
    for move in moves:
        if move == "prepare":
            sending.operations.lifecycle.prepare(campaign.pk, now=now)
            campaign.refresh_from_db()
        else:
            getattr(campaigns.operations.campaigns, move)(campaign, actor="test", now=now)
    return campaign
