"""A project of a few files, resolved and built for real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from envfactory.builder.context import source_digest, write_context
from envfactory.builder.image import build_image
from envfactory.builder.interpreters import ensure_toolchain
from envfactory.builder.names import dependencies_tag
from envfactory.builder.shared_layers import Workshop
from envfactory.engine import Container, Engine
from envfactory.errors import StageError
from envfactory.languages import python
from envfactory.languages.declaration import Declaration, Resolution, ResolveRequest
from envfactory.records import Limits, Toolchain
from envfactory.timemachine import TimeMachine
from envfactory.workspace import user_cache
from tests.builder.specs import bundle, repository, spec


@dataclass
class Project:
    """Its source bundle, and what it is built with."""

    engine: Engine
    index: TimeMachine
    folder: Path
    toolchain: Toolchain
    base: str
    head: str
    cutoff: datetime

    @classmethod
    @contextmanager
    def of(
        cls, engine: Engine, folder: Path, files: Mapping[str, str], cutoff: datetime
    ) -> Iterator[Project]:
        """The project with ``files``, while an index runs; skips the test where there is no upstream."""
        repo = repository(folder / "repo", {name: text.encode() for name, text in files.items()})
        _, base, head = bundle(repo, folder / "s.bundle", folder / "c")
        toolchain = ensure_toolchain(engine, user_cache(), ["3.11", "3.12", "3.10"])
        with TimeMachine.for_engine(engine, user_cache()) as index:
            try:
                index.releases("pypi", "setuptools")
            except (StageError, OSError) as error:
                pytest.skip(f"no package index: {error}")
            yield cls(engine, index, folder, toolchain, base, head, cutoff)

    def resolved(self, declaration: Declaration) -> Resolution:
        source, log = self.folder / "s.bundle", self.folder / "log"
        request = ResolveRequest(self.engine, self.index, self.toolchain, source, self.cutoff, log)
        return python.resolve(declaration, request)

    @contextmanager
    def container(self, resolution: Resolution) -> Iterator[Container]:
        """A container of the image; both are gone at the end."""
        source, context = self.folder / "s.bundle", self.folder / "environment"
        made = spec(
            toolchain=self.toolchain,
            cutoff=self.cutoff,
            base_commit=self.base,
            source_digest=source_digest(source),
            lock_files=resolution.lock_files,
            dependencies=resolution.dependencies,
            install_steps=resolution.install_steps,
            env=resolution.env,
        )
        write_context(made, source, context)
        shop = Workshop(self.engine, self.index, user_cache(), self.folder / "log", 300)
        number = f"owner__{self.folder.name}-1"
        image = build_image(shop, made, context, instance_id=number, forbidden=[self.head])
        try:
            with self.engine.container(image.tag, limits=Limits()) as container:
                yield container
        finally:
            self.engine.remove_image(image.tag)
            self.engine.remove_image(dependencies_tag(made))
