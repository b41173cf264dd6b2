import pytest
from django.utils import timezone

from insights.periods import HOUR, next_hour
from iprouting.models import SendingIP, Transport
from tests.calling import caller, fields_of
from tests.factories.campaigns import OrganizationFactory
from tests.factories.iprouting import (
    IPReputationFactory,
    PoolFactory,
    SendingIPFactory,
    TransportFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    return caller(organization, "operator")


class TestTransports:
    def test_never_give_their_secrets_away(self, api):
        answer = api.post(
            "/api/transports",
            {
                "name": "Relay",
                "host": "mta.example.com",
                "password": "pa55word",
                "backend_settings": {"api_key": "k3y"},
            },
        )

        assert answer.status_code == 201
        assert answer.json()["has_password"] is True
        assert answer.json()["has_backend_settings"] is True
        for shown in (
            answer,
            api.get("/api/transports"),
            api.get(f"/api/transports/{answer.json()['id']}"),
        ):
            assert b"pa55word" not in shown.content
            assert b"k3y" not in shown.content
        transport = Transport.objects.get(pk=answer.json()["id"])
        assert transport.password == "pa55word"
        assert transport.backend_settings == '{"api_key": "k3y"}'

    def test_keep_a_secret_that_a_change_does_not_name(self, api, organization):
        transport = TransportFactory(organization=organization, password="pa55word")

        api.patch(f"/api/transports/{transport.pk}", {"host": "127.0.0.2"})

        transport.refresh_from_db()
        assert (transport.host, transport.password) == ("127.0.0.2", "pa55word")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("backend", "os.system"),
            ("backend", "anymail.backends.postmark.EmailBackend\nx"),
            ("port", 0),
            ("port", 65536),
            ("connections", 0),
            ("host", "mta\r\nexample.com"),
            ("kind", "pigeon"),
        ],
    )
    def test_name_the_field_that_is_not_right(self, api, field, value):
        answer = api.post("/api/transports", {"name": "Relay", field: value})

        assert answer.status_code == 400
        assert fields_of(answer) == [field]

    def test_stay_while_an_ip_uses_them(self, api, organization):
        ip = SendingIPFactory(organization=organization)

        answer = api.delete(f"/api/transports/{ip.transport.pk}")

        assert answer.status_code == 409
        assert answer.json()["code"] == "still_used"


class TestIps:
    def test_are_made_with_pool_and_transport(self, api, organization):
        pool = PoolFactory(organization=organization)
        transport = TransportFactory(organization=organization)

        answer = api.post(
            "/api/ips",
            {"address": "203.0.113.7", "pool": pool.pk, "transport": transport.pk},
        )

        assert answer.status_code == 201
        assert SendingIP.objects.get().organization == organization

    @pytest.mark.parametrize(
        ("field", "factory"), [("pool", PoolFactory), ("transport", TransportFactory)]
    )
    def test_do_not_know_objects_of_others(self, api, organization, field, factory):
        given = {
            "address": "203.0.113.7",
            "pool": PoolFactory(organization=organization).pk,
            "transport": TransportFactory(organization=organization).pk,
        }

        answer = api.post("/api/ips", given | {field: factory().pk})

        assert answer.status_code == 400
        assert fields_of(answer) == [field]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("address", "300.1.1.1"),
            ("header_name", "X-IP: a\r\nBcc"),
            ("header_value", "a\nb"),
            ("bind_address", "here"),
        ],
    )
    def test_name_the_field_that_is_not_right(self, api, organization, field, value):
        ip = SendingIPFactory(organization=organization)

        answer = api.patch(f"/api/ips/{ip.pk}", {field: value})

        assert answer.status_code == 400
        assert fields_of(answer) == [field]

    def test_do_not_tell_which_ids_others_have(self, api, organization):
        SendingIPFactory(organization=organization)
        foreign = PoolFactory().pk

        there = api.get("/api/ips", {"pool": foreign})
        nowhere = api.get("/api/ips", {"pool": foreign + 1})

        assert there.status_code == nowhere.status_code == 200
        assert there.json() == nowhere.json()


class TestPools:
    def test_have_names_of_their_own(self, api, organization):
        PoolFactory(organization=organization, name="Main")

        answer = api.post("/api/pools", {"name": "Main"})

        assert answer.status_code == 400
        assert fields_of(answer) == ["name"]
        assert answer.json()["detail"] == "Pool with this name already exists."


class TestRoles:
    @pytest.mark.parametrize("noun", ["pools", "transports", "ips"])
    def test_let_an_editor_look_only(self, organization, noun):
        editor = caller(organization, "editor")

        assert editor.get(f"/api/{noun}").status_code == 200
        assert editor.post(f"/api/{noun}", {"name": "x"}).status_code == 403


class TestReputation:
    def test_shows_the_last_24_hours_by_provider(self, api, organization):
        ip = SendingIPFactory(organization=organization)
        now = next_hour(timezone.now()) - HOUR
        about = {"organization": organization, "ip": ip.address, "window_start": now}
        IPReputationFactory(**about, sent=100, delivered=90, bounced=10)
        IPReputationFactory(**about, provider="yahoo", sent=100, delivered=100, complained=1)
        IPReputationFactory(**about | {"window_start": now - 24 * HOUR}, sent=5)

        shown = api.get(f"/api/ips/{ip.pk}/reputation").json()

        gmail, yahoo = shown["providers"]
        assert gmail == {
            "provider": "gmail", "sent": 100, "delivered": 90, "bounced": 10, "complained": 0,
            "delivery_rate": 0.9, "bounce_rate": 0.1, "complaint_rate": 0.0,
            "score": pytest.approx(-0.1),
        }  # fmt: skip
        assert yahoo["score"] == pytest.approx(0.0)
        assert shown["totals"]["sent"] == 200
        assert (shown["ip"], len(shown["providers"])) == (ip.address, 2)

    def test_is_null_without_data(self, api, organization):
        ip = SendingIPFactory(organization=organization)

        shown = api.get(f"/api/ips/{ip.pk}/reputation").json()

        assert shown["providers"] == []
        assert shown["totals"]["score"] is None
        assert shown["totals"]["delivery_rate"] is None

    def test_shows_nothing_of_another_organization_with_the_same_ip(self, api, organization):
        ip = SendingIPFactory(organization=organization)
        IPReputationFactory(ip=ip.address, window_start=next_hour(timezone.now()) - HOUR)

        assert api.get(f"/api/ips/{ip.pk}/reputation").json()["providers"] == []


class TestProviderOptions:
    """What a commercial provider is told with each message of an IP."""

    def given(self, organization, **more):
        return {
            "address": "203.0.113.5",
            "pool": PoolFactory(organization=organization).pk,
            "transport": TransportFactory(organization=organization).pk,
            **more,
        }

    def test_are_kept_and_shown(self, api, organization):
        options = {"options": {"ip_pool": "marketing"}}

        answer = api.post("/api/ips", self.given(organization, provider_options=options))

        assert (answer.status_code, answer.json()["provider_options"]) == (201, options)

    @pytest.mark.parametrize("options", [[1], "pool", 7])
    def test_are_an_object(self, api, organization, options):
        answer = api.post("/api/ips", self.given(organization, provider_options=options))

        assert (answer.status_code, fields_of(answer)) == (400, ["provider_options"])
