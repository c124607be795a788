"""The real stage table: opens what the stages need, once, and closes it in the end.

The engine and the package index are started when the first build needs them, so that a run with
nothing left to do needs no Docker.  This module decides nothing; see ``agenda``.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, ExitStack, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from envfactory.pipeline.stages import Inputs, StageTable
from envfactory.records import Record, Rejection
from envfactory.settings import Settings
from envfactory.workspace import Workspace

if TYPE_CHECKING:
    from envfactory.builder.site import Site
    from envfactory.engine import Engine
    from envfactory.git import Clone
    from envfactory.model import Model
    from envfactory.pipeline.room import Room


class Factory:
    """Stage functions bound to one workspace and its settings; a context manager."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace, self._settings = workspace, settings
        self._lock = threading.RLock()
        self._open = ExitStack()
        self._engine: Engine | None = None
        self._site: Site | None = None
        self._room: Room | None = None
        self._asked: Model | None = None

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
        # Only where a model has a say: without one nothing that was built before is built again.
        asks = bool(chosen.model and chosen.model_tries)
        asked = {"model": chosen.model, "model_tries": chosen.model_tries} if asks else {}
        return StageTable(
            mine=self._mine,
            build=self._build,
            extract=self._extract,
            built=Built,
            present=self._present,
            settings={
                "mine": self._reviewing(),
                "build": shared | {"build_rungs": chosen.build_rungs} | asked,
                "extract": shared | {"runs": chosen.runs} | ({"oracle": True} if chosen.oracle else {}),
            },
        )

    def remove_containers(self) -> int:
        """Remove every container that this process made; nothing if it made none."""
        return self._engine.sweep_own() if self._engine is not None else 0

    def _mine(self, inputs: Inputs) -> Record:
        from envfactory.mining.candidate import candidate

        with self._clone(inputs) as clone:
            found = candidate(clone, inputs.pull_request)
        model = self._model() if self._settings.model_statements != "off" else None
        if model is None or isinstance(found, Rejection):
            return found
        from envfactory.mining.statement_model import reviewed

        return reviewed(found, model, self._settings.model_statements)

    def _reviewing(self) -> dict[str, Any]:
        """What candidates depend on where a model has a say in their statements."""
        chosen = self._settings
        if not chosen.model or chosen.model_statements == "off":
            return {}
        from envfactory.mining.statement_model import prompts

        asked = prompts(chosen.model_statements)
        return {"model": chosen.model, "model_statements": chosen.model_statements, "prompts": asked}

    def _model(self) -> Model | None:
        """The one model of a run, and so one purse, whoever asks."""
        from envfactory.model import Model

        with self._lock:
            if self._asked is None:
                self._asked = Model.of(self._settings, self._workspace.cache)
            return self._asked

    def _build(self, inputs: Inputs) -> Record:
        from envfactory.builder import Built, build

        assert inputs.candidate is not None
        site = self.site()
        if self._room is not None:
            self._room.make()
        with self._clone(inputs) as clone, _using(site):
            result = build(inputs.candidate, clone, site)
            if isinstance(result, Built):
                self._promise(result)
            return result

    def _extract(self, inputs: Inputs) -> Record:
        from envfactory.extractor import extract

        assert inputs.candidate is not None
        built = inputs.built
        site = self.site()
        try:
            with self._clone(inputs) as clone, _using(site):
                return extract(inputs.candidate, built.environment, clone, site, probe=built.probe)
        finally:
            if self._room is not None:
                self._room.release(built.environment.image.tag)

    def _present(self, built: Any) -> bool:
        """Whether the image is there; if so it stays until the stage that needs it has ended."""
        engine = self.engine()
        self._promise(built)
        return engine.image(built.environment.image.tag) is not None

    def _promise(self, built: Any) -> None:
        if self._room is not None:
            self._room.promise(built.environment.image.tag)

    def _clone(self, inputs: Inputs) -> Clone:
        from envfactory.pipeline.code import open_code

        return open_code(inputs.pull_request, inputs.source, self._workspace.cache)

    def engine(self) -> Engine:
        """The Docker engine, connected on first use; what killed runs left in it is removed then."""
        with self._lock:
            return self._connected()

    def _connected(self) -> Engine:
        from envfactory.engine import connect
        from envfactory.engine.uses import Uses
        from envfactory.pipeline.room import Room

        if self._engine is None:
            self._engine = connect()
            uses = self._engine.uses = Uses(self._workspace.image_locks)
            if (budget := self._settings.max_disk_gb) is not None:
                self._room = Room(self._engine, uses, self._workspace, budget)
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
        from envfactory.builder.bases import ensure_base
        from envfactory.builder.proposer import ModelProposer
        from envfactory.builder.site import Site
        from envfactory.debian import image_lookup
        from envfactory.languages.declaration import Resolution
        from envfactory.store import Recipes
        from envfactory.timemachine import TimeMachine

        engine, chosen, cache = self._connected(), self._settings, self._workspace.cache
        addresses = [engine.gateway("build"), engine.gateway("index")]
        index = TimeMachine(self._workspace.cache, addresses, offline=self._settings.offline)
        self._open.enter_context(index)
        recipes = Recipes(self._workspace.db, Resolution)
        self._open.callback(recipes.close)
        model = self._model() if chosen.model_tries else None
        return Site(
            engine=engine,
            index=index,
            workspace=self._workspace,
            settings=self._settings,
            recipes=recipes,
            lookup=image_lookup(
                engine,
                lambda: ensure_base(engine, cache, base_image=chosen.base_image).id,
                cache,
                offline=chosen.offline,
            ),
            proposer=ModelProposer(model) if model is not None else None,
        )


def _using(site: Site) -> AbstractContextManager[None]:
    """What the stage names of images stays while it runs."""
    return site.engine.uses.stage() if site.engine.uses is not None else nullcontext()
