"""The routes of the service; each is one call of the Python API.

``/openapi.json`` describes them and ``/docs`` shows them; these two and ``/health`` need no token.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request

from envfactory import __version__
from envfactory.records import Reward
from envfactory.serve import messages, problems, token
from envfactory.serve.episodes import Episodes
from envfactory.trainer import AsyncEnvironment, EnvironmentPool, Stop
from envfactory.trainer.actions import Action, Observation

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": messages.Problem} for status in (400, 404, 410, 422, 429, 500, 503)
}


def make_app(pool: EnvironmentPool, secret: str) -> FastAPI:
    """An application over ``pool``, which it closes when it ends; callers have to send ``secret``."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        pool.close()

    app = FastAPI(
        title="envfactory",
        version=__version__,
        description="Episodes of software-engineering tasks in containers, and the rewards of patches.",
        lifespan=lifespan,
    )
    app.state.episodes = Episodes(pool)
    problems.install(app)
    app.add_api_route("/health", _health, tags=["service"])
    guard = [Depends(token.required(secret))]
    for part in (tasks, episodes):
        app.include_router(part, dependencies=guard, responses=PROBLEMS)
    return app


def _health() -> dict[str, str]:
    return {"status": "ok", "version": __version__}


def _known(request: Request) -> Episodes:
    found: Episodes = request.app.state.episodes
    return found


def _episode(episode_id: str, request: Request) -> AsyncEnvironment:
    return _known(request).get(episode_id)


Known = Annotated[Episodes, Depends(_known)]
Episode = Annotated[AsyncEnvironment, Depends(_episode)]
tasks = APIRouter(tags=["tasks"])
episodes = APIRouter(tags=["episodes"])


@tasks.get("/tasks")
def list_tasks(known: Known, offset: int = 0, limit: int = 1000) -> list[messages.TaskLine]:
    """Tasks by instance id, ``limit`` of them from ``offset`` on."""
    ids = sorted(known.pool.tasks)[max(offset, 0) :][: max(limit, 0)]
    return [messages.line_of(known.task(name)) for name in ids]


@tasks.get("/tasks/{instance_id}")
def show_task(instance_id: str, known: Known) -> messages.TaskInfo:
    """One task with its instruction."""
    return messages.info_of(known.task(instance_id))


@tasks.post("/tasks/{instance_id}/grade")
async def grade_patch(instance_id: str, body: messages.GradePatch, known: Known) -> Reward:
    """Judge a patch in a pristine container, without an episode."""
    task, stop = known.task(instance_id), Stop()
    how = body.model_dump(exclude={"patch", "speed"})
    judged = known.pool.threads.run(
        lambda: known.pool.grade(task, body.patch, speed=body.speed, stop=stop, **how), stop
    )
    return await judged


@tasks.get("/pool")
def pool_state(known: Known) -> messages.State:
    """How many episodes run, wait and are ready."""
    return messages.State(**known.pool.state()._asdict())


@tasks.post("/pool/expect", status_code=204)
def expect(body: messages.Expected, known: Known) -> None:
    """Tasks that will be asked for next; containers are started ahead for the first of them."""
    known.pool.expect([known.task(name) for name in body.instance_ids])


@episodes.post("/episodes", status_code=201)
async def start(body: messages.Start, known: Known) -> messages.Started:
    """Begin an episode; waits for its turn when the pool is full."""
    return await known.start(body)


@episodes.get("/episodes")
def list_episodes(known: Known) -> list[messages.Started]:
    """All episodes of this service."""
    return known.all()


@episodes.delete("/episodes/{episode_id}", status_code=204)
async def end(episode_id: str, known: Known) -> None:
    """End an episode and remove its container."""
    await known.end(episode_id)


@episodes.post("/episodes/{episode_id}/exec")
async def execute(body: messages.Exec, episode: Episode) -> messages.Executed:
    """Run a command; one that fails or times out is a result."""
    done = await episode.exec(
        body.command, timeout=body.timeout, env=body.env, cwd=body.cwd, max_output=body.max_output
    )
    return messages.Executed(**vars(done))


@episodes.post("/episodes/{episode_id}/read")
async def read(body: messages.ReadFile, episode: Episode) -> messages.FileContent:
    """A file; relative paths start at the repository."""
    return messages.FileContent.of(await episode.read_bytes(body.path), body.encoding)


@episodes.post("/episodes/{episode_id}/write", status_code=204)
async def write(body: messages.WriteFile, episode: Episode) -> None:
    """Create or replace a file."""
    await episode.write(body.path, body.data())


@episodes.post("/episodes/{episode_id}/apply", status_code=204)
async def apply(body: messages.Patch, episode: Episode) -> None:
    """Apply a diff, all of it or none."""
    await episode.apply(body.patch)


@episodes.get("/episodes/{episode_id}/diff")
async def diff(episode: Episode) -> messages.Patch:
    """All changes since the start."""
    return messages.Patch(patch=await episode.diff())


@episodes.post("/episodes/{episode_id}/grade")
async def grade(body: messages.Grade, episode: Episode) -> Reward:
    """Judge the work in a pristine container; the episode can go on."""
    return await episode.grade(mode=body.mode, completion_seconds=body.completion_seconds, speed=body.speed)


@episodes.post("/episodes/{episode_id}/step")
async def step(body: Action, episode: Episode) -> Observation:
    """Any action as one call."""
    return await episode.step(body)


@episodes.post("/episodes/{episode_id}/snapshot", status_code=201)
async def snapshot(episode_id: str, known: Known) -> messages.Kept:
    """Keep the files as they are now."""
    return messages.Kept(snapshot=await known.snapshot(episode_id))


@episodes.post("/episodes/{episode_id}/restore", status_code=204)
async def restore(body: messages.Restore, episode: Episode, known: Known) -> None:
    """Go back to a snapshot, or to the start."""
    await episode.restore(None if body.snapshot is None else known.kept(body.snapshot))


@episodes.delete("/snapshots/{snapshot_name}", status_code=204)
async def drop(snapshot_name: str, known: Known) -> None:
    """Remove a snapshot."""
    await known.drop(snapshot_name)
