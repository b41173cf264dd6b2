"""Every message and what happened to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

import insights.queries.search
from campaigns.models import Recipient
from campaigns.models.content import Stream
from common.api.filters import LARGEST_ID
from common.api.paging import CursorPagination
from common.api.views import ReadViewSet
from insights.api.insights import MomentQuery
from insights.criteria import Criteria, Place
from insights.events import Actor, EventType
from insights.models import DeliveryEvent
from insights.queries.search import FoundMessage, Page

LARGEST_CODE: Final = 999
_LONGEST_TEXT: Final = 320  # characters: the longest address, the longest Message-ID we write
_RENAMED: Final = {"from": "begin", "to": "end"}


class EventOutput(serializers.ModelSerializer[DeliveryEvent]):
    """One thing that happened to a message."""

    # Said to be texts, since most events have none of these.
    bounce_class = serializers.CharField(help_text="hard, soft, block or expired; or empty.")
    actor = serializers.CharField(help_text="human, machine or unknown; or empty.")

    class Meta:
        model = DeliveryEvent
        fields = (
            "id", "event_type", "ts", "source", "provider", "ip", "smtp_code", "enhanced_code",
            "smtp_response", "bounce_class", "actor", "actor_reasons", "url",
        )  # fmt: skip
        read_only_fields = fields


class MessageOutput(serializers.ModelSerializer[Recipient]):
    """A message as it stands now, with the exact answer of the mail server."""

    recipient_id = serializers.IntegerField(source="pk")
    campaign_name = serializers.CharField(source="campaign.name")
    stream = serializers.CharField(source="campaign.stream")

    class Meta:
        model = Recipient
        fields: tuple[str, ...] = (
            "recipient_id", "campaign", "campaign_name", "stream", "contact", "email", "provider",
            "state", "reason", "attempts", "ip", "smtp_code", "enhanced_code", "smtp_response",
            "bounce_class", "message_id", "queue_id", "sent_at", "delivered_at", "opened_at",
            "clicked_at", "unsubscribed_at",
        )  # fmt: skip
        read_only_fields = fields


class FoundMessageOutput(MessageOutput):
    """A message that a search found."""

    event = EventOutput(
        allow_null=True, help_text="Of the events that were asked for, the latest of this message."
    )

    class Meta(MessageOutput.Meta):
        fields = (*MessageOutput.Meta.fields, "event")
        read_only_fields = fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return the message with the event that it was found by."""
        found: FoundMessage = instance
        event = found.event and EventOutput(found.event).data
        return {**MessageOutput(found.message, context=self.context).data, "event": event}


class MessageDetailOutput(MessageOutput):
    """A message with its whole story."""

    events = EventOutput(many=True)

    class Meta(MessageOutput.Meta):
        fields = (*MessageOutput.Meta.fields, "events")
        read_only_fields = fields


def _id(help_text: str, *, minimum: int = 1) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=minimum, max_value=LARGEST_ID, required=False, help_text=help_text
    )


def _text(help_text: str, length: int = _LONGEST_TEXT) -> serializers.CharField:
    return serializers.CharField(required=False, max_length=length, help_text=help_text)


class MessageQuery(serializers.Serializer[Any]):
    """What is asked of messages. What is asked about events must hold of one and the same event."""

    q = _text(
        "An address or how it begins, a domain, a Message-ID, or words of the mail server's "
        "answer. In quotation marks it is words."
    )
    email = _text("The whole address.")
    campaign = _id("Only of this campaign.")
    provider = _text("Only to this mailbox provider.", length=40)
    event = serializers.ChoiceField(
        choices=[kind.value for kind in EventType], required=False, help_text="What happened."
    )
    actor = serializers.ChoiceField(
        choices=[actor.value for actor in Actor],
        required=False,
        help_text="Who opened or clicked; `machine` is whoever is not a person for certain.",
    )
    smtp_code = serializers.IntegerField(
        min_value=0, max_value=LARGEST_CODE, required=False, help_text="What the server answered."
    )
    identity = _id("Only what this identity sent.")
    ip = _text("Only what left from this IP.", length=45)
    list = _id("Only what went to this list; 0 for what went to none.", minimum=0)
    stream = serializers.ChoiceField(choices=Stream.values, required=False)
    variant = _text("Only this variant.", length=8)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, with one whose name is a word of Python."""
        moments = {
            name: MomentQuery(default_timezone=UTC, required=False, help_text=help_text)
            for name, help_text in {
                "from": "Events at or after this.",
                "to": "Events before this.",
            }.items()
        }
        return {**super().get_fields(), **moments}

    @classmethod
    def asked(cls, given: dict[str, Any]) -> Criteria:
        """Return what is asked, leaving out what is empty. Raises ValidationError."""
        shape = cls(data={name: value for name, value in given.items() if value not in ("", None)})
        shape.is_valid(raise_exception=True)
        checked = shape.validated_data
        return Criteria(**{_RENAMED.get(name, name): value for name, value in checked.items()})


class SearchPages(CursorPagination):
    """Pages of what a search found."""

    _page: Page
    _address: str

    def found(
        self, request: Request, search: Callable[[int, Place | None], Page]
    ) -> list[FoundMessage]:
        """Return the messages of the page that is asked for. Raises ValidationError."""
        self._address = request.build_absolute_uri()
        token = request.query_params.get(self.cursor_query_param)
        try:
            place = Place.of(token) if token else None
        except ValueError as error:
            raise serializers.ValidationError(
                {"cursor": ["Take the cursor from `next` or `previous` of a page."]}
            ) from error
        self._page = search(self.get_page_size(request) or self.page_size, place)
        return self._page.messages

    def get_next_link(self) -> str | None:
        """Return the address of the page after this one."""
        return self._link(self._page.after)

    def get_previous_link(self) -> str | None:
        """Return the address of the page before this one."""
        return self._link(self._page.before)

    def _link(self, place: Place | None) -> str | None:
        if place is None:
            return None
        return replace_query_param(self._address, self.cursor_query_param, place.token)


class MessageViewSet(ReadViewSet):
    """Messages of all campaigns, and what happened to each."""

    queryset = Recipient.objects.select_related("campaign").defer(
        "campaign__html", "campaign__text"
    )
    serializer_class = FoundMessageOutput
    pagination_class = SearchPages
    filter_backends: Sequence[Any] = ()  # what may be asked is checked by `MessageQuery`
    lookup_url_kwarg = "recipient_id"

    @extend_schema(parameters=[MessageQuery])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Messages that meet what is asked.

        People are asked for by address or Message-ID: then the newest message comes first.
        Otherwise messages come in the order of their events, the latest first, and those that
        nothing has happened to yet are not among them.
        """
        criteria = MessageQuery.asked(request.query_params.dict())
        pages = SearchPages()
        found = pages.found(
            request,
            lambda limit, place: insights.queries.search.page_of(
                self.organization.pk, criteria, limit=limit, place=place
            ),
        )
        return pages.get_paginated_response(self.get_serializer(found, many=True).data)
