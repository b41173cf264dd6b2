"""Why a message left through its IP, over HTTP: who may ask, and for what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rest_framework.test import APIClient

from campaigns.models import Organization
from campaigns.states import RecipientState
from tests.calling import caller, fields_of
from tests.factories.campaigns import OrganizationFactory, RecipientFactory

pytestmark = pytest.mark.django_db

URL = "/api/routing/explain"


@pytest.fixture
def message():
    return RecipientFactory()


class TestExplain:
    def test_is_for_those_who_are_signed_in(self, message):
        answer = APIClient().get(f"{URL}?recipient={message.pk}")

        assert answer.status_code in {401, 403}
        assert answer["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_only_reads(self, message, method):
        asked = getattr(caller(message.organization), method)

        assert asked(f"{URL}?recipient={message.pk}").status_code == 405

    def test_knows_no_message_of_another_organization(self, message):
        answer = caller(OrganizationFactory()).get(f"{URL}?recipient={message.pk}")

        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("given", ["", "?recipient=", "?recipient=x", "?recipient=0"])
    def test_names_the_parameter_that_is_wrong(self, message, given):
        answer = caller(message.organization).get(URL + given)

        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert fields_of(answer) == ["recipient"]

    @pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
    def test_finds_nothing_under_a_number_of_any_size(self, message, number):
        answer = caller(message.organization).get(f"{URL}?recipient={number}")

        assert answer.status_code == 404

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("throttled", "The provider asked for less mail"),
            ("no_room", "no room left for that day"),
            ("engaged_first", "more engaged people"),
            ("", "It has not left yet, so no IP was chosen."),
        ],
    )
    def test_says_what_a_message_waits_for_and_until_when(self, message, reason, words):
        until = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
        message.state, message.reason, message.not_before = RecipientState.PLANNED, reason, until
        message.save()
        Organization.objects.update(timezone="UTC")

        told = caller(message.organization).get(f"{URL}?recipient={message.pk}").json()

        assert words in told["explanation"]
        assert ("on Tue 24 Nov 08:30." in told["explanation"]) == bool(reason)

    def test_says_what_the_whole_campaign_waits_for(self, message):
        message.campaign.problem = "Waits for room on 203.0.113.7 until Tue 24 Nov 00:00."
        message.campaign.save()

        told = caller(message.organization).get(f"{URL}?recipient={message.pk}").json()

        assert told["explanation"].endswith("until Tue 24 Nov 00:00.")
