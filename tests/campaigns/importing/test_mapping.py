"""Columns: what they are taken for, and which mappings are accepted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.importing.headers import known_target
from campaigns.importing.mapping import (
    MAX_KEY_CHARS,
    ColumnMapping,
    MappingError,
    attribute_key,
    guess_mapping,
)


class TestKnownTarget:
    @pytest.mark.parametrize(
        ("headers", "target"),
        [
            ("Email, E-Mail, e_mail, EMAIL ADDRESS", "email"),
            ("E-Mail-Adresse, Adresse e-mail, Courriel", "email"),  # typos-ignore
            ("Correo electrónico, Indirizzo e-mail, E-mailadres, Endereço de e-mail", "email"),
            ("Adres e-mail, E-post, Электронная почта", "email"),  # typos-ignore
            ("First name, FNAME, first_name, Vorname, Prénom, Nombre, Nome", "first_name"),
            ("Voornaam, Imię, Förnamn, Fornavn, Jméno, Имя", "first_name"),
            ("Last name, Surname, Nachname, Nom de famille, Apellidos, Cognome", "last_name"),
            ("Achternaam, Sobrenome, Nazwisko, Efternamn, Příjmení, Soyad\u0131", "last_name"),
            ("Name, Full Name, Nome completo, Naam, Imię i nazwisko", "name"),
            ("Nom complet", "name"),  # typos-ignore
            ("Language, Sprache, Langue, Idioma, Lingua, Taal, Język", "language"),
            ("Time zone, Timezone, Zeitzone, Fuseau horaire, Fuso orario", "timezone"),
        ],
    )
    def test_understands_several_languages(self, headers, target):
        assert {known_target(header) for header in headers.split(", ")} == {target}

    @pytest.mark.parametrize("header", ["", "City", "Emails sent", "Column 1", "named"])
    def test_knows_what_it_does_not_know(self, header):
        assert known_target(header) is None


class TestGuessMapping:
    def test_goes_by_the_names_of_the_columns(self):
        columns = ["E-Mail", "Vorname", "Nachname", "Sprache", "Zeitzone", "Größe"]
        rows = [["jo@example.com", "Jo", "Doe", "de", "Europe/Berlin", "42"]]

        guessed = guess_mapping(columns, rows)

        assert guessed.targets == (
            "email",
            "first_name",
            "last_name",
            "language",
            "timezone",
            "attribute:grosse",
        )

    def test_goes_by_the_content_where_the_name_says_nothing(self):
        columns = ["Column 1", "Column 2", "Column 3"]
        rows = [["7", "jo@example.com", ""], ["8", "not an address", ""], ["9", "a@b.example", ""]]

        guessed = guess_mapping(columns, rows)

        assert guessed.targets == ("attribute:column_1", "email", "ignore")

    def test_trusts_the_content_more_than_the_name(self):
        columns = ["Email", "Login"]
        rows = [["yes", "jo@example.com"], ["no", "ann@example.com"]]

        guessed = guess_mapping(columns, rows)

        assert guessed.targets == ("attribute:field_email", "email")

    def test_takes_the_named_column_of_two_with_addresses(self):
        columns = ["Invited by", "Email", "Work email"]
        rows = [["boss@example.com", "jo@example.com", "jo@work.example"]]

        guessed = guess_mapping(columns, rows)

        assert guessed.targets == ("attribute:invited_by", "email", "attribute:work_email")

    def test_sees_full_names_in_a_lone_column(self):
        rows = [["a@example.com", "Ada Lovelace"], ["b@example.com", "Alan Turing"]]

        assert guess_mapping(["Email", "Nome"], rows).targets == ("email", "name")

    def test_keeps_a_lone_column_of_first_names(self):
        rows = [["a@example.com", "Ada"], ["b@example.com", "Mary Ann"], ["c@example.com", "Al"]]

        assert guess_mapping(["Email", "Nome"], rows).targets == ("email", "first_name")

    def test_leaves_the_email_open_when_no_column_has_addresses(self):
        assert "email" not in guess_mapping(["City", "Age"], [["Rome", "42"]]).targets

    def test_takes_a_column_named_so_when_there_are_no_rows_to_look_at(self):
        assert guess_mapping(["Age", "Email"], []).targets == ("attribute:age", "email")

    @given(
        st.lists(
            st.one_of(st.sampled_from(["Email", "Name", "City", "City ", "E-Mail"]), st.text()),
            min_size=1,
            max_size=6,
            unique=True,
        ),
        st.data(),
    )
    def test_always_gives_a_mapping_that_is_accepted_back(self, columns, data):
        cells = st.lists(st.text(max_size=5), min_size=len(columns), max_size=len(columns))
        rows = data.draw(st.lists(cells, max_size=3))

        guessed = guess_mapping(columns, rows)

        targets = [target for target in guessed.targets if target != "ignore"]
        assert len(targets) == len(set(targets))
        if "email" in targets:
            by_position = {str(i): target for i, target in enumerate(guessed.targets, 1)}
            names = [f"column {position}" for position in range(len(columns))]
            assert ColumnMapping.from_json(by_position, columns=names) == guessed


class TestAttributeKey:
    @pytest.mark.parametrize(
        ("header", "key"),
        [
            ("City", "city"),
            ("Größe (cm)", "grosse_cm"),
            ("  Date of--Birth ", "date_of_birth"),
            ("Łódź", "lodz"),
            ("2026 total", "field_2026_total"),
            ("Город", "column_3"),
            ("", "column_3"),
            ("if", "field_if"),
            ("Email", "field_email"),
            ("x" * 100, "x" * MAX_KEY_CHARS),
        ],
    )
    def test_can_be_written_in_a_template(self, header, key):
        assert attribute_key(header, position=3) == key

    def test_is_not_taken_twice(self):
        assert attribute_key("City", taken=["city", "city_2"]) == "city_3"
        assert attribute_key("x" * 100, taken=["x" * 60]) == "x" * 58 + "_2"


class TestColumnMapping:
    COLUMNS = ("E-Mail", "Name", "City")

    def test_goes_through_json_and_back(self):
        mapping = ColumnMapping(("email", "name", "attribute:city"))

        text = json.dumps(mapping.as_json(columns=self.COLUMNS))

        assert ColumnMapping.from_json(json.loads(text), columns=self.COLUMNS) == mapping

    @pytest.mark.parametrize("name", ["E-Mail", "e-mail", " E-MAIL ", "1"])
    def test_finds_a_column_by_name_in_any_case_or_by_position(self, name):
        mapping = ColumnMapping.from_json({name: "email"}, columns=self.COLUMNS)

        assert mapping.targets == ("email", "ignore", "ignore")

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({}, "mapping_without_email"),
            ({"Name": "name"}, "mapping_without_email"),
            ({"Mail": "email"}, "mapping_unknown_column"),
            ({"0": "email"}, "mapping_unknown_column"),
            ({"4": "email"}, "mapping_unknown_column"),
            ({"E-Mail": "mail"}, "mapping_unknown_target"),
            ({"E-Mail": "email", "City": "attribute:My City"}, "mapping_attribute_name"),
            ({"E-Mail": "email", "City": "attribute:email"}, "mapping_attribute_name"),
            ({"E-Mail": "email", "City": "attribute:"}, "mapping_attribute_name"),
            ({"E-Mail": "email", "City": "email"}, "mapping_target_twice"),
            (
                {"E-Mail": "email", "Name": "attribute:a", "3": "attribute:a"},
                "mapping_target_twice",
            ),
        ],
    )
    def test_says_what_does_not_fit(self, given, code):
        with pytest.raises(MappingError) as refused:
            ColumnMapping.from_json(given, columns=self.COLUMNS)

        assert refused.value.code == code
        assert refused.value.message.endswith(".")
