"""Configuration: one typed model, read from files, environment and flags, every value with its origin.

Later layers win: defaults, ``envfactory.toml`` (or ``[tool.envfactory]`` in ``pyproject.toml``),
``ENVFACTORY_*`` variables (``__`` between a table and its key), command-line flags.  The defaults
below are the only list of defaults; ``envfactory config show`` prints it.  An unknown key anywhere is
an error that names the place and the nearest key that exists.  This module never writes a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from envfactory.errors import UsageError
from envfactory.records import Limits
from envfactory.settings_layers import PREFIX, check_key, environment_layer, file_layers, flatten, merge
from envfactory.workspace import DEFAULT_WORKSPACE, user_cache

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
    oracle: bool = False
    """Also measure how strong a task's tests are, by wrong patches and by coverage."""
    max_attempts: int = Field(default=3, ge=1, le=20)
    """Tries of one stage on one pull request when the machine, not the pull request, is at fault."""
    build_timeout: float = Field(default=1800.0, gt=0)
    """Seconds that one image build may take."""
    build_rungs: int = Field(default=8, ge=1, le=50)
    """Tries of the building ladder for one environment."""
    min_free_disk_gb: float = Field(default=5.0, ge=0)
    """A build starts only when Docker's disk has this much free."""
    max_disk_gb: float | None = Field(default=None, gt=0)
    """What our images may take on Docker's disk; unset: no bound. Images that can be made again go first."""
    max_wait: float = Field(default=3900.0, ge=0)
    """Seconds that mining waits for one answer of a service whose limit is reached; then it ends with 5."""
    related_module_budget: int = Field(default=10, ge=0)
    """Test modules of the touched source that run beside those that the pull request touches."""
    offline: bool = False
    """Use only what the package index has in its cache."""
    base_image: str = ""
    """Image to build on instead of one of our own making."""
    model: str = ""
    """Language model for what is left when rules and repairs have no more to try; empty: none is asked."""
    model_url: str = ""
    """OpenAI-compatible endpoint of `model`, with its `/v1`; the key comes from the environment."""
    model_tries: int = Field(default=3, ge=0, le=20)
    """Times that the model is asked about one environment; 0: never."""
    model_statements: Literal["off", "judge", "rewrite", "both"] = "off"
    """What the model does with problem statements: `off`, `judge`, `rewrite`, or `both`."""
    model_max_cost_usd: float = Field(default=1.0, ge=0)
    """What all questions to the model in one run may cost."""
    model_input_price_usd: float | None = Field(default=None, ge=0)
    """Price of a million tokens sent to the model; needed with `model`."""
    model_output_price_usd: float | None = Field(default=None, ge=0)
    """Price of a million tokens that the model writes; needed with `model`."""
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
    known = list(keys())
    layers = [*file_layers(config, directory or Path.cwd()), environment_layer(Settings, known, environ)]
    layers.append(("command line", {key: value for key, value in (flags or {}).items() if value is not None}))
    merged: dict[str, Any] = {}
    origins = dict.fromkeys(known, "default")
    for origin, values in layers:
        flat = dict(flatten(values))
        for key in flat:
            check_key(key, origin, known)
            origins[key] = f"{PREFIX}{key.upper().replace('.', '__')}" if origin == "environment" else origin
        merge(merged, values)
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        raise _explained(error, origins) from None
    _require_whole_model(settings)
    return Loaded(settings, origins)


def _require_whole_model(settings: Settings) -> None:
    """A model without an address cannot be asked, and without prices its cost has no bound."""
    wanted = {
        "model_url": settings.model_url or None,
        "model_input_price_usd": settings.model_input_price_usd,
        "model_output_price_usd": settings.model_output_price_usd,
    }
    if settings.model_statements != "off" and not settings.model:
        raise UsageError(
            f"model_statements = {settings.model_statements!r} needs a model",
            hint="set model, model_url and the prices, or model_statements = 'off'",
        )
    missing = [name for name, value in wanted.items() if value is None]
    address = urlsplit(settings.model_url)
    if settings.model_url and (address.scheme not in ("http", "https") or "@" in address.netloc):
        raise UsageError(
            "model_url is not the address of an endpoint, or holds a password",
            hint="e.g. http://localhost:8000/v1; a key goes into ENVFACTORY_MODEL_API_KEY",
        )
    if settings.model and missing:
        raise UsageError(
            f"the setting model = {settings.model!r} needs {', '.join(missing)} as well",
            hint="prices are per million tokens; 0 for an endpoint of your own",
        )


def keys() -> Iterator[str]:
    """Every dotted key that may be set."""
    for name in Settings.model_fields:
        if name == "limits":
            yield from (f"limits.{key}" for key in Limits.model_fields)
        else:
            yield name


def values(settings: Settings) -> dict[str, Any]:
    """Dotted key -> value, JSON-ready."""
    return dict(flatten(settings.model_dump(mode="json")))


def meanings() -> dict[str, str]:
    """Dotted key -> one sentence on what it means."""
    found = {name: field.description or "" for name, field in Settings.model_fields.items()}
    found |= {f"limits.{name}": LIMIT_MEANINGS[name] for name in Limits.model_fields}
    return {key: found[key] for key in keys()}


def _explained(error: ValidationError, origins: Mapping[str, str]) -> UsageError:
    lines = []
    for problem in error.errors():
        parts = [str(part) for part in problem["loc"]]
        key = next((".".join(parts[:n]) for n in (2, 1) if ".".join(parts[:n]) in origins), ".".join(parts))
        lines.append(f"{origins.get(key, '?')}: {key} = {problem['input']!r}: {problem['msg']}")
    return UsageError("\n".join(lines), hint="`envfactory config show` lists every key with its meaning")


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)


__all__ = ["PREFIX", "Loaded", "Settings", "keys", "load", "meanings", "values"]
