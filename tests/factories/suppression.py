"""Entries of the suppression list."""

import factory
from factory.django import DjangoModelFactory

from suppression.models import Suppression
from tests.factories.campaigns import THE_PAST, OrganizationFactory


class SuppressionFactory(DjangoModelFactory):
    """An address that staff entered: no mail at all, for good."""

    class Meta:
        model = Suppression

    organization = factory.SubFactory(OrganizationFactory)
    email = factory.Sequence(lambda n: f"suppressed{n}@example.com")
    added_at = THE_PAST
