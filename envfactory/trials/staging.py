"""The folder that a trial brings into its container, and the shell that works with it.

    <folder>/<name>.py, <name>_*.py   collector and its companions
    <folder>/<name>.json, <name>.key  its settings and key (deleted by the collector)
    <folder>/patch                    the diff to apply
    <folder>/place.sh, *.tar          files placed last, over whatever the patch planted
    <folder>/report                   written by the collector

The folder has a random name outside the repository.  Nothing here talks to the engine.
"""

from __future__ import annotations

import base64
import io
import json
import secrets
import shlex
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

from envfactory.languages.protocol import Collector
from envfactory.records import HiddenFile
from envfactory.trials.collectors.report_lines import KEY_BYTES

Files = dict[str, bytes | tuple[bytes, int]]
"""Path -> content, or content and mode."""
TESTBED = "/testbed"
GIT = ("git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")

_PLACE = """\
cd {testbed} || exit 1
root=$(pwd -P)
clear() {{  # a folder where a file must be
  if [ -d "./$1" ] && [ ! -L "./$1" ]; then rm -rf -- "./$1"; fi
}}
gone() {{  # folder, files: only where the folder is what it seems, not a link to elsewhere
  real=$(cd -P -- "$root/$1" 2>/dev/null && pwd -P) || return 0
  [ "$real/" = "$root/$1/" ] || [ "$1" = . ] || return 0
  (cd -P -- "$root/$1" && shift && rm -rf -- "$@")
}}
tar -xmf {folder}/folders.tar --no-same-owner || exit 1
{clearings}
tar -xmf {folder}/hidden.tar --no-same-owner || exit 1
{deletions}
"""
"""tar replaces links and files that stand where its folders belong, and links where its files do."""


@dataclass(frozen=True)
class Staging:
    """One trial's folder: random names and keys, made anew for every run."""

    collector: Collector
    folder: str = field(default_factory=lambda: f"/var/lib/{secrets.token_hex(12)}")
    name: str = field(default_factory=lambda: f"p{secrets.token_hex(12)}")
    key: bytes = field(default_factory=lambda: secrets.token_bytes(KEY_BYTES))
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def report(self) -> str:
        """Where the collector writes."""
        return f"{self.folder}/report"

    def collector_files(self, test_seconds: float, env: Mapping[str, str]) -> Files:
        """The collector and its companions under their random names, settings and key."""
        settings = {
            "report": self.report,
            "nonce": self.nonce,
            "root": TESTBED,
            "test_seconds": test_seconds,
            "pythonpath": env.get("PYTHONPATH", ""),
        }
        stem = PurePosixPath(self.collector.resource).stem
        place = f"{self.folder}/{self.name}"
        sources = sources_of(self.collector.resource)
        return {
            **{f"{place}{name.removeprefix(stem)}": source for name, source in sources.items()},
            f"{place}.json": (json.dumps(settings).encode(), 0o600),
            f"{place}.key": (self.key, 0o600),
        }

    def collector_args(self) -> list[str]:
        """The collector's options with its random name in place of its own."""
        stem = PurePosixPath(self.collector.resource).stem
        return [self.name if arg == stem else arg for arg in self.collector.args]

    def import_path(self, env: Mapping[str, str]) -> str:
        """``PYTHONPATH`` with the folder first."""
        return ":".join(part for part in (self.folder, env.get("PYTHONPATH", "")) if part)

    def list_command(self) -> list[str]:
        """Print the paths that the patch touches as git names them: ``added TAB deleted TAB path NUL``."""
        return [*GIT, "apply", "--numstat", "-z", "--whitespace=nowarn", f"{self.folder}/patch"]

    def apply_command(self, exclusions: Iterable[str]) -> list[str]:
        """Apply the patch but for excluded paths."""
        return [*GIT, "apply", "--whitespace=nowarn", *exclusions, f"{self.folder}/patch"]

    def place_command(self) -> list[str]:
        """Write the hidden files, replacing whatever is in their way."""
        return ["/bin/sh", f"{self.folder}/place.sh"]

    def place_files(self, hidden: Sequence[HiddenFile]) -> Files:
        """What ``place_command`` works with."""
        gone: dict[str, list[str]] = {}
        for file in hidden:
            if file.content is None:
                path = PurePosixPath(checked(file.path))
                gone.setdefault(str(path.parent), []).append(path.name)
        present = [file for file in hidden if file.content is not None]
        script = _PLACE.format(
            folder=self.folder,
            testbed=TESTBED,
            clearings="\n".join(shlex.join(["clear", checked(file.path)]) for file in present),
            deletions="\n".join(shlex.join(["gone", parent, *names]) for parent, names in gone.items()),
        )
        return {
            f"{self.folder}/place.sh": script.encode("utf-8", "surrogateescape"),
            f"{self.folder}/folders.tar": _tar(present, content=False),
            f"{self.folder}/hidden.tar": _tar(present, content=True),
        }


@cache
def sources_of(resource: str) -> dict[str, bytes]:
    """A collector and its companions, by file name: ``x.py`` and every ``x_*.py`` beside it."""
    path = PurePosixPath(resource)
    folder = files("envfactory.trials.collectors")
    named = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(path.suffix))
    wanted = [name for name in named if name == resource or name.startswith(f"{path.stem}_")]
    return {name: folder.joinpath(name).read_bytes() for name in wanted}


def _tar(present: Iterable[HiddenFile], *, content: bool) -> bytes:
    """The files, or (``content`` false) every folder above them."""
    buffer = io.BytesIO()
    folders: set[str] = set()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as tar:
        for file in present:
            if content:
                _add(tar, file)
                continue
            for parent in [str(place) for place in reversed(PurePosixPath(file.path).parents)][1:]:
                if parent not in folders:
                    folders.add(parent)
                    entry = tarfile.TarInfo(parent)
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                    tar.addfile(entry)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, file: HiddenFile) -> None:
    content = base64.b64decode(file.content or "")
    entry = tarfile.TarInfo(file.path)
    if file.mode == "120000":
        entry.type, entry.mode = tarfile.SYMTYPE, 0o777
        entry.linkname = content.decode("utf-8", "surrogateescape")
        tar.addfile(entry)
        return
    entry.mode = 0o755 if file.mode == "100755" else 0o644
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def checked(path: str) -> str:
    """``path`` if it stays inside the repository and outside git's own folder."""
    parts = path.split("/")
    if path.startswith("/") or not path or {"", ".", ".."} & set(parts) or parts[0] == ".git":
        raise ValueError(f"not a path inside a repository: {path!r}")
    return path
