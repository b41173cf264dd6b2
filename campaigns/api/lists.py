"""Lists, and who is on them."""

from __future__ import annotations

from typing import Any

import django_filters
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import campaigns.operations.contacts
from campaigns.api.editing import delete_from_audiences
from campaigns.models import Contact, ContactList, Subscription
from common.api.fields import JsonObjectField, LineField
from common.api.paging import CursorPagination
from common.api.scoping import OrganizationRelated
from common.api.views import ApiViewSet, NounViewSet


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

    source = LineField(max_length=100, default="api")  # type: ignore[assignment]  # a field
    evidence = JsonObjectField(
        required=False, default=None, help_text="Such as time, address and wording of a form."
    )


class ListViewSet(NounViewSet):
    """What people join."""

    queryset = ContactList.objects.all()
    serializer_class = ListOutput
    input_class = ListInput
    filterset_fields = ("slug",)

    def remove(self, instance: ContactList) -> None:
        """Delete the list, unless a campaign is to reach people by it."""
        delete_from_audiences(instance)

    @extend_schema(request=SubscribeInput, responses=SubscriptionOutput)
    @action(detail=True, methods=["post"])
    def subscribe(self, request: Request, pk: str) -> Response:
        """Put a contact on the list. Keep in `evidence` how we know that they want to be."""
        list_, given = self.get_object(), self.given(SubscribeInput)
        subscription = campaigns.operations.contacts.subscribe(
            given["contact"],
            list_,
            source=given["source"],
            evidence=given["evidence"],
            now=timezone.now(),
        )
        return Response(SubscriptionOutput(subscription).data)

    @extend_schema(request=UnsubscribeInput, responses=SubscriptionOutput)
    @action(detail=True, methods=["post"])
    def unsubscribe(self, request: Request, pk: str) -> Response:
        """Take a contact off the list."""
        list_, given = self.get_object(), self.given(UnsubscribeInput)
        subscription = campaigns.operations.contacts.unsubscribe(
            given["contact"], list_, now=timezone.now()
        )
        return Response(SubscriptionOutput(subscription).data)


class SubscriptionFilter(django_filters.FilterSet):
    """Finds subscriptions by status."""

    class Meta:
        model = Subscription
        fields = ("status",)


class ListMembers(ApiViewSet):
    """Who is, or was, on one list."""

    queryset = Subscription.objects.select_related("contact")
    organization_path = "list__organization"
    serializer_class = SubscriptionOutput
    pagination_class = MembersPagination
    filterset_class = SubscriptionFilter

    def list(self, request: Request, list_id: str) -> Response:
        """The subscriptions of a list, newest contacts first."""
        asked = get_object_or_404(ContactList, pk=list_id, organization=self.organization)
        members = self.filter_queryset(self.get_queryset().filter(list=asked))
        page = self.paginate_queryset(members)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
