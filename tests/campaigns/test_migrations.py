"""Data steps of migrations, on data as they find it."""

import importlib

import pytest
from django.apps import apps

from campaigns.models import Contact
from tests.factories.campaigns import ContactFactory

TO_LOOK_UP = importlib.import_module("campaigns.migrations.0004_providers_to_look_up")


@pytest.mark.django_db
class TestProvidersToLookUp:
    def test_takes_in_everybody_who_was_never_looked_up(self, monkeypatch):
        monkeypatch.setattr(TO_LOOK_UP, "ROWS", 2)
        for provider in ("other", "gmail", "other", "other", "other"):
            ContactFactory(provider=provider)

        for _ in range(2):
            TO_LOOK_UP.forget(apps, None)

        found = Contact.objects.order_by("pk").values_list("provider", flat=True)
        assert list(found) == ["unknown", "gmail", "unknown", "unknown", "unknown"]

    def test_can_be_taken_back(self):
        for provider in ("unknown", "none", "gmail"):
            ContactFactory(provider=provider)

        TO_LOOK_UP.restore(apps, None)

        found = Contact.objects.order_by("pk").values_list("provider", flat=True)
        assert list(found) == ["other", "other", "gmail"]
