"""The Dockerfile of a spec: the language's template, filled.

The text of the layers that pull requests share depends on nothing that differs between them (no
address, no port, no date of the day), so that the builder's cache and a third party's rebuild agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from envfactory.builder.templates import render_template, template_text
from envfactory.records import EnvironmentSpec, LockedDependency

Until = Literal["system", "dependencies", "task"]


def render(spec: EnvironmentSpec, *, until: Until = "task") -> str:
    """Dockerfile text; ``until`` leaves out the later stages, whose values may not be known yet."""
    return render_template(
        _template(spec),
        until=until,
        toolchain=spec.toolchain,
        system_packages=spec.system_packages,
        lock_files={name for name, text in spec.lock_files.items() if text.strip()},
        dated=dated_options(spec.dependencies, spec.cutoff),
        env=spec.env,
        link="/" + spec.repo.rpartition("/")[2],
        install=bool(spec.install_steps),
        user=spec.user,
    )


def template_digest(spec: EnvironmentSpec) -> str:
    """sha256 of the template that ``render`` fills."""
    return hashlib.sha256(template_text(_template(spec)).encode()).hexdigest()


def _template(spec: EnvironmentSpec) -> str:
    from envfactory.languages import LANGUAGES

    return LANGUAGES[spec.language].DOCKERFILE


def install_script(steps: Sequence[str]) -> str:
    """The install steps as a script that stops at the first failure."""
    return "\n".join(["#!/bin/bash", "set -euxo pipefail", "cd /testbed", *steps, ""])


def dated_options(dependencies: Sequence[LockedDependency], cutoff: datetime) -> tuple[str, ...]:
    """Options that make an undated index answer as of the lock's own time.

    The wheels are pinned by hash; this binds what isolated builds of source distributions fetch.  The
    date is that of the newest locked file, since the cut-off would differ between equal locks.  A
    package locked in a later version (uploaded again) or with a floor gets its own date.
    """
    from envfactory.timemachine.dating import FLOORS

    times = {item: item.upload_time for item in dependencies if item.upload_time is not None}
    usual = [time for time in times.values() if _utc(time) <= _utc(cutoff)]
    as_of = max(map(_utc, usual), default=_utc(cutoff))
    late = {name: _stamp(floor) for name, floor in FLOORS.items() if floor > as_of}
    late |= {item.name: _stamp(time) for item, time in times.items() if _utc(time) > as_of}
    options = [f"--exclude-newer={_stamp(as_of)}"]
    return (*options, *(f"--exclude-newer-package={name}={stamp}" for name, stamp in sorted(late.items())))


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _stamp(time: datetime) -> str:
    """The next whole second: the bound is exclusive, and uploads carry fractions."""
    return (_utc(time).replace(microsecond=0) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
