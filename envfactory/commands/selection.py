"""Which pull requests of which sources: what the options of ``run`` and ``mine`` say to a miner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.errors import NothingSelected, UsageError
from envfactory.pipeline import Progress, discover

if TYPE_CHECKING:
    from envfactory.mining.protocol import MineOptions
    from envfactory.records import PullRequest, Rejection
    from envfactory.settings import Settings
    from envfactory.store import Store


@dataclass(frozen=True)
class Selection:
    """The selecting options as given."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    numbers: frozenset[int] | None = None
    repo: str | None = None

    def options(self, chosen: Settings) -> MineOptions:
        """The same for a miner."""
        from envfactory.mining.protocol import MineOptions

        return MineOptions(
            since=_utc(self.since),
            until=_utc(self.until),
            limit=self.limit,
            numbers=self.numbers,
            repo=self.repo,
            cache=chosen.cache,
        )


def sources_of(given: list[str] | None, chosen: Settings, selection: Selection) -> list[str]:
    """The sources to mine: arguments, else the configuration's; local paths made absolute."""
    sources = list(given or chosen.sources)
    if not sources:
        raise UsageError(
            "no SOURCE given", hint="envfactory run path/to/clone, or set `sources` in envfactory.toml"
        )
    from envfactory.mining.discover import miner_for

    if selection.repo and len(sources) > 1:
        raise UsageError("--repo names one repository, but there are several sources")
    sources = [str(Path(source).absolute()) if Path(source).exists() else source for source in sources]
    for source in sources:  # a wrong one is said before anything is made or mined
        miner_for(source)
    return sources


def mined(source: str, selection: Selection, chosen: Settings) -> Iterator[PullRequest | Rejection]:
    """What the miner for ``source`` finds."""
    from envfactory.mining.discover import miner_for

    return iter(miner_for(source).mine(source, selection.options(chosen)))


def mine_all(
    sources: list[str], selection: Selection, chosen: Settings, store: Store, progress: Progress
) -> list[str]:
    """Mine every source into the store; returns all keys found."""
    keys: dict[str, None] = {}
    for source in sources:
        keys |= dict.fromkeys(discover(source, mined(source, selection, chosen), store, progress))
    return list(keys)


def listed(sources: list[str], selection: Selection, chosen: Settings) -> Iterator[PullRequest | Rejection]:
    """For ``--dry-run``: what would be mined; writes nothing."""
    none = True
    for source in sources:
        for found in mined(source, selection, chosen):
            none = False
            yield found
    if none:
        raise NothingSelected(NOTHING)


NOTHING = "no merged pull request matches"


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
