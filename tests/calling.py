"""Clients of the API, each with a key of its own, and objects for them to find."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from campaigns.models import ImportJob
from campaigns.operations.organizations import create_api_key
from campaigns.roles import Role
from tests.factories.campaigns import (
    CampaignFactory,
    ContactFactory,
    ContactListFactory,
    IdentityFactory,
    RecipientFactory,
    SegmentFactory,
    SendingDomainFactory,
    TemplateFactory,
)
from tests.factories.insights import ExportJobFactory, WebhookFactory
from tests.factories.iprouting import (
    BreakerFactory,
    PoolFactory,
    SendingIPFactory,
    TransportFactory,
)
from tests.factories.suppression import SuppressionFactory
from tests.factories.warmup import WarmupFactory
from tests.insights.counting import count
from tests.insights.happening import sent_message

# How to make one of each noun for an organization, by the first part of its path.
ONE_OF_EACH = {
    "contacts": ContactFactory,
    "lists": ContactListFactory,
    "segments": SegmentFactory,
    "templates": TemplateFactory,
    "domains": SendingDomainFactory,
    "identities": IdentityFactory,
    "campaigns": CampaignFactory,
    "imports": lambda **given: ImportJob.objects.create(file_name="people.csv", **given),
    "messages": lambda organization: sent_message(
        RecipientFactory(campaign__organization=organization)
    ),
    "exports": ExportJobFactory,
    "pools": PoolFactory,
    "transports": TransportFactory,
    "ips": SendingIPFactory,
    "routing": lambda organization: RecipientFactory(campaign__organization=organization),
    "breakers": BreakerFactory,
    "suppressions": SuppressionFactory,
    "webhooks": WebhookFactory,
    "warmup": lambda organization: WarmupFactory(ip__organization=organization),
    "insights": lambda organization: count(
        CampaignFactory(organization=organization), timezone.now() - timedelta(hours=2), sent=1
    ),
}


def caller(organization, role=Role.ADMIN):
    """Return a client that calls the API for an organization in a role."""
    _, secret = create_api_key(organization, role=Role(role), name=f"{role} of {organization}")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


def fields_of(response):
    """Return the names of the fields that an answer complains about."""
    return [error["field"] for error in response.json()["errors"]]
