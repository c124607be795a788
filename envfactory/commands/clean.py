"""``envfactory clean``: give back disk, after saying how much, and only what is ours."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from envfactory.commands import options

if TYPE_CHECKING:
    from envfactory.engine import Engine, ImageInfo
    from envfactory.workspace import Workspace

KIND_LABEL = "envfactory.kind"
TASK_KIND = "task"


@dataclass(frozen=True)
class Rubbish:
    """One thing that can be removed."""

    kind: str
    name: str
    bytes: int


def clean(
    containers: Annotated[
        bool, typer.Option("--containers", help="Containers that killed processes left.")
    ] = False,
    images: Annotated[
        bool, typer.Option("--images", help="Images of tasks and what they stand on; bundles rebuild them.")
    ] = False,
    bases: Annotated[bool, typer.Option("--bases", help="Base and interpreter images as well.")] = False,
    cache: Annotated[bool, typer.Option("--cache", help="The cache shared by all workspaces.")] = False,
    logs: Annotated[bool, typer.Option("--logs", help="Logs of the tasks in the workspace.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: options.Workspace = None,
    config: options.Config = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """List what can be removed with its size, ask, and remove it. Without options: --containers --images.

    Only containers and images with our label are looked at; what a running envfactory uses stays.

    [bold]Examples[/bold]

        envfactory clean --dry-run

        envfactory clean --images --bases --cache --yes
    """
    from envfactory.commands import session
    from envfactory.errors import UsageError

    chosen = session.settings(workspace, config)
    place = session.workspace_of(chosen)
    if not (containers or images or bases or cache or logs):
        containers = images = True
    engine = _engine(place) if containers or images or bases else None
    found = in_engine(engine, containers=containers, tasks=images, bases=bases) if engine else []
    found += [_folder("cache", place.cache)] if cache and place.cache.is_dir() else []
    found += [_folder("logs", path) for path in sorted(place.tasks.glob("*/logs"))] if logs else []
    total = sum(one.bytes for one in found)
    tell(found, total, json=json, done=False)
    if engine is not None and (images or bases):
        tell_build_cache(engine)
    if dry_run or not found:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nothing was removed: there is nobody to ask", hint="envfactory clean --yes")
        typer.confirm(f"Remove this and free about {size(total)}?", abort=True, err=True)
    removed = [one for one in found if remove(one, engine)]
    tell(removed, sum(one.bytes for one in removed), json=json, done=True)


def in_engine(engine: Engine, *, containers: bool, tasks: bool, bases: bool) -> list[Rubbish]:
    """What carries our label, what stands on others first; shared layers are counted once."""
    from envfactory.engine.holdings import Holdings

    found: list[Rubbish] = []
    if containers:
        found += [
            Rubbish("container", one.name, 0) for one in engine.owned_containers() if forgotten(one.owner)
        ]
    owned = engine.owned_images()
    holdings = Holdings(owned)
    chosen = [image for image in owned if bases or (tasks and not _is_base(image))]
    for image in sorted(chosen, key=lambda image: (-len(image.layers), image.tags, image.id)):
        freed = holdings.without(image)
        names = image.tags or (image.id,)
        found += [Rubbish("image", name, freed if name == names[0] else 0) for name in names]
    return found


def forgotten(owner: str) -> bool:
    """True when the process that made a container is known to be dead."""
    from envfactory.engine.owner import Owner

    maker = Owner.parse(owner)
    return maker is not None and maker.alive() is False


def _is_base(image: ImageInfo) -> bool:
    return image.labels.get(KIND_LABEL, TASK_KIND) in {"debian", "base", "toolchain"}


def remove(one: Rubbish, engine: Engine | None) -> bool:
    """Remove one thing; false, with the reason on standard error, when that is refused."""
    from envfactory.errors import FactoryError

    try:
        if one.kind == "image" and engine is not None:
            return _remove_image(engine, one.name)
        if one.kind == "container" and engine is not None:
            return engine.sweep() >= 0
        shutil.rmtree(one.name)
        return True
    except (FactoryError, OSError) as error:
        typer.echo(f"kept {one.name}: {error}", err=True)
        return False


def _remove_image(engine: Engine, name: str) -> bool:
    """Unless running work has named it."""
    if engine.uses is None:
        return engine.remove_image(name)
    with engine.uses.alone(name) as free:
        if not free:
            typer.echo(f"kept {name}: a running envfactory uses it", err=True)
        return free and engine.remove_image(name)


def tell_build_cache(engine: Engine) -> None:
    """BuildKit keeps layers of its own; its records bear no labels, so they are named and left alone."""
    unused = engine.build_cache_bytes()
    if unused:
        typer.echo(
            f"{size(unused):>10}  in the cache of Docker's builder, which does not say whose it is:"
            " `docker builder prune` empties it for everybody",
            err=True,
        )


def tell(found: list[Rubbish], total: int, *, json: bool, done: bool) -> None:
    """The list and its sum."""
    from envfactory.commands import session

    if json:
        items: list[dict[str, Any]] = [vars(one) for one in found]
        session.emit({"removed": done, "bytes": total, "items": items})
        return
    if not done:
        for one in found:
            typer.echo(f"{size(one.bytes):>10}  {one.kind}  {one.name}")
    typer.echo(f"{size(total):>10}  {'freed' if done else 'can be freed'}")


def size(count: int) -> str:
    """Bytes for people: decimal units, as Docker prints them."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit in ("B", "kB") else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def _folder(kind: str, path: Path) -> Rubbish:
    total = sum(
        file.lstat().st_blocks * 512 for file in path.rglob("*") if file.is_file() or file.is_symlink()
    )
    return Rubbish(kind, str(path), total)


def _engine(place: Workspace) -> Engine:
    """The engine, told where running work says which images it needs."""
    from envfactory.engine import connect
    from envfactory.engine.uses import Uses

    engine = connect()
    engine.uses = Uses(place.image_locks)
    return engine
