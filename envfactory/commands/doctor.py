"""``envfactory doctor``: is this machine ready, and if not, what to do.

Each check answers on its own; one that breaks is a finding, not the end.  Nothing is changed.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from envfactory.commands import options
from envfactory.commands.clean import size
from envfactory.errors import FactoryError, PrerequisiteError

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.settings import Settings

OLDEST_GIT = (2, 34)
"""The oldest that is tested with; Debian 12 has 2.39."""


@dataclass(frozen=True)
class Finding:
    """One line of the table; ``missing`` keeps the factory from working, ``warning`` does not."""

    check: str
    state: Literal["ok", "warning", "missing"]
    found: str
    fix: str = ""


def doctor(
    github: Annotated[bool, typer.Option("--github", help="Ask GitHub what is left of its limits.")] = False,
    workspace: options.Workspace = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Check Docker, git, disk and the rest; exit code 4 if something needed is missing.

    [bold]Examples[/bold]

        envfactory doctor

        envfactory doctor --github
    """
    from envfactory import __version__
    from envfactory.commands import session

    chosen = session.settings(workspace, config)
    findings = list(examine(chosen, ask_github=github))
    missing = [finding.check for finding in findings if finding.state == "missing"]
    if json:
        session.emit(
            {"version": __version__, "ready": not missing, "checks": [asdict(one) for one in findings]}
        )
    else:
        show(findings, __version__)
    if missing:
        raise typer.Exit(PrerequisiteError.exit_code)


def examine(chosen: Settings, *, ask_github: bool = False) -> Iterator[Finding]:
    """All findings, in the order of the table; nobody outside is asked but GitHub, if wanted."""
    yield _python()
    yield _safely("git", _git)
    try:
        engine: Engine | None = _engine()
    except FactoryError as error:
        engine = None
        yield Finding("docker", "missing", str(error), error.hint)
    if engine is not None:
        for name, check in _ENGINE_CHECKS.items():
            yield _safely(name, check, engine, chosen)
    yield _safely("machine", _machine, chosen)
    yield _safely("workspace", _workspace, chosen)
    yield _safely("cache", _cache, chosen)
    yield _github(chosen, ask_github)


def _safely(name: str, check: Callable[..., Finding], *arguments: object) -> Finding:
    try:
        return check(*arguments)
    except FactoryError as error:
        return Finding(name, "missing", str(error), error.hint)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name, "missing", f"{type(error).__name__}: {error}")


def _python() -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")


def _git() -> Finding:
    if shutil.which("git") is None:
        return Finding("git", "missing", "there is no git command", "apt-get install git")
    from envfactory.git.process import run

    found = run(["--version"], git_dir=None).decode().removeprefix("git version").strip()
    numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    if numbers < OLDEST_GIT:
        return Finding("git", "warning", found, f"{'.'.join(map(str, OLDEST_GIT))} or newer is tested with")
    return Finding("git", "ok", found)


def _engine() -> Engine:
    from envfactory.engine import connect

    return connect()


def _docker(engine: Engine, _: Settings) -> Finding:
    info = engine.describe()
    state: Literal["ok", "warning"] = "ok" if info.arch in ("x86_64", "amd64") else "warning"
    fix = "" if state == "ok" else "images are made for linux/amd64"
    return Finding(
        "docker", state, f"{info.version}, API {info.api}, {info.storage_driver}, {info.arch}", fix
    )


def _buildkit(engine: Engine, _: Settings) -> Finding:
    builder = engine.describe().builder
    if not builder:
        return Finding("buildkit", "missing", "no docker command can build with it", "install docker-buildx")
    return Finding("buildkit", "ok", builder)


def _disk(engine: Engine, chosen: Settings) -> Finding:
    free = engine.disk_free()
    if free == sys.maxsize:
        return Finding("docker disk", "ok", "on another machine")
    needed = int(chosen.min_free_disk_gb * 1e9)
    if free < needed:
        return Finding(
            "docker disk", "missing", f"{size(free)} free, {size(needed)} needed", "envfactory clean"
        )
    return Finding("docker disk", "ok", f"{size(free)} free")


def _leftovers(engine: Engine, _: Settings) -> Finding:
    from envfactory.commands.clean import forgotten

    left = [one.name for one in engine.owned_containers() if forgotten(one.owner)]
    if left:
        return Finding(
            "containers", "warning", f"{len(left)} left by killed runs", "envfactory clean --containers"
        )
    return Finding("containers", "ok", "none left behind")


def _base(engine: Engine, chosen: Settings) -> Finding:
    from envfactory.builder.bases import base_tag

    tag = base_tag(base_image=chosen.base_image)
    if engine.image(tag) is not None:
        return Finding("base image", "ok", tag)
    if chosen.base_image:
        return Finding("base image", "missing", f"{tag} is not in Docker", f"docker pull {tag}")
    if shutil.which("mmdebstrap") is None:
        return Finding(
            "base image",
            "warning",
            "not made yet; without a registry it needs mmdebstrap",
            "apt-get install mmdebstrap",
        )
    return Finding("base image", "ok", "not made yet; the first build makes it")


_ENGINE_CHECKS: dict[str, Callable[[Engine, Settings], Finding]] = {
    "docker": _docker,
    "buildkit": _buildkit,
    "docker disk": _disk,
    "containers": _leftovers,
    "base image": _base,
}


def _machine(chosen: Settings) -> Finding:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cpus = len(os.sched_getaffinity(0))
    text = f"{cpus} CPUs, {size(memory)} memory, {chosen.workers} jobs at a time"
    if memory < chosen.limits.memory_mb * (1 << 20):
        return Finding("machine", "warning", text, "set `limits.memory_mb` lower")
    return Finding("machine", "ok", text)


def _workspace(chosen: Settings) -> Finding:
    from envfactory.commands import session
    from envfactory.store import Store

    place = session.workspace_of(chosen)
    if not place.db.is_file():
        return Finding("workspace", "ok", f"none yet at {place.root}")
    with Store(place.db, read_only=True) as store:
        return Finding("workspace", "ok", f"{len(store.keys())} pull requests in {place.root}")


def _cache(chosen: Settings) -> Finding:
    folder = chosen.cache
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return Finding("cache", "missing", f"cannot write to {folder}", "set ENVFACTORY_CACHE")
    return Finding("cache", "ok", f"{chosen.cache}, {size(shutil.disk_usage(folder).free)} free")


def _github(chosen: Settings, ask: bool) -> Finding:
    """Only those who mine GitHub need it, so that nothing about it keeps the factory from working."""
    from envfactory.github.quota import quota

    try:
        return Finding("github", "ok", quota(chosen.cache, ask=ask))
    except FactoryError as error:
        return Finding("github", "warning", str(error), error.hint)


def show(findings: list[Finding], version: str) -> None:
    """The table, in a form that can be pasted into an issue."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("check", "state", "found", "fix"):
        table.add_column(name, overflow="fold")
    colours = {"ok": "green", "warning": "yellow", "missing": "red"}
    for one in findings:
        table.add_row(one.check, Text(one.state, style=colours[one.state]), Text(one.found), Text(one.fix))
    console = Console(highlight=False)
    console.print(f"envfactory {version} on {platform.platform()}", markup=False)
    console.print(table)
