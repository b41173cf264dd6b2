"""Which character encoding a text file is in.

UTF-8 is certain when the whole file is valid UTF-8. What is older is told by how its bytes
lie: other alphabets come in runs of high bytes, Western and Central European text has single
ones between ASCII letters.
"""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO, Final

import charset_normalizer

SAMPLE_BYTES: Final = 64 * 1024
CHUNK_BYTES: Final = 1024 * 1024
NUL_SHARE: Final = 0.3  # of every other byte: text in UTF-16 without a mark
RUN_SHARE: Final = 1 / 3  # of high bytes in runs; European text stays below 5 %
DAMAGE_SHARE: Final = 0.2  # broken characters among all beyond ASCII in a damaged UTF-8 file
STRANGE_SHARE: Final = 0.1  # signs that Western text does not put inside words

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_ALPHABETS: Final = [
    "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256",
    "cp932", "gb18030", "big5", "euc_kr", "euc_jp", "cp874",
]  # fmt: skip
_HIGH_LINE: Final = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*[\r\n]*")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_C1: Final = re.compile(rb"[\x80-\x9f]")
_HIGH_RUN: Final = re.compile(rb"[\x80-\xff]{2,}")
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_STRANGE_IN_WESTERN: Final = re.compile(r"[ìòùÌÒÙ](?=[a-zß-ÿ])|[¹³¿Ÿ£¯](?=\w)|(?<=\w)[¹³¿£¯]")


def guess_encoding(file: BinaryIO) -> str:
    """Return the name of the codec that reads `file`; its position is moved."""
    file.seek(0)
    head = file.read(SAMPLE_BYTES)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head and head[1::2].count(0) > NUL_SHARE * len(head) / 2 > head[::2].count(0):
        return "utf-16-le"
    if head and head[::2].count(0) > NUL_SHARE * len(head) / 2 > head[1::2].count(0):
        return "utf-16-be"
    if _is_utf8(file):
        return "utf-8"
    sample = _lines_beyond_ascii(file)
    return "utf-8" if _is_damaged_utf8(sample) else _legacy_encoding(sample, head)


def _is_utf8(file: BinaryIO) -> bool:
    """Tell whether the whole file is valid, in pieces so that memory stays flat."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _lines_beyond_ascii(file: BinaryIO) -> bytes:
    """Return up to a sample's size of the lines that hold bytes above 127."""
    file.seek(0)
    sample = b""
    while len(sample) < SAMPLE_BYTES and (chunk := file.read(CHUNK_BYTES)):
        if not chunk.isascii():
            sample += b"".join(match[0] for match in _HIGH_LINE.finditer(chunk))
    return sample[:SAMPLE_BYTES]


def _is_damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    return text.count("\ufffd") < DAMAGE_SHARE * len(_NOT_ASCII.findall(text))


def _legacy_encoding(sample: bytes, head: bytes) -> str:
    high_count = len(_HIGH.findall(sample))
    if sum(map(len, _HIGH_RUN.findall(sample))) > RUN_SHARE * high_count:
        best = charset_normalizer.from_bytes(sample, cp_isolation=_OTHER_ALPHABETS).best()
        if best is not None:
            return best.encoding
    if b"\n" not in head and b"\r" in head and 2 * len(_C1.findall(sample)) > high_count:
        return "mac_roman"  # single CR as line end and letters where Windows has signs
    strange = len(_STRANGE_IN_WESTERN.findall(sample.decode("cp1252", "replace")))
    return "cp1250" if strange > STRANGE_SHARE * high_count else "cp1252"
