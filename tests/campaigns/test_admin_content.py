import pytest
from django.urls import reverse

from campaigns.models import (
    Template,
)
from tests.admin_world import looking, running_installation
from tests.factories.campaigns import (
    OrganizationFactory,
    SendingDomainFactory,
    TemplateFactory,
)

pytestmark = pytest.mark.django_db
NO_ROWS = {
    "subscriptions-TOTAL_FORMS": "0",
    "subscriptions-INITIAL_FORMS": "0",
}


def url(noun, page, *args):
    return reverse(f"admin:campaigns_{noun}_{page}", args=args)


def errors_of(answer):
    return answer.context["adminform"].form.errors


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return looking(organization)


class TestTemplates:
    FIELDS = {"name": "Letter", "format": "html", "subject": "Hello"}

    def test_are_stored_ready_to_be_sent(self, client):
        source = "<style>p{color:red}</style><p>Hi</p>"

        client.post(url("template", "add"), {**self.FIELDS, "source": source, "inline_css": "on"})

        assert 'style="color: red' in Template.objects.get().html

    def test_name_the_line_of_a_mistake(self, client):
        answer = client.post(
            url("template", "add"), {**self.FIELDS, "source": "<p>\n\n{% if x %}</p>"}
        )

        assert answer.status_code == 200
        assert "source" in errors_of(answer)
        assert not Template.objects.exists()

    def test_show_what_is_typed_as_somebody_would_get_it(self, client):
        answer = client.post(
            url("template", "preview"),
            {**self.FIELDS, "subject": "Dear {{ contact.first_name }}", "source": "<p>Hi</p>"},
        )

        shown = answer.context["preview"]
        assert shown.subject == "Dear Alex"
        assert "<p>Hi</p>" in shown.html
        assert 'sandbox=""' in answer.content.decode()

    def test_show_what_mjml_becomes(self, client):
        text = "<mj-column><mj-text>Hi</mj-text></mj-column>"
        source = f"<mjml><mj-body><mj-section>{text}</mj-section></mj-body></mjml>"

        answer = client.post(
            url("template", "preview"), {**self.FIELDS, "format": "mjml", "source": source}
        )

        assert "<table" in answer.context["preview"].html

    def test_show_the_line_of_a_mistake_while_it_is_typed(self, client):
        answer = client.post(
            url("template", "preview"), {**self.FIELDS, "source": "<p>\n{{ contact.name | shout }}"}
        )

        assert answer.context["line"] == 2
        assert "Line 2" in answer.content.decode()

    def test_show_no_preview_to_a_stranger(self):
        answer = running_installation()
        answer.logout()

        assert answer.post(url("template", "preview"), self.FIELDS).status_code == 302


class TestTemplateList:
    def test_finds_by_subject(self, client, organization):
        found = TemplateFactory(organization=organization, subject="Autumn")
        TemplateFactory(organization=organization, subject="Spring")

        answer = client.get(url("template", "changelist"), {"q": "autumn"})

        assert list(answer.context["cl"].result_list) == [found]


class TestDomains:
    def test_say_at_the_field_what_is_no_domain(self, client):
        answer = client.post(
            url("sendingdomain", "add"),
            {"name": "not a domain", "identities-TOTAL_FORMS": 0, "identities-INITIAL_FORMS": 0},
        )

        assert "name" in errors_of(answer)


class TestIdentities:
    def test_need_an_address_on_their_domain(self, client, organization):
        domain = SendingDomainFactory(organization=organization, name="news.example.com")

        answer = client.post(
            url("identity", "add"),
            {
                "from_name": "News",
                "from_address": "news@other.example",
                "domain": domain.pk,
                "stream": "marketing",
            },
        )

        assert "news.example.com" in str(errors_of(answer)["from_address"])
