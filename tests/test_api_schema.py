"""What the description of the API allows is asked, and every answer must fit the description."""

from dataclasses import dataclass

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from campaigns.operations.organizations import create_api_key
from campaigns.roles import Role
from tests.calling import ONE_OF_EACH
from tests.factories.campaigns import OrganizationFactory

EXAMPLES = 3  # requests of each operation
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@dataclass(frozen=True)
class World:
    """A key, and the ids of what an organization has, by noun."""

    key: str
    ids: dict[str, int]


@pytest.fixture
def world(db):
    """Return an organization that has one of each."""
    organization = OrganizationFactory()
    ids = {noun: make(organization=organization).pk for noun, make in ONE_OF_EACH.items()}
    return World(create_api_key(organization, role=Role.ADMIN, name="schemathesis")[1], ids)


@pytest.fixture
def _connections_stay_open():
    """Keep the server's end of a request from closing the connection of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.usefixtures("_connections_stay_open")
class TestSchema:
    def test_is_kept_by_every_answer(self, world):
        schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(public=True))
        schema.app = get_wsgi_application()
        operations = [found.ok() for found in schema.get_all_operations()]

        for operation in operations:
            _ask(operation, world)

        assert len(operations) > 80


def _ask(operation, world):
    """Ask an operation about what is there, with whatever else the description allows."""
    noun = operation.path.split("/")[2]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def asked(case):
        case.path_parameters = dict.fromkeys(case.path_parameters or (), world.ids[noun])
        with transaction.atomic():
            response = case.call(headers={"Authorization": f"Token {world.key}"})
            case.validate_response(response, checks=CHECKS)
            transaction.set_rollback(True)

    asked()
