"""The layers that tasks share: system packages, locked dependencies, an earlier tree.

Each is made once, by one worker while others wait, and believed when its label carries the whole
digest.  What the package index handed out for a layer is kept beside the cache as its ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.bases import lock
from envfactory.builder.context import SOURCE
from envfactory.builder.layer import LIMITS, LayerRequest, add_layer, env_lines
from envfactory.builder.names import DIGEST, KIND, TEMPLATE, dependencies_tag, source_tag, system_tag
from envfactory.builder.scripts import (
    PLACE,
    image_env,
    locked_as_of,
    next_second,
    scripts,
    template_digest,
)
from envfactory.errors import BuildError
from envfactory.records import EnvironmentSpec, LedgerEntry
from envfactory.timemachine import ledger

if TYPE_CHECKING:
    from envfactory.engine import Engine, ImageInfo
    from envfactory.timemachine import TimeMachine

ECOSYSTEMS = {"python": "pypi"}
"""Language -> the index that its installer asks."""
INDEX = "/run/secrets/index"
ANY_DATE = datetime(2000, 1, 1, tzinfo=UTC)
"""Archives keep no history; a fixed date in the address keeps the ledgers of equal layers equal."""
SOURCES = "cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>&-; :"
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


def ensure_system(shop: Workshop, spec: EnvironmentSpec) -> str:
    """Tag of the image with toolchain and system packages: where dependencies are resolved."""
    below = shop.toolchain or spec.toolchain.image
    if not spec.system_packages:
        return below
    tag = system_tag(spec, shop.toolchain)
    request = LayerRequest(
        base=below,
        tag=tag,
        files=script_files(spec, "system.sh"),
        commands=[f"bash {PLACE}/system.sh"],
        labels=labels(spec, "system", tag),
    )
    return _ensure(shop, spec, request, tag, lambda: _with_archives(shop, request, spec), fetches=True)


def ensure_dependencies(shop: Workshop, spec: EnvironmentSpec) -> str:
    """Tag of the image with toolchain, system packages and locked dependencies."""
    tag = dependencies_tag(spec, shop.toolchain)
    locks = {name: text.encode() for name, text in spec.lock_files.items()}
    request = LayerRequest(
        base=ensure_system(shop, spec),
        tag=tag,
        files=script_files(spec, "dependencies.sh") | locks,
        commands=[f"bash {PLACE}/dependencies.sh"],
        changes=env_lines(image_env(spec)),
        labels=labels(spec, "dependencies", spec.shared_digest),
    )
    ready = partial(_with_index, shop, request, spec)
    return _ensure(shop, spec, request, spec.shared_digest, ready, fetches=bool(spec.dependencies))


def layers_ledger(shop: Workshop, spec: EnvironmentSpec) -> tuple[LedgerEntry, ...]:
    """What the index handed out for the system and the dependencies' layers, which must have been made."""
    tags = [system_tag(spec, shop.toolchain)] if spec.system_packages else []
    tags += [dependencies_tag(spec, shop.toolchain)] if spec.dependencies else []
    entries = [
        entry for tag in tags if _ledger(shop, tag).exists() for entry in ledger.read(_ledger(shop, tag))
    ]
    return tuple(entries)


def ensure_source(shop: Workshop, spec: EnvironmentSpec, shared: SharedSource, below: str) -> str:
    """Tag of the image with the shared tree installed; ``""`` when that tree does not build."""
    tag, digest = source_tag(spec, shared.digest, shop.toolchain)
    failed = shop.cache / "unbuildable" / digest
    if failed.exists():
        return ""
    request = LayerRequest(
        base=below,
        tag=tag,
        files=script_files(spec) | {SOURCE: shared.bundle.read_bytes()},
        commands=[f"LOOSE=1 bash {PLACE}/source.sh", *install_commands(spec)],
        changes=env_lines(spec.env),
        labels=labels(spec, "source", digest),
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


def _ensure(
    shop: Workshop,
    spec: EnvironmentSpec,
    request: LayerRequest,
    digest: str,
    ready: Callable[[], LayerRequest],
    *,
    fetches: bool = False,
) -> str:
    """The tag of the layer, found or made by one worker at a time; with its ledger, if it fetches."""
    tag = request.tag
    # A spec that is built again brings its ledger along.
    kept = _ledger(shop, tag) if fetches and shop.index is not None and not spec.ledger else None

    def there() -> bool:
        return found(shop.engine, spec, tag, digest) is not None and (kept is None or kept.exists())

    if not there():
        with lock(shop.cache, tag):
            if not there():
                add_layer(shop.engine, ready(), log=shop.log, timeout=shop.timeout)
                if kept is not None and shop.index is not None:
                    _keep(kept, shop.index.ledger(_token(tag)))
    return tag


def _ledger(shop: Workshop, tag: str) -> Path:
    return shop.cache / "ledgers" / f"{_token(tag)}.jsonl"


def _token(tag: str) -> str:
    return tag.replace("/", ".").replace(":", ".")


def _keep(path: Path, entries: Sequence[LedgerEntry]) -> None:
    """In an order that does not depend on which of many downloads was the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {entry.model_copy(update={"token": ""}) for entry in entries}
    ledger.write(path, sorted(plain, key=lambda entry: (entry.ecosystem, entry.name, entry.filename)))


def _with_index(shop: Workshop, request: LayerRequest, spec: EnvironmentSpec) -> LayerRequest:
    """The request with the address of the package index, the only thing that its container reaches."""
    if shop.index is None:
        return request
    as_of = next_second(locked_as_of(spec.dependencies, spec.cutoff))
    url = shop.index.url(ECOSYSTEMS[spec.language], as_of, token=_token(request.tag))
    return replace(request, network="index", passing={INDEX: url.encode()})


def _with_archives(shop: Workshop, request: LayerRequest, spec: EnvironmentSpec) -> LayerRequest:
    """The request with the image's Debian archives, as the index passes them on."""
    if shop.index is None:
        return request
    with shop.engine.container(request.base, limits=LIMITS, workdir="/", name_hint="sources") as container:
        sources = container.exec(["sh", "-c", SOURCES], timeout=60, cwd="/").stdout
    setup = shop.index.client_setup("apt", ANY_DATE, token=_token(request.tag), given=sources)
    passing = {path: text.encode() for path, text in setup.files.items()}
    return replace(request, network="index", passing=passing, env=setup.environment)


def script_files(spec: EnvironmentSpec, *names: str) -> dict[str, bytes]:
    """The scripts of those names, or all, as a layer wants them."""
    texts = scripts(spec)
    return {name: texts[name].encode() for name in names or texts}


def labels(spec: EnvironmentSpec, kind: str, digest: str) -> dict[str, str]:
    """What an image of ours says of itself."""
    return {KIND: kind, DIGEST: digest, TEMPLATE: template_digest(spec)}


def found(engine: Engine, spec: EnvironmentSpec, tag: str, digest: str) -> ImageInfo | None:
    """The image of that name, if it is made of what ``digest`` stands for."""
    image = engine.image(tag)
    expected = {DIGEST: digest, TEMPLATE: template_digest(spec)}
    return image if image is not None and expected.items() <= image.labels.items() else None


def install_commands(spec: EnvironmentSpec, install: bool = True) -> list[str]:
    """The install steps, or only what settles the tree after them."""
    if not spec.install_steps:
        return []
    return [*([f"bash {PLACE}/install.sh"] if install else []), f"bash {PLACE}/settle.sh"]
