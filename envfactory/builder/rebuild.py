"""Makes a task's image again from its bundle alone: base, interpreter and dependencies included.

For graders and trainers whose engine does not have the image.  Needs the task directory, an engine
and what a package index of ours can fetch; no clone, no workspace.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.bases import ensure_base
from envfactory.builder.context import SOURCE, read_spec
from envfactory.builder.image import build_image
from envfactory.builder.interpreters import ensure_toolchain
from envfactory.builder.names import task_tag
from envfactory.builder.shared_layers import Workshop
from envfactory.errors import BuildError
from envfactory.records import EnvironmentSpec
from envfactory.timemachine import TimeMachine
from envfactory.workspace import user_cache

if TYPE_CHECKING:
    from envfactory.engine import Engine, ImageInfo

TIMEOUT = 3600.0


def rebuild(
    task_dir: Path,
    engine: Engine,
    index: TimeMachine | None = None,
    *,
    instance_id: str = "",
    cache: Path | None = None,
    timeout: float = TIMEOUT,
    log: Path | None = None,
) -> ImageInfo:
    """The image of the task in ``task_dir``, found or built, under the tag of its name.

    ``instance_id`` is the directory's name unless it was renamed.
    Raises ``UsageError`` when ``task_dir`` holds no spec, ``BuildError`` when the build fails.
    """
    context = task_dir / "environment"
    spec = read_spec(context)
    if not (context / SOURCE).is_file():
        raise BuildError(
            f"{task_dir}: exported without its sources, so the image cannot be made again",
            cause="source_missing",
            hint="load the image, or export the dataset without --thin",
        )
    cache = cache or user_cache()
    instance_id = instance_id or task_dir.resolve().name
    with tempfile.TemporaryDirectory(prefix="envfactory-rebuild-") as folder, ExitStack() as stack:
        shop = Workshop(
            engine=engine,
            index=index or stack.enter_context(TimeMachine.for_engine(engine, cache)),
            cache=cache,
            log=log or Path(folder) / "build.log",
            timeout=timeout,
            toolchain=_toolchain(engine, cache, spec),
        )
        build_image(shop, spec, context, instance_id=instance_id)
    image = engine.image(task_tag(instance_id, spec))
    if image is None:
        raise BuildError(
            f"{task_dir}: built, but the engine does not have it", cause="image_vanished", retryable=True
        )
    return image


def _toolchain(engine: Engine, cache: Path, spec: EnvironmentSpec) -> str:
    """Image to build on: the one of the spec, else the same version as this machine can give it."""
    if engine.image(spec.toolchain.image) is not None:
        return spec.toolchain.image
    ensure_base(engine, cache)
    return ensure_toolchain(engine, cache, [spec.toolchain.version]).image
