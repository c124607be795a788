"""The real stage table: opens what the stages need, once, and closes it in the end.

The engine and the package index are started when the first build needs them, so that a run with
nothing left to do needs no Docker.  This module decides nothing; see ``agenda``.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from envfactory.pipeline.stages import Inputs, StageTable
from envfactory.records import Record
from envfactory.settings import Settings
from envfactory.workspace import Workspace

if TYPE_CHECKING:
    from envfactory.builder.site import Site
    from envfactory.engine import Engine
    from envfactory.git import Clone


class Factory:
    """Stage functions bound to one workspace and its settings; a context manager."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace, self._settings = workspace, settings
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._engine: Engine | None = None
        self._site: Site | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def table(self) -> StageTable:
        """The stages and what their results depend on."""
        from envfactory.builder import Built

        chosen = self._settings
        shared = {
            "limits": chosen.limits.stable(),
            "related_module_budget": chosen.related_module_budget,
            "base_image": chosen.base_image,
        }
        return StageTable(
            mine=self._mine,
            build=self._build,
            extract=self._extract,
            built=Built,
            present=self._present,
            settings={
                "mine": {},
                "build": shared | {"build_rungs": chosen.build_rungs},
                "extract": shared | {"runs": chosen.runs},
            },
        )

    def remove_containers(self) -> int:
        """Remove every container that this process made; nothing if it made none."""
        return self._engine.sweep_own() if self._engine is not None else 0

    def _mine(self, inputs: Inputs) -> Record:
        from envfactory.mining.candidate import candidate

        with self._clone(inputs) as clone:
            return candidate(clone, inputs.pull_request)

    def _build(self, inputs: Inputs) -> Record:
        from envfactory.builder import build

        assert inputs.candidate is not None
        with self._clone(inputs) as clone:
            return build(inputs.candidate, clone, self.site())

    def _extract(self, inputs: Inputs) -> Record:
        from envfactory.extractor import extract

        assert inputs.candidate is not None
        built = inputs.built
        with self._clone(inputs) as clone:
            return extract(inputs.candidate, built.environment, clone, self.site(), probe=built.probe)

    def _present(self, built: Any) -> bool:
        return self.engine().image(built.environment.image.tag) is not None

    def _clone(self, inputs: Inputs) -> Clone:
        from envfactory.git import Clone

        return Clone.open(Path(inputs.source), repo=inputs.pull_request.repo, cache=self._workspace.cache)

    def engine(self) -> Engine:
        """The Docker engine, connected on first use; what killed runs left in it is removed then."""
        with self._lock:
            return self._connected()

    def _connected(self) -> Engine:
        from envfactory.engine import connect

        if self._engine is None:
            self._engine = connect()
            self._open.callback(self._engine.close)
            self._engine.sweep()
        return self._engine

    def site(self) -> Site:
        """Engine, package index, settings and recipes as the stages get them."""
        with self._lock:
            if self._site is None:
                self._site = self._new_site()
            return self._site

    def _new_site(self) -> Site:
        from envfactory.builder.site import Site
        from envfactory.languages.declaration import Resolution
        from envfactory.store import Recipes
        from envfactory.timemachine import TimeMachine

        engine = self._connected()
        addresses = [engine.gateway("build"), engine.gateway("index")]
        index = TimeMachine(self._workspace.cache, addresses, offline=self._settings.offline)
        self._open.enter_context(index)
        recipes = Recipes(self._workspace.db, Resolution)
        self._open.callback(recipes.close)
        return Site(
            engine=engine,
            index=index,
            workspace=self._workspace,
            settings=self._settings,
            recipes=recipes,
        )
