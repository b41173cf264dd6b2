"""The wordings of the mailbox providers."""

from __future__ import annotations

import re

import pytest

from iprouting.breakers import answer_text, fitting
from iprouting.queries.breakers import rules
from sandbox.behaviour import Behaviour
from sandbox.providers import GMAIL, GMX, OTHER, OUTLOOK, PROVIDERS, YAHOO, provider_of

VALUES = {
    "address": "anna@gmail.example",
    "ip": "127.0.0.2",
    "queue": "0000001ABCDEF",
    "number": 112589990,
    "host": "mx.example",
    "stamp": "2026-11-23T08:00:00.000Z",
    "epoch": 1795420800,
    "message_id": "<1.a@news.demo.example>",
    "size": 6000,
}
WORDED = [
    (provider, behaviour)
    for provider in PROVIDERS
    for behaviour in (
        Behaviour.ACCEPT, Behaviour.UNKNOWN, Behaviour.FULL, Behaviour.DEFER, Behaviour.BLOCK,
        Behaviour.BUSY,
    )
]  # fmt: skip


class TestProviderOf:
    @pytest.mark.parametrize(
        ("address", "provider"),
        [
            ("a@gmail.example", GMAIL),
            ("a@GMAIL.example", GMAIL),
            ("a@hotmail.example", OUTLOOK),
            ("a@mail.yahoo.example", YAHOO),
            ("a@web.example", GMX),
            ("a@notgmail.example", OTHER),
            ("gmail@shop.example", OTHER),
            ("", OTHER),
        ],
    )
    def test_goes_by_the_labels_of_the_domain(self, address, provider):
        assert provider_of(address) is provider


class TestWordings:
    @pytest.mark.parametrize(("provider", "behaviour"), WORDED)
    def test_are_wellformed_replies(self, provider, behaviour):
        lines = provider.wordings[behaviour].encode(VALUES).decode("ascii").split("\r\n")

        assert lines.pop() == ""
        code = lines[0][:3]
        assert all(line.startswith(f"{code}-") for line in lines[:-1])
        assert lines[-1].startswith(f"{code} ")
        assert all(len(line) <= 510 for line in lines)  # RFC 5321 4.5.3.1.5, without CRLF

    @pytest.mark.parametrize(("provider", "behaviour"), WORDED)
    def test_have_the_code_of_their_meaning(self, provider, behaviour):
        code = provider.wordings[behaviour].code

        allowed = {
            Behaviour.ACCEPT: {250},
            Behaviour.UNKNOWN: {550, 554},
            Behaviour.FULL: {450, 452, 552, 554},
            Behaviour.DEFER: {450, 451},
            Behaviour.BLOCK: {550, 554},
            Behaviour.BUSY: {421},
        }
        assert code in allowed[behaviour]

    @pytest.mark.parametrize(("provider", "behaviour"), WORDED)
    def test_repeat_an_enhanced_code_that_agrees_with_the_code(self, provider, behaviour):
        wording = provider.wordings[behaviour]

        lines = wording.encode(VALUES).decode().splitlines()

        found = [re.match(r"\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b", line) for line in lines]
        assert all(bool(match) == bool(wording.enhanced) for match in found)
        assert all(match[1][0] == str(wording.code)[0] for match in found if match)

    def test_gmail_says_over_four_lines_that_there_is_no_such_user(self):
        said = GMAIL.wordings[Behaviour.UNKNOWN].encode(VALUES).decode()

        assert said.count("\r\n") == 4
        assert said.startswith("550-5.1.1 The email account that you tried to reach does not exist")
        assert said.endswith("550 5.1.1  https://support.google.com/mail/?p=NoSuchUser "
                             "0000001ABCDEF - gsmtp\r\n")  # fmt: skip

    def test_yahoo_tells_only_after_the_body_who_does_not_exist(self):
        assert YAHOO.wordings[Behaviour.UNKNOWN].after_body

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("provider", "behaviour"), [one for one in WORDED if one[1] is not Behaviour.BUSY]
    )
    def test_of_single_mailboxes_keep_no_ip_from_its_provider(self, provider, behaviour):
        wording = provider.wordings[behaviour]
        said = wording.encode(VALUES).decode().splitlines()
        text = answer_text(wording.code, "\n".join(line[4:] for line in said))

        assert fitting(rules(), provider=provider.name, text=text) == []
