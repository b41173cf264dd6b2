"""Roles of people and API keys, and what each may do."""

from __future__ import annotations

import enum


class Role(enum.StrEnum):
    """What a member may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"  # read everything
    EDITOR = "editor"  # change contacts, lists, templates and campaigns
    OPERATOR = "operator"  # start and stop campaigns, sending IPs, suppression
    ADMIN = "admin"  # people, keys and the organization itself


_ORDER = list(Role)


def allows(role: str, needed: Role) -> bool:
    """Say whether somebody with `role` may do what needs `needed`."""
    return _ORDER.index(Role(role)) >= _ORDER.index(needed)
