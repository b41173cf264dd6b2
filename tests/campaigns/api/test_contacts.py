import base64

import pytest

from campaigns.models import Contact
from tests.calling import caller, fields_of
from tests.factories.campaigns import ContactFactory, OrganizationFactory, SubscriptionFactory

FORGED = ["p=abc", "p=%00", "o=-1", "p=99999999999999999999", "p=1&r=x"]


def _cursor(text):
    return base64.b64encode(text.encode()).decode()


pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    return caller(organization)


class TestCreate:
    def test_stores_the_contact_under_its_normalized_address(self, api, organization):
        answer = api.post(
            "/api/contacts",
            {"email": "Ada@BÜCHER.example", "first_name": "Ada", "attributes": {"city": "Bern"}},
        )

        assert answer.status_code == 201
        body = answer.json()
        assert body["email"] == "Ada@xn--bcher-kva.example"
        assert body["attributes"] == {"city": "Bern"}
        contact = Contact.objects.get(pk=body["id"])
        assert contact.organization == organization
        assert contact.email_key == "ada@xn--bcher-kva.example"

    def test_refuses_an_address_that_is_taken_in_another_spelling(self, api, organization):
        ContactFactory(organization=organization, email="ada@example.com")

        answer = api.post("/api/contacts", {"email": "ADA@example.com"})

        assert answer.status_code == 400
        assert fields_of(answer) == ["email"]

    def test_takes_an_address_that_another_organization_has(self, api):
        ContactFactory(email="ada@example.com")

        assert api.post("/api/contacts", {"email": "ada@example.com"}).status_code == 201

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "no address"),
            ("email", ""),
            ("first_name", "Ada\r\nBcc: all@example.com"),
            ("first_name", "x" * 201),
            ("timezone", "Mars/Olympus"),
            ("attributes", ["not", "an", "object"]),
            ("attributes", {"name": "\x00"}),
        ],
    )
    def test_names_the_field_that_is_not_right(self, api, field, value):
        answer = api.post("/api/contacts", {"email": "ada@example.com", field: value})

        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert fields_of(answer) == [field]

    def test_ignores_an_organization_in_the_body(self, api, organization):
        other = OrganizationFactory()

        answer = api.post("/api/contacts", {"email": "a@example.com", "organization": other.pk})

        assert Contact.objects.get(pk=answer.json()["id"]).organization == organization


class TestUpdate:
    def test_changes_only_what_a_patch_names(self, api, organization):
        contact = ContactFactory(organization=organization, email="ada@example.com")

        answer = api.patch(f"/api/contacts/{contact.pk}", {"last_name": "Lovelace"})

        assert answer.status_code == 200
        assert answer.json()["first_name"] == "Ada"
        assert answer.json()["last_name"] == "Lovelace"
        assert answer.json()["email"] == "ada@example.com"

    def test_asks_a_put_for_the_address(self, api, organization):
        contact = ContactFactory(organization=organization)

        answer = api.put(f"/api/contacts/{contact.pk}", {"last_name": "Lovelace"})

        assert answer.status_code == 400
        assert fields_of(answer) == ["email"]


class TestDestroy:
    def test_deletes_the_contact(self, api, organization):
        contact = ContactFactory(organization=organization)

        answer = api.delete(f"/api/contacts/{contact.pk}")

        assert answer.status_code == 204
        assert not Contact.objects.filter(pk=contact.pk).exists()


class TestList:
    def test_is_cut_into_pages_that_hold_everybody_once(self, api, organization):
        everybody = {ContactFactory(organization=organization).pk for _ in range(7)}
        found, url = [], "/api/contacts?page_size=3"

        while url:
            page = api.get(url).json()
            found += [contact["id"] for contact in page["results"]]
            url = page["next"]

        assert len(found) == 7
        assert set(found) == everybody

    def test_goes_back_to_the_page_before(self, api, organization):
        for _ in range(4):
            ContactFactory(organization=organization)
        first = api.get("/api/contacts?page_size=2").json()

        second = api.get(first["next"]).json()

        assert api.get(second["previous"]).json()["results"] == first["results"]
        assert second["next"] is None

    @pytest.mark.parametrize(
        "cursor",
        ["nonsense", "ü", *map(_cursor, FORGED)],
    )
    def test_refuses_a_cursor_of_somebody_elses_making(self, api, cursor):
        answer = api.get("/api/contacts", {"cursor": cursor})

        assert answer.status_code == 400
        assert fields_of(answer) == ["cursor"]

    def test_finds_an_address_in_whatever_spelling(self, api, organization):
        contact = ContactFactory(organization=organization, email="ada@example.com")
        ContactFactory(organization=organization)

        results = api.get("/api/contacts?email=%20ADA@Example.com").json()["results"]

        assert [result["id"] for result in results] == [contact.pk]

    @pytest.mark.parametrize("words", ["love", "LOVEL", "ada", "augusta@"])
    def test_finds_by_the_beginning_of_address_or_name(self, api, organization, words):
        wanted = ContactFactory(
            organization=organization, email="augusta@example.com", last_name="Lovelace"
        )
        ContactFactory(organization=organization, email="b@example.com", first_name="Bob")

        results = api.get("/api/contacts", {"q": words}).json()["results"]

        assert [result["id"] for result in results] == [wanted.pk]

    def test_finds_the_subscribers_of_a_list(self, api, organization):
        here = SubscriptionFactory(contact__organization=organization)
        SubscriptionFactory(contact__organization=organization)
        SubscriptionFactory(
            contact__organization=organization, list=here.list, status="unsubscribed"
        )

        results = api.get("/api/contacts", {"list": here.list.pk}).json()["results"]

        assert [result["id"] for result in results] == [here.contact.pk]

    @pytest.mark.parametrize("asked", [{"provider": "gmail"}, {"gateway": "mimecast"}])
    def test_finds_by_provider_and_gateway(self, api, organization, asked):
        wanted = ContactFactory(organization=organization, provider="gmail", gateway="mimecast")
        ContactFactory(organization=organization, provider="yahoo")

        [result] = api.get("/api/contacts", asked).json()["results"]

        assert (result["id"], result["provider"], result["gateway"]) == (
            wanted.pk,
            "gmail",
            "mimecast",
        )

    def test_lets_nobody_say_who_the_provider_is(self, organization):
        given = {"email": "ada@example.com", "provider": "gmail", "gateway": "mimecast"}

        body = caller(organization, "editor").post("/api/contacts", given).json()

        assert (body["provider"], body["gateway"]) == ("unknown", "")

    @pytest.mark.parametrize("value", ["x", "1e400", "-1", "9" * 30, "\x00"])
    def test_refuses_a_list_that_is_no_id(self, api, value):
        answer = api.get("/api/contacts", {"list": value})

        assert answer.status_code == 400
        assert fields_of(answer) == ["list"]

    def test_asks_the_database_the_same_number_of_times_however_many_there_are(
        self, api, organization, django_assert_max_num_queries
    ):
        for _ in range(20):
            SubscriptionFactory(contact__organization=organization)

        with django_assert_max_num_queries(8):
            assert len(api.get("/api/contacts").json()["results"]) == 20
