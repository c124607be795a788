"""Images of the engine: looked up, imported, pulled, removed, with the size of each layer.

Never builds and never removes what was not named.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils import parse_repository_tag

from envfactory.engine import owner, wire
from envfactory.engine.facts import ImageInfo
from envfactory.engine.faults import engine_errors
from envfactory.errors import BuildError
from envfactory.records import Layer

if TYPE_CHECKING:
    from docker import APIClient

IMPORT_SECONDS = 900.0
UNTAGGED = "<none>:<none>"
_EMPTY = ("ENV", "LABEL", "CMD", "ENTRYPOINT", "EXPOSE", "USER", "VOLUME", "STOPSIGNAL", "SHELL", "ARG")
_NO_REGISTRY = (
    "no such host",
    "timeout",
    "connection refused",
    "x509",
    "i/o timeout",
    "unreachable",
    "lookup ",
)
_unavailable: set[str] = set()
"""Tags and registries that did not answer in this process; asking again would cost the same time."""


def find(api: APIClient, tag_or_id: str) -> ImageInfo | None:
    """What the engine has under this name."""
    with engine_errors(f"cannot look up image {tag_or_id}", BuildError):
        try:
            found, history = wire.inspect_image(api, tag_or_id)
        except (ImageNotFound, NotFound):
            return None
    return _info(found, history)


def _info(found: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> ImageInfo:
    ids = tuple((found.get("RootFS") or {}).get("Layers") or ())
    sizes = layer_sizes([(int(step["Size"]), str(step["CreatedBy"])) for step in reversed(history)], len(ids))
    return ImageInfo(
        id=str(found["Id"]),
        tags=tuple(found.get("RepoTags") or ()),
        size=int(found["Size"]),
        layers=tuple(Layer(diff_id=layer, bytes=size) for layer, size in zip(ids, sizes, strict=True)),
        labels=dict((found.get("Config") or {}).get("Labels") or {}),
        created=str(found.get("Created") or ""),
    )


def layer_sizes(history: Sequence[tuple[int, str]], count: int) -> list[int]:
    """Sizes of ``count`` layers from the steps (oldest first) that made the image.

    The engine's history does not say which steps made a layer: those with bytes did; of the empty
    ones, those whose instruction can write are taken first.
    """
    chosen = {index for index, (size, _) in enumerate(history) if size}
    empty = [index for index in range(len(history)) if index not in chosen]
    empty.sort(key=lambda index: (_writes_nothing(history[index][1]), index))
    chosen.update(empty[: max(count - len(chosen), 0)])
    sizes = [history[index][0] for index in sorted(chosen)][:count]
    return sizes + [0] * (count - len(sizes))


def _writes_nothing(step: str) -> bool:
    instruction = step.rpartition("#(nop)")[2].split()
    return bool(instruction) and instruction[0] in _EMPTY


def import_tar(
    api: APIClient, tar: Path, tag: str, labels: Mapping[str, str], changes: Sequence[str]
) -> None:
    """Make a one-layer image of a root file system."""
    repository, version = parse_repository_tag(tag)
    lines = [*changes, *(f'LABEL {name}="{value}"' for name, value in {owner.LABEL: "1", **labels}.items())]
    with engine_errors(f"cannot import {tar} as {tag}", BuildError), tar.open("rb") as source:
        parameters = {"repo": repository, "tag": version or "latest", "changes": lines}
        answer = wire.import_root(api, source, parameters, IMPORT_SECONDS)
        if '"error"' in answer:
            raise APIError(answer)


def commit(
    api: APIClient, container: str, tag: str, labels: Mapping[str, str], changes: Sequence[str]
) -> None:
    """Make an image of a container's file system, one layer above the image that it was started from."""
    repository, version = parse_repository_tag(tag)
    # The container's own labels would come along; they say which process made it.
    marks = {owner.LABEL: "1", owner.OWNER_LABEL: "", **labels}
    lines = [*changes, *(f'LABEL {name}="{value}"' for name, value in marks.items())]
    parameters = {"repo": repository, "tag": version or "latest", "pause": True, "changes": "\n".join(lines)}
    with engine_errors(f"cannot make {tag} of a container", BuildError):
        wire.commit(api, container, parameters, IMPORT_SECONDS)


def pull(api: APIClient, tag: str, timeout: float) -> bool:
    """Fetch ``tag`` from its registry; ``False`` when there is none, it lacks the tag, or is too slow."""
    repository, version = parse_repository_tag(tag)
    registry = repository.partition("/")[0] if "." in repository.partition("/")[0] else ""
    if not _unavailable.isdisjoint({tag, registry}):
        return False
    deadline = time.monotonic() + timeout
    reason = ""
    try:
        for step in api.pull(repository, version or "latest", stream=True, decode=True):
            reason = str(step.get("error") or "")
            if reason or time.monotonic() > deadline:
                reason = reason or "timeout"
                break
    except (DockerException, requests.RequestException) as error:
        reason = str(error)
    if reason:
        _unavailable.add(registry if any(sign in reason for sign in _NO_REGISTRY) else tag)
    return not reason


def remove(api: APIClient, id_or_tag: str, force: bool) -> bool:
    """Remove one image by name; ``False`` when there was none."""
    with engine_errors(f"cannot remove image {id_or_tag}", BuildError):
        try:
            api.remove_image(id_or_tag, force=force)
        except (ImageNotFound, NotFound):
            return False
    return True


def owned(api: APIClient, known: dict[str, ImageInfo]) -> list[ImageInfo]:
    """All images that carry our label.

    One call, and two for each image that is not ``known`` by its id yet: layers never change, tags do.
    """
    with engine_errors("cannot list images", BuildError):
        listed = api.images(filters={"label": f"{owner.LABEL}=1"})
    for image in listed:
        if image["Id"] not in known and (info := find(api, image["Id"])) is not None:
            known[image["Id"]] = info
    return [
        replace(known[image["Id"]], tags=tuple(tag for tag in image["RepoTags"] or () if tag != UNTAGGED))
        for image in listed
        if image["Id"] in known
    ]


def build_cache_bytes(api: APIClient) -> int:
    """Bytes of BuildKit's cache that no image shares and no build uses; takes the engine a moment."""
    with engine_errors("cannot ask for the builder's cache", BuildError):
        records = api.df().get("BuildCache") or ()
    return sum(int(one["Size"]) for one in records if not one["Shared"] and not one["InUse"])
