"""How much of a mail is looked at: nobody can make reading expensive. See docs/feedback.md."""

from __future__ import annotations

from typing import Final

READ_BYTES: Final = 1 << 20  # of the raw mail; reports stand before what they return
HEADER_BYTES: Final = 1 << 17  # of its own header section
READ_DELIMITERS: Final = 500  # lines that could begin a MIME part; real reports have below 20
READ_HEADERS: Final = 500  # of one header section
HEADER_CHARACTERS: Final = 4_000  # of one header
NOTICE_CHARACTERS: Final = 40_000  # of the words of a report
NOTICE_LINES: Final = 800
LINE_CHARACTERS: Final = 1_000
RETURNED_CHARACTERS: Final = 64_000  # of a returned message: its header section
FINDINGS: Final = 200  # recipients in one report
DIAGNOSTIC_CHARACTERS: Final = 2_000  # of what a server said
