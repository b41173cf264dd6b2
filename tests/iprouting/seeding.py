"""The rules that an installation begins with: tests that commit leave tables empty behind them."""

import importlib

from django.apps import apps

from iprouting.models import BreakerRule

_migration = importlib.import_module("iprouting.migrations.0008_breaker_rules")


def seed_rules() -> None:
    """Put the rules and limits of a new installation into the tables."""
    BreakerRule.objects.all().delete()
    _migration.seed(apps, None)
