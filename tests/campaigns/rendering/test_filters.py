"""The filters beside Liquid's own; the same with and without the engine."""

from __future__ import annotations

import datetime as dt

import pytest

from campaigns.rendering import Content, compile_message
from tests.campaigns.rendering.samples import SENDER, message

VIENNA = {"timezone": "Europe/Vienna"}


def filled(expression: str, contact: dict[str, object], organization=None) -> str:
    """Return an output filled without the engine, having checked that the engine agrees."""
    results = set()
    for force in ("", "{% assign forced = 1 %}{% if true %}", "{% assign x = 1 %}"):
        end = "{% endif %}" if "if" in force else ""
        shadow = (
            f"{{% assign v = {expression} %}}{{{{ v }}}}" if force else f"{{{{ {expression} }}}}"
        )
        compiled = compile_message(
            Content(f"{force}[{shadow}]{end}", "h", "t"),
            sender=SENDER,
            variables={"organization": organization or {}},
        )
        results.add(compiled.preview(message(contact)).subject)
    (result,) = results
    return result[1:-1]


class TestDate:
    @pytest.mark.parametrize(
        ("value", "form", "expected"),
        [
            ("2026-11-23", "%d.%m.%Y", "23.11.2026"),
            ("2026-11-23T23:30:00Z", "%d.%m. %H:%M", "24.11. 00:30"),
            ("2026-11-23T23:30:00+00:00", "%d.%m. %H:%M", "24.11. 00:30"),
            ("2026-11-23 10:00", "%H:%M", "10:00"),
            (dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC), "%H:%M %Z", "14:00 CEST"),
            (dt.date(2026, 7, 1), "%-d %B", "1 July"),
            (1795424400, "%Y-%m-%d %H:%M", "2026-11-23 10:00"),
            ("1795424400", "%H:%M", "10:00"),
            ("now", "%Y-%m-%d %H:%M", "2026-11-23 10:00"),
            ("today", "%A", "Monday"),
            ("next spring", "%Y", "next spring"),
            ("", "%Y", ""),
            (None, "%Y", ""),
            (True, "%Y", "True"),
            ("2026-13-45", "%Y", "2026-13-45"),
            ("9" * 400, "%Y", "9" * 400),
        ],
    )
    def test_writes_a_moment_in_the_zone_of_the_contact(self, value, form, expected):
        contact = {**VIENNA, "value": value}

        assert filled(f'contact.value | date: "{form}"', contact) == expected

    @pytest.mark.parametrize(
        ("contact", "organization", "expected"),
        [
            ({}, {}, "09:00"),
            ({}, {"timezone": "Asia/Tokyo"}, "18:00"),
            ({"timezone": ""}, {"timezone": "Asia/Tokyo"}, "18:00"),
            ({"timezone": "America/New_York"}, {"timezone": "Asia/Tokyo"}, "04:00"),
            ({"timezone": "../../etc/passwd"}, {}, "09:00"),
            ({"timezone": "Nowhere/Land"}, {"timezone": "Asia/Tokyo"}, "18:00"),
        ],
    )
    def test_falls_back_to_the_zone_of_the_organization(self, contact, organization, expected):
        assert filled('"now" | date: "%H:%M"', contact, organization) == expected

    def test_knows_a_form_of_its_own(self):
        assert filled('"2026-03-01" | date', {}) == "1 March 2026"

    def test_gives_the_day_of_the_message_as_a_variable(self):
        assert filled("today", VIENNA) == "2026-11-23"
        assert filled("now | date: '%H:%M'", VIENNA) == "10:00"


class TestNumber:
    @pytest.mark.parametrize(
        ("call", "value", "expected"),
        [
            ("number", 1234567, "1,234,567"),
            ("number", "1234.5", "1,234"),
            ("number: 2", 1234.5, "1,234.50"),
            ("number: 2, '.', ','", 1234.5, "1.234,50"),
            ("number: 2, ' ', ','", -1234567.891, "-1 234 567,89"),
            ("number: 2", "2.675", "2.68"),
            ("number: 'x'", 5, "5"),
            ("number: 99", 1, "1." + "0" * 20),
            ("number", "many", "many"),
            ("number", None, ""),
            ("number: 1", "", ""),
        ],
    )
    def test_writes_decimals_and_thousands(self, call, value, expected):
        assert filled(f"contact.value | {call}", {"value": value}) == expected


class TestTitlecase:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [("anna maria", "Anna Maria"), ("McDonald", "McDonald"), ("ärger", "Ärger"), (None, "")],
    )
    def test_raises_first_letters_only(self, value, expected):
        assert filled("contact.value | titlecase", {"value": value}) == expected


class TestPluralize:
    @pytest.mark.parametrize(
        ("value", "expected"), [(1, "day"), ("1", "day"), (1.0, "day"), (0, "days"), (2, "days")]
    )
    def test_chooses_by_the_number(self, value, expected):
        assert filled('contact.value | pluralize: "day", "days"', {"value": value}) == expected


class TestReplaceAndJoin:
    def test_do_what_liquid_has_them_do(self):
        contact = {"value": "a,b", "items": ["x", 3]}

        assert filled("contact.value | replace: ',', ' & '", contact) == "a & b"
        assert filled("contact.items | join: '-'", contact) == "x-3"
        assert filled("contact.value | replace: ','", contact) == "ab"
        assert filled("contact.missing | replace: 'None', 'x'", contact) == ""
