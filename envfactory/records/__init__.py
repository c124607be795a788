"""The records that flow through the factory: frozen, strict, identified by their content.

    PullRequest ─▶ Candidate ─▶ EnvironmentSpec ─▶ BuiltImage ─▶ TestReport ×k ─▶ RewardSpec ─▶ TaskBundle

At every arrow the alternative is a record too: ``Rejection`` (this pull request is no task, and why)
or ``Failure`` (we broke, and how).  Identity is the sha256 of canonical JSON *without measured
fields* (seconds, sizes, image ids): two runs of the same work give the same digests.

These modules import nothing else of ours, open no file and talk to nobody.
"""

from envfactory.records.building import (
    BuiltImage,
    Environment,
    EnvironmentSpec,
    Layer,
    LedgerEntry,
    Limits,
    LockedDependency,
    Rule,
    RungAttempt,
    Toolchain,
    winning,
)
from envfactory.records.core import (
    SCHEMA_VERSION,
    STAGES,
    Evidence,
    Record,
    Stage,
    canonical_json,
)
from envfactory.records.endings import (
    Failure,
    Rejection,
    Task,
)
from envfactory.records.mining import (
    Candidate,
    Comment,
    CommitMessage,
    Issue,
    Judgement,
    PullRequest,
    StatementPart,
    StatementReview,
    TaskType,
)
from envfactory.records.speed import (
    Baseline,
    Completion,
    Machine,
    Reference,
    SpeedChoice,
    SpeedTerm,
)
from envfactory.records.testing import (
    HiddenFile,
    OracleStrength,
    Outcome,
    Reward,
    RewardSpec,
    State,
    TestReport,
    TestResult,
    Transition,
)

__all__ = [
    "SCHEMA_VERSION",
    "STAGES",
    "Baseline",
    "BuiltImage",
    "Candidate",
    "Comment",
    "CommitMessage",
    "Completion",
    "Environment",
    "EnvironmentSpec",
    "Evidence",
    "Failure",
    "HiddenFile",
    "Issue",
    "Judgement",
    "Layer",
    "LedgerEntry",
    "Limits",
    "LockedDependency",
    "Machine",
    "OracleStrength",
    "Outcome",
    "PullRequest",
    "Record",
    "Reference",
    "Rejection",
    "Reward",
    "RewardSpec",
    "Rule",
    "RungAttempt",
    "SpeedChoice",
    "SpeedTerm",
    "Stage",
    "State",
    "StatementPart",
    "StatementReview",
    "Task",
    "TaskType",
    "TestReport",
    "TestResult",
    "Toolchain",
    "Transition",
    "canonical_json",
    "winning",
]
