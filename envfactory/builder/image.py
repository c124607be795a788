"""Builds the image of a spec from its context, in two steps so that pull requests share the first.

    toolchain ──▶ dependencies (network: package index)     one per ``shared_digest``
                       └──▶ task (no network)               one per ``image_digest``, proved by ``integrity``

An image that exists is believed when its label carries the whole digest.  Nothing here decides what
belongs into a spec.
"""

from __future__ import annotations

import ssl
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.bases import lock
from envfactory.builder.context import write_context
from envfactory.builder.dockerfile import Until, template_digest
from envfactory.builder.integrity import check_integrity, require_integrity
from envfactory.builder.names import DIGEST, KIND, TEMPLATE, dependencies_tag, system_tag, task_tag
from envfactory.records import BuiltImage, EnvironmentSpec

if TYPE_CHECKING:
    from envfactory.engine import Engine, ImageInfo
    from envfactory.timemachine import TimeMachine

ECOSYSTEMS = {"python": "pypi"}
"""Language -> the index that its installer asks."""


@dataclass(frozen=True)
class Workshop:
    """With what and how long to build; ``index`` ``None``: the clients' default index."""

    engine: Engine
    index: TimeMachine | None
    cache: Path
    log: Path
    timeout: float
    toolchain: str = ""
    """Image to build on when it is not the one that the spec names."""


def build_image(
    shop: Workshop,
    spec: EnvironmentSpec,
    context: Path,
    *,
    instance_id: str,
    forbidden: Sequence[str] = (),
) -> BuiltImage:
    """The task's image, found or built; raises ``BuildError``, also for an unsound repository.

    ``context`` is a directory written by ``write_context``; ``forbidden`` are commit ids that must not
    be in the image.
    """
    started = time.monotonic()
    tag = task_tag(instance_id, spec)
    image = _found(shop.engine, spec, tag, spec.image_digest)
    cached = image is not None
    if image is None:
        dependencies = ensure_dependencies(shop, spec)
        image = shop.engine.build(
            context,
            tag,
            build_args={"DEPENDENCIES": dependencies},
            labels=_labels(spec, "task", spec.image_digest),
            log=shop.log,
            timeout=shop.timeout,
            network="none",
        )
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


def ensure_dependencies(shop: Workshop, spec: EnvironmentSpec) -> str:
    """Tag of the image with toolchain, system packages and locked dependencies."""
    return _ensure_shared(
        shop, spec, dependencies_tag(spec, shop.toolchain), spec.shared_digest, "dependencies"
    )


def ensure_system(shop: Workshop, spec: EnvironmentSpec) -> str:
    """Tag of the image with toolchain and system packages: where dependencies are resolved."""
    if not spec.system_packages:
        return shop.toolchain or spec.toolchain.image
    tag = system_tag(spec, shop.toolchain)
    return _ensure_shared(shop, spec, tag, tag, "system")


def _ensure_shared(shop: Workshop, spec: EnvironmentSpec, tag: str, digest: str, until: Until) -> str:
    if _found(shop.engine, spec, tag, digest) is not None:
        return tag
    with lock(shop.cache, tag), tempfile.TemporaryDirectory(prefix=f"envfactory-{until}-") as name:
        if _found(shop.engine, spec, tag, digest) is None:
            write_context(spec, None, Path(name), until=until)
            shop.engine.build(
                Path(name),
                tag,
                build_args={"TOOLCHAIN": shop.toolchain} if shop.toolchain else {},
                secrets=_secrets(shop, spec),
                labels=_labels(spec, until, digest),
                log=shop.log,
                timeout=shop.timeout,
                network="default",
            )
    return tag


def _secrets(shop: Workshop, spec: EnvironmentSpec) -> Mapping[str, bytes]:
    if shop.index is not None:
        url = shop.index.url(ECOSYSTEMS[spec.language], spec.cutoff, container_network="build")
        return {"index": url.encode()}
    authorities = ssl.get_default_verify_paths().cafile
    return {"ca": Path(authorities).read_bytes()} if authorities else {}


def _labels(spec: EnvironmentSpec, kind: Until, digest: str) -> dict[str, str]:
    return {KIND: kind, DIGEST: digest, TEMPLATE: template_digest(spec)}


def _found(engine: Engine, spec: EnvironmentSpec, tag: str, digest: str) -> ImageInfo | None:
    image = engine.image(tag)
    expected = {DIGEST: digest, TEMPLATE: template_digest(spec)}
    return image if image is not None and expected.items() <= image.labels.items() else None
