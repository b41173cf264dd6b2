"""Pieces in quoted-printable decode to their texts, alone and joined."""

from __future__ import annotations

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rendering.message import TOKEN_MAX_LENGTH
from campaigns.rendering.quoted import around_token, quoted, stands_for_itself, with_line_feeds
from tests.campaigns.rendering.samples import text_values

texts = st.one_of(
    text_values,
    st.lists(
        st.one_of(st.sampled_from([".", "From ", " \n", "\t\n", "=", "\r", "é"]), st.text("x")),
        max_size=12,
    ).map("".join),
    st.builds(
        lambda n, end: "x" * n + end, st.integers(70, 80), st.sampled_from([" ", " \n", "."])
    ),
)


def decoded(data: str) -> str:
    return quopri.decodestring(data.encode("ascii")).decode().replace("\r\n", "\n")


def assert_sound_lines(data: str) -> None:
    assert data == "" or data.endswith("\r\n")
    for line in data.split("\r\n"):
        assert len(line) <= 76
        assert not {"\r", "\n"} & set(line)
        assert not line.startswith((".", "From "))
        assert not line.endswith((" ", "\t"))


class TestQuoted:
    @given(texts)
    def test_decodes_to_the_text_with_line_feeds(self, text):
        assert decoded(quoted(text)) == with_line_feeds(text)

    @given(texts)
    def test_writes_sound_lines(self, text):
        assert_sound_lines(quoted(text))

    @given(st.lists(texts, max_size=5))
    def test_decodes_joined_pieces_to_joined_texts(self, pieces):
        data = "".join(map(quoted, pieces))

        assert decoded(data) == "".join(map(with_line_feeds, pieces))
        assert_sound_lines(data)

    @pytest.mark.parametrize(
        ("text", "data"),
        [
            ("", ""),
            ("Robin", "Robin=\r\n"),
            ("a ", "a =\r\n"),
            ("a \n", "a=20\r\n"),
            ("é\r\n", "=C3=A9\r\n"),
            ("a\rb\n", "a\r\nb\r\n"),
            (".", "=2E=\r\n"),
            ("From me", "=46rom me=\r\n"),
            ("\ud800", "?=\r\n"),
        ],
    )
    def test_writes_what_is_expected(self, text, data):
        assert quoted(text) == data


class TestStandsForItself:
    @given(texts)
    def test_only_says_so_of_texts_that_need_no_encoding_anywhere(self, text):
        if stands_for_itself(text):
            assert not set(text) & set("&<>'\"=")
            assert quoted(text) in {text + "=\r\n", ""}

    @pytest.mark.parametrize("text", ["Robin", "a@b.example", "x" * 75, "", "Town 7", "100%"])
    def test_knows_the_common_values(self, text):
        assert stands_for_itself(text)

    @pytest.mark.parametrize("text", ["x" * 76, "a\n", "é", "a=b", "a&b", ".x", "From x", "O'N"])
    def test_knows_the_others(self, text):
        assert not stands_for_itself(text)


class TestAroundToken:
    @given(
        before=st.text("https://.a-é?=", max_size=200),
        after=st.sampled_from(["", ".1", ".12345", ".gif"]),
        token=st.text("azAZ09-_.", max_size=TOKEN_MAX_LENGTH),
    )
    def test_leaves_room_for_any_token(self, before, after, token):
        lead, end = around_token(before, after)

        assert decoded(lead + token + end) == before + token + after
        assert max(map(len, (lead + token + end).split("\r\n"))) <= 76

    def test_keeps_a_short_address_in_one_line(self):
        assert around_token("https://t.example/t/c/", ".1") == ("https://t.example/t/c/", ".1=\r\n")
