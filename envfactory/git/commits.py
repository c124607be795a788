"""Reads commit objects whole: who, when, and the message as text.  Knows nothing of pull requests."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from envfactory.errors import CloneError
from envfactory.git.objects import Objects
from envfactory.git.records import Commit

_PERSON = re.compile(rb"(?P<name>.*?) ?<(?P<mail>[^>]*)>(?: (?P<time>-?\d+) (?P<zone>[+-]\d+))?")


def read_commit(objects: Objects, name: str) -> Commit:
    """The commit of this id; raises ``CloneError`` when it is not here."""
    raw = objects.content(name)
    if raw is None:
        raise CloneError(f"commit {name} is not in the clone", cause="commit_missing")
    return parse_commit(name, raw)


def parse_commit(name: str, raw: bytes) -> Commit:
    """A commit object's bytes; messages in other encodings than UTF-8 are decoded as they declare."""
    head, _, message = raw.partition(b"\n\n")
    fields: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        fields.setdefault(key, []).append(value)
    encoding = fields.get(b"encoding", [b"utf-8"])[0].decode("ascii", errors="replace")
    author, authored, author_zone = _person(fields.get(b"author", [b""])[0], encoding)
    committer, committed, committer_zone = _person(fields.get(b"committer", [b""])[0], encoding)
    subject, body = _split(_decoded(message, encoding))
    parents = tuple(parent.decode() for parent in fields.get(b"parent", []))
    return Commit(
        name, parents, author, authored, author_zone, committer, committed, committer_zone, subject, body
    )


def moment(seconds: int, zone: str) -> datetime:
    """Git's (seconds, ``+hhmm``) as an aware datetime; absurd values become the nearest sane one."""
    seconds = min(max(seconds, 0), 253402214400)
    minutes = int(zone[1:3] or 0) * 60 + int(zone[3:5] or 0) if re.fullmatch(r"[+-]\d{4}", zone) else 0
    if minutes >= 24 * 60:
        return datetime.fromtimestamp(seconds, UTC)
    offset = timedelta(minutes=-minutes if zone.startswith("-") else minutes)
    return datetime.fromtimestamp(seconds, UTC).astimezone(timezone(offset))


def _person(line: bytes, encoding: str) -> tuple[str, int, str]:
    found = _PERSON.match(line)
    if not found:
        return "", 0, "+0000"
    name = _decoded(found["name"], encoding).strip()
    return name, int(found["time"] or 0), (found["zone"] or b"+0000").decode()


def _split(message: str) -> tuple[str, str]:
    """Subject (the first paragraph on one line, as git has it) and body."""
    text = message.replace("\r\n", "\n").replace("\0", "").strip("\n")
    subject, _, body = text.partition("\n\n")
    return " ".join(line.strip() for line in subject.split("\n")).strip(), body.strip("\n")


def _decoded(text: bytes, encoding: str) -> str:
    for name in ("utf-8", encoding):
        try:
            return text.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return text.decode("latin-1")
