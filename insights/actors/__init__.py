"""Who opens and clicks: people, or the programs that stand between them and their mail.

Pure: nothing here reads a clock, a database or a setting. See docs/machine-opens.md.
"""

from insights.actors.agents import agent_family
from insights.actors.hits import (
    CLASSIFIER_VERSION,
    Context,
    DomainHistory,
    Hit,
    HitKind,
    Verdict,
    truncated,
)
from insights.actors.looks import first_look, next_look
from insights.actors.rules import CLAIMED_MACHINE, describe
from insights.actors.verdicts import judge, revise

__all__ = [
    "CLAIMED_MACHINE",
    "CLASSIFIER_VERSION",
    "Context",
    "DomainHistory",
    "Hit",
    "HitKind",
    "Verdict",
    "agent_family",
    "describe",
    "first_look",
    "judge",
    "next_look",
    "revise",
    "truncated",
]
