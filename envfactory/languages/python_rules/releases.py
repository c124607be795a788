"""When each CPython minor version was released.

Dates of the x.y.0 final releases as published in the release-schedule PEPs
(PEP 361, 375, 392, 398, 429, 478, 494, 537, 569, 596, 619, 664, 693, 719, 745).
No network, no guess: a version that is not here is not offered.
"""

from __future__ import annotations

from datetime import date, timedelta

RELEASES: dict[str, date] = {
    "2.7": date(2010, 7, 3),
    "3.3": date(2012, 9, 29),
    "3.4": date(2014, 3, 16),
    "3.5": date(2015, 9, 13),
    "3.6": date(2016, 12, 23),
    "3.7": date(2018, 6, 27),
    "3.8": date(2019, 10, 14),
    "3.9": date(2020, 10, 5),
    "3.10": date(2021, 10, 4),
    "3.11": date(2022, 10, 24),
    "3.12": date(2023, 10, 2),
    "3.13": date(2024, 10, 7),
    "3.14": date(2025, 10, 7),
}

OLDEST = "3.6"
"""Oldest interpreter that an environment is built with."""

SETTLED = timedelta(days=150)
"""A release younger than this is not yet what a project's dependencies had wheels for."""

SUPPORTED: tuple[str, ...] = tuple(name for name, day in RELEASES.items() if day >= RELEASES[OLDEST])
"""Ascending."""


def order(version: str) -> tuple[int, ...]:
    """``3.10`` after ``3.9``."""
    return tuple(int(part) for part in version.split("."))


def settled(day: date) -> tuple[str, ...]:
    """Versions that were old enough on that day, newest first; never empty."""
    found = [name for name in SUPPORTED if RELEASES[name] + SETTLED <= day]
    return tuple(reversed(found)) or (OLDEST,)
