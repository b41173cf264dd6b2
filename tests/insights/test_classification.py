"""Tests of what a refusal means."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.classification import certain_class, classify_refusal, enhanced_code_in
from insights.classification.codes import ENHANCED_CODES, class_of_code, class_of_enhanced
from insights.classification.matching import words_of
from insights.classification.stages import Stage, stage_of
from insights.classification.wordings import WORDINGS, wording_of
from insights.events import BounceClass

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "feedback.md"

HARD, SOFT = BounceClass.HARD, BounceClass.SOFT
BLOCK, EXPIRED = BounceClass.BLOCK, BounceClass.EXPIRED

# What large providers answer, in their own words.
PROVIDERS = [
    (HARD, 550, "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist."),
    (SOFT, 550, "5.2.1", "550-5.2.1 The email account that you tried to reach is disabled."),
    (SOFT, 552, "5.2.2", "552-5.2.2 The recipient's inbox is out of storage space and inactive."),
    (BLOCK, 550, "5.7.26", "550-5.7.26 Blocked because the sender is unauthenticated."),
    (BLOCK, 550, "5.7.25", "550-5.7.25 The IP address does not have a PTR record setup."),
    (BLOCK, 550, "5.7.1", "550-5.7.1 this message is likely unsolicited mail."),
    (BLOCK, 421, "4.7.28", "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail"),
    (HARD, 550, "5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable (S2017)."),
    (BLOCK, 550, "5.7.1", "550 5.7.1 part of their network is on our block list (S3140)."),
    (BLOCK, 550, "5.7.1", "550 5.7.1 Service unavailable, banned sending IP [192.0.2.1]"),
    (BLOCK, 550, "5.7.515", "550 5.7.515 Access denied, does not meet the authentication level."),
    (HARD, 550, "5.4.1", "550 5.4.1 Recipient address rejected: Access denied. [FT033.eop]"),
    (HARD, 550, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP address"),
    (BLOCK, 550, "5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup"),
    (BLOCK, 451, "4.7.650", "451 4.7.650 temporarily rate limited due to IP reputation."),
    (
        HARD,
        554,
        "",
        "554 delivery error: dd This user doesn't have a yahoo.com account [0]",
    ),
    (SOFT, 554, "", "554 30 Sorry, your message cannot be delivered. This mailbox is disabled."),
    (BLOCK, 421, "4.7.0", "421 4.7.0 [TSS04] temporarily deferred due to user complaints"),
    (BLOCK, 553, "5.7.1", "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1"),
    (BLOCK, 554, "5.7.9", "554 5.7.9 Message not accepted for policy reasons."),
    (HARD, 550, "5.1.1", "550 5.1.1 <a@icloud.com>: user does not exist"),
    (SOFT, 552, "5.2.2", "552 5.2.2 <a@icloud.com>: user is over quota"),
    (BLOCK, 554, "5.7.1", "554 5.7.1 [HM08] Message rejected due to local policy."),
    (HARD, 550, "", "550 Requested action not taken: mailbox unavailable. See https://gmx.net/x"),
    (BLOCK, 554, "", "554 Transaction failed Reject due to policy restrictions."),
    (HARD, 550, "5.1.1", "550 5.1.1 Invalid recipient. [416]"),
    (
        HARD,
        550,
        "",
        "550 invalid mailbox. Local mailbox is unavailable: user not found",
    ),
    (SOFT, 550, "", "550 Local mailbox is unavailable: account is disabled"),
    (HARD, 550, "5.7.1", "550 5.7.1 No such user!"),
    (HARD, 550, "", "550 #5.1.0 Address rejected."),
    (HARD, 542, "5.0.0", "542 jane@shop.example Rejected"),
    (BLOCK, 550, "5.0.0", "550 : User unknown"),
    (HARD, 550, "5.1.1", "550 <sato@carrier.example>: User unknown"),
    (BLOCK, 550, "5.1.1", "550 5.1.1 Refused due to recipient preferences"),
    (BLOCK, 550, "5.1.1", "550 5.1.1 192.0.2.1 has sent to too many recipients this hour."),
]
CODES = [
    (HARD, 550, "5.1.1", ""),
    (HARD, 550, "5.1.2", ""),
    (HARD, 550, "5.1.6", "551 not our user"),
    (HARD, 556, "5.1.10", "556 5.1.10 null MX"),
    (BLOCK, 550, "5.1.8", "550 5.1.8 Domain of sender address does not exist"),
    (SOFT, 550, "5.2.1", ""),
    (SOFT, 552, "5.3.4", "552 5.3.4 Message size exceeds fixed limit"),
    (SOFT, 552, "", "552 Requested mail action aborted"),
    (SOFT, 452, "4.3.1", "452 4.3.1 Insufficient system storage"),
    (EXPIRED, None, "4.4.7", "delivery time expired"),
    (EXPIRED, 451, "", "451 Requested action aborted"),
    (EXPIRED, 450, "4.1.1", "450 4.1.1 <a@b.example>: User unknown"),
    (BLOCK, 554, "", "554 Transaction failed"),
    (BLOCK, 550, "5.7.1", "550 5.7.1 User unknown"),
    (BLOCK, 550, "5.7.1", "550 5.7.1 Relay access denied"),
    (BLOCK, None, "", ""),
]
WORDS = [
    (HARD, "No such user here"),
    (HARD, "Sorry, no mailbox here by that name"),
    (HARD, "unrouteable address"),
    (HARD, "Host or domain name not found. Name service error for name=a.example: Host not found"),
    (EXPIRED, "Name service error for domain a.example: Host not found, try again"),
    (EXPIRED, "message has been in the queue too long"),
    (EXPIRED, "retry timeout exceeded"),
    (HARD, "User jane not listed in Domino Directory"),
    (HARD, "Пользователь не найден"),
    (HARD, "この宛先は存在しません"),
    (SOFT, "Boîte du destinataire pleine"),
    (SOFT, "Postfach voll"),
    (SOFT, "The e-mail could not be delivered because the user's mailfolder is full"),
    (BLOCK, "User unknown, because your IP is listed at zen.spamhaus.org"),
    (BLOCK, "Too many hops 26 (25 max)"),
    (BLOCK, "relaying denied"),
]


class TestClassifyRefusal:
    @pytest.mark.parametrize(("meaning", "code", "enhanced", "response"), PROVIDERS)
    def test_understands_the_words_of_providers(self, meaning, code, enhanced, response):
        assert classify_refusal(code, enhanced, response) is meaning

    @pytest.mark.parametrize(("meaning", "code", "enhanced", "response"), CODES)
    def test_follows_the_codes(self, meaning, code, enhanced, response):
        assert classify_refusal(code, enhanced, response) is meaning

    @pytest.mark.parametrize(("meaning", "response"), WORDS)
    def test_understands_words_without_a_code(self, meaning, response):
        assert classify_refusal(None, "", response) is meaning

    @pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.HELO, Stage.MAIL])
    def test_takes_no_refusal_of_the_sender_for_one_of_the_recipient(self, stage):
        assert classify_refusal(550, "5.1.1", "550 5.1.1 User unknown", stage=stage) is BLOCK

    def test_believes_an_unknown_user_after_the_content_only_with_a_code_for_the_address(self):
        bare = classify_refusal(550, "", "550 User unknown", stage=Stage.DATA)
        coded = classify_refusal(550, "5.1.1", "550 5.1.1 User unknown", stage=Stage.DATA)

        assert (bare, coded) == (BLOCK, HARD)

    def test_believes_words_that_say_where_was_looked_after_the_content_as_well(self):
        words = "554 delivery error: dd This user doesn't have a yahoo.com account [0]"

        assert classify_refusal(554, "", words, stage=Stage.DATA) is HARD

    def test_reads_the_code_and_the_command_out_of_the_words(self):
        words = "host mx.a.example said: 553 5.1.1 no (in reply to MAIL FROM command)"

        assert classify_refusal(None, "", words) is BLOCK
        assert classify_refusal(None, "", "(#5.1.1)") is HARD

    @pytest.mark.parametrize("text", ["See https://a.example/user-unknown", "<spam@list.example>"])
    def test_reads_no_meaning_into_links_and_addresses(self, text):
        assert certain_class(550, "", text) is None

    @given(st.one_of(st.none(), st.integers(200, 599)), st.text(max_size=12), st.text(max_size=300))
    def test_knows_a_class_for_anything(self, code, enhanced, response):
        assert classify_refusal(code, enhanced, response) in BounceClass

    @given(st.integers(400, 499), st.text(max_size=200))
    def test_never_calls_hard_what_could_have_been_tried_again(self, code, response):
        words = words_of(response).replace("5.", "4.")

        assert classify_refusal(code, "4.0.0", words) is not HARD

    @pytest.mark.parametrize("word", ["user ", "domain ", "message ", "relay ", "sender ", "5.1."])
    def test_takes_little_time_on_the_worst_words(self, word):
        began = time.process_time()

        classify_refusal(550, "", word * 2_000)

        assert time.process_time() - began < 0.5


class TestTables:
    def test_name_every_wording_once(self):
        names = [wording.name for wording in WORDINGS]

        assert len(names) == len(set(names))

    def test_let_no_wording_match_everything(self):
        assert all(not wording.pattern.search("Hello, how are you?") for wording in WORDINGS)

    def test_name_codes_as_the_registry_writes_them(self):
        assert all(code[0] in "5x" and code.count(".") == 2 for code in ENHANCED_CODES)

    @pytest.mark.parametrize(
        ("code", "meaning"),
        [("5.1.1", HARD), ("4.2.2", SOFT), ("5.7.99", BLOCK), ("5.0.0", None), ("", None)],
    )
    def test_read_an_enhanced_code_alone(self, code, meaning):
        assert class_of_enhanced(code) is meaning

    @pytest.mark.parametrize(
        ("code", "meaning"), [(550, BLOCK), (552, SOFT), (421, EXPIRED), (None, BLOCK)]
    )
    def test_never_suppress_by_an_smtp_code_alone(self, code, meaning):
        assert class_of_code(code) is meaning


class TestWordingOf:
    def test_prefers_what_is_about_the_sender(self):
        found = wording_of("User unknown; sender address rejected")

        assert found is not None
        assert found.name == "sender"

    @pytest.mark.parametrize(
        ("words", "name"),
        [
            ("552 Requested mail action aborted: exceeded storage allocation", "full"),
            ("552 Message exceeds fixed size", "size"),
            ("552 mail exceeds the limit", "size"),
        ],
    )
    def test_tells_a_full_mailbox_from_a_large_message(self, words, name):
        assert wording_of(words).name == name

    def test_knows_nothing_of_a_greeting(self):
        assert wording_of("Hello") is None


class TestStageOf:
    @pytest.mark.parametrize(
        ("text", "stage"),
        [
            ("SMTP error from remote mail server after RCPT TO:<a@b.example>:", Stage.RCPT),
            ("SMTP error from remote mail server after initial connection:", Stage.CONNECT),
            ("SMTP error from remote mail server after end of data:", Stage.DATA),
            ("(in reply to end of DATA command)", Stage.DATA),
            ("(in reply to MAIL FROM command)", Stage.MAIL),
            ("refused to talk to me: 554 No", Stage.CONNECT),
            ("198.51.100.7 does not like recipient.", Stage.RCPT),
            ("Connected to 198.51.100.7 but sender was rejected.", Stage.MAIL),
            ("mx.a.example [198.51.100.7] did not like our final DATA:", Stage.DATA),
            (">>> RCPT To:<a@b.example>", Stage.RCPT),
            (">>> DATA", None),
            ("User unknown", None),
        ],
    )
    def test_knows_how_mail_systems_name_the_command(self, text, stage):
        assert stage_of(text) is stage


class TestEnhancedCodeIn:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("550 5.1.1 no", "5.1.1"),
            ("no (#5.7.1)", "5.7.1"),
            ("4.7.650 wait", "4.7.650"),
            ("from 5.1.1.1 only", ""),
            ("version 3.1.1", ""),
        ],
    )
    def test_finds_a_code_but_no_address_and_no_version(self, text, code):
        assert enhanced_code_in(text) == code


class TestDocumentation:
    def test_says_of_each_code_what_the_tables_say(self):
        rows = re.findall(r"^\| (\d\.[^|]+) \| (\w+) \|$", DOCUMENTATION.read_text(), re.MULTILINE)
        documented = {code: meaning for codes, meaning in rows for code in codes.split(", ")}

        assert documented
        assert {code: class_of_enhanced(code) for code in documented} == documented

    def test_names_every_code_of_the_tables(self):
        text = DOCUMENTATION.read_text()

        assert all(code.replace("x.", "5.") in text for code in ENHANCED_CODES)
