"""Who uses the product: organizations, people, their roles and keys."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from knox.models import AbstractAuthToken, AuthTokenManager
from timezone_field import TimeZoneField

from campaigns.roles import Role
from common.models import Timestamped

ROLE_CHOICES = [(role.value, role.value.capitalize()) for role in Role]


class User(AbstractUser):
    """A person who logs in, or the holder of an API key."""


class Organization(Timestamped):
    """The tenant; nothing of one is ever visible to another."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True, help_text="Used in commands and in Feedback-ID headers.")
    timezone = TimeZoneField(
        default="UTC", help_text="Days, schedules and charts follow this clock."
    )
    postal_address = models.TextField(
        blank=True, help_text="Shown under marketing mail as {{ organization.postal_address }}."
    )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role in an organization."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=ROLE_CHOICES, default=Role.VIEWER.value)

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="membership_once_per_organization"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"


class ApiKey(AbstractAuthToken):
    """A key for the API: one organization, one role. Only its digest is kept."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="api_keys")
    role = models.CharField(max_length=20, choices=ROLE_CHOICES, default=Role.VIEWER.value)
    name = models.CharField(max_length=100, help_text="What uses this key, so it can be revoked.")

    objects: ClassVar = AuthTokenManager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key}...)"


class AuditEntry(models.Model):
    """Who did what to which object, and when. Never changed."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=50)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "audit log"
        indexes: ClassVar = [
            models.Index(fields=["organization", "-at"], name="audit_newest_first")
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject}"


class IdempotencyRecord(models.Model):
    """The answer that was given to a request carrying an Idempotency-Key."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "key"], name="idempotency_key_once")
        ]

    def __str__(self) -> str:
        return self.key
