"""Lists, and who is on them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import campaigns.operations.contacts
from campaigns.models import Contact, ContactList, Subscription, SubscriptionStatus
from common.api.fields import JsonObjectField, LineField
from common.api.paging import CursorPagination
from common.api.scoping import OrganizationRelated
from common.api.views import NounViewSet

_STATUS = OpenApiParameter("status", str, enum=SubscriptionStatus.values)


class ListOutput(serializers.ModelSerializer[ContactList]):
    """A list as it is shown."""

    class Meta:
        model = ContactList
        fields = ("id", "name", "slug", "description", "public", "created_at", "updated_at")
        read_only_fields = fields


class ListInput(serializers.ModelSerializer[ContactList]):
    """A list as it is given."""

    name = LineField(max_length=200)

    class Meta:
        model = ContactList
        fields = ("name", "slug", "description", "public")


class SubscriptionOutput(serializers.ModelSerializer[Subscription]):
    """A contact on a list."""

    email = serializers.CharField(source="contact.email")

    class Meta:
        model = Subscription
        fields = (
            "id", "contact", "email", "list", "status", "source", "subscribed_at",
            "unsubscribed_at",
        )  # fmt: skip
        read_only_fields = fields


class MembersPagination(CursorPagination):
    """Newest contacts first, which is the order of the index over a list."""

    ordering = "-contact_id"


class UnsubscribeInput(serializers.Serializer[Any]):
    """Who leaves a list."""

    contact = OrganizationRelated(queryset=Contact.objects.all())


class SubscribeInput(UnsubscribeInput):
    """Who joins a list, and how we know that they want to."""

    source = LineField(max_length=100, default="api")
    evidence = JsonObjectField(
        required=False, default=None, help_text="Such as time, address and wording of a form."
    )


class ListViewSet(NounViewSet):
    """What people join."""

    queryset = ContactList.objects.all()
    serializer_class = ListOutput
    input_class = ListInput
    filterset_fields = ("slug",)

    @extend_schema(parameters=[_STATUS], responses=SubscriptionOutput(many=True), filters=False)
    @action(detail=True, filterset_fields=("status",), pagination_class=MembersPagination)
    def subscriptions(self, request: Request, pk: str) -> Response:
        """Who is or was on the list."""
        members = self.get_object().subscriptions.select_related("contact")
        page = self.paginate_queryset(self.filter_queryset(members))
        return self.get_paginated_response(SubscriptionOutput(page, many=True).data)

    @extend_schema(request=SubscribeInput, responses=SubscriptionOutput)
    @action(detail=True, methods=["post"])
    def subscribe(self, request: Request, pk: str) -> Response:
        """Put a contact on the list. Who left by themselves must agree anew: say so in `evidence`."""
        given = self.given(SubscribeInput)
        subscription = campaigns.operations.contacts.subscribe(
            given["contact"],
            self.get_object(),
            source=given["source"],
            evidence=given["evidence"],
            now=timezone.now(),
        )
        return Response(SubscriptionOutput(subscription).data)

    @extend_schema(request=UnsubscribeInput, responses=SubscriptionOutput)
    @action(detail=True, methods=["post"])
    def unsubscribe(self, request: Request, pk: str) -> Response:
        """Take a contact off the list."""
        contact, list_ = self.given(UnsubscribeInput)["contact"], self.get_object()
        campaigns.operations.contacts.unsubscribe(contact, list_, now=timezone.now())
        return Response(SubscriptionOutput(contact.subscriptions.get(list=list_)).data)
