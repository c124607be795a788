"""Makes the image of a spec, layer by layer, each shared by as many tasks as it can be.

    toolchain ─▶ system ─▶ dependencies ─▶ source ─▶ task
                 (apt)     (locked)         (an earlier tree of the repository, installed)

Dependencies are shared by equal locks.  The source layer is worth its place for large or native
projects: the task's own layer then holds only what differs from it.  An image that exists is believed
when its label carries the whole digest.  Nothing here decides what belongs into a spec.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.bases import lock
from envfactory.builder.context import SOURCE
from envfactory.builder.integrity import check_integrity, require_integrity
from envfactory.builder.layer import LayerRequest, add_layer, env_lines
from envfactory.builder.names import (
    DIGEST,
    KIND,
    TEMPLATE,
    dependencies_tag,
    source_tag,
    system_tag,
    task_tag,
)
from envfactory.builder.scripts import PLACE, image_env, scripts, template_digest
from envfactory.errors import BuildError
from envfactory.records import BuiltImage, EnvironmentSpec

if TYPE_CHECKING:
    from envfactory.engine import Engine, ImageInfo
    from envfactory.timemachine import TimeMachine

ECOSYSTEMS = {"python": "pypi"}
"""Language -> the index that its installer asks."""
PROJECT_FAULTS = frozenset({"build_step_failed", "build_timeout"})
"""Causes for which the project, not the machine, is to blame."""


@dataclass(frozen=True)
class Workshop:
    """With what and how long to build; without ``index`` nothing can be fetched."""

    engine: Engine
    index: TimeMachine | None
    cache: Path
    log: Path
    timeout: float
    toolchain: str = ""
    """Image to build on when it is not the one that the spec names."""


@dataclass(frozen=True)
class SharedSource:
    """An earlier tree of the same repository, for a layer that neighbouring tasks stand on."""

    bundle: Path
    digest: str
    """sha256 of the bundle."""
    settled: bool
    """What is installed of it serves the task's tree as it is."""


def build_image(
    shop: Workshop,
    spec: EnvironmentSpec,
    context: Path,
    *,
    instance_id: str,
    forbidden: Sequence[str] = (),
    shared: SharedSource | None = None,
) -> BuiltImage:
    """The task's image, found or built; raises ``BuildError``, also for an unsound repository.

    ``context`` is a directory written by ``write_context``; ``forbidden`` are commit ids that must not
    be in the image.  The repository's files are the same with ``shared`` and without.
    """
    started = time.monotonic()
    tag = task_tag(instance_id, spec)
    image = _found(shop.engine, spec, tag, spec.image_digest)
    cached = image is not None
    if image is None:
        below = ensure_dependencies(shop, spec)
        image = _above_shared(shop, spec, tag, context, shared, below) if shared else None
        image = image or _task(shop, spec, tag, context, below)
    report = check_integrity(shop.engine, image.id, forbidden=forbidden)
    require_integrity(report)
    return BuiltImage(
        tag=tag,
        spec_digest=spec.digest,
        image_id=image.id,
        layers=image.layers,
        seconds=time.monotonic() - started,
        cached=cached,
        integrity=report,
    )


def ensure_system(shop: Workshop, spec: EnvironmentSpec) -> str:
    """Tag of the image with toolchain and system packages: where dependencies are resolved."""
    below = shop.toolchain or spec.toolchain.image
    if not spec.system_packages:
        return below
    tag = system_tag(spec, shop.toolchain)
    request = LayerRequest(
        base=below,
        tag=tag,
        files=_files(spec, "system.sh"),
        commands=[f"bash {PLACE}/system.sh"],
        labels=_labels(spec, "system", tag),
    )
    return _ensure(shop, spec, request, tag, lambda: _connected(shop, request, "apt", spec))


def ensure_dependencies(shop: Workshop, spec: EnvironmentSpec) -> str:
    """Tag of the image with toolchain, system packages and locked dependencies."""
    tag = dependencies_tag(spec, shop.toolchain)
    if _found(shop.engine, spec, tag, spec.shared_digest) is not None:
        return tag
    locks = {name: text.encode() for name, text in spec.lock_files.items()}
    request = LayerRequest(
        base=ensure_system(shop, spec),
        tag=tag,
        files=_files(spec, "dependencies.sh") | locks,
        commands=[f"bash {PLACE}/dependencies.sh"],
        changes=env_lines(image_env(spec)),
        labels=_labels(spec, "dependencies", spec.shared_digest),
    )
    ecosystem = ECOSYSTEMS[spec.language]
    return _ensure(
        shop, spec, request, spec.shared_digest, lambda: _connected(shop, request, ecosystem, spec)
    )


def ensure_source(shop: Workshop, spec: EnvironmentSpec, shared: SharedSource, below: str) -> str:
    """Tag of the image with the shared tree installed; ``""`` when that tree does not build."""
    tag, digest = source_tag(spec, shared.digest, shop.toolchain)
    failed = shop.cache / "unbuildable" / digest
    if failed.exists():
        return ""
    request = LayerRequest(
        base=below,
        tag=tag,
        files=_files(spec) | {SOURCE: shared.bundle.read_bytes()},
        commands=[f"LOOSE=1 bash {PLACE}/source.sh", *_install(spec)],
        changes=env_lines(spec.env),
        labels=_labels(spec, "source", digest),
        env=spec.env,
    )
    try:
        return _ensure(shop, spec, request, digest, lambda: request)
    except BuildError as error:
        if error.cause not in PROJECT_FAULTS:
            raise
        failed.parent.mkdir(parents=True, exist_ok=True)
        failed.touch()
        return ""


def _above_shared(
    shop: Workshop, spec: EnvironmentSpec, tag: str, context: Path, shared: SharedSource, below: str
) -> ImageInfo | None:
    """The task's layer above the shared source; ``None`` when it has to be made without."""
    source = ensure_source(shop, spec, shared, below)
    if not source:
        return None
    try:
        return _task(shop, spec, tag, context, source, install=not shared.settled)
    except BuildError as error:
        if error.cause not in PROJECT_FAULTS:
            raise
        return None  # what was built of the earlier tree may be in the way


def _task(
    shop: Workshop, spec: EnvironmentSpec, tag: str, context: Path, below: str, *, install: bool = True
) -> ImageInfo:
    request = LayerRequest(
        base=below,
        tag=tag,
        files={path.name: path.read_bytes() for path in context.glob("*.sh")}
        | {SOURCE: (context / SOURCE).read_bytes()},
        commands=[f"bash {PLACE}/source.sh", *_install(spec, install)],
        changes=[*env_lines(spec.env), f"USER {spec.user}"],
        labels=_labels(spec, "task", spec.image_digest),
        env=spec.env,
    )
    return add_layer(shop.engine, request, log=shop.log, timeout=shop.timeout)


def _install(spec: EnvironmentSpec, install: bool = True) -> list[str]:
    if not spec.install_steps:
        return []
    return [*([f"bash {PLACE}/install.sh"] if install else []), f"bash {PLACE}/settle.sh"]


def _ensure(
    shop: Workshop,
    spec: EnvironmentSpec,
    request: LayerRequest,
    digest: str,
    ready: Callable[[], LayerRequest],
) -> str:
    """The tag of the layer, found or made by one worker at a time."""
    tag = request.tag
    if _found(shop.engine, spec, tag, digest) is not None:
        return tag
    with lock(shop.cache, tag):
        if _found(shop.engine, spec, tag, digest) is None:
            add_layer(shop.engine, ready(), log=shop.log, timeout=shop.timeout)
    return tag


def _connected(shop: Workshop, request: LayerRequest, ecosystem: str, spec: EnvironmentSpec) -> LayerRequest:
    """The request with the address of the package index, the only thing that its container reaches."""
    if shop.index is None:
        return request
    url = shop.index.url(ecosystem, spec.cutoff, container_network="index")
    return replace(request, network="index", secrets={"index": url.encode()})


def _files(spec: EnvironmentSpec, *names: str) -> dict[str, bytes]:
    texts = scripts(spec)
    return {name: texts[name].encode() for name in names or texts}


def _labels(spec: EnvironmentSpec, kind: str, digest: str) -> dict[str, str]:
    return {KIND: kind, DIGEST: digest, TEMPLATE: template_digest(spec)}


def _found(engine: Engine, spec: EnvironmentSpec, tag: str, digest: str) -> ImageInfo | None:
    image = engine.image(tag)
    expected = {DIGEST: digest, TEMPLATE: template_digest(spec)}
    return image if image is not None and expected.items() <= image.labels.items() else None
