"""Sources of apt in both of their forms: read, matched with the host's, written anew.

Pure but for ``configured_sources``, which reads the host's files (sources.list(5)).  Never names a mirror.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

HOST_FILES = Path("/etc/apt")
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<rest>.*)")
_OPTIONS = ("arch", "signed-by", "trusted")
_FIELDS = {"architectures": "arch", "signed-by": "signed-by", "trusted": "trusted"}


@dataclass(frozen=True)
class Source:
    """One suite of one archive of binary packages."""

    uri: str
    suite: str
    components: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    """``arch``, ``signed-by`` (a path) and ``trusted``, as the one-line form writes them."""

    def line(self) -> str:
        """The one-line form, which apt of every age reads."""
        options = " ".join(f"{name}={value}" for name, value in self.options.items())
        shown = [f"[{options}]"] if options else []
        return " ".join(["deb", *shown, self.uri, self.suite, *self.components])


def parse(text: str) -> list[Source]:
    """The enabled sources of binary packages that are reached by HTTP; both forms may be mixed."""
    found = []
    for block in re.split(r"\n[ \t]*\n", text):
        lines = [line for line in block.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        stanza: list[str] = []
        for line in lines:
            match = _ONE_LINE.fullmatch(line.strip())
            if match:
                found.append(_from_line(match))
            elif not re.match(r"deb(-src)?\s", line.strip()):
                if re.match(r"types\s*:", line, re.IGNORECASE):  # files joined without a blank line
                    found += _from_stanza(stanza)
                    stanza = []
                stanza.append(line)
        found += _from_stanza(stanza)
    return [source for source in found if source.uri.startswith(("http://", "https://"))]


def _from_line(match: re.Match[str]) -> Source:
    pairs = (item.partition("=") for item in (match["options"] or "").split())
    options = {name.lower(): value for name, _, value in pairs if name.lower() in _OPTIONS}
    components = match["rest"].partition("#")[0].split()
    return Source(match["uri"].rstrip("/"), match["suite"], tuple(components), options)


def _from_stanza(lines: Sequence[str]) -> Iterator[Source]:
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[0].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in (
        "no",
        "false",
    ):
        return
    options = {_FIELDS[key]: value for key, value in fields.items() if key in _FIELDS}
    if "arch" in options:
        options["arch"] = ",".join(options["arch"].split())
    if not options.get("signed-by", "/").startswith("/"):
        del options["signed-by"]  # a key in the text itself, which has no one-line form
    for uri in fields.get("uris", "").split():
        for suite in fields.get("suites", "").split():
            yield Source(uri.rstrip("/"), suite, tuple(fields.get("components", "").split()), options)


def configured_sources(root: Path = HOST_FILES) -> list[Source]:
    """What apt of this machine fetches from; empty where there is no apt."""
    folder = root / "sources.list.d"
    paths = [root / "sources.list", *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))]
    found: list[Source] = []
    for path in paths:
        try:
            found += parse(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    return found


def matched(wanted: Iterable[Source], host: Sequence[Source]) -> list[Source]:
    """``wanted`` with the address at which this machine fetches the same archive.

    The same is: the host has a source of that suite in a folder of that name, else any source in a
    folder of that name.  What the host does not know keeps its own address.
    """
    return [replace(source, uri=_nearest(source, host)) for source in wanted]


def _nearest(source: Source, host: Sequence[Source]) -> str:
    alike = [other for other in host if _folder(other.uri) == _folder(source.uri)]
    exact = [other.uri for other in alike if other.suite == source.suite]
    return next(iter([*exact, *(other.uri for other in alike)]), source.uri)


def _folder(uri: str) -> str:
    return PurePosixPath(urlsplit(uri).path).name
