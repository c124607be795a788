"""Draw pull requests from local mirrors for a list that `benchmarks.funnel` can run.

    python -m benchmarks.draw --mirrors DIR --each 5 owner/name… > LIST.jsonl
    python -m benchmarks.draw --mirrors DIR --each 20 --neighbours --years 2015 2024 owner/name… > LIST.jsonl

The years asked for are cut into as many equal spans as pull requests are wanted, and each span gives
the merged pull request whose digest of ``repo#number`` is the smallest among those that change both a
test and source.  So nobody chooses: the same mirrors and the same years always give the same list.
A span in which a repository has none is made up for by the others.  ``--neighbours`` takes the last
ones before the end of the last year instead, one after the other.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.mirrors import find_mirrors, git_output
from envfactory.mining.discover import miner_for
from envfactory.mining.protocol import MineOptions
from envfactory.records import PullRequest

_TEST = re.compile(r"(?:^|/)(?:tests?|testing)/|(?:^|/)(?:test_[^/]*|[^/]*_tests?)\.\w+$")
_SOURCE = re.compile(r"\.(?:py|pyx|pxd|pxi|c|cc|cpp|h|hpp|rs|f|f90)$")


def drawn(repo: str, mirror: Path, each: int, years: tuple[int, int], cache: Path) -> Iterator[PullRequest]:
    """``each`` pull requests of one repository, oldest first; fewer when it has no more."""
    history = miner_for(str(mirror))
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in (years[0], years[1] + 1))
    options = MineOptions(cache=cache, repo=repo, since=first, until=last)
    found = [pull for pull in history.mine(str(mirror), options) if isinstance(pull, PullRequest)]
    found.sort(key=_lot)
    span = (last - first) / each
    spans: dict[int, list[PullRequest]] = {}
    for found_pull in found:
        spans.setdefault(int((found_pull.merged_at - first) / span), []).append(found_pull)
    queues = [iter(pulls) for _, pulls in sorted(spans.items())]
    chosen: list[PullRequest] = []
    while queues and len(chosen) < each:
        for queue in list(queues):
            pull = next((pull for pull in queue if _changes_both(mirror, pull)), None)
            if pull is None:
                queues.remove(queue)
            elif len(chosen) < each:
                chosen.append(pull)
    yield from sorted(chosen, key=lambda pull: pull.merged_at)


def neighbours(repo: str, mirror: Path, count: int, until: int, cache: Path) -> Iterator[PullRequest]:
    """The last ``count`` pull requests before the end of a year, oldest first."""
    options = MineOptions(cache=cache, repo=repo, until=datetime(until + 1, 1, 1, tzinfo=UTC))
    mined = miner_for(str(mirror)).mine(str(mirror), options)
    fitting = (pull for pull in mined if isinstance(pull, PullRequest) and _changes_both(mirror, pull))
    yield from sorted(islice(fitting, count), key=lambda pull: pull.merged_at)


def _lot(pull: PullRequest) -> str:
    return hashlib.sha256(f"{pull.repo}#{pull.number}".encode()).hexdigest()


def _changes_both(mirror: Path, pull: PullRequest) -> bool:
    """Whether a test file and a source file are among the changed paths."""
    listing = git_output(
        mirror, "diff", "--name-only", pull.base_commit, pull.merge_commit or pull.head_commit
    )
    paths = listing.splitlines()
    tests = [path for path in paths if _TEST.search(path)]
    return bool(tests) and any(_SOURCE.search(path) and not _TEST.search(path) for path in paths)


def main(words: list[str]) -> int:
    """Print the list as JSON lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.draw", description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", metavar="OWNER/NAME")
    parser.add_argument("--mirrors", type=Path, required=True, help="folder of owner+name/repo or owner/name")
    parser.add_argument("--each", type=int, default=5, help="pull requests a repository")
    parser.add_argument("--years", type=int, nargs=2, default=(2015, 2026), metavar=("FROM", "TO"))
    parser.add_argument("--neighbours", action="store_true", help="the last ones, one after the other")
    options = parser.parse_args(words)
    mirrors = find_mirrors(options.mirrors)
    with TemporaryDirectory() as folder:
        for repo in options.repositories:
            first, last = options.years
            found = (
                neighbours(repo, mirrors[repo], options.each, last, Path(folder))
                if options.neighbours
                else drawn(repo, mirrors[repo], options.each, (first, last), Path(folder))
            )
            for pull in found:
                row = {"repo": repo, "number": pull.number, "base_commit": pull.base_commit}
                row |= {"merge_commit": pull.merge_commit, "merged_at": pull.merged_at.isoformat()}
                print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
