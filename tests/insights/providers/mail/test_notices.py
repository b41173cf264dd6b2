"""Tests of finding recipients in the words of a report."""

from __future__ import annotations

import pytest

from insights.providers.mail.notices import entries_of, words_about

JANE = "jane@shop.example"


def addresses(notice: str, **options) -> list[str]:
    return [entry.address for entry in entries_of(notice, **options)]


class TestEntriesOf:
    @pytest.mark.parametrize(
        "notice",
        [
            f"<{JANE}>:\n198.51.100.7 does not like recipient.",
            f"<{JANE}>: host mx.shop.example said: 550 no",
            f"{JANE}: 550 no",
            f"   * {JANE}\n",
            f">>> {JANE} <{JANE}>",
            f"> {JANE}",
            f"550 <{JANE}>... User unknown",
            f"554 5.1.1 {JANE}... User unknown",
            f"Unknown user: {JANE}",
            f"Recipient: <{JANE}>",
            f"[Status: Error, Address: <{JANE}>, ResponseCode 421, , Host not reachable.]",
            f"{JANE} on Mon, 2 Nov 2026 09:00:00 -0000",
            f"{JANE} [User unknown]",
            f"The following addresses failed:\n\n  {JANE}\n    retry timeout exceeded",
            f"There was an error delivering your mail to <{JANE}>.",
            f"Your message to {JANE} couldn't be delivered.",
            f'The email could not be delivered to:\n"{JANE}" <{JANE}>',
            f"c=DE;a= ;p=SHOP;dda:SMTP={JANE}; on Mon",
            f"\t* [{JANE}]: 550 {JANE}...over quota",
            f"an undisclosed address\n    (generated from {JANE})",
        ],
    )
    def test_knows_the_shapes_in_which_reports_name_a_recipient(self, notice):
        assert addresses(notice) == [JANE]

    def test_takes_no_address_to_ask_at_for_a_recipient(self):
        notice = f"For help contact\n<help@relay.example>\n\n<{JANE}>: no such user"

        assert addresses(notice) == [JANE]

    def test_takes_no_sender_for_a_recipient(self):
        notice = (
            f"A message sent by\n\n  <news@acme.example>\n\nfailed:\n\n  {JANE}\n    no such user"
        )

        assert addresses(notice) == [JANE]

    def test_ignores_whom_it_is_told_to_unless_named_as_the_recipient(self):
        notice = f"Dear news@acme.example, {JANE} is unknown"

        assert addresses(notice, ignored=["NEWS@acme.example"]) == [JANE]
        assert addresses(f"<{JANE}>: unknown", ignored=[JANE]) == [JANE]

    def test_finds_nobody_where_several_are_only_mentioned(self):
        assert addresses("we like a@shop.example and b@shop.example") == []

    @pytest.mark.parametrize("local", ['"jane.doe"', "=?utf-8?B?8J+Q?=", "jane+tag", "o'neil"])
    def test_keeps_a_strange_local_part_as_it_stands(self, local):
        assert addresses(f"<{local}@shop.example>: no") == [f"{local}@shop.example"]

    def test_gives_each_recipient_its_own_words(self):
        first, second = entries_of("<a@b.example>:\nno such user\n\n<c@b.example>:\nmailbox full\n")

        assert (first.words, second.words) == ("no such user", "mailbox full")

    def test_gives_recipients_in_a_list_the_words_below_it(self):
        found = entries_of("  a@b.example\n  c@b.example\n\nReason: mailbox full")

        assert [entry.words for entry in found] == ["Reason: mailbox full"] * 2

    def test_gives_a_transcript_the_words_above_it(self):
        notice = ">>> RCPT To:<a@b.example>\n<<< 550 gone\n550 <a@b.example>... User unknown"

        (entry,) = entries_of(notice)

        assert entry.words == notice

    def test_gives_what_stands_above_where_nothing_follows(self):
        (entry,) = entries_of("------- Failure Reasons\n\nUser not listed\na@b.example\n")

        assert "User not listed" in entry.words


class TestWordsAbout:
    def test_are_those_of_the_recipient(self):
        notice = "<a@b.example>: one\n<c@b.example>: two"

        assert words_about("C@b.example", entries_of(notice), notice=notice) == "two"

    def test_are_all_where_the_recipient_is_not_named(self):
        assert words_about("x@b.example", entries_of("nobody"), notice="nobody") == "nobody"
