"""The figures on top of a page: large numbers, each with what it is of."""

from __future__ import annotations

from dataclasses import dataclass

from insights.admin.dashboard.tables import Cell, Figures, cell, part_of_whole
from insights.admin.dashboard.words import COUNT_WORDS, number
from insights.rates import RATES


@dataclass(frozen=True, slots=True)
class Total:
    """One large figure with a line below, or people beside machines."""

    word: str
    cell: Cell
    note: str
    beside: Cell | None = None


def totals(figures: Figures) -> list[Total]:
    """Return the figures of everything that is shown."""
    return [
        Total("Sent", cell(figures, "sent"), _troubles(figures)),
        _rated(figures, "delivered", "delivery_rate"),
        _rated(figures, "bounced", "bounce_rate"),
        _rated(figures, "complaints", "complaint_rate"),
        _seen(figures, "Opens", "open_rate", people="opens", machines="machine_opens"),
        _seen(figures, "Clicks", "click_rate", people="clicks", machines="machine_clicks"),
        _rated(figures, "unsubscribes", "unsubscribe_rate"),
        Total("Replies", cell(figures, "replies"), "messages answered"),
    ]


def _rated(figures: Figures, name: str, rate: str) -> Total:
    return Total(COUNT_WORDS[name], cell(figures, name), part_of_whole(figures, rate))


def _seen(figures: Figures, word: str, rate: str, *, people: str, machines: str) -> Total:
    """Return people beside machines: whom it reached, and how often each came."""
    unique = RATES[rate][0]
    note = f"{part_of_whole(figures, rate)}; {number(figures.count(people))} {people} in all"
    return Total(word, cell(figures, unique), note, cell(figures, machines))


def _troubles(figures: Figures) -> str:
    parts = [(figures.count("deferred"), "put off"), (figures.count("failed"), "failed")]
    said = [f"{number(counted)} {word}" for counted, word in parts if counted]
    return ", ".join(said) if said else "none put off, none failed"
