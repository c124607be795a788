"""What a try showed, as the repairs of a language look at it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from envfactory.builder.attempt import Broke, Reached
from envfactory.builder.probe import Work
from envfactory.languages.declaration import Symptoms


def symptoms_of(work: Work, outcome: Reached | Broke, cutoff: datetime, exact: datetime) -> Symptoms:
    """Log or report of a try as of ``cutoff``, and where to look further."""
    symptoms = partial(
        Symptoms,
        cutoff=cutoff,
        index=work.site.index,
        lookup=work.site.lookup,
        when=exact,
        sources=work.after,
    )
    if isinstance(outcome, Broke):
        return symptoms(phase=outcome.phase, reason=outcome.reason, log=outcome.log, report=None)
    return symptoms(
        phase="tests",
        reason=outcome.verdict.reason,
        log=outcome.probe.output_tail,
        report=outcome.probe,
        installed=frozenset(item.name for item in outcome.spec.dependencies),
    )
