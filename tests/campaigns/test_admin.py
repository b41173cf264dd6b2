import pytest
from django.urls import reverse

from campaigns.models import (
    ApiKey,
    Contact,
    ContactList,
    Membership,
    Organization,
    Segment,
    Template,
)
from campaigns.roles import Role
from tests.admin_world import looking, person, running_installation
from tests.factories.campaigns import (
    ContactFactory,
    ContactListFactory,
    MembershipFactory,
    OrganizationFactory,
    SegmentFactory,
    SendingDomainFactory,
    SubscriptionFactory,
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


class TestContacts:
    def test_are_stored_under_their_normalized_address(self, client, organization):
        answer = client.post(
            url("contact", "add"), {"email": "Ada@BÜCHER.example", "attributes": "{}", **NO_ROWS}
        )

        contact = Contact.objects.get()
        assert answer.status_code == 302
        assert contact.organization == organization
        assert (contact.email, contact.email_key) == (
            "Ada@xn--bcher-kva.example",
            "ada@xn--bcher-kva.example",
        )

    @pytest.mark.parametrize("address", ["no address", "ada@example.com"])
    def test_say_at_the_address_what_is_wrong_with_it(self, client, organization, address):
        ContactFactory(organization=organization, email="ada@example.com")

        answer = client.post(
            url("contact", "add"), {"email": address, "attributes": "{}", **NO_ROWS}
        )

        assert answer.status_code == 200
        assert "email" in errors_of(answer)
        assert Contact.objects.count() == 1

    def test_may_have_an_address_that_another_organization_has(self, client):
        ContactFactory(email="ada@example.com")

        client.post(
            url("contact", "add"), {"email": "ada@example.com", "attributes": "{}", **NO_ROWS}
        )

        assert Contact.objects.filter(email_key="ada@example.com").count() == 2

    def test_join_and_leave_lists_in_their_form(self, client, organization):
        contact = SubscriptionFactory(contact__organization=organization).contact
        subscription = contact.subscriptions.get()
        joined = ContactListFactory(organization=organization)

        answer = client.post(
            url("contact", "change", contact.pk),
            {
                "email": contact.email,
                "attributes": "{}",
                "subscriptions-TOTAL_FORMS": "2",
                "subscriptions-INITIAL_FORMS": "1",
                "subscriptions-0-id": subscription.pk,
                "subscriptions-0-contact": contact.pk,
                "subscriptions-0-list": subscription.list_id,
                "subscriptions-0-status": "unsubscribed",
                "subscriptions-1-contact": contact.pk,
                "subscriptions-1-list": joined.pk,
                "subscriptions-1-status": "subscribed",
            },
        )

        assert answer.status_code == 302
        statuses = dict(contact.subscriptions.values_list("list", "status"))
        assert statuses == {subscription.list_id: "unsubscribed", joined.pk: "subscribed"}
        subscription.refresh_from_db()
        assert subscription.unsubscribed_at is not None
        assert contact.subscriptions.get(list=joined).source == "admin"

    def test_cannot_join_a_list_of_another_organization(self, client, organization):
        contact = ContactFactory(organization=organization)

        client.post(
            url("contact", "change", contact.pk),
            {
                "email": contact.email,
                "attributes": "{}",
                "subscriptions-TOTAL_FORMS": "1",
                "subscriptions-INITIAL_FORMS": "0",
                "subscriptions-0-contact": contact.pk,
                "subscriptions-0-list": ContactListFactory().pk,
                "subscriptions-0-status": "subscribed",
            },
        )

        assert not contact.subscriptions.exists()

    def test_are_found_by_the_beginning_of_their_address(self, client, organization):
        found = ContactFactory(organization=organization, email="grace@example.com")
        ContactFactory(organization=organization, email="ada.grace@example.com")

        answer = client.get(url("contact", "changelist"), {"q": "GRA"})

        assert list(answer.context["cl"].result_list) == [found]

    def test_are_searched_through_the_index_of_addresses(
        self, client, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(25) as asked:
            client.get(url("contact", "changelist"), {"q": "gra"})

        sql = " ".join(query["sql"] for query in asked.captured_queries)
        assert """UPPER("campaigns_contact"."email_key"::text) LIKE UPPER('gra%')""" in sql

    def test_are_filtered_by_list_and_status(self, client, organization):
        subscription = SubscriptionFactory(
            contact__organization=organization, status="unsubscribed"
        )
        SubscriptionFactory(contact__organization=organization)

        answer = client.get(
            url("contact", "changelist"),
            {"list": subscription.list_id, "status": "unsubscribed"},
        )

        assert list(answer.context["cl"].result_list) == [subscription.contact]


class TestLists:
    def test_say_how_many_are_on_them(self, client, organization):
        list_ = ContactListFactory(organization=organization)
        for status in ("subscribed", "subscribed", "unsubscribed"):
            SubscriptionFactory(list=list_, contact__organization=organization, status=status)

        answer = client.get(url("contactlist", "changelist"))

        assert answer.context["cl"].result_list[0].subscribed_count == 2

    def test_refuse_a_slug_that_is_taken_at_its_field(self, client, organization):
        ContactListFactory(organization=organization, slug="news")

        answer = client.post(url("contactlist", "add"), {"name": "News", "slug": "news"})

        assert errors_of(answer) == {
            "slug": ["There is already a list with this slug. Choose another."]
        }
        assert ContactList.objects.count() == 1


class TestSegments:
    def test_name_the_place_of_a_mistake(self, client):
        answer = client.post(
            url("segment", "add"), {"name": "Berlin", "rules": '{"all": [{"field": "shoes"}]}'}
        )

        assert "all[0]" in str(errors_of(answer)["rules"])
        assert not Segment.objects.exists()

    def test_count_who_matches_in_their_own_organization(self, client, organization):
        ContactFactory(organization=organization, first_name="Ada", email="ada@example.com")
        ContactFactory(organization=organization, first_name="Grace")
        ContactFactory(first_name="Ada", email="foreign@example.com")

        answer = client.post(
            url("segment", "matches"), {"rules": '{"all": [{"field": "first_name", "is": "Ada"}]}'}
        )

        assert answer.context["count"] == 1
        assert "ada@example.com" in answer.content.decode()
        assert "foreign@example.com" not in answer.content.decode()

    @pytest.mark.parametrize("rules", ["", "{", "[]", '{"all": []}'])
    def test_say_what_is_missing_while_they_are_written(self, client, rules):
        answer = client.post(url("segment", "matches"), {"rules": rules})

        assert answer.status_code == 200
        assert answer.context["mistake"]

    def test_offer_the_lists_of_their_own_organization_to_rules(self, client, organization):
        segment = SegmentFactory(organization=organization)
        own = ContactListFactory(organization=organization)
        ContactListFactory(name="A foreign list")

        answer = client.get(url("segment", "change", segment.pk))

        offered = answer.context["rule_choices"]["lists"]
        assert [choice["id"] for choice in offered] == [own.pk]


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


class TestApiKeys:
    def test_are_shown_once_and_kept_nowhere(self, client, organization):
        answer = client.post(url("apikey", "add"), {"name": "Shop", "role": "editor"})

        shown = answer.context["key"]
        key = ApiKey.objects.get()
        assert (key.organization, key.role, key.name) == (organization, "editor", "Shop")
        assert shown in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        later = client.get(url("apikey", "change", key.pk)).content.decode()
        assert shown not in later
        assert shown not in key.digest

    def test_are_made_once_however_often_the_form_is_shown(self, client):
        client.get(url("apikey", "add"))

        assert not ApiKey.objects.exists()

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.OPERATOR])
    def test_are_the_business_of_administrators(self, organization, role):
        answer = looking(organization, role).get(url("apikey", "changelist"))

        assert answer.status_code == 403

    def test_are_revoked_by_deleting_them(self, client):
        client.post(url("apikey", "add"), {"name": "Shop", "role": "editor"})

        client.post(url("apikey", "delete", ApiKey.objects.get().pk), {"post": "yes"})

        assert not ApiKey.objects.exists()


class TestPeople:
    def test_get_an_account_when_they_have_none(self, client, organization):
        answer = client.post(
            url("membership", "add"),
            {"username": "grace@example.com", "password": "a-long-pass-phrase", "role": "editor"},
        )

        member = Membership.objects.get(user__username="grace@example.com")
        assert answer.status_code == 302
        assert (member.organization, member.role) == (organization, "editor")
        assert member.user.is_staff
        assert not member.user.is_superuser
        assert member.user.check_password("a-long-pass-phrase")

    def test_keep_the_account_they_have(self, client, organization):
        user = person(OrganizationFactory())

        client.post(
            url("membership", "add"),
            {"username": user.username, "password": "another-pass-phrase", "role": "viewer"},
        )

        user.refresh_from_db()
        assert not user.check_password("another-pass-phrase")
        assert user.memberships.filter(organization=organization).exists()

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"username": "grace", "password": "123"}, "password"),
            ({"username": "grace", "password": ""}, "password"),
            ({"username": "with space", "password": "a-long-pass-phrase"}, "username"),
        ],
    )
    def test_are_refused_with_the_reason_at_its_field(self, client, given, field):
        answer = client.post(url("membership", "add"), {**given, "role": "viewer"})

        assert list(errors_of(answer)) == [field]
        assert Membership.objects.count() == 1

    def test_are_never_without_an_administrator(self, client, organization):
        only = organization.memberships.get()

        answer = client.post(url("membership", "change", only.pk), {"role": "viewer"})

        assert "only administrator" in str(errors_of(answer)["role"])
        only.refresh_from_db()
        assert only.role == Role.ADMIN

    def test_get_another_role(self, client, organization):
        member = MembershipFactory(organization=organization, user__password=None)

        client.post(url("membership", "change", member.pk), {"role": "operator"})

        member.refresh_from_db()
        assert member.role == Role.OPERATOR

    def test_who_leave_keep_their_account(self, client, organization):
        member = MembershipFactory(organization=organization, user__password=None)

        client.post(url("membership", "delete", member.pk), {"post": "yes"})

        assert not Membership.objects.filter(pk=member.pk).exists()
        assert type(member.user).objects.filter(pk=member.user_id).exists()


class TestOrganizations:
    def test_are_founded_by_superusers_and_worked_in_at_once(self):
        OrganizationFactory(name="A first one")
        client = running_installation()

        answer = client.post(
            url("organization", "add"),
            {"name": "Pier", "slug": "pier", "timezone": "Europe/Berlin"},
        )

        founded = Organization.objects.get(slug="pier")
        assert answer.status_code == 302
        assert client.get(reverse("admin:index")).wsgi_request.access.organization == founded

    def test_are_not_founded_by_others(self, client):
        assert client.get(url("organization", "add")).status_code == 403

    def test_are_changed_by_whoever_belongs_to_several(self, organization):
        client = looking(organization)
        second = OrganizationFactory()
        user = organization.memberships.get().user
        MembershipFactory(organization=second, user=user)

        answer = client.post(url("organization", "work_in", second.pk), HTTP_HX_REQUEST="true")

        assert answer["HX-Redirect"] == reverse("admin:index")
        assert client.get(reverse("admin:index")).wsgi_request.access.organization == second

    def test_cannot_be_entered_by_others(self, client):
        assert (
            client.post(url("organization", "work_in", OrganizationFactory().pk)).status_code == 404
        )

    def test_are_not_changed_by_following_a_link(self, client, organization):
        assert client.get(url("organization", "work_in", organization.pk)).status_code == 405


class TestTemplateList:
    def test_finds_by_subject(self, client, organization):
        found = TemplateFactory(organization=organization, subject="Autumn")
        TemplateFactory(organization=organization, subject="Spring")

        answer = client.get(url("template", "changelist"), {"q": "autumn"})

        assert list(answer.context["cl"].result_list) == [found]
