"""What the build stage returns."""

from __future__ import annotations

from envfactory.records import Environment, Record, TestReport


class Built(Record):
    """An environment that works, and the run that proved it."""

    environment: Environment
    probe: TestReport
    """State *after*, attempt 1, over ``test_modules``; the extractor may count it as its first run."""
    test_modules: tuple[str, ...]
    """What the probe ran: the touched modules, then related ones unless those kept it from ending."""
