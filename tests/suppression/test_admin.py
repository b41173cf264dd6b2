import pytest
from django.urls import reverse

from campaigns.models import AuditEntry
from campaigns.roles import Role
from suppression.models import Suppression
from tests.admin_world import looking
from tests.factories.campaigns import ContactListFactory, OrganizationFactory
from tests.factories.suppression import SuppressionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization, Role.OPERATOR)


def add(client, **given):
    fields = {"email": "ada@example.com", "scope": "all", **given}
    return client.post(reverse("admin:suppression_suppression_add"), fields)


class TestAdding:
    def test_keeps_mail_from_the_normalized_address(self, client, organization):
        answer = add(client, email="Ada@Example.COM", note="By phone")

        entry = Suppression.objects.get()
        assert answer.status_code == 302
        assert (entry.organization, entry.email) == (organization, "ada@example.com")
        assert (entry.reason, entry.origin, entry.note) == ("manual", "staff", "By phone")

    def test_says_at_the_address_that_it_is_none(self, client):
        answer = add(client, email="nobody")

        assert answer.status_code == 200
        assert not Suppression.objects.exists()

    def test_says_when_the_address_is_there_already(self, client):
        add(client)

        answer = add(client)

        assert "already" in str(answer.context["adminform"].form.errors["email"])

    def test_can_be_for_one_list(self, client, organization):
        list_ = ContactListFactory(organization=organization)

        add(client, scope="list", list=list_.pk)

        assert Suppression.objects.get().list == list_

    def test_says_when_the_list_is_missing(self, client):
        answer = add(client, scope="list")

        assert "list" in answer.context["adminform"].form.errors

    def test_is_closed_to_an_editor(self, organization):
        assert add(looking(organization, Role.EDITOR)).status_code == 403


class TestReleasing:
    def test_is_written_down(self, client, organization):
        entry = SuppressionFactory(organization=organization)

        client.post(
            reverse("admin:suppression_suppression_delete", args=[entry.pk]), {"post": "yes"}
        )

        noted = AuditEntry.objects.get(action="suppression.released")
        assert not Suppression.objects.exists()
        assert noted.actor == organization.memberships.get().user.username

    def test_of_several_at_once_is_written_down_for_each(self, client, organization):
        entries = SuppressionFactory.create_batch(3, organization=organization)

        client.post(
            reverse("admin:suppression_suppression_changelist"),
            {
                "action": "delete_selected",
                "_selected_action": [entry.pk for entry in entries],
                "post": "yes",
            },
        )

        assert AuditEntry.objects.filter(action="suppression.released").count() == 3

    def test_never_touches_an_entry_of_another_organization(self, client):
        foreign = SuppressionFactory()

        client.post(
            reverse("admin:suppression_suppression_changelist"),
            {"action": "delete_selected", "_selected_action": [foreign.pk], "post": "yes"},
        )

        assert Suppression.objects.filter(pk=foreign.pk).exists()


class TestEntries:
    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("hard_bounce", "Address does not exist"),
            ("complaint", "Marked as spam"),
            ("soft_bounce_limit", "Refused too often"),
        ],
    )
    def test_say_the_reason_in_words(self, client, organization, reason, words):
        SuppressionFactory(organization=organization, reason=reason)

        text = client.get(reverse("admin:suppression_suppression_changelist")).content.decode()

        assert words in text

    def test_cannot_be_changed(self, client, organization):
        entry = SuppressionFactory(organization=organization)

        answer = client.post(
            reverse("admin:suppression_suppression_change", args=[entry.pk]), {"email": "x@y.zz"}
        )

        assert answer.status_code == 403
