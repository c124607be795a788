"""GitHub's published descriptions of itself: the OpenAPI document and the GraphQL schema.

They are npm packages, fetched once through the machine's own npm client into a folder and never part of
this repository.  What a fake server says is checked against them, and so is every query.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

PACKAGES = {
    "@octokit/openapi@23": "package/generated/api.github.com.json",
    "@octokit/graphql-schema@15": "package/schema.graphql",
}
"""Package and major version -> the file in it that counts."""


class NotHere(Exception):
    """Neither in the folder nor to be had through npm."""


def fetch(folder: Path) -> dict[str, Path]:
    """The files of ``PACKAGES`` in ``folder``; raises ``NotHere`` when they cannot be fetched."""
    found = {}
    for package, inside in PACKAGES.items():
        path = folder / package.replace("/", "+") / Path(inside).name
        if not path.is_file():
            _pack(package, inside, path)
        found[package.split("/")[1].split("@")[0]] = path
    return found


def _pack(package: str, inside: str, path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotHere("npm is not installed")
    work = path.parent.with_suffix(".incomplete")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    command = [npm, "pack", "--silent", "--pack-destination", str(work), package]
    try:
        subprocess.run(command, cwd=work, capture_output=True, check=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotHere(f"{package}: {error}") from error
    (archive,) = work.glob("*.tgz")
    with tarfile.open(archive) as files:
        member = files.extractfile(inside)
        assert member is not None
        (work / path.name).write_bytes(member.read())
    archive.unlink()
    work.rename(path.parent)


class Descriptions:
    """Both documents, read when they are first needed."""

    def __init__(self, folder: Path) -> None:
        self._files = fetch(folder)

    @functools.cached_property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document: dict[str, Any] = json.loads(self._files["openapi"].read_bytes())
        return document

    @functools.cached_property
    def graphql(self) -> Any:
        """The GraphQL schema, executable."""
        from graphql import build_schema

        return build_schema(self._files["graphql-schema"].read_text(), assume_valid=True)

    @functools.cache  # noqa: B019 - one object for a whole run
    def example(self, template: str) -> Any:
        """GitHub's own example of the answer to ``GET template``."""
        examples = self._content(template)["examples"]
        found = next(iter(examples.values()))
        while isinstance(found, dict) and set(found) & {"$ref", "value"}:
            found = self._resolved(found["$ref"]) if "$ref" in found else found["value"]
        return found

    def errors(self, template: str, body: Any) -> list[str]:
        """What is wrong with an answer to ``GET template``, by the published schema."""
        validator = self._validator(template)
        return [
            f"{'/'.join(map(str, error.path))}: {error.message[:200]}"
            for error in validator.iter_errors(body)
        ]

    @functools.cache  # noqa: B019
    def _validator(self, template: str) -> Any:
        from openapi_schema_validator import OAS30Validator

        schema = {**self._content(template)["schema"], "components": self.openapi["components"]}
        return OAS30Validator(schema)

    def _content(self, template: str) -> dict[str, Any]:
        found: dict[str, Any] = self.openapi["paths"][template]["get"]["responses"]["200"]["content"]
        content: dict[str, Any] = found["application/json"]
        return content

    def _resolved(self, reference: str) -> Any:
        value: Any = self.openapi
        for part in reference.removeprefix("#/").split("/"):
            value = value[part]
        return value
