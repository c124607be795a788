"""Small images that a test makes itself, and a view of the engine that sees nothing else.

The engine may hold images of other work, which no test may touch.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.builder.names import DIGEST, KIND

if TYPE_CHECKING:
    from envfactory.engine import Engine, ImageInfo
    from envfactory.engine.uses import Uses

MEGABYTE = 1_000_000
MARK = "envfactory.test-mark"


class Seen:
    """A real engine of which only this test's images are seen."""

    def __init__(self, engine: Engine, mark: str) -> None:
        self._engine, self.mark = engine, mark
        self.uses: Uses | None = None

    def owned_images(self) -> list[ImageInfo]:
        return [one for one in self._engine.owned_images() if one.labels.get(MARK) == self.mark]

    def remove_image(self, tag: str) -> bool:
        assert tag in self.tags()
        return self._engine.remove_image(tag)

    def tags(self) -> set[str]:
        return {tag for image in self.owned_images() for tag in image.tags}

    def make(
        self, folder: Path, name: str, kind: str, megabytes: int, base: str = "scratch", digest: str = ""
    ) -> str:
        """Tag of an image with one layer of its own."""
        context = folder / name
        context.mkdir()
        (context / "Dockerfile").write_text(f"FROM {base}\nCOPY {name}.bin /\n")
        (context / f"{name}.bin").write_bytes(os.urandom(megabytes * MEGABYTE))
        labels = {KIND: kind, DIGEST: digest, MARK: self.mark}
        tag = f"envfactory/test-{name}:{self.mark[:12]}"
        self._engine.build(context, tag, labels=labels, log=folder / "log", timeout=120, network="none")
        return tag


@contextmanager
def own_images(engine: Engine) -> Iterator[Seen]:
    """A view for one test; its images are gone afterwards."""
    view = Seen(engine, uuid.uuid4().hex)
    try:
        yield view
    finally:
        for tag in view.tags():
            engine.remove_image(tag, force=True)
