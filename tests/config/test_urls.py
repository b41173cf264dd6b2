import re

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path
from rest_framework.throttling import SimpleRateThrottle

import config.urls
from common.api.parsing import MAXIMUM_BODY_BYTES
from tests.calling import caller
from tests.factories.campaigns import OrganizationFactory

OUTSIDE = re.compile(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//""")
PROBLEM = "application/problem+json"


def broken(request):
    """Fail in a way that nobody foresaw."""
    raise ZeroDivisionError


urlpatterns = [
    path("api/broken", broken),
    path("broken", broken),
    path("fine", lambda request: HttpResponse()),
]
handler500 = config.urls.unforeseen


class TestHealth:
    def test_is_good_while_database_and_broker_answer(self, client, db):
        answer = client.get("/healthz", headers={"Accept": "application/json"})

        assert answer.status_code == 200
        assert list(answer.json().values()) == ["OK", "OK"]

    def test_is_bad_without_the_broker(self, client, db, settings):
        nowhere = {"LOCATION": "redis://127.0.0.1:1/0"}
        settings.CACHES = {"default": django_settings.CACHES["default"] | nowhere}

        assert client.get("/healthz").status_code == 500


class TestMetrics:
    def test_are_in_the_format_of_prometheus(self, client, db):
        answer = client.get("/metrics")

        assert answer.status_code == 200
        assert b"# TYPE django_http_requests_total_by_method_total counter" in answer.content


class TestRoot:
    def test_leads_to_the_admin(self, client):
        assert client.get("/")["Location"] == "/admin/"


class TestDocs:
    @pytest.mark.parametrize("url", ["/api/docs", "/api/docs/"])
    def test_take_nothing_from_outside(self, client, url):
        answer = client.get(url)

        assert answer.status_code == 200
        assert not OUTSIDE.search(answer.content.decode())

    def test_find_their_parts_here(self, client):
        html = client.get("/api/docs/").content.decode()

        parts = re.findall(r'(?:src|href)="([^"]+)"', html)

        assert len(parts) >= 3
        assert [client.get(part).status_code for part in parts] == [200] * len(parts)

    @pytest.mark.parametrize("url", ["/api/schema", "/api/schema/"])
    def test_have_a_schema(self, client, url):
        answer = client.get(url)

        assert answer.status_code == 200
        assert b"/api/campaigns/{id}/start:" in answer.content


class TestSchema:
    def test_is_valid_and_complete(self, tmp_path):
        call_command(
            "spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml")
        )


class TestProblems:
    @pytest.mark.parametrize("url", ["/api/nothing", "/api/nothing/", "/api/contacts/x", "/api/"])
    def test_are_what_an_unknown_path_of_the_api_gets(self, client, url):
        answer = client.get(url)

        assert answer.status_code == 404
        assert answer["Content-Type"] == PROBLEM
        assert answer.json()["code"] == "not_found"

    @override_settings(ROOT_URLCONF=__name__)
    def test_are_what_the_api_answers_where_it_broke(self):
        client = Client(raise_request_exception=False)

        to_program, to_person = client.get("/api/broken"), client.get("/broken")

        assert to_program.status_code == to_person.status_code == 500
        assert to_program["Content-Type"] == PROBLEM
        assert to_program.json()["code"] == "unforeseen"
        assert b"ZeroDivisionError" not in to_program.content
        assert to_person["Content-Type"].startswith("text/html")

    @pytest.mark.parametrize(
        ("body", "content_type", "status"),
        [
            ("{", "application/json", 400),
            ('{"email": NaN}', "application/json", 400),
            ("[" * 100_000, "application/json", 400),
            ('"' + "x" * MAXIMUM_BODY_BYTES + '"', "application/json", 413),
            ("[]", "application/json", 400),
            ("null", "application/json", 400),
            ("email=a@example.com", "application/x-www-form-urlencoded", 415),
        ],
    )
    def test_are_what_a_body_gets_that_is_none(self, db, body, content_type, status):
        api = caller(OrganizationFactory())

        answer = api.generic("POST", "/api/contacts", body, content_type=content_type)

        assert answer.status_code == status
        assert answer["Content-Type"] == PROBLEM

    def test_say_which_methods_there_are(self, db):
        answer = caller(OrganizationFactory()).put("/api/contacts", {})

        assert answer.status_code == 405
        assert "POST" in answer["Allow"]
        assert answer["Content-Type"] == PROBLEM


class TestThrottle:
    def test_says_when_to_come_back(self, db, monkeypatch):
        monkeypatch.setattr(
            SimpleRateThrottle, "THROTTLE_RATES", {"user": "2/min", "anon": "1/min"}
        )
        cache.clear()
        api = caller(OrganizationFactory())

        answers = [api.get("/api/contacts") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        refused = answers[-1]
        assert 0 < int(refused["Retry-After"]) <= 60
        assert refused["Content-Type"] == PROBLEM
        assert refused.json()["code"] == "throttled"
