"""Keeps what our images take on Docker's disk within ``max_disk_gb``, before each build.

When it is too much, images that can be made again go, oldest first: those of tasks that are in the
dataset, whose bundle rebuilds them, and those of pull requests that turned out to be no task; then
what tasks stood on and nothing stands on any more.  Base systems and interpreters stay, and so does
every image that running work of any process has named (``envfactory.engine.uses``), every image of an
unfinished task, and everything without our label.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.errors import BuildError, FactoryError, StageError
from envfactory.pipeline.evidence import images_of_rejected
from envfactory.store import Store
from envfactory.workspace import Workspace

if TYPE_CHECKING:
    from envfactory.engine import Engine, ImageInfo
    from envfactory.engine.uses import Uses

GIGABYTE = 1e9
KEPT_FREE = 0.1
"""Of the budget, for the builds that run: they are seen only when they have ended."""
SHARED = frozenset({"system", "dependencies", "source"})
"""Kinds of image that tasks stand on and that equal specs make again."""


class Room:
    """The budget of one run; used by all its workers."""

    def __init__(self, engine: Engine, uses: Uses, workspace: Workspace, budget_gb: float) -> None:
        self._engine, self._uses, self._workspace = engine, uses, workspace
        self._budget = budget_gb * GIGABYTE
        self._lock = threading.Lock()
        self._promised: set[str] = set()
        self._specs: dict[Path, tuple[int, str]] = {}

    def promise(self, tag: str) -> None:
        """A stage that has not begun yet will need this image."""
        self._promised.add(tag)

    def release(self, tag: str) -> None:
        """It was needed and is no more."""
        self._promised.discard(tag)

    def make(self) -> None:
        """Remove what has to go; ``BuildError(cause="disk_full")``, retryable, when that is not enough."""
        from envfactory.engine.holdings import Holdings

        with self._lock:
            images = self._engine.owned_images()
            holdings = Holdings(images)
            wanted = self._budget * (1 - KEPT_FREE)
            for image in self._expendable(images) if holdings.bytes > wanted else ():
                if holdings.freed_by(image) and self._remove(image):
                    holdings.without(image)
                if holdings.bytes <= wanted:
                    return
        if holdings.bytes > self._budget:
            raise BuildError(
                f"our images take {holdings.bytes / GIGABYTE:.1f} GB on Docker's disk,"
                f" {self._budget / GIGABYTE:.1f} GB are allowed, and none of them can go",
                cause="disk_full",
                retryable=True,
                hint="envfactory clean --images, or raise max_disk_gb",
            )

    def _expendable(self, images: Iterable[ImageInfo]) -> Iterator[ImageInfo]:
        """In the order in which they go."""
        from envfactory.builder.names import KIND

        ranked = sorted(images, key=lambda image: (image.created, image.id))
        ready, spent = self._bundled(), self._spent()
        for image in ranked:
            if image.labels.get(KIND) == "task" and _known(image, ready, spent):
                yield image
        for image in ranked:
            if image.labels.get(KIND) in SHARED:
                yield image

    def _remove(self, image: ImageInfo) -> bool:
        """All its names, or none at all if one of them is in use; the engine refuses what containers use."""
        if not image.tags or not self._promised.isdisjoint(image.tags):
            return False
        removed = []
        for tag in image.tags:
            with self._uses.alone(tag) as free:
                try:
                    removed.append(free and self._engine.remove_image(tag))
                except StageError:
                    removed.append(False)
        return all(removed)

    def _bundled(self) -> set[str]:
        """Image digests of the tasks that the dataset can rebuild."""
        from envfactory.builder.context import SOURCE, SPEC, read_spec

        found = set()
        for path in self._workspace.dataset.glob(f"tasks/*/environment/{SPEC}"):
            if not (path.parent / SOURCE).is_file():
                continue
            try:
                modified = path.stat().st_mtime_ns
                if self._specs.get(path, (0, ""))[0] != modified:
                    self._specs[path] = (modified, read_spec(path.parent).image_digest)
            except (OSError, FactoryError):  # being replaced just now
                continue
            found.add(self._specs[path][1])
        return found

    def _spent(self) -> set[str]:
        """Tags of images whose pull request turned out to be no task."""
        with Store(self._workspace.db, read_only=True) as store:
            return set(images_of_rejected(store))


def _known(image: ImageInfo, digests: set[str], tags: set[str]) -> bool:
    from envfactory.builder.names import DIGEST

    return image.labels.get(DIGEST) in digests or bool(image.tags and tags.issuperset(image.tags))
