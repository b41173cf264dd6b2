import pytest

from campaigns.models import Campaign
from tests.calling import caller, fields_of
from tests.factories.campaigns import (
    CampaignFactory,
    ContactListFactory,
    IdentityFactory,
    OrganizationFactory,
    SegmentFactory,
    TemplateFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    return caller(organization)


class TestCreate:
    def test_makes_a_draft(self, api, organization):
        identity = IdentityFactory(organization=organization)
        list_ = ContactListFactory(organization=organization)

        answer = api.post(
            "/api/campaigns",
            {"name": "Spring", "identity": identity.pk, "lists": [list_.pk], "subject": "Hi"},
        )

        assert answer.status_code == 201
        assert answer.json()["state"] == "draft"
        assert answer.json()["lists"] == [list_.pk]
        assert answer["ETag"] == '"1"'

    def test_cannot_choose_the_state(self, api, organization):
        identity = IdentityFactory(organization=organization)

        answer = api.post(
            "/api/campaigns", {"name": "Spring", "identity": identity.pk, "state": "sending"}
        )

        assert Campaign.objects.get(pk=answer.json()["id"]).state == "draft"

    @pytest.mark.parametrize(
        ("field", "factory", "many"),
        [
            ("identity", IdentityFactory, False),
            ("template", TemplateFactory, False),
            ("lists", ContactListFactory, True),
            ("segments", SegmentFactory, True),
        ],
    )
    def test_does_not_know_objects_of_others(self, api, organization, field, factory, many):
        foreign = factory().pk
        given = {"name": "Spring", "identity": IdentityFactory(organization=organization).pk}

        answer = api.post("/api/campaigns", given | {field: [foreign] if many else foreign})

        assert answer.status_code == 400
        assert fields_of(answer)[0].startswith(field)
        assert not Campaign.objects.exists()


class TestUpdate:
    def test_counts_the_version_up(self, api, organization):
        campaign = CampaignFactory(organization=organization)

        answer = api.patch(f"/api/campaigns/{campaign.pk}", {"subject": "Better"})

        assert answer.status_code == 200
        assert answer["ETag"] == '"2"'
        assert api.get(f"/api/campaigns/{campaign.pk}")["ETag"] == '"2"'

    def test_goes_through_with_the_version_that_was_seen(self, api, organization):
        campaign = CampaignFactory(organization=organization)

        answer = api.patch(
            f"/api/campaigns/{campaign.pk}", {"subject": "Better"}, headers={"If-Match": '"1"'}
        )

        assert answer.status_code == 200

    def test_is_refused_when_somebody_else_was_faster(self, api, organization):
        campaign = CampaignFactory(organization=organization, subject="First")
        url = f"/api/campaigns/{campaign.pk}"
        api.patch(url, {"subject": "Theirs"}, headers={"If-Match": '"1"'})

        answer = api.patch(url, {"subject": "Ours"}, headers={"If-Match": '"1"'})

        assert answer.status_code == 412
        assert answer.json()["code"] == "version_changed"
        campaign.refresh_from_db()
        assert campaign.subject == "Theirs"

    def test_refuses_an_if_match_that_is_none(self, api, organization):
        campaign = CampaignFactory(organization=organization)

        answer = api.patch(
            f"/api/campaigns/{campaign.pk}", {"subject": "x"}, headers={"If-Match": "1"}
        )

        assert answer.status_code == 400

    def test_is_refused_once_the_campaign_goes_out(self, api, organization):
        campaign = CampaignFactory(organization=organization, state="sending", subject="Old")

        answer = api.patch(f"/api/campaigns/{campaign.pk}", {"subject": "New"})

        assert answer.status_code == 409
        assert answer.json()["code"] == "not_editable"
        campaign.refresh_from_db()
        assert (campaign.subject, campaign.version) == ("Old", 1)

    def test_leaves_the_lists_alone_unless_they_are_named(self, api, organization):
        list_ = ContactListFactory(organization=organization)
        campaign = CampaignFactory(organization=organization, lists=[list_])
        url = f"/api/campaigns/{campaign.pk}"

        kept = api.patch(url, {"subject": "New"}).json()["lists"]
        emptied = api.patch(url, {"lists": []}).json()["lists"]

        assert kept == [list_.pk]
        assert emptied == []


class TestDestroy:
    def test_deletes_a_draft(self, api, organization):
        campaign = CampaignFactory(organization=organization)

        assert api.delete(f"/api/campaigns/{campaign.pk}").status_code == 204
        assert not Campaign.objects.exists()

    @pytest.mark.parametrize("state", ["sending", "sent", "cancelled", "paused"])
    def test_keeps_what_has_gone_out(self, api, organization, state):
        campaign = CampaignFactory(organization=organization, state=state)

        answer = api.delete(f"/api/campaigns/{campaign.pk}")

        assert answer.status_code == 409
        assert Campaign.objects.exists()


class TestList:
    def test_leaves_the_content_out(self, api, organization):
        CampaignFactory(organization=organization)

        [row] = api.get("/api/campaigns").json()["results"]

        assert "html" not in row
        assert row["subject"]

    def test_can_be_narrowed_to_a_state(self, api, organization):
        CampaignFactory(organization=organization)
        sent = CampaignFactory(organization=organization, state="sent")

        results = api.get("/api/campaigns", {"state": "sent"}).json()["results"]

        assert [row["id"] for row in results] == [sent.pk]

    def test_asks_the_database_the_same_number_of_times_however_many_there_are(
        self, api, organization, django_assert_max_num_queries
    ):
        for _ in range(10):
            CampaignFactory(organization=organization)

        with django_assert_max_num_queries(8):
            assert len(api.get("/api/campaigns").json()["results"]) == 10


class TestAudience:
    @pytest.mark.parametrize(
        ("noun", "factory"), [("lists", ContactListFactory), ("segments", SegmentFactory)]
    )
    def test_is_not_widened_by_a_deletion(self, api, organization, noun, factory):
        part = factory(organization=organization)
        campaign = CampaignFactory(organization=organization, **{noun: [part]})

        refused = api.delete(f"/api/{noun}/{part.pk}")
        api.delete(f"/api/campaigns/{campaign.pk}")
        granted = api.delete(f"/api/{noun}/{part.pk}")

        assert refused.status_code == 409
        assert campaign.name in refused.json()["detail"]
        assert granted.status_code == 204
