"""What our images take on the engine's disk: each layer once, as the engine stores it.

Pure arithmetic on what the engine tells.  An image that goes frees the layers that no other image of
ours stands on.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from envfactory.engine.facts import ImageInfo
from envfactory.records import Layer


def chain(layers: Sequence[Layer]) -> Iterator[tuple[str, int]]:
    """Name and bytes of each layer where it stands: equal content on another base is stored again."""
    name = ""
    for layer in layers:
        name = hashlib.sha256(f"{name} {layer.diff_id}".encode()).hexdigest()
        yield name, layer.bytes


class Holdings:
    """The images that are there, and what is left when some go."""

    def __init__(self, images: Iterable[ImageInfo]) -> None:
        self._images = {image.id: image for image in images}
        self._users: Counter[str] = Counter()
        self.bytes = 0
        """Of all layers."""
        for image in self._images.values():
            for name, size in chain(image.layers):
                self.bytes += size if not self._users[name] else 0
                self._users[name] += 1

    def freed_by(self, image: ImageInfo) -> int:
        """Bytes that removing this image would free."""
        if image.id not in self._images:
            return 0
        return sum(size for name, size in chain(image.layers) if self._users[name] == 1)

    def without(self, image: ImageInfo) -> int:
        """Note that it was removed; the bytes that this freed."""
        freed = self.freed_by(image)
        if self._images.pop(image.id, None) is not None:
            self._users.subtract(name for name, _ in chain(image.layers))
            self.bytes -= freed
        return freed
