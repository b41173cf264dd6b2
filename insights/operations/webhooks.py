"""Writes of webhooks by people: making, changing, trying out, replaying."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from common.conf import outgoing_networks
from common.errors import DomainError
from common.outgoing.networks import is_among, is_public
from common.outgoing.web_addresses import WebAddressError, parse_web_address
from insights.deliveries import EVENT_NAMES, new_secret
from insights.models import (
    DeliveryKind,
    DeliveryStatus,
    Happening,
    Webhook,
    WebhookDelivery,
    WebhookOutbox,
)

OLD_SECRET_KEPT: Final = timedelta(days=1)
MOST_WEBHOOKS: Final = 50  # of an organization; each is a row for each batch of events
WRITTEN: Final = ("url", "description", "event_types", "batch_size", "active")
_FRESH_START: Final[dict[str, Any]] = {
    "switched_off_reason": "",
    "failures": 0,
    "failing_since": None,
    "last_problem": "",
    "resting_until": None,
}


def keep(webhook: Webhook) -> Webhook:
    """Store a webhook with what people may change, and return it; a new one gets a secret.

    One that is switched on again begins with a clean record. Raises DomainError for an address
    that requests must not go to, ValidationError for a value out of bounds.
    """
    _check_address(webhook.url)
    wanted = set(webhook.event_types or ())
    webhook.event_types = [name for name in EVENT_NAMES if name in wanted]
    if not webhook.event_types:
        raise DomainError(
            "no_events", "Choose at least one kind of event.", {"field": "event_types"}
        )
    with transaction.atomic():
        if not webhook.pk:
            _check_number(webhook)
            webhook.secret = new_secret()
            webhook.full_clean()
            webhook.save()
            return webhook
        webhook.full_clean(exclude=["secret", "old_secret"])
        webhook.save(update_fields=[*WRITTEN, "updated_at"])
        if webhook.active:
            _begin_anew(webhook)
    return webhook


def _check_address(url: str) -> None:
    try:
        address = parse_web_address(url)
    except WebAddressError as error:
        raise DomainError("address_unfit", str(error), {"field": "url"}) from error
    networks = outgoing_networks()
    allowed = bool(networks) if address.ip is None else is_among(address.ip, networks)
    if address.ip and not allowed and not is_public(address.ip):
        raise DomainError(
            "address_not_public",
            f"{address.ip} is not a public address, so nothing is sent there.",
            {"field": "url"},
        )
    if address.scheme != "https" and not allowed:
        raise DomainError(
            "address_unfit", "The address must begin with https://.", {"field": "url"}
        )


def _check_number(webhook: Webhook) -> None:
    if Webhook.objects.filter(organization=webhook.organization_id).count() >= MOST_WEBHOOKS:
        raise DomainError(
            "too_many_webhooks",
            f"There are {MOST_WEBHOOKS} webhooks already. Delete one that nobody needs.",
        )


def _begin_anew(webhook: Webhook) -> None:
    """Forget why a webhook was switched off, and that it failed."""
    off = Webhook.objects.filter(pk=webhook.pk).exclude(switched_off_reason="")
    if off.update(**_FRESH_START):
        for name, value in _FRESH_START.items():
            setattr(webhook, name, value)


def rotate_secret(webhook: Webhook, *, now: datetime) -> str:
    """Give a webhook a new secret and return it; for a day, the old one signs as well."""
    secret = new_secret()
    with transaction.atomic():
        current = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
        current.old_secret, current.secret = current.secret, secret
        current.old_secret_until = now + OLD_SECRET_KEPT
        current.save(update_fields=["secret", "old_secret", "old_secret_until", "updated_at"])
    return secret


def send_test(webhook: Webhook, *, now: datetime) -> WebhookDelivery:
    """Return a delivery that tries out a webhook, to be made in a moment, even if it is off."""
    return WebhookDelivery.objects.create(
        webhook=webhook, kind=DeliveryKind.TEST, created_at=now, due_at=now
    )


def replay(deliveries: QuerySet[WebhookDelivery], *, now: datetime) -> int:
    """Have deliveries made again, at once and as often as new ones; return how many.

    Those that are under way right now are left alone. They keep their ids, so that a receiver who
    has one already knows it again.
    """
    free = deliveries.filter(Q(leased_until__isnull=True) | Q(leased_until__lte=now))
    with transaction.atomic():
        chosen = list(
            free.select_for_update(of=("self",)).order_by("pk").values_list("pk", "webhook_id")
        )
        Webhook.objects.filter(pk__in={webhook_id for _, webhook_id in chosen}).update(
            resting_until=None
        )
        return WebhookDelivery.objects.filter(pk__in=[pk for pk, _ in chosen]).update(
            status=DeliveryStatus.WAITING, attempts=0, problem="", due_at=now, lease=None
        )


def forget_deliveries(*, made_before: datetime) -> int:
    """Delete old deliveries and happenings, and notes for webhooks that are gone.

    Returns how many deliveries.
    """
    WebhookOutbox.objects.exclude(webhook_id__in=Webhook.objects.values("pk")).delete()
    Happening.objects.filter(ts__lt=made_before).delete()
    deleted, _ = WebhookDelivery.objects.filter(created_at__lt=made_before).delete()
    return deleted
