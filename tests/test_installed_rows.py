"""A test that commits leaves the tables as the migrations left them."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.core import serializers
from django.db import connection
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from campaigns.models import Organization
from insights.models import DeliveryEvent, ProviderRule
from insights.operations.partitions import make_partitions
from insights.operations.recording import record_events
from iprouting.models import BreakerRule, ProviderLimit
from tests.factories.campaigns import OrganizationFactory
from tests.factories.insights import EventFactory, ProviderRuleFactory
from tests.factories.iprouting import SendingIPFactory

pytestmark = pytest.mark.django_db(transaction=True)

SEEDED = (BreakerRule, CrontabSchedule, PeriodicTask, Permission, ProviderLimit, ProviderRule)
NOW = datetime(2031, 3, 15, tzinfo=UTC)


def seeds():
    """Return every row of the tables that migrations fill."""
    return {model: serializers.serialize("json", model.objects.order_by("pk")) for model in SEEDED}


def empty_and_fill():
    """Do to the tables what a test may do."""
    BreakerRule.objects.all().delete()
    ProviderLimit.objects.update(connections=1)
    PeriodicTask.objects.filter(pk__gt=PeriodicTask.objects.earliest("pk").pk).delete()
    Permission.objects.earliest("pk").delete()
    ProviderRuleFactory()
    SendingIPFactory()
    make_partitions(now=NOW, months_ahead=0)
    record_events([EventFactory(ts=NOW)])


class TestPutBack:
    def test_undoes_all_that_was_committed(self, django_db_setup):
        before = seeds()
        empty_and_fill()
        changed = seeds()

        django_db_setup.put_back()

        assert all(changed[model] != before[model] for model in set(SEEDED) - {CrontabSchedule})
        assert seeds() == before
        assert not Organization.objects.exists()
        assert not DeliveryEvent.objects.exists()
        assert "email_delivery_events_2031_03" not in connection.introspection.table_names()

    def test_goes_on_with_the_numbers_of_rows(self, django_db_setup):
        first = ProviderRuleFactory()
        django_db_setup.put_back()

        second = ProviderRuleFactory()

        assert second.pk > first.pk

    def test_empties_large_tables_down_to_their_files(self, django_db_setup, monkeypatch):
        monkeypatch.setattr("tests.installed_rows.LARGE_BYTES", 0)
        before = seeds()
        OrganizationFactory()

        django_db_setup.put_back()

        assert size_of(Organization) == 0
        assert seeds() == before


def size_of(model):
    """Return the bytes of a table's main file."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s::regclass)", [model._meta.db_table])
        return cursor.fetchone()[0]


class TestTheNextTest:
    """The second of these finds what the first has emptied, whatever ran in between."""

    def test_may_find_tables_emptied(self):
        empty_and_fill()

        assert not BreakerRule.objects.exists()

    def test_finds_the_rows_of_a_new_installation(self):
        assert all(model.objects.exists() for model in SEEDED)
        assert not Organization.objects.exists()
