import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from campaigns.roles import Role
from insights.models import InboxKey, RawPayload
from insights.providers.anymail.esps import ESPS
from tests.admin_world import looking
from tests.factories.campaigns import THE_PAST, OrganizationFactory
from tests.factories.insights import InboxKeyFactory, RawPayloadFactory
from tests.insights.providers.anymail_posts import SECRETS

pytestmark = pytest.mark.django_db
LIST = "admin:insights_rawpayload_changelist"
GIVEN = {"status": "unreadable", "problem": "No JSON.", "attempts": 1, "read_at": THE_PAST}


@pytest.fixture
def organization():
    return OrganizationFactory()


def replay(client, *payloads):
    chosen = {"action": "replay", "_selected_action": [payload.pk for payload in payloads]}
    return client.post(reverse(LIST), chosen)


class TestInbox:
    def test_shows_what_came_in_and_why_it_is_not_recorded(self, organization):
        payload = RawPayloadFactory(organization=organization, body=b"<b>\xff", **GIVEN)
        page = reverse("admin:insights_rawpayload_change", args=[payload.pk])

        text = looking(organization, Role.VIEWER).get(page).content.decode()

        assert "Not understood" in text
        assert "No JSON." in text
        assert "&lt;b&gt;\ufffd" in text

    def test_says_how_it_stands(self, organization):
        for status in ("waiting", "unreadable", "unreadable", "unattributed", "read"):
            RawPayloadFactory(organization=organization, status=status)
        RawPayloadFactory(status="unreadable")

        page = looking(organization, Role.VIEWER).get(reverse(LIST))

        counts = [strip_tags(card["count"]) for card in page.context["inbox_figures"]]
        assert counts == ["1", "0", "2", "1"]
        for card in page.context["inbox_figures"]:
            assert card["url"] in page.content.decode()
            listed = looking(organization, Role.VIEWER).get(card["url"])
            assert listed.status_code == 200
        assert "the oldest came in" in page.content.decode()

    def test_has_payloads_read_again(self, organization):
        payload = RawPayloadFactory(organization=organization, **GIVEN)

        replay(looking(organization, Role.OPERATOR), payload)

        payload.refresh_from_db()
        assert (payload.status, payload.problem, payload.attempts) == ("waiting", "", 0)

    def test_lets_viewers_and_strangers_set_nothing_going(self, organization):
        payload = RawPayloadFactory(organization=organization, **GIVEN)

        replay(looking(organization, Role.VIEWER), payload)
        replay(looking(OrganizationFactory(), Role.ADMIN), payload)

        assert RawPayload.objects.get().status == "unreadable"


class TestAddresses:
    def add(self, organization, **given):
        url = reverse("admin:insights_inboxkey_add")
        return looking(organization).post(url, {"name": "MTA", "source": "mail", **given})

    def test_are_made_with_a_key_of_their_own(self, organization):
        self.add(organization)
        self.add(organization, source="stalwart", new_secret="open sesame")

        mail, stalwart = InboxKey.objects.order_by("pk")
        assert mail.organization == stalwart.organization == organization
        assert mail.key != stalwart.key
        assert len(mail.key) >= 32
        assert stalwart.secret == "open sesame"

    def test_need_a_secret_where_posts_are_signed(self, organization):
        answer = self.add(organization, source="stalwart")

        assert answer.status_code == 200
        assert not InboxKey.objects.exists()

    def test_show_where_to_post_but_never_the_secret(self, organization):
        key = InboxKeyFactory(organization=organization, source="stalwart", secret="open sesame")
        page = reverse("admin:insights_inboxkey_change", args=[key.pk])

        text = looking(organization).get(page).content.decode()

        assert f"/hooks/stalwart/{key.key}" in text
        assert "open sesame" not in text

    def test_are_hidden_from_all_but_administrators(self, organization):
        key = InboxKeyFactory(organization=organization)
        page = reverse("admin:insights_inboxkey_change", args=[key.pk])

        assert looking(organization, Role.OPERATOR).get(page).status_code == 403

    def test_of_a_provider_may_wait_for_their_secret(self, organization):
        self.add(organization, source="anymail", esp="mandrill")

        key = InboxKey.objects.get()
        page = reverse("admin:insights_inboxkey_change", args=[key.pk])
        text = looking(organization).get(page).content.decode()
        assert (key.esp, key.secret) == ("mandrill", "")
        assert f"/anymail/{key.key}/mandrill/tracking" in text

    @pytest.mark.parametrize(
        ("esp", "secret"),
        [
            ("", "open sesame"),
            ("postmark", "no colon"),
            ("postal", "no key"),
            ("sendgrid", "no key"),
            ("mailgun", "no ASCII: \u00e4"),
        ],
    )
    def test_refuse_a_secret_that_can_be_none(self, organization, esp, secret):
        answer = self.add(organization, source="anymail", esp=esp, new_secret=secret)

        assert answer.status_code == 200
        assert not InboxKey.objects.exists()

    @pytest.mark.parametrize("esp", ESPS)
    @pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
    def test_keep_the_secret_of_a_provider(self, organization, esp):
        secret = SECRETS.get(esp, "name:password")
        shown = f"-----BEGIN PUBLIC KEY-----\n{secret}\n-----END PUBLIC KEY-----\n"

        self.add(
            organization,
            source="anymail",
            esp=esp,
            new_secret=shown if esp in {"postal", "sendgrid"} else secret,
        )

        assert InboxKey.objects.get().secret == secret

    def test_of_mail_name_no_provider(self, organization):
        self.add(organization, source="mail", esp="brevo")

        assert InboxKey.objects.get().esp == ""
