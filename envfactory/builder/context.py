"""The build context of a task: the directory that ``docker build`` gets and that goes into the bundle.

    Dockerfile            runs the scripts in order
    *.sh                  one script per layer, see ``scripts``
    requirements.lock     and the like: the spec's lock files
    source.bundle         git bundle of the one commit that becomes ``/testbed``
    spec.json             the ``EnvironmentSpec``; not part of the image

Equal specs and sources give equal bytes.  Nothing secret or measured is ever in here.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from envfactory.builder.scripts import dockerfile, scripts
from envfactory.errors import BuildError, UsageError
from envfactory.records import EnvironmentSpec

SOURCE = "source.bundle"
SPEC = "spec.json"


def write_context(spec: EnvironmentSpec, source: Path, directory: Path) -> None:
    """Fill ``directory`` (made if absent); ``source`` is the git bundle."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = {"Dockerfile": dockerfile(spec), **spec.lock_files, **scripts(spec)}
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")
    if source_digest(source) != spec.source_digest:
        raise BuildError(f"{source}: not the source of this spec", cause="source_mismatch")
    if source.resolve() != (directory / SOURCE).resolve():
        shutil.copyfile(source, directory / SOURCE)
    text = json.dumps(spec.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False)
    (directory / SPEC).write_text(text + "\n", encoding="utf-8")


def read_spec(directory: Path) -> EnvironmentSpec:
    """The spec of a context; ``UsageError`` when the directory is none."""
    path = directory / SPEC
    try:
        return EnvironmentSpec.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{directory} is no build context: {error}", hint="give a task directory of a bundle"
        ) from None


def source_digest(source: Path) -> str:
    """sha256 of the source bundle."""
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
