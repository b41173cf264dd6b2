"""What is measured of one sender in one round, medians over rounds, and how they are shown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What one sender achieved in one round, or the medians of several."""

    rate: float  # messages a second
    cpu_ms: float  # user and system time of the sending processes, a message
    peak_mb: float | None = None  # the largest of its processes; None where it is not measured


SMTP_SOURCE = "smtp_source"
PLAIN = "plain"
LIQUID = "liquid"
TWO_PROCESSES = "two_processes"
POST_OFFICE = "post_office"
LABELS = {
    SMTP_SOURCE: "smtp-source, the yardstick",
    PLAIN: "one process, plain variables",
    LIQUID: "one process, Liquid",
    TWO_PROCESSES: "two processes, plain variables",
    POST_OFFICE: "django-post_office, two processes",
}
OURS = (PLAIN, LIQUID, TWO_PROCESSES)


def median(figures: Sequence[Figure]) -> Figure:
    """Return the medians of what several rounds measured; the memory is the largest."""
    peaks = [figure.peak_mb for figure in figures if figure.peak_mb is not None]
    return Figure(
        rate=statistics.median(figure.rate for figure in figures),
        cpu_ms=statistics.median(figure.cpu_ms for figure in figures),
        peak_mb=max(peaks, default=None),
    )


def ratio(figures: Mapping[str, Figure], name: str) -> float:
    """Return how fast a sender is, measured by the yardstick of the same rounds."""
    return figures[name].rate / figures[SMTP_SOURCE].rate


def as_json(figures: Mapping[str, Figure]) -> dict[str, object]:
    """Return the figures as `--json` writes them."""
    content: dict[str, object] = {}
    for name, figure in figures.items():
        content[name] = {"rate": round(figure.rate, 1), "cpu_ms": round(figure.cpu_ms, 4)}
        if name in OURS:
            content[name] = {
                "rate": round(figure.rate, 1),
                "cpu_ms": round(figure.cpu_ms, 4),
                "ratio": round(ratio(figures, name), 3),
                "peak_mb": round(figure.peak_mb or 0.0, 1),
            }
    content["ratio_post_office"] = round(against_post_office(figures), 2)
    return content


def against_post_office(figures: Mapping[str, Figure]) -> float:
    """Return how many times faster two of our processes are than two of django-post_office."""
    return figures[TWO_PROCESSES].rate / figures[POST_OFFICE].rate


def table(figures: Mapping[str, Figure]) -> str:
    """Return the figures as a table for people."""
    lines = [f"{'':<36}{'messages/s':>12}{'CPU ms each':>14}{'peak MB':>10}{'of yardstick':>15}"]
    for name, figure in figures.items():
        peak = "" if figure.peak_mb is None else f"{figure.peak_mb:.0f}"
        lines.append(
            f"{LABELS[name]:<36}{figure.rate:>12,.0f}{figure.cpu_ms:>14.4f}{peak:>10}"
            f"{ratio(figures, name):>15.2f}"
        )
    lines.append(
        f"\nTwo processes against django-post_office: {against_post_office(figures):.1f} times"
    )
    return "\n".join(lines)
