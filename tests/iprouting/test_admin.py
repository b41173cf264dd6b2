import pytest
from django.urls import reverse

from campaigns.roles import Role
from iprouting.models import Transport
from tests.admin_world import looking
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import PoolFactory, SendingIPFactory, TransportFactory

pytestmark = pytest.mark.django_db
FIELDS = {
    "name": "Relay",
    "kind": "smtp",
    "host": "mta.example.com",
    "port": "587",
    "security": "starttls",
    "username": "mailer",
    "connections": "4",
    "messages_per_connection": "100",
    "rate_per_second": "0",
}


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization)


def change_url(transport):
    return reverse("admin:iprouting_transport_change", args=[transport.pk])


class TestTransportSecrets:
    def test_are_stored(self, client, organization):
        client.post(
            reverse("admin:iprouting_transport_add"), {**FIELDS, "new_password": "open sesame"}
        )

        assert organization.transports.get().password == "open sesame"

    def test_are_never_shown_again(self, client, organization):
        transport = TransportFactory(
            organization=organization, password="open sesame", backend_settings='{"key": "hidden"}'
        )

        page = client.get(change_url(transport)).content.decode()

        assert "open sesame" not in page
        assert "hidden&quot;" not in page
        assert "Unchanged: type to replace it" in page

    def test_stay_when_their_field_is_left_empty(self, client, organization):
        transport = TransportFactory(organization=organization, password="open sesame")

        client.post(change_url(transport), {**FIELDS, "host": "other.example.com"})

        transport.refresh_from_db()
        assert (transport.host, transport.password) == ("other.example.com", "open sesame")

    def test_are_replaced_by_what_is_typed(self, client, organization):
        transport = TransportFactory(organization=organization, password="open sesame")

        client.post(change_url(transport), {**FIELDS, "new_password": "new one"})

        transport.refresh_from_db()
        assert transport.password == "new one"

    def test_can_be_entered_again_when_the_secret_key_has_changed(self, organization, settings):
        transport = TransportFactory(organization=organization, password="open sesame")
        settings.SECRET_KEY = "another-key-of-fifty-characters-or-more-for-this-test"
        client = looking(organization)

        listed = client.get(reverse("admin:iprouting_transport_changelist"))
        shown = client.get(change_url(transport))
        client.post(change_url(transport), {**FIELDS, "new_password": "new"})

        transport.refresh_from_db()
        assert (listed.status_code, shown.status_code) == (200, 200)
        assert transport.password == "new"


class TestTransports:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [({"host": ""}, "host"), ({"kind": "anymail"}, "backend")],
    )
    def test_need_a_way_to_be_reached(self, client, changes, field):
        answer = client.post(reverse("admin:iprouting_transport_add"), {**FIELDS, **changes})

        assert list(answer.context["adminform"].form.errors) == [field]
        assert not Transport.objects.exists()

    def test_are_not_changed_by_an_editor(self, organization):
        transport = TransportFactory(organization=organization)

        answer = looking(organization, Role.EDITOR).post(change_url(transport), FIELDS)

        assert answer.status_code == 403


class TestPools:
    def test_say_how_many_of_their_ips_are_in_use(self, client, organization):
        pool = PoolFactory(organization=organization)
        SendingIPFactory(organization=organization, pool=pool)
        SendingIPFactory(organization=organization, pool=pool, active=False)

        text = client.get(reverse("admin:iprouting_pool_changelist")).content.decode()

        assert "1 of 2" in text
