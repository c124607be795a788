"""The tries of the building ladder as the store has them, of environments and of rejections alike.

Reads nothing else of those records: a probe with ten thousand tests costs no time here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ConfigDict

from envfactory.records import Record, RungAttempt, winning
from envfactory.store import Store
from envfactory.store.gains import gains


class _Image(Record):
    model_config = ConfigDict(frozen=True, extra="ignore")
    tag: str = ""


class _Tries(Record):
    model_config = ConfigDict(frozen=True, extra="ignore")
    attempts: tuple[RungAttempt, ...] = ()
    image: _Image = _Image()


class _Outcome(_Tries):
    """A ``Rejection`` has its tries, a ``Built`` has them in its environment."""

    environment: _Tries = _Tries()


def climbs(
    store: Store, keys: Collection[str] | None = None
) -> Iterator[tuple[str, tuple[RungAttempt, ...]]]:
    """Instance id and tries of what the build stage is done with; all, or those among ``keys``."""
    for entry in list(store.entries("build")):
        if entry.status != "failed" and (keys is None or entry.key in keys):
            record = store.record("build", entry.key, _Outcome)
            if record is not None:
                yield entry.instance_id, record.attempts or record.environment.attempts


def ladder(store: Store, keys: Collection[str] | None = None) -> dict[str, Any]:
    """What each rung brought (``envfactory.store.gains``) and what made each environment, JSON-ready."""
    found = dict(climbs(store, keys))
    return gains(found.values()).as_json() | {"made_by": _made_by(found)}


def images_of_rejected(store: Store) -> Iterator[str]:
    """Tags of images that were built for pull requests that the extract stage then rejected."""
    for entry in list(store.entries("extract")):
        if entry.status == "rejected":
            record = store.record("build", entry.key, _Outcome)
            if record is not None and record.environment.image.tag:
                yield record.environment.image.tag


def _made_by(found: dict[str, tuple[RungAttempt, ...]]) -> dict[str, Any]:
    """Instance id -> the try that its environment is the result of, and what all its tries took."""
    return {
        instance_id: {
            "rung": won.rung,
            "kind": won.kind,
            "change": won.change,
            "reused": list(won.reused),
            "tries": len(attempts),
            "seconds": round(sum(item.seconds for item in attempts), 1),
        }
        for instance_id, attempts in found.items()
        if (won := winning(attempts)) is not None
    }
