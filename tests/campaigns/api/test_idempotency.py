import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from campaigns.api.idempotency import (
    ABANDONED_AFTER,
    KEPT_FOR,
    KeyReusedError,
    StillWorkingError,
    idempotent,
)
from campaigns.models import AuditEntry, IdempotencyRecord
from tests.factories.campaigns import OrganizationFactory


class Counter:
    """A view whose handler leaves a row behind, to be counted."""

    def __init__(self, organization):
        self.organization = organization
        self.failing = None

    @idempotent
    def post(self, request):
        AuditEntry.objects.create(
            organization=self.organization, actor="a", action="b", subject="c", at=timezone.now()
        )
        if self.failing:
            raise self.failing
        return Response({"count": AuditEntry.objects.count()}, status=202)

    def call(self, body=None, *, key="k", path="/api/x", **options):
        headers = {} if key is None else {"Idempotency-Key": key}
        request = APIRequestFactory().post(
            path, {} if body is None else body, headers=headers, **options
        )
        return self.post(APIView().initialize_request(request))


@pytest.fixture
def view(db):
    return Counter(OrganizationFactory())


class TestIdempotent:
    def test_does_it_each_time_without_a_key(self, view):
        view.call(key=None)
        view.call(key=None)

        assert AuditEntry.objects.count() == 2
        assert not IdempotencyRecord.objects.exists()

    def test_does_it_once_with_a_key_and_answers_the_same_again(self, view):
        first, second = view.call({"a": 1}), view.call({"a": 1})

        assert AuditEntry.objects.count() == 1
        assert (second.status_code, second.data) == (202, first.data)
        assert second.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers

    def test_takes_a_path_with_and_without_its_slash_for_the_same(self, view):
        view.call(path="/api/x")
        view.call(path="/api/x/")

        assert AuditEntry.objects.count() == 1

    @pytest.mark.parametrize(
        ("body", "path"), [({"a": 2}, "/api/x"), ({"a": 1}, "/api/y"), ({"a": 1}, "/api/x?b=1")]
    )
    def test_refuses_the_key_for_another_request(self, view, body, path):
        view.call({"a": 1})

        with pytest.raises(KeyReusedError):
            view.call(body, path=path)

        assert AuditEntry.objects.count() == 1

    def test_tells_files_apart_by_their_content(self, view):
        def upload(content):
            file = SimpleUploadedFile("people.csv", content)
            return view.call({"file": file, "dry_run": "true"}, format="multipart")

        upload(b"email\na@example.com")
        assert upload(b"email\na@example.com").headers["Idempotent-Replayed"] == "true"
        with pytest.raises(KeyReusedError):
            upload(b"email\nb@example.com")

    def test_keeps_the_keys_of_organizations_apart(self, view):
        view.call()
        other = Counter(OrganizationFactory())

        other.call({"another": "body"})

        assert AuditEntry.objects.count() == 2

    def test_frees_the_key_when_the_request_is_refused(self, view):
        view.failing = ValidationError("no")
        with pytest.raises(ValidationError):
            view.call()
        view.failing = None

        view.call()

        assert AuditEntry.objects.count() == 1

    def test_refuses_a_second_request_while_the_first_is_at_work(self, view):
        view.call()
        IdempotencyRecord.objects.update(status=None)

        with pytest.raises(StillWorkingError):
            view.call()

    def test_begins_anew_where_a_process_died(self, view):
        view.call()
        AuditEntry.objects.all().delete()
        long_ago = timezone.now() - ABANDONED_AFTER - timedelta(seconds=1)
        IdempotencyRecord.objects.update(status=None, created_at=long_ago)

        assert view.call().status_code == 202
        assert AuditEntry.objects.count() == 1

    def test_forgets_a_key_after_a_day(self, view):
        view.call({"a": 1})
        IdempotencyRecord.objects.update(created_at=timezone.now() - KEPT_FOR)

        view.call({"a": 2})

        assert AuditEntry.objects.count() == 2

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\x7fb"])
    def test_refuses_a_key_that_is_none(self, view, key):
        with pytest.raises(ValidationError):
            view.call(key=key)

    @pytest.mark.django_db(transaction=True)
    def test_does_it_once_however_many_ask_at_the_same_moment(self, transactional_db):
        view = Counter(OrganizationFactory())
        start, outcomes = threading.Barrier(8), []

        def ask():
            start.wait()
            try:
                outcomes.append(view.call().status_code)
            except StillWorkingError:
                outcomes.append(409)
            finally:
                connection.close()

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

        assert len(outcomes) == 8
        assert set(outcomes) <= {202, 409}
        assert 202 in outcomes
        assert AuditEntry.objects.count() == 1
