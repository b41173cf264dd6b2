"""In whose name mail goes out: sending domains and identities."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

import campaigns.operations.identities
from campaigns.models import Identity, SendingDomain
from common.api.fields import AddressField, LineField
from common.api.scoping import OrganizationRelated
from common.api.views import NounViewSet, changed


class DomainOutput(serializers.ModelSerializer[SendingDomain]):
    """A sending domain as it is shown."""

    tracking_url = serializers.CharField(help_text="Empty: the address of this installation.")

    class Meta:
        model = SendingDomain
        fields = ("id", "name", "return_path_domain", "tracking_url", "created_at", "updated_at")
        read_only_fields = fields


class DomainInput(serializers.ModelSerializer[SendingDomain]):
    """A sending domain as it is given."""

    name = LineField(max_length=253)
    return_path_domain = LineField(max_length=253, required=False, allow_blank=True)

    class Meta:
        model = SendingDomain
        fields = ("name", "return_path_domain", "tracking_url")


class DomainViewSet(NounViewSet):
    """Domains that mail is sent from."""

    queryset = SendingDomain.objects.all()
    serializer_class = DomainOutput
    input_class = DomainInput
    filterset_fields = ("name",)

    def keep(self, instance: SendingDomain, given: dict[str, Any]) -> SendingDomain:
        """Return the stored domain."""
        campaigns.operations.identities.save_domain(changed(instance, given))
        return instance


class IdentityOutput(serializers.ModelSerializer[Identity]):
    """An identity as it is shown."""

    reply_to = serializers.CharField(help_text="Empty: replies go to the From address.")

    class Meta:
        model = Identity
        fields = (
            "id", "domain", "from_name", "from_address", "reply_to", "stream", "created_at",
            "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class IdentityInput(serializers.ModelSerializer[Identity]):
    """An identity as it is given."""

    domain = OrganizationRelated(queryset=SendingDomain.objects.all())
    from_name = LineField(max_length=200)
    from_address = AddressField(max_length=254)
    reply_to = AddressField(max_length=254, required=False, allow_blank=True)

    class Meta:
        model = Identity
        fields = ("domain", "from_name", "from_address", "reply_to", "stream")


class IdentityViewSet(NounViewSet):
    """From names and addresses on sending domains."""

    queryset = Identity.objects.all()
    serializer_class = IdentityOutput
    input_class = IdentityInput
    filterset_fields = ("stream",)

    def keep(self, instance: Identity, given: dict[str, Any]) -> Identity:
        """Return the stored identity; its address must be on its domain."""
        campaigns.operations.identities.save_identity(changed(instance, given))
        return instance
