"""Who must not be mailed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models import ContactList, Organization
from suppression.reasons import Origin, Reason, Scope


def _choices(members: type[Reason | Scope | Origin]) -> list[tuple[str, str]]:
    return [(member.value, member.value.replace("_", " ").capitalize()) for member in members]


class Suppression(models.Model):
    """One reason why one address must not be mailed; several may hold at once.

    `email` is the normalized address, as in `Contact.email_key`.
    """

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="suppressions", db_column="org_id"
    )
    email = models.CharField(max_length=254, verbose_name="e-mail")
    reason = models.CharField(max_length=20, choices=_choices(Reason), default=Reason.MANUAL.value)
    scope = models.CharField(max_length=10, choices=_choices(Scope), default=Scope.ALL.value)
    list = models.ForeignKey(
        ContactList, models.CASCADE, null=True, blank=True, related_name="suppressions"
    )
    origin = models.CharField(max_length=10, choices=_choices(Origin), default=Origin.STAFF.value)
    source_event_id = models.BigIntegerField(null=True, editable=False)
    source_recipient_id = models.BigIntegerField(null=True, editable=False)
    note = models.CharField(max_length=500, blank=True)
    added_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: for good.")

    class Meta:
        db_table = "suppression_list"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "email", "reason", "scope", "list"],
                name="suppression_once_per_reason_and_scope",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(scope="list", list__isnull=False)
                | (~models.Q(scope="list") & models.Q(list__isnull=True)),
                name="suppression_names_a_list_for_list_scope_only",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.reason}"
