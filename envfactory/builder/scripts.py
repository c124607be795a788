"""The shell scripts that make an image, layer by layer, and the Dockerfile that runs them in order.

    system.sh          system packages
    dependencies.sh    the language's environment, from the lock files
    source.sh          /testbed, from source.bundle
    install.sh         the spec's install steps
    settle.sh          git told to overlook what they wrote

``layer`` runs the same scripts in containers, so what the factory builds is what a bundle's
Dockerfile builds.  Their text depends on no address, port or date of the day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from envfactory.builder.templates import render_template, template_text
from envfactory.records import EnvironmentSpec, LockedDependency

if TYPE_CHECKING:
    from envfactory.languages.protocol import Language

PLACE = "/tmp/build"
"""Where scripts, locks and the source lie while a layer is made."""
COMPILING = (
    # Debug information is most of a compiled extension's size, and nobody looks at it.
    'export CFLAGS="-g0 ${CFLAGS:-}" CXXFLAGS="-g0 ${CXXFLAGS:-}"',
    'export MAKEFLAGS="-j$(nproc)" CMAKE_BUILD_PARALLEL_LEVEL="$(nproc)" NPY_NUM_BUILD_JOBS="$(nproc)"',
)
"""Lines before the install steps of every project."""
SHARED_TEMPLATES = ("system.sh.j2", "source.sh.j2", "settle.sh.j2")


def dockerfile(spec: EnvironmentSpec) -> str:
    """Text of the Dockerfile of a bundle's ``environment`` directory."""
    return render_template(_language(spec).DOCKERFILE, image_env=image_env(spec), **_values(spec))


def scripts(spec: EnvironmentSpec) -> dict[str, str]:
    """File name in the build context -> text, in the order in which they run."""
    values = _values(spec)
    found: dict[str, str] = {}
    if spec.system_packages:
        found["system.sh"] = render_template("system.sh.j2", **values)
    found["dependencies.sh"] = render_template(_language(spec).DEPENDENCIES, **values)
    found["source.sh"] = render_template("source.sh.j2", **values)
    if spec.install_steps:
        found["install.sh"] = install_script(spec.install_steps)
        found["settle.sh"] = render_template("settle.sh.j2", **values)
    return found


def image_env(spec: EnvironmentSpec) -> Mapping[str, str]:
    """Variables that the dependencies' image sets whatever the task."""
    return dict(_language(spec).IMAGE_ENV)


def template_digest(spec: EnvironmentSpec) -> str:
    """sha256 of all templates that an image of this language is made from."""
    names = (_language(spec).DOCKERFILE, _language(spec).DEPENDENCIES, *SHARED_TEMPLATES)
    return hashlib.sha256("\0".join([*map(template_text, names), *COMPILING]).encode()).hexdigest()


def install_script(steps: Sequence[str]) -> str:
    """The install steps as a script that stops at the first failure and finds no network."""
    head = ["#!/bin/bash", "set -euxo pipefail", "export UV_OFFLINE=1 UV_NO_CACHE=1 PIP_NO_INDEX=1"]
    return "\n".join([*head, *COMPILING, "cd /testbed", *steps, ""])


def _language(spec: EnvironmentSpec) -> Language:
    from envfactory.languages import LANGUAGES

    return LANGUAGES[spec.language]


def _values(spec: EnvironmentSpec) -> dict[str, object]:
    return {
        "toolchain": spec.toolchain,
        "system_packages": spec.system_packages,
        "lock_files": {name for name, text in spec.lock_files.items() if text.strip()},
        "dated": dated_options(spec.dependencies, spec.cutoff),
        "env": spec.env,
        "link": "/" + spec.repo.rpartition("/")[2],
        "install": bool(spec.install_steps),
        "user": spec.user,
    }


def dated_options(dependencies: Sequence[LockedDependency], cutoff: datetime) -> tuple[str, ...]:
    """Options that make an undated index answer as of the lock's own time.

    The wheels are pinned by hash; this binds what isolated builds of source distributions fetch.  A
    package locked in a later version (uploaded again) or with a floor gets its own date.
    """
    from envfactory.timemachine.dating import FLOORS

    as_of = locked_as_of(dependencies, cutoff)
    times = {item.name: item.upload_time for item in dependencies if item.upload_time is not None}
    late = {name: _stamp(floor) for name, floor in FLOORS.items() if floor > as_of}
    late |= {name: _stamp(time) for name, time in times.items() if _utc(time) > as_of}
    options = [f"--exclude-newer={_stamp(as_of)}"]
    return (*options, *(f"--exclude-newer-package={name}={stamp}" for name, stamp in sorted(late.items())))


def locked_as_of(dependencies: Sequence[LockedDependency], cutoff: datetime) -> datetime:
    """When the newest locked file was uploaded, of those that are not newer than ``cutoff``; UTC.

    A date that equal locks agree on, which their cut-offs do not.
    """
    times = [_utc(item.upload_time) for item in dependencies if item.upload_time is not None]
    return max((time for time in times if time <= _utc(cutoff)), default=_utc(cutoff))


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _stamp(time: datetime) -> str:
    return next_second(time).strftime("%Y-%m-%dT%H:%M:%SZ")


def next_second(time: datetime) -> datetime:
    """The next whole second: bounds are exclusive or in whole seconds, and uploads carry fractions."""
    return _utc(time).replace(microsecond=0) + timedelta(seconds=1)
