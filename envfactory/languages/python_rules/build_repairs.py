"""Repairs of the project's own build: tools that it did not declare, another way to install it.

Entries of the table in ``repairs``.  Nothing is run here.
"""

from __future__ import annotations

from envfactory.languages.python_rules.build_needs import asked_for
from envfactory.languages.python_rules.names import name_of
from envfactory.languages.python_rules.repair_case import Case, Change, with_variables
from envfactory.records import Evidence

OWN_BUILD = frozenset({"project_does_not_build", "rebuild_failed"})
LAST_WAY = 9
"""More than there are: the project's folders on the import path."""


def build_tools(case: Case) -> Change | None:
    """``No module named 'Cython'`` and the like while the project is built: one more build requirement."""
    declaration, symptoms = case.declaration, case.symptoms
    if symptoms.reason not in OWN_BUILD or not declaration.installable:
        return None
    known = {name_of(text) for text in declaration.build_requirements} | {declaration.name}
    lacking = asked_for(symptoms.log, symptoms.index, symptoms.cutoff)
    new = tuple(name for name in lacking if name not in known)
    if not new:
        return None
    evidence = Evidence(choice="build requirement", value=" ".join(new), rule="asked for by the build")
    changed = {"build_requirements": (*declaration.build_requirements, *new)}
    return declaration.model_copy(update=changed), f"build with {evidence.value}", evidence


def python_headers(case: Case) -> Change | None:
    """``Python.h: No such file``: a build that looks beside the environment's own interpreter, where virtual
    environments have no headers; those of the interpreter that it was made from, then."""
    if "fatal error: Python.h: No such file" not in case.symptoms.log:
        return None
    version = case.declaration.interpreters[0]
    folders = [
        f"{root}/include/python{version}{abi}"
        for root in (f"/opt/python/{version}", "/usr")
        for abi in ("", "m")
    ]
    return with_variables(
        case, {"C_INCLUDE_PATH": ":".join(folders)}, "headers of the interpreter", "Python.h"
    )


def another_way(case: Case) -> Change | None:
    """The project does not build and nothing is known to help: the next way of installing it, or none."""
    declaration = case.declaration
    if case.symptoms.reason not in OWN_BUILD or not declaration.installable:
        return None
    if declaration.ways_tried >= LAST_WAY:
        return None
    tried = declaration.ways_tried + 1 if declaration.native and declaration.ways_tried < 2 else LAST_WAY
    value = "import path" if tried == LAST_WAY else f"way {tried + 1}"
    evidence = Evidence(choice="install", value=value, rule="the project does not build otherwise")
    words = "put on the import path only" if tried == LAST_WAY else f"install it in another way ({tried + 1})"
    return declaration.model_copy(update={"ways_tried": tried}), words, evidence
