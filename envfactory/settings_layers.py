"""Where settings are read: files, environment variables, and how layers are merged.

Knows no setting: the model and its keys are given.  ``settings`` decides which layer wins.  This
module never writes a file.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource

from envfactory.errors import UsageError

PREFIX = "ENVFACTORY_"
CONFIG_FILE = "envfactory.toml"
SECRETS = frozenset({"model_api_key", "serve_token"})
"""Variables with our prefix that are no settings: read where they are used, shown and kept nowhere."""


def file_layers(config: Path | None, directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(origin, values) of the configuration file: the one given, else the directory's own."""
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


def environment_layer(
    model: type[BaseSettings], known: Collection[str], environ: Mapping[str, str] | None
) -> tuple[str, dict[str, Any]]:
    """What the ``ENVFACTORY_*`` variables set; an unknown one is an error."""
    variables = os.environ if environ is None else environ
    for name in variables:
        key = name.removeprefix(PREFIX).lower().replace("__", ".")
        if name.startswith(PREFIX) and key not in SECRETS:
            check_key(key, f"environment variable {name}", known)
    source = EnvSettingsSource(model, env_prefix=PREFIX, env_nested_delimiter="__")
    source.env_vars = {name.lower(): value for name, value in variables.items() if name.startswith(PREFIX)}
    try:
        return "environment", source()
    except ValueError as error:  # a list or table that is not JSON
        raise UsageError(
            f"cannot read the {PREFIX}* variables: {error}",
            hint='lists are written as JSON, e.g. \'["a", "b"]\'',
        ) from error


def check_key(key: str, origin: str, known: Collection[str]) -> None:
    """Refuse a key that is not one of ``known``, with the nearest one that is."""
    if key in known or (key == "limits" and not origin.startswith("environment variable")):
        return
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    near = near or [name for name in known if name.split(".")[-1] == key.split(".")[-1]]
    hint = f"did you mean {near[0]!r}?" if near else "`envfactory config show` lists every key"
    raise UsageError(f"{origin}: unknown setting {key!r}", hint=hint)


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every leaf; an empty table is a leaf."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Lay ``values`` over ``into``, table by table."""
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value
