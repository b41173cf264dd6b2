import pytest

from campaigns.models import Template
from tests.calling import caller, fields_of
from tests.factories.campaigns import (
    CampaignFactory,
    IdentityFactory,
    OrganizationFactory,
    SendingDomainFactory,
    TemplateFactory,
)

MJML = (
    "<mjml><mj-body><mj-section><mj-column>"
    "<mj-text>Hi {{ contact.first_name }}</mj-text>"
    "</mj-column></mj-section></mj-body></mjml>"
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    return caller(organization)


class TestTemplates:
    def test_shows_what_mjml_was_turned_into(self, api):

        answer = api.post(
            "/api/templates",
            {"name": "Welcome", "format": "mjml", "subject": "Hi", "source": MJML},
        )

        assert answer.status_code == 201
        assert "<html" in answer.json()["html"]
        assert "{{ contact.first_name }}" in answer.json()["html"]

    def test_says_where_the_liquid_is_wrong(self, api):
        answer = api.post(
            "/api/templates",
            {"name": "Welcome", "subject": "Hi", "source": "<p>\n{{ contact.first_name | }}</p>"},
        )

        assert answer.status_code == 400
        assert fields_of(answer) == ["source"]
        assert not Template.objects.exists()

    def test_refuses_a_subject_of_two_lines(self, api):
        answer = api.post(
            "/api/templates", {"name": "W", "subject": "Hi\nBcc: a@example.com", "source": "<p>"}
        )

        assert fields_of(answer) == ["subject"]

    def test_keeps_the_content_as_it_was_given(self, api, organization):
        template = TemplateFactory(organization=organization)
        source = "  <p>Hello</p>\r\n"

        api.patch(f"/api/templates/{template.pk}", {"source": source, "inline_css": False})

        template.refresh_from_db()
        assert template.source == source


class TestIdentities:
    def test_must_be_on_their_domain(self, api, organization):
        domain = SendingDomainFactory(organization=organization, name="news.example.com")
        given = {"domain": domain.pk, "from_name": "News"}

        right = api.post("/api/identities", given | {"from_address": "hi@news.example.com"})
        wrong = api.post("/api/identities", given | {"from_address": "hi@example.com"})

        assert right.status_code == 201
        assert wrong.status_code == 400
        assert fields_of(wrong) == ["from_address"]

    def test_do_not_know_domains_of_others(self, api):
        foreign = SendingDomainFactory(name="news.example.com")

        answer = api.post(
            "/api/identities",
            {"domain": foreign.pk, "from_name": "N", "from_address": "hi@news.example.com"},
        )

        assert answer.status_code == 400
        assert fields_of(answer) == ["domain"]

    def test_stay_while_a_campaign_uses_them(self, api, organization):
        campaign = CampaignFactory(organization=organization)

        answer = api.delete(f"/api/identities/{campaign.identity.pk}")

        assert answer.status_code == 409
        assert answer.json()["code"] == "still_used"
        assert "campaigns" in answer.json()["detail"]


class TestDomains:
    def test_are_stored_in_ascii(self, api):
        answer = api.post("/api/domains", {"name": "News.Bücher.example"})

        assert answer.status_code == 201
        assert answer.json()["name"] == "news.xn--bcher-kva.example"

    def test_must_be_domains(self, api):
        answer = api.post("/api/domains", {"name": "not a domain"})

        assert answer.status_code == 400
        assert fields_of(answer) == ["name"]

    def test_stay_while_an_identity_uses_them(self, api, organization):
        identity = IdentityFactory(organization=organization)

        assert api.delete(f"/api/domains/{identity.domain.pk}").status_code == 409
