"""Clients of the API, each with a key of its own."""

from rest_framework.test import APIClient

from campaigns.operations.organizations import create_api_key
from campaigns.roles import Role


def caller(organization, role=Role.ADMIN):
    """Return a client that calls the API for an organization in a role."""
    _, secret = create_api_key(organization, role=Role(role), name=f"{role} of {organization}")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


def fields_of(response):
    """Return the names of the fields that an answer complains about."""
    return [error["field"] for error in response.json()["errors"]]
