"""Repairs of builds: tools that the project did not declare, another way to install it, fewer dependencies.

Entries of the table in ``repairs``.  Nothing is run here.
"""

from __future__ import annotations

from envfactory.languages.declaration import Requirement
from envfactory.languages.python_rules.build_needs import asked_for
from envfactory.languages.python_rules.names import name_of
from envfactory.languages.python_rules.repair_case import Case, Change, with_variables
from envfactory.languages.python_rules.resolver import unavailable
from envfactory.languages.python_rules.translation import made_by
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


def translated_sources(case: Case) -> Change | None:
    """``x.c: No such file``, where the tree has ``x.pyx``: translated before the build, as maintainers do."""
    declaration = case.declaration
    lacking = [line for line in case.symptoms.log.splitlines() if "No such file" in line]
    commands = declaration.suggested_preparations
    if declaration.preparations or not any(made_by(text) in line for text in commands for line in lacking):
        return None
    evidence = Evidence(
        choice="preparation", value="; ".join(commands), rule="the build lacks what they make"
    )
    known = {name_of(text) for text in declaration.build_requirements}
    tools = (
        declaration.build_requirements if "cython" in known else (*declaration.build_requirements, "cython")
    )
    changed = {"preparations": commands, "build_requirements": tools, "ways_tried": 0}
    return declaration.model_copy(update=changed), "translate Cython sources before the build", evidence


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


def unbuildable(case: Case) -> Change | None:
    """``Failed to build X`` and no system package to blame: the environment does without it."""
    declaration = case.declaration
    culprits = unavailable(case.symptoms.log) if case.symptoms.phase != "tests" else set()
    asked = {name_of(item.text) for item in declaration.requirements}
    # A part that nobody asked for by name came with what it is named after: rpy2-rinterface with rpy2.
    names = culprits | {
        name for name in asked if any(part.startswith(f"{name}-") for part in culprits - asked)
    }
    kept = tuple(
        item for item in declaration.requirements if name_of(item.text) not in names or item.mandatory
    )
    extras = {
        extra: [text for text in declaration.metadata.get(extra, ()) if name_of(text) not in names]
        for extra in declaration.extras
        if any(name_of(text) in names for text in declaration.metadata.get(extra, ()))
    }
    if len(kept) == len(declaration.requirements) and not extras:
        return None
    evidence = Evidence(choice="dropped", value=" ".join(sorted(names)), rule="cannot be built here")
    others = [
        Requirement(text=text, group="test", mandatory=False, evidence=evidence)
        for texts in extras.values()
        for text in texts
        if name_of(text) != declaration.name
    ]
    changes = {
        "requirements": (*kept, *others),
        "extras": tuple(name for name in declaration.extras if name not in extras),
    }
    return declaration.model_copy(update=changes), f"drop {evidence.value}", evidence
