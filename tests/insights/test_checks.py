"""Misconfigured nameservers are named before anything is looked up."""

import pytest

from insights import checks


def ids(found):
    return [message.id for message in found]


class TestCheckNameservers:
    @pytest.mark.parametrize("given", [["192.0.2.1"], ["192.0.2.1:5353", "[2001:db8::1]:53"]])
    def test_accepts_addresses(self, settings, given):
        settings.MAILWRIGHT = settings.MAILWRIGHT | {"DNS_SERVERS": given}

        assert checks.check_nameservers() == []

    def test_names_what_is_no_address(self, settings):
        settings.MAILWRIGHT = settings.MAILWRIGHT | {"DNS_SERVERS": ["dns.example"]}

        [error] = checks.check_nameservers()

        assert error.id == "insights.E001"
        assert "dns.example" in error.msg
        assert "MAILWRIGHT_DNS_SERVERS" in error.msg

    @pytest.mark.parametrize(("known", "found"), [(True, []), (False, ["insights.W002"])])
    def test_warns_where_the_system_knows_none_either(self, settings, monkeypatch, known, found):
        settings.MAILWRIGHT = settings.MAILWRIGHT | {"DNS_SERVERS": []}
        monkeypatch.setattr(checks, "system_has_nameserver", lambda: known)

        assert ids(checks.check_nameservers()) == found
