"""What a ``pyproject.toml`` says about dependencies, in each dialect.

PEP 621 ``[project]``, PEP 735 ``[dependency-groups]``, PEP 518 ``[build-system]`` and the tables of
poetry, pdm, flit and uv; hatch's environments have a module of their own. Values come back cited;
choosing among them is not done here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from envfactory.languages.python_rules.cited import Cited, Source
from envfactory.languages.python_rules.names import normalise

Groups = dict[str, tuple[Cited, ...]]


class Pyproject:
    """A parsed ``pyproject.toml``; an unreadable one is as good as an empty one."""

    def __init__(self, source: Source | None) -> None:
        self.source = source or Source("pyproject.toml", "")
        try:
            self.data: dict[str, Any] = tomllib.loads(self.source.content)
        except tomllib.TOMLDecodeError:
            self.data = {}

    def table(self, *path: str) -> dict[str, Any]:
        """The table at that path, empty when absent or of another type."""
        found: Any = self.data
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return dict(found) if isinstance(found, Mapping) else {}

    def strings(self, *path: str) -> list[str]:
        """The list of strings at that path."""
        value = self.table(*path[:-1]).get(path[-1])
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

    @property
    def name(self) -> str | None:
        """The distribution's name."""
        for table in (("project",), ("tool", "poetry"), ("tool", "flit", "metadata")):
            value = self.table(*table)
            name = value.get("name") or value.get("dist-name") or value.get("module")
            if isinstance(name, str):
                return name
        return None

    @property
    def requires_python(self) -> Cited | None:
        """As a PEP 440 specifier set, poetry's caret notation translated."""
        for path in (("project", "requires-python"), ("tool", "flit", "metadata", "requires-python")):
            value = self.table(*path[:-1]).get(path[-1])
            if isinstance(value, str):
                return self.source.cite(value, "requires-python")
        value = self.table("tool", "poetry", "dependencies").get("python")
        if isinstance(value, str):
            return self.source.cite(value, "[tool.poetry.dependencies]", "python").with_value(caret(value))
        return None

    @property
    def classifiers(self) -> tuple[Cited, ...]:
        """Trove classifiers."""
        values = [
            *self.strings("project", "classifiers"),
            *self.strings("tool", "poetry", "classifiers"),
            *self.strings("tool", "flit", "metadata", "classifiers"),
        ]
        return self.source.cite_all(values)

    @property
    def build_requires(self) -> tuple[Cited, ...]:
        """PEP 518."""
        return self.source.cite_all(self.strings("build-system", "requires"), "[build-system]")

    @property
    def build_backend(self) -> str:
        """Empty when not given, which means setuptools' legacy hook."""
        value = self.table("build-system").get("build-backend")
        return value if isinstance(value, str) else ""

    @property
    def dependencies(self) -> tuple[Cited, ...] | None:
        """``None`` when the table leaves them to a build back-end."""
        if "dependencies" in self.table("project"):
            return self.source.cite_all(self.strings("project", "dependencies"), "dependencies")
        if flit := self.strings("tool", "flit", "metadata", "requires"):
            return self.source.cite_all(flit, "requires")
        if poetry := self.table("tool", "poetry", "dependencies"):
            return self._poetry(poetry, "[tool.poetry.dependencies]")
        if self.table("project") and "dependencies" not in self.strings("project", "dynamic"):
            return ()
        return None

    @property
    def extras(self) -> Groups:
        """Optional dependencies by name."""
        found: Groups = {}
        for path in (("project", "optional-dependencies"), ("tool", "flit", "metadata", "requires-extra")):
            for name, items in self.table(*path).items():
                values = [item for item in items if isinstance(item, str)] if isinstance(items, list) else []
                found[name] = self.source.cite_all(values, path[-1], name)
        optional = dict(self._poetry_pairs("dependencies", include_optional=True))
        for name, items in self.table("tool", "poetry", "extras").items():
            wanted = {normalise(str(item)) for item in items} if isinstance(items, list) else set()
            found[name] = tuple(cited for key, cited in optional.items() if normalise(key) in wanted)
        return found

    @property
    def groups(self) -> Groups:
        """PEP 735 groups with their includes expanded."""
        table = self.table("dependency-groups")
        return {name: tuple(self._group(table, name, frozenset())) for name in table}

    @property
    def tool_groups(self) -> Groups:
        """Development groups that only one tool knows: poetry, pdm, uv, flit."""
        found: Groups = {}
        if dev := self.table("tool", "poetry", "dev-dependencies"):
            found["dev"] = self._poetry(dev, "[tool.poetry.dev-dependencies]")
        for name, group in self.table("tool", "poetry", "group").items():
            if isinstance(group, Mapping):
                found[name] = self._poetry(
                    dict(group.get("dependencies", {})), f"[tool.poetry.group.{name}.dependencies]"
                )
        for name in self.table("tool", "pdm", "dev-dependencies"):
            found[name] = self.source.cite_all(
                self.strings("tool", "pdm", "dev-dependencies", name), "dev-dependencies"
            )
        if uv := self.strings("tool", "uv", "dev-dependencies"):
            found.setdefault("dev", self.source.cite_all(uv, "dev-dependencies"))
        if flit := self.strings("tool", "flit", "metadata", "dev-requires"):
            found.setdefault("dev", self.source.cite_all(flit, "dev-requires"))
        return found

    def _group(self, table: dict[str, Any], name: str, seen: frozenset[str]) -> list[Cited]:
        by_name = {normalise(key): key for key in table}
        key = by_name.get(normalise(name))
        items = table.get(key) if key else None
        found: list[Cited] = []
        for item in items if isinstance(items, list) and normalise(name) not in seen else []:
            if isinstance(item, str):
                found.append(self.source.cite(item, "[dependency-groups]", str(key)))
            elif isinstance(item, Mapping) and isinstance(included := item.get("include-group"), str):
                found += self._group(table, included, seen | {normalise(name)})
        return found

    def _poetry(self, table: dict[str, Any], heading: str) -> tuple[Cited, ...]:
        pairs = (
            self._poetry_item(name, spec, heading) for name, spec in table.items() if not _optional(spec)
        )
        return tuple(cited for cited in pairs if cited is not None)

    def _poetry_pairs(self, table: str, *, include_optional: bool) -> list[tuple[str, Cited]]:
        found = []
        for name, spec in self.table("tool", "poetry", table).items():
            if include_optional or not _optional(spec):
                cited = self._poetry_item(name, spec, f"[tool.poetry.{table}]")
                if cited is not None:
                    found.append((name, cited))
        return found

    def _poetry_item(self, name: str, spec: Any, heading: str) -> Cited | None:
        if normalise(name) == "python":
            return None
        text = poetry_requirement(name, spec)
        return self.source.cite(name, heading).with_value(text) if text else None


def _optional(spec: Any) -> bool:
    return isinstance(spec, Mapping) and bool(spec.get("optional"))


def poetry_requirement(name: str, spec: Any) -> str:
    """Poetry's notation as PEP 508; empty for a path dependency; VCS ones become the bare name."""
    if isinstance(spec, list):
        spec = spec[-1] if spec else "*"
    if isinstance(spec, str):
        return f"{name}{caret(spec)}"
    if not isinstance(spec, Mapping) or "path" in spec:
        return ""
    extras = f"[{','.join(map(str, spec.get('extras', ())))}]" if spec.get("extras") else ""
    markers = [spec["markers"]] if isinstance(spec.get("markers"), str) else []
    if isinstance(spec.get("python"), str) and (marker := python_marker(spec["python"])):
        markers.append(marker)
    marker = f" ; {' and '.join(f'({text})' for text in markers)}" if markers else ""
    version = spec.get("version")
    return f"{name}{extras}{caret(version) if isinstance(version, str) else ''}{marker}"


def python_marker(spec: str) -> str:
    """Poetry's bound on the interpreter as an environment marker."""
    alternatives = []
    for alternative in re.split(r"\|\|?", spec):
        bounds = re.findall(r"(~=|[<>=!]=?)\s*(\d[\d.]*)(\.\*)?", caret(alternative))
        parts = [f'python_full_version {sign} "{number.rstrip(".")}{star}"' for sign, number, star in bounds]
        if parts:
            alternatives.append(" and ".join(parts))
    return (
        " or ".join(f"({text})" for text in alternatives) if len(alternatives) > 1 else "".join(alternatives)
    )


def caret(spec: str) -> str:
    """``^1.2`` → ``>=1.2,<2``, ``~1.2`` → ``>=1.2,<1.3``, ``*`` → nothing; alternatives keep the last."""
    spec = re.split(r"\|\|?", spec)[-1]
    return ",".join(
        part for piece in re.split(r"[,\s]+(?=[\^~<>=!\d*])", spec.strip()) if (part := _bound(piece.strip()))
    )


def _bound(piece: str) -> str:
    piece = piece.replace(" ", "").rstrip(",")
    if piece in {"", "*"}:
        return ""
    numbers = re.findall(r"\d+", piece)
    if piece.startswith("^"):
        major = next((index for index, part in enumerate(numbers) if part != "0"), len(numbers) - 1)
        upper = [*numbers[:major], str(int(numbers[major]) + 1)] if numbers else []
        return f">={piece[1:]},<{'.'.join(upper)}" if upper else ""
    if piece.startswith("~") and not piece.startswith("~="):
        upper = numbers[:2] if len(numbers) > 1 else numbers[:1]
        return f">={piece[1:]},<{'.'.join([*upper[:-1], str(int(upper[-1]) + 1)])}" if upper else ""
    return piece if piece[0] in "<>=!~" else f"=={piece}"
