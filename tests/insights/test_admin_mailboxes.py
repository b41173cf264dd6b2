"""The pages of mail domains and of the table of mailbox providers."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.roles import Role
from insights.models import MailDomain, ProviderRule
from tests.admin_world import looking, running_installation
from tests.factories.campaigns import ContactFactory, OrganizationFactory
from tests.factories.insights import MailDomainFactory, ProviderRuleFactory
from tests.insights.nameserver import Zone, serving

pytestmark = pytest.mark.django_db

DOMAINS = reverse("admin:insights_maildomain_changelist")
ASK = f"{DOMAINS}which/"
RULES = reverse("admin:insights_providerrule_changelist")


@pytest.fixture
def organization():
    return OrganizationFactory()


def domain_of(organization, **given):
    """Return a mail domain with a contact of the organization at it."""
    row = MailDomainFactory(**given)
    ContactFactory(organization=organization, email=f"ada@{row.domain}")
    return row


def text(answer):
    return answer.content.decode()


class TestMailDomains:
    def test_say_who_filters_the_mail(self, organization):
        domain_of(organization, domain="a.example", provider="microsoft365", gateway="mimecast")

        page = text(looking(organization).get(DOMAINS))

        assert "a.example" in page
        assert "Microsoft 365" in page
        assert "Mimecast" in page

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"status": "null_mx"}, "Takes no mail"),
            ({"status": "missing"}, "Does not exist"),
            ({"status": "waiting", "failures": 2}, "No answer yet"),
            ({"status": "waiting"}, "To be looked up"),
        ],
    )
    def test_say_what_is_the_matter(self, organization, given, words):
        domain_of(organization, **given)

        answer = looking(organization).get(DOMAINS)

        assert words in text(answer).split('id="result_list"')[1]

    def test_show_how_it_is_known(self, organization):
        row = domain_of(organization, mx_hosts=["mx.host.example"], problem="SERVFAIL", failures=3)
        ProviderRuleFactory(pattern="host.example", provider="hoster")

        page = text(
            looking(organization).get(reverse("admin:insights_maildomain_change", args=[row.pk]))
        )

        assert "<code>mx.host.example</code>" in page
        assert "<code>host.example</code>: Hoster" in page
        assert "SERVFAIL (3 times in a row)" in page

    def test_can_be_looked_up_again(self, organization):
        later = timezone.now() + timedelta(days=3)
        row = domain_of(organization, due_at=later)
        foreign = MailDomainFactory(due_at=later)
        chosen = {"action": "look_up_again", "_selected_action": [row.pk, foreign.pk]}

        answer = looking(organization, Role.OPERATOR).post(DOMAINS, chosen, follow=True)

        row.refresh_from_db()
        foreign.refresh_from_db()
        assert "1 domain is looked up in a moment." in text(answer)
        assert row.due_at < timezone.now() < foreign.due_at

    def test_are_not_looked_up_again_for_an_editor(self, organization):
        later = timezone.now() + timedelta(days=3)
        row = domain_of(organization, due_at=later)

        looking(organization, Role.EDITOR).post(
            DOMAINS, {"action": "look_up_again", "_selected_action": [row.pk]}
        )

        row.refresh_from_db()
        assert row.due_at == later


class TestAsking:
    def test_shows_servers_provider_and_rule(self, organization, settings):
        ProviderRuleFactory(pattern="host.example", provider="hoster")
        zone = Zone(servers={"company.example": [(1, "mx.pphosted.com"), (2, "mx.host.example")]})

        with serving(zone) as nameserver:
            settings.MAILWRIGHT = settings.MAILWRIGHT | {"DNS_SERVERS": [nameserver]}
            page = text(
                looking(organization, Role.EDITOR).get(ASK, {"domain": "Ada@company.example"})
            )

        assert "Hoster" in page
        assert "Proofpoint" in page
        assert "A mail server ending in <code>host.example</code>: Hoster" in page
        assert page.index("mx.pphosted.com") < page.index(">mx.host.example")
        assert not MailDomain.objects.exists()

    def test_says_that_nobody_answers(self, organization, settings):
        with serving(Zone(failing={"company.example"})) as nameserver:
            settings.MAILWRIGHT = settings.MAILWRIGHT | {"DNS_SERVERS": [nameserver]}
            page = text(looking(organization).get(ASK, {"domain": "company.example"}))

        assert "No nameserver gave a usable answer" in page

    def test_refuses_what_is_no_domain(self, organization):
        page = text(looking(organization).get(ASK, {"domain": "<script>"}))

        assert "This is no domain." in page
        assert "<script>" not in page.split("<main")[-1].split("value=")[0]

    def test_begins_empty(self, organization):
        assert "Nothing asked yet" in text(looking(organization).get(ASK))

    def test_is_not_for_viewers(self, organization):
        viewer = looking(organization, Role.VIEWER)

        assert viewer.get(ASK, {"domain": "company.example"}).status_code == 403
        assert "which/" not in text(viewer.get(DOMAINS))

    def test_is_offered_beside_the_rules(self):
        OrganizationFactory()
        client = running_installation()

        assert "which/" in text(client.get(RULES))
        assert "All rules" in text(client.get(f"{RULES}which/"))


class TestRules:
    def test_are_added_in_plain_form(self):
        row = MailDomainFactory(mx_hosts=["mx.host.example"])
        given = {
            "kind": "mx",
            "pattern": "*.Host.example",
            "provider": "hoster",
            "gateway": "",
            "order": 100,
            "active": "on",
        }

        answer = running_installation().post(f"{RULES}add/", given)

        row.refresh_from_db()
        assert answer.status_code == 302
        assert ProviderRule.objects.get(provider="hoster").pattern == "host.example"
        assert row.unjudged

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"pattern": "com"}, "Give a domain, or the end of a mail server"),
            ({"provider": ""}, "Name a provider, a gateway, or both."),
            ({"provider": "unknown"}, "Use small letters, digits and underscores"),
            ({"pattern": "google.com"}, "There is a rule for this pattern already."),
        ],
    )
    def test_are_refused_with_a_reason(self, given, words):
        fields = {"kind": "mx", "pattern": "a.example", "provider": "hoster", "order": 100}
        before = ProviderRule.objects.count()

        answer = running_installation().post(f"{RULES}add/", fields | given)

        assert words in text(answer)
        assert ProviderRule.objects.count() == before

    def test_are_deleted_one_by_one_and_together(self):
        rules = [ProviderRuleFactory(pattern=f"{name}.example") for name in ("one", "two")]
        rows = [MailDomainFactory(mx_hosts=[f"mx.{name}.example"]) for name in ("one", "two")]
        client = running_installation()

        client.post(
            reverse("admin:insights_providerrule_delete", args=[rules[0].pk]), {"post": "yes"}
        )
        client.post(
            RULES,
            {"action": "delete_selected", "_selected_action": [rules[1].pk], "post": "yes"},
        )

        assert not ProviderRule.objects.filter(pk__in=[rule.pk for rule in rules]).exists()
        assert (
            MailDomain.objects.filter(pk__in=[row.pk for row in rows], unjudged=True).count() == 2
        )
