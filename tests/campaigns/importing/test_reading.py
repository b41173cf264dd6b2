"""Files as people send them, opened as tables."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.importing.lines import MAX_LINE_CHARS
from campaigns.importing.reading import looks_like_address, open_table
from campaigns.importing.table import FileError, Refusal, Row

HEADER = b"Email,First name,City\n"
CELLS = st.text(
    alphabet=st.one_of(
        st.characters(codec="utf-8", exclude_characters="\ufeff", exclude_categories=["Cs", "Cc"]),
        st.sampled_from("\n\t\"',;| "),
    ),
    max_size=12,
)


def rows_of(content):
    with open_table(content) as table:
        return list(table.rows())


class TestOpenTable:
    def test_reads_a_plain_file(self):
        with open_table(HEADER + b"jo@example.com,Jo,Rome\n") as table:
            rows = list(table.rows())

        assert table.columns == ("Email", "First name", "City")
        assert table.has_header
        assert rows == [Row(2, ["jo@example.com", "Jo", "Rome"])]
        assert table.description == "CSV, UTF-8, columns separated by commas"

    def test_reads_a_path_and_an_open_file_alike(self, tmp_path):
        path = tmp_path / "contacts.csv"
        path.write_bytes(HEADER + b"jo@example.com,Jo,Rome\n")

        with path.open("rb") as file:
            from_file = rows_of(file)
            still_open = not file.closed

        assert rows_of(path) == from_file == [Row(2, ["jo@example.com", "Jo", "Rome"])]
        assert still_open

    def test_says_that_a_file_is_not_there(self, tmp_path):
        with pytest.raises(FileError, match="could not be opened"):
            open_table(tmp_path / "nothing.csv")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
    def test_leaves_a_byte_order_mark_out_of_the_first_column(self, encoding):
        content = "Email;Name\nzoe@example.com;Zoë\n".encode(encoding)

        with open_table(content) as table:
            assert table.columns == ("Email", "Name")
            assert list(table.rows()) == [Row(2, ["zoe@example.com", "Zoë"])]

    def test_reads_utf_16_without_a_mark(self):
        content = "Email;Name\nzoe@example.com;Zoë\n".encode("utf-16-le")

        assert rows_of(content) == [Row(2, ["zoe@example.com", "Zoë"])]

    def test_reads_latin_1(self):
        content = "Email;Ort\njürgen@example.com;Köln\n".encode("latin-1")

        with open_table(content) as table:
            assert list(table.rows()) == [Row(2, ["jürgen@example.com", "Köln"])]
            assert "Windows-1252" in table.description

    def test_keeps_a_file_with_one_broken_byte_in_utf_8(self):
        content = "Email,Ort\n" + "jo@example.com,Köln\n" * 50
        content = content.encode() + b"jo@example.com,K\xf6ln\n"

        rows = rows_of(content)

        assert rows[0].cells[1] == "Köln"
        assert rows[-1].cells[1] == "K\ufffdln"

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_finds_the_separator(self, separator):
        content = "Email;Name;Notes\njo@example.com;Jo;a\nann@example.com;Ann;b\n"

        rows = rows_of(content.replace(";", separator).encode())

        assert [row.cells for row in rows] == [
            ["jo@example.com", "Jo", "a"],
            ["ann@example.com", "Ann", "b"],
        ]

    def test_is_not_led_astray_by_commas_inside_cells(self):
        content = b"Email;Name\njo@example.com;Doe, Jo, Dr\nann@example.com;Lee, Ann\n"

        assert [row.cells[1] for row in rows_of(content)] == ["Doe, Jo, Dr", "Lee, Ann"]

    def test_takes_the_separator_that_the_file_declares(self):
        content = b"sep=#\r\nEmail#Name\r\njo@example.com#Jo\r\n"

        assert rows_of(content) == [Row(2, ["jo@example.com", "Jo"])]

    def test_reads_single_quotation_marks(self):
        content = b"'Email','Name'\n'jo@example.com','O''Neil, Jo'\n"

        assert rows_of(content) == [Row(2, ["jo@example.com", "O'Neil, Jo"])]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_reads_every_kind_of_line_end(self, end):
        content = end.join(["Email,Name", "jo@example.com,Jo", "ann@example.com,Ann"])

        assert rows_of(content.encode()) == [
            Row(2, ["jo@example.com", "Jo"]),
            Row(3, ["ann@example.com", "Ann"]),
        ]

    def test_keeps_quoted_line_breaks_and_counts_rows_as_a_spreadsheet_does(self):
        content = (
            HEADER + b'jo@example.com,"Jo\r\n""the"" Joe","Rome, IT"\nann@example.com,Ann,Oslo\n'
        )

        assert rows_of(content) == [
            Row(2, ["jo@example.com", 'Jo\n"the" Joe', "Rome, IT"]),
            Row(3, ["ann@example.com", "Ann", "Oslo"]),
        ]

    def test_counts_empty_rows_but_leaves_them_out(self):
        content = b"\n" + HEADER + b"\n,,\njo@example.com,Jo,Rome\n\n"

        assert rows_of(content) == [Row(5, ["jo@example.com", "Jo", "Rome"])]

    def test_leaves_nul_characters_out(self):
        content = HEADER + b"jo@exam\0ple.com,J\0o,Rome\n"

        assert rows_of(content) == [Row(2, ["jo@example.com", "Jo", "Rome"])]

    def test_fills_a_short_row_with_empty_cells(self):
        assert rows_of(HEADER + b"jo@example.com\n") == [Row(2, ["jo@example.com", "", ""])]

    def test_refuses_a_row_with_too_many_cells_and_goes_on(self):
        content = HEADER + b"jo@example.com,Jo,Rome,Italy\nann@example.com,Ann,Oslo,,\n"

        refused, kept = rows_of(content)

        assert (refused.number, refused.code) == (2, "too_many_cells")
        assert "4 cells" in refused.reason
        assert refused.excerpt == "jo@example.com | Jo | Rome | Italy"
        assert kept == Row(3, ["ann@example.com", "Ann", "Oslo"])

    @pytest.mark.parametrize(
        "field",
        [b"x" * 300_000, b'"' + b"x" * 300_000 + b'"', b'"' + b"xxxxxxxxx\n" * 30_000 + b'"'],
        ids=["bare", "quoted", "quoted with line breaks"],
    )
    def test_refuses_a_row_with_a_field_of_300_kb_and_goes_on(self, field):
        content = HEADER + b"jo@example.com," + field + b",Rome\nann@example.com,Ann,Oslo\n"

        refused, kept = rows_of(content)

        assert (refused.number, refused.code) == (2, "row_too_long")
        assert f"{MAX_LINE_CHARS:,}" in refused.reason
        assert refused.excerpt.startswith("jo@example.com,")
        assert len(refused.excerpt) <= 200
        assert kept == Row(3, ["ann@example.com", "Ann", "Oslo"])

    def test_loses_one_row_only_to_a_quotation_mark_that_is_never_closed(self):
        content = HEADER + b'jo@example.com,"Jo,Rome\nann@example.com,Ann,Oslo\n' * 2

        rows = rows_of(content)

        assert [(row.number, type(row)) for row in rows[:2]] == [(2, Refusal), (3, Row)]
        assert rows[0].code == "unclosed_quote"
        assert "line 2" in rows[0].reason
        assert rows[1] == Row(3, ["ann@example.com", "Ann", "Oslo"])
        assert rows[-1] == Row(5, ["ann@example.com", "Ann", "Oslo"])

    def test_notices_an_unclosed_mark_when_properly_quoted_rows_follow(self):
        content = HEADER + b'jo@example.com,"Jo,Rome\n"ann@example.com","Ann","Oslo"\n'

        refused, kept = rows_of(content)

        assert (refused.number, refused.code) == (2, "unclosed_quote")
        assert kept == Row(3, ["ann@example.com", "Ann", "Oslo"])

    def test_forgives_marks_inside_a_cell(self):
        content = HEADER + b'jo@example.com,5" pipe,Rome\nann@example.com,"Ann "Bee" Lee",Oslo\n'

        rows = rows_of(content)

        assert rows[0] == Row(2, ["jo@example.com", '5" pipe', "Rome"])
        assert rows[1].number == 3
        assert rows[1].cells[0::2] == ["ann@example.com", "Oslo"]

    def test_ends_in_time_however_the_marks_are_broken(self):
        line = b'x","\n'

        rows = rows_of(b"Email,Name\n" + line * 20_000)

        assert {row.code for row in rows} == {"unclosed_quote"}
        assert "could not be read" in rows[-1].reason

    @pytest.mark.parametrize(
        "content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe\r\0\n\0", b" ;;\n;"]
    )
    def test_says_that_a_file_is_empty(self, content):
        with pytest.raises(FileError) as refused:
            open_table(content)

        assert refused.value.code == "empty_file"

    @pytest.mark.parametrize("content", [HEADER, HEADER + b"\n,,\n", HEADER.strip()])
    def test_says_that_there_is_nothing_below_the_header(self, content):
        with pytest.raises(FileError) as refused:
            open_table(content)

        assert refused.value.code == "no_rows"

    def test_takes_a_first_row_with_an_address_for_data(self):
        with open_table(b"jo@example.com,Jo\nann@example.com,Ann\n") as table:
            rows = list(table.rows())

        assert not table.has_header
        assert table.columns == ("Column 1", "Column 2")
        assert rows[0] == Row(1, ["jo@example.com", "Jo"])

    def test_reads_a_single_column(self):
        assert rows_of(b"Email\njo@example.com\n") == [Row(2, ["jo@example.com"])]
        assert rows_of(b"jo@example.com") == [Row(1, ["jo@example.com"])]

    def test_gives_each_column_its_own_name(self):
        with open_table(b'Email,,Tag,Tag,"Long\nname"\njo@example.com,,,,x\n') as table:
            assert table.columns == ("Email", "Column 2", "Tag", "Tag (2)", "Long name")

    def test_refuses_a_picture(self):
        with pytest.raises(FileError) as refused:
            open_table(b"\xff\xd8\xff\xe0" + bytes(range(1, 32)) * 50)

        assert refused.value.code == "not_a_table"

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"%PDF-1.7\n", "pdf"),
            (b"<!DOCTYPE html><table>", "web_page"),
            (b"\xef\xbb\xbf<?xml version='1.0'?>", "web_page"),
            (b"\x1f\x8b\x08\x00", "archive"),
            (b"BEGIN:VCARD\nVERSION:4.0\n", "vcard"),
        ],
    )
    def test_says_what_else_a_file_is(self, content, code):
        with pytest.raises(FileError) as refused:
            open_table(content)

        assert refused.value.code == code

    def test_can_be_read_again_from_the_start(self):
        with open_table(HEADER + b"jo@example.com,Jo,Rome\n" * 3) as table:
            assert table.sample(2) == [["jo@example.com", "Jo", "Rome"]] * 2
            assert len(list(table.rows())) == 3

    def test_tells_how_much_was_read(self):
        with open_table(HEADER + b"jo@example.com,Jo,Rome\n" * 30_000) as table:
            shares = [table.progress for _ in table.rows()]

        assert shares == sorted(shares)
        assert 0.0 < shares[0] < 0.5
        assert shares[-1] == 1.0

    def test_keeps_memory_flat(self, tmp_path):
        path = tmp_path / "large.csv"
        path.write_bytes(HEADER + b"someone@example.com,Someone,Somewhere\n" * 100_000)

        tracemalloc.start()
        with open_table(path) as table:
            row_count = sum(1 for _ in table.rows())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert row_count == 100_000
        assert peak < 3 * 1024 * 1024  # the file has 3.8 MB; it is looked through by 1 MB

    @given(
        st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6),
        st.sampled_from([",", ";", "\t", "|"]),
        st.sampled_from(["\n", "\r\n"]),
        st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    )
    def test_gives_back_what_a_csv_writer_wrote(self, table, separator, end, quoting, encoding):
        text = io.StringIO()
        writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
        rows = [["jo@example.com", *cells] for cells in table]
        writer.writerows([["Email", "A", "B", "C"], *rows])

        found = rows_of(text.getvalue().encode(encoding))

        # A reader that forgives spaces after the separator drops those at the start of a cell.
        assert [[cell.lstrip(" ") for cell in row.cells] for row in found] == [
            [cell.lstrip(" ") for cell in row] for row in rows
        ]
        assert [row.number for row in found] == list(range(2, len(rows) + 2))

    @given(st.binary(max_size=300))
    def test_never_fails_in_another_way_than_with_a_sentence(self, content):
        try:
            rows = rows_of(content)
        except FileError:
            return

        assert rows
        assert all("\0" not in cell for row in rows if isinstance(row, Row) for cell in row.cells)


class TestLooksLikeAddress:
    @pytest.mark.parametrize(
        "cell", ["jo@example.com", " Jo <jo@example.com>", "jo@bücher.example"]
    )
    def test_knows_an_address(self, cell):
        assert looks_like_address(cell)

    @pytest.mark.parametrize("cell", ["", "Email", "@jo", "jo@example", "E-mail (jo@example.com)"])
    def test_knows_what_is_none(self, cell):
        assert not looks_like_address(cell)
