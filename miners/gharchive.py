"""Mines GH Archive's hourly files as an index: they tell which pull requests were merged, GitHub the rest.

SOURCE is a file ``2024-01-31-15.json.gz`` or its address, or ``gharchive:`` and a folder, a pattern or an
address with ranges (``…/2024-01-{01..31}-{0..23}.json.gz``).  Files are read as streams, line by line;
only repository and number of merged pull requests stay in memory.

The files changed with GitHub's events (https://www.gharchive.org).  Until 2014 an event says
``repository`` where it says ``repo`` since, the oldest files have no line breaks, and since 2025-10-07 a
pull request has neither title nor body nor ``merged``: then every closed one is asked for.
"""

from __future__ import annotations

import glob
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, cast

from envfactory.miners.github import Wanted, mine_each, open_hub

from envfactory.errors import RemoteError, UsageError
from envfactory.mining.protocol import MineOptions
from envfactory.records import PullRequest, Rejection

NAME = "gharchive"
PREFIX = "gharchive:"

_FILE = re.compile(
    r"(?:^|.*/)\d{4}-(?:\d\d|\{[\d.]+\})-(?:\d\d|\{[\d.]+\})-(?:\d\d?|\{[\d.]+\})\.json(?:\.gz)?"
)
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_REPO = re.compile(r"[\w.-]+/[\w.-]+")
_CHUNK = 1 << 16
_LONGEST = 64 << 20
"""No event is longer; what is, is no file of events."""
_SECONDS = (15, 120)

ATTEMPTS = 6
"""Tries of one address."""


def recognises(source: str) -> bool:
    """True for ``gharchive:…`` and for a name or address of an hourly file."""
    return source.startswith(PREFIX) or _FILE.fullmatch(source) is not None


def mine(source: str, options: MineOptions) -> Iterator[PullRequest | Rejection]:
    """Merged pull requests that the files tell of, repository by repository, each newest merge first."""
    wanted: Wanted = {}
    for name in files(source.removeprefix(PREFIX)):
        options.tell(f"reading {name}")
        for repo, number in _patiently(name, options.tell):
            if options.repo is None or repo.lower() == options.repo.lower():
                numbers = wanted.setdefault(repo, set())
                assert numbers is not None
                numbers.add(number)
    with open_hub(options) as hub:
        yield from mine_each(hub, wanted, options)


def files(source: str) -> list[str]:
    """The hourly files that a folder, pattern or address stands for, in their order.

    Raises ``UsageError`` when there is none.
    """
    if source.startswith(("http://", "https://")):
        return _expanded(source)
    path = Path(source).expanduser()
    if path.is_dir():
        found = [str(entry) for entry in path.iterdir() if _FILE.fullmatch(entry.name)]
    else:
        found = [name for pattern in _expanded(str(path)) for name in glob.glob(pattern)]  # noqa: PTH207
    if not found:
        raise UsageError(f"no GH Archive file at {source}", hint="files are named like 2024-01-31-15.json.gz")
    return sorted(found, key=lambda name: [int(part) for part in re.findall(r"\d+", Path(name).name)])


def merged_in(name: str, tell: Callable[[str], None] = lambda text: None) -> Iterator[tuple[str, int]]:
    """(``owner/name``, number) of every pull request that was merged in that hour, or may have been.

    Lines that are no JSON, as the oldest files have some, are counted and told.  Raises ``UsageError`` for a
    file that is damaged or not there, ``RemoteError`` for an address that gives none or not all of it.
    """
    import urllib3

    broken = 0
    with _open(name) as stream:
        try:
            for event in events(stream):
                broken += event is None
                found = _merged(event)
                if found is not None:
                    yield found
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(name, error) from error
        except (OSError, EOFError, zlib.error, ValueError) as error:
            hint = "fetch it again; a file that ends early cannot be trusted"
            raise UsageError(f"{name} is damaged: {error}", hint=hint) from error
    if broken:
        tell(f"{broken} lines of {name} are no events")


def events(stream: IO[bytes]) -> Iterator[Any]:
    """The JSON values of a stream, one a line or one after the other, ``None`` for a line that is none.

    Raises ``ValueError`` when the stream ends within a value.
    """
    decoder = json.JSONDecoder()
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="\n")
    pending = ""
    for chunk in iter(lambda: text.read(_CHUNK), ""):
        pending, found = _complete(decoder, pending + chunk)
        yield from found
        if len(pending) > _LONGEST:
            raise ValueError("an event without an end")
    if pending.strip():
        raise ValueError("it ends within an event")


def _complete(decoder: json.JSONDecoder, text: str) -> tuple[str, list[Any]]:
    """The values that are whole, and what is left behind them."""
    found: list[Any] = []
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position == len(text):
            return "", found
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError:
            end = text.find("\n", position)
            if end < 0:
                return text[position:], found
            value, position = None, end
        found.append(value)


def _patiently(name: str, tell: Callable[[str], None]) -> set[tuple[str, int]]:
    """The same, read anew when the connection breaks."""
    import stamina

    for attempt in stamina.retry_context(on=RemoteError, attempts=ATTEMPTS, wait_max=30.0, timeout=None):
        with attempt:
            return set(merged_in(name, tell))
    raise AssertionError("unreachable: the last attempt raises")


def _merged(event: Any) -> tuple[str, int] | None:
    """What an event of any generation says, if it is the end of a pull request."""
    if not isinstance(event, dict) or event.get("type") != "PullRequestEvent":
        return None
    payload = event.get("payload")
    if not isinstance(payload, dict) or payload.get("action") not in {"closed", "merged"}:
        return None
    pull = payload.get("pull_request")
    pull = pull if isinstance(pull, dict) else {}
    told = "merged" in pull or "merged_at" in pull
    if payload["action"] == "closed" and told and not (pull.get("merged") or pull.get("merged_at")):
        return None
    number, repo = payload.get("number", pull.get("number")), _repository(event)
    return (repo, number) if isinstance(number, int) and _REPO.fullmatch(repo) else None


def _repository(event: dict[str, Any]) -> str:
    """``owner/name`` as the event has it; '' when it has none."""
    repo = event.get("repo")
    if isinstance(repo, dict) and "/" in str(repo.get("name", "")):
        return str(repo["name"])
    old = event.get("repository")
    if isinstance(old, dict) and old.get("owner") and old.get("name"):
        return f"{old['owner']}/{old['name']}"
    return ""


@contextmanager
def _open(name: str) -> Iterator[IO[bytes]]:
    raw = _fetched(name) if name.startswith(("http://", "https://")) else _local(name)
    with closing(raw):
        if not name.endswith(".gz"):
            yield raw
            return
        with gzip.open(raw, "rb") as unpacked:
            yield cast("IO[bytes]", unpacked)


def _local(name: str) -> IO[bytes]:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error


def _fetched(address: str) -> IO[bytes]:
    """The body of an answer as it arrives."""
    import requests

    headers = {"Accept-Encoding": "identity"}
    try:
        response = requests.get(address, stream=True, timeout=_SECONDS, headers=headers)
    except requests.RequestException as error:
        raise _unreachable(address, error) from error
    if response.status_code in {404, 403, 410}:
        hint = "check the hour in its name; the newest file is an hour old"
        raise UsageError(f"there is no {address}", hint=hint)
    if response.status_code != 200:
        raise _unreachable(address, f"HTTP {response.status_code}")
    return cast("IO[bytes]", response.raw)


def _unreachable(address: str, error: object) -> RemoteError:
    return RemoteError(f"cannot fetch {address}: {error}", cause="gharchive_unreachable", retryable=True)


def _expanded(pattern: str) -> list[str]:
    """``{08..10}`` as 08, 09, 10; as wide as its first number is written."""
    found = _RANGE.search(pattern)
    if found is None:
        return [pattern]
    first, last = found[1], found[2]
    numbers = [f"{n:0{len(first)}d}" for n in range(int(first), int(last) + 1)]
    return [
        one for n in numbers for one in _expanded(f"{pattern[: found.start()]}{n}{pattern[found.end() :]}")
    ]
