import pytest

from tests.calling import caller, fields_of
from tests.factories.campaigns import ContactFactory, OrganizationFactory, SegmentFactory

pytestmark = pytest.mark.django_db

RULES = {"all": [{"field": "domain", "is": "example.com"}]}


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def api(organization):
    return caller(organization)


class TestCreate:
    def test_keeps_the_rules(self, api):
        answer = api.post("/api/segments", {"name": "Ours", "rules": RULES})

        assert answer.status_code == 201
        assert answer.json()["rules"] == RULES

    @pytest.mark.parametrize(
        "rules", [{}, {"all": [{"field": "shoe_size", "is": 9}]}, {"any": "all"}, [], "all"]
    )
    def test_says_where_rules_are_not_understood(self, api, rules):
        answer = api.post("/api/segments", {"name": "Ours", "rules": rules})

        assert answer.status_code == 400
        assert all(field.startswith("rules") for field in fields_of(answer))

    def test_refuses_a_name_that_is_taken(self, api, organization):
        SegmentFactory(organization=organization, name="Ours")

        answer = api.post("/api/segments", {"name": "Ours", "rules": RULES})

        assert answer.status_code == 400
        assert fields_of(answer) == ["name"]


class TestPreview:
    def test_counts_the_contacts_of_the_organization_that_match(self, api, organization):
        wanted = ContactFactory(organization=organization, email="a@example.com")
        ContactFactory(organization=organization, email="b@example.net")
        ContactFactory(email="c@example.com")
        segment = SegmentFactory(organization=organization, rules=RULES)

        saved = api.get(f"/api/segments/{segment.pk}/preview").json()
        tried = api.post("/api/segments/preview", {"rules": RULES}).json()

        assert saved["count"] == 1
        assert [contact["id"] for contact in saved["sample"]] == [wanted.pk]
        assert tried == saved

    def test_lets_a_viewer_see_but_not_try(self, organization):
        segment = SegmentFactory(organization=organization)
        viewer = caller(organization, "viewer")

        assert viewer.get(f"/api/segments/{segment.pk}/preview").status_code == 200
        assert viewer.post("/api/segments/preview", {"rules": RULES}).status_code == 403
