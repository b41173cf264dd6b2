"""What mail and servers say of the address that a connection came from."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.hops import came_from, received_line, same, told_by

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXPECTED = "203.0.113.1"


def mail(*received: str) -> bytes:
    """Return a mail with Received lines, the topmost first."""
    lines = [*(f"Received: {line}" for line in received), "Subject: Test", "", "Hello", ""]
    return "\r\n".join(lines).encode()


class TestReceivedLine:
    def test_says_who_where_and_when(self):
        line = received_line(peer="203.0.113.1", helo="mta1.example", by="mx.example", at=AT)

        assert line == (
            b"Received: from mta1.example ([203.0.113.1])\r\n"
            b" by mx.example with ESMTP; Mon, 23 Nov 2026 12:00:00 +0000\r\n"
        )

    @given(helo=st.text(max_size=30), peer=st.ip_addresses().map(str))
    def test_is_read_back_whatever_the_client_calls_itself(self, helo, peer):
        line = received_line(peer=peer, helo=helo, by="mx.example", at=AT)

        assert line.count(b"\r\n") == 2
        assert same(came_from(line + b"\r\n", expected="127.0.0.1"), peer)


class TestCameFrom:
    @pytest.mark.parametrize(
        ("line", "address"),
        [
            ("from mta1.example (mta1.example [203.0.113.1])\r\n\tby mx.example; x", EXPECTED),
            ("from mta1.example ([203.0.113.1]:4711) by mx.example with esmtp", EXPECTED),
            ("from [10.0.0.5] (mta1.example [203.0.113.1]) by mx.example", EXPECTED),
            ("from a (b [IPv6:2001:db8::1]) by c", "2001:db8::1"),
            ("by mx.example with SMTP id abc", ""),
            ("from a by c ([203.0.113.9])", ""),
            ("from a ([999.1.1.1]) by c", ""),
        ],
    )
    def test_is_what_the_server_saw(self, line, address):
        assert came_from(mail(line), expected=EXPECTED) == address

    def test_is_the_topmost(self):
        hops = mail("from a ([203.0.113.1]) by mx", "from app ([10.0.0.1]) by mta")

        assert came_from(hops, expected=EXPECTED) == EXPECTED

    def test_passes_over_what_happened_inside_of_the_receiving_machine(self):
        hops = mail(
            "from localhost ([127.0.0.1]) by mx",
            "from b by mx (with LMTP)",
            "from a ([203.0.113.1]) by mx",
        )

        assert came_from(hops, expected=EXPECTED) == EXPECTED
        assert came_from(hops, expected="127.0.0.2") == "127.0.0.1"

    def test_is_nothing_without_a_line(self):
        assert came_from(mail(), expected=EXPECTED) == ""


class TestToldBy:
    @pytest.mark.parametrize(
        ("line", "address"),
        [
            ("250-mx.example at your service, [203.0.113.1]", EXPECTED),
            ("250-mail.example Hello mta1.example [203.0.113.1]", EXPECTED),
            ("250-mail.example Hello [IPv6:2001:DB8::1]", "2001:db8::1"),
            ("220 [10.0.0.1] ESMTP", ""),
            ("250-[10.0.0.1]", ""),
            ("250 Hello [you]", ""),
        ],
    )
    def test_is_our_address_and_never_the_servers(self, line, address):
        assert told_by(["220 mx.example ESMTP", line, "250 PIPELINING"]) == address
