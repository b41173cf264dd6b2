"""Excel workbooks (XLSX): the first visible sheet that has content."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import BinaryIO, Final

import python_calamine

from campaigns.importing.formats import damaged_workbook
from campaigns.importing.table import FileError, Refusal, Row
from campaigns.importing.workbook_size import check_workbook_size

MAX_WHOLE_FLOAT: Final = 1e15  # from here on a float no longer holds every whole number


class SpreadsheetReader:
    """Reads one sheet. A workbook, unlike CSV, is held in memory as a whole."""

    def __init__(self, file: BinaryIO) -> None:
        check_workbook_size(file)
        file.seek(0)
        try:
            workbook = python_calamine.load_workbook(file)
            self._sheet = _first_filled_sheet(workbook)
        except python_calamine.CalamineError as error:
            raise damaged_workbook() from error
        self._rows_read = 0
        self._row_count = self._sheet.end[0] + 1 if self._sheet.end else 1
        self._several = len(workbook.sheet_names) > 1

    @property
    def description(self) -> str:
        """What was recognized, for the person who chose the file."""
        return f"Excel workbook, sheet “{self._sheet.name}”" if self._several else "Excel workbook"

    @property
    def progress(self) -> float:
        return self._rows_read / self._row_count

    def records(self) -> Iterator[Row | Refusal]:
        """Yield the rows of the sheet, numbered as the spreadsheet program numbers them."""
        for number, cells in enumerate(self._sheet.iter_rows(), start=1):
            self._rows_read = number
            yield Row(number, [_as_text(cell) for cell in cells])


def _first_filled_sheet(
    workbook: python_calamine.CalamineWorkbook,
) -> python_calamine.CalamineSheet:
    for metadata in workbook.sheets_metadata:
        is_shown = metadata.visible == python_calamine.SheetVisibleEnum.Visible
        if is_shown and metadata.typ == python_calamine.SheetTypeEnum.WorkSheet:
            sheet = workbook.get_sheet_by_name(metadata.name)
            if sheet.start is not None:
                return sheet
    raise FileError("empty_file", "The workbook has no sheet with content.")


def _as_text(value: object) -> str:
    """Return a cell as the text that saving the sheet as CSV would give, dates in ISO 8601."""
    match value:
        case str():
            return value.replace("\0", "")
        case bool():
            return str(value).upper()
        case float() if value.is_integer() and abs(value) < MAX_WHOLE_FLOAT:
            return str(int(value))
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
