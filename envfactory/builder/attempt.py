"""One try of the ladder: a declaration and a date become an image whose tests are run, or symptoms.

What the project is to blame for comes back as ``Broke``; what we or the machine are to blame for is
raised.  Nothing here decides what to try next.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from envfactory.builder.context import source_digest, write_context
from envfactory.builder.image import build_image
from envfactory.builder.interpreters import ensure_toolchain
from envfactory.builder.probe import Work, probe
from envfactory.builder.shared_layers import (
    PROJECT_FAULTS,
    Workshop,
    ensure_dependencies,
    ensure_system,
    layers_ledger,
)
from envfactory.builder.verdict import Verdict, judge
from envfactory.errors import BuildError
from envfactory.languages.declaration import Declaration, Resolution, ResolveRequest
from envfactory.records import (
    BuiltImage,
    EnvironmentSpec,
    TestReport,
    Toolchain,
    canonical_json,
)
from envfactory.trials import PatchError


@dataclass(frozen=True)
class Reached:
    """An image that exists, and what its tests did."""

    spec: EnvironmentSpec
    image: BuiltImage
    probe: TestReport
    verdict: Verdict
    modules: tuple[str, ...]
    """What the probe ran."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Of each part of this try, in order."""


class _Laps(dict[str, float]):
    """Seconds of one part after the other."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def end(self, part: str) -> None:
        now = time.monotonic()
        self[part], self._since = now - self._since, now


@dataclass(frozen=True)
class Broke:
    """No image: where it ended and what was said."""

    phase: Literal["resolve", "build"]
    reason: str
    log: str


def attempt(work: Work, declaration: Declaration, cutoff: datetime, exact: datetime) -> Reached | Broke:
    """Resolve as of ``cutoff``, build and probe; raises ``StageError`` for faults that are not the project's.

    What is needed and was released between ``cutoff`` and ``exact`` ends the try before anything is built.
    """
    laps = _Laps()
    toolchain = _toolchain(work, declaration)
    if isinstance(toolchain, Broke):
        return toolchain
    draft = _draft(work, declaration, cutoff, toolchain)
    try:
        system = ensure_system(_workshop(work), draft)
    except BuildError as error:
        return _blame(error, "resolve", "system_packages_unavailable")
    laps.end("system")
    resolution = _resolve(work, declaration, draft, system)
    if isinstance(resolution, Broke):
        return resolution
    if cutoff < exact and (
        missing := work.language.too_early(declaration, resolution, work.site.index, cutoff, exact)
    ):
        return Broke("resolve", "not_released_yet", f"released only later: {', '.join(missing)}")
    laps.end("resolve")
    spec = _complete(draft, resolution)
    shop = _workshop(work)
    try:
        ensure_dependencies(shop, spec)
    except BuildError as error:
        return _blame(error, "build", "dependencies_do_not_build")
    spec = spec.model_copy(update={"ledger": layers_ledger(shop, spec)})
    laps.end("dependencies")
    image = _build(work, spec, shop)
    if isinstance(image, Broke):
        return image
    laps.end("image")
    try:
        report, modules = probe(work, spec, image)
    except PatchError as error:
        if error.cause != "rebuild_failed":
            raise
        return Broke("build", error.cause, error.log or str(error))
    laps.end("probe")
    return Reached(spec, image, report, judge(report, work.candidate.test_modules), modules, laps)


def _toolchain(work: Work, declaration: Declaration) -> Toolchain | Broke:
    site = work.site
    try:
        return ensure_toolchain(
            site.engine,
            site.workspace.cache,
            declaration.interpreters,
            base_image=site.settings.base_image,
        )
    except BuildError as error:
        if error.cause != "no_interpreter":
            raise
        return Broke("resolve", error.cause, str(error))


def _workshop(work: Work) -> Workshop:
    site = work.site
    return Workshop(
        engine=site.engine,
        index=site.index,
        cache=site.workspace.cache,
        log=work.log,
        timeout=site.settings.build_timeout,
    )


def _draft(work: Work, declaration: Declaration, cutoff: datetime, toolchain: Toolchain) -> EnvironmentSpec:
    """The spec as far as it is known before the resolve."""
    pull = work.candidate.pull_request
    return EnvironmentSpec(
        language=declaration.language,
        toolchain=toolchain,
        system_packages=declaration.system_packages,
        test_command=work.language.test_command(declaration),
        cutoff=cutoff,
        env=declaration.env,
        limits=work.site.settings.limits,
        rung=declaration.rung,
        evidence=declaration.evidence,
        repo=pull.repo,
        base_commit=pull.base_commit,
        source_digest=source_digest(work.source),
    )


def _resolve(work: Work, declaration: Declaration, draft: EnvironmentSpec, system: str) -> Resolution | Broke:
    """From the recipes when it was solved before; a function of its key either way."""
    key = hashlib.sha256(
        canonical_json(
            [declaration.key, draft.cutoff.isoformat(), draft.toolchain.image, draft.system_packages]
        )
    ).hexdigest()
    found = work.site.recipes.get(key)
    if found is not None:
        return found
    request = ResolveRequest(
        engine=work.site.engine,
        index=work.site.index,
        toolchain=draft.toolchain.model_copy(update={"image": system}),
        source=work.source,
        cutoff=draft.cutoff,
        log=work.log,
        system_packages=declaration.system_packages,
    )
    try:
        resolution = work.language.resolve(declaration, request)
    except BuildError as error:
        if error.retryable:
            raise
        if error.cause == "project_does_not_build":
            return Broke("build", error.cause, error.log)
        return Broke("resolve", "dependencies_unresolvable", error.log or str(error))
    work.site.recipes.put(key, resolution)
    return resolution


def _complete(draft: EnvironmentSpec, resolution: Resolution) -> EnvironmentSpec:
    return draft.model_copy(
        update={
            "dependencies": resolution.dependencies,
            "lock_files": resolution.lock_files,
            "install_steps": resolution.install_steps,
            "rebuild_steps": resolution.rebuild_steps,
            "env": {**draft.env, **resolution.env},
            "evidence": (*draft.evidence, *resolution.evidence),
        }
    )


def _build(work: Work, spec: EnvironmentSpec, shop: Workshop) -> BuiltImage | Broke:
    pull = work.candidate.pull_request
    later = [
        commit for commit in (pull.head_commit, pull.merge_commit, *(c.sha for c in pull.commits)) if commit
    ]
    context = work.source.parent / "context"
    shutil.rmtree(context, ignore_errors=True)
    write_context(spec, work.source, context)
    try:
        instance_id = work.candidate.instance_id
        return build_image(shop, spec, context, instance_id=instance_id, forbidden=later, shared=work.shared)
    except BuildError as error:
        return _blame(error, "build", "project_does_not_build")


def _blame(error: BuildError, phase: Literal["resolve", "build"], reason: str) -> Broke:
    if error.retryable or error.cause not in PROJECT_FAULTS:
        raise error
    return Broke(phase, "build_too_long" if error.cause == "build_timeout" else reason, error.log)
