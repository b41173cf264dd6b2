import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.serializers import ValidationError

from common.api.fields import (
    MAXIMUM_JSON_CHARACTERS,
    MAXIMUM_JSON_DEPTH,
    AddressField,
    JsonObjectField,
    LineField,
    TimeZoneNameField,
)


class TestLineField:
    @pytest.mark.parametrize("sign", ["\r", "\n", "\r\nBcc: all@example.com", "\x1b", "\u2028"])
    def test_refuses_what_would_begin_another_header(self, sign):
        with pytest.raises(ValidationError, match="Line breaks"):
            LineField().run_validation(f"Sale{sign}now")

    @pytest.mark.parametrize("text", ["Sale", "Größe & more", "שלום", "🎉 today"])
    def test_keeps_every_other_text(self, text):
        assert LineField().run_validation(text) == text


class TestAddressField:
    def test_keeps_the_address_as_it_was_typed(self):
        assert AddressField().run_validation("Ada@Example.COM") == "Ada@Example.COM"

    @pytest.mark.parametrize("text", ["ada", "ada@", "a b@c.de", "a@b.de\nBcc: b@c.de"])
    def test_refuses_what_cannot_be_mailed(self, text):
        with pytest.raises(ValidationError):
            AddressField().run_validation(text)


class TestTimeZoneNameField:
    def test_takes_a_name_of_the_database(self):
        assert TimeZoneNameField().run_validation("Europe/Berlin") == "Europe/Berlin"

    @pytest.mark.parametrize("name", ["Berlin", "../../etc/passwd", "europe/berlin"])
    def test_refuses_every_other(self, name):
        with pytest.raises(ValidationError, match="no time zone"):
            TimeZoneNameField().run_validation(name)


class TestJsonObjectField:
    @given(st.dictionaries(st.text("abc", max_size=3), st.integers() | st.booleans(), max_size=4))
    def test_keeps_an_object(self, value):
        assert JsonObjectField().run_validation(value) == value

    @pytest.mark.parametrize("value", [[], "text", 3, True])
    def test_refuses_everything_else(self, value):
        with pytest.raises(ValidationError, match="must be an object"):
            JsonObjectField().run_validation(value)

    @pytest.mark.parametrize("text", ["\x00", "\ud800"])
    @pytest.mark.parametrize("place", ["name", "value", "deep"])
    def test_refuses_what_the_database_cannot_store(self, text, place):
        value = {"name": {text: 1}, "value": {"a": text}, "deep": {"a": [{"b": text}]}}[place]

        with pytest.raises(ValidationError, match="cannot be stored"):
            JsonObjectField().run_validation(value)

    def test_refuses_endless_nesting(self):
        value = {}
        for _ in range(MAXIMUM_JSON_DEPTH + 1):
            value = {"a": value}

        with pytest.raises(ValidationError, match="nested"):
            JsonObjectField().run_validation(value)

    def test_refuses_an_endless_text(self):
        with pytest.raises(ValidationError, match="too long"):
            JsonObjectField().run_validation({"a": "x" * MAXIMUM_JSON_CHARACTERS})
