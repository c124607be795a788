"""Which interpreter: ranked, each with the line that allowed it.

Rule, measured on dated environments: the newest release that had been out for 150 days, that
``requires-python`` allows, and that the classifiers list if they list any. Where they list none, one
pinned by ``.python-version`` or ``runtime.txt``, else the newest that the maintainers' own test runs
name. Then older ones, then newer ones, so that a repair can walk down the list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from envfactory.languages.python_rules.ci_workflows import Job
from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.container_files import read_containers
from envfactory.languages.python_rules.hatch_environments import read_hatch
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.releases import SUPPORTED, order, settled
from envfactory.languages.python_rules.tox_environments import read_tox_environment
from envfactory.languages.python_rules.tox_names import versions_of
from envfactory.records import Evidence

CLASSIFIER = re.compile(r"^Programming Language :: Python :: (3\.\d+)$")
NEWER_TRIED = 3
"""How many interpreters newer than the date are offered as a last resort."""


def rank_interpreters(
    base: Project, after: Project, when: datetime, jobs: Sequence[Job] = ()
) -> tuple[tuple[str, ...], tuple[Evidence, ...]]:
    """Ranked minor versions (never empty) and why the first is first."""
    known = settled(when.date())
    allowed = [version for version in SUPPORTED if _allows(base, version) and _allows(after, version)]
    if not allowed:
        allowed = [version for version in SUPPORTED if _allows(after, version)] or list(SUPPORTED)
    listed = _listed(after) or _listed(base)
    pinned = _pinned(after)
    old = [version for version in known if version in allowed]
    new = [version for version in SUPPORTED if version in allowed and version not in known][:NEWER_TRIED]
    classified = [version for version in old if version in listed]
    # A pin of exactly one version is how the maintainers work; ranges of versions come from the classifiers.
    chosen = [version for version in pinned if version in old][:1] if not classified else []
    run = tested_interpreters(after, jobs) if not (classified or chosen) else {}
    tested = [version for version in old if version in run]
    ranked = tuple(dict.fromkeys([*chosen, *classified, *tested, *old, *new, *known]))
    first = ranked[0]
    cited = pinned.get(first) if first in chosen else listed.get(first)
    requires = after.requires_python or base.requires_python
    evidence = []
    if requires is not None:
        evidence.append(requires.evidence("interpreter", "requires-python allows it", first))
    if cited is not None:
        evidence.append(cited.evidence("interpreter", "newest listed release at least 150 days old", first))
    if first in tested:
        rule = "newest that the maintainers test with, at least 150 days old"
        evidence.append(run[first].evidence("interpreter", rule, first))
    if not evidence:
        evidence.append(
            Evidence(choice="interpreter", value=first, rule="newest release at least 150 days old")
        )
    return ranked, tuple(evidence)


def _allows(project: Project, version: str) -> bool:
    requires = project.requires_python
    if requires is None:
        return True
    text = re.sub(r"(==|!=)\s*(\d+(?:\.\d+)?)(?=\s*(?:,|$))", r"\1\2.*", requires.value)
    try:
        specifiers = SpecifierSet(re.sub(r"([<>~]=?)\s*(\d+(?:\.\d+)*)\.\*", r"\1\2", text))
    except InvalidSpecifier:
        return True
    # A late patch release: ">=3.6.2" must not exclude 3.6, ">3.5" must not be met by 3.5 itself.
    return f"{version}.99" in specifiers or f"{version}.12" in specifiers


def _listed(project: Project) -> dict[str, Cited]:
    pairs = ((CLASSIFIER.match(cited.value), cited) for cited in project.classifiers)
    return {match.group(1): cited for match, cited in pairs if match}


def _pinned(project: Project) -> dict[str, Cited]:
    found: dict[str, Cited] = {}
    for name in (".python-version", "runtime.txt"):
        source = project.source(name)
        for line in source.lines if source else ():
            match = re.match(r"^\s*(?:c?python-?)?(3\.\d+)", line)
            if match and source:
                found.setdefault(match.group(1), source.cite(match.group(1)))
    return found


def tested_interpreters(project: Project, jobs: Sequence[Job]) -> dict[str, Cited]:
    """Versions that test jobs, tox's list, hatch's matrix or container files name, with the place."""
    found: dict[str, Cited] = {}
    for job in jobs:
        for cited in job.interpreters if job.about_tests else ():
            found.setdefault(cited.value, cited)
    tox = read_tox_environment(project.tree, project.directory)
    for version in versions_of(tox.names) if tox else ():
        found.setdefault(version, tox.source.cite(version, "envlist") if tox else Cited(version))
    for environment in read_hatch(project):
        for version in environment.versions:
            found.setdefault(version, environment.source.cite(version, "matrix"))
    if not found:
        # A container file names the one version that it starts from, often long after it was written.
        for job in read_containers(project.tree):
            for cited in job.interpreters:
                found.setdefault(cited.value, cited)
    return found


def next_interpreter(ranked: Sequence[str], *, older: bool) -> tuple[str, ...] | None:
    """The ranking with the nearest older (or newer) version first; ``None`` when there is none."""
    current = order(ranked[0])
    others = [version for version in ranked[1:] if (order(version) < current) == older]
    if not others:
        return None
    best = max(others, key=order) if older else min(others, key=order)
    return (best, *(version for version in ranked if version != best))
