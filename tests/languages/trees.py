"""Trees and an index in memory: what the pure rules of a language are tested with."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from envfactory.languages.python_rules.project import Project
from envfactory.timemachine import File, Release


class MemoryTree:
    """Answers like ``envfactory.git.Tree``."""

    id = "memory"

    def __init__(self, files: Mapping[str, str] | None = None) -> None:
        self.files = {path: textwrap.dedent(text) for path, text in (files or {}).items()}

    def paths(self) -> list[str]:
        return sorted(self.files)

    def exists(self, path: str) -> bool:
        return path in self.files

    def blob(self, path: str) -> str | None:
        return self.files.get(path)

    def text(self, path: str) -> str | None:
        return self.files.get(path)

    def read(self, path: str, limit: int | None = None) -> bytes | None:
        text = self.files.get(path)
        return None if text is None else text.encode()

    def mode(self, path: str) -> str | None:
        return "100644" if path in self.files else None

    def glob(self, pattern: str) -> list[str]:
        return [path for path in self.paths() if fnmatchcase(path, pattern)]


def project(files: Mapping[str, str]) -> Project:
    return Project(MemoryTree(files))  # type: ignore[arg-type]


@dataclass
class MemoryIndex:
    """Projects by name -> {version: upload date}."""

    projects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def releases(self, ecosystem: str, name: str) -> list[Release]:
        return [self._release(name, version, day) for version, day in self.projects.get(name, {}).items()]

    def dated(self, ecosystem: str, name: str, cutoff: datetime) -> list[Release]:
        found = self.releases(ecosystem, name)
        return [release for release in found if (release.files[0].upload_time or cutoff) <= cutoff]

    @staticmethod
    def _release(name: str, version: str, day: str) -> Release:
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
        filename = f"{name}-{version}.tar.gz"
        return Release(
            version, (File(name, version, filename, "", f"{name}{version}".encode().hex(), moment),)
        )
