"""What kind of file this is, told by its content; its name is not believed."""

from __future__ import annotations

import zipfile
from enum import StrEnum
from typing import BinaryIO, Final

from campaigns.importing.table import FileError

HEAD_BYTES: Final = 64 * 1024
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old Office files and encrypted new ones
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")  # [MS-OFFCRYPTO] 2.3.4.4
_SAVE_AS: Final = "Open it and save the contacts as CSV or XLSX."
_WEB_PAGE: Final = f"This is a web page or an XML file, not a table. {_SAVE_AS}"

_UNSUPPORTED: Final = (
    (b"pk\x05\x06", "archive", "This is an empty ZIP archive."),
    (b"%pdf", "pdf", f"This is a PDF document. {_SAVE_AS}"),
    (b"{\\rtf", "rtf", f"This is a text document (RTF). {_SAVE_AS}"),
    (b"\x1f\x8b", "archive", "This file is compressed. Unpack it and import the table inside."),
    (b"rar!", "archive", "This is an archive. Unpack it and import the table inside."),
    (b"7z\xbc\xaf", "archive", "This is an archive. Unpack it and import the table inside."),
    (b"begin:vcard", "vcard", "These are address cards (vCard). Export the contacts as CSV."),
    (b"<!", "web_page", _WEB_PAGE),
    (b"<?", "web_page", _WEB_PAGE),
    (b"<html", "web_page", _WEB_PAGE),
    (b"<table", "web_page", _WEB_PAGE),
)


class Format(StrEnum):
    """What can be read."""

    DELIMITED = "delimited"
    XLSX = "xlsx"


def recognize_format(file: BinaryIO) -> Format:
    """Return how to read the file; its position is moved.

    Raises FileError with what to do instead for an empty file and for a format we do not read.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        raise FileError("empty_file", "The file is empty.")
    if head.startswith(_OLE):
        raise _old_or_encrypted(head)
    if head.startswith(_ZIP):
        return _format_in_zip(file)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for beginning, code, message in _UNSUPPORTED:
        if text.startswith(beginning):
            raise FileError(code, message)
    return Format.DELIMITED


def _old_or_encrypted(head: bytes) -> FileError:
    if _ENCRYPTED in head:
        return FileError(
            "encrypted", "The workbook is protected by a password. Save it without one."
        )
    return FileError(
        "old_workbook",
        "This is a workbook in the old Excel format (.xls). Open it and save it as XLSX or CSV.",
    )


def _format_in_zip(file: BinaryIO) -> Format:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile as error:
        raise damaged_workbook() from error
    if "xl/workbook.xml" in names:
        return Format.XLSX
    if "xl/workbook.bin" in names:
        raise FileError("binary_workbook", f"This is a binary workbook (.xlsb). {_SAVE_AS}")
    if "mimetype" in names:
        raise FileError("open_document", f"This is an OpenDocument file. {_SAVE_AS}")
    raise FileError("archive", "This is a ZIP archive. Unpack it and import the table inside.")


def damaged_workbook() -> FileError:
    """Return the error for a workbook that breaks off or does not fit together."""
    return FileError(
        "damaged_workbook",
        "The workbook is damaged or incomplete. Open it in a spreadsheet program, save it again "
        "and try once more.",
    )
