"""Which pull requests of which sources: what the options of ``run`` and ``mine`` say to a miner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from envfactory.errors import NothingSelected, UsageError
from envfactory.pipeline import Progress, Silent, discover

if TYPE_CHECKING:
    from envfactory.mining.protocol import MineOptions
    from envfactory.records import PullRequest, Rejection, Stage
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

    def options(self, chosen: Settings, source: str, progress: Progress) -> MineOptions:
        """The same for the miner of ``source``, which tells ``progress`` how it goes on."""
        from envfactory.mining.protocol import MineOptions

        return MineOptions(
            since=_utc(self.since),
            until=_utc(self.until),
            limit=self.limit,
            numbers=self.numbers,
            repo=self.repo,
            cache=chosen.cache,
            max_wait=chosen.max_wait,
            tell=lambda text: progress.remark(source, text),
            budget=lambda text: progress.budget(source, text),
        )


def sources_of(given: list[str] | None, chosen: Settings, selection: Selection) -> list[str]:
    """The sources to mine: arguments, else the configuration's; local paths made absolute."""
    sources = list(given or chosen.sources)
    if not sources:
        raise UsageError(
            "no SOURCE given", hint="envfactory run owner/name, or set `sources` in envfactory.toml"
        )
    from envfactory.mining.discover import miner_for

    if selection.repo and len(sources) > 1:
        raise UsageError("--repo names one repository, but there are several sources")
    sources = [str(Path(source).absolute()) if Path(source).exists() else source for source in sources]
    for source in sources:  # a wrong one is said before anything is made or mined
        miner_for(source)
    return sources


def mined(
    source: str, selection: Selection, chosen: Settings, progress: Progress
) -> Iterator[PullRequest | Rejection]:
    """What the miner for ``source`` finds."""
    from envfactory.mining.discover import miner_for

    return iter(miner_for(source).mine(source, selection.options(chosen, source, progress)))


def mine_all(
    sources: list[str], selection: Selection, chosen: Settings, store: Store, progress: Progress
) -> list[str]:
    """Mine every source into the store; returns all keys found."""
    keys: dict[str, None] = {}
    for source in sources:
        keys |= dict.fromkeys(discover(source, mined(source, selection, chosen, progress), store, progress))
    return list(keys)


@dataclass(frozen=True)
class Flags:
    """The options of ``run`` and ``mine`` that do not select."""

    workspace: Path | None
    config: Path | None
    jobs: int | None
    redo: list[str] | None
    dry_run: bool
    json: bool
    verbose: bool
    quiet: bool
    max_disk: float | None = None
    max_wait: float | None = None
    model_statements: str | None = None
    oracle: bool = False


def produce_from(
    given: list[str] | None, selection: Selection, flags: Flags, stages: tuple[Stage, ...]
) -> None:
    """Mine the sources and take what is found through ``stages``."""
    from envfactory.commands import session
    from envfactory.commands.production import Order, produce, stages_of

    chosen = session.settings(
        flags.workspace,
        flags.config,
        jobs=flags.jobs,
        max_disk=flags.max_disk,
        max_wait=flags.max_wait,
        model_statements=flags.model_statements,
        oracle=flags.oracle,
    )
    sources = sources_of(given, chosen, selection)
    order = Order(
        stages=stages,
        keys=lambda store, progress: mine_all(sources, selection, chosen, store, progress),
        nothing=NOTHING,
        redo=stages_of(flags.redo),
        json=flags.json,
        verbose=flags.verbose,
        quiet=flags.quiet,
    )
    if flags.dry_run:
        show_dry_run(sources, selection, chosen, flags.json)
    else:
        produce(chosen, order)


def show_dry_run(sources: list[str], selection: Selection, chosen: Settings, json: bool) -> None:
    """List what would be worked on, one pull request a line."""
    from envfactory.commands import session
    from envfactory.records import PullRequest

    for found in listed(sources, selection, chosen):
        data: dict[str, Any]
        if isinstance(found, PullRequest):
            data = {"key": found.key, "merged_at": found.merged_at.isoformat(), "title": found.title}
        else:
            data = {"key": found.key, "rejected": found.reason, "detail": found.detail}
        if json:
            session.emit(data)
        else:
            typer.echo("  ".join(str(value) for value in data.values()))


def listed(sources: list[str], selection: Selection, chosen: Settings) -> Iterator[PullRequest | Rejection]:
    """For ``--dry-run``: what would be mined; writes nothing."""
    none = True
    for source in sources:
        for found in mined(source, selection, chosen, Silent()):
            none = False
            yield found
    if none:
        raise NothingSelected(NOTHING)


NOTHING = "no merged pull request matches"


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
