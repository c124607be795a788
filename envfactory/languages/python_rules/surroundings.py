"""Repairs that bring what tests need besides their dependencies: services, a clock, a display, locales.

Entries of the table in ``repairs``.  What they do is no matter of one language and lies in
``envfactory.languages.surroundings``; here is only which part of a case each of them looks at.
"""

from __future__ import annotations

from envfactory.languages.python_rules.repair_case import Case, Change, with_variables
from envfactory.languages.surroundings.clock import clock as set_clock
from envfactory.languages.surroundings.display import display as start_display
from envfactory.languages.surroundings.locales import locales as add_locales
from envfactory.languages.surroundings.services import services as start_services


def services(case: Case) -> Change | None:
    """``connection refused`` at a service's port, or a role, database or host name that it must know."""
    return start_services(case.declaration, case.said) if case.symptoms.phase == "tests" else None


def display(case: Case) -> Change | None:
    """``no display name and no $DISPLAY``, ``could not load the Qt platform plugin``."""
    return start_display(case.declaration, case.said) if case.symptoms.phase == "tests" else None


def locales(case: Case) -> Change | None:
    """``unsupported locale setting``."""
    return add_locales(case.declaration, case.said)


def clock(case: Case) -> Change | None:
    """``certificate has expired``, a comparison of today's year with another."""
    when = case.symptoms.when or case.symptoms.cutoff
    return set_clock(case.declaration, case.messages, when)


def suggested_variables(case: Case) -> Change | None:
    """Tests fail and nothing else fits: the variables that maintainers set for their own runs."""
    if case.symptoms.phase != "tests":
        return None
    missing = {
        name: value
        for name, value in case.declaration.suggested_env.items()
        if name not in case.declaration.env
    }
    return with_variables(case, missing, "set in the maintainers' own test runs", "")
