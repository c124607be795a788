"""Repairs that choose another interpreter: removed or missing features, bounds, versions too new.

Entries of the table in ``repairs``; each is a small function with the symptom in its docstring.
"""

from __future__ import annotations

import re

from envfactory.languages.python_rules.interpreter import next_interpreter
from envfactory.languages.python_rules.interpreter_symptoms import wanted_interpreter
from envfactory.languages.python_rules.named_interpreter import RULE
from envfactory.languages.python_rules.repair_case import Case, Change
from envfactory.records import Evidence


def interpreter(case: Case) -> Change | None:
    """Modules or names removed from, or not yet in, this interpreter; syntax that it does not read."""
    declaration = case.declaration
    found = wanted_interpreter(case.errors, declaration.interpreters[0])
    if found is None:
        return None
    direction, words = found
    if "'distutils'" in words and not case.has("setuptools"):
        return None  # setuptools brings a copy: the cheaper repair
    ranked = next_interpreter(declaration.interpreters, older=direction == "older")
    if ranked is None:
        return None
    evidence = Evidence(
        choice="interpreter",
        value=ranked[0],
        rule=f"{declaration.interpreters[0]} is not what the code is for",
        text=words[:200],
    )
    return declaration.model_copy(update={"interpreters": ranked}), f"interpreter {ranked[0]}", evidence


def python_bound(case: Case) -> Change | None:
    """Resolver or installer: a mandatory part excludes this interpreter by its ``requires-python``."""
    if case.symptoms.phase == "tests":
        return None
    current = case.declaration.interpreters[0]
    match = re.search(
        r"requires a different Python: \S+ not in '([^']+)'|does not satisfy Python([<>=!~]{1,2}[\d.]+\S*)",
        case.symptoms.log,
    )
    if match is None:
        return None
    bound = match.group(1) or match.group(2)
    ranked = next_interpreter(case.declaration.interpreters, older="<" in bound and ">" not in bound)
    if ranked is None:
        return None
    evidence = Evidence(
        choice="interpreter", value=ranked[0], rule=f"{current} is excluded", text=match.group(0)
    )
    return case.declaration.model_copy(update={"interpreters": ranked}), f"interpreter {ranked[0]}", evidence


def settled_interpreter(case: Case) -> Change | None:
    """Nothing else fits and the interpreter is one that only the change names: the one below it."""
    current = case.declaration.interpreters[0]
    named = (item for item in case.declaration.evidence if item.rule == RULE and item.value == current)
    ranked = next_interpreter(case.declaration.interpreters, older=True)
    if next(named, None) is None or ranked is None:
        return None
    evidence = Evidence(choice="interpreter", value=ranked[0], rule=f"{current} is too new for the rest")
    return case.declaration.model_copy(update={"interpreters": ranked}), f"interpreter {ranked[0]}", evidence
