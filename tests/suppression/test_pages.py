"""Unsubscribing by a mail program and by hand, and the preferences page: by HTTP, as people do."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.test.client import MULTIPART_CONTENT

from campaigns.models import Contact, Recipient, Stream, Subscription, SubscriptionStatus
from common.conf import token_signer
from insights.events import EventType
from insights.models import DeliveryEvent
from suppression.models import Suppression
from suppression.queries import suppressed_among
from suppression.reasons import Origin, Reason, Scope
from tests.factories.campaigns import (
    ContactFactory,
    ContactListFactory,
    RecipientFactory,
    SubscriptionFactory,
)
from tests.factories.suppression import SuppressionFactory

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def client():
    """Return a client that insists on CSRF tokens, as a server does."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def recipient():
    """Return a message to a subscriber of the list it went to."""
    subscription = SubscriptionFactory(list__name="Weekly <news>")
    contact = subscription.contact
    return RecipientFactory(
        contact=contact,
        campaign__organization=contact.organization,
        list=subscription.list,
    )


def unsubscribe_path(recipient):
    return f"/u/{token_signer().for_message(recipient.pk).unsubscribe}"


def preferences_path(recipient):
    return f"/p/{token_signer().for_message(recipient.pk).preferences}"


def is_stopped(recipient, *, stream=Stream.MARKETING):
    """Say whether mail of a stream, to the list of the message, is stopped."""
    key = recipient.email.lower()
    return bool(
        suppressed_among(
            [key],
            organization_id=recipient.organization_id,
            stream=stream,
            now=datetime.now(UTC),
            list_ids={key: [recipient.list_id]},
        )
    )


def state(recipient):
    """Return everything that unsubscribing writes."""
    return (
        list(Suppression.objects.order_by("pk").values_list()),
        list(Subscription.objects.order_by("pk").values_list()),
        list(DeliveryEvent.objects.order_by("pk").values_list()),
        Recipient.objects.get(pk=recipient.pk).unsubscribed_at,
    )


def post_one_click(client, path, kind=FORM):
    body = ONE_CLICK if kind == MULTIPART_CONTENT else urlencode(ONE_CLICK)
    return client.post(path, body, content_type=kind)


class TestOneClick:
    @pytest.mark.parametrize("kind", [FORM, MULTIPART_CONTENT])
    @pytest.mark.parametrize("ending", ["", "/"])
    def test_unsubscribes_within_the_request(self, client, recipient, kind, ending):
        answer = post_one_click(client, unsubscribe_path(recipient) + ending, kind)

        assert (answer.status_code, answer.content) == (200, b"")
        assert is_stopped(recipient)
        assert not is_stopped(recipient, stream=Stream.TRANSACTIONAL)
        entry = Suppression.objects.get()
        assert (entry.reason, entry.scope) == (Reason.UNSUBSCRIBE, Scope.MARKETING)
        assert (entry.origin, entry.source_recipient_id) == (Origin.RECIPIENT, recipient.pk)

    def test_is_written_in_the_ledger_and_among_the_events(self, client, recipient):
        post_one_click(client, unsubscribe_path(recipient))

        recipient.refresh_from_db()
        event = DeliveryEvent.objects.get()
        assert event.event_type == EventType.UNSUBSCRIBED
        assert event.ts == recipient.unsubscribed_at
        assert event.recipient_id == recipient.pk
        assert event.campaign_id == recipient.campaign_id
        assert event.organization_id == recipient.organization_id
        assert event.list_id == recipient.list_id
        assert event.identity_id == recipient.campaign.identity_id

    def test_done_again_changes_nothing(self, client, recipient):
        post_one_click(client, unsubscribe_path(recipient))
        once = state(recipient)

        answer = post_one_click(client, unsubscribe_path(recipient), MULTIPART_CONTENT)

        assert answer.status_code == 200
        assert state(recipient) == once

    def test_needs_and_sets_no_cookie(self, client, recipient):
        client.cookies.clear()

        answer = post_one_click(client, unsubscribe_path(recipient))

        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"", FORM),
            (b"List-Unsubscribe=One-Click", "text/plain"),
            (b"--broken", "multipart/form-data; boundary=b"),
            (b"--broken", "multipart/form-data"),
            (b"List-Unsubscribe=One-Click", FORM + "; charset=latin-1"),
            (b"&".join(b"a%d=1" % n for n in range(2000)), FORM),
            (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
        ],
    )
    def test_is_not_kept_from_working_by_an_odd_body(self, client, recipient, body, kind):
        answer = client.post(unsubscribe_path(recipient), body, content_type=kind)

        assert (answer.status_code, answer.content) == (200, b"")
        assert is_stopped(recipient)

    def test_works_once_the_contact_is_deleted(self, client, recipient):
        recipient.contact.delete()

        assert post_one_click(client, unsubscribe_path(recipient)).status_code == 200
        assert is_stopped(recipient)

    def test_works_after_the_address_of_the_contact_changed(self, client, recipient):
        Contact.objects.filter(pk=recipient.contact_id).update(
            email="new@example.com", email_key="new@example.com"
        )

        post_one_click(client, unsubscribe_path(recipient))

        stopped = set(Suppression.objects.values_list("email", flat=True))
        assert stopped == {recipient.email, "new@example.com"}

    def test_works_for_a_transactional_message(self, client):
        recipient = RecipientFactory(data={"order": 5}, campaign__stream=Stream.TRANSACTIONAL)

        assert post_one_click(client, unsubscribe_path(recipient)).status_code == 200
        assert is_stopped(recipient)
        assert not is_stopped(recipient, stream=Stream.TRANSACTIONAL)

    def test_is_not_redirected_to_https(self, client, recipient, settings):
        settings.SECURE_SSL_REDIRECT = True

        assert post_one_click(client, unsubscribe_path(recipient)).status_code == 200

    def test_reaches_nobody_else(self, client, recipient):
        other = RecipientFactory(campaign=recipient.campaign, contact__email="other@example.com")

        post_one_click(client, unsubscribe_path(recipient))

        assert not is_stopped(other)


class TestTokens:
    @pytest.mark.parametrize("method", ["get", "head", "post", "options"])
    @pytest.mark.parametrize("path", ["/u/", "/p/"])
    def test_that_are_forged_get_a_plain_404(self, client, recipient, method, path):
        tokens = token_signer().for_message(recipient.pk)
        good = {"/u/": tokens.unsubscribe, "/p/": tokens.preferences}[path]
        wrong = {"/u/": tokens.preferences, "/p/": tokens.unsubscribe}[path]
        last = "A" if good[-1] != "A" else "B"

        for token in (good[:-1] + last, wrong, tokens.opened, "x", "0.", "0zzz." + "A" * 16):
            answer = getattr(client, method)(f"{path}{token}")
            assert answer.status_code == 404, token
            assert not answer.has_header("Location")
        assert not Suppression.objects.exists()

    def test_of_a_message_that_is_gone_get_a_404(self, client, recipient):
        path = unsubscribe_path(recipient)
        recipient.delete()

        assert post_one_click(client, path).status_code == 404

    def test_page_says_what_to_do(self, client):
        answer = client.get("/u/nothing")

        assert "This link does not work" in answer.content.decode()


class TestUnsubscribePage:
    @pytest.mark.parametrize("method", ["get", "head", "options"])
    @pytest.mark.parametrize("ending", ["", "/"])
    def test_changes_nothing_by_being_looked_at(self, client, recipient, method, ending):
        before = state(recipient)

        answer = getattr(client, method)(unsubscribe_path(recipient) + ending)

        assert answer.status_code == (204 if method == "options" else 200)
        assert state(recipient) == before
        assert not answer.cookies

    def test_offers_the_list_and_everything(self, client, recipient):
        page = client.get(unsubscribe_path(recipient)).content.decode()

        assert recipient.organization.name in page
        assert recipient.email in page
        assert "“Weekly &lt;news&gt;” only" in page
        assert page.count("<button") == 2
        assert f'action="{unsubscribe_path(recipient)}"' in page
        assert preferences_path(recipient) in page

    def test_is_kept_by_nobody_and_passes_its_address_to_nobody(self, client, recipient):
        answer = client.get(unsubscribe_path(recipient))

        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "http" not in answer.content.decode().replace("https://schema", "")

    def test_refuses_other_methods(self, client, recipient):
        assert client.delete(unsubscribe_path(recipient)).status_code == 405

    def test_stops_everything_on_the_button(self, client, recipient):
        answer = client.post(unsubscribe_path(recipient), {"choice": "all"})

        assert answer.status_code == 200
        assert "You are unsubscribed" in answer.content.decode()
        assert Suppression.objects.get().scope == Scope.MARKETING

    def test_stops_the_list_on_the_other_button(self, client, recipient):
        answer = client.post(unsubscribe_path(recipient), {"choice": "list"})

        assert "You have left “Weekly" in answer.content.decode()
        entry = Suppression.objects.get()
        assert (entry.scope, entry.list_id) == (Scope.LIST, recipient.list_id)
        assert Subscription.objects.get().status == SubscriptionStatus.UNSUBSCRIBED
        assert DeliveryEvent.objects.get().event_type == EventType.UNSUBSCRIBED

    def test_stops_everything_where_the_list_is_gone(self, client, recipient):
        recipient.list.delete()

        client.post(unsubscribe_path(recipient), {"choice": "list"})

        assert Suppression.objects.get().scope == Scope.MARKETING

    @pytest.mark.parametrize("wish", ["all", "list"])
    def test_takes_it_back(self, client, recipient, wish):
        client.post(unsubscribe_path(recipient), {"choice": wish})

        answer = client.post(unsubscribe_path(recipient), {"choice": "undo"})

        assert "Welcome back" in answer.content.decode()
        assert not is_stopped(recipient)
        assert Subscription.objects.get().status == SubscriptionStatus.SUBSCRIBED

    def test_takes_back_nothing_but_unsubscribing(self, client, recipient):
        SuppressionFactory(
            organization=recipient.organization, email=recipient.email, reason=Reason.COMPLAINT
        )
        client.post(unsubscribe_path(recipient), {"choice": "all"})

        answer = client.post(unsubscribe_path(recipient), {"choice": "undo"})

        assert "stopped for another reason" in answer.content.decode()
        assert Suppression.objects.get().reason == Reason.COMPLAINT

    def test_unsubscribes_anew_after_taking_it_back(self, client, recipient):
        for choice in ("all", "undo"):
            client.post(unsubscribe_path(recipient), {"choice": choice})

        post_one_click(client, unsubscribe_path(recipient))

        assert is_stopped(recipient)
        assert DeliveryEvent.objects.count() == 1

    def test_says_so_to_who_is_unsubscribed_already(self, client, recipient):
        post_one_click(client, unsubscribe_path(recipient))

        page = client.get(unsubscribe_path(recipient)).content.decode()

        assert "You are unsubscribed" in page
        assert "<form" not in page


class TestPreferencesPage:
    @pytest.fixture
    def lists(self, recipient):
        """Return the list of the message, a public one, a private one, and that of others."""
        organization = recipient.organization
        ContactListFactory(name="Of others")
        return (
            recipient.list,
            ContactListFactory(organization=organization, name="Offers", description="Monthly."),
            ContactListFactory(organization=organization, name="Staff only", public=False),
        )

    def joined(self, recipient):
        """Return the lists that a contact is subscribed to."""
        standing = Subscription.objects.filter(
            contact=recipient.contact, status=SubscriptionStatus.SUBSCRIBED
        )
        return set(standing.values_list("list_id", flat=True))

    def save(self, client, recipient, *lists):
        chosen = {"choice": "save", "list": [list_.pk for list_ in lists]}
        return client.post(preferences_path(recipient), chosen)

    @pytest.mark.parametrize("method", ["get", "head", "options"])
    def test_changes_nothing_by_being_looked_at(self, client, recipient, method):
        before = state(recipient)

        getattr(client, method)(preferences_path(recipient))

        assert state(recipient) == before

    def test_shows_public_lists_and_ticks_the_joined(self, client, recipient, lists):
        page = client.get(preferences_path(recipient)).content.decode()

        assert f'value="{lists[0].pk}" checked' in page
        assert f'value="{lists[1].pk}">' in page
        assert "Monthly." in page
        assert "Staff only" not in page
        assert "Of others" not in page

    def test_shows_a_private_list_to_who_is_on_it(self, client, recipient, lists):
        SubscriptionFactory(contact=recipient.contact, list=lists[2])

        assert "Staff only" in client.get(preferences_path(recipient)).content.decode()

    def test_joins_and_leaves(self, client, recipient, lists):
        weekly, offers, _ = lists

        answer = self.save(client, recipient, offers)

        assert "Saved" in answer.content.decode()
        assert not answer.cookies
        assert self.joined(recipient) == {offers.pk}
        entry = Suppression.objects.get()
        assert (entry.scope, entry.list, entry.reason) == ("list", weekly, "unsubscribe")
        evidence = Subscription.objects.get(list=offers).evidence
        assert evidence["recipient"] == recipient.pk

    def test_changes_nothing_when_saved_as_it_is(self, client, recipient, lists):
        before = state(recipient)

        self.save(client, recipient, lists[0])

        assert state(recipient) == before

    def test_joins_again_what_was_left(self, client, recipient, lists):
        self.save(client, recipient)
        assert is_stopped(recipient)

        self.save(client, recipient, lists[0])

        assert not is_stopped(recipient)
        assert self.joined(recipient) == {lists[0].pk}

    def test_does_not_lift_unsubscribing_without_a_wish_for_mail(self, client, recipient, lists):
        client.post(unsubscribe_path(recipient), {"choice": "all"})

        self.save(client, recipient)

        assert Suppression.objects.get().scope == Scope.MARKETING

    def test_lifts_unsubscribing_for_the_chosen_lists_only(self, client, recipient, lists):
        client.post(unsubscribe_path(recipient), {"choice": "all"})

        self.save(client, recipient, lists[1])

        assert self.joined(recipient) == {lists[1].pk}
        assert is_stopped(recipient), "the list of the message was not chosen"
        assert not Suppression.objects.filter(scope=Scope.MARKETING).exists()

    def test_ticks_nothing_for_who_is_unsubscribed(self, client, recipient, lists):
        client.post(unsubscribe_path(recipient), {"choice": "all"})

        page = client.get(preferences_path(recipient)).content.decode()

        assert "checked" not in page
        assert "You are unsubscribed from all" in page

    def test_leaves_lists_alone_that_were_not_shown(self, client, recipient, lists):
        foreign = ContactListFactory()

        client.post(
            preferences_path(recipient),
            {"choice": "save", "list": [lists[0].pk, lists[2].pk, foreign.pk, "x", "²", "9" * 40]},
        )

        assert self.joined(recipient) == {lists[0].pk}

    def test_stops_everything_on_the_button(self, client, recipient, lists):
        client.post(preferences_path(recipient), {"choice": "all", "list": [lists[0].pk]})

        assert Suppression.objects.get().scope == Scope.MARKETING

    def test_shows_itself_for_a_body_it_cannot_read(self, client, recipient, lists):
        before = state(recipient)

        answer = client.post(preferences_path(recipient), b"x", content_type="text/plain")

        assert answer.status_code == 200
        assert state(recipient) == before

    def test_makes_a_contact_anew_for_who_wants_mail_again(self, client, recipient, lists):
        recipient.contact.delete()

        self.save(client, recipient, lists[1])

        contact = Contact.objects.get(email=recipient.email)
        assert contact.organization == recipient.organization
        assert contact.subscriptions.get().list == lists[1]

    def test_keeps_other_people_out_of_it(self, client, recipient, lists):
        other = SubscriptionFactory(
            contact=ContactFactory(organization=recipient.organization), list=lists[0]
        )

        self.save(client, recipient)

        other.refresh_from_db()
        assert other.status == SubscriptionStatus.SUBSCRIBED

    def test_names_what_else_stops_mail(self, client, recipient):
        SuppressionFactory(
            organization=recipient.organization, email=recipient.email, reason=Reason.COMPLAINT
        )

        page = client.get(preferences_path(recipient)).content.decode()

        assert "stopped for another reason" in page
