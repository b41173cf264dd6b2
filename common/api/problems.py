"""Every error as one shape: `application/problem+json`.

Members: `type title status code detail errors`, as RFC 9457 names the first three and `detail`;
`code` is stable and for programs, `errors` lists `{field, message}` for forms. What a DomainError
carries beside its field is added as members of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from django.core import exceptions as django_errors
from django.db import IntegrityError
from django.db.models import Model, ProtectedError, RestrictedError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from common.errors import DomainError

CONTENT_TYPE: Final = "application/problem+json"
UNIQUE_VIOLATION: Final = "23505"  # SQLSTATE of PostgreSQL, appendix A of its manual
_SCOPE_FIELD: Final = "organization"  # the caller cannot choose it, so an error never names it


@dataclass(frozen=True, slots=True)
class Problem:
    """An error on its way to the caller."""

    status: int
    code: str
    detail: str
    errors: tuple[dict[str, str], ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """Return the JSON members; the fixed ones win over those of `extra`."""
        return {
            **self.extra,
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "errors": list(self.errors),
        }

    def response(self) -> Response:
        """Return the answer."""
        return Response(
            self.body(),
            status=self.status,
            headers=dict(self.headers),
            content_type=CONTENT_TYPE,
        )


class ConflictError(exceptions.APIException):
    """Somebody else got there first."""

    status_code = HTTPStatus.CONFLICT
    default_code = "conflict"


def problem_response(error: Exception, _context: object) -> Response | None:
    """Return the answer to an error, or None for one that nobody foresaw."""
    problem = problem_of(error)
    return problem.response() if problem else None


def problem_of(error: Exception) -> Problem | None:
    """Return what to tell the caller about an error, or None for one that nobody foresaw."""
    match error:
        case DomainError():
            return _of_domain(error)
        case exceptions.ValidationError():
            return _of_fields(_flattened(error.detail))
        case exceptions.APIException():
            return _of_framework(error)
        case _:
            return _of_django(error) or _of_database(error)


def _of_django(error: Exception) -> Problem | None:
    match error:
        case django_errors.ValidationError():
            return _of_fields(_of_model(error))
        case Http404():
            return _of_framework(exceptions.NotFound())
        case django_errors.PermissionDenied():
            return _of_framework(exceptions.PermissionDenied())
        case django_errors.RequestDataTooBig():
            detail = "The request is too large. Send less at once."
            return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
        case django_errors.SuspiciousOperation():
            return Problem(HTTPStatus.BAD_REQUEST, "bad_request", "This request is not acceptable.")
        case _:
            return None


def _of_domain(error: DomainError) -> Problem:
    """A field that is named can be mended in the request; otherwise the state is in the way."""
    extra = dict(error.extra)
    named = extra.pop("field", None) or extra.get("part")
    if named:
        errors = ({"field": str(named), "message": error.message},)
        return Problem(HTTPStatus.BAD_REQUEST, error.code, error.message, errors, extra)
    return Problem(HTTPStatus.CONFLICT, error.code, error.message, _of_several(extra), extra)


def _of_several(extra: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """Return the errors of a refusal that lists several problems, each with its field."""
    return tuple(
        {"field": str(problem.get("field", "")), "message": str(problem["message"])}
        for problem in extra.get("problems", ())
    )


def _of_framework(error: exceptions.APIException) -> Problem:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    code = error.get_codes()
    return Problem(
        error.status_code,
        code if isinstance(code, str) else error.default_code,
        str(error.detail),
        headers=headers,
    )


def _of_fields(errors: Iterator[dict[str, str]]) -> Problem:
    found = tuple(errors)
    detail = found[0]["message"] if len(found) == 1 else "Some fields are not right; see errors."
    return Problem(HTTPStatus.BAD_REQUEST, "invalid", detail, errors=found)


def _flattened(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Yield one error for each message, fields within fields written as `lists.0`."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            here = path if name == api_settings.NON_FIELD_ERRORS_KEY else f"{path}.{name}"
            yield from _flattened(inner, here.lstrip("."))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _flattened(inner, f"{path}.{position}".lstrip(".") if nested else path)
    else:
        yield {"field": path, "message": str(detail)}


def _of_model(error: django_errors.ValidationError) -> Iterator[dict[str, str]]:
    if not hasattr(error, "error_dict"):
        yield from ({"field": "", "message": message} for message in error.messages)
        return
    for name, inner in error.error_dict.items():
        for single in inner:
            yield _of_model_field("" if name == django_errors.NON_FIELD_ERRORS else name, single)


def _of_model_field(name: str, error: django_errors.ValidationError) -> dict[str, str]:
    """Return one error; of a combination that must be unique, it names what the caller chose."""
    params: Mapping[str, Any] = error.params or {}
    chosen = [part for part in params.get("unique_check", ()) if part != _SCOPE_FIELD]
    if not chosen:
        return {"field": name, "message": " ".join(error.messages)}
    wording = " and ".join(part.replace("_", " ") for part in chosen)
    model = str(params["model_name"])
    return {"field": chosen[0], "message": f"{model} with this {wording} already exists."}


def _of_database(error: Exception) -> Problem | None:
    match error:
        case ProtectedError():
            return _still_used(error.protected_objects)
        case RestrictedError():
            return _still_used(error.restricted_objects)
        case IntegrityError() if getattr(error.__cause__, "sqlstate", "") == UNIQUE_VIOLATION:
            detail = "The same was being saved at the same moment. Load it and try again."
            return Problem(HTTPStatus.CONFLICT, "conflict", detail)
        case _:
            return None


def _still_used(users: set[Model]) -> Problem:
    plurals = {str(user._meta.verbose_name_plural) for user in users}  # noqa: SLF001  Django's API
    names = sorted(plurals)
    detail = f"It is still used by {' and '.join(names)}. Change or delete those first."
    return Problem(HTTPStatus.CONFLICT, "still_used", detail)
