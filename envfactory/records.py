"""The records that flow through the factory: frozen, strict, identified by their content.

    PullRequest ─▶ Candidate ─▶ EnvironmentSpec ─▶ BuiltImage ─▶ TestReport ×k ─▶ RewardSpec ─▶ TaskBundle

At every arrow the alternative is a record too: ``Rejection`` (this pull request is no task, and why)
or ``Failure`` (we broke, and how).  Identity is the sha256 of canonical JSON *without measured
fields* (seconds, sizes, image ids): two runs of the same work give the same digests.

This module imports nothing of ours, opens no file and talks to nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1

Stage = Literal["mine", "build", "extract"]
STAGES: tuple[Stage, ...] = ("mine", "build", "extract")


class Record(BaseModel):
    """Base of all records: immutable, unknown fields refused, content-addressed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    MEASURED: ClassVar[frozenset[str]] = frozenset()
    """Names of fields that differ between equal runs; left out of ``digest``."""

    def stable(self) -> dict[str, Any]:
        """The record as JSON-ready data without its measured fields, at every depth."""
        return {name: _stable(getattr(self, name)) for name in type(self).model_fields if name not in self.MEASURED}

    @property
    def digest(self) -> str:
        """sha256 (64 hex digits) of the canonical JSON of ``stable()``."""
        return hashlib.sha256(canonical_json(self.stable())).hexdigest()


def _stable(value: Any) -> Any:
    if isinstance(value, Record):
        return value.stable()
    if isinstance(value, Mapping):
        return {str(key): _stable(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_stable(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def canonical_json(data: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8: one byte string for one value."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Evidence(Record):
    """Where a choice was read: ``value`` was chosen for ``choice`` because of this line of this file."""

    choice: str
    value: str
    file: str = ""
    line: int = 0
    text: str = ""
    rule: str = ""


# -- mining ------------------------------------------------------------------------------------


class Comment(Record):
    author: str = ""
    created_at: datetime | None = None
    body: str


class Issue(Record):
    number: int
    title: str = ""
    body: str = ""
    comments: tuple[Comment, ...] = ()
    """Only those written before the pull request was opened."""


class CommitMessage(Record):
    sha: str
    author: str = ""
    subject: str
    body: str = ""


class PullRequest(Record):
    """One merged pull request as a miner found it; no patches yet."""

    repo: str
    """``owner/name`` (``local/<folder>`` for a clone without an origin)."""
    number: int
    title: str
    body: str = ""
    author: str = ""
    labels: tuple[str, ...] = ()
    branch: str = ""
    """Name of the head branch where the merge message tells it."""
    base_commit: str
    """The commit that the pull request's change applies to."""
    head_commit: str
    """The commit whose tree is base plus the change."""
    merge_commit: str | None = None
    merge_kind: Literal["merge", "squash", "rebase", "other"]
    commits: tuple[CommitMessage, ...] = ()
    created_at: datetime
    merged_at: datetime
    issues: tuple[Issue, ...] = ()
    source: Literal["github", "git", "gharchive"]

    @property
    def key(self) -> str:
        return f"{self.repo}#{self.number}"

    @property
    def instance_id(self) -> str:
        return f"{self.repo.replace('/', '__')}-{self.number}"


class StatementPart(Record):
    """One passage of a problem statement and where it came from; ``used`` is false for removed ones."""

    source: Literal["title", "body", "issue", "commit_message", "changelog"]
    origin: str
    text: str
    used: bool = True
    why: str = ""


TaskType = Literal["bug_fix", "feature", "performance", "refactor", "test", "docs", "dependency", "other"]


class Candidate(Record):
    """A pull request worth an environment: its change split into gold patch and test patch."""

    pull_request: PullRequest
    language: str
    base_tree: str
    """Tree id of the base commit with reachable submodules folded in as ordinary files."""
    after_tree: str
    gold_patch: str
    """``git diff --binary --full-index`` text, valid UTF-8 (files that are not are binary hunks)."""
    test_patch: str
    dropped_patch: str = ""
    """Changelog fragments and similar: kept as provenance, in neither patch."""
    source_files: tuple[str, ...]
    test_files: tuple[str, ...]
    """Every path of the test patch, data files included."""
    test_modules: tuple[str, ...]
    """Files that the test runner is given: those touched, and the drivers of touched data files."""
    problem_statement: str
    statement_parts: tuple[StatementPart, ...]
    hints: str = ""
    interface: str = ""
    license: str = ""
    task_type: TaskType = "other"
    notes: tuple[str, ...] = ()
    """Things worth knowing, e.g. ``submodule tests/data unreachable``."""

    @property
    def instance_id(self) -> str:
        return self.pull_request.instance_id

    @property
    def identity(self) -> str:
        """sha256 of (repo, base commit, both patches)."""
        pull = self.pull_request
        return hashlib.sha256(
            canonical_json([pull.repo, pull.base_commit, self.gold_patch, self.test_patch])
        ).hexdigest()


# -- building ----------------------------------------------------------------------------------


class Toolchain(Record):
    """The interpreter or compiler, where it lives in the image and who provided it."""

    name: str
    version: str
    """``3.8`` as chosen; ``full_version`` as found."""
    full_version: str = ""
    executable: str
    provider: str
    image: str
    """Tag of the image that holds base system and toolchain."""


class LockedDependency(Record):
    name: str
    version: str
    sha256: tuple[str, ...] = ()
    """Hashes of every file of this version that the resolver may pick."""
    upload_time: datetime | None = None
    role: Literal["runtime", "build"] = "runtime"


class Limits(Record):
    """What a container of a task may use."""

    cpus: float = 2.0
    memory_mb: int = 4096
    pids: int = 512
    disk_mb: int = 4096
    output_bytes: int = 4 << 20
    test_seconds: float = 60.0
    """One test."""
    run_seconds: float = 900.0
    """One whole run of the tests."""


class EnvironmentSpec(Record):
    """Everything that determines a task's image, each choice with its evidence."""

    schema_version: int = SCHEMA_VERSION
    language: str
    platform: str = "linux/amd64"
    toolchain: Toolchain
    system_packages: tuple[str, ...] = ()
    dependencies: tuple[LockedDependency, ...] = ()
    lock_files: Mapping[str, str] = Field(default_factory=dict)
    """File name in the build context -> text, e.g. ``requirements.lock``."""
    install_steps: tuple[str, ...] = ()
    """Shell commands run in the source layer, in ``/testbed``, without network."""
    rebuild_steps: tuple[str, ...] = ()
    """What grading repeats, offline, when a patch touches what was built."""
    test_command: tuple[str, ...]
    """Runner and fixed options; test files are appended."""
    cutoff: datetime
    """No artefact uploaded after this is installed."""
    env: Mapping[str, str] = Field(default_factory=dict)
    user: str = "root"
    limits: Limits = Limits()
    rung: str = "rules"
    evidence: tuple[Evidence, ...] = ()
    repo: str
    base_commit: str
    source_digest: str
    """sha256 of what ``/testbed`` is made from; ``shared_digest`` leaves it out."""

    @property
    def shared_digest(self) -> str:
        """Identity of the layers below the source: pull requests with the same one share them."""
        return self._part("language", "platform", "toolchain", "system_packages", "lock_files", "env")

    @property
    def image_digest(self) -> str:
        """Identity of the image: all that its layers are made from."""
        return self._part(
            "language",
            "platform",
            "toolchain",
            "system_packages",
            "lock_files",
            "env",
            "install_steps",
            "repo",
            "source_digest",
        )

    def _part(self, *names: str) -> str:
        stable = self.stable()
        return hashlib.sha256(canonical_json({name: stable[name] for name in names})).hexdigest()


class Layer(Record):
    diff_id: str
    bytes: int


class BuiltImage(Record):
    """An image that exists; the tag is made from the spec, the id from its bytes."""

    MEASURED = frozenset({"image_id", "layers", "seconds", "cached"})
    tag: str
    spec_digest: str
    image_id: str
    layers: tuple[Layer, ...] = ()
    seconds: float = 0.0
    cached: bool = False
    integrity: Mapping[str, Any] = Field(default_factory=dict)
    """The git-integrity report: commits, refs, remotes and unreachable objects found in the image."""


class RungAttempt(Record):
    """One try of the building ladder, in order."""

    MEASURED = frozenset({"seconds"})
    rung: str
    change: str = ""
    """What this try did differently, e.g. ``add requirement pytest-mock``."""
    outcome: Literal["works", "resolve_failed", "build_failed", "tests_failed"]
    detail: str = ""
    seconds: float = 0.0


class Environment(Record):
    """The outcome of the build stage: the spec that works, its image and how it was reached."""

    MEASURED = frozenset({"seconds"})
    spec: EnvironmentSpec
    image: BuiltImage
    attempts: tuple[RungAttempt, ...] = ()
    seconds: Mapping[str, float] = Field(default_factory=dict)


# -- testing -----------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What one test did.  ``missing`` is what a comparison says of a test that never reported."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    TIMEOUT = "timeout"
    MISSING = "missing"


class TestResult(Record):
    MEASURED = frozenset({"seconds", "message"})
    __test__ = False  # not a test class, whatever its name
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    """First line of the failure or the skip reason, at most 300 characters."""


State = Literal["base", "before", "after", "graded"]


class TestReport(Record):
    """One run of the tests in one fresh container."""

    MEASURED = frozenset({"seconds", "cpu_seconds", "raw_digest", "image_id", "output_tail"})
    __test__ = False
    image_id: str
    state: State
    attempt: int = 1
    results: Mapping[str, TestResult] = Field(default_factory=dict)
    collection_errors: Mapping[str, str] = Field(default_factory=dict)
    """Test module -> last line of why it could not be collected."""
    exit_code: int | None = None
    complete: bool = False
    """The collector saw the end of the session; false after a crash, a kill or a time-out."""
    timed_out: bool = False
    out_of_memory: bool = False
    tampered: tuple[str, ...] = ()
    """Evidence of interference with the measurement; empty in an honest run."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    raw_digest: str = ""
    output_tail: str = ""


Transition = Literal["f2p", "n2p", "s2p", "b2p", "p2p"]


class HiddenFile(Record):
    """One file that grading puts in place last.  ``content`` is base64 of its bytes; ``None`` = delete."""

    path: str
    mode: Literal["100644", "100755", "120000"] = "100644"
    content: str | None = None


class SpeedTerm(Record):
    """MiniMax-M2's wall-clock term ``h(T_completion / T_baseline)``; see ``docs/rewards.md``."""

    MEASURED = frozenset({"baseline_seconds"})
    formula: str = "1 / (1 + x)"
    beta: float = 0.0
    baseline_seconds: tuple[float, ...] = ()


class RewardSpec(Record):
    """The verdict rules of one task: which tests must do what, run how, protected how."""

    schema_version: int = SCHEMA_VERSION
    instance_id: str
    fail_to_pass: Mapping[str, Transition]
    pass_to_pass: Mapping[str, Transition]
    flaky: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Test id -> the different outcomes it had in one state."""
    excluded: Mapping[str, str] = Field(default_factory=dict)
    expected: Mapping[str, Outcome] = Field(default_factory=dict)
    """Outcome of every test in the gold run."""
    runs: Mapping[str, int] = Field(default_factory=dict)
    test_command: tuple[str, ...]
    test_modules: tuple[str, ...]
    hidden_files: tuple[HiddenFile, ...]
    protected: tuple[str, ...] = ()
    """Glob patterns; matching paths are byte for byte those of the gold run when the tests run."""
    rebuild_steps: tuple[str, ...] = ()
    limits: Limits = Limits()
    import_only: bool = False
    speed: SpeedTerm = SpeedTerm()


class Reward(Record):
    """What grading a patch says.  ``value`` is ``None`` when ``fault`` is set: never scored 0."""

    MEASURED = frozenset({"seconds"})
    instance_id: str
    value: float | None
    resolved: bool
    fail_to_pass_rate: float
    pass_to_pass_rate: float
    speed: float | None = None
    tampered: bool = False
    evidence: tuple[str, ...] = ()
    fault: str | None = None
    """Cause slug of an infrastructure fault; the agent is not to blame."""
    detail: str = ""
    tests: Mapping[str, Outcome] = Field(default_factory=dict)
    seconds: float = 0.0
    spec_digest: str


# -- the ways out ------------------------------------------------------------------------------


class Rejection(Record):
    """This pull request is no task; ``reason`` is a stable slug that ``status`` counts."""

    key: str
    stage: Stage
    reason: str
    detail: str = ""


class Failure(Record):
    """We broke on this pull request; ``cause`` is a stable slug that ``status`` counts."""

    key: str
    stage: Stage
    cause: str
    retryable: bool = False
    detail: str = ""
    log: str = ""


class Task(Record):
    """A validated task: all that a bundle is written from."""

    candidate: Candidate
    environment: Environment
    reward_spec: RewardSpec
    reports: tuple[TestReport, ...]

    @property
    def instance_id(self) -> str:
        return self.candidate.instance_id
