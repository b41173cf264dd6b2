import json

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.http import Http404
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import exceptions

from common.api.problems import problem_of, problem_response
from common.errors import DomainError

MEMBERS = {"type", "title", "status", "code", "detail", "errors"}


class TestProblemOf:
    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (exceptions.NotAuthenticated(), 401, "not_authenticated"),
            (exceptions.AuthenticationFailed(), 401, "authentication_failed"),
            (exceptions.PermissionDenied(), 403, "permission_denied"),
            (PermissionDenied(), 403, "permission_denied"),
            (Http404(), 404, "not_found"),
            (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
            (exceptions.ParseError(), 400, "parse_error"),
            (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
            (exceptions.ValidationError("no"), 400, "invalid"),
            (ModelValidationError("no"), 400, "invalid"),
            (RequestDataTooBig(), 413, "too_large"),
            (SuspiciousOperation(), 400, "bad_request"),
            (DomainError("stuck", "It is stuck."), 409, "stuck"),
            (DomainError("wrong", "It is wrong.", {"field": "name"}), 400, "wrong"),
        ],
    )
    def test_gives_each_error_its_status_and_code(self, error, status, code):
        problem = problem_of(error)

        assert (problem.status, problem.code) == (status, code)

    def test_is_none_for_what_nobody_foresaw(self):
        assert problem_of(ZeroDivisionError()) is None

    def test_names_fields_within_fields_by_their_path(self):
        error = exceptions.ValidationError(
            {"lists": [[], ["There is no such list."]], "at": ["Too early."]}
        )

        errors = problem_of(error).errors

        assert errors == (
            {"field": "lists.1", "message": "There is no such list."},
            {"field": "at", "message": "Too early."},
        )

    def test_names_no_field_for_the_request_as_a_whole(self):
        error = exceptions.ValidationError({"non_field_errors": ["These do not fit together."]})

        problem = problem_of(error)

        assert problem.errors == ({"field": "", "message": "These do not fit together."},)
        assert problem.detail == "These do not fit together."

    def test_names_the_chosen_field_of_a_combination_that_must_be_unique(self):
        single = ModelValidationError(
            "%(model_name)s with this %(field_labels)s already exists.",
            code="unique_together",
            params={
                "model_name": "Pool",
                "field_labels": "Organization and Name",
                "unique_check": ("organization", "name"),
            },
        )

        errors = problem_of(ModelValidationError({"__all__": [single]})).errors

        assert errors == ({"field": "name", "message": "Pool with this name already exists."},)

    def test_takes_the_part_of_a_message_for_the_field(self):
        error = DomainError("template_error", "Unknown filter.", {"line": 3, "part": "html"})

        problem = problem_of(error)

        assert problem.errors == ({"field": "html", "message": "Unknown filter."},)
        assert problem.body()["line"] == 3


class TestProblemResponse:
    def test_has_the_members_and_the_content_type(self):
        response = problem_response(Http404(), {})

        assert set(response.data) == MEMBERS
        assert response.data["title"] == "Not Found"
        assert response.content_type == "application/problem+json"

    def test_challenges_a_caller_without_a_key(self):
        error = exceptions.NotAuthenticated()
        error.auth_header = "Token"

        assert problem_response(error, {}).headers["WWW-Authenticate"] == "Token"

    def test_says_when_to_come_back(self):
        assert problem_response(exceptions.Throttled(wait=2.3), {}).headers["Retry-After"] == "3"

    def test_lets_extra_members_stand_beside_the_fixed_ones(self):
        error = DomainError(
            "not_ready",
            "Mend it.",
            {"problems": [{"code": "no_ip", "message": "Add an IP."}], "status": 1},
        )

        body = problem_response(error, {}).data

        assert body["problems"] == [{"code": "no_ip", "message": "Add an IP."}]
        assert body["errors"] == [{"field": "", "message": "Add an IP."}]
        assert body["status"] == 409

    def test_is_none_for_what_nobody_foresaw(self):
        assert problem_response(ZeroDivisionError(), {}) is None

    @given(
        st.recursive(
            st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=10,
        )
    )
    def test_loses_no_message_of_whatever_shape(self, detail):
        error = exceptions.ValidationError(detail)

        body = problem_response(error, {}).data

        assert json.dumps(body)
        assert [e["message"] for e in body["errors"]] == list(_leaves(error.detail))


def _leaves(detail):
    if isinstance(detail, dict):
        for inner in detail.values():
            yield from _leaves(inner)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _leaves(inner)
    else:
        yield str(detail)
