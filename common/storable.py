"""Texts from strangers, made fit for the database."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return the text without what PostgreSQL cannot hold: a strange server must not stop us."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
