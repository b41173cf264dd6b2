"""Rows: what becomes of them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.importing.cleaning import (
    MAX_ATTRIBUTE_CHARS,
    MAX_NAME_CHARS,
    ImportedContact,
    clean_row,
    one_line,
    several_lines,
)
from campaigns.importing.languages import normalize_language, normalize_timezone
from campaigns.importing.mapping import ColumnMapping
from campaigns.importing.names import split_name
from campaigns.importing.table import Refusal, Row

TARGETS = ("email", "first_name", "last_name", "name", "language", "timezone", "attribute:city")


def cleaned(email="jo@example.com", **cells):
    mapping = ColumnMapping((*TARGETS, "ignore"))
    values = [email, *(cells.get(name, "") for name in ("first", "last", "name"))]
    values += [cells.get(name, "") for name in ("language", "timezone", "city", "ignored")]
    return clean_row(Row(7, values), mapping)


class TestCleanRow:
    def test_gives_the_contact(self):
        contact = cleaned(
            " Jo@EXAMPLE.com",
            first=" Jo ",
            last="Doe",
            language="de",
            timezone="Europe/Rome",
            city="Rome",
        )

        assert isinstance(contact, ImportedContact)
        assert contact.number == 7
        assert (contact.address.email, contact.address.key) == ("Jo@example.com", "jo@example.com")
        assert (contact.first_name, contact.last_name) == ("Jo", "Doe")
        assert (contact.language, contact.timezone) == ("de", "Europe/Rome")
        assert contact.attributes == {"city": "Rome"}
        assert contact.warnings == ()

    def test_leaves_empty_cells_out(self):
        contact = cleaned(city=" \t")

        assert contact.attributes == {}
        assert (contact.first_name, contact.language, contact.timezone) == ("", "", "")

    @pytest.mark.parametrize(
        ("email", "code"),
        [
            ("", "address_empty"),
            ("nobody", "address_without_at"),
            ("jo@example.com\r\nBcc: all@example.com", "address_control_character"),
            ("jo@example.com\r\nSubject: hello", "address_control_character"),
            ("jo\x00@example.com", "address_control_character"),
            ("jö@example.com", "address_local_not_ascii"),
        ],
    )
    def test_refuses_an_address_that_cannot_be_mailed(self, email, code):
        refusal = cleaned(email, city="Rome")

        assert isinstance(refusal, Refusal)
        assert (refusal.number, refusal.code) == (7, code)
        assert "Rome" in refusal.excerpt
        assert "\n" not in refusal.excerpt

    def test_turns_a_header_in_a_name_into_harmless_text(self):
        contact = cleaned(first="Jo\r\nBcc: all@example.com\x00\x07", last="Do\u202ee")

        assert contact.first_name == "Jo Bcc: all@example.com"
        assert contact.last_name == "Doe"

    def test_takes_an_address_out_of_its_brackets(self):
        contact = cleaned('"Doe, Jo" <jo@example.com>')

        assert contact.address.email == "jo@example.com"
        assert (contact.first_name, contact.last_name) == ("Jo", "Doe")

    def test_does_not_take_an_address_for_a_name(self):
        assert cleaned("jo@example.com <jo@example.com>").first_name == ""

    def test_prefers_the_parts_of_a_name_to_the_whole(self):
        contact = cleaned(first="Jo", name="Dr Joanna Doe")

        assert (contact.first_name, contact.last_name) == ("Jo", "")

    def test_takes_a_full_name_apart(self):
        contact = cleaned(name="Joanna\nvan der Berg")

        assert (contact.first_name, contact.last_name) == ("Joanna", "van der Berg")

    def test_finds_idn_domains(self):
        assert cleaned("jo@bücher.example").address.domain == "xn--bcher-kva.example"

    @pytest.mark.parametrize("field", ["first", "last", "city"])
    def test_refuses_a_value_that_is_too_long(self, field):
        limit = MAX_ATTRIBUTE_CHARS if field == "city" else MAX_NAME_CHARS

        refusal = cleaned(**{field: "x" * (limit + 1)})

        assert refusal.code == "value_too_long"
        assert f"{limit:,}" in refusal.reason
        assert len(refusal.excerpt) <= 200
        assert isinstance(cleaned(**{field: "x" * limit}), ImportedContact)

    def test_does_not_mind_the_length_of_what_it_ignores(self):
        assert isinstance(cleaned(ignored="x" * 100_000), ImportedContact)

    def test_keeps_a_contact_whose_language_or_zone_is_unknown(self):
        contact = cleaned(language="Klingon", timezone="Berlin time")

        assert (contact.language, contact.timezone) == ("", "")
        assert [warned.code for warned in contact.warnings] == [
            "note_unknown_language",
            "note_unknown_timezone",
        ]
        assert "“Berlin time”" in contact.warnings[1].message

    def test_warns_of_characters_that_could_not_be_read(self):
        contact = cleaned(first="J\ufffdrgen")

        assert contact.warnings[0].code == "note_unreadable_characters"

    def test_keeps_emoji_and_other_scripts(self):
        assert cleaned(first="👩\u200d🚀", last="מִרְיָם").first_name == "👩\u200d🚀"

    @given(st.lists(st.text(max_size=30), min_size=8, max_size=8))
    def test_never_lets_a_line_break_into_a_name(self, cells):
        cells[0] = "jo@example.com"

        contact = clean_row(Row(2, cells), ColumnMapping((*TARGETS, "ignore")))

        assert isinstance(contact, ImportedContact)
        for text in (contact.first_name, contact.last_name):
            assert not any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") for sign in text)
            text.encode()


class TestOneLine:
    @given(st.text())
    def test_is_idempotent(self, text):
        assert one_line(one_line(text)) == one_line(text)


class TestSeveralLines:
    @given(st.text())
    def test_is_idempotent(self, text):
        assert several_lines(several_lines(text)) == several_lines(text)

    def test_keeps_line_breaks_as_line_feeds(self):
        assert several_lines(" a\r\nb\rc\td\x00 ") == "a\nb\nc d"


class TestSplitName:
    @pytest.mark.parametrize(
        ("full", "parts"),
        [
            ("", ("", "")),
            ("Jo", ("Jo", "")),
            ("Jo Doe", ("Jo", "Doe")),
            ("Anna Maria Doe", ("Anna Maria", "Doe")),
            ("Doe, Jo", ("Jo", "Doe")),
            ("Doe,", ("Doe", "")),
            ("Jan van der Berg", ("Jan", "van der Berg")),
            ("Maria de la Cruz", ("Maria", "de la Cruz")),
            ("Van Morrison", ("Van", "Morrison")),
        ],
    )
    def test_gives_first_and_last_name(self, full, parts):
        assert split_name(full) == parts


class TestNormalizeLanguage:
    @pytest.mark.parametrize(
        ("raw", "tag"),
        [
            ("de", "de"),
            ("DE", "de"),
            ("pt_br", "pt-BR"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("de_DE.UTF-8", "de-DE"),
            ("fil", "fil"),
            ("ca-valencia", "ca-valencia"),
            ("German", None),
            ("d", None),
            ("de DE", None),
            ("de-", None),
            ("ду", None),
        ],
    )
    def test_gives_the_tag_in_its_usual_case(self, raw, tag):
        assert normalize_language(raw) == tag


class TestNormalizeTimezone:
    @pytest.mark.parametrize(
        ("raw", "name"),
        [
            ("Europe/Berlin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            ("America/New York", "America/New_York"),
            ("UTC", "UTC"),
            ("Berlin", None),
            ("../etc/passwd", None),
            ("+02:00", None),
        ],
    )
    def test_gives_the_name_in_the_database(self, raw, name):
        assert normalize_timezone(raw) == name
