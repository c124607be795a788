"""Requirements that no tool accepts any more, in a form that today's tools read.

Before 2022 a wheel could ask for ``pytz (>=2011k)``; a strict resolver then takes the whole release for
unreadable and goes back, years if need be, to one that does not ask.  Bounds that are not versions are
left out, the rest of the line stays.
https://packaging.python.org/en/latest/specifications/dependency-specifiers/
"""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

_REQUIRES = re.compile(rb"^(Requires-Dist:[ \t]*)([^\r\n]*)", re.MULTILINE)
_PARTS = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?P<extras>\[[^\]]*\])?\s*\(?(?P<bounds>[^;()]*)\)?\s*(?P<marker>;.*)?"
)


def readable(metadata: bytes) -> bytes:
    """The same METADATA with every ``Requires-Dist`` that can be parsed; the description stays untouched."""
    head, blank, body = metadata.partition(b"\n\n")
    return _REQUIRES.sub(lambda match: match.group(1) + _readable(match.group(2)), head) + blank + body


def _readable(line: bytes) -> bytes:
    text = line.decode("utf-8", errors="replace").strip()
    if _parses(text):
        return line
    match = _PARTS.fullmatch(text)
    if match is None:
        return line
    bounds = ",".join(item for item in map(str.strip, match["bounds"].split(",")) if _bound(item))
    name = match["name"] + (match["extras"] or "")
    marker = match["marker"] or ""
    forms = (f"{name}{bounds}{marker}", f"{name}{marker}", name)
    mended = next((form for form in forms if _parses(form)), None)
    return line if mended is None else mended.encode()


def _parses(text: str) -> bool:
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def _bound(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True
