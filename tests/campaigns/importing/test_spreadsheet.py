"""Workbooks: what is read from them, and which are turned away."""

import io
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest

from campaigns.importing import workbook_size
from campaigns.importing.reading import open_table
from campaigns.importing.table import FileError, Refusal, Row


def workbook(*rows, sheets=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, cells in sheets:
        sheet = book.create_sheet(title)
        for row in cells:
            sheet.append(row)
    return saved(book)


def saved(book):
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def archive(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as written:
        for name, data in files.items():
            written.writestr(name.replace("__", "/"), data)
    return content.getvalue()


class TestXlsx:
    def test_is_known_by_its_content_whatever_its_name(self, tmp_path):
        path = tmp_path / "contacts.csv"
        path.write_bytes(workbook(["Email", "Name"], ["jo@example.com", "Jo"]))

        with open_table(path) as table:
            assert table.columns == ("Email", "Name")
            assert list(table.rows()) == [Row(2, ["jo@example.com", "Jo"])]
            assert table.description == "Excel workbook"
            assert table.progress == 1.0

    def test_may_be_a_csv_file_that_is_called_xlsx(self, tmp_path):
        path = tmp_path / "contacts.xlsx"
        path.write_bytes(b"Email;Name\njo@example.com;Jo\n")

        with open_table(path) as table:
            assert list(table.rows()) == [Row(2, ["jo@example.com", "Jo"])]

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (1.0, "1"),
            (0.5, "0.5"),
            (-3, "-3"),
            (4915112345678, "4915112345678"),
            (True, "TRUE"),
            (date(2026, 2, 3), "2026-02-03"),
            (datetime(2026, 2, 3, 4, 5, 6), "2026-02-03 04:05:06"),  # noqa: DTZ001
            (time(4, 5), "04:05:00"),
            (None, ""),
            ("0049", "0049"),
            ("two\nlines", "two\nlines"),
        ],
    )
    def test_gives_cells_as_text(self, value, text):
        content = workbook(["Email", "Value", "End"], ["jo@example.com", value, "x"])

        with open_table(content) as table:
            assert [row.cells for row in table.rows()] == [["jo@example.com", text, "x"]]

    def test_keeps_the_row_numbers_of_the_sheet(self):
        content = workbook([], [], ["Email"], [], ["jo@example.com"])

        with open_table(content) as table:
            assert list(table.rows()) == [Row(5, ["jo@example.com"])]

    def test_takes_the_first_shown_sheet_with_content(self):
        book = openpyxl.Workbook()
        hidden = book.create_sheet("Hidden")
        hidden.append(["secret"])
        hidden.sheet_state = "hidden"
        shown = book.create_sheet("Contacts")
        shown.append(["Email"])
        shown.append(["jo@example.com"])

        with open_table(saved(book)) as table:
            assert list(table.rows()) == [Row(2, ["jo@example.com"])]
            assert "“Contacts”" in table.description

    def test_refuses_a_row_that_is_wider_than_the_header(self):
        content = workbook(["Email", None], ["jo@example.com"], ["ann@example.com", "a", "b"])

        with open_table(content) as table:
            kept, refused = table.rows()

        assert kept.cells[0] == "jo@example.com"
        assert isinstance(refused, Row | Refusal)
        assert refused.number == 3

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (workbook(), "empty_file"),
            (workbook(["Email", "Name"]), "no_rows"),
            (workbook(["Email"], ["jo@example.com"])[:-200], "damaged_workbook"),
            (b"PK\x03\x04 and nothing more", "damaged_workbook"),
            (
                archive(xl__workbook_xml="").replace(b"workbook_xml", b"workbook.xml"),
                "damaged_workbook",
            ),
            (archive(contacts="Email"), "archive"),
            (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "open_document"),
            (
                archive(xl__workbook_bin="").replace(b"workbook_bin", b"workbook.bin"),
                "binary_workbook",
            ),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_workbook"),
            (
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
                "encrypted",
            ),
        ],
    )
    def test_says_why_a_workbook_cannot_be_read(self, content, code):
        with pytest.raises(FileError) as refused:
            open_table(content)

        assert refused.value.code == code
        assert refused.value.message.endswith(".")

    def test_turns_away_a_sheet_with_a_value_in_its_last_corner(self):
        book = openpyxl.Workbook()
        book.active["A1"] = "Email"
        book.active["A2"] = "jo@example.com"
        book.active["XFD1048576"] = "stray"

        with pytest.raises(FileError) as refused:
            open_table(saved(book))

        assert refused.value.code == "workbook_too_large"

    def test_does_not_mind_cells_that_are_only_formatted(self):
        book = openpyxl.Workbook()
        book.active["A1"] = "Email"
        book.active["A2"] = "jo@example.com"
        book.active["XFD1048576"].font = openpyxl.styles.Font(bold=True)

        with open_table(saved(book)) as table:
            assert [row.cells[0] for row in table.rows()] == ["jo@example.com"]

    def test_turns_away_a_small_file_that_unpacks_to_a_huge_one(self, monkeypatch):
        monkeypatch.setattr(workbook_size, "MAX_UNPACKED_BYTES", 5 * 1024 * 1024)
        content = io.BytesIO(workbook(["Email"], ["jo@example.com"]))
        with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as written:
            written.writestr("xl/comments.xml", b" " * 6 * 1024 * 1024)

        with pytest.raises(FileError) as refused:
            open_table(content)

        assert len(content.getvalue()) < 100_000
        assert refused.value.code == "workbook_too_large"

    def test_does_not_believe_the_sizes_that_the_archive_claims(self):
        content = io.BytesIO(workbook(["Email"], ["jo@example.com"]))
        with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as written:
            written.writestr("xl/comments.xml", b" " * 1_000_000)
        size = (1_000_000).to_bytes(4, "little")

        with pytest.raises(FileError) as refused:
            open_table(content.getvalue().replace(size, (1_000).to_bytes(4, "little")))

        assert refused.value.code == "damaged_workbook"
