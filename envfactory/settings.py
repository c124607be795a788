"""Configuration: one typed model, read from files, environment and flags, every value with its origin.

Later layers win: defaults, ``envfactory.toml`` (or ``[tool.envfactory]`` in ``pyproject.toml``),
``ENVFACTORY_*`` variables (``__`` between a table and its key), command-line flags.  The defaults
below are the only list of defaults; ``envfactory config show`` prints it.  An unknown key anywhere is
an error that names the place and the nearest key that exists.  This module never writes a file.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from envfactory.errors import UsageError
from envfactory.records import Limits
from envfactory.workspace import DEFAULT_WORKSPACE, user_cache

PREFIX = "ENVFACTORY_"
CONFIG_FILE = "envfactory.toml"


LIMIT_MEANINGS = {
    "cpus": "Processors of one container.",
    "memory_mb": "Memory of one container in MiB; it has no swap.",
    "pids": "Processes and threads of one container.",
    "disk_mb": "MiB that one container may write.",
    "output_bytes": "Bytes of output kept of one test run.",
    "test_seconds": "Seconds for one test.",
    "run_seconds": "Seconds for one run of the tests.",
}


class Settings(BaseSettings):
    """Every knob of the factory; the text under a field is its documentation."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        use_attribute_docstrings=True,
        validate_default=False,
    )

    workspace: Path = DEFAULT_WORKSPACE
    """Directory with all state of one production; `-w` on the command line."""
    cache: Path = Field(default_factory=user_cache)
    """Directory shared by all workspaces: base systems, interpreters, files of the package index."""
    sources: tuple[str, ...] = ()
    """What `run` and `mine` work on when no SOURCE is given."""
    jobs: int | None = Field(default=None, ge=1, le=1024)
    """Tasks worked on at the same time; unset: one per CPU, as far as memory for `limits.memory_mb` goes."""
    runs: int = Field(default=3, ge=1, le=100)
    """Test runs in each of the states before and after."""
    max_attempts: int = Field(default=3, ge=1, le=20)
    """Tries of one stage on one pull request when the machine, not the pull request, is at fault."""
    build_timeout: float = Field(default=1800.0, gt=0)
    """Seconds that one image build may take."""
    build_rungs: int = Field(default=8, ge=1, le=50)
    """Tries of the building ladder for one environment."""
    min_free_disk_gb: float = Field(default=5.0, ge=0)
    """A build starts only when Docker's disk has this much free."""
    related_module_budget: int = Field(default=10, ge=0)
    """Test modules of the touched source that run beside those that the pull request touches."""
    offline: bool = False
    """Use only what the package index has in its cache."""
    base_image: str = ""
    """Image to build on instead of one of our own making."""
    limits: Limits = Limits()
    """What one container may use."""

    @property
    def workers(self) -> int:
        """``jobs``, or as many as this machine's CPUs and memory allow."""
        if self.jobs is not None:
            return self.jobs
        by_memory = _memory_mb() // max(1, self.limits.memory_mb)
        return max(1, min(len(os.sched_getaffinity(0)), by_memory))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Constructing ``Settings`` reads nothing from outside; ``load`` does, layer by layer."""
        return (init_settings,)


@dataclass(frozen=True)
class Loaded:
    """Settings together with where each value was read: dotted key -> ``default``, file or variable."""

    settings: Settings
    origins: Mapping[str, str]


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    config: Path | None = None,
    directory: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Merge all layers.  ``flags`` that are ``None`` were not given.  Raises ``UsageError``."""
    layers = [*_file_layers(config, directory or Path.cwd()), _environment(environ)]
    layers.append(("command line", {key: value for key, value in (flags or {}).items() if value is not None}))
    merged: dict[str, Any] = {}
    origins = dict.fromkeys(keys(), "default")
    for origin, values in layers:
        flat = dict(_flatten(values))
        for key in flat:
            _check_key(key, origin)
            origins[key] = f"{PREFIX}{key.upper().replace('.', '__')}" if origin == "environment" else origin
        _merge(merged, values)
    try:
        return Loaded(Settings(**merged), origins)
    except ValidationError as error:
        raise _explained(error, origins) from None


def keys() -> Iterator[str]:
    """Every dotted key that may be set."""
    for name in Settings.model_fields:
        if name == "limits":
            yield from (f"limits.{key}" for key in Limits.model_fields)
        else:
            yield name


def values(settings: Settings) -> dict[str, Any]:
    """Dotted key -> value, JSON-ready."""
    return dict(_flatten(settings.model_dump(mode="json")))


def meanings() -> dict[str, str]:
    """Dotted key -> one sentence on what it means."""
    found = {name: field.description or "" for name, field in Settings.model_fields.items()}
    found |= {f"limits.{name}": LIMIT_MEANINGS[name] for name in Limits.model_fields}
    return {key: found[key] for key in keys()}


def _file_layers(config: Path | None, directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if config is not None:
        yield str(config), _table(_toml(config), config)
        return
    own, shared = directory / CONFIG_FILE, directory / "pyproject.toml"
    if own.is_file():
        yield str(own), _toml(own)
    elif shared.is_file():
        yield str(shared), _table(_toml(shared), shared)


def _table(data: dict[str, Any], path: Path) -> dict[str, Any]:
    if path.name != "pyproject.toml":
        return data
    table = data.get("tool", {}).get("envfactory", {})
    return table if isinstance(table, dict) else {}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the configuration {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error


def _environment(environ: Mapping[str, str] | None) -> tuple[str, dict[str, Any]]:
    variables = os.environ if environ is None else environ
    for name in variables:
        if name.startswith(PREFIX):
            _check_key(name.removeprefix(PREFIX).lower().replace("__", "."), f"environment variable {name}")
    source = EnvSettingsSource(Settings, env_prefix=PREFIX, env_nested_delimiter="__")
    source.env_vars = {name.lower(): value for name, value in variables.items() if name.startswith(PREFIX)}
    try:
        return "environment", source()
    except ValueError as error:  # a list or table that is not JSON
        raise UsageError(
            f"cannot read the {PREFIX}* variables: {error}",
            hint='lists are written as JSON, e.g. \'["a", "b"]\'',
        ) from error


def _check_key(key: str, origin: str) -> None:
    known = list(keys())
    if key in known or (key == "limits" and not origin.startswith("environment variable")):
        return
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    near = near or [name for name in known if name.split(".")[-1] == key.split(".")[-1]]
    hint = f"did you mean {near[0]!r}?" if near else "`envfactory config show` lists every key"
    raise UsageError(f"{origin}: unknown setting {key!r}", hint=hint)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value


def _explained(error: ValidationError, origins: Mapping[str, str]) -> UsageError:
    lines = []
    for problem in error.errors():
        parts = [str(part) for part in problem["loc"]]
        key = next((".".join(parts[:n]) for n in (2, 1) if ".".join(parts[:n]) in origins), ".".join(parts))
        lines.append(f"{origins.get(key, '?')}: {key} = {problem['input']!r}: {problem['msg']}")
    return UsageError("\n".join(lines), hint="`envfactory config show` lists every key with its meaning")


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)


__all__ = ["Loaded", "Settings", "keys", "load", "meanings", "values"]
