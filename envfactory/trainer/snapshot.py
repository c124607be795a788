"""The files of an episode at one moment, kept as an image, to begin other episodes from.

Holds files, not processes or memory.  The image carries the name of the process that made it, so that
one whose process is dead is known as forgotten; it is never taken for a task's own image.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envfactory.builder.names import DIGEST, KIND
from envfactory.errors import BuildError

if TYPE_CHECKING:
    from envfactory.engine import Container, Engine

SNAPSHOT = "snapshot"
PREFIX = "envfactory/snapshot"


@dataclass(frozen=True)
class Snapshot:
    """A moment of an episode; ``with`` (or ``remove``) deletes it.

    ``Task.start(snapshot=...)`` begins a new episode from it, ``Environment.restore`` goes back to it.
    """

    instance_id: str
    image: str

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self, engine: Engine | None = None) -> None:
        """Delete it; deleting twice is fine.  ``BuildError`` while an episode that stands on it runs."""
        from envfactory.engine import connect

        opened = engine or connect()
        try:
            opened.remove_image(self.image)
        finally:
            if engine is None:
                opened.close()


def take(engine: Engine, container: Container, instance_id: str) -> Snapshot:
    """Keep what ``container`` holds now; its processes stand still meanwhile (0.3 s to a few seconds)."""
    from envfactory.engine import owner

    tag = f"{PREFIX}:{secrets.token_hex(8)}"
    # The image that the container came from has these labels too; a snapshot must not pass for it.
    marks = {KIND: SNAPSHOT, DIGEST: "", owner.OWNER_LABEL: str(owner.this_process())}
    engine.commit(container, tag, labels=marks)
    return Snapshot(instance_id, tag)


def sweep(engine: Engine, *, own: bool = False) -> int:
    """Remove the snapshots of dead processes, with ``own`` those of this one instead; returns how many."""
    from envfactory.engine import owner

    here, removed = str(owner.this_process()), 0
    for image in engine.owned_images():
        if image.labels.get(KIND) != SNAPSHOT:
            continue
        maker = owner.Owner.parse(image.labels.get(owner.OWNER_LABEL, ""))
        forgotten = str(maker) == here if own else maker is None or maker.alive() is False
        for tag in image.tags if forgotten else ():
            try:
                removed += engine.remove_image(tag)
            except BuildError:
                continue  # a container still stands on it: the next sweep finds it again
    return removed
