"""The toolchain image: base system plus one CPython, made once per machine and version.

The first provider that can give a version gives it; what it was is in the image's labels and, as
``Toolchain.provider``, in every spec.  A provider that failed is not asked again by this process.
Nothing here decides *which* version a project needs: that is the language's business.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.bases import base_tag, ensure_base, lock
from envfactory.builder.providers import PROVIDERS, Recipe, Unavailable
from envfactory.builder.relocation import relocate
from envfactory.builder.templates import render_template, template_text
from envfactory.errors import BuildError, PrerequisiteError, StageError
from envfactory.records import Limits, Toolchain, canonical_json

if TYPE_CHECKING:
    from envfactory.engine import Engine

LABEL = "envfactory.toolchain"
"""The ``Toolchain`` record as JSON."""
TEMPLATE = "toolchain.Dockerfile.j2"
MAKE_SECONDS = 900.0
FULL_VERSION = "import platform; print(platform.python_version())"


@dataclass(frozen=True)
class _Shop:
    """Where toolchains are made, and which providers refused, by ``provider`` or ``provider version``."""

    engine: Engine
    cache: Path
    base_image: str
    refused: dict[str, str]


_refused: dict[str, str] = {}


def ensure_toolchain(
    engine: Engine, cache: Path, versions: Sequence[str], *, base_image: str = ""
) -> Toolchain:
    """The first of ``versions`` (best first, such as ``3.8``) that any provider can give.

    Raises ``BuildError(cause="no_interpreter")`` with every provider's reason when none can.
    """
    shop = _Shop(engine, cache, base_image, _refused)
    base = base_tag(base_image=base_image)
    for version in versions:
        found = _existing(engine, version, base)
        if found is None:
            with lock(cache, f"envfactory/python:{version}"):
                found = _existing(engine, version, base) or _provide(shop, version)
        if found is not None:
            return found
    asked = {key for version in versions for name in PROVIDERS for key in (name, f"{name} {version}")}
    reasons = "; ".join(reason for key, reason in sorted(_refused.items()) if key in asked)
    raise BuildError(
        f"no interpreter for {', '.join(versions) or 'any version'}: {reasons}",
        cause="no_interpreter",
        hint="make a registry reachable, or install one of these versions with pyenv",
    )


def toolchain_tag(version: str, provider: str, base: str) -> str:
    """Name of the image that ``provider`` gives for ``version`` where ``base`` is the base system's tag."""
    digest = hashlib.sha256(canonical_json([version, provider, base, template_text(TEMPLATE)])).hexdigest()
    return f"envfactory/python:{version}-{digest[:12]}"


def _existing(engine: Engine, version: str, base: str) -> Toolchain | None:
    for provider in PROVIDERS:
        image = engine.image(toolchain_tag(version, provider, base))
        if image is not None and LABEL in image.labels:
            return Toolchain.model_validate_json(image.labels[LABEL])
    return None


def _provide(shop: _Shop, version: str) -> Toolchain | None:
    missing: PrerequisiteError | None = None
    for name, provider in PROVIDERS.items():
        if name in shop.refused or f"{name} {version}" in shop.refused:
            continue
        try:
            return _make(shop, version, name, provider(shop.engine, version, shop.cache))
        except Unavailable as reason:
            shop.refused[name if reason.lasting else f"{name} {version}"] = str(reason)
        except StageError as error:
            if error.retryable:
                raise
            shop.refused[f"{name} {version}"] = f"{name}: {error}"
        except PrerequisiteError as error:
            missing = error
    if missing is not None:
        raise missing
    return None


def _make(shop: _Shop, version: str, provider: str, recipe: Recipe) -> Toolchain:
    base = ensure_base(shop.engine, shop.cache, suite=recipe.suite, base_image=shop.base_image)
    tag = toolchain_tag(version, provider, base_tag(base_image=shop.base_image))
    executable = f"/opt/python/{version}/bin/python{version}"
    text = render_template(
        TEMPLATE,
        base=base.tags[0],
        official=recipe.official,
        relocated=recipe.tree is not None,
        version=version,
        executable=executable,
        directory=str(Path(executable).parent),
    )
    with tempfile.TemporaryDirectory(prefix="interpreter-", suffix=".incomplete", dir=shop.cache) as name:
        context = Path(name)
        (context / "Dockerfile").write_text(text)
        if recipe.tree is not None:
            relocate(recipe.tree, context / "python", f"/opt/python/{version}")
        log = shop.cache / "logs" / f"python-{version}-{provider}.log"
        unlabelled = shop.engine.build(
            context, f"{tag}-unlabelled", labels={}, log=log, timeout=MAKE_SECONDS, network="default"
        )
        toolchain = Toolchain(
            name="python",
            version=version,
            full_version=_full_version(shop.engine, unlabelled.id, executable),
            executable=executable,
            provider=provider,
            image=tag,
        )
        labels = {"envfactory.kind": "toolchain", LABEL: toolchain.model_dump_json()}
        shop.engine.build(context, tag, labels=labels, log=log, timeout=MAKE_SECONDS, network="default")
        shop.engine.remove_image(f"{tag}-unlabelled")
    return toolchain


def _full_version(engine: Engine, image: str, executable: str) -> str:
    with engine.container(image, limits=Limits(), workdir="/", name_hint="interpreter") as container:
        result = container.exec([executable, "-c", FULL_VERSION], timeout=60)
    if result.exit_code != 0:
        raise BuildError(f"{executable} does not run", cause="interpreter_broken", log=result.stderr[-4000:])
    return result.stdout.strip()
