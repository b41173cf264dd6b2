"""The configuration that docs/postfix.md shows, made to run on the loopback.

What is tested is read from the page itself, so that the page cannot say anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "postfix.md"
SERVICES = "One service for each IP"
_FILE = re.compile(r"^`([\w.]+)`:\n```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Documented:
    """One way of the page: lines of main.cf, and the other files by name."""

    options: Mapping[str, str]
    files: Mapping[str, str]


def documented(way: str, *, instead: Mapping[str, str]) -> Documented:
    """Return a way of the page, with the services that all ways share.

    `instead` maps what is particular to the page's machine to what is so here. All of it has to
    be on the page.
    """
    files: dict[str, str] = {}
    for section in (SERVICES, way):
        for name, text in _files(section).items():
            files[name] = files.get(name, "") + text
    for written, meant in instead.items():
        assert any(written in text for text in files.values()), written
        files = {name: text.replace(written, meant) for name, text in files.items()}
    lines = files.pop("main.cf", "").splitlines()
    options = {name.strip(): value.strip() for name, _, value in (x.partition("=") for x in lines)}
    return Documented(options, files)


def _files(section: str) -> dict[str, str]:
    parts = PAGE.read_text().split(f"## {section}\n")
    assert len(parts) == 2, section
    return dict(_FILE.findall(parts[1].split("\n## ")[0]))
