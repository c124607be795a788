"""What is chosen for a test environment while the lists of a repository are gone through.

Keeps requirements, extras, groups and constraints with where each was read; which lists are read, and in
which order, is decided in ``dependencies``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.requirements import Requirement as Parsed

from envfactory.languages.declaration import Requirement, RequirementGroup
from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.names import name_of, normalise, parse, released_name
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.requirement_files import Listed
from envfactory.languages.python_rules.tools import BUILD_ONLY, left_out
from envfactory.records import Evidence


@dataclass
class Selection:
    """What was chosen so far."""

    project: Project
    requirements: dict[str, Requirement] = field(default_factory=dict)
    extras: dict[str, Evidence] = field(default_factory=dict)
    groups: dict[str, Evidence] = field(default_factory=dict)
    constraints: dict[str, Cited] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)

    def add(
        self, cited: Cited, rule: str, group: RequirementGroup = "test", *, mandatory: bool = False
    ) -> bool:
        """A requirement unless it is left out; one that names the project asks for its extras.

        True when that says something about tests: not for what is left out or only builds.
        """
        text = released_name(cited.value) or cited.value
        parsed = parse(text)
        if parsed is None:
            return False
        name = normalise(parsed.name)
        if name == self.project.name:
            return self.extra_all(map(cited.with_value, sorted(parsed.extras)), rule)
        if left_out(parsed.name) and group != "plugin":
            self.skipped.add(name)
            return False
        text = _without_address(parsed)
        evidence = cited.evidence("requirement", rule, text)
        self.requirements.setdefault(
            text, Requirement(text=text, group=group, mandatory=mandatory, evidence=evidence)
        )
        return name not in BUILD_ONLY

    def extra(self, name: str, cited: Cited, rule: str) -> bool:
        """An extra of the project, by the spelling that its metadata uses; false when it has none."""
        spelled = next((key for key in self.project.extras if normalise(key) == normalise(name)), None)
        if spelled:
            self.extras.setdefault(spelled, cited.evidence("extra", rule, spelled))
        return spelled is not None

    def listed(self, listed: Listed, rule: str) -> bool:
        """All that a requirements file or tox asks for; true when any of it is for tests."""
        found = self.add_all(listed.requirements, rule)
        for cited in listed.constraints:
            self.constraints.setdefault(name_of(cited.value), cited)
        return self.extra_all(listed.extras, rule) or found

    def add_all(self, items: Iterable[Cited], rule: str, *, mandatory: bool = False) -> bool:
        """``add`` each of them; true when any says something about tests."""
        return sum(self.add(cited, rule, mandatory=mandatory) for cited in items) > 0

    def extra_all(self, names: Iterable[Cited], rule: str) -> bool:
        """``extra`` for each of them; true when the project has any."""
        return sum(self.extra(cited.value, cited, rule) for cited in names) > 0

    def has(self, name: str) -> bool:
        """Whether a distribution is asked for already."""
        return any(name_of(text) == normalise(name) for text in self.requirements)


def _without_address(parsed: Parsed) -> str:
    parsed.url = None
    return str(parsed)
