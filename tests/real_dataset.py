"""The sample task as a bundle whose image can be made: what episodes in real containers begin from."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory import Dataset
from envfactory.exporters import EXPORTERS, ExportContext
from tests.exporters import sample

if TYPE_CHECKING:
    from envfactory.engine import Engine


@contextmanager
def real_dataset(engine: Engine, folder: Path) -> Iterator[Dataset]:
    """A dataset of one task; its image is made when it is first needed, and removed at the end."""
    from envfactory.builder.interpreters import ensure_toolchain
    from envfactory.workspace import user_cache

    repo = sample.repository(folder / "repo")
    source = sample.source_bundle(repo, folder / "source.bundle")
    built = sample.environment(
        repo,
        toolchain=ensure_toolchain(engine, user_cache(), ["3.11"]),
        lock_files={"requirements.lock": lock()},
        source_digest=hashlib.sha256(source.read_bytes()).hexdigest(),
        env={"MATHS": "yes"},
    )
    made = sample.sample_task(repo, built=built)
    EXPORTERS["bundle"].export([made], folder / "dataset", ExportContext(source=lambda _: source))
    yield Dataset(folder / "dataset")
    engine.remove_image(made.environment.image.tag, force=True)


def lock() -> str:
    """pytest as of a day, with hashes."""
    command = [
        Path(sys.executable).with_name("uv"), "pip", "compile", "-", "--quiet", "--generate-hashes",
        "--no-header", "--no-annotate", "--python-version=3.11", "--exclude-newer=2024-03-05",
    ]  # fmt: skip
    return subprocess.run(command, input="pytest", capture_output=True, text=True, check=True).stdout
