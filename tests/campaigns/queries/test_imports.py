"""What is told about imports."""

import csv
import io

import pytest

from campaigns.queries import imports as import_queries
from tests.campaigns.conftest import TWO_PEOPLE

pytestmark = pytest.mark.django_db


class TestRefusalReport:
    def test_is_a_csv_file_with_the_row_and_the_reason(self, run):
        job = run(
            'Email,Name,Time zone\nnobody,"A, B",\njo@example.com,Jo,Mars\nJo@example.com,,\n'
        )

        lines = "".join(import_queries.refusal_report(job))

        assert lines.startswith("\ufeffrow,result,")
        rows = list(csv.reader(io.StringIO(lines.lstrip("\ufeff"))))
        assert rows[0] == ["row", "result", "reason", "code", "content"]
        assert [(row[0], row[1], row[3]) for row in rows[1:]] == [
            ("2", "refused", "address_without_at"),
            ("3", "note", "note_unknown_timezone"),
            ("4", "skipped", "same_address"),
        ]
        assert rows[1][2] == "The address has no @. It should look like name@example.com."
        assert rows[1][4] == "nobody | A, B |"

    def test_disarms_cells_that_a_spreadsheet_would_calculate(self, run):
        job = run('Email\n"=HYPERLINK(""https://evil.example"")"\njo@example.com\n')

        lines = list(import_queries.refusal_report(job))

        assert next(csv.reader(lines[1:]))[4].startswith("'=HYPERLINK")


class TestPreview:
    def test_shows_columns_guess_and_first_rows(self):
        shown = import_queries.preview(TWO_PEOPLE.encode())

        assert shown.columns == ("Email", "First name", "City")
        assert shown.mapping["First name"] == "first_name"
        assert shown.rows[0] == ["jo@example.com", "Jo", "Rome"]
        assert shown.description == "CSV, UTF-8, columns separated by commas"
