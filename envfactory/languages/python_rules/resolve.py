"""A declaration as of a date → locks and install steps, worked out in a container.

The container sees the dated index and nothing else; the project's own code (its ``setup.py``) runs
nowhere but there.
"""

from __future__ import annotations

import posixpath

from envfactory.languages.declaration import Declaration, Resolution, ResolveRequest
from envfactory.languages.python_rules.compiler import Compiler
from envfactory.languages.python_rules.editable import install_project
from envfactory.languages.python_rules.install import (
    BUILD_LOCK,
    RUNTIME_LOCK,
    SHIMS,
    TESTBED,
)
from envfactory.languages.python_rules.lock import lock, render
from envfactory.languages.python_rules.resolver import resolve_pins
from envfactory.languages.python_rules.runner import TEST_ENV
from envfactory.languages.python_rules.workshop import Workshop, workshop
from envfactory.records import Evidence

VERSION_VARIABLES = (
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "PBR_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "PDM_BUILD_SCM_VERSION",
)
UNKNOWN_VERSION = "0.1.dev0"


def resolve(declaration: Declaration, request: ResolveRequest) -> Resolution:
    """Locks, steps and evidence; raises ``BuildError`` with a cause and the resolver's words."""
    with workshop(request, request.toolchain.image) as shop:
        environment, evidence = _version_environment(shop, declaration)
        compiler = Compiler(shop, environment)
        outcome = resolve_pins(compiler, declaration, _manifest(shop, declaration))
        installation = install_project(compiler, declaration, outcome.pins)
        outcome.pins.pop(installation.name, None)
        runtime = lock(request.index, outcome.pins, request.cutoff, "runtime")
        return Resolution(
            dependencies=(*runtime, *installation.build),
            lock_files={RUNTIME_LOCK: render(runtime), BUILD_LOCK: installation.build_lock},
            install_steps=installation.steps,
            rebuild_steps=installation.steps,
            env={**TEST_ENV, **declaration.env},
            dropped=tuple(outcome.dropped),
            evidence=(*evidence, *outcome.evidence, *installation.evidence),
        )


def _manifest(shop: Workshop, declaration: Declaration) -> str:
    """Path of the manifest that the resolver is given; empty when what was read of it has to do."""
    if not declaration.installable or declaration.build_backend in SHIMS:
        return ""
    folder = posixpath.normpath(posixpath.join(TESTBED, declaration.project_dir))
    for name in ("pyproject.toml", "setup.py", "setup.cfg"):
        path = posixpath.join(folder, name)
        if shop.run(f"test -f {path}").exit_code == 0:
            return path
    return ""


def _version_environment(
    shop: Workshop, declaration: Declaration
) -> tuple[dict[str, str], tuple[Evidence, ...]]:
    """A version for tools that compute it from tags, when the source carries none."""
    if shop.tag:
        return {}, (Evidence(choice="version", value=shop.tag, rule="nearest tag"),)
    text = " ".join(declaration.build_requirements).lower().replace("_", "-")
    if not any(
        tool in text
        for tool in ("setuptools-scm", "hatch-vcs", "pbr", "dynamic-versioning", "pdm", "versioningit")
    ):
        return {}, ()
    released = (
        shop.request.index.dated("pypi", declaration.name, shop.request.cutoff) if declaration.name else []
    )
    version = released[-1].version if released else UNKNOWN_VERSION
    rule = "no tag: the newest release as of the date stands in"
    return dict.fromkeys(VERSION_VARIABLES, version), (Evidence(choice="version", value=version, rule=rule),)
