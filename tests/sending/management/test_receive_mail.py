"""Mail from a pipe into the inbox."""

import io
import os
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from insights.models import RawPayload
from tests.factories.campaigns import OrganizationFactory

MAIL = b"Subject: \xff\r\n\r\nHello\r\n"


class Piped(io.TextIOWrapper):
    """Standard input that holds a mail."""

    def __init__(self, mail=MAIL):
        super().__init__(io.BytesIO(mail))


@pytest.mark.django_db
class TestReceiveMail:
    def test_stores_the_bytes_for_the_organization(self, monkeypatch):
        organization = OrganizationFactory(slug="acme")
        monkeypatch.setattr(sys, "stdin", Piped())

        call_command("receive_mail", org="acme", to="bounce@example.com")

        payload = RawPayload.objects.get()
        assert (payload.organization, bytes(payload.body)) == (organization, MAIL)
        assert (payload.source, payload.envelope_to) == ("mail", "bounce@example.com")

    @pytest.mark.parametrize(
        ("slug", "mail", "code"), [("nobody", MAIL, os.EX_NOUSER), ("acme", b"", os.EX_DATAERR)]
    )
    def test_returns_what_can_never_be_stored(self, monkeypatch, slug, mail, code):
        OrganizationFactory(slug="acme")
        monkeypatch.setattr(sys, "stdin", Piped(mail))

        with pytest.raises(CommandError) as refused:
            call_command("receive_mail", org=slug)

        assert refused.value.returncode == code
        assert not RawPayload.objects.exists()

    def test_asks_to_be_called_again_while_the_database_is_away(self, monkeypatch):
        OrganizationFactory(slug="acme")
        monkeypatch.setattr(sys, "stdin", Piped())

        def away(*_):
            raise OperationalError("connection refused")

        with connection.execute_wrapper(away), pytest.raises(CommandError) as refused:
            call_command("receive_mail", org="acme")

        assert refused.value.returncode == 75
