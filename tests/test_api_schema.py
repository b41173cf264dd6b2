"""Whatever the description of the API allows is asked, and every answer must fit the description."""

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
from tests.factories.campaigns import (
    CampaignFactory,
    ContactFactory,
    ContactListFactory,
    OrganizationFactory,
    SegmentFactory,
    TemplateFactory,
)
from tests.factories.iprouting import SendingIPFactory
from tests.factories.suppression import SuppressionFactory

EXAMPLES = 6  # requests of each operation
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
MAKERS = [
    ContactFactory, ContactListFactory, SegmentFactory, TemplateFactory, CampaignFactory,
    SendingIPFactory, SuppressionFactory,
]  # fmt: skip


@pytest.fixture
def key(db):
    """Return the key of an organization that has something to be found."""
    organization = OrganizationFactory()
    for make in MAKERS:
        make(organization=organization)
    return create_api_key(organization, role=Role.ADMIN, name="schemathesis")[1]


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
    def test_is_kept_by_every_answer(self, key):
        schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(public=True))
        schema.app = get_wsgi_application()
        operations = [found.ok() for found in schema.get_all_operations()]

        for operation in operations:
            _ask(operation, headers={"Authorization": f"Token {key}"})

        assert len(operations) > 80


def _ask(operation, *, headers):
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def asked(case):
        with transaction.atomic():
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS)
            transaction.set_rollback(True)

    asked()
