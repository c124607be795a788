"""What running and grading tests yields: reports, reward specs and rewards."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import Field

from envfactory.records.building import Limits
from envfactory.records.core import SCHEMA_VERSION, Record
from envfactory.records.speed import Completion, SpeedTerm


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
    """One test in one run."""

    MEASURED = frozenset({"seconds", "message"})
    __test__ = False  # not a test class, whatever its name
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    """First line of the failure or the skip reason, at most 300 characters."""


State = Literal["base", "before", "after", "graded"]


class TestReport(Record):
    """One run of the tests in one fresh container."""

    MEASURED = frozenset({"seconds", "cpu_seconds", "raw_digest", "image_id", "output_tail", "dropped"})
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
    dropped: tuple[str, ...] = ()
    """Protected paths that the patch changes; those changes were not applied."""
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
    shared_files: tuple[HiddenFile, ...] = ()
    """Files that program and test runner share, as in the gold run; the runner's part of them stays so."""
    canaries: tuple[str, ...] = ()
    """Kinds of canary test that behaved in the gold runs."""
    rebuild_steps: tuple[str, ...] = ()
    limits: Limits = Limits()
    import_only: bool = False
    speed: SpeedTerm = SpeedTerm()


class OracleStrength(Record):
    """What a task's tests notice of wrong patches; see ``docs/rewards.md``.

    Wrong patches are mutants of the lines that the gold patch adds, and the gold patch without one of its
    hunks; *killed* is what does not resolve.  A weak oracle may reward patches that fix nothing.
    """

    mutants: int = 0
    killed: int = 0
    partial: int = 0
    partial_killed: int = 0
    changed_lines: int | None = None
    """Statements that the gold patch adds or changes; ``None`` if it was not measured which of them run."""
    covered_lines: int | None = None
    """Those of them that the hidden tests run."""
    weak: bool = False
    why: str = ""
    """Which shares make it weak, or why nothing could be measured."""
    survivors: tuple[str, ...] = ()
    """Wrong patches that resolve: ``path:line operator: old -> new``.  Some may be equal programs."""
    missed: tuple[str, ...] = ()
    """Changed statements that no test runs, ``path:line``."""


class Reward(Record):
    """What grading a patch says.  ``value`` is ``None`` when ``fault`` is set: never scored 0."""

    MEASURED = frozenset({"seconds", "completion"})
    instance_id: str
    value: float | None
    resolved: bool
    fail_to_pass_rate: float
    pass_to_pass_rate: float
    performance: float | None = None
    """``value`` without the speed term."""
    speed: float | None = None
    """The speed term before its weight; 0 for a patch that does not resolve."""
    completion: Completion | None = None
    """The times that the speed term is made of."""
    tampered: bool = False
    evidence: tuple[str, ...] = ()
    fault: str | None = None
    """Cause slug of an infrastructure fault; the agent is not to blame."""
    detail: str = ""
    tests: Mapping[str, Outcome] = Field(default_factory=dict)
    seconds: float = 0.0
    spec_digest: str
