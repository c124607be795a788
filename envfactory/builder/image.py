"""Makes the image of a spec, layer by layer, each shared by as many tasks as it can be.

    toolchain ─▶ system ─▶ dependencies ─▶ source ─▶ task
                 (apt)     (locked)         (an earlier tree of the repository, installed)

Dependencies are shared by equal locks.  The source layer is worth its place for large or native
projects: the task's own layer then holds only what differs from it.  An image that exists is believed
when its label carries the whole digest.  Nothing here decides what belongs into a spec.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.context import SOURCE
from envfactory.builder.integrity import check_integrity, require_integrity
from envfactory.builder.layer import LayerRequest, add_layer, env_lines
from envfactory.builder.names import task_tag
from envfactory.builder.scripts import PLACE
from envfactory.builder.shared_layers import (
    PROJECT_FAULTS,
    SharedSource,
    Workshop,
    ensure_dependencies,
    ensure_source,
    found,
    install_commands,
    labels,
)
from envfactory.errors import BuildError
from envfactory.records import BuiltImage, EnvironmentSpec

if TYPE_CHECKING:
    from envfactory.engine import ImageInfo


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
    image = found(shop.engine, spec, tag, spec.image_digest)
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
        commands=[f"bash {PLACE}/source.sh", *install_commands(spec, install)],
        changes=[*env_lines(spec.env), f"USER {spec.user}"],
        labels=labels(spec, "task", spec.image_digest),
        env=spec.env,
    )
    return add_layer(shop.engine, request, log=shop.log, timeout=shop.timeout)
