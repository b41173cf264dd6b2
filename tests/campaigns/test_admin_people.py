import pytest
from django.urls import reverse

from campaigns.models import (
    ApiKey,
    Membership,
    Organization,
)
from campaigns.roles import Role
from tests.admin_world import looking, person, running_installation
from tests.factories.campaigns import (
    MembershipFactory,
    OrganizationFactory,
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
