"""Repair: a clock that starts on the day of the change, for tests that were right only then.

The calendar clock runs at its usual speed from the moment that the change was merged; clocks that
measure durations (monotonic, performance, processor time), timers and the times of files stay real, so
limits hold and compiled modules stay valid.  Tried only where messages speak of dates, since a small
library is loaded into every process.  libfaketime is not used: release 0.9.10, which Debian 12 has,
makes absolute sleeps on the monotonic clock fail (``time.sleep`` of Python 3.11) or waits never end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files

from envfactory.languages.declaration import Declaration
from envfactory.languages.surroundings.needs import Need, need_of
from envfactory.languages.surroundings.prefixes import NOT_STARTED, block, label_of, with_block
from envfactory.records import Evidence

LIBRARY = "/var/lib/testbed-clock.so"
SHIFT = "TESTBED_CLOCK_SHIFT"
"""Variable that the library reads: seconds to add to the calendar clock."""
SHARE = 0.05
"""Below this share of the failed tests another clock is not worth its risk."""


def clock(
    declaration: Declaration, said: Iterable[str], when: datetime, today: date | None = None
) -> tuple[Declaration, str, Evidence] | None:
    """Messages that speak of expired certificates or compare today's year with another.

    ``said`` are the messages of tests that failed; ``when`` is the moment of the change.
    """
    lines = tuple(said)
    dated = [line for line in lines if need_of(line, today) == Need("date_dependent")]
    if len(dated) <= SHARE * len(lines) or label_of(declaration.test_prefix, "clock"):
        return None
    moment = when.astimezone(UTC)
    evidence = Evidence(
        choice="clock", value=f"{moment:%Y-%m-%d}", rule="tests depend on the date", text=dated[0][:200]
    )
    prefix = with_block(declaration.test_prefix, block(script(moment), "clock"))
    return declaration.model_copy(update={"test_prefix": prefix}), f"clock at {moment:%Y-%m-%d}", evidence


def script(moment: datetime) -> str:
    """Shell lines that set the clock of all that follows back to ``moment``.

    As an offset from now, so that every process of the run sees the same day go on.  The library is
    compiled where it is used: it needs nothing that a base image with a C compiler lacks.
    """
    return f"""\
if [ -z "${{{SHIFT}-}}" ]; then
if [ ! -s {LIBRARY} ]; then
cc -x c -O2 -shared -fPIC -o {LIBRARY}.$$ - -ldl -lpthread >/dev/null 2>&1 <<'END_OF_SOURCE'
{_source().rstrip()}
END_OF_SOURCE
mv {LIBRARY}.$$ {LIBRARY} 2>/dev/null
fi
if [ ! -s {LIBRARY} ]; then echo 'the clock of the day cannot be set' >&2; exit {NOT_STARTED}; fi
{SHIFT}=$(({int(moment.timestamp())} - $(date +%s)))
LD_PRELOAD={LIBRARY}${{LD_PRELOAD:+:$LD_PRELOAD}}
export {SHIFT} LD_PRELOAD
fi"""


@cache
def _source() -> str:
    return files("envfactory.languages.surroundings").joinpath("clock.c").read_text(encoding="utf-8")
