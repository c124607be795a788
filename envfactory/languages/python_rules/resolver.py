"""From a declaration to pins, by asking less and less until the resolver can answer.

Everything together; then without the repository's own constraints; then from statically read
metadata when the project cannot be built here; then optional parts dropped by halves until only those
are gone that cannot be had; last a lenient pip.  Bounded, and every drop leaves evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from envfactory.errors import BuildError
from envfactory.languages.declaration import Declaration
from envfactory.languages.python_rules.compiler import Answer, Compiler, Wanted
from envfactory.languages.python_rules.names import name_of, normalise
from envfactory.languages.python_rules.runner_age import stale_runner, with_floor
from envfactory.records import Evidence

MOST_QUESTIONS = 40
ABSENT = re.compile(
    r"(?:Because |and )?([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])? was not found in the (?:package registry|cache)"
)
OWN_BUILD = re.compile(
    r"(?m)^error: The build backend returned an error|"
    r"^error: Failed to (?:build|parse|read|resolve)[^\n]*/testbed|"
    r"^error: Failed to parse metadata from built wheel|"
    r"^\s*cause: [^\n]*pyproject\.toml"
)
"""The project itself is at fault; a dependency at fault is named in the first line instead."""
REFUSED = re.compile(
    r"(?i)couldn't parse metadata|failed to parse metadata|invalid metadata|metadata field|"
    r"after parsing `|Expected.*version specifier"
)


MOST_CULPRITS = 4
UNBUILDABLE = re.compile(
    r"Failed to (?:build|download and build|download|fetch)[: ]+`?([A-Za-z0-9][\w.-]*?)(?:==|`| @)"
)


@dataclass
class Outcome:
    """Pins and how they were reached."""

    pins: dict[str, str]
    evidence: list[Evidence] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Part:
    """One thing that may be dropped: an extra or a requirement."""

    text: str
    extra: bool = False

    def added_to(self, wanted: Wanted) -> Wanted:
        return wanted.plus(extras=[self.text]) if self.extra else wanted.plus(texts=[self.text])


@dataclass
class _Search:
    compiler: Compiler
    declaration: Declaration
    evidence: list[Evidence] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def run(self, manifest: str) -> Outcome:
        """The whole chain."""
        core, optional = self._parts(manifest)
        if not manifest:
            core = self._static(core)
        answer = self._grow_whole(core, optional)
        if answer.pins is None and core.constraints:
            self._note("constraints", "dropped", "cannot be met as of the date on this interpreter", answer)
            core = replace(core, constraints=())
            answer = self._grow_whole(core, optional)
        if answer.pins is None and manifest and (OWN_BUILD.search(answer.log) or not optional):
            static = self._static(core)
            attempt = self._grow_whole(static, optional)
            if attempt.pins is not None or OWN_BUILD.search(answer.log):
                self._note("metadata", "static", "the project's own metadata cannot be built here", answer)
                core, answer = static, attempt
        if answer.pins is None:
            answer = self._piecewise(core, optional, answer)
        if answer.pins is None:
            raise BuildError(
                "the declared dependencies cannot be resolved as of the date",
                cause="resolve_failed",
                log=answer.log,
            )
        return Outcome(answer.pins, self.evidence, self.dropped)

    def _parts(self, manifest: str) -> tuple[Wanted, list[_Part]]:
        declaration = self.declaration
        named = {
            item.text
            for item in declaration.requirements
            if item.mandatory and item.group in {"repair", "plugin"}
        }
        # Both trees may ask for one distribution and exclude each other; the merged one, read last, is right.
        latest = {name_of(item.text): item.text for item in declaration.requirements}.values()
        asked = [item.text for item in declaration.requirements]
        mandatory = [t for t in asked if t in named or (name_of(t) == "pytest" and t in latest)]
        texts = [text for text in asked if text not in mandatory]
        optional = [_Part(name, extra=True) for name in declaration.extras] if manifest else []
        optional += [_Part(text) for text in sorted(texts, key=lambda text: text not in latest)]
        core = Wanted(project=manifest, texts=tuple(mandatory), constraints=declaration.constraints)
        return core, optional

    def _grow_whole(self, core: Wanted, optional: Sequence[_Part]) -> Answer:
        wanted = core
        for part in optional:
            wanted = part.added_to(wanted)
        return self.compiler.ask(wanted)

    def _static(self, core: Wanted) -> Wanted:
        metadata = self.declaration.metadata
        texts = [text for items in metadata.values() for text in items]
        own = {self.declaration.name}
        return replace(
            core, project="", extras=(), texts=(*core.texts, *(t for t in texts if name_of(t) not in own))
        )

    def _piecewise(self, core: Wanted, optional: Sequence[_Part], failed: Answer) -> Answer:
        remaining = [part for part in optional if not (part.extra and not core.project)]
        for _ in range(MOST_CULPRITS):
            culprits = [
                part for part in remaining if not part.extra and name_of(part.text) in unavailable(failed.log)
            ]
            if not culprits:
                break
            for part in culprits:
                remaining.remove(part)
                self._drop(part, failed)
            failed = self._grow_whole(core, remaining)
            if failed.pins is not None:
                return failed
        base = self.compiler.ask(core)
        if base.pins is None:
            base, core = self._core(core, base)
        if base.pins is None:
            return base
        return self._grow(core, base, remaining)[1]

    def _core(self, core: Wanted, failed: Answer) -> tuple[Answer, Wanted]:
        """The mandatory part alone fails: without plug-ins, by a lenient pip, or from what was read."""
        bare = replace(core, texts=tuple(text for text in core.texts if name_of(text) == "pytest"))
        if bare != core:
            answer = self.compiler.ask(bare)
            if answer.pins is not None:
                extra = [_Part(text) for text in core.texts if text not in bare.texts]
                core, answer = self._grow(bare, answer, extra)
                return answer, core
        if REFUSED.search(failed.log):
            answer = self.compiler.ask_pip(core)
            if answer.pins is not None:
                self._note("resolver", "pip", "metadata in a notation that uv refuses", failed)
                return answer, core
        parts = [_Part(text) for text in core.texts if name_of(text) != "pytest"]
        if core.project:
            parts += [_Part(text) for items in self.declaration.metadata.values() for text in items]
        smallest = Wanted(texts=tuple(text for text in core.texts if name_of(text) == "pytest"))
        answer = self.compiler.ask(smallest)
        if answer.pins is None or (core.project and not parts):
            return failed, core
        self._note("metadata", "static", "not resolvable as a whole", failed)
        core, answer = self._grow(smallest, answer, parts)
        return answer, core

    def _grow(self, core: Wanted, known: Answer, parts: Sequence[_Part]) -> tuple[Wanted, Answer]:
        """Add parts by halves; what fails alone is dropped."""
        if not parts or self.compiler.asked > MOST_QUESTIONS:
            for part in parts:
                self._drop(part, Answer(None, "too many questions"))
            return core, known
        wanted = core
        for part in parts:
            wanted = part.added_to(wanted)
        answer = self.compiler.ask(wanted)
        if answer.pins is not None:
            return wanted, answer
        if len(parts) == 1:
            self._drop(parts[0], answer)
            return core, known
        middle = len(parts) // 2
        core, known = self._grow(core, known, parts[:middle])
        return self._grow(core, known, parts[middle:])

    def _drop(self, part: _Part, answer: Answer) -> None:
        self.dropped.append(part.text)
        self._note("dropped", part.text, "cannot be had together with the rest as of the date", answer)

    def _note(self, choice: str, value: str, rule: str, answer: Answer) -> None:
        text = " ".join(answer.log.split())[-200:]
        self.evidence.append(Evidence(choice=choice, value=value, rule=rule, text=text))


def unavailable(log: str) -> set[str]:
    """Distributions that the resolver itself says it cannot have."""
    return {normalise(name) for name in (*ABSENT.findall(log), *UNBUILDABLE.findall(log))}


def resolve_pins(compiler: Compiler, declaration: Declaration, manifest: str) -> Outcome:
    """Pins of everything that can be had; raises ``BuildError(cause="resolve_failed")``."""
    outcome = _Search(compiler, declaration).run(manifest)
    request = compiler.shop.request
    floor = stale_runner(request.index, outcome.pins, request.cutoff)
    if floor:
        newer = declaration.model_copy(update={"requirements": with_floor(declaration, floor)})
        try:
            better = _Search(compiler, newer).run(manifest)
        except BuildError:
            better = outcome
        if len(better.dropped) <= len(outcome.dropped) + 1:
            why = f"pytest {outcome.pins.get('pytest')} is more than 18 months older than the date"
            better.evidence.append(Evidence(choice="runner", value=f"pytest>={floor}", rule=why))
            outcome = better
    outcome.pins.pop(declaration.name, None)
    return outcome
