"""Removes what killed processes left in the engine, and only that.

Never touches a container of another process that may still be alive, nor one without our label.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from docker.errors import APIError, NotFound

from envfactory.engine.facts import OwnedContainer
from envfactory.engine.faults import engine_errors
from envfactory.engine.owner import LABEL, OWNER_LABEL, Owner, this_process

if TYPE_CHECKING:
    from docker import APIClient

FOREIGN_SECONDS = 24 * 3600.0
"""Age at which a container of a process that we cannot see counts as forgotten."""


def owned_containers(api: APIClient) -> list[OwnedContainer]:
    """All containers that carry our label, running or not."""
    with engine_errors("cannot list containers"):
        found = api.containers(all=True, filters={"label": f"{LABEL}=1"})
    return [
        OwnedContainer(
            id=str(one["Id"]),
            name=str((one.get("Names") or ["/"])[0]).lstrip("/"),
            image=str(one.get("Image", "")),
            owner=str((one.get("Labels") or {}).get(OWNER_LABEL, "")),
            created=datetime.fromtimestamp(int(one["Created"]), UTC),
            running=one.get("State") == "running",
        )
        for one in found
    ]


def sweep(api: APIClient, older_than: float) -> int:
    """Remove the containers of dead owners; returns how many."""
    return _remove(api, [one for one in owned_containers(api) if _forgotten(one, older_than)])


def sweep_own(api: APIClient) -> int:
    """Remove the containers of this process, whatever they do; for the end of an interrupted run."""
    mine = str(this_process())
    return _remove(api, [one for one in owned_containers(api) if one.owner == mine])


def _remove(api: APIClient, containers: Sequence[OwnedContainer]) -> int:
    removed = 0
    for container in containers:
        with engine_errors(f"cannot remove {container.name}"):
            try:
                api.remove_container(container.id, force=True, v=True)
                removed += 1
            except NotFound:
                continue
            except APIError as error:
                if error.status_code != 409:  # its removal is already in progress
                    raise
    return removed


def _forgotten(container: OwnedContainer, older_than: float) -> bool:
    maker = Owner.parse(container.owner)
    alive = maker.alive() if maker else None
    if alive is None:
        return (datetime.now(UTC) - container.created).total_seconds() > older_than
    return not alive
