"""A small world for whole stories: an organization with a list, contacts and one sending IP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.utils import timezone

import sending.operations.lifecycle
import sending.operations.starting
from campaigns.models import Campaign, Contact, ContactList, Organization, Subscription
from campaigns.states import CampaignState
from iprouting.models import SendingIP
from sending.pipeline import run_campaign
from tests.factories.campaigns import CampaignFactory, ContactListFactory, OrganizationFactory
from tests.factories.iprouting import SendingIPFactory


@dataclass(frozen=True, slots=True)
class World:
    """What a story is told with."""

    organization: Organization
    list: ContactList
    ip: SendingIP


def make_world(*, contacts: int, port: int, **transport: object) -> World:
    """Return a world whose list has this many contacts, sending to a port of this machine."""
    organization = OrganizationFactory()
    list_ = ContactListFactory(organization=organization)
    ip = SendingIPFactory(
        organization=organization,
        transport__organization=organization,
        transport__port=port,
        **{f"transport__{name}": value for name, value in transport.items()},
    )
    people = Contact.objects.bulk_create(
        Contact(
            organization=organization,
            email=f"person{n}@example.com",
            email_key=f"person{n}@example.com",
            domain="example.com",
            first_name=f"Person {n}",
        )
        for n in range(contacts)
    )
    Subscription.objects.bulk_create(Subscription(contact=p, list=list_) for p in people)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does by itself soon after so many rows came in
    return World(organization, list_, ip)


def started(world: World, **fields: object) -> Campaign:
    """Return a campaign of the world that was started and prepared."""
    campaign = CampaignFactory(
        organization=world.organization,
        identity__organization=world.organization,
        lists=[world.list],
        **fields,
    )
    sending.operations.starting.start(campaign, actor="test", now=timezone.now())
    sending.operations.lifecycle.prepare(campaign.pk, now=timezone.now())
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.SENDING, campaign.state_reason
    return campaign


def send_all(campaign: Campaign) -> None:
    """Let this process send what is due and close the campaign."""
    run_campaign(campaign.pk, clock=timezone.now, seconds=60)
    sending.operations.lifecycle.end_finished(now=timezone.now())
    campaign.refresh_from_db()


def database_url() -> str:
    """Return the address of the test database, for a process of its own."""
    used = urlsplit(os.environ["DATABASE_URL"])
    return used._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def worker(*arguments: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run `manage.py send_due` in a process of its own on the test database; killed at the end."""
    return python("manage.py", "send_due", *arguments)


@contextmanager
def python(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python in a process of its own on the test database; killed at the end."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "MAILWRIGHT_JOURNAL_DIR": str(settings.MAILWRIGHT["JOURNAL_DIR"]),
        **environment,
    }
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
